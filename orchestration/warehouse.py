"""The build file: the one DuckDB file of a run, made from the last green one or from nothing.

``prepare_warehouse`` puts schema ``raw`` into it, which is all that dbt reads, ``mark_green`` makes
it the base of later nights. A build never works on the only copy, and never under a used name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from orchestration.as_of import published_as_of
from orchestration.ingest.engine import (
    SPILL_FOLDER,
    connect,
    identifier,
    literal,
    literal_list,
    process_is_alive,
    put_in_place,
)
from orchestration.ingest.ledger import COLUMN_TYPES, LedgerRow, ledger_query, read_ledger
from orchestration.ingest.readers import PROVENANCE, REJECT_COLUMNS
from orchestration.logic import model_logic, project_logic
from orchestration.manifest import load_manifest
from orchestration.publication.history import (
    RESTATEMENT_COLUMNS,
    RESTATEMENTS,
    SCORE_COLUMNS,
    SCORES,
    SNAPSHOT_COLUMNS,
    SNAPSHOTS,
    frozen_files,
    typed_rows,
)
from orchestration.schema import Entity, load_delivered, load_entities, load_objects
from orchestration.settings import Settings, load_settings

SAFE_RUN_ID = re.compile(r"[A-Za-z0-9_-]+")
BUILD_FILES = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]-*.duckdb"


class WarehouseError(RuntimeError):
    """The build file cannot be made or kept; the text says what to do."""


@dataclass(frozen=True)
class Extract:
    """A file in use. ``load_mode`` is what may be concluded from it, see ``extracts_in_use``."""

    entity: str
    source: str
    extract_date: date
    sha256: str
    load_mode: str

    @property
    def partition(self) -> tuple[str, str, date]:
        """The delivery it belongs to."""
        return self.entity, self.source, self.extract_date


@dataclass(frozen=True)
class BuildPlan:
    """What a run builds, and on what.

    ``changed`` are the (entity, source, extract date) that differ from the base: new, replaced or
    withdrawn; in a full build all of them. ``reason`` says in a sentence why the build is full or
    incremental. ``is_base_candidate`` is False for an S older than the newest one published or
    built: such a build must not become the base. ``models`` are the hashes of ``model_logic``, and
    ``rebuilt`` the models and seeds of an incremental build whose hash is not the base's.
    """

    path: Path
    as_of: date
    run_id: str
    is_full: bool
    base_as_of: date | None
    changed: list[tuple[str, str, date]]
    reason: str
    is_base_candidate: bool
    logic: str
    extracts: tuple[Extract, ...] = field(repr=False)
    models: Mapping[str, str] = field(repr=False)
    rebuilt: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Base:
    path: Path
    as_of: date
    target: str
    logic: str
    models: Mapping[str, str]
    extracts: tuple[Extract, ...]


def open_warehouse(
    path: Path, read_only: bool = False, settings: Settings | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file the way the whole project does: threads, memory limit, UTC.

    ``settings`` defaults to those of the environment. Raises ``WarehouseError`` when another
    process has the file open, or when a file to be read is not there.
    """
    if read_only and not path.is_file():
        raise WarehouseError(f"{path} does not exist; run make nightly first.")
    try:
        return connect(settings or load_settings(), path, read_only=read_only)
    except duckdb.IOException as error:
        raise WarehouseError(
            f"{path} cannot be opened: {str(error).splitlines()[0]} If another process holds it, "
            "let it finish or end it; BI reads published/current and never the build file."
        ) from error


def cut_off_utc(settings: Settings, as_of: date) -> datetime:
    """Return S 00:00 local time as a naive UTC timestamp: what is recorded from then on waits."""
    local = datetime(as_of.year, as_of.month, as_of.day, tzinfo=ZoneInfo(settings.timezone))
    return local.astimezone(UTC).replace(tzinfo=None)


def extracts_in_use(ledger: Iterable[LedgerRow], as_of: date) -> list[Extract]:
    """Return the files in use dated ≤ S.

    A full extract of which rows were rejected counts as incremental: its unread rows must not look
    deleted.
    """
    used = [row for row in ledger if row.is_in_use and row.extract_date <= as_of]
    leaky = {(row.entity, *row.partition) for row in used if row.rows_rejected}
    return [
        Extract(
            row.entity,
            row.source,
            row.extract_date,
            row.sha256,
            "incremental" if (row.entity, *row.partition) in leaky else row.load_mode,
        )
        for row in used
    ]


def _base_file(settings: Settings) -> Path:
    return settings.work / "base.json"


