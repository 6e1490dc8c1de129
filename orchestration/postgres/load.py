"""The build database of a night, and its schema ``raw``.

A night is built in the database ``<prefix>_build``: a copy of ``<prefix>_base``, which is that of
the last green night, or an empty one. The raw schema is what ``orchestration.warehouse`` made in
the build file, loaded with COPY; what is counted in Postgres afterwards must be what DuckDB counts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
from psycopg2 import sql
from psycopg2.extensions import cursor

from orchestration.postgres.server import PostgresError, Server
from orchestration.schema import load_entities

RAW = "raw"
DELTA = "__delta"

NIGHT_COLUMNS = {
    "history_snapshots": "frozen_as_of",
    "history_scores": "as_of",
    "history_restatements": "as_of",
}
"""Tables of history and the column of their nights: a night that was frozen never changes."""

TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
"""DuckDB's types of the raw schema in Postgres; decimals are numeric with the same digits."""

SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "enable_nestloop": "off",
    "jit": "off",
    "work_mem": "128MB",
    "synchronous_commit": "off",
}
"""What every session in a build database is set to. Joins of whole tables are hashed: through
several steps the planner expects one row where there are thousands, and would loop over them.
Nothing is lost with a commit that did not reach the disk: the night is built again from its raw
rows."""

INPUT_IS_VALID = """
    create or replace function public.pg_input_is_valid(value text, type text) returns boolean
    language plpgsql immutable strict as $$
    begin
        execute format('select cast(%L as %s)', value, type);
        return true;
    exception when others then
        return false;
    end
    $$
"""
"""Postgres has this function from version 16 on."""


@dataclass(frozen=True)
class Loaded:
    """A table of schema ``raw`` in Postgres: rows it holds, and rows that were copied tonight."""

    table: str
    rows: int
    copied: int


def build_database(server: Server) -> str:
    """The name of the database that a night is built in."""
    return f"{server.prefix}_build"


def base_database(server: Server) -> str:
    """The name of the database of the last green night."""
    return f"{server.prefix}_base"


def base_of(server: Server) -> str | None:
    """The name of the build file whose green night the base database holds, None without one."""
    with server.administration() as admin, admin.cursor() as run:
        run.execute(
            "select shobj_description(oid, 'pg_database') from pg_database where datname = %s",
            [base_database(server)],
        )
        row = run.fetchone()
        return row[0] if row else None


def open_build_database(server: Server, *, is_full: bool) -> str:
    """Make the build database of a night anew: empty, or a copy of the base; return its name.

    Text is compared by bytes, as DuckDB does. Raises ``PostgresError`` where the user may not make
    databases.
    """
    name = build_database(server)
    with server.administration() as admin, admin.cursor() as run:
        run.execute("select rolcreatedb or rolsuper from pg_roles where rolname = current_user")
        (may_create,) = run.fetchone()
        if not may_create:
            raise PostgresError(
                f"The Postgres user may not make the database {name}, in which the night is "
                "built; give it the right with: alter role <user> createdb."
            )
        _drop(run, name)
        run.execute(
            sql.SQL("create database {} template {} {}").format(
                sql.Identifier(name),
                sql.Identifier("template0" if is_full else base_database(server)),
                sql.SQL(_locale(server) if is_full else ""),
            )
        )
        for setting, value in SESSION.items():
            run.execute(
                sql.SQL("alter database {} set {} = {}").format(
                    sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)
                )
            )
    return name


def keep_as_base(server: Server, build_file: str) -> None:
    """Make the build database the base of later nights; ``build_file`` is what it was built with.

    A kill between the steps leaves a base that names another build file, and the next night is
    built in full.
    """
    base, build = base_database(server), build_database(server)
    with server.administration() as admin, admin.cursor() as run:
        _drop(run, base)
        run.execute(
            sql.SQL("comment on database {} is {}").format(
                sql.Identifier(build), sql.Literal(build_file)
            )
        )
        run.execute(
            sql.SQL("alter database {} rename to {}").format(
                sql.Identifier(build), sql.Identifier(base)
            )
        )


def _drop(run: cursor, database: str) -> None:
    run.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))


def _locale(server: Server) -> str:
    if server.version >= 170000:
        return (
            "encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' "
            "lc_collate 'C' lc_ctype 'C'"
        )
    return "encoding 'UTF8' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'"


