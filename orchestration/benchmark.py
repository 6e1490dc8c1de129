"""``make benchmark``: a full and an ordinary night at a size, beside the same SQL run alone, and
what people wait for on the demo company.

Everything is measured in one run on one machine, so that the printed ratios mean something where
seconds do not; where other processes share the machine, only those of CPU seconds do. The SQL's CPU
seconds are those of ``dbt run`` without those of ``dbt compile``, which parses and writes the same
SQL and runs none of it. "Alone" is the same compiled SQL, in dependency order, in a DuckDB file
without dbt; the yardstick is one sorted copy of the invoice fact to Parquet.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
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

from orchestration.assets.build import close_build, open_build
from orchestration.demo import FIRST_DELIVERY, ensure_deliveries, write_delivery
from orchestration.ingest import ingest_all
from orchestration.manifest import DBT_EXECUTABLE, building_path
from orchestration.publication.audit import write_audit
from orchestration.publication.publish import publish
from orchestration.publication.release import build_candidate, current_release, releases_folder
from orchestration.publication.unchanged import unchanged_months
from orchestration.quality.judge import judge
from orchestration.settings import PROJECT_ROOT, Settings, load_settings
from orchestration.warehouse import BuildPlan, mark_green, open_warehouse, prepare_warehouse

LINES_AT_SCALE_ONE = 200_000
CONNECTED_ON = date(2026, 11, 17)
"""Day of the full delivery: a year's figures are at their largest when it is almost over."""

OWN_SIZE = 400_000_000
"""Bytes of this process with all that it imports; what it holds beyond them is left over."""

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
    """Samples what children hold, and this process beyond what stages before have left in it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._left = max(0, psutil.Process().memory_info().rss - OWN_SIZE)
        self._done = threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.1):
            with suppress(psutil.Error):
                family = [me, *me.children(recursive=True)]
                held = sum(p.memory_info().rss for p in family) - self._left
                self.bytes = max(self.bytes, held)

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
    measured = Measure(stage, time.monotonic() - started, _cpu() - cpu, peak.stop(), result)
    Console().print(
        f"  {measured.seconds:.1f} s, {measured.cpu_seconds:.1f} CPU s, {measured.peak_gb:.2f} GB"
    )
    return measured


def _command(settings: Settings, *command: str, **variables: str) -> None:
    """Run a command of the project in the benchmark's home; raises with its last lines."""
    done = subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            "UTFALL_HOME": str(settings.home),
            "UTFALL_THREADS": str(settings.threads),
            "UTFALL_MEMORY_LIMIT": settings.memory_limit,
            "UTFALL_PUBLISH_POSTGRES_URL": "",
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr)[-3000:]
        raise SystemExit(f"{' '.join(command)} failed in the benchmark:\n{said}")


def run_dbt(settings: Settings, build: Path, command: str, *arguments: str) -> dict[str, Any]:
    """Run dbt on the build file and return its run results."""
    target = settings.home / "target"
    _command(
        settings,
        *(str(DBT_EXECUTABLE), command, "--target-path", str(target), *arguments),
        UTFALL_BUILD_FILE=str(build),
    )
    return json.loads((target / "run_results.json").read_text())


def _sql_seconds(results: dict[str, Any]) -> float:
    return sum(node["execution_time"] for node in results["results"])


def _alone(settings: Settings) -> Path:
    """The file for the run without dbt; compiled SQL names its catalog, so the name is the same."""
    return settings.work / "alone" / building_path(settings).name


def run_alone(settings: Settings, results: dict[str, Any]) -> float:
    """Run the compiled SQL of a full build in DuckDB alone and return its wall seconds.

    The file starts with the raw schema and the seeds of the full night's build file.
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
    with open_warehouse(_alone(settings), settings=settings) as connection:
        started = time.monotonic()
        for name in ordered:
            node = nodes[name]
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f"create schema if not exists {node['schema']}")
            connection.execute(f"create {kind} {node['schema']}.{node['name']} as {compiled[name]}")
        return time.monotonic() - started


def _bytes_written(release: Path, earlier: list[Path]) -> dict[str, int]:
    """Bytes of a release that no earlier release shares (by inode): Parquet, and the rest."""
    shared = {file.stat().st_ino for folder in earlier for file in folder.rglob("*")}
    written = {"parquet": 0, "other": 0}
    for file in release.rglob("*"):
        if file.is_file() and file.stat().st_ino not in shared:
            written["parquet" if file.suffix == ".parquet" else "other"] += file.stat().st_size
    return written


def dearest(results: dict[str, Any], count: int = 12) -> str:
    """The models that took longest, with seconds."""
    nodes = sorted(results["results"], key=lambda node: -node["execution_time"])[:count]
    return ", ".join(
        f"{node['unique_id'].rsplit('.', 1)[-1]} {node['execution_time']:.1f}" for node in nodes
    )


NIGHT_BESIDE_SQL = ("ingest", "build file", "candidate", "gate", "publication")
"""Stages of an ordinary night beside its ``dbt run``: the base holds the seeds, and the demo's
deliveries are no part of a night."""

Ratio = tuple[str, str, str]


class Benchmark:
    """The stages measured so far, by name, in order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.measures: dict[str, Measure] = {}

    def stage(self, name: str, work: Callable[[], Any]) -> Any:
        """Measure ``work`` as a stage and return what it returns."""
        self.measures[name] = measure(name, work)
        return self.measures[name].result

    def cpu(self, *names: str) -> float:
        """CPU seconds of stages together."""
        return sum(self.measures[name].cpu_seconds for name in names)

    def print_table(self, title: str) -> None:
        """Print all stages with what they took."""
        table = Table("stage", "seconds", "CPU s", "peak GB", title=title)
        for item in self.measures.values():
            table.add_row(
                item.stage, f"{item.seconds:.1f}", f"{item.cpu_seconds:.1f}", f"{item.peak_gb:.2f}"
            )
        Console().print(table)


