"""What readers meet in Postgres: one view per published table, and the rules of who sees which row.

The views have the columns of the views in ``utfall.duckdb`` and are owned by the role
``utfall_views``. That role owns no table, so the row-level policies of the tables hold for it, and
what they ask for is the reader: inside a view ``current_user`` is who asked.

The parts that a view reads are looked up when the query runs, so the switch is one row. How that is
written decides whether other publications' parts are read. Measured on Postgres 18 with 150 parts
of 20,000 rows, 60 of them current: the part as a scalar subquery reads one part and skips 149; for
several parts, a lateral subquery with ``offset 0`` reads 60 and skips 90 (0.12 s). A plain join and
``= any (array)`` read all 150 (0.29 and 0.32 s), because the planner hashes them. The publication
is compared as a scalar too: joined, it may come after the parts of all publications.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor

from orchestration.postgres.load import columns_in_postgres
from orchestration.postgres.server import PostgresError
from orchestration.publication.audiences import RESTRICTED
from orchestration.publication.export import NEVER_OPEN, PARTITIONED_BY
from orchestration.publication.marks import MARK, TYPE_COLUMN
from orchestration.publication.postgres_structure import (
    BOOKKEEPING,
    CURRENT_PART,
    DATA,
    MANAGER,
    ORGANISATION,
    OWNER,
    PART,
    READER,
    TABLES,
    VIEWS,
    VISIBLE_REPS,
)

POLICY = "who_sees_the_row"

IS_MANAGER = f"(select pg_has_role(current_user, '{MANAGER}', 'member'))"
IS_VISIBLE = f"{{rep}} in (select rep_id from {DATA}.visible_reps)"


@dataclass(frozen=True)
class PublishedTable:
    """A table as readers are to see it.

    ``columns`` are (name, Postgres type) of the files, ``added`` the names that only the view has;
    an audience that is not stated for a column is the table's.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    added: tuple[str, ...]
    audience: str
    column_audiences: Mapping[str, str]
    comment: str = ""
    column_comments: tuple[tuple[str, str], ...] = ()

    @property
    def rep(self) -> str | None:
        """SQL of the rep that a row is about, None where no column says it."""
        names = dict(self.columns)
        if "rep_id" in names:
            return "rows.rep_id"
        if {"node_level", "node_id"} <= names.keys():
            return "case when rows.node_level = 'rep' then rows.node_id end"
        return None


def define(run: cursor, tables: Sequence[PublishedTable]) -> None:
    """Make or change what differs from how ``tables`` are to be read.

    What is as it was is not touched and takes no lock. A column that is new comes last in the view,
    and one that the publication no longer has stays, empty: views under readers can only grow. So
    does the view of a table that is no longer published. Raises ``PostgresError`` for what must not
    reach Postgres, and for a column of another type.
    """
    for table in tables:
        _check(table)
    if ORGANISATION not in {table.name for table in tables}:
        raise PostgresError(
            f"The publication has no table {ORGANISATION}, without which nobody can say whose reps "
            "are whose; publish it, or unset UTFALL_PUBLISH_POSTGRES_URL."
        )
    applied = _Applied(run)
    applied.run("tables", TABLES)
    for table in tables:
        _grow(run, table)
    applied.run("visible reps", VISIBLE_REPS)
    for table in tables:
        applied.run(f"{table.name}: rules", _rules(table))
        applied.run(f"{table.name}: view", _view(run, table))
        applied.run(f"{table.name}: comments", _comments(table))


