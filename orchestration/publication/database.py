"""The tables of a release's DuckDB file, made from its Parquet files.

A table that is published in one file is one table of schema ``utfall_data``. One that is published
as a folder is kept in pieces in schema ``utfall_pieces``: a month each in the year of S and the
year before, a year each further back. A view of ``utfall_data`` puts the pieces together. A night
takes the file of the release before and makes only those pieces again whose Parquet files are
others: what nothing has changed is not read, sorted and packed again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.ingest.engine import connect
from orchestration.publication.export import (
    PARTITIONED_BY,
    UNDATED,
    ExportError,
    FileExport,
    Mart,
    TableExport,
)
from orchestration.publication.files import sha256_of
from orchestration.settings import Settings

STORAGE_VERSION = "v1.3.0"
"""The oldest DuckDB that reads the files: its dictionaries hold ids and categories in less room."""

DATA_SCHEMA = "utfall_data"
"""Schema of the tables; readers use the views of ``main``, which add as_of and publication_id."""

PIECES_SCHEMA = "utfall_pieces"

EVIDENCE = "outcome_evidence"

MOST_FREE = 0.2
"""A file with a larger part of it free is written from the start."""


@dataclass(frozen=True)
class Piece:
    """One table of the DuckDB file and the Parquet files (none: no rows) it is made from."""

    schema: str
    name: str
    export: TableExport
    files: tuple[FileExport, ...]
    order_by: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """Schema and name, as the manifest lists it."""
        return f"{self.schema}.{self.name}"

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides what the table holds and how it is stored."""
        content = [
            STORAGE_VERSION,
            self.export.columns,
            self.order_by,
            [file.sha256 for file in self.files],
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def pieces_of(mart: Mart, export: TableExport, as_of: date) -> list[Piece]:
    """The tables of the DuckDB file that hold a published table as of ``as_of``.

    ``outcome_evidence`` covers the year of S. A folder without a file has one empty piece, so that
    readers find the columns.
    """
    if export.table not in PARTITIONED_BY:
        return [Piece(DATA_SCHEMA, export.table, export, export.files, mart.database_order_by)]
    found: dict[str, list[FileExport]] = {}
    for file in export.files:
        is_old = file.partition is not None and file.partition < f"{as_of.year}"
        if export.table != EVIDENCE or not is_old:
            found.setdefault(_span(file.partition, as_of), []).append(file)
    return [
        Piece(
            PIECES_SCHEMA,
            f"{export.table}__{span}",
            export,
            tuple(files),
            mart.database_order_by,
        )
        for span, files in sorted((found or {"nothing": []}).items())
    ]


def _span(partition: str | None, as_of: date) -> str:
    if partition is None:
        return UNDATED
    is_recent = int(partition[:4]) >= as_of.year - 1
    return partition[:7].replace("-", "_") if is_recent else partition[:4]


def write_database(
    settings: Settings,
    database: Path,
    parquet: Path,
    pieces: Mapping[str, list[Piece]],
    *,
    earlier: tuple[Path, Mapping[str, str]] | None = None,
    mode: int = 0o644,
) -> dict[str, str]:
    """Write the tables of ``pieces`` (by published table) into the new file ``database``.

    The file has its ``mode`` before it has a row. ``earlier`` is the file of the release before and
    the fingerprints of its tables: those that are the same are taken over with it. Views and what
    belongs to no piece are not. Returns table → fingerprint. Raises ``ExportError`` where a type
    does not survive Parquet, or rows are missing.
    """
    wanted = {piece.full_name: piece for some in pieces.values() for piece in some}
    kept: set[str] = set()
    if earlier:
        shutil.copyfile(earlier[0], database)
        kept = _keep(settings, database, wanted, earlier[1])
    with connect(settings, database, storage_version=STORAGE_VERSION) as connection:
        database.chmod(mode)
        for schema in (DATA_SCHEMA, PIECES_SCHEMA):
            connection.execute(f"create schema if not exists {schema}")
        for name, piece in sorted(wanted.items()):
            if name not in kept:
                _load(connection, parquet, piece)
        for table, some in sorted(pieces.items()):
            if table in PARTITIONED_BY:
                together = " union all ".join(f"select * from {piece.full_name}" for piece in some)
                connection.execute(f"create view {DATA_SCHEMA}.{table} as {together}")
        connection.execute("checkpoint")
        is_loose = _free_share(connection) > MOST_FREE
    if kept and is_loose:
        database.unlink()
        return write_database(settings, database, parquet, pieces, mode=mode)
    return {name: piece.fingerprint for name, piece in wanted.items()}


def earlier_database(release: Path | None) -> tuple[Path, Mapping[str, str]] | None:
    """The DuckDB file of a release and its tables' fingerprints; None where it cannot be used."""
    if release is None or not (release / "manifest.json").exists():
        return None
    entry = json.loads((release / "manifest.json").read_text(encoding="utf-8"))["database"]
    file = release.resolve() / entry["path"]
    if "tables" not in entry or not file.exists() or sha256_of(file) != entry["sha256"]:
        return None
    return file, entry["tables"]


def _keep(
    settings: Settings, database: Path, wanted: Mapping[str, Piece], earlier: Mapping[str, str]
) -> set[str]:
    """Drop what cannot be taken over from the copied file, and return the tables that stay."""
    # Closed before anything is written: only what is free by then is filled again.
    same = {name for name, piece in wanted.items() if earlier.get(name) == piece.fingerprint}
    with connect(settings, database, storage_version=STORAGE_VERSION) as connection:
        views = connection.execute(
            "select schema_name, view_name from duckdb_views() "
            "where not internal and database_name = current_database()"
        ).fetchall()
        for schema, view in views:
            connection.execute(f"drop view {schema}.{view}")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = current_database()"
        ).fetchall()
        kept = same & {f"{schema}.{table}" for schema, table in tables}
        for schema, table in tables:
            if f"{schema}.{table}" not in kept:
                connection.execute(f"drop table {schema}.{table}")
    return kept


