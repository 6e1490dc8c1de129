"""The release candidate: one folder with the Parquet files, one DuckDB file and a manifest.

It is built under ``published/releases/.building-<run id>``, a name no reader looks at and no other
run uses, closed, synced and made read-only before anybody judges it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.engine import connect
from orchestration.publication.database import (
    DATA_SCHEMA,
    STORAGE_VERSION,
    earlier_database,
    pieces_of,
    write_database,
)
from orchestration.publication.export import (
    PARTITIONED_BY,
    ExportError,
    Mart,
    TableExport,
    export_candidates,
    export_marts,
    marts_of,
    restricted_marts,
)
from orchestration.publication.files import (
    OWNER_AND_GROUP,
    OWNER_ONLY,
    READ_ONLY,
    fsync_tree,
    remove_tree,
    sha256_of,
    write_json,
)
from orchestration.publication.history import SCORES, frozen_files, history_hash
from orchestration.publication.identity import ledger_hash, publication_id
from orchestration.publication.marks import (
    MARK,
    MARK_TEXT,
    TYPE_COLUMN,
    create_marks,
    mark_column,
)
from orchestration.settings import Settings

DATABASE = "utfall.duckdb"
RESTRICTED_DATABASE = "utfall_restricted.duckdb"
"""The tables with anything restricted in them, whole; for its owner and one group only."""

QUARANTINE = "quarantine"
QUARANTINE_NAMES = {
    "source_system": "source",
    "source_file": "file",
    "key_text": "key",
    "reason_text_en": "reason_text",
}
"""Staging's names → the published contract's."""

LEDGER_FILE = "audit/ingest_ledger.parquet"
"""The ledger of the run, kept with the candidate: the gate judges it and publish publishes it."""

ACCOUNT = ("staging", "int_staging__row_account")
"""Where dbt says what became of the loaded rows of each file."""

ACCOUNT_COLUMNS = ("rows_current", "rows_superseded", "rows_deleted", "rows_quarantined")

LEDGER_COLUMNS = (
    "source",
    "entity",
    "extract_date",
    "path",
    "sha256",
    "bytes",
    "rows_delivered",
    "rows_loaded",
    "rows_rejected",
    *ACCOUNT_COLUMNS,
    "status",
    "reason",
    "schema_changes",
    "load_mode",
    "extracted_at_max",
)


@dataclass(frozen=True)
class Candidate:
    """A release that nobody has judged yet."""

    folder: Path
    run_id: str
    as_of: date
    publication_id: str
    code_version: str
    exports: Mapping[str, TableExport]


def releases_folder(settings: Settings) -> Path:
    """Where releases lie, published or being built."""
    return settings.published / "releases"


def current_release(settings: Settings) -> Path | None:
    """The release that readers of the files get now, None before the first."""
    link = settings.published / "current"
    return link.resolve() if link.exists() else None


def building_folder(settings: Settings, run_id: str) -> Path:
    """The candidate of a run."""
    return releases_folder(settings) / f".building-{run_id}"


def build_candidate(
    settings: Settings,
    build_path: Path,
    manifest: Mapping[str, Any],
    *,
    as_of: date,
    run_id: str,
    unchanged_months: Mapping[str, Collection[date]] | None = None,
) -> Candidate:
    """Export the marts of a closed build file and put the release candidate of ``as_of`` together.

    ``manifest`` is dbt's; ``unchanged_months`` names per table the booking months whose files
    cannot have changed since the current release. What an earlier attempt of the same run left is
    removed first.
    """
    folder = building_folder(settings, run_id)
    remove_tree(folder)
    inputs = {
        "ledger_hash": ledger_hash(build_path),
        "history_hash": history_hash(settings, as_of),
    }
    identifier, version = publication_id(settings, as_of, **inputs)
    exports = export_candidates(
        settings,
        build_path,
        manifest,
        folder / "parquet",
        publication_id=identifier,
        previous=current_release(settings),
        unchanged_months=unchanged_months,
        frozen={SCORES: frozen_files(settings, SCORES, as_of)},
    )
    return build_release(
        settings,
        build_path,
        manifest,
        exports,
        as_of=as_of,
        run_id=run_id,
        identity={"publication_id": identifier, "code_version": version, **inputs},
    )


def build_release(
    settings: Settings,
    build_path: Path,
    manifest: Mapping[str, Any],
    exports: Mapping[str, TableExport],
    *,
    as_of: date,
    run_id: str,
    identity: Mapping[str, str],
) -> Candidate:
    """Complete the folder that holds the exported files: ledger, DuckDB file, ``manifest.json``.

    ``utfall.duckdb`` is made from the Parquet files alone, so that the two cannot differ, and from
    the file of the release that readers have now, as far as its Parquet files are the same.
    ``identity`` is the publication's id, the version of the code and the hashes of ledger and
    history, as the manifest states them. Raises ``ExportError`` when a type does not survive
    Parquet.
    """
    folder = building_folder(settings, run_id)
    identifier = identity["publication_id"]
    export_ledger(build_path, folder / LEDGER_FILE)
    database = folder / DATABASE
    marts = marts_of(manifest)
    tables = write_database(
        settings,
        database,
        folder / "parquet",
        {name: pieces_of(marts[name], export, as_of) for name, export in exports.items()},
        earlier=earlier_database(current_release(settings)),
    )
    with connect(settings, database, storage_version=STORAGE_VERSION) as connection:
        create_marks(connection, DATA_SCHEMA)
        for name in sorted(exports):
            add_view(connection, marts[name], as_of, identifier, with_mark=name != QUARANTINE)
    close_database(database)
    restricted = _build_restricted(settings, build_path, manifest, folder, as_of, identifier)
    write_json(
        folder / "manifest.json",
        {
            **identity,
            "as_of": as_of.isoformat(),
            "run_id": run_id,
            "company_currency": settings.company_currency,
            "evidence_in_database_from": date(as_of.year, 1, 1).isoformat(),
            "database": {"path": DATABASE, "sha256": sha256_of(database), "tables": tables},
            "restricted": restricted,
            "tables": {
                name: {**export.to_json(), **_who_may_read(marts[name])}
                for name, export in sorted(exports.items())
            },
        },
    )
    (folder / "manifest.json").chmod(READ_ONLY)
    fsync_tree(folder)
    return Candidate(folder, run_id, as_of, identifier, identity["code_version"], exports)


def read_manifest(release: Path) -> dict[str, Any]:
    """The manifest of a release or candidate."""
    return json.loads((release / "manifest.json").read_text(encoding="utf-8"))


def close_database(path: Path, mode: int = READ_ONLY) -> None:
    """Fold the write-ahead log into the closed file and make it read-only (``mode``).

    Raises ``ExportError`` when a log is left: DuckDB would replay it into whatever file bears the
    name later.
    """
    with duckdb.connect(str(path)) as connection:
        connection.execute("checkpoint")
    if path.with_name(path.name + ".wal").exists():
        raise ExportError(f"{path} still has a write-ahead log: another process has it open.")
    path.chmod(mode)


def add_view(
    connection: duckdb.DuckDBPyConnection,
    mart: Mart,
    as_of: date,
    identifier: str,
    *,
    with_mark: bool = False,
) -> None:
    """Make the published view of a table of ``DATA_SCHEMA``, with its comments.

    The view adds ``as_of`` and ``publication_id`` unless the table stores its own, and the mark of
    the gate's warnings where asked for.
    """
    names = [
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
            "order by column_index",
            [DATA_SCHEMA, mart.name],
        ).fetchall()
    ]
    kept_as = "view" if mart.name in PARTITIONED_BY else "table"
    added = [
        f"{value} as {name}"
        for name, value in (
            ("as_of", f"date '{as_of.isoformat()}'"),
            ("publication_id", _text(identifier)),
        )
        if name not in names
    ]
    if with_mark:
        mark = mark_column(DATA_SCHEMA, mart.name, TYPE_COLUMN in names)
        if "as_of" in names:
            # Tonight's warnings say nothing of what other nights showed.
            mark = f"case when as_of = date '{as_of.isoformat()}' then {mark} end"
        added.append(f"{mark} as {MARK}")
    connection.execute(
        f"create view main.{mart.name} as "
        f"select {', '.join(['*', *added])} from {DATA_SCHEMA}.{mart.name}"
    )
    comments = {
        "as_of": "The day the figures are shown (S).",
        "publication_id": "The publication the row was read from.",
        **({MARK: MARK_TEXT} if with_mark else {}),
        **{name: mart.described(name) for name in mart.column_descriptions},
    }
    for kind, schema, columns in (
        (kept_as, DATA_SCHEMA, names),
        (
            "view",
            "main",
            [*names, "as_of", "publication_id", *([MARK] if with_mark else [])],
        ),
    ):
        if mart.description:
            connection.execute(
                f"comment on {kind} {schema}.{mart.name} is {_text(mart.description)}"
            )
        for column in dict.fromkeys(columns):
            if comments.get(column):
                connection.execute(
                    f'comment on column {schema}.{mart.name}."{column}" is '
                    f"{_text(comments[column])}"
                )


def rename_quarantine(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Give the columns of ``quarantine`` the names of the published contract."""
    for name, *_ in connection.execute(f"select * from {schema}.quarantine limit 0").description:
        if name in QUARANTINE_NAMES:
            connection.execute(
                f'alter table {schema}.quarantine rename "{name}" to "{QUARANTINE_NAMES[name]}"'
            )


