"""One plain sentence about what went wrong, kept on disk and posted where a webhook is configured.

A failed run is read by somebody at 3 a.m.: the sentence names the file, table or rule, says what
the run did about it and what to do. Stack traces stay in Dagster's event log.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestration.settings import Settings

POST_TIMEOUT_SECONDS = 10
POST_ATTEMPTS = 4
PAUSE_SECONDS = 0.5
WRITTEN_BY_THE_PROJECT = "Failure"


@dataclass(frozen=True)
class Alert:
    """What is reported about a failed run: its S (ISO date), stage, run id, time and sentence."""

    as_of: str
    stage: str
    run_id: str
    at: str
    sentence: str


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
    """Post the alert as JSON (``text`` holds the sentence, as chat webhooks expect).

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
                json={"text": alert.sentence, **asdict(alert)},
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


def report(settings: Settings, alert: Alert) -> str | None:
    """Record the alert and post it where a webhook is configured; return ``post``'s complaint."""
    record(settings, alert)
    return post(settings.webhook_url, alert) if settings.webhook_url else None
