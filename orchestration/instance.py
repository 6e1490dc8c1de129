"""Dagster's home: its configuration, written by us, and what its run storage says of nights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from string import Template

from orchestration.settings import PROJECT_ROOT, Settings

JOB_NAME = "nightly"
DELIVERIES_TAG = "utfall/deliveries"
MAX_RUNTIME_TAG = "dagster/max_runtime"
PARTITION_TAG = "dagster/partition"
RUNS_COMPARED = 10
FEWEST_RUNS_COMPARED = 3
SHORTEST_LIMIT_SECONDS = 900
"""A full rebuild follows nights of a minute and may take many times their median; a limit that
stopped it would stop every night after it too."""

TEMPLATE = Path(__file__).parent / "deploy" / "dagster.yaml"


def prepare_home(settings: Settings) -> Path:
    """Create Dagster's home with our dagster.yaml and name it in the environment; return it.

    Dagster and its children find their storage by ``DAGSTER_HOME`` alone. The file is written
    again when it differs, so that a change of the template reaches an existing home.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    wanted = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(home=home)
    target = home / "dagster.yaml"
    if not target.is_file() or target.read_text(encoding="utf-8") != wanted:
        draft = home / f"dagster.yaml.{os.getpid()}"
        draft.write_text(wanted, encoding="utf-8")
        draft.replace(target)
    os.environ["DAGSTER_HOME"] = str(home)
    # Dagster's programs load our event log by its name and do not look in the working directory.
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if str(PROJECT_ROOT) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(PROJECT_ROOT), *paths])
    os.environ["UTFALL_HOME"] = str(settings.home)
    return home


def workspace_path() -> Path:
    """Return the workspace file that daemon and webserver load."""
    return PROJECT_ROOT / "workspace.yaml"


def run_limit_seconds(durations: Sequence[float], factor: float) -> float | None:
    """Return how long a run may take: ``factor`` times the median of the last ten, in seconds.

    ``durations`` are the seconds of finished green runs, newest first. None where fewer than three
    are known; never less than a quarter of an hour.
    """
    compared = list(durations)[:RUNS_COMPARED]
    if len(compared) < FEWEST_RUNS_COMPARED:
        return None
    return max(factor * median(compared), SHORTEST_LIMIT_SECONDS)


def recent_durations(instance) -> list[float]:
    """Return the seconds of the last ten green nights, newest first."""
    import dagster as dg

    records = instance.get_run_records(
        filters=dg.RunsFilter(job_name=JOB_NAME, statuses=[dg.DagsterRunStatus.SUCCESS]),
        limit=RUNS_COMPARED,
    )
    return [
        record.end_time - record.start_time
        for record in records
        if record.start_time and record.end_time
    ]


def run_tags(instance, settings: Settings, deliveries: str) -> dict[str, str]:
    """Return the tags of a night: the deliveries it was started for and the longest it may take.

    Dagster's run monitoring stops a run that exceeds the second.
    """
    limit = run_limit_seconds(recent_durations(instance), settings.run_timeout_factor)
    return {DELIVERIES_TAG: deliveries} | ({MAX_RUNTIME_TAG: str(int(limit))} if limit else {})


@dataclass(frozen=True)
class NightRun:
    """A night in Dagster's run storage: S (ISO), run id, status, deliveries' fingerprint, times."""

    as_of: str
    run_id: str
    status: str
    deliveries: str
    started: datetime | None
    ended: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


def last_runs(instance, as_of: str | None = None, limit: int = 1) -> list[NightRun]:
    """Return the newest nights, of one S where given, newest first."""
    import dagster as dg

    tags = {PARTITION_TAG: as_of} if as_of else {}
    records = instance.get_run_records(
        filters=dg.RunsFilter(job_name=JOB_NAME, tags=tags), limit=limit
    )
    return [
        NightRun(
            as_of=record.dagster_run.tags.get(PARTITION_TAG, ""),
            run_id=record.dagster_run.run_id,
            status=record.dagster_run.status.value,
            deliveries=record.dagster_run.tags.get(DELIVERIES_TAG, ""),
            started=_moment(record.start_time),
            ended=_moment(record.end_time),
        )
        for record in records
    ]


def bury_dead_runs(instance, own_run_id: str) -> list[str]:
    """Record runs that were killed as failed and give back their place in the pool; return them.

    The caller holds the pipeline's lock, which every run takes before its first step and which a
    run that lives would still hold. Dagster frees the place of a killed run only while its daemon
    runs, and without it the next night would wait for that place for ever.
    """
    import dagster as dg

    begun = instance.get_runs(
        filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    )
    storage = instance.event_log_storage
    dead = ({run.run_id for run in begun} | storage.get_concurrency_run_ids()) - {own_run_id}
    for run_id in sorted(dead):
        storage.free_concurrency_slots_for_run(run_id)
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(
                run, "The process of this run ended before the run did; the next run found it."
            )
    return sorted(dead)


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
