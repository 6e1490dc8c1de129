"""``make benchmark``: a full and an ordinary night at a size, beside the same SQL run alone.

Everything is measured in one run on one machine, so that the printed ratios mean something where
seconds do not. SQL seconds are the sum of dbt's execution times per model; "alone" is the same
compiled SQL, in dependency order, in a DuckDB file without dbt; the yardstick is one sorted copy of
the invoice fact to Parquet.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import typer
from rich.console import Console
from rich.table import Table

from orchestration.demo import FIRST_DELIVERY, ensure_deliveries
from orchestration.ingest import ingest_all
from orchestration.manifest import DBT_EXECUTABLE
from orchestration.publication.release import build_candidate
from orchestration.quality.judge import judge
from orchestration.settings import PROJECT_ROOT, Settings, load_settings
from orchestration.warehouse import BuildPlan, mark_green, open_warehouse, prepare_warehouse

LINES_AT_SCALE_ONE = 200_000
YARDSTICK = (
    "copy (select * from core.fct_invoice_line_credits "
    "order by invoice_line_id, attribution_line_id, rep_id, credit_type, booking_month) "
    "to '{path}' (format parquet)"
)


@dataclass(frozen=True)
class Measure:
    """One stage: wall seconds, CPU seconds of it and its children, peak resident GB."""

    stage: str
    seconds: float
    cpu_seconds: float
    peak_gb: float
    result: Any = None


class _Peak(threading.Thread):
    """Samples the resident size of this process and its children."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._done = threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.1):
            with suppress(psutil.Error):
                family = [me, *me.children(recursive=True)]
                self.bytes = max(self.bytes, sum(p.memory_info().rss for p in family))

    def stop(self) -> float:
        self._done.set()
        self.join()
        return self.bytes / 1e9


def _cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(stage: str, work: Callable[[], Any]) -> Measure:
    """Run ``work`` and return what it took; its result is kept."""
    Console().print(f"{stage} …")
    peak = _Peak()
    peak.start()
    started, cpu = time.monotonic(), _cpu()
    result = work()
    return Measure(stage, time.monotonic() - started, _cpu() - cpu, peak.stop(), result)


def _dbt(settings: Settings, plan: BuildPlan, command: str, *arguments: str) -> dict[str, Any]:
    """Run dbt on the build file and return its run results; raises with dbt's last lines."""
    target = settings.home / "target"
    done = subprocess.run(
        [DBT_EXECUTABLE, command, "--target-path", str(target), *arguments],
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            "UTFALL_BUILD_FILE": str(plan.path),
            "UTFALL_THREADS": str(settings.threads),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"dbt {command} failed in the benchmark:\n{done.stdout[-3000:]}")
    return json.loads((target / "run_results.json").read_text())


def _sql_seconds(results: dict[str, Any]) -> float:
    return sum(node["execution_time"] for node in results["results"])


def _alone(settings: Settings, plan: BuildPlan) -> Path:
    """The file for the run without dbt; compiled SQL names its catalog, so the name is the same."""
    return settings.work / "alone" / plan.path.name


def run_alone(settings: Settings, plan: BuildPlan, results: dict[str, Any]) -> float:
    """Run the compiled SQL of a full build in DuckDB alone and return its wall seconds.

    The file starts with the raw schema and the seeds of the plan's build file.
    """
    manifest = json.loads((settings.home / "target" / "manifest.json").read_text())
    nodes = manifest["nodes"]
    compiled = {
        node["unique_id"]: node["compiled_code"]
        for node in results["results"]
        if node["unique_id"].startswith("model.")
    }
    ordered: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in compiled:
            return
        seen.add(name)
        for parent in nodes[name]["depends_on"]["nodes"]:
            visit(parent)
        ordered.append(name)

    for name in sorted(compiled):
        visit(name)
    with open_warehouse(_alone(settings, plan), settings=settings) as connection:
        started = time.monotonic()
        for name in ordered:
            node = nodes[name]
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f"create schema if not exists {node['schema']}")
            connection.execute(f"create {kind} {node['schema']}.{node['name']} as {compiled[name]}")
        return time.monotonic() - started


