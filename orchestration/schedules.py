"""02:30 in Stockholm: run S when its extracts are complete, else leave it to the sensor."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.instance import last_runs, run_tags
from orchestration.sensors import Decision, decide, look_at_landing
from orchestration.settings import Settings

NIGHTLY_CRON = "30 2 * * *"


def build_nightly_schedule(
    settings: Settings, job: dg.UnresolvedAssetJobDefinition
) -> dg.ScheduleDefinition:
    """Return the nightly schedule, on by default."""

    @dg.schedule(
        name="nightly_at_0230",
        job=job,
        cron_schedule=NIGHTLY_CRON,
        execution_timezone=settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Runs S at 02:30 when all expected extracts have arrived.",
    )
    def nightly_at_0230(context: dg.ScheduleEvaluationContext):
        now = context.scheduled_execution_time.astimezone(ZoneInfo(settings.timezone))
        seen = look_at_landing(settings, now)
        if seen is None:
            return dg.SkipReason(f"Nothing has been delivered to {settings.landing}.")
        known = last_runs(context.instance, seen.as_of.isoformat())
        decision: Decision = decide(seen, known[0] if known else None)
        if not decision.run:
            return dg.SkipReason(decision.reason)
        return dg.RunRequest(
            run_key=f"{seen.as_of}:{seen.deliveries}",
            partition_key=seen.as_of.isoformat(),
            tags=run_tags(context.instance, settings, seen.deliveries),
        )

    return nightly_at_0230
