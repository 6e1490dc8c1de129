"""One plain sentence about what went wrong, kept on disk and sent to a webhook and by mail.

A failed run is read by somebody at 3 a.m.: the sentence names the file, table or rule, says what
the run did about it and what to do. Stack traces stay in Dagster's event log.
"""

from __future__ import annotations

import json
import smtplib
import ssl
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from orchestration.settings import Settings

POST_TIMEOUT_SECONDS = 10
POST_ATTEMPTS = 4
PAUSE_SECONDS = 0.5
SUBJECT_LENGTH = 200
WRITTEN_BY_THE_PROJECT = "Failure"


@dataclass(frozen=True)
class Alert:
    """What is reported about a failed run: its S (ISO date), stage, run id, time and sentence.

    ``headline`` is the first sentence of the night's report for management, in its language, and
    ``page`` the file; both are empty where no report could be written.
    """

    as_of: str
    stage: str
    run_id: str
    at: str
    sentence: str
    headline: str = ""
    page: str = ""

    @property
    def message(self) -> str:
        """The one message that is sent: what it means for readers, then what failed."""
        where = f"Report: {self.page}" if self.page else ""
        return "\n".join(part for part in (self.headline, self.sentence, where) if part)


def addressees(settings: Settings) -> tuple[str, ...]:
    """Where messages go, as a reader of the report may know it; no address is shown."""
    return tuple(
        name
        for name, is_configured in (
            ("webhook", settings.webhook_url),
            ("e-mail", settings.smtp_host and settings.mail_to),
        )
        if is_configured
    )


def alerts_path(settings: Settings) -> Path:
    """Return the file that holds one JSON line per reported failure."""
    return settings.dagster_home / "alerts.jsonl"


def innermost(error) -> tuple[str, str]:
    """Return class name and message of the cause at the bottom of a Dagster error's chain.

    ``error`` is a ``dagster`` SerializableErrorInfo (or None). Dagster wraps what a stage raised
    in an error of its own; the person wants what the stage said.
    """
    if error is None:
        return "", ""
    while error.cause is not None and error.cls_name != WRITTEN_BY_THE_PROJECT:
        error = error.cause
    message = (error.message or "").strip()
    name = (error.cls_name or "").strip()
    for prefix in (name, f"{name}:"):
        if prefix and message.startswith(f"{prefix}:"):
            message = message[len(prefix) + 1 :].strip()
    head, _, rest = message.partition(": ")
    if rest and head.endswith(name) and " " not in head:
        message = rest
    return name, message


def failure_sentence(stage: str, class_name: str, message: str) -> str:
    """Compose the sentence for a failed stage from what the stage raised.

    ``dagster.Failure`` carries a sentence that this project wrote and passes unchanged; anything
    else is framed with the stage and the next step.
    """
    text = " ".join(message.split()) or class_name or "no reason was recorded"
    if class_name == WRITTEN_BY_THE_PROJECT:
        return text
    kind = f" ({class_name})" if class_name else ""
    return (
        f"The stage {stage} failed{kind}: {text} "
        "Nothing was published and the last publication stands; the run's log in Dagster has the "
        "details, and `make nightly` runs the same S again."
    )


def is_sentence(problem: BaseException) -> bool:
    """Say whether an error's text was written by this project for the person who reads it."""
    return type(problem).__module__.startswith("orchestration.")


def record(settings: Settings, alert: Alert) -> None:
    """Append the alert to the file that ``make status`` reads."""
    path = alerts_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(alert), ensure_ascii=False) + "\n")


def last_alert(settings: Settings) -> Alert | None:
    """Return the newest alert on record, or None."""
    path = alerts_path(settings)
    if not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return Alert(**json.loads(lines[-1])) if lines else None


def post(url: str, alert: Alert) -> str | None:
    """Post the alert as JSON with the one key ``text``, as Slack and its likes expect.

    Returns None when it arrived, else a sentence that says why it did not; a webhook that is down
    must not hide the failure it was to report. Three retries with growing pauses, then it gives up.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(
        total=POST_ATTEMPTS - 1,
        backoff_factor=PAUSE_SECONDS,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        respect_retry_after_header=False,
    )
    with requests.Session() as session:
        adapter = HTTPAdapter(max_retries=retry)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        try:
            answer = session.post(
                url,
                json={"text": alert.message},
                timeout=POST_TIMEOUT_SECONDS,
            )
            answer.raise_for_status()
        except requests.RequestException as problem:
            return (
                f"The webhook did not take the message after {POST_ATTEMPTS} attempts "
                f"({type(problem).__name__}); check UTFALL_WEBHOOK_URL. The sentence is also in "
                "alerts.jsonl and in `make status`."
            )
    return None


def mail(settings: Settings, alert: Alert) -> str | None:
    """Send the alert to ``mail_to`` by the configured server; the report is attached.

    Returns None when the server took it, else a sentence that says why it did not.
    """
    message = EmailMessage()
    message["Subject"] = f"Utfall {alert.as_of}: {alert.headline or alert.sentence}"[
        :SUBJECT_LENGTH
    ]
    message["From"] = settings.mail_from
    message["To"] = ", ".join(settings.mail_to)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid("utfall")
    message.set_content(alert.message)
    page = Path(alert.page) if alert.page else None
    if page is not None and page.is_file():
        message.add_attachment(
            page.read_bytes(), maintype="text", subtype="html", filename=page.name
        )
    try:
        with smtplib.SMTP(
            settings.smtp_host, settings.smtp_port, timeout=POST_TIMEOUT_SECONDS
        ) as server:
            if settings.smtp_tls:
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password or "")
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as problem:
        return (
            f"The mail server did not take the message ({type(problem).__name__}); check the "
            "settings UTFALL_SMTP_… and UTFALL_MAIL_…. The sentence is also in alerts.jsonl and in "
            "`make status`."
        )
    return None


def with_report(settings: Settings, alert: Alert) -> Alert:
    """Add the report's first sentence and page; write the report where the gate has not.

    A report that cannot be written must not hide the failure it was to report: the alert then
    says that, beside its own sentence.
    """
    from orchestration.assets.night import read_handover
    from orchestration.publication.failed_night import report_failed_night

    if not alert.as_of:
        return alert
    as_of = date.fromisoformat(alert.as_of)
    try:
        found = report_failed_night(
            settings,
            as_of=as_of,
            run_id=alert.run_id,
            stage=alert.stage,
            sentence=alert.sentence,
            handover=read_handover(settings, as_of),
        )
    except Exception as problem:
        more = f"The night's report could not be written ({type(problem).__name__}: {problem})."
        return replace(alert, sentence=f"{alert.sentence} {more}")
    if found is None:
        return alert
    entry, page = found
    sentence = entry.sentence_sv if settings.report_language == "sv" else entry.sentence_en
    return replace(alert, headline=sentence, page=str(page))


def report(settings: Settings, alert: Alert) -> str | None:
    """Write the report, record the alert and send it where somebody listens; return complaints."""
    alert = with_report(settings, alert)
    record(settings, alert)
    complaints = []
    if settings.webhook_url:
        complaints.append(post(settings.webhook_url, alert))
    if settings.smtp_host and settings.mail_to:
        complaints.append(mail(settings, alert))
    return " ".join(filter(None, complaints)) or None