def main(
    lines: int = typer.Option(1_000_000, help="Invoice lines; the rest in proportion."),
    days: int = typer.Option(1, help="Days between the full and the ordinary night."),
) -> None:
    """Measure a full and an ordinary night and print seconds, ratios and peak memory."""
    base = load_settings()
    home = base.home / "benchmark"
    shutil.rmtree(home, ignore_errors=True)
    settings = replace(
        base, home=home, landing=home / "landing", demo=True, scale=lines / LINES_AT_SCALE_ONE
    )
    first = FIRST_DELIVERY + timedelta(days=1)
    second = first + timedelta(days=days)
    measures: list[Measure] = []

    def stage(name: str, work: Callable[[], Any]) -> Any:
        measures.append(measure(name, work))
        return measures[-1].result

    def deliver(day: date) -> Any:
        return ensure_deliveries(
            settings.landing, day, seed=settings.seed, scale=settings.scale, threads=2
        )

    def night(label: str, day: date) -> tuple[BuildPlan, dict[str, Any], list[int]]:
        stage(f"{label}: deliveries", lambda: deliver(day))
        read = stage(f"{label}: ingest", lambda: ingest_all(settings, day))
        plan = stage(
            f"{label}: build file", lambda: prepare_warehouse(settings, day, label, "auto")
        )
        stage(f"{label}: dbt seed", lambda: _dbt(settings, plan, "seed"))
        if plan.is_full:
            alone = _alone(settings, plan)
            alone.parent.mkdir()
            shutil.copyfile(plan.path, alone)
        arguments = ["--full-refresh"] if plan.is_full else []
        results = stage(f"{label}: dbt run", lambda: _dbt(settings, plan, "run", *arguments))
        manifest = json.loads((settings.home / "target" / "manifest.json").read_text())
        candidate = stage(
            f"{label}: candidate",
            lambda: build_candidate(settings, plan.path, manifest, as_of=day, run_id=label),
        )
        verdict = stage(f"{label}: gate", lambda: judge(settings, candidate.folder, as_of=day))
        Console().print(verdict.summary())
        return plan, results, [entry.rows_loaded for entry in read]

    full_plan, full, full_rows = night("full", first)
    alone_seconds = stage(
        "full: same SQL alone",
        lambda: run_alone(settings, full_plan, full),
    )
    with open_warehouse(full_plan.path, read_only=True, settings=settings) as connection:
        copy = YARDSTICK.format(path=home / "yardstick.parquet")
        yardstick = measure("yardstick", lambda: connection.execute(copy)).seconds
    mark_green(settings, full_plan)
    _, ordinary, ordinary_rows = night("ordinary", second)

    table = Table("stage", "seconds", "CPU s", "peak GB", title=f"{lines:,} invoice lines")
    for item in measures:
        table.add_row(
            item.stage, f"{item.seconds:.1f}", f"{item.cpu_seconds:.1f}", f"{item.peak_gb:.2f}"
        )
    Console().print(table)
    ratios = Table("ratio", "value", "goal")
    full_sql, ordinary_sql = _sql_seconds(full), _sql_seconds(ordinary)
    by_stage = {item.stage: item for item in measures}
    ratios.add_row(
        "full dbt run / same SQL alone (wall)",
        f"{by_stage['full: dbt run'].seconds / alone_seconds:.2f}",
        "≤ 1.5 at 10 million",
    )
    ratios.add_row(
        "ordinary SQL / full SQL (dbt's execution seconds)",
        f"{ordinary_sql / full_sql:.3f}",
        "≤ 0.15 at 10 million",
    )
    ratios.add_row("same SQL alone / yardstick", f"{alone_seconds / yardstick:.1f}", "only down")
    ratios.add_row("peak GB of the full dbt run", f"{by_stage['full: dbt run'].peak_gb:.2f}", "≤ 6")
    Console().print(ratios)
    Console().print(
        f"Rows loaded: {sum(full_rows):,} in the full night, {sum(ordinary_rows):,} in the "
        f"ordinary one. SQL seconds: {full_sql:.1f} and {ordinary_sql:.1f}; alone "
        f"{alone_seconds:.1f}; yardstick {yardstick:.2f}. Files lie in {home}."
    )


if __name__ == "__main__":
    typer.run(main)