def load_raw(
    server: Server,
    database: str,
    source: duckdb.DuckDBPyConnection,
    *,
    is_full: bool,
    scratch: Path,
    rebuilt: Collection[str] = (),
    entities: Collection[str] | None = None,
) -> list[Loaded]:
    """Fill schema ``raw`` of ``database`` from that of the build file, and reconcile the counts.

    A full load copies every raw row. Otherwise the database holds those of the base, and only the
    extracts that differ from it are taken out and copied, and of history the nights that it lacks;
    the models and seeds in ``rebuilt`` were
    made by other code and are dropped, so that dbt builds them in full. ``entities`` defaults to
    all of the schema, ``source`` is the open build file and ``scratch`` a folder for the files in
    between. Raises ``PostgresError`` where a count differs.
    """
    wanted = list(load_entities() if entities is None else entities)
    with (
        closing(server.connect(database)) as target,
        tempfile.TemporaryDirectory(dir=scratch, prefix="copy-") as folder,
    ):
        with target, target.cursor() as run:
            if server.version < 160000:
                run.execute(INPUT_IS_VALID)
            load = _Load(source, run, Path(folder))
            run.execute(f"create schema if not exists {RAW}")
            _drop_rebuilt(run, rebuilt)
            for table in load.tables_besides(wanted):
                if table in NIGHT_COLUMNS:
                    load.nights(table, NIGHT_COLUMNS[table])
                else:
                    load.whole(table)
            for entity in wanted:
                if is_full:
                    load.whole(entity)
                    load.delta_is_all(entity)
                else:
                    load.delta(entity)
        target.autocommit = True
        with target.cursor() as run:
            run.execute("analyze")
        return load.loaded


def _drop_rebuilt(run: cursor, rebuilt: Collection[str]) -> None:
    run.execute(
        "select table_schema, table_name, table_type from information_schema.tables "
        "where table_schema not in ('raw', 'pg_catalog', 'information_schema') "
        "and table_name = any(%s)",
        [list(rebuilt)],
    )
    for schema, name, kind in run.fetchall():
        what = sql.SQL("view" if kind == "VIEW" else "table")
        run.execute(
            sql.SQL("drop {} if exists {} cascade").format(what, sql.Identifier(schema, name))
        )


def reconcile(table: str, wanted: int, found: int) -> None:
    """Raise ``PostgresError`` where Postgres holds other than the rows it was given."""
    if wanted != found:
        raise PostgresError(
            f"{table} holds {found:,} rows in Postgres and {wanted:,} in the build file, so "
            "nothing was built on it and the last publication stands; run the same S again, and "
            "look at the server's log if it happens twice."
        )


