"""Export the marts of a build file as Parquet: total order, pinned writer, one sha256 per file.

The same build gives the same bytes whatever the number of threads: rows are sorted by the model's
``config.meta.order_by`` and then by every other column, and each file is written by one thread
(several files at a time). ``outcomes`` and ``outcome_evidence`` are folders with one file per
booking month; a month that has not changed is the same file as in the previous release. ``scores``
is a folder with one file per night; a night that was published is the file that was frozen then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publication.audiences import RESTRICTED, column_audiences, table_audience
from orchestration.publication.files import READ_ONLY, link_or_copy, sha256_of
from orchestration.publication.history import SCORES, FrozenFile
from orchestration.settings import Settings

MARTS_SCHEMA = "marts"
PARTITIONED_BY = {
    "outcomes": "booking_month",
    "outcome_evidence": "booking_month",
    SCORES: "as_of",
}
"""Tables published as a folder with one file per value of a column: a booking month or a night."""

PUBLICATION_COLUMN = "publication_id"
"""In a table of nights, the publication that froze a row; empty in the build for S's own rows."""

NEVER_OPEN = frozenset({"raw_row"})
"""Columns never in the open files, whatever their YAML says: rows as the source sent them."""

UNDATED = "undated"
"""File of the rows without a month."""

PARQUET_OPTIONS = "format parquet, compression zstd, compression_level 3, row_group_size 122880"
"""Pinned, because the bytes are compared: a new default of DuckDB must not make a restatement."""


class ExportError(RuntimeError):
    """The build file does not hold what the contract promises; the text says what is missing."""


@dataclass(frozen=True)
class FileExport:
    """One Parquet file, its path relative to the release's ``parquet`` folder.

    ``partition`` is the month or night it holds, None for a table in one file.
    """

    path: str
    sha256: str
    rows: int
    partition: str | None = None
    reused: bool = False