def _free_share(connection: duckdb.DuckDBPyConnection) -> float:
    total, free = connection.execute(
        "select total_blocks, free_blocks from pragma_database_size() "
        "where database_name = current_database()"
    ).fetchone()
    return free / max(1, total)


def _load(connection: duckdb.DuckDBPyConnection, parquet: Path, piece: Piece) -> None:
    """Make a table of the DuckDB file from its Parquet files.

    Rows come in the files' order, or in that of ``database_order_by``, which puts rows that are
    alike side by side: without indexes nobody reads faster by the other order, and equal values in
    a row are what makes the file small.
    """
    export, name = piece.export, piece.full_name
    # Without a file the table is still there, empty, with its columns.
    paths = [str(parquet / file.path) for file in (piece.files or export.files)]
    connection.execute(
        f"create table {name} as select * from read_parquet($paths, hive_partitioning = false)"
        + (f" order by {', '.join(piece.order_by)}" if piece.order_by else "")
        + ("" if piece.files else " limit 0"),
        {"paths": paths},
    )
    kept = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [piece.schema, piece.name],
    ).fetchall()
    changed = [
        f"{column} ({before} became {after})"
        for (column, before), (_, after) in zip(export.columns, kept, strict=True)
        if before != after
    ]
    if changed:
        raise ExportError(
            f"{export.table}: Parquet cannot hold the type of {', '.join(changed)}. "
            "Cast it in the last step of the model."
        )
    (rows,) = connection.execute(f"select count(*) from {name}").fetchone()
    expected = sum(file.rows for file in piece.files)
    if rows != expected:
        raise ExportError(
            f"{export.table}: {expected} rows were exported but {rows} arrived in the release. "
            f"Look at the files of {export.table} in {parquet}."
        )