class _Applied:
    """The statements that made what is there, so that only those that differ are run."""

    def __init__(self, run: cursor) -> None:
        self.cursor = run
        self.statements: dict[str, str] = {}
        run.execute("select to_regclass(%s) is not null", [f"{DATA}.applied"])
        if run.fetchone() == (True,):
            run.execute(f"select name, statements from {DATA}.applied")
            self.statements = dict(run.fetchall())
            self._forget_what_was_dropped()

    def _forget_what_was_dropped(self) -> None:
        """A table that somebody dropped by hand took its rules and views with it, and the
        organisation those of every table that asks for the owner of a row."""
        names = {name.split(": ")[0] for name in self.statements if ": " in name}
        gone = {
            name
            for name in names
            if not all(columns_in_postgres(self.cursor, schema, name) for schema in (DATA, VIEWS))
        }
        if gone and not columns_in_postgres(self.cursor, DATA, "visible_reps"):
            self.statements = {}
        self.statements = {
            name: text for name, text in self.statements.items() if name.split(": ")[0] not in gone
        }

    def run(self, name: str, statements: str | sql.Composable) -> None:
        """Run ``statements`` unless the same were run under this name before."""
        text = statements if isinstance(statements, str) else statements.as_string(self.cursor)
        if self.statements.get(name) == text:
            return
        self.cursor.execute(text)
        self.cursor.execute(
            f"insert into {DATA}.applied values (%s, %s) "
            "on conflict (name) do update set statements = excluded.statements",
            [name, text],
        )


def _check(table: PublishedTable) -> None:
    shown = [name for name, _ in table.columns]
    named = [
        name
        for name in shown
        if table.column_audiences.get(name) == RESTRICTED or name in NEVER_OPEN
    ]
    if table.audience == RESTRICTED or named:
        raise PostgresError(
            f"{table.name} is restricted ({', '.join(named) or 'all of it'}), and what is "
            "restricted is never published to Postgres; look for why it is in the open files."
        )
    if table.name in BOOKKEEPING:
        raise PostgresError(
            f"A published table may not be called {table.name}: {DATA} has a table of that name "
            "for what is loaded. Give the model another name."
        )
    asks_for_rep = [n for n in shown if table.column_audiences.get(n) == "owner"]
    if (table.audience == "owner" or asks_for_rep) and table.rep is None:
        raise PostgresError(
            f"{table.name} is for the owner of a row and has neither rep_id nor node_level and "
            "node_id, so that nobody can say whose a row is; add rep_id to the model."
        )


def _grow(run: cursor, table: PublishedTable) -> None:
    """Make the partitioned table, or give it the columns it lacks."""
    parent = sql.Identifier(DATA, table.name)
    held = dict(columns_in_postgres(run, DATA, table.name))
    if not held:
        run.execute(
            sql.SQL("create table {} ({} integer not null) partition by list ({})").format(
                parent, sql.Identifier(PART), sql.Identifier(PART)
            )
        )
    for column, kind in table.columns:
        if column in held and held[column] != kind:
            raise _other_type(table.name, column, held[column], kind)
    lacking = [
        sql.SQL("add column {} {}").format(sql.Identifier(column), sql.SQL(kind))
        for column, kind in table.columns
        if column not in held
    ]
    if lacking:
        run.execute(sql.SQL("alter table {} {}").format(parent, sql.SQL(", ").join(lacking)))


def _other_type(table: str, column: str, before: str, now: str) -> PostgresError:
    return PostgresError(
        f"{table}.{column} was {before} in Postgres and is {now} in this publication, and a type "
        f"cannot change under readers: run `drop table {DATA}.{table} cascade` when nobody "
        "reads it, and the same S again; all of it is then made anew."
    )


def _rules(table: PublishedTable) -> sql.Composable:
    """Which rows the views may show to whom; the table itself is granted to nobody else."""
    expression = {
        "all": "true",
        "manager": IS_MANAGER,
        "owner": IS_VISIBLE.format(rep=(table.rep or "").replace("rows.", "")),
    }[table.audience]
    return _each(
        sql.Identifier(DATA, table.name),
        "alter table {} enable row level security",
        f"drop policy if exists {POLICY} on {{}}",
        f"create policy {POLICY} on {{}} for select to {OWNER} using ({expression})",
        f"grant select on {{}} to {OWNER}",
    )


def _each(name: sql.Identifier, *statements: str) -> sql.Composable:
    return sql.SQL("; ").join(sql.SQL(statement).format(name) for statement in statements)


