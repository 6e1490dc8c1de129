"""What dbt has built in Postgres, brought into a DuckDB file with the same names and types."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import duckdb
from psycopg2 import sql
from psycopg2.extensions import cursor

from orchestration.postgres.load import RAW, columns_in_postgres, reconcile
from orchestration.postgres.server import PostgresError, Server

TYPES = {
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
}
"""Postgres' types in DuckDB; numeric with digits is a decimal with the same digits. There is no
type for doubles and for numeric without digits, which no model may return."""


def relations(server: Server, database: str) -> list[tuple[str, str]]:
    """Schema and name of every table and view that dbt has built, in order."""
    with closing(server.connect(database)) as source, source.cursor() as run:
        run.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema not in ('pg_catalog', 'information_schema', %s) order by 1, 2",
            [RAW],
        )
        return [(schema, name) for schema, name in run.fetchall()]


def fetch(
    server: Server,
    database: str,
    into: duckdb.DuckDBPyConnection,
    tables: Iterable[tuple[str, str]],
    *,
    scratch: Path,
) -> dict[str, int]:
    """Copy tables or views of ``database`` into the open file ``into``; ``schema.name`` → rows.

    A table of the name in the file is replaced. ``scratch`` is a folder for the files in between.
    Raises ``PostgresError`` where one is not there, has a type without counterpart, or where
    another number of rows arrives than Postgres counts.
    """
    rows = {}
    with (
        closing(server.connect(database)) as source,
        tempfile.TemporaryDirectory(dir=scratch, prefix="fetch-") as folder,
    ):
        source.set_session(isolation_level="repeatable read", readonly=True)
        with source.cursor() as run:
            for schema, name in tables:
                rows[f"{schema}.{name}"] = _fetch_one(run, into, schema, name, Path(folder))
        into.execute("checkpoint")
    return rows


def _fetch_one(
    run: cursor, into: duckdb.DuckDBPyConnection, schema: str, name: str, folder: Path
) -> int:
    columns = columns_in_postgres(run, schema, name)
    if not columns:
        raise PostgresError(f"dbt has not built {schema}.{name} in Postgres.")
    path = folder / f"{schema}.{name}.csv"
    table = sql.Identifier(schema, name)
    with path.open("wb") as rows:
        run.copy_expert(
            sql.SQL(
                "copy (select * from {}) to stdout (format csv, force_quote *, encoding 'UTF8')"
            ).format(table),
            rows,
        )
    wanted = run.rowcount
    types = {column: duckdb_type(kind, f"{schema}.{name}.{column}") for column, kind in columns}
    described = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    into.execute(f'create schema if not exists "{schema}"')
    for (kind,) in into.execute(
        "select table_type from information_schema.tables where table_catalog = current_database() "
        "and table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchall():
        into.execute(f'drop {"view" if kind == "VIEW" else "table"} "{schema}"."{name}"')
    into.execute(f'create table "{schema}"."{name}" ({described})')
    if wanted:
        into.execute(
            f'copy "{schema}"."{name}" from \'{str(path).replace(chr(39), chr(39) * 2)}\' '
            "(format csv, header false, delimiter ',', quote '\"', escape '\"', nullstr '', "
            "allow_quoted_nulls false, auto_detect false, strict_mode true, parallel false, "
            "max_line_size 33554432)"
        )
    path.unlink()
    (found,) = into.execute(f'select count(*) from "{schema}"."{name}"').fetchall()[0]
    if found != wanted:
        reconcile(f"{schema}.{name}", found, wanted)
    return found


def duckdb_type(postgres_type: str, column: str) -> str:
    """The DuckDB type of a Postgres type as ``format_type`` writes it.

    Raises ``PostgresError`` naming ``column`` for a type that depends on the engine: doubles, and
    numeric whose digits are not stated.
    """
    if postgres_type.startswith("numeric("):
        return postgres_type.replace("numeric", "DECIMAL")
    if postgres_type not in TYPES:
        raise PostgresError(
            f"{column} has the type {postgres_type} in Postgres; cast it in the model to the type "
            "it should have on every engine."
        )
    return TYPES[postgres_type]