def _who_may_read(mart: Mart) -> dict[str, Any]:
    return {"audience": mart.audience, "column_audiences": dict(mart.column_audiences)}


def _build_restricted(
    settings: Settings,
    build_path: Path,
    manifest: Mapping[str, Any],
    folder: Path,
    as_of: date,
    identifier: str,
) -> dict[str, Any]:
    """Write the restricted file into ``folder``; returns its entry in ``manifest.json``.

    The Parquet files it is made from exist only while it is made, in a folder nobody else opens:
    their hashes say whether two runs put the same rows into it.
    """
    marts = restricted_marts(manifest, build_path)
    scratch, database = folder / ".restricted", folder / RESTRICTED_DATABASE
    scratch.mkdir(mode=0o700)
    try:
        exports = export_marts(settings, build_path, marts, scratch)
        write_database(
            settings,
            database,
            scratch,
            {name: pieces_of(marts[name], export, as_of) for name, export in exports.items()},
            mode=0o600,
        )
        with connect(settings, database, storage_version=STORAGE_VERSION) as connection:
            for name in sorted(exports):
                if name == QUARANTINE:
                    rename_quarantine(connection, DATA_SCHEMA)
                add_view(connection, marts[name], as_of, identifier)
        close_database(database, OWNER_ONLY)
    finally:
        remove_tree(scratch)
    if settings.restricted_group:
        _let_group_read(database, settings.restricted_group)
    return {
        "path": RESTRICTED_DATABASE,
        "sha256": sha256_of(database),
        "tables": {
            name: {**export.to_json(), **_who_may_read(marts[name])}
            for name, export in sorted(exports.items())
        },
    }