class _Load:
    """One load of schema ``raw``, inside one transaction of Postgres."""

    def __init__(self, source: duckdb.DuckDBPyConnection, run: cursor, folder: Path) -> None:
        self.source = source
        self.run = run
        self.folder = folder
        self.loaded: list[Loaded] = []

    def tables_besides(self, entities: Collection[str]) -> list[str]:
        """What schema ``raw`` of the build file holds beside the entities and their deltas."""
        known = {*entities, *(f"{entity}{DELTA}" for entity in entities)}
        names = self.source.execute(
            "select table_name from information_schema.tables "
            "where table_schema = 'raw' and table_catalog = current_database() order by 1"
        ).fetchall()
        return [name for (name,) in names if name not in known]

    def whole(self, table: str) -> None:
        """Copy a table or view of the build file as a whole."""
        self._make(table)
        copied = self._copy(table)
        self._count(table, copied)

    def nights(self, table: str, column: str) -> None:
        """Copy the nights of a table of history that are not there, and take out what is no more.

        A night is known by its day and the publication that froze it.
        """
        if self._columns_in_postgres(table) != self._columns(table):
            self.whole(table)
            return
        nights = f"select distinct {column}, publication_id from {{}}"
        self.run.execute(sql.SQL(nights).format(_name(table)))
        held = set(self.run.fetchall())
        frozen = set(self.source.execute(nights.format(f'raw."{table}"')).fetchall())
        for night in sorted(held - frozen):
            self.run.execute(
                sql.SQL("delete from {} where {} = %s and publication_id = %s").format(
                    _name(table), sql.Identifier(column)
                ),
                night,
            )
        missing = [
            f"({column} = date '{day}' and publication_id = '{publication_id}')"
            for day, publication_id in sorted(frozen - held)
        ]
        self._count(table, self._copy(table, " or ".join(missing)) if missing else 0)

    def delta_is_all(self, entity: str) -> None:
        """In a full build the delta is every row."""
        self._clear(f"{entity}{DELTA}")
        self.run.execute(
            sql.SQL("create view {} as select * from {}").format(
                _name(f"{entity}{DELTA}"), _name(entity)
            )
        )

    def delta(self, entity: str) -> None:
        """Replace the rows of the extracts that differ from the base by the night's."""
        delta = f"{entity}{DELTA}"
        if self._columns_in_postgres(entity) != self._columns(entity):
            self.whole(entity)
        self._make(delta)
        copied = self._copy(delta)
        self._count(delta, copied)
        if not any(loaded.table == entity for loaded in self.loaded):
            names = sql.SQL(", ").join(sql.Identifier(name) for name, _ in self._columns(entity))
            self.run.execute(
                sql.SQL(
                    "delete from {} where (source_system, extract_date) in (select source_system, "
                    "extract_date from raw.changed_extracts where entity = {})"
                ).format(_name(entity), sql.Literal(entity))
            )
            self.run.execute(
                sql.SQL("insert into {} ({}) select {} from {}").format(
                    _name(entity), names, names, _name(delta)
                )
            )
            self._count(entity, copied)

    def _columns(self, table: str) -> list[tuple[str, str]]:
        described = self.source.execute(f'describe raw."{table}"').fetchall()
        return [(row[0], postgres_type(row[1])) for row in described]

    def _columns_in_postgres(self, table: str) -> list[tuple[str, str]]:
        return columns_in_postgres(self.run, RAW, table)

    def _kind(self, table: str) -> str | None:
        self.run.execute(
            "select relkind from pg_class where oid = to_regclass(%s)", [f'{RAW}."{table}"']
        )
        row = self.run.fetchone()
        return row and {"v": "view", "r": "table"}[row[0]]

    def _clear(self, table: str) -> None:
        kind = self._kind(table)
        if kind:
            self.run.execute(sql.SQL("drop {} {} cascade").format(sql.SQL(kind), _name(table)))

    def _make(self, table: str) -> None:
        """Make an empty table; one that is there with the same columns keeps its dependants."""
        if self._kind(table) == "table" and self._columns_in_postgres(table) == self._columns(
            table
        ):
            self.run.execute(sql.SQL("truncate {}").format(_name(table)))
            return
        self._clear(table)
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self._columns(table)
        )
        self.run.execute(sql.SQL("create table {} ({})").format(_name(table), columns))

    def _copy(self, table: str, where: str = "true") -> int:
        columns = [name for name, _ in self._columns(table)]
        names = ", ".join(f'"{name}"' for name in columns)
        query = f'select {names} from raw."{table}" where {where}'
        return copy_rows(self.source, query, self.run, _name(table), columns, self.folder)

    def _count(self, table: str, copied: int) -> None:
        (wanted,) = self.source.execute(f'select count(*) from raw."{table}"').fetchall()[0]
        self.run.execute(sql.SQL("select count(*) from {}").format(_name(table)))
        (found,) = self.run.fetchone()
        reconcile(f"raw.{table}", wanted, found)
        self.loaded.append(Loaded(table, found, copied))


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(RAW, table)


def copy_rows(
    source: duckdb.DuckDBPyConnection,
    query: str,
    run: cursor,
    target: sql.Identifier,
    columns: Sequence[str],
    folder: Path,
    *,
    is_new: bool = False,
) -> int:
    """Copy what DuckDB's ``query`` returns into ``columns`` of ``target``; returns the rows.

    The rows go by way of a file in ``folder``; CSV with quotes tells an empty text from none.
    ``is_new`` says that this transaction made the table, whose rows then need no vacuum.
    """
    path = folder / "rows.csv"
    source.execute(
        f"copy ({query}) to '{str(path).replace(chr(39), chr(39) * 2)}' "
        "(format csv, header false, force_quote *, nullstr '')"
    )
    with path.open("rb") as rows:
        run.copy_expert(
            sql.SQL("copy {} ({}) from stdin (format csv, encoding 'UTF8', freeze {})").format(
                target,
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL("on" if is_new else "off"),
            ),
            rows,
        )
    path.unlink()
    return run.rowcount


def postgres_type(duckdb_type: str) -> str:
    """The Postgres type of a DuckDB type as ``format_type`` writes it.

    Raises ``PostgresError`` for a type that neither the raw schema nor a contract uses.
    """
    if duckdb_type.startswith("DECIMAL("):
        return duckdb_type.replace("DECIMAL", "numeric").replace(" ", "")
    if duckdb_type not in TYPES:
        raise PostgresError(f"A column has the type {duckdb_type}, which has no counterpart.")
    written = TYPES[duckdb_type]
    return "timestamp without time zone" if written == "timestamp" else written


def columns_in_postgres(run: cursor, schema: str, table: str) -> list[tuple[str, str]]:
    """Name and type of the columns of a table or view in order; empty where it is not there."""
    run.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
        [f'"{schema}"."{table}"'],
    )
    return [(name, kind) for name, kind in run.fetchall()]