def _view(run: cursor, table: PublishedTable) -> sql.Composable:
    """The view of a table, granted to its audience and to nobody who had it from an earlier one."""
    shown = dict(table.columns) | {
        name: "date" if name == "as_of" else "text" for name in table.added
    }
    held = dict(columns_in_postgres(run, VIEWS, table.name))
    for column, kind in shown.items():
        if held.get(column, kind) != kind:
            raise _other_type(table.name, column, held[column], kind)
    columns = sql.SQL(", ").join(
        sql.SQL("cast({} as {}) as {}").format(
            _shown(table, column), sql.SQL(kind), sql.Identifier(column)
        )
        for column, kind in (held | shown).items()
    )
    view = sql.Identifier(VIEWS, table.name)
    made = sql.SQL(
        "create or replace view {} with (security_barrier) as select {} from {}; "
    ).format(view, columns, _rows(table))
    return made + _each(
        view,
        f"alter view {{}} owner to {OWNER}",
        f"revoke all on {{}} from {READER}, {MANAGER}",
        f"grant select on {{}} to {MANAGER if table.audience == 'manager' else READER}",
    )


def _shown(table: PublishedTable, column: str) -> sql.Composable:
    """SQL of a column of the view: masked where its audience is narrower than the table's."""
    current = f"(select {{}} from {DATA}.current_publication)"
    if column == MARK and column in table.added:
        return _mark(table)
    if column in table.added:
        return sql.SQL(current).format(sql.Identifier(column))
    if column not in dict(table.columns):
        return sql.NULL
    value = sql.SQL("rows.{}").format(sql.Identifier(column))
    audience = table.column_audiences.get(column, table.audience)
    if audience == "manager" and table.audience != "manager":
        return sql.SQL(f"case when {IS_MANAGER} then {{}} end").format(value)
    if audience == "owner" and table.audience != "owner":
        return sql.SQL(f"case when {IS_VISIBLE.format(rep=table.rep)} then {{}} end").format(value)
    return value


def _mark(table: PublishedTable) -> sql.Composable:
    """The mark of a row: by its type, or one for the table; none on rows of other nights."""
    names = dict(table.columns)
    if TYPE_COLUMN in names:
        mark = sql.SQL("marks.rule_ids")
    else:
        mark = sql.SQL(
            f"(select max(rule_ids) from {DATA}.quality_marks where {TYPE_COLUMN} is null "
            f"and publication_id = (select publication_id from {DATA}.current_publication) "
            "and table_name = {})"
        ).format(sql.Literal(table.name))
    if "as_of" in names:
        return sql.SQL(
            f"case when rows.as_of = (select as_of from {DATA}.current_publication) then {{}} end"
        ).format(mark)
    return mark


def _rows(table: PublishedTable) -> sql.Composable:
    """The rows of the current publication, with the marks of their types where it has types."""
    if table.name in PARTITIONED_BY:
        source = (
            f"{DATA}.current_parts cross join lateral (select * from {{}} as part_rows "
            f"where part_rows.{PART} = current_parts.{PART} offset 0) as rows"
        )
        where = "current_parts.table_name = {}"
    else:
        source = "{} as rows"
        where = f"rows.{PART} = {CURRENT_PART}".replace("{table}", "{}")
    marks = ""
    if MARK in table.added and TYPE_COLUMN in dict(table.columns):
        marks = (
            f" left join {DATA}.quality_marks as marks "
            f"on marks.publication_id = (select publication_id from {DATA}.current_publication) "
            f"and marks.table_name = {{}} and marks.{TYPE_COLUMN} = rows.{TYPE_COLUMN}"
        )
    literal = sql.Literal(table.name)
    return sql.SQL(f"{source}{marks} where {where}").format(
        sql.Identifier(DATA, table.name), *[literal] * (2 if marks else 1)
    )


def _comments(table: PublishedTable) -> sql.Composable:
    view = sql.Identifier(VIEWS, table.name)
    return sql.SQL("; ").join(
        [
            sql.SQL("comment on view {} is {}").format(view, sql.Literal(table.comment)),
            *(
                sql.SQL("comment on column {} is {}").format(
                    sql.Identifier(VIEWS, table.name, column), sql.Literal(text)
                )
                for column, text in table.column_comments
            ),
        ]
    )
