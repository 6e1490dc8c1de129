"""The parts of a publication in Postgres: which there are, how they come and how they go.

A **part** is a partition of a published table that never changes: the rows of one Parquet file,
known by the file's sha256, so that a file which earlier publications share is loaded once. Of a
table of nights the closed months are one part each, known by the hashes of their nights: a query
locks every partition of its table, and a partition per night for ever would use up the server's
locks. A part is loaded into a table of its own, counted, and attached when all of its publication
are there.

What is left of a load that was killed, and what no kept publication consists of, has no row in
``utfall_data.parts``; that is how it is found and removed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor

from orchestration.ingest.engine import literal_list
from orchestration.postgres.load import copy_rows
from orchestration.postgres.server import PostgresError
from orchestration.publication.export import PARTITIONED_BY
from orchestration.publication.postgres_structure import DATA, PART

SECONDS_FOR_RETENTION = 30
"""What removing parts takes at most; the rest is removed the next time."""


@dataclass(frozen=True)
class Part:
    """Rows of a table that are loaded and removed together. ``content`` is the hash of its files,
    ``paths`` are they, below the release's Parquet folder."""

    table: str
    content: str
    rows: int
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Removed:
    """Partitions that retention dropped, and those that readers still hold."""

    parts: int = 0
    waiting: int = 0


NOTHING = Removed()


def parts_of(table: str, files: Collection[Mapping[str, Any]], as_of: str) -> list[Part]:
    """The parts that a table's ``files`` in the manifest of ``as_of`` (ISO) make up."""

    def group(numbered: tuple[int, Mapping[str, Any]]) -> str:
        number, file = numbered
        night = file["partition"] or ""
        if PARTITIONED_BY.get(table) == "as_of" and night and night[:7] < as_of[:7]:
            return f"month {night[:7]}"
        return f"file {number}"

    parts = []
    for _, numbered in groupby(enumerate(files), key=group):
        held = [file for _, file in numbered]
        hashes = [file["sha256"] for file in held]
        parts.append(
            Part(
                table,
                hashes[0]
                if len(hashes) == 1
                else hashlib.sha256("\n".join(hashes).encode()).hexdigest(),
                sum(file["rows"] for file in held),
                tuple(file["path"] for file in held),
            )
        )
    return parts


def all_parts(manifest: Mapping[str, Any]) -> list[Part]:
    """All parts of a publication."""
    return [
        part
        for name, entry in sorted(manifest["tables"].items())
        for part in parts_of(name, entry["files"], manifest["as_of"])
    ]


def held_parts(run: cursor) -> dict[tuple[str, str], int]:
    """The attached parts: table and content → id."""
    with run.connection:
        run.execute(
            f"select table_name, content, {PART} from {DATA}.parts "
            "where pg_partition_root(relation) is not null"
        )
        return {(table, content): part for table, content, part in run.fetchall()}


def _name(table: str, part: int) -> sql.Identifier:
    return sql.Identifier(DATA, f"{table}__{part}")


def load_part(
    run: cursor,
    source: duckdb.DuckDBPyConnection,
    part: Part,
    columns: list[str],
    parquet: Path,
    folder: Path,
) -> int:
    """Copy the files of a part into a table that nobody reads; returns its id.

    The constraint is what the partition will be, so that attaching it reads no row.
    """
    run.execute(f"select nextval('{DATA}.part_ids')")
    (number,) = run.fetchone()
    name, values = _name(part.table, number), sql.Literal(number)
    key = sql.Identifier(PART)
    run.execute(
        sql.SQL("create table {} (like {}, check ({} = {}))").format(
            name, sql.Identifier(DATA, part.table), key, values
        )
    )
    run.execute(sql.SQL("alter table {} alter {} set default {}").format(name, key, values))
    files = literal_list(parquet / path for path in part.paths)
    names = ", ".join(f'"{column}"' for column in columns)
    copy_rows(
        source,
        f"select {names} from read_parquet({files}, hive_partitioning = false)",
        run,
        name,
        columns,
        folder,
        is_new=True,
    )
    run.execute(sql.SQL("select count(*) from {}").format(name))
    (found,) = run.fetchone()
    if found != part.rows:
        raise PostgresError(
            f"{part.table}: {found:,} of the {part.rows:,} rows of {', '.join(part.paths)} arrived "
            "in Postgres; look at the server's log if it happens twice."
        )
    run.execute(sql.SQL("analyze {}").format(name))
    return number


def attach(run: cursor, parts: list[Part], new: Mapping[tuple[str, str], int]) -> None:
    """Make partitions of loaded tables (``new``: table and content → id), and write them down.

    Readers of the other partitions neither wait for this nor hold it up.
    """
    for part in parts:
        number = new[part.table, part.content]
        run.execute(
            sql.SQL("alter table {} attach partition {} for values in ({})").format(
                sql.Identifier(DATA, part.table), _name(part.table, number), sql.Literal(number)
            )
        )
        run.execute(
            f"delete from {DATA}.parts where table_name = %s and content = %s",
            [part.table, part.content],
        )
        run.execute(
            f"insert into {DATA}.parts ({PART}, table_name, content, rows, relation) "
            "values (%s, %s, %s, %s, %s::regclass)",
            [
                number,
                part.table,
                part.content,
                part.rows,
                _name(part.table, number).as_string(run),
            ],
        )


def sweep(opened: connection, run: cursor, *, attached: bool = True) -> Removed:
    """Drop the partitions without a row in ``parts``; only loose ones unless ``attached``.

    Of a table one partition at a time can be about to leave, so a reader who holds one makes the
    others of that table wait as well.
    """
    with opened:
        run.execute(
            f"""
            select part.relname, parent.relname, coalesce(pg_inherits.inhdetachpending, false)
            from pg_class as part
            left join pg_inherits on part.oid = pg_inherits.inhrelid
            left join pg_class as parent on pg_inherits.inhparent = parent.oid
            where
                part.relnamespace = '{DATA}'::regnamespace and part.relkind = 'r'
                and part.relname ~ '__[0-9]+$'
                and not exists (select from {DATA}.parts where parts.relation = part.oid)
                and (%s or parent.oid is null)
            order by 3 desc, 1
            """,
            [attached],
        )
        doomed = run.fetchall()
    held_up: set[str | None] = set()
    removed, until = 0, time.monotonic() + SECONDS_FOR_RETENTION
    opened.autocommit = True
    try:
        for name, parent, is_leaving in doomed:
            if parent in held_up or time.monotonic() > until:
                continue
            part = sql.Identifier(DATA, name)
            try:
                if parent:
                    run.execute(
                        sql.SQL("alter table {} detach partition {} {}").format(
                            sql.Identifier(DATA, parent),
                            part,
                            sql.SQL("finalize" if is_leaving else "concurrently"),
                        )
                    )
                run.execute(sql.SQL("drop table {}").format(part))
                removed += 1
            except psycopg2.errors.LockNotAvailable:
                if parent:
                    held_up.add(parent)
    finally:
        opened.autocommit = False
    return Removed(removed, len(doomed) - removed)
