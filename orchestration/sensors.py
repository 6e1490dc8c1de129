"""When a night starts by itself, and what is said when it fails.

``look_at_landing`` gathers what lies on disk, ``decide`` is the rule, and the sensor only asks
both. Sensors and the schedule are the two places that may read a clock: they say when to start,
never what a figure is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration import alerts
from orchestration.as_of import default_as_of, delivered_days, published_as_of
from orchestration.assets.night import read_handover
from orchestration.ingest import delivery_state
from orchestration.instance import PARTITION_TAG, NightRun, last_runs, run_tags
from orchestration.settings import Settings

EVERY_MINUTE = 60
SHOWN_DIGITS = 16


@dataclass(frozen=True)
class Seen:
    """What the landing and the publications say about the S that is due.

    ``deliveries`` is a fingerprint of all extracts dated ≤ S. ``missing`` names the expected ones
    that have not arrived, ``late`` those of them whose source's deadline has passed.
    """

    as_of: date
    deliveries: str
    missing: tuple[str, ...]
    late: tuple[str, ...]
    is_published: bool


@dataclass(frozen=True)
class Decision:
    """Whether to run, and why or why not, in words."""

    run: bool
    reason: str


def decide(seen: Seen, last: NightRun | None) -> Decision:
    """Say whether S is to be run now; ``last`` is the newest run for the same S, if any.

    S runs when its last expected delivery is there, at the latest at the deadline; once more for
    every corrected delivery as long as S has no publication; never beside a run of its own. A
    delivery that comes after the publication waits for the next S: published figures stand.
    """
    if seen.is_published:
        return Decision(False, f"S = {seen.as_of} is published; later deliveries show at the next.")
    if last is not None and last.is_active:
        return Decision(False, f"Run {last.run_id[:8]} for S = {seen.as_of} is on its way.")
    if last is not None and last.deliveries == seen.deliveries:
        return Decision(
            False,
            f"S = {seen.as_of} was run with these deliveries and ended as {last.status.lower()}; "
            "it runs again when a corrected delivery arrives, or by `make nightly`.",
        )
    if last is not None:
        return Decision(True, f"A corrected delivery for S = {seen.as_of} has arrived.")
    if not seen.missing:
        return Decision(True, f"All expected deliveries for S = {seen.as_of} have arrived.")
    names = ", ".join(seen.missing[:5]) + (
        f" and {len(seen.missing) - 5} more" if len(seen.missing) > 5 else ""
    )
    if set(seen.missing) <= set(seen.late):
        return Decision(True, f"The deadline has passed without {names}; the gate will judge it.")
    return Decision(False, f"Waiting for {names} for S = {seen.as_of}.")


def look_at_landing(settings: Settings, now: datetime) -> Seen | None:
    """Return what is due and what has arrived, or None where nothing was ever delivered.

    ``now`` is local. Extracts dated after today wait for their day. The demo company delivers
    everything for the day after its last publication as soon as that day is run.
    """
    published = published_as_of(settings)
    if settings.demo:
        as_of = default_as_of(settings)
        return Seen(as_of, deliveries_of(settings, as_of), (), (), is_published=False)
    days = [day for day in delivered_days(settings.landing) if day <= now.date()]
    if not days:
        return None
    as_of = days[-1]
    state = delivery_state(settings, as_of, now.timestamp())
    return Seen(
        as_of=as_of,
        deliveries=state.fingerprint[:SHOWN_DIGITS],
        missing=state.missing,
        late=state.late,
        is_published=published is not None and published >= as_of,
    )


def deliveries_of(settings: Settings, as_of: date) -> str:
    """Return the fingerprint of the deliveries a run for S would read.

    The demo company's are a function of its seed, size and day.
    """
    if settings.demo:
        return f"demo-{settings.seed}-{settings.scale:g}-{as_of}"
    return delivery_state(settings, as_of).fingerprint[:SHOWN_DIGITS]


def build_delivery_sensor(
    settings: Settings, job: dg.UnresolvedAssetJobDefinition
) -> dg.SensorDefinition:
    """Return the sensor that starts S with its last delivery, and a red S with a correction."""

    @dg.sensor(
        name="deliveries",
        job=job,
        minimum_interval_seconds=EVERY_MINUTE,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Runs S when its last expected folder has arrived or the deadline passes, and runs a "
            "red S again when a delivery is corrected."
        ),
    )
    def deliveries(context: dg.SensorEvaluationContext):
        if settings.demo:
            return dg.SkipReason("The demo company delivers when the schedule or a person runs it.")
        seen = look_at_landing(settings, datetime.now(ZoneInfo(settings.timezone)))
        if seen is None:
            return dg.SkipReason(f"Nothing has been delivered to {settings.landing}.")
        known = last_runs(context.instance, seen.as_of.isoformat())
        decision = decide(seen, known[0] if known else None)
        if not decision.run:
            return dg.SkipReason(decision.reason)
        return dg.RunRequest(
            run_key=f"{seen.as_of}:{seen.deliveries}",
            partition_key=seen.as_of.isoformat(),
            tags=run_tags(context.instance, settings, seen.deliveries),
        )

    return deliveries


def alert_of_run(instance: dg.DagsterInstance, run: dg.DagsterRun, settings: Settings):
    """Return the alert for a failed run: the first failed stage and its reason in one sentence."""
    as_of = run.tags.get(PARTITION_TAG, "")
    stage, class_name, message, at = "start", "", "", 0.0
    for entry in instance.all_logs(
        run.run_id,
        of_type={dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE},
    ):
        event = entry.dagster_event
        at = entry.timestamp
        if event.is_step_failure:
            data = event.step_failure_data
            stage = event.step_key
            class_name, message = alerts.innermost(data.error)
            if data.user_failure_data is not None and data.user_failure_data.description:
                class_name = alerts.WRITTEN_BY_THE_PROJECT
                message = data.user_failure_data.description
            break
        class_name, message = alerts.innermost(event.job_failure_data.error)
        message = message or event.message
    if class_name == "DagsterAssetCheckFailedError" and as_of:
        facts = read_handover(settings, date.fromisoformat(as_of)).get("gate", {})
        class_name = alerts.WRITTEN_BY_THE_PROJECT
        message = facts.get("sentence") or message
    return alerts.Alert(
        as_of=as_of,
        stage=stage,
        run_id=run.run_id,
        at=datetime.fromtimestamp(at, ZoneInfo(settings.timezone)).isoformat(timespec="seconds"),
        sentence=alerts.failure_sentence(stage, class_name, message),
    )


def build_failure_sensor(
    settings: Settings, job: dg.UnresolvedAssetJobDefinition
) -> dg.SensorDefinition:
    """Return the failure hook: one plain sentence on disk, and posted where a webhook is set."""

    @dg.run_failure_sensor(
        name="failed_night",
        monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Says in one sentence why a night failed, and posts it to the webhook.",
    )
    def failed_night(context: dg.RunFailureSensorContext):
        alert = alert_of_run(context.instance, context.dagster_run, settings)
        complaint = alerts.report(settings, alert)
        context.log.error(alert.sentence)
        if complaint:
            context.log.warning(complaint)

    return failed_night