@dataclass(frozen=True)
class TableExport:
    """One exported mart. ``columns`` are (name, DuckDB type) in the order of the file."""

    table: str
    files: tuple[FileExport, ...]
    columns: tuple[tuple[str, str], ...]
    order_by: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(file.rows for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """The entry of this table in ``manifest.json``."""
        return {
            "rows": self.rows,
            "columns": [list(column) for column in self.columns],
            "order_by": list(self.order_by),
            "files": [
                {key: value for key, value in asdict(file).items() if key != "reused"}
                for file in self.files
            ],
        }


@dataclass(frozen=True)
class Mart:
    """What dbt's manifest says about a published table."""

    name: str
    order_by: tuple[str, ...]
    description: str
    column_descriptions: Mapping[str, str]
    audience: str = "all"
    column_audiences: Mapping[str, str] = field(default_factory=dict)
    """Columns whose audience is another than the table's."""
    restricted: frozenset[str] = frozenset()
    """Columns that never reach the open files."""
    database_order_by: tuple[str, ...] = ()
    """Order of the rows in the DuckDB file, where another than the files' packs them better."""
    dated_by: Mapping[str, str] = field(default_factory=dict)
    """``day`` and ``unless``: a row without a value in the second lies in the month of the first,
    so that the rows of some months are found without computing those of all."""

    @property
    def is_restricted(self) -> bool:
        """Whether the whole table never reaches the open files."""
        return self.audience == RESTRICTED

    def described(self, column: str) -> str:
        """A column's description, with its audience where that is not the table's."""
        text, audience = self.column_descriptions.get(column), self.column_audiences.get(column)
        return f"{text} Audience: {audience}." if text and audience else text or ""


def marts_of(manifest: Mapping[str, Any]) -> dict[str, Mart]:
    """The models of schema ``marts`` in dbt's manifest, by table name.

    Raises ``AudienceError`` where a table's YAML does not say who may read it.
    """
    marts = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node.get("schema") != MARTS_SCHEMA:
            continue
        columns = node.get("columns") or {}
        meta = node["config"].get("meta") or {}
        name = node.get("alias") or node["name"]
        audience, audiences = table_audience(name, node), column_audiences(name, node)
        marts[name] = Mart(
            name=name,
            order_by=tuple(meta.get("order_by") or ()),
            description=f"{_one_line(node.get('description'))} Audience: {audience}.".strip(),
            column_descriptions={
                key: _one_line(column.get("description")) for key, column in columns.items()
            },
            audience=audience,
            column_audiences={k: value for k, value in audiences.items() if value != audience},
            restricted=NEVER_OPEN | {k for k, value in audiences.items() if value == RESTRICTED},
            database_order_by=tuple(meta.get("database_order_by") or ()),
            dated_by=meta.get("dated_by") or {},
        )
    return marts


def restricted_marts(manifest: Mapping[str, Any], build_path: Path) -> dict[str, Mart]:
    """The marts that the restricted file holds, whole: those with anything restricted in them."""
    with duckdb.connect(str(build_path), read_only=True) as connection:
        columns = dict(
            connection.execute(
                "select table_name, list(column_name) from duckdb_columns() where "
                "database_name = current_database() and schema_name = ? group by table_name",
                [MARTS_SCHEMA],
            ).fetchall()
        )
    return {
        name: replace(mart, restricted=frozenset())
        for name, mart in marts_of(manifest).items()
        if mart.is_restricted or mart.restricted & set(columns.get(name, ()))
    }


def export_candidates(
    settings: Settings,
    build_path: Path,
    manifest: Mapping[str, Any],
    out_dir: Path,
    *,
    publication_id: str | None = None,
    previous: Path | None = None,
    unchanged_months: Mapping[str, Collection[date]] | None = None,
    frozen: Mapping[str, Collection[FrozenFile]] | None = None,
) -> dict[str, TableExport]:
    """Write what is open in every mart of ``build_path`` below ``out_dir``; returns table → export.

    ``previous`` is the release folder whose files may be shared: a file whose bytes are equal is
    hard-linked, and a month in ``unchanged_months[table]`` is taken over without being written
    again, provided the table's columns are the same. On the same condition the file of a night in
    ``frozen[table]`` is the frozen one, unread but for its hash. What S itself adds to a table of
    nights bears ``publication_id``. A table that lies in the build but not in dbt's manifest is
    left over from earlier code and is not published. Raises ``ExportError`` when a mart of the
    manifest is not in the build, or its order names a column it does not have.
    """
    marts = {name: mart for name, mart in marts_of(manifest).items() if not mart.is_restricted}
    if not marts:
        raise ExportError(f"dbt's manifest has no model in schema {MARTS_SCHEMA}.")
    return export_marts(
        settings,
        build_path,
        marts,
        out_dir,
        publication_id=publication_id,
        previous=previous,
        unchanged_months=unchanged_months,
        frozen=frozen,
    )


def export_marts(
    settings: Settings,
    build_path: Path,
    marts: Mapping[str, Mart],
    out_dir: Path,
    *,
    publication_id: str | None = None,
    previous: Path | None = None,
    unchanged_months: Mapping[str, Collection[date]] | None = None,
    frozen: Mapping[str, Collection[FrozenFile]] | None = None,
) -> dict[str, TableExport]:
    """Write ``marts`` without their ``restricted`` columns, as :func:`export_candidates` does."""
    out_dir.mkdir(parents=True, exist_ok=True)
    earlier = _earlier_tables(previous)
    unchanged = unchanged_months or {}
    scratch = settings.work / f".export-{out_dir.parent.name}-{os.getpid()}.duckdb"
    scratch.unlink(missing_ok=True)
    scratch.parent.mkdir(parents=True, exist_ok=True)
    exports = {}
    try:
        with duckdb.connect(str(build_path), read_only=True) as connection:
            connection.execute(f"set memory_limit = '{settings.memory_limit}'")
            connection.execute("set preserve_insertion_order = true")
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach '{_quoted(scratch)}' as {_SCRATCH} (read_write)")
            for _, mart in sorted(marts.items()):
                plan = _plan(connection, mart, publication_id)
                taken_over = _take_unchanged(
                    previous, earlier, plan, unchanged.get(mart.name, ()), out_dir
                )
                source = _without(connection, settings, plan, taken_over)
                taken_over |= _take_frozen(
                    connection, plan, (frozen or {}).get(mart.name, ()), out_dir
                )
                parts = _parts(connection, plan, source, is_empty=not taken_over)
                written = _write(
                    connection,
                    settings,
                    replace(plan, source=source),
                    {
                        part: _reusable(previous, earlier, plan, part)
                        for part in parts
                        if part not in taken_over
                    },
                    out_dir,
                )
                if source != plan.source:
                    connection.execute(f"drop table {source}")
                files = {**taken_over, **written}
                exports[mart.name] = TableExport(
                    table=mart.name,
                    files=tuple(files[part] for part in sorted(files, key=_by_date)),
                    columns=plan.columns,
                    order_by=mart.order_by,
                )
    finally:
        scratch.unlink(missing_ok=True)
        scratch.with_name(scratch.name + ".wal").unlink(missing_ok=True)
    return exports


_SCRATCH = "export_scratch"
_WHOLE = "whole table"


@dataclass(frozen=True)
class _Plan:
    mart: Mart
    columns: tuple[tuple[str, str], ...]
    order: tuple[str, ...]
    source: str
    publication_id: str | None

    @property
    def partitioned_by(self) -> str | None:
        return PARTITIONED_BY.get(self.mart.name)


def _plan(connection: duckdb.DuckDBPyConnection, mart: Mart, publication_id: str | None) -> _Plan:
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? "
        "order by column_index",
        [MARTS_SCHEMA, mart.name],
    ).fetchall()
    if not columns:
        raise ExportError(
            f"The build has no table {MARTS_SCHEMA}.{mart.name}, which dbt's manifest publishes. "
            "The dbt run did not build it: look for the first failed model of this run."
        )
    columns = [column for column in columns if column[0] not in mart.restricted]
    names = [name for name, _ in columns]
    named = {
        "order_by": mart.order_by,
        "database_order_by": mart.database_order_by,
        "dated_by": tuple(mart.dated_by.values()),
    }
    for key, wanted in named.items():
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise ExportError(
                f"{mart.name}: config.meta.{key} names {', '.join(unknown)}, which is no column."
            )
    order = (*mart.order_by, *(name for name in names if name not in mart.order_by))
    column = PARTITIONED_BY.get(mart.name)
    if column and column not in names:
        raise ExportError(f"{mart.name} is published by {column} but has no such column.")
    return _Plan(
        mart,
        tuple((name, kind) for name, kind in columns),
        order,
        source=f"{MARTS_SCHEMA}.{mart.name}",
        publication_id=publication_id,
    )