def _read_base(settings: Settings) -> _Base | None:
    path = _base_file(settings)
    if not path.is_file():
        return None
    content = json.loads(path.read_text())
    return _Base(
        path=settings.work / content["file"],
        as_of=date.fromisoformat(content["as_of"]),
        target=content.get("target", "duckdb"),
        logic=content["logic"],
        models=content["models"],
        extracts=tuple(
            Extract(entity, source, date.fromisoformat(day), sha256, load_mode)
            for entity, source, day, sha256, load_mode in content["extracts"]
        ),
    )


def _choose_base(
    settings: Settings,
    base: _Base | None,
    as_of: date,
    mode: str,
    logic: str,
    full_because: str | None,
) -> tuple[_Base | None, bool, str]:
    """Return (base or None for a full build, whether the build may become the base, reason)."""
    newest = max(
        (day for day in (published_as_of(settings), base.as_of if base else None) if day),
        default=None,
    )
    if newest is not None and as_of < newest:
        return (
            None,
            False,
            f"{as_of} is older than {newest}, the newest night: it is built in full in an empty "
            "file and touches no base.",
        )
    if mode == "full":
        return None, True, full_because or "A full build was asked for."
    if base is None:
        return None, True, "There is no green build to start from yet."
    if not base.path.is_file():
        return None, True, f"The last green build {base.path} is gone."
    if base.as_of >= as_of:
        return None, True, f"{as_of} was built before; it is built again from nothing."
    if base.target != settings.target:
        return (
            None,
            True,
            f"The green build of {base.as_of} was computed on {base.target}: on {settings.target} "
            "everything is built again.",
        )
    if base.logic != logic:
        return (
            None,
            True,
            f"The project file or the locked libraries changed since the green build of "
            f"{base.as_of}: everything is built again.",
        )
    return base, True, f"Starts from the green build of {base.as_of}."


def _rebuilt(now: Mapping[str, str], before: Mapping[str, str]) -> tuple[str, ...]:
    """Return the models and seeds that are new, gone or differ, and so all that is below them."""
    return tuple(
        sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    )


def _changed(now: Iterable[Extract], before: Iterable[Extract]) -> list[tuple[str, str, date]]:
    """Return the partitions whose set of files (and what they mean) differs."""
    sets: list[dict[tuple[str, str, date], set[tuple[str, str]]]] = []
    for extracts in (now, before):
        files: dict[tuple[str, str, date], set[tuple[str, str]]] = defaultdict(set)
        for extract in extracts:
            files[extract.partition].add((extract.sha256, extract.load_mode))
        sets.append(files)
    current, former = sets
    return sorted(
        partition
        for partition in current.keys() | former.keys()
        if current.get(partition) != former.get(partition)
    )


def _remove_build(path: Path) -> None:
    """Remove a build file with its log and what its run kept beside it under its name.

    The folder in which dbt had it open stays: the next run that opens a build takes it away, and
    ends the dbt that may still be writing there.
    """
    for beside in path.parent.glob(f"{path.stem}.*"):
        if not beside.is_dir():
            beside.unlink(missing_ok=True)


def _owner_file(path: Path) -> Path:
    return path.with_suffix(".owner")


def _remove_dead_builds(settings: Settings, base: _Base | None) -> None:
    """Remove build files that are not the base and whose process is no more, and what a killed
    run left of the data it had spilled.
    """
    for spilled in (settings.work / SPILL_FOLDER, *settings.work.glob("*.duckdb.tmp")):
        shutil.rmtree(spilled, ignore_errors=True)
    for build in settings.work.glob(BUILD_FILES):
        if base and build == base.path:
            continue
        owner = _owner_file(build)
        pid = owner.read_text().strip() if owner.is_file() else ""
        if not pid.isdigit() or not process_is_alive(int(pid)):
            _remove_build(build)
    for owner in settings.work.glob("*.owner"):
        if not owner.with_suffix(".duckdb").is_file():
            owner.unlink()


def _copy(source: Path, target: Path) -> None:
    """Copy a file, sharing its blocks where the file system can."""
    copied = shutil.which("cp") and subprocess.run(
        ["cp", "--reflink=auto", "--", str(source), str(target)], capture_output=True, check=False
    )
    if not copied or copied.returncode != 0:
        shutil.copyfile(source, target)


def base_build_file(settings: Settings) -> str | None:
    """Return the name of the last green night's build file, None before the first."""
    base = _read_base(settings)
    return base.path.name if base else None


