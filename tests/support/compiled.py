"""Run the project's SQL on a small company in memory: dbt compiles it once, DuckDB runs it often.

What is run is dbt's compiled SQL of every model, in the order of the graph, as a full build in an
empty catalog; ``tests/oracle/test_compiled.py`` shows that ``dbt build`` makes the same tables.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from orchestration.ingest.ledger import LedgerRow
from orchestration.publication.history import (
    RESTATEMENT_COLUMNS,
    SCORE_COLUMNS,
    SNAPSHOT_COLUMNS,
)
from orchestration.registry import COMPONENT_COLUMNS
from orchestration.schema import Entity, load_delivered, load_entities
from tests.unit.dbt_harness import run_dbt

CATALOG, STAGING = "utfall", "staging"
VERSION = ("known_from", "known_to", "first_recorded_at")
PROVENANCE = {
    "source_file": "varchar",
    "record_no": "bigint",
    "line": "bigint",
    "raw_row": "varchar",
    "file_id": "varchar",
    "extract_date": "date",
}
REJECTS = (
    "source_system varchar, entity varchar, extract_date date, source_file varchar, line bigint, "
    "line_to bigint, raw_text varchar, reason_code varchar, reason_text varchar"
)
EXTRACTS = (
    "entity varchar, source_system varchar, extract_date date, load_mode varchar, "
    "file_id varchar, rows_loaded bigint, status varchar"
)
LEDGER = (
    "source varchar, entity varchar, extract_date date, path varchar, sha256 varchar, "
    "bytes bigint, rows_delivered bigint, rows_loaded bigint, rows_rejected bigint, "
    "status varchar, reason varchar, schema_changes varchar"
)

NOTHING = (
    "select "
    + ", ".join(f"cast(null as {kind}) as {name}" for name, kind in COMPONENT_COLUMNS.items())
    + " where false"
)

Tables = Mapping[str, list[Mapping[str, Any]]]


@dataclass(frozen=True)
class Model:
    """A compiled model: where it goes, as what, its SQL, and the models it reads."""

    name: str
    schema: str
    is_view: bool
    sql: str
    layer: str
    reads: frozenset[str]


@dataclass(frozen=True)
class Project:
    """The compiled project: models in the order of the graph, and the file its seeds lie in."""

    models: tuple[Model, ...]
    seeds: Path
    entities: frozenset[str]
    """Entities that the models read."""

    def of_types(self, wanted: Collection[str]) -> Project:
        """The project without any budget type but the wanted ones: the others have no components,
        and what only they need is not built."""
        others = other_types((model.name for model in self.models), wanted)
        reads = {model.name: model.reads for model in self.models}
        ends = reads.keys() - {name for above in reads.values() for name in above}
        needed = models_above(reads, ends, others)
        kept = tuple(
            replace(model, sql=NOTHING, is_view=True) if model.name in others else model
            for model in self.models
            if model.name in needed
        )
        entities = {name for name in self.entities if f"base_canonical__{name}" in needed}
        return replace(self, models=kept, entities=frozenset(entities))


def other_types(models: Iterable[str], wanted: Collection[str]) -> set[str]:
    """Of the names of models those of budget types that are not wanted."""
    return {
        name for name in models if name.startswith("bt_") and name.removeprefix("bt_") not in wanted
    }


def models_above(
    reads: Mapping[str, Collection[str]], ends: Iterable[str], without: Collection[str]
) -> set[str]:
    """The models that ``ends`` are made of, and themselves; those of ``without`` are made of
    nothing. ``reads``: model → what it reads."""
    needed: set[str] = set()
    waiting = list(ends)
    while waiting:
        name = waiting.pop()
        if name in reads and name not in needed:
            needed.add(name)
            waiting += () if name in without else reads[name]
    return needed


def compile_project(folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Compile the project below ``folder`` and load its seeds there, or into the engine that
    ``environment`` names."""
    build, target = folder / f"{CATALOG}.duckdb", folder / "target"
    run_dbt("seed", build_file=build, target_path=target, environment=environment)
    run_dbt("compile", build_file=build, target_path=target, environment=environment)