def _parts(
    connection: duckdb.DuckDBPyConnection, plan: _Plan, source: str, *, is_empty: bool
) -> list[Any]:
    """The parts of a table that ``source`` has rows of, in order.

    Where there is no other file (``is_empty``), one without rows, so that readers find the columns.
    """
    if not plan.partitioned_by:
        return [_WHOLE]
    rows = connection.execute(
        f"select distinct {plan.partitioned_by} as part from {source} order by part nulls last"
    ).fetchall()
    return [part for (part,) in rows] or ([None] if is_empty else [])


def _by_date(part: Any) -> tuple[bool, Any]:
    return part is None, part


def _take_unchanged(
    previous: Path | None,
    earlier: Mapping[str, Any],
    plan: _Plan,
    unchanged: Collection[date],
    out_dir: Path,
) -> dict[Any, FileExport]:
    """Share the previous release's files of months that cannot have changed."""
    files = {
        part: _take_over(_reusable(previous, earlier, plan, part), plan, part, out_dir)
        for part in unchanged
    }
    return {part: file for part, file in files.items() if file}


def _without(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    plan: _Plan,
    taken_over: Collection[date],
) -> str:
    """Name of a table of the rows in no file that was taken over; the mart itself where none was.

    A mart may be a view of everything there is, which is read once for the few months that differ.
    """
    if not taken_over:
        return plan.source
    first = end = min(taken_over)
    while end in taken_over:
        end = _next_month(end)
    months = ", ".join(map(_day, taken_over))
    connection.execute(f"set threads = {max(1, settings.threads)}")
    connection.execute(
        f"create or replace table {_SCRATCH}.main.changed as select * from {plan.source} "
        f"where ({plan.partitioned_by} is null or {plan.partitioned_by} not in ({months})) "
        f"and {_dated(plan, f'< {_day(first)}', 'or', f'>= {_day(end)}')}"
    )
    return f"{_SCRATCH}.main.changed"