def prepare_warehouse(
    settings: Settings,
    as_of: date,
    run_id: str,
    mode: str = "auto",
    full_because: str | None = None,
) -> BuildPlan:
    """Make the build file ``work/<as_of>-<run_id>.duckdb`` with schema ``raw`` as of S.

    ``mode`` is ``auto`` (start from the last green build where that is possible) or ``full``, for
    which ``full_because`` is the reason in a sentence.
    Ingest must have run before. Raises ``WarehouseError`` for a name that was used before, another
    mode, and files of the ledger that are not there.
    """
    if mode not in ("auto", "full"):
        raise WarehouseError(f"The build mode {mode!r} is not known; use auto or full.")
    if not SAFE_RUN_ID.fullmatch(run_id):
        raise WarehouseError(f"The run id {run_id!r} cannot be part of a file name.")
    settings.work.mkdir(parents=True, exist_ok=True)
    base = _read_base(settings)
    _remove_dead_builds(settings, base)
    path = settings.work / f"{as_of}-{run_id}.duckdb"
    if path.exists() or path.with_name(path.name + ".wal").exists():
        raise WarehouseError(
            f"{path} exists already; give the run another id, because DuckDB could replay an old "
            "log into a file that is made again under its name."
        )
    logic, models = project_logic(), model_logic(load_manifest())
    chosen, is_candidate, reason = _choose_base(settings, base, as_of, mode, logic, full_because)
    rebuilt = _rebuilt(models, chosen.models) if chosen else ()
    if rebuilt:
        some = ", ".join(rebuilt[:5]) + (" …" if len(rebuilt) > 5 else "")
        reason += (
            f" Other SQL or seeds than there: {len(rebuilt)} tables are rebuilt in full ({some})."
        )
    with connect(settings) as con:
        ledger = [row for row in read_ledger(settings, con) if row.extract_date <= as_of]
    extracts = extracts_in_use(ledger, as_of)
    changed = _changed(extracts, chosen.extracts if chosen else ())
    plan = BuildPlan(
        path=path,
        as_of=as_of,
        run_id=run_id,
        is_full=chosen is None,
        base_as_of=chosen.as_of if chosen else None,
        changed=changed,
        reason=reason,
        is_base_candidate=is_candidate,
        logic=logic,
        extracts=tuple(extracts),
        models=models,
        rebuilt=rebuilt,
    )
    _owner_file(path).write_text(str(os.getpid()))
    if chosen:
        _copy(chosen.path, path)
    with open_warehouse(path, settings=settings) as con:
        build_raw_schema(settings, con, plan, ledger)
        con.execute("checkpoint")
    return plan


def mark_green(settings: Settings, plan: BuildPlan) -> None:
    """Make the run's build file the base of later nights, and remove the one before.

    Does nothing for a build that may not become the base. Raises ``WarehouseError`` when the file
    is gone, was not closed, or when a newer night has become the base in the meantime.
    """
    if not plan.is_base_candidate:
        return
    if not plan.path.is_file():
        raise WarehouseError(f"The build file {plan.path} is gone; run the night again.")
    if plan.path.with_name(plan.path.name + ".wal").exists():
        raise WarehouseError(f"The build file {plan.path} was not closed; run the night again.")
    base = _read_base(settings)
    if base and base.as_of > plan.as_of:
        raise WarehouseError(
            f"The night {base.as_of} has become the base meanwhile; {plan.as_of} stays aside."
        )
    content = {
        "file": plan.path.name,
        "as_of": plan.as_of.isoformat(),
        "target": settings.target,
        "logic": plan.logic,
        "models": dict(plan.models),
        "extracts": [
            [e.entity, e.source, e.extract_date.isoformat(), e.sha256, e.load_mode]
            for e in plan.extracts
        ],
    }
    finished = settings.work / f"base-{plan.run_id}.tmp"
    finished.write_text(json.dumps(content))
    put_in_place(finished, _base_file(settings))
    _owner_file(plan.path).unlink(missing_ok=True)
    if base and base.path != plan.path:
        _remove_build(base.path)


def copy_for_development(settings: Settings, plan: BuildPlan) -> Path | None:
    """Copy a green build of the demo company to where ``dbt`` works at the root without flags.

    The copy is the developer's to spoil. Of a real company there is none: it may be large, and its
    data has its own place. A build of an older night changes nothing here either, nor does one that
    was computed in Postgres, whose file holds the marts alone.
    """
    if not settings.demo or not plan.is_base_candidate or settings.target != "duckdb":
        return None
    copy = settings.work / "dev" / "utfall.duckdb"
    copy.parent.mkdir(exist_ok=True)
    _remove_build(copy)
    _copy(plan.path, copy)
    copy.chmod(0o644)
    return copy