def read_project(
    folder: Path,
    needed: Iterable[str] = (),
    seeds: Path | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> Project:
    """What :func:`compile_project` left below ``folder``.

    ``needed``: names of models; only they and what is above them are kept. Empty: all models.
    ``seeds``: the file that holds the seeds, where it is another one. ``manifest``: dbt's, where it
    was not written.
    """
    build, target = seeds or folder / f"{CATALOG}.duckdb", folder / "target"
    if manifest is None:
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    nodes = {
        key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    wanted = {key for key, node in nodes.items() if node["name"] in set(needed)} or set(nodes)
    order: list[str] = []
    sources: set[str] = set()

    def add(key: str) -> None:
        if key.startswith("source."):
            sources.add(manifest["sources"][key]["name"])
        if key not in nodes or key in order:
            return
        for above in sorted(nodes[key]["depends_on"]["nodes"]):
            add(above)
        order.append(key)

    for key in sorted(wanted):
        add(key)
    return Project(
        tuple(
            Model(
                nodes[key]["name"],
                nodes[key]["schema"],
                nodes[key]["config"]["materialized"] == "view",
                # What was not compiled stands for nothing; see `of_types`.
                nodes[key].get("compiled_code") or "",
                nodes[key]["fqn"][1],
                frozenset(above.split(".")[2] for above in nodes[key]["depends_on"]["nodes"]),
            )
            for key in order
        ),
        build,
        frozenset(name.removesuffix("__delta") for name in sources & _raw_names()),
    )


def read_tests(folder: Path, names: Collection[str]) -> dict[str, str]:
    """Name → compiled SQL of dbt's own tests below ``folder``; each returns what is wrong."""
    manifest = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    return {
        node["name"]: node["compiled_code"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node["name"] in names
    }


def _raw_names() -> set[str]:
    return {name + suffix for name in load_entities() for suffix in ("", "__delta")}


def text(value: Any) -> str | None:
    """A typed value as a source delivers it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


class Warehouse:
    """One DuckDB, in memory or at ``path``, in which one company after the other is built.

    With ``stages=False`` the staging models run once, on nothing, and companies are delivered as
    versions: casting and versioning take four fifths of the time and have tests of their own.
    """

    def __init__(self, project: Project, stages: bool = False, path: Path | None = None) -> None:
        self.project, self.stages = project, stages
        self.connection = duckdb.connect()
        self.connection.execute(
            f"set TimeZone = 'UTC'; set threads = 1; attach '{path or ':memory:'}' as {CATALOG}; "
            f"use {CATALOG}"
        )
        self._load_seeds()
        for schema in sorted({model.schema for model in project.models} | {"raw"}):
            self.connection.execute(f'create schema if not exists "{schema}"')
        self._create_raw()
        if not stages:
            # On nothing there is nothing to optimize, which takes most of the time here.
            self.connection.execute("pragma disable_optimizer")
            self._run(model for model in project.models if model.layer == STAGING)
            self.connection.execute("pragma enable_optimizer")

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def _load_seeds(self) -> None:
        run = self.connection.execute
        run(f"attach '{self.project.seeds}' as seeded (read_only)")
        tables = run(
            "select schema_name, table_name from duckdb_tables() where database_name = 'seeded'"
        ).fetchall()
        for schema, table in tables:
            run(f'create schema if not exists "{schema}"')
            run(f'create table "{schema}"."{table}" as from seeded."{schema}"."{table}"')
        run("detach seeded")

    def _create_raw(self) -> None:
        run = self.connection.execute
        for entity in load_delivered().values():
            columns = dict.fromkeys(entity.columns, "varchar") | PROVENANCE
            body = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            run(f"create table raw.{entity.name} ({body})")
            if not entity.is_object:
                run(f"create view raw.{entity.name}__delta as from raw.{entity.name}")
        run(f"create table raw.extracts ({EXTRACTS})")
        run(f"create table raw.rejects ({REJECTS})")
        run(f"create table raw.ledger ({LEDGER})")
        run("create table raw.feeds (delivered varchar, entity varchar, is_counted boolean)")
        for entity in load_delivered().values():
            for place, name in enumerate(entity.feeds or (entity.name,)):
                run("insert into raw.feeds values (?, ?, ?)", [entity.name, name, place == 0])
        run(
            "create view raw.changed_extracts as "
            "select distinct entity, source_system, extract_date from raw.extracts"
        )
        for table, columns in {
            "snapshots": SNAPSHOT_COLUMNS,
            "scores": SCORE_COLUMNS,
            "restatements": RESTATEMENT_COLUMNS,
        }.items():
            body = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            run(f"create table raw.history_{table} ({body})")
        run(
            "create table raw.run_context (as_of date, cut_off_utc timestamp, "
            "company_currency varchar, company_calendar_id varchar, base_as_of date, "
            "is_full boolean, is_recounted boolean)"
        )

    def deliver(self, tables: Tables, as_of: date, delivered: Iterable[str]) -> None:
        """Deliver a company: one incremental extract of S per entity in ``delivered``."""
        run = self.connection.execute
        run("delete from raw.extracts; delete from raw.run_context")
        entities = load_entities()
        for name in sorted(entities):
            target = f"raw.{name}" if self.stages else f"staging.base_canonical__{name}"
            if name in self.project.entities:
                run(f"delete from {target}")
        for name in sorted(delivered):
            entity, rows = entities[name], tables.get(name, [])
            source = f"{entity.home}/{name}/{as_of}/rows.jsonl"
            run(
                "insert into raw.extracts values (?, ?, ?, 'incremental', ?, ?, 'loaded')",
                [name, entity.home, as_of, source, len(rows)],
            )
            if not rows or name not in self.project.entities:
                continue
            if self.stages:
                values = {
                    **_columns(entity, rows),
                    "source_system": [entity.home] * len(rows),
                    "record_no": [str(number) for number in range(1, len(rows) + 1)],
                    "line": [str(number) for number in range(1, len(rows) + 1)],
                    "source_file": [source] * len(rows),
                    "file_id": [source] * len(rows),
                    "extract_date": [as_of.isoformat()] * len(rows),
                    "raw_row": ["{}"] * len(rows),
                }
                self._insert(f"raw.{name}", values)
            else:
                values = _columns(entity, _versions(entity, rows))
                self._insert(f"staging.base_canonical__{name}", values)
        midnight = datetime(as_of.year, as_of.month, as_of.day, tzinfo=ZoneInfo("Europe/Stockholm"))
        cut_off = midnight.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
        run(
            "insert into raw.run_context values (?, ?, 'SEK', 'SE', null, true, false)",
            [as_of, cut_off],
        )

    def take_in(self, raw: Path, files: Iterable[LedgerRow]) -> None:
        """Take in files that ingest has read, beside what was delivered; needs ``stages``."""
        delivered = load_delivered()
        for file in files:
            self.connection.execute(
                f"insert into raw.{file.entity} by name select *, date '{file.extract_date}' "
                f"as extract_date from read_parquet('{raw / str(file.raw_path)}', "
                "hive_partitioning = false)"
            )
            self.connection.execute(
                "insert into raw.ledger by name select ? as source, ? as entity, "
                "?::date as extract_date, ? as path, ? as sha256, ? as rows_loaded, ? as status",
                [
                    *(file.source, file.entity, file.extract_date, file.path, file.sha256),
                    *(file.rows_loaded, file.status),
                ],
            )
            for entity in delivered[file.entity].feeds:
                self.connection.execute(
                    "insert into raw.extracts values (?, ?, ?, 'incremental', ?, ?, 'loaded')",
                    [entity, file.source, file.extract_date, file.sha256, file.rows_loaded],
                )

    def _insert(self, table: str, values: Mapping[str, list[str | None]]) -> None:
        select = ", ".join(f'unnest(?::varchar[]) as "{name}"' for name in values)
        self.connection.execute(f"insert into {table} by name select {select}", [*values.values()])

    def build(self) -> None:
        """Run every model, in the order of the graph."""
        self._run(m for m in self.project.models if self.stages or m.layer != STAGING)

    def build_again(self, names: Collection[str]) -> None:
        """Run the named models once more, in the order of the graph, on what lies there now."""
        self._run(model for model in self.project.models if model.name in names)

    def _run(self, models: Iterable[Model]) -> None:
        for model in models:
            kind = "view" if model.is_view else "table"
            name = f'"{model.schema}"."{model.name}"'
            try:
                self.connection.execute(f"create or replace {kind} {name} as ({model.sql}\n)")
            except duckdb.Error as error:
                raise AssertionError(f"{model.name}: {error}") from error

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query on the build."""
        return self.connection.execute(query).fetchall()


def _columns(entity: Entity, rows: list[Mapping[str, Any]]) -> dict[str, list[str | None]]:
    names = [name for name in (*entity.columns, *VERSION) if any(name in row for row in rows)]
    return {name: [text(row.get(name)) for row in rows] for name in names}


def _versions(entity: Entity, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Delivered rows with the time during which each was what was known: from ``recorded_at``, not
    later than it was extracted, to the next version. Of two at the same moment the later counts."""
    records: dict[tuple[Any, ...], dict[datetime, Mapping[str, Any]]] = {}
    for row in rows:
        moments = [row[name] for name in ("recorded_at", "extracted_at") if row.get(name)]
        key = tuple(row[name] for name in entity.key)
        records.setdefault(key, {})[min(moments)] = row
    versions = []
    for record in records.values():
        moments = [*sorted(record), datetime(9999, 12, 31)]
        for moment, until in itertools.pairwise(moments):
            versions.append(
                {
                    **record[moment],
                    "known_from": moment,
                    "known_to": until,
                    "first_recorded_at": moments[0],
                }
            )
    return versions
