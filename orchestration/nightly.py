"""``make nightly``: run the main job for one S in this process, and say at the end what came out.

Exit code 0: published, or the same publication stood already. 1: one sentence says what failed,
what was done about it and what to do.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import uuid
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.alerts import is_sentence
from orchestration.as_of import NoAsOfError, default_as_of
from orchestration.instance import JOB_NAME, prepare_home, run_tags
from orchestration.lock import PipelineBusy, current_holder, single_writer
from orchestration.manifest import ensure_manifest
from orchestration.progress import StageDisplay
from orchestration.settings import PROJECT_ROOT, Settings, load_settings


@dataclass(frozen=True)
class Outcome:
    """What a run came to: seconds per stage, the stages' facts, and the sentence if it failed."""

    as_of: date
    run_id: str
    seconds: Mapping[str, float]
    facts: Mapping[str, Mapping[str, Any]]
    sentence: str | None


def render_summary(outcome: Outcome, current: Path) -> str:
    """Return the closing lines of a green night: counts, verdict, place, queries, seconds."""
    ingest, dbt = outcome.facts.get("ingest", {}), outcome.facts.get("dbt", {})
    gate = outcome.facts.get("gate", {})
    publication = outcome.facts.get("publication", {})
    database = current / "utfall.duckdb"
    seeds = "seeds as before" if dbt.get("seed") == 0 else f"{_count(dbt.get('seed'))} seeds"
    rows = [
        ("S", str(outcome.as_of)),
        (
            "rows read",
            f"{_count(ingest.get('delivered'))} delivered, {_count(ingest.get('loaded'))} loaded, "
            f"{_count(ingest.get('rejected'))} rejected, "
            f"{_count(publication.get('quarantined'))} quarantined",
        ),
        (
            "dbt",
            f"{_count(dbt.get('model'))} models, {seeds}, {_count(dbt.get('test'))} data tests",
        ),
        ("gate", str(gate.get("summary", "was not run"))),
        ("publication", str(publication.get("note", "none"))),
        ("lies in", str(current)),
        ("report", str(current.parent / "quality" / "current" / "reports" / "index.html")),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    lines += ["", f"Open it read-only, for example with: duckdb -readonly {database}"]
    lines += [f"  {query}" for query in example_queries()]
    lines += ["", "Seconds per stage"]
    lines += [f"  {stage:<18} {seconds:7.1f}" for stage, seconds in outcome.seconds.items()]
    lines.append(f"  {'total':<18} {sum(outcome.seconds.values()):7.1f}")
    return "\n".join(lines)


def _count(number: Any) -> str:
    return "?" if number is None else f"{int(number):,}"


def example_queries() -> tuple[str, str, str]:
    """Return three queries against the published file that show a company's figures at once."""
    return (
        "select budget_type_id, period_start, value, reason_code from outcomes where node_level = "
        "'company' and basis = 'reported' and period_type = 'year' order by 1, 2 desc limit 20;",
        "select month, channel, volume, invoicing from channel_sales where node_level = 'company' "
        "order by month desc, channel limit 10;",
        "select view_name, comment from duckdb_views() where not internal order by view_name;",
    )


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line: ``--as-of`` (ISO date); empty means derived from the deliveries."""
    parser = argparse.ArgumentParser(prog="make nightly", description=__doc__.splitlines()[0])
    parser.add_argument("--as-of", default=None, help="S as YYYY-MM-DD")
    return parser.parse_args(arguments)


class Watchdog:
    """Stop this process's run when it exceeds its limit; the daemon does it for its own runs.

    First as a person would, with an interrupt, so that Dagster records the failure and the lock is
    freed; children (dbt) are ended first because they hold the build file.
    """

    def __init__(self, limit_seconds: float | None) -> None:
        self.limit_seconds = limit_seconds
        self.has_fired = False
        self._timer = threading.Timer(limit_seconds, self._fire) if limit_seconds else None

    def __enter__(self) -> Watchdog:
        if self._timer:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()

    def _fire(self) -> None:
        import psutil

        self.has_fired = True
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.terminate()
        os.kill(os.getpid(), signal.SIGINT)


def run_night(settings: Settings, as_of: date, display: StageDisplay) -> Outcome:
    """Run the job ``nightly`` for ``as_of`` in this process, on the persistent Dagster instance.

    Returns the outcome, red or green; errors before the job starts are raised.
    """
    with display.stage("prepare"):
        prepare_home(settings)
        ensure_manifest()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import dagster as dg

            from orchestration import alerts
            from orchestration.assets.night import read_handover
            from orchestration.definitions import build_definitions
            from orchestration.sensors import alert_of_run, deliveries_of

            job = build_definitions(settings).resolve_job_def(JOB_NAME)
        _check_partition(job, as_of)
    run_id = str(uuid.uuid4())
    if settings.demo:
        # The ingest stage would do it too; here it has its own line and its own seconds.
        with display.stage("demo"), single_writer(settings, run_id[:8], as_of=as_of.isoformat()):
            from orchestration.demo import ensure_deliveries

            ensure_deliveries(
                settings.landing,
                as_of,
                seed=settings.seed,
                scale=settings.scale,
                defects=settings.defects,
                threads=settings.threads,
            )
    log = settings.dagster_home / "logs" / f"{as_of}-{run_id[:8]}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.get() as instance, log.open("w", encoding="utf-8") as talk:
        tags = run_tags(instance, settings, deliveries_of(settings, as_of))
        limit = tags.pop("dagster/max_runtime", None)
        instance.add_event_listener(run_id, display.on_event)
        watchdog = Watchdog(float(limit) if limit else None)
        # What dbt and libraries print belongs in the log; the screen shows stages.
        with (
            watchdog,
            contextlib.redirect_stdout(talk),
            contextlib.redirect_stderr(talk),
            contextlib.suppress(KeyboardInterrupt),
        ):
            job.execute_in_process(
                instance=instance,
                partition_key=as_of.isoformat(),
                run_id=run_id,
                tags=tags,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        run = instance.get_run_by_id(run_id)
        seconds = dict(display.seconds)
        sentence = None
        if run is None or run.status != dg.DagsterRunStatus.SUCCESS:
            alert = alert_of_run(instance, run, settings)
            sentence = alert.sentence
            if watchdog.has_fired:
                sentence = (
                    f"The run was stopped after {float(limit):.0f} seconds, which is "
                    f"{settings.run_timeout_factor:g} times the median of the last ten; nothing "
                    f"was published. See {log}, and run the same S again."
                )
            complaint = alerts.report(
                settings, alerts.Alert(alert.as_of, alert.stage, run_id, alert.at, sentence)
            )
            sentence = f"{sentence} {complaint}" if complaint else sentence
    return Outcome(as_of, run_id, seconds, read_handover(settings, as_of), sentence)


def _check_partition(job: Any, as_of: date) -> None:
    partitions = job.partitions_def
    if partitions is not None and not partitions.has_partition_key(as_of.isoformat()):
        last = partitions.get_last_partition_key()
        raise NoAsOfError(
            f"S = {as_of} cannot be run: days go from {partitions.get_first_partition_key()} to "
            f"today, {last}; give AS_OF= one of them."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one night from the command line and return the exit code."""
    from rich.console import Console

    given = parse_arguments(arguments).as_of
    console = Console(highlight=False, soft_wrap=True, file=sys.stdout)
    errors = Console(highlight=False, soft_wrap=True, file=sys.stderr)
    try:
        settings = load_settings()
        as_of = default_as_of(settings, given)
        holder = current_holder(settings)
        if holder is not None:
            raise PipelineBusy(holder)
        where = "the demo company" if settings.demo else str(settings.landing)
        console.print(f"[bold]Utfall[/bold] S = {as_of}, {where}, home {_short(settings.home)}")
        with StageDisplay(console) as display:
            outcome = run_night(settings, as_of, display)
    except KeyboardInterrupt:
        errors.print("Stopped by hand; nothing was published. Run the same S again.")
        return 1
    except Exception as problem:
        if not is_sentence(problem):
            raise
        errors.print(str(problem), markup=False)
        return 1
    if outcome.sentence:
        errors.print(outcome.sentence, markup=False)
        return 1
    console.print()
    console.print(render_summary(outcome, settings.published / "current"), markup=False)
    return 0


def _short(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT)) if path.is_relative_to(PROJECT_ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