def build_raw_schema(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    plan: BuildPlan,
    ledger: list[LedgerRow],
) -> None:
    """Make schema ``raw`` of the build file open in ``con``: what ``ledger`` has in use as of S."""
    _RawSchema(settings, con, plan, ledger).build()


class _RawSchema:
    """Schema ``raw`` of one build file."""

    def __init__(
        self,
        settings: Settings,
        con: duckdb.DuckDBPyConnection,
        plan: BuildPlan,
        ledger: list[LedgerRow],
    ) -> None:
        self.settings = settings
        self.con = con
        self.plan = plan
        self.files: dict[str, list[LedgerRow]] = defaultdict(list)
        for row in ledger:
            if row.is_in_use and row.raw_path:
                self.files[row.entity].append(row)
        self.changed = set(plan.changed)

    def build(self) -> None:
        """Drop what an earlier run left in the schema and create it anew, as of this S."""
        self.con.execute("begin")
        self.con.execute("create schema if not exists raw")
        for name, kind in self.con.execute(
            "select table_name, table_type from information_schema.tables "
            "where table_schema = 'raw' and table_catalog = current_database()"
        ).fetchall():
            what = "view" if kind == "VIEW" else "table"
            self.con.execute(f"drop {what} raw.{identifier(name)}")
        for entity in load_entities().values():
            files = self.files[entity.name]
            self._entity_view(entity.name, entity, files)
            self._entity_view(f"{entity.name}__delta", entity, self._delta(files))
        for delivered in load_objects().values():
            self._entity_view(delivered.name, delivered, self.files[delivered.name])
        self._bookkeeping()
        self._history_views()
        self._run_context()
        self._forget_rebuilt()
        self.con.execute("commit")

    def _forget_rebuilt(self) -> None:
        """Drop what other code made: dbt builds in full what is not there."""
        made = self.con.execute(
            "select table_schema, table_name, table_type from information_schema.tables "
            "where table_schema <> 'raw' and table_catalog = current_database() "
            "and table_name in (select unnest(?::varchar[]))",
            [list(self.plan.rebuilt)],
        ).fetchall()
        for schema, name, kind in made:
            what = "view" if kind == "VIEW" else "table"
            self.con.execute(f"drop {what} {identifier(schema)}.{identifier(name)}")

    def _delta(self, files: list[LedgerRow]) -> list[LedgerRow]:
        if self.plan.is_full:
            return files
        return [row for row in files if (row.entity, *row.partition) in self.changed]

    def _rows_of(self, entity: Entity, files: list[LedgerRow]) -> str:
        """SQL over raw files: every column of the schema as it is now, whatever a file has."""
        wanted = dict.fromkeys(entity.columns, "VARCHAR") | PROVENANCE
        by_columns: dict[str, list[Path]] = defaultdict(list)
        for row in files:
            by_columns[row.raw_columns or "[]"].append(self.settings.raw / str(row.raw_path))
        selects = []
        for columns, paths in sorted(by_columns.items()):
            present = set(json.loads(columns))
            select = ", ".join(
                (identifier(name) if name in present else f"cast(null as {kind})")
                + f" as {identifier(name)}"
                for name, kind in wanted.items()
            )
            selects.append(
                f"select {select}, extract_date from read_parquet({literal_list(paths)}, "
                "hive_partitioning = true, hive_types = {'extract_date': DATE})"
            )
        if not selects:
            nothing = ", ".join(
                f"cast(null as {kind}) as {identifier(name)}" for name, kind in wanted.items()
            )
            selects = [f"select {nothing}, cast(null as date) as extract_date where false"]
        return " union all ".join(selects)

    def _entity_view(self, name: str, entity: Entity, files: list[LedgerRow]) -> None:
        try:
            self.con.execute(
                f"create view raw.{identifier(name)} as {self._rows_of(entity, files)}"
            )
        except duckdb.IOException as error:
            raise WarehouseError(
                f"A raw file of {entity.name} that the ledger names is not there "
                f"({str(error).splitlines()[0]}). Restore {self.settings.raw} from the backup, or "
                "remove raw/_ledger and ingest the landing again."
            ) from error

    def _bookkeeping(self) -> None:
        as_of = f"date {literal(self.plan.as_of)}"
        self.con.execute(
            f"create table raw.ledger as select {', '.join(COLUMN_TYPES)} "
            f"from ({ledger_query(self.settings)}) where extract_date <= {as_of} "
            "order by source, entity, extract_date, path, sha256, status"
        )
        self.con.execute(
            "create table raw.extracts (entity varchar, source_system varchar, extract_date date, "
            "load_mode varchar, file_id varchar, rows_loaded bigint, status varchar)"
        )
        self.con.execute(
            "insert into raw.extracts select entity, source, extract_date, "
            "case when sum(rows_rejected) over (partition by entity, source, extract_date) > 0 "
            "then 'incremental' else load_mode end, sha256, rows_loaded, status from raw.ledger "
            "where status = 'loaded' or (status = 'empty' and load_mode = 'incremental') "
            "order by entity, source, extract_date, sha256"
        )
        self.con.execute(
            "create table raw.changed_extracts "
            "(entity varchar, source_system varchar, extract_date date)"
        )
        self.con.execute(
            "create table raw.feeds (delivered varchar, entity varchar, is_counted boolean)"
        )
        self.con.executemany(
            "insert into raw.feeds values (?, ?, ?)",
            [
                (delivered.name, entity, place == 0)
                for delivered in load_delivered().values()
                for place, entity in enumerate(delivered.feeds or (delivered.name,))
            ],
        )
        # what staging makes of an object is an extract of its own: incremental, because an object
        # may be one of several that an entity is made of, and says itself what was deleted
        self.con.execute(
            "insert into raw.extracts select feeds.entity, source_system, extract_date, "
            "'incremental', file_id, rows_loaded, status from raw.extracts "
            "join raw.feeds on extracts.entity = feeds.delivered "
            "where feeds.entity <> feeds.delivered order by all"
        )
        if self.plan.changed:
            fed = {
                (entity, source, day)
                for name, source, day in self.plan.changed
                for entity in (name, *load_delivered()[name].feeds)
            }
            entities, sources, days = (list(part) for part in zip(*sorted(fed), strict=True))
            self.con.execute(
                "insert into raw.changed_extracts select unnest(?), unnest(?), unnest(?::date[])",
                [entities, sources, days],
            )
        rejects = [
            self.settings.raw / row[0]
            for row in self.con.execute(
                "select rejects_path from raw.ledger where rejects_path is not null order by 1"
            ).fetchall()
        ]
        select = ", ".join(
            f"cast({name} as {kind}) as {name}" for name, kind in REJECT_COLUMNS.items()
        )
        nothing = ", ".join(
            f"cast(null as {kind}) as {name}" for name, kind in REJECT_COLUMNS.items()
        )
        self.con.execute(
            "create table raw.rejects as "
            + (
                f"select {select} from read_parquet({literal_list(rejects)}, "
                "hive_partitioning = false) order by source_file, line"
                if rejects
                else f"select {nothing} where false"
            )
        )

    def _history_views(self) -> None:
        self.con.execute(f"create view raw.history_snapshots as {self._frozen_snapshots()}")
        for table, columns in ((SCORES, SCORE_COLUMNS), (RESTATEMENTS, RESTATEMENT_COLUMNS)):
            files = frozen_files(self.settings, table, self.plan.as_of)
            rows = typed_rows(columns, [file.path for file in files])
            self.con.execute(f"create view raw.history_{table} as {rows}")

    def _frozen_snapshots(self) -> str:
        """SQL over the frozen snapshots, which do not say themselves who froze them and when."""
        files = frozen_files(self.settings, SNAPSHOTS, self.plan.as_of)
        nothing = ", ".join(
            f"cast(null as {kind}) as {name}" for name, kind in SNAPSHOT_COLUMNS.items()
        )
        if not files:
            return f"select {nothing} where false"
        own = {"frozen_as_of": "as_of", "publication_id": "parse_filename(filename, true)"}
        select = ", ".join(
            f"cast({own.get(name, name)} as {kind}) as {name}"
            for name, kind in SNAPSHOT_COLUMNS.items()
        )
        paths = literal_list(file.path for file in files)
        return (
            f"select {select} from (select * from read_parquet({paths}, union_by_name = true, "
            "filename = true, hive_partitioning = true, hive_types = {'as_of': DATE}) "
            f"union all by name select {nothing}, cast(null as date) as as_of, "
            "cast(null as varchar) as filename where false)"
        )

    def _run_context(self) -> None:
        self.con.execute(
            "create table raw.run_context as select ?::date as as_of, "
            "?::timestamp as cut_off_utc, ?::varchar as company_currency, "
            "?::varchar as company_calendar_id, ?::date as base_as_of, ?::boolean as is_full, "
            "?::boolean as is_recounted",
            [
                self.plan.as_of,
                cut_off_utc(self.settings, self.plan.as_of),
                self.settings.company_currency,
                self.settings.company_calendar_id,
                self.plan.base_as_of,
                self.plan.is_full,
                bool(self.plan.rebuilt),
            ],
        )
