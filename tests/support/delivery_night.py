"""The delivery half of a night on a few entities: landing, ingest, staging, rules on deliveries.

The staging models are compiled once by dbt and run as a full build in a file of their own, so that
a test may deliver anything it likes in less than a second and see what became of each row.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest import delivery_problems, ingest_entity, read_ledger
from orchestration.ingest.contract import Problem
from orchestration.ingest.engine import connect
from orchestration.ingest.ledger import LedgerRow
from orchestration.publication.release import LEDGER_FILE, export_ledger
from orchestration.quality.judge import RuleResult, Verdict, judge_deliveries, types_by_entity
from orchestration.quality.suites import DELIVERY_SUITE, SUITES_FOLDER, read_suite
from orchestration.schema import load_objects
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.warehouse import BuildPlan, build_raw_schema, extracts_in_use
from tests.unit.dbt_harness import compiled_code, run_dbt, staging_project

CONTEXT = "int_core__context"


@dataclass(frozen=True)
class Compiled:
    """The staging models of some entities, as SQL in the order they are built, and what may be
    delivered for them."""

    project: Path
    delivered: tuple[str, ...]
    models: dict[str, str]
    checks: dict[str, str]


def compile_staging(
    folder: Path,
    entities: tuple[str, ...],
    checks: tuple[str, ...] = (),
    mapped: Mapping[str, tuple[str, ...]] | None = None,
) -> Compiled:
    """Compile the staging models of ``entities``, and dbt's singular tests ``checks`` on them.

    ``mapped``: entity → sources of another shape that it is made of, too.
    """
    project = staging_project(folder, entities, mapped)
    core = project / "models" / "core"
    core.mkdir()
    (context,) = (PROJECT_ROOT / "models" / "core").rglob(f"{CONTEXT}.sql")
    shutil.copy(context, core)
    for check in checks:
        shutil.copy(PROJECT_ROOT / "dbt_project" / "tests" / f"{check}.sql", core)
        text = (core / f"{check}.sql").read_text("utf-8")
        text = text.replace('{{ config(severity="warn") }}', "")
        (core / f"{check}.sql").write_text(text, "utf-8")
    target = folder / "target"
    run_dbt("compile", build_file=folder / "build.duckdb", project=project, target_path=target)
    code = compiled_code(target)
    order = [
        *(name for name in code if name.startswith("base_") and "_canonical__" not in name),
        *(name for name in code if name.startswith("base_canonical__")),
        *(name for name in code if name.startswith("stg_")),
        *(name for name in code if name.startswith("int_")),
    ]
    objects = (
        name for name, entity in load_objects().items() if set(entity.feeds) & set(mapped or ())
    )
    return Compiled(
        project,
        (*entities, *objects),
        {name: code[name] for name in order},
        {name: code[name] for name in checks},
    )


@dataclass(frozen=True)
class Outcome:
    """What became of the deliveries of a night."""

    ledger: list[LedgerRow]
    accounts: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    problems: list[Problem]
    results: tuple[RuleResult, ...]
    circles: frozenset[str]
    build: Path

    @property
    def verdict(self) -> Verdict:
        """What the gate says of the deliveries alone."""
        return Verdict(self.results)

    @property
    def warnings(self) -> set[str]:
        """Codes of problems, rules and data tests that warn."""
        return {
            *(problem.code for problem in self.problems if problem.severity == "warning"),
            *(result.rule_id for result in self.verdict.warnings),
            *self.circles,
        }

    @property
    def blocking(self) -> set[str]:
        """Codes of problems and rules that block."""
        return {
            *(problem.code for problem in self.problems if problem.severity == "critical"),
            *(result.rule_id for result in self.verdict.blocking),
        }

    def rows(self, query: str) -> list[tuple]:
        """Rows of a query on the build."""
        with duckdb.connect(str(self.build), read_only=True) as con:
            return con.execute(query).fetchall()


class DeliveryNights:
    """A landing of its own, and nights on what lies in it."""

    def __init__(self, home: Path, compiled: Compiled) -> None:
        self.settings = Settings(
            home=home, landing=home / "landing", demo=False, memory_limit="2GB", threads=1
        )
        self.compiled = compiled
        self.nights = 0

    def deliver(
        self, source: str, entity: str, day: date, name: str, content: bytes, *, whole: bool = True
    ) -> Path:
        """Put a file into the landing; its folder is complete unless ``whole`` is False."""
        folder = self.settings.landing / source / entity / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        if whole:
            (folder / "_SUCCESS").touch()
        return folder / name

    def run(self, as_of: date) -> Outcome:
        """Ingest, stage and judge what has been delivered for S."""
        self.nights += 1
        for entity in self.compiled.delivered:
            ingest_entity(self.settings, entity, as_of)
        build = self.settings.work / f"night{self.nights}" / "build.duckdb"
        build.parent.mkdir(parents=True)
        with connect(self.settings) as con:
            ledger = [row for row in read_ledger(self.settings, con) if row.extract_date <= as_of]
        circles = self._stage(build, as_of)
        release = build.parent / "release"
        export_ledger(build, release / LEDGER_FILE)
        suite = read_suite(SUITES_FOLDER / f"{DELIVERY_SUITE}.yml")
        return Outcome(
            ledger,
            _dicts(build, f"select * from read_parquet('{release / LEDGER_FILE}')"),
            _dicts(
                build,
                "select * from staging.int_staging__quarantine order by entity, source_file, line",
            ),
            delivery_problems(self.settings, as_of),
            tuple(judge_deliveries(release, suite, as_of, types_by_entity())),
            circles,
            build,
        )

    def write_raw(self, build: Path, as_of: date, base_as_of: date | None = None) -> None:
        """Write schema ``raw`` of a night into a file: a full one, or one after ``base_as_of``."""
        with connect(self.settings) as con:
            ledger = [row for row in read_ledger(self.settings, con) if row.extract_date <= as_of]
        extracts = tuple(extracts_in_use(ledger, as_of))
        plan = BuildPlan(
            path=build,
            as_of=as_of,
            run_id="night",
            is_full=base_as_of is None,
            base_as_of=base_as_of,
            changed=sorted(
                {
                    extract.partition
                    for extract in extracts
                    if base_as_of is None or extract.extract_date > base_as_of
                }
            ),
            reason="",
            is_base_candidate=True,
            logic="",
            extracts=extracts,
            models={},
        )
        with connect(self.settings, build) as con:
            build_raw_schema(self.settings, con, plan, ledger)

    def _stage(self, build: Path, as_of: date) -> frozenset[str]:
        reasons = PROJECT_ROOT / "seeds" / "quarantine_reasons.csv"
        self.write_raw(build, as_of)
        with connect(self.settings, build) as con:
            con.execute("create schema staging; create schema core; create schema seeds")
            con.execute(
                f"create table seeds.quarantine_reasons as from read_csv('{reasons}', "
                "all_varchar = true)"
            )
            con.execute(f"create view core.{CONTEXT} as {self.compiled.models[CONTEXT]}")
            for name, sql in self.compiled.models.items():
                if name != CONTEXT:
                    is_table = name.startswith(("base_canonical__", "int_"))
                    kind = "table" if is_table else "view"
                    con.execute(f"create {kind} staging.{name} as {sql}")
            return frozenset(
                name for name, sql in self.compiled.checks.items() if con.execute(sql).fetchall()
            )


def _dicts(build: Path, query: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(build), read_only=True) as con:
        result = con.execute(query)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
