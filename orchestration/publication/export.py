"""Export the marts of a build file as Parquet: total order, pinned writer, one sha256 per file.

The same build gives the same bytes whatever the number of threads: rows are sorted by the model's
``config.meta.order_by`` and then by every other column, and each file is written by one thread
(several files at a time). ``outcomes`` and ``outcome_evidence`` are folders with one file per
booking month; a month that has not changed is the same file as in the previous release.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publication.files import READ_ONLY, link_or_copy, sha256_of
from orchestration.settings import Settings

MARTS_SCHEMA = "marts"
MONTH_COLUMN = "booking_month"
BY_MONTH = ("outcomes", "outcome_evidence")
"""Tables published as a folder with one file per booking month."""

UNDATED = "undated"
"""File of the rows without a booking month."""

PARQUET_OPTIONS = "format parquet, compression zstd, compression_level 3, row_group_size 122880"
"""Pinned, because the bytes are compared: a new default of DuckDB must not make a restatement."""


class ExportError(RuntimeError):
    """The build file does not hold what the contract promises; the text says what is missing."""


@dataclass(frozen=True)
class FileExport:
    """One Parquet file, its path relative to the release's ``parquet`` folder."""

    path: str
    sha256: str
    rows: int
    booking_month: str | None = None
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
    restricted: frozenset[str]


def marts_of(manifest: Mapping[str, Any]) -> dict[str, Mart]:
    """The models of schema ``marts`` in dbt's manifest, by table name.

    Columns whose audience is ``restricted`` are named, because they never reach the open release.
    """
    marts = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node.get("schema") != MARTS_SCHEMA:
            continue
        columns = node.get("columns") or {}
        meta = node["config"].get("meta") or {}
        name = node.get("alias") or node["name"]
        marts[name] = Mart(
            name=name,
            order_by=tuple(meta.get("order_by") or ()),
            description=_one_line(node.get("description")),
            column_descriptions={
                key: _one_line(column.get("description")) for key, column in columns.items()
            },
            restricted=frozenset(
                key for key, column in columns.items() if _audience(column) == "restricted"
            ),
        )
    return marts


def export_candidates(
    settings: Settings,
    build_path: Path,
    manifest: Mapping[str, Any],
    out_dir: Path,
    *,
    previous: Path | None = None,
    unchanged_months: Collection[date] = (),
    only: Collection[str] | None = None,
) -> dict[str, TableExport]:
    """Write every mart of ``build_path`` below ``out_dir``; returns table → export.

    ``previous`` is the release folder whose files may be shared: a month whose bytes are equal is
    hard-linked, and a month in ``unchanged_months`` is taken over without being written again,
    provided the table's columns are the same. A table that lies in the build but not in dbt's
    manifest is left over from earlier code and is not published. Raises ``ExportError`` when a mart
    of the manifest is not in the build, or its order names a column that it does not have.
    """
    marts = marts_of(manifest)
    if only is not None:
        marts = {name: mart for name, mart in marts.items() if name in only}
    if not marts:
        raise ExportError(f"dbt's manifest has no model in schema {MARTS_SCHEMA}.")
    out_dir.mkdir(parents=True, exist_ok=True)
    earlier = _earlier_tables(previous)
    with duckdb.connect(str(build_path), read_only=True) as connection:
        # Each file is written by the thread that asks for it; DuckDB's own would vary the bytes.
        connection.execute("set threads = 1")
        connection.execute("set preserve_insertion_order = true")
        connection.execute("set TimeZone = 'UTC'")
        plans = [_plan(connection, mart) for _, mart in sorted(marts.items())]
        with ThreadPoolExecutor(max_workers=max(1, settings.threads)) as pool:
            pending = [
                (
                    plan,
                    [
                        pool.submit(
                            _export_file,
                            connection.cursor(),
                            plan,
                            month,
                            out_dir,
                            _reusable(previous, earlier, plan, month),
                            month in unchanged_months,
                        )
                        for month in plan.months
                    ],
                )
                for plan in plans
            ]
            exports = {
                plan.mart.name: TableExport(
                    table=plan.mart.name,
                    files=tuple(future.result() for future in futures),
                    columns=plan.columns,
                    order_by=plan.mart.order_by,
                )
                for plan, futures in pending
            }
    return exports


_WHOLE = "whole table"