def _print_ratios(ratios: list[Ratio]) -> None:
    table = Table("ratio", "value", "goal")
    for ratio in ratios:
        table.add_row(*ratio)
    Console().print(table)


def _night(bench: Benchmark, label: str, day: date) -> tuple[BuildPlan, dict[str, Any], int]:
    """Run the stages of one night; returns its plan, dbt's results and the rows it loaded."""
    settings, stage = bench.settings, bench.stage

    def publication(candidate: Any, verdict: Any) -> Any:
        record = write_audit(settings, candidate.folder, verdict, label)
        return publish(settings, candidate.folder, record)

    stage(
        f"{label}: deliveries",
        lambda: write_delivery(
            settings.landing,
            day,
            seed=settings.seed,
            scale=settings.scale,
            threads=settings.threads,
            connects=day == CONNECTED_ON,
        ),
    )
    read = stage(f"{label}: ingest", lambda: ingest_all(settings, day))
    plan = stage(f"{label}: build file", lambda: prepare_warehouse(settings, day, label))
    build = open_build(settings, plan.path)
    arguments = []
    if plan.is_full:
        stage(f"{label}: dbt seed", lambda: run_dbt(settings, build, "seed"))
        arguments = ["--full-refresh"]
        alone = _alone(settings)
        alone.parent.mkdir()
        shutil.copyfile(plan.path, alone)
    stage(f"{label}: dbt compile", lambda: run_dbt(settings, build, "compile", *arguments))
    results = stage(f"{label}: dbt run", lambda: run_dbt(settings, build, "run", *arguments))
    manifest = json.loads((settings.home / "target" / "manifest.json").read_text())
    candidate = stage(
        f"{label}: candidate",
        lambda: build_candidate(
            settings,
            build,
            manifest,
            as_of=day,
            run_id=label,
            unchanged_months=unchanged_months(build, plan.base_as_of, current_release(settings)),
        ),
    )
    verdict = stage(f"{label}: gate", lambda: judge(settings, candidate.folder, as_of=day))
    Console().print(verdict.summary())
    stage(f"{label}: publication", lambda: publication(candidate, verdict))
    close_build(settings)
    return plan, results, sum(entry.rows_loaded for entry in read)


