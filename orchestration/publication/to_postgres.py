"""A publication in Postgres: loaded beside what is read, shown by one row, removed by retention.

Its parts (``postgres_parts``) are loaded and attached together with the list of what it consists
of. Nothing of that is seen until the row of ``utfall_data.current_publication`` names it. A report
of several statements reads in one ``repeatable read`` transaction and so one publication, also over
a switch.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor
from psycopg2.extras import execute_values

from orchestration.ingest.engine import connect
from orchestration.postgres.load import copy_rows, postgres_type
from orchestration.postgres.server import PostgresError, answering, first_line
from orchestration.publication.audit_tables import marts_of_audit
from orchestration.publication.postgres_parts import (
    NOTHING,
    Part,
    Removed,
    all_parts,
    attach,
    held_parts,
    load_part,
    sweep,
)
from orchestration.publication.postgres_structure import DATA, PART, ensure_roles
from orchestration.publication.postgres_views import PublishedTable, define
from orchestration.publication.release import DATA_SCHEMA, DATABASE, read_manifest
from orchestration.settings import Settings

VARIABLE = "UTFALL_PUBLISH_POSTGRES_URL"

SECONDS_FOR_A_LOCK = 10
"""What a load waits for a reader where columns, views or rules have changed; else it needs none."""

SECONDS_FOR_A_PART = 1
"""What retention waits for the readers of one part."""


@dataclass(frozen=True)
class Loaded:
    """What a load did: parts and rows that were copied, and parts that were there before."""

    parts: int = 0
    rows: int = 0
    there_before: int = 0


def load_publication(settings: Settings, release: Path) -> Loaded:
    """Bring the complete publication in folder ``release`` to Postgres, without showing it.

    Does nothing where no server is configured, or where all of it is there. Raises
    ``PostgresError`` where the server does not answer, rights are missing, a count differs, or a
    table cannot be brought to its new columns; readers then have what they had.
    """
    if settings.publish_postgres_url is None:
        return Loaded()
    with _session(settings, SECONDS_FOR_A_LOCK) as (opened, run):
        return _load(settings, opened, run, release)


def show_publication(settings: Settings, release: Path) -> None:
    """Point readers of Postgres at the publication in ``release``, which is loaded if need be.

    Nothing is done where they have it already, or have a newer S. Raises ``PostgresError``.
    """
    if settings.publish_postgres_url is None:
        return
    manifest = read_manifest(release)
    identifier, as_of = manifest["publication_id"], manifest["as_of"]
    with _session(settings, SECONDS_FOR_A_LOCK) as (opened, run):
        shown, is_newer = _shown(run, as_of)
        if shown == identifier or is_newer:
            return
        _load(settings, opened, run, release)
        with opened:
            run.execute(
                f"update {DATA}.current_publication set publication_id = %s, as_of = %s "
                "where as_of is null or as_of <= %s",
                [identifier, as_of, as_of],
            )


def remove_expired(settings: Settings, kept: Collection[str]) -> Removed:
    """Drop what no publication in ``kept`` (ids) nor the shown one consists of.

    A reader that holds a part is waited for a second, never longer: what cannot be removed now is
    removed the next time. Raises ``PostgresError`` where the server does not answer.
    """
    if settings.publish_postgres_url is None:
        return NOTHING
    with _session(settings, SECONDS_FOR_A_PART) as (opened, run):
        if not _is_set_up(run):
            return NOTHING
        with opened:
            for table in ("publication_parts", "quality_marks", "loaded_publications"):
                run.execute(
                    f"delete from {DATA}.{table} where publication_id <> all(%s) and "
                    "publication_id is distinct from "
                    f"(select publication_id from {DATA}.current_publication)",
                    [list(kept)],
                )
            run.execute(
                f"delete from {DATA}.parts where not exists (select from {DATA}.publication_parts "
                "where publication_parts.part_id = parts.part_id)"
            )
        return sweep(opened, run)


@contextmanager
def _session(settings: Settings, lock_seconds: int) -> Iterator[tuple[connection, cursor]]:
    """A connection for one of the steps; whatever goes wrong on the server is a sentence."""
    server = answering(settings.publish_postgres_url or "", VARIABLE, "publish files only")
    try:
        with closing(server.connect()) as opened, opened.cursor() as run:
            with opened:
                run.execute(
                    f"set lock_timeout = '{lock_seconds}s'; set client_min_messages = warning; "
                    "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; "
                    "set DateStyle = 'ISO, YMD'; set TimeZone = 'UTC'"
                )
            yield opened, run
    except psycopg2.errors.LockNotAvailable as problem:
        raise PostgresError(
            "A table or view has to change in Postgres, and somebody held it for more than "
            f"{lock_seconds} s ({first_line(problem)}); run the same S again when that report has "
            "ended."
        ) from problem
    except psycopg2.Error as problem:
        raise PostgresError(
            f"Postgres refused a step ({first_line(problem)}); look at the server's log."
        ) from problem


def _is_set_up(run: cursor) -> bool:
    run.execute("select to_regclass(%s) is not null", [f"{DATA}.current_publication"])
    return run.fetchone() == (True,)


def _shown(run: cursor, as_of: str) -> tuple[str | None, bool]:
    """The publication that readers of Postgres have, and whether it is of a later S."""
    if not _is_set_up(run):
        return None, False
    run.execute(
        f"select publication_id, coalesce(as_of > %s, false) from {DATA}.current_publication",
        [as_of],
    )
    return run.fetchone()


def _load(settings: Settings, opened: connection, run: cursor, release: Path) -> Loaded:
    manifest = read_manifest(release)
    tables = _tables(release, manifest)
    parts = all_parts(manifest)
    with opened:
        ensure_roles(run)
        define(run, tables)
    held = held_parts(run)
    missing = [part for part in parts if (part.table, part.content) not in held]
    if not missing and _is_whole(run, manifest):
        return Loaded(there_before=len(parts))
    sweep(opened, run, attached=False)
    columns = {table.name: [name for name, _ in table.columns] for table in tables}
    settings.work.mkdir(parents=True, exist_ok=True)
    new = {}
    with (
        connect(settings) as source,
        tempfile.TemporaryDirectory(dir=settings.work, prefix="publish-") as folder,
    ):
        for part in missing:
            with opened:
                new[part.table, part.content] = load_part(
                    run, source, part, columns[part.table], release / "parquet", Path(folder)
                )
        with opened:
            attach(run, missing, new)
            _register(run, manifest, parts, held | new)
            _load_marks(run, release, manifest["publication_id"], Path(folder))
            _count(run, manifest)
    return Loaded(len(missing), sum(part.rows for part in missing), len(parts) - len(missing))


def _tables(release: Path, manifest: Mapping[str, Any]) -> list[PublishedTable]:
    """The tables as readers of ``utfall.duckdb`` see them, with the audiences of the manifest."""
    of_audit = marts_of_audit()
    with duckdb.connect(str(release / DATABASE), read_only=True) as database:
        shown = dict(
            database.execute(
                "select table_name, list((column_name, comment) order by column_index) "
                "from duckdb_columns() where database_name = current_database() "
                "and schema_name = 'main' and not internal group by table_name"
            ).fetchall()
        )
        comments = dict(
            database.execute(
                "select view_name, comment from duckdb_views() "
                "where database_name = current_database() and schema_name = 'main' and not internal"
            ).fetchall()
        )
    tables = []
    for name, entry in sorted(manifest["tables"].items()):
        audience = entry.get("audience") or (name in of_audit and of_audit[name].audience)
        if not audience:
            raise PostgresError(
                f"The manifest of {release.name} does not say who may read {name}, because "
                f"earlier code made it; publish one night to files only (unset {VARIABLE}), and "
                "the next one to Postgres."
            )
        columns = tuple((column, postgres_type(kind)) for column, kind in entry["columns"])
        stored = dict(columns)
        tables.append(
            PublishedTable(
                name,
                columns,
                added=tuple(column for column, _ in shown[name] if column not in stored),
                audience=audience,
                column_audiences=dict(sorted(entry.get("column_audiences", {}).items())),
                comment=comments.get(name) or "",
                column_comments=tuple((column, text) for column, text in shown[name] if text),
            )
        )
    return tables


def _is_whole(run: cursor, manifest: Mapping[str, Any]) -> bool:
    """Whether all of a publication is loaded, and still there."""
    with run.connection:
        run.execute(
            f"select count(*) from {DATA}.publication_parts inner join {DATA}.parts using ({PART}) "
            "where publication_id = %s and pg_partition_root(relation) is not null",
            [manifest["publication_id"]],
        )
        return run.fetchone() == (len(all_parts(manifest)),)


def _register(
    run: cursor,
    manifest: Mapping[str, Any],
    parts: list[Part],
    ids: Mapping[tuple[str, str], int],
) -> None:
    """Write down what the publication consists of, in place of what was written of it before."""
    identifier = manifest["publication_id"]
    for table in ("publication_parts", "quality_marks", "loaded_publications"):
        run.execute(f"delete from {DATA}.{table} where publication_id = %s", [identifier])
    run.execute(
        f"insert into {DATA}.loaded_publications values (%s, %s)", [identifier, manifest["as_of"]]
    )
    execute_values(
        run,
        f"insert into {DATA}.publication_parts values %s",
        [(identifier, part.table, ids[part.table, part.content]) for part in parts],
    )


def _load_marks(run: cursor, release: Path, identifier: str, folder: Path) -> None:
    columns = ["publication_id", "table_name", "budget_type_id", "rule_ids"]
    with duckdb.connect(str(release / DATABASE), read_only=True) as database:
        copy_rows(
            database,
            f"select '{identifier}', {', '.join(columns[1:])} from {DATA_SCHEMA}.quality_marks",
            run,
            sql.Identifier(DATA, "quality_marks"),
            columns,
            folder,
        )


def _count(run: cursor, manifest: Mapping[str, Any]) -> None:
    """Show that the listed parts are all rows of every table, each once."""
    run.execute(
        "select parts.table_name, sum(rows)::bigint "
        f"from {DATA}.publication_parts inner join {DATA}.parts using ({PART}) "
        "where publication_id = %s group by parts.table_name",
        [manifest["publication_id"]],
    )
    found = dict(run.fetchall())
    wanted = {name: entry["rows"] for name, entry in manifest["tables"].items()}
    differing = sorted(name for name in wanted if wanted[name] != found.get(name))
    if differing:
        raise PostgresError(
            f"Postgres has other rows of {', '.join(differing)} than the manifest; look for two "
            "files with the same content in the release."
        )
