"""``make clean-up``: apply retention to releases, reports, work files, Dagster's runs and logs.

The nightly applies all but the last two itself; nothing here reads a clock except for logs and
runs, which are no data.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from orchestration.instance import JOB_NAME, prepare_home
from orchestration.lock import PipelineBusy, single_writer
from orchestration.settings import Settings, SettingsError, load_settings

DAYS_OF_RUNS = 90
DAY_SECONDS = 86400
MEGABYTE = 1e6


def old_files(folder: Path, before: float) -> list[Path]:
    """Return the files below ``folder`` unchanged since ``before`` (seconds since the epoch)."""
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime < before]


def remove_logs(settings: Settings, before: float) -> int:
    """Delete Dagster's and our logs older than ``before``; return the bytes freed."""
    freed = 0
    for name in ("logs", "storage", "compute_logs"):
        for path in old_files(settings.dagster_home / name, before):
            freed += path.stat().st_size
            path.unlink()
    return freed


def remove_reports(settings: Settings) -> tuple[int, int]:
    """Delete report pages past their days of S; return the nights and the bytes that went."""
    from orchestration.quality.report.pages import REPORTS, prune

    folder = settings.published / "quality" / "current"
    if not folder.exists():
        return 0, 0
    return prune(folder.resolve() / REPORTS, settings.keep_report_days, settings.report_language)


def remove_runs(before: float) -> int:
    """Delete finished nights older than ``before`` from Dagster's storage; return how many."""
    from datetime import UTC, datetime

    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        records = instance.get_run_records(
            filters=dg.RunsFilter(
                job_name=JOB_NAME, created_before=datetime.fromtimestamp(before, UTC)
            )
        )
        finished = [record for record in records if record.dagster_run.is_finished]
        for record in finished:
            instance.delete_run(record.dagster_run.run_id)
    return len(finished)


def main() -> int:
    """Clean up and say what was freed; 1 while a run is on."""
    from orchestration.publication.retention import cleanup

    before = time.time() - DAYS_OF_RUNS * DAY_SECONDS
    try:
        settings = load_settings()
        prepare_home(settings)
        with single_writer(settings, "clean-up"):
            released = cleanup(settings)
            pages, freed = remove_reports(settings)
            logs = remove_logs(settings, before)
            runs = remove_runs(before)
    except (SettingsError, PipelineBusy) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(released)
    print(
        f"Removed the reports of {pages} nights more than {settings.keep_report_days} days old, "
        f"{freed / MEGABYTE:,.1f} MB."
    )
    print(
        f"Removed {runs} runs older than {DAYS_OF_RUNS} days and {logs / MEGABYTE:,.1f} MB of logs."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