def _nights(bench: Benchmark, lines: int) -> None:
    """A full night in November, the yardstick, the night after, and the full SQL alone."""
    settings, cpu = bench.settings, bench.cpu
    plan, full, full_rows = _night(bench, "full", CONNECTED_ON)
    with open_warehouse(plan.path, read_only=True, settings=settings) as connection:
        copy = YARDSTICK.format(path=settings.home / "yardstick.parquet")
        bench.stage("yardstick", lambda: connection.execute(copy))
    mark_green(settings, plan)
    _, ordinary, ordinary_rows = _night(bench, "ordinary", CONNECTED_ON + timedelta(days=1))
    alone_seconds = bench.stage("full: same SQL alone", lambda: run_alone(settings, full))
    _alone(settings).unlink()
    releases = sorted(releases_folder(settings).iterdir())
    written = [_bytes_written(release, releases[:n]) for n, release in enumerate(releases)]

    sql = {
        label: cpu(f"{label}: dbt run") - cpu(f"{label}: dbt compile")
        for label in ("full", "ordinary")
    }
    beside = cpu(*(f"ordinary: {name}" for name in (*NIGHT_BESIDE_SQL, "dbt compile")))
    run, made = bench.measures["full: dbt run"], bench.measures["full: deliveries"]
    yardstick = bench.measures["yardstick"]
    alone_cpu = cpu("full: same SQL alone")
    bench.print_table(f"{lines:,} invoice lines")
    _print_ratios(
        [
            (
                "demo generator, seconds (CPU s / 2 cores) for the full delivery",
                f"{made.seconds:.0f} ({made.cpu_seconds / 2:.0f}), {made.peak_gb:.1f} GB",
                "< 60 and < 4 GB at 10 million",
            ),
            (
                "full dbt run / same SQL alone, CPU (wall)",
                f"{run.cpu_seconds / alone_cpu:.2f} ({run.seconds / alone_seconds:.2f})",
                "≤ 1.5 at 10 million",
            ),
            ("peak GB of the full dbt run", f"{run.peak_gb:.2f}", "≤ 6"),
            (
                "ordinary SQL / full SQL, CPU (dbt's execution seconds)",
                f"{sql['ordinary'] / sql['full']:.3f} "
                f"({_sql_seconds(ordinary) / _sql_seconds(full):.3f})",
                "≤ 0.15 at 10 million",
            ),
            (
                "CPU s of the ordinary night beside its SQL",
                f"{beside:.0f}",
                "≤ 60, the same at every scale",
            ),
            (
                "same SQL alone / yardstick, CPU (wall)",
                f"{alone_cpu / yardstick.cpu_seconds:.1f} "
                f"({alone_seconds / yardstick.seconds:.1f})",
                "only down",
            ),
            (
                "bytes the ordinary publication wrote / the first one",
                f"{sum(written[1].values()) / sum(written[0].values()):.2f}",
                "≤ 0.5",
            ),
            (
                "the same, Parquet alone",
                f"{written[1]['parquet'] / written[0]['parquet']:.3f}",
                "≤ 0.1",
            ),
        ]
    )
    Console().print(f"Dearest models, full night: {dearest(full)}.")
    Console().print(f"Dearest models, ordinary night: {dearest(ordinary)}.")
    Console().print(
        f"Rows loaded: {full_rows:,} in the full night, {ordinary_rows:,} in the ordinary one. "
        f"SQL CPU seconds: {sql['full']:.1f} and {sql['ordinary']:.1f}; alone {alone_cpu:.1f}; "
        f"yardstick {yardstick.cpu_seconds:.1f}. Files lie in {settings.home}."
    )


def _waits(bench: Benchmark, budget_type: str) -> None:
    """What people wait for on the demo company: its night, and an author's loop."""
    settings, cpu = bench.settings, bench.cpu
    second = FIRST_DELIVERY + timedelta(days=1)
    developer = settings.work / "dev" / "utfall.duckdb"

    def build(*arguments: str) -> None:
        run_dbt(settings, developer, "build", *arguments)

    bench.stage(
        "demo: deliveries",
        lambda: ensure_deliveries(
            settings.landing, second, seed=settings.seed, scale=1, threads=settings.threads
        ),
    )
    bench.stage(
        "demo: parse",
        lambda: _command(settings, str(DBT_EXECUTABLE), "parse", UTFALL_BUILD_FILE=":memory:"),
    )
    night = (sys.executable, "-m", "orchestration.nightly", "--as-of", second.isoformat())
    bench.stage("demo: night", lambda: _command(settings, *night))
    bench.stage("demo: parse of the copy", lambda: run_dbt(settings, developer, "compile"))
    whole = ("--full-refresh", "--exclude", "resource_type:unit_test")
    bench.stage("demo: dbt build", lambda: build(*whole))
    author = (sys.executable, "-m", "tests.oracle.author", budget_type)
    bench.stage("make type, first time", lambda: _command(settings, *author))
    bench.stage("make type", lambda: _command(settings, *author))
    bench.stage("dbt build -s", lambda: build("-s", budget_type))
    bench.print_table("demo company")
    _print_ratios(
        [
            (
                "CPU s of the night beyond dbt build without unit tests",
                f"{cpu('demo: night') - cpu('demo: dbt build'):.0f}",
                "≤ 45",
            ),
            (f"CPU s of make type T={budget_type}", f"{cpu('make type'):.1f}", "< 10"),
            (f"CPU s of dbt build -s {budget_type}", f"{cpu('dbt build -s'):.1f}", "< 8"),
        ]
    )


def main(
    lines: int = typer.Option(1_000_000, help="Invoice lines; the rest in proportion."),
    nights: bool = typer.Option(True, help="The full and the ordinary night at that size."),
    waits: bool = typer.Option(True, help="The demo company's night and an author's loop."),
    budget_type: str = typer.Option("bt_signed_volume", help="The author's type."),
) -> None:
    """Measure nights in November at a size and waits on the demo company; print the ratios."""
    # Readers of a server get no figures of a benchmark.
    base = replace(load_settings(), publish_postgres_url=None)
    for wanted, name, scale, work in (
        (nights, "benchmark", lines / LINES_AT_SCALE_ONE, lambda bench: _nights(bench, lines)),
        (waits, "benchmark-demo", 1.0, lambda bench: _waits(bench, budget_type)),
    ):
        if wanted:
            home = base.home / name
            shutil.rmtree(home, ignore_errors=True)
            landing = home / "landing"
            work(Benchmark(replace(base, home=home, landing=landing, demo=True, scale=scale)))


if __name__ == "__main__":
    typer.run(main)