@dataclass(frozen=True)
class _Plan:
    mart: Mart
    columns: tuple[tuple[str, str], ...]
    order: tuple[str, ...]
    months: tuple[Any, ...]


def _plan(connection: duckdb.DuckDBPyConnection, mart: Mart) -> _Plan:
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
    unknown = [name for name in mart.order_by if name not in names]
    if unknown:
        raise ExportError(
            f"{mart.name}: config.meta.order_by names {', '.join(unknown)}, which is no column."
        )
    order = (*mart.order_by, *(name for name in names if name not in mart.order_by))
    months: tuple[Any, ...] = (_WHOLE,)
    if mart.name in BY_MONTH:
        if MONTH_COLUMN not in names:
            raise ExportError(f"{mart.name} is published by month but has no {MONTH_COLUMN}.")
        rows = connection.execute(
            f"select distinct {MONTH_COLUMN} from {MARTS_SCHEMA}.{mart.name} "
            f"order by {MONTH_COLUMN} nulls last"
        ).fetchall()
        # An empty table still has a file, so that readers find its columns.
        months = tuple(month for (month,) in rows) or (None,)
    return _Plan(mart, tuple((name, kind) for name, kind in columns), order, months)


def _export_file(
    cursor: duckdb.DuckDBPyConnection,
    plan: _Plan,
    month: Any,
    out_dir: Path,
    reusable: tuple[Path, Mapping[str, Any]] | None,
    known_unchanged: bool,
) -> FileExport:
    table = plan.mart.name
    path = _file_name(table, month)
    target = out_dir / path
    target.parent.mkdir(parents=True, exist_ok=True)
    label = None if month is _WHOLE or month is None else month.isoformat()
    # A file that rotted on the disk is written again rather than carried through all releases.
    if reusable and known_unchanged and sha256_of(reusable[0]) == reusable[1]["sha256"]:
        source, entry = reusable
        link_or_copy(source, target)
        return FileExport(path, entry["sha256"], entry["rows"], label, reused=True)
    columns = ", ".join(f'"{name}"' for name, _ in plan.columns)
    order = ", ".join(f'"{name}" asc nulls last' for name in plan.order)
    where = (
        "" if month is _WHOLE else f"where {MONTH_COLUMN} is not distinct from {_literal(month)}"
    )
    (rows,) = cursor.execute(
        f"copy (select {columns} from {MARTS_SCHEMA}.{table} {where} order by {order}) "
        f"to '{_quoted(target)}' ({PARQUET_OPTIONS})"
    ).fetchone()
    sha256 = sha256_of(target)
    if reusable and reusable[1]["sha256"] == sha256:
        target.unlink()
        link_or_copy(reusable[0], target)
        return FileExport(path, sha256, rows, label, reused=True)
    target.chmod(READ_ONLY)
    return FileExport(path, sha256, rows, label)


def _earlier_tables(previous: Path | None) -> Mapping[str, Any]:
    if previous is None or not (previous / "manifest.json").exists():
        return {}
    return json.loads((previous / "manifest.json").read_text(encoding="utf-8"))["tables"]


def _reusable(
    previous: Path | None, earlier: Mapping[str, Any], plan: _Plan, month: Any
) -> tuple[Path, Mapping[str, Any]] | None:
    """The previous release's file of this table and month, when its columns and order agree."""
    entry = earlier.get(plan.mart.name)
    if previous is None or month is _WHOLE or entry is None:
        return None
    if [tuple(column) for column in entry["columns"]] != list(plan.columns):
        return None
    if tuple(entry["order_by"]) != plan.mart.order_by:
        return None
    path = _file_name(plan.mart.name, month)
    for file in entry["files"]:
        source = previous.resolve() / "parquet" / file["path"]
        if file["path"] == path and source.exists():
            return source, file
    return None


def _file_name(table: str, month: Any) -> str:
    if month is _WHOLE:
        return f"{table}.parquet"
    return f"{table}/{UNDATED if month is None else month.strftime('%Y-%m')}.parquet"


def _literal(month: date | None) -> str:
    return "null" if month is None else f"date '{month.isoformat()}'"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _audience(column: Mapping[str, Any]) -> str | None:
    meta = (column.get("config") or {}).get("meta") or column.get("meta") or {}
    return meta.get("audience")


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