def _take_over(
    reusable: tuple[Path, Mapping[str, Any]] | None, plan: _Plan, part: Any, out_dir: Path
) -> FileExport | None:
    """Share the previous release's file; None where there is none, or it rotted on the disk."""
    if reusable is None or sha256_of(reusable[0]) != reusable[1]["sha256"]:
        return None
    source, entry = reusable
    path = _file_name(plan.mart.name, part)
    link_or_copy(source, out_dir / path)
    return FileExport(path, entry["sha256"], entry["rows"], _label(part), reused=True)


def _take_frozen(
    connection: duckdb.DuckDBPyConnection,
    plan: _Plan,
    frozen: Collection[FrozenFile],
    out_dir: Path,
) -> dict[date, FileExport]:
    """Share the frozen files of earlier nights, where their columns are the table's.

    Raises ``ExportError`` where a file is not what was frozen, or the build has other rows of it.
    """
    if not frozen:
        return {}
    for file in frozen:
        if not file.path.exists() or sha256_of(file.path) != file.sha256:
            raise ExportError(
                f"{file.path} is not the file that was frozen when {file.as_of} was published. "
                "What was shown does not change: bring it back from the backup (`make restore`)."
            )
    paths = [str(file.path) for file in frozen]
    column = plan.partitioned_by
    built = dict(
        connection.execute(f"select {column}, count(*) from {plan.source} group by all").fetchall()
    )
    rows = dict(
        connection.execute(
            "select file_name, num_rows from parquet_file_metadata(?)", [paths]
        ).fetchall()
    )
    columns = dict(
        connection.execute(
            "select file_name, list([name, duckdb_type] order by column_id) "
            "from parquet_schema(?) where num_children is null group by file_name",
            [paths],
        ).fetchall()
    )
    taken = {}
    for file, path in zip(frozen, paths, strict=True):
        if built.get(file.as_of, 0) != rows[path]:
            raise ExportError(
                f"{plan.mart.name} has {built.get(file.as_of, 0)} rows of {file.as_of} in the "
                f"build, but {rows[path]} were published then, and what was shown does not change. "
                "Delete work/base.json and run the night again, so that it is built in full."
            )
        if [tuple(pair) for pair in columns[path]] != list(plan.columns) or not rows[path]:
            continue
        target = _file_name(plan.mart.name, file.as_of)
        link_or_copy(file.path, out_dir / target)
        taken[file.as_of] = FileExport(
            target, file.sha256, rows[path], _label(file.as_of), reused=True
        )
    return taken


def _selected(plan: _Plan, column: str) -> str:
    if column == PUBLICATION_COLUMN and plan.publication_id:
        return f'coalesce("{column}", \'{plan.publication_id}\') as "{column}"'
    return f'"{column}"'