def _let_group_read(database: Path, group: str) -> None:
    try:
        shutil.chown(database, group=group)
    except (LookupError, PermissionError) as error:
        raise ExportError(
            f"{database.name} cannot be given to the group {group!r} ({error}); nothing was "
            "published. Name a group this user belongs to in UTFALL_RESTRICTED_GROUP, or unset it."
        ) from error
    database.chmod(OWNER_AND_GROUP)


def export_ledger(build_path: Path, target: Path) -> None:
    """Write the ledger of a closed build file with the account of every file's rows.

    The account is empty where dbt did not get so far; the gate does not let that pass.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with duckdb.connect(str(build_path), read_only=True) as connection:
        is_accounted = connection.execute(
            "select count(*) from duckdb_tables() where database_name = current_database() "
            "and schema_name = ? and table_name = ?",
            list(ACCOUNT),
        ).fetchall() != [(0,)]
        counted = "case when ledger.rows_loaded = 0 then 0 else account.{} end"
        select = ", ".join(
            (counted.format(name) if is_accounted else "null::bigint") + f" as {name}"
            if name in ACCOUNT_COLUMNS
            else f"ledger.{name}"
            for name in LEDGER_COLUMNS
        )
        account = (
            f"left join {'.'.join(ACCOUNT)} as account on ledger.entity = account.entity "
            "and ledger.path = account.path and ledger.sha256 = account.sha256 "
            "and ledger.status = account.status"
        )
        connection.execute(
            f"copy (select {select} from raw.ledger as ledger {account if is_accounted else ''} "
            "order by ledger.source, ledger.entity, ledger.extract_date, ledger.path, "
            f"ledger.sha256) to '{str(target).replace(chr(39), chr(39) * 2)}' "
            "(format parquet, compression zstd)"
        )
    target.chmod(READ_ONLY)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