def _write(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    plan: _Plan,
    parts: Mapping[Any, tuple[Path, Mapping[str, Any]] | None],
    out_dir: Path,
) -> dict[Any, FileExport]:
    """Write the files of one table, several at a time, each by one thread.

    ``parts`` says of each the previous release's file, which is shared where it has the same bytes.

    A view would be computed again for every part, and of a table every part would unpack all rows,
    so what has several parts is first put down year by year.
    """
    files: dict[Any, FileExport] = {}
    years = groupby(parts, key=lambda part: part.year if isinstance(part, date) else None)
    for _, group in years:
        batch = list(group)
        source = plan.source
        if len(batch) > 1 and not source.startswith(_SCRATCH):
            source = f"{_SCRATCH}.main.batch"
            dated = _dated(plan, f">= {_day(batch[0])}", "and", f"< {_day(_next_month(batch[-1]))}")
            connection.execute(f"set threads = {max(1, settings.threads)}")
            connection.execute(
                f"create or replace table {source} as select * from {plan.source} "
                f"where ({' or '.join(_in_part(plan, part) for part in batch)}) and {dated}"
            )
        # Each file is written by the thread that asks for it; DuckDB's own would vary the bytes.
        connection.execute("set threads = 1")
        with ThreadPoolExecutor(max_workers=max(1, settings.threads)) as pool:
            pending = {
                part: pool.submit(
                    _export_file,
                    connection.cursor(),
                    replace(plan, source=source),
                    part,
                    out_dir,
                    parts[part],
                )
                for part in batch
            }
            files.update((part, future.result()) for part, future in pending.items())
        if source != plan.source:
            connection.execute(f"drop table {source}")
    return files


def _export_file(
    cursor: duckdb.DuckDBPyConnection,
    plan: _Plan,
    part: Any,
    out_dir: Path,
    reusable: tuple[Path, Mapping[str, Any]] | None,
) -> FileExport:
    path = _file_name(plan.mart.name, part)
    target = out_dir / path
    target.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(_selected(plan, name) for name, _ in plan.columns)
    order = ", ".join(f'"{name}" asc nulls last' for name in plan.order)
    where = "" if part is _WHOLE else f"where {_in_part(plan, part)}"
    (rows,) = cursor.execute(
        f"copy (select {columns} from {plan.source} {where} order by {order}) "
        f"to '{_quoted(target)}' ({PARQUET_OPTIONS})"
    ).fetchone()
    sha256 = sha256_of(target)
    if reusable and reusable[1]["sha256"] == sha256 == sha256_of(reusable[0]):
        target.unlink()
        link_or_copy(reusable[0], target)
        return FileExport(path, sha256, rows, _label(part), reused=True)
    target.chmod(READ_ONLY)
    return FileExport(path, sha256, rows, _label(part))


def _earlier_tables(previous: Path | None) -> Mapping[str, Any]:
    if previous is None or not (previous / "manifest.json").exists():
        return {}
    return json.loads((previous / "manifest.json").read_text(encoding="utf-8"))["tables"]


def _reusable(
    previous: Path | None, earlier: Mapping[str, Any], plan: _Plan, part: Any
) -> tuple[Path, Mapping[str, Any]] | None:
    """The previous release's file of this table and part, when its columns and order agree."""
    entry = earlier.get(plan.mart.name)
    if previous is None or entry is None:
        return None
    if [tuple(column) for column in entry["columns"]] != list(plan.columns):
        return None
    if tuple(entry["order_by"]) != plan.mart.order_by:
        return None
    path = _file_name(plan.mart.name, part)
    for file in entry["files"]:
        source = previous.resolve() / "parquet" / file["path"]
        if file["path"] == path and source.exists():
            return source, file
    return None


def _file_name(table: str, part: Any) -> str:
    if part is _WHOLE:
        return f"{table}.parquet"
    form = "%Y-%m" if PARTITIONED_BY[table] == "booking_month" else "%Y-%m-%d"
    return f"{table}/{UNDATED if part is None else part.strftime(form)}.parquet"


def _label(part: Any) -> str | None:
    return part.isoformat() if isinstance(part, date) else None


def _in_part(plan: _Plan, part: date | None) -> str:
    value = "null" if part is None else _day(part)
    return f"{plan.partitioned_by} is not distinct from {value}"


def _dated(plan: _Plan, one: str, joined: str, other: str) -> str:
    """What a row's day must be for the row to lie in the months wanted, as SQL.

    It leaves nothing out that the month itself would not; a day is what tables are stored by.
    """
    if not plan.mart.dated_by:
        return "true"
    day, unless = (f'"{plan.mart.dated_by[key]}"' for key in ("day", "unless"))
    return f"({unless} is not null or {day} is null or {day} {one} {joined} {day} {other})"


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _day(day: date) -> str:
    return f"date '{day.isoformat()}'"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
