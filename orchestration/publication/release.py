"""The release candidate: one folder with the Parquet files, one DuckDB file and a manifest.

It is built under ``published/releases/.building-<run id>``, a name no reader looks at and no other
run uses, closed, synced and made read-only before anybody judges it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publication.export import (
    ExportError,
    Mart,
    TableExport,
    export_candidates,
    marts_of,
)
from orchestration.publication.files import (
    READ_ONLY,
    fsync_tree,
    remove_tree,
    sha256_of,
    write_json,
)
from orchestration.publication.history import history_hash
from orchestration.publication.identity import ledger_hash, publication_id
from orchestration.settings import Settings

DATABASE = "utfall.duckdb"
DATA_SCHEMA = "utfall_data"
"""Schema of the tables; readers use the views of ``main``, which add as_of and publication_id."""

EVIDENCE = "outcome_evidence"
LEDGER_FILE = "audit/ingest_ledger.parquet"
"""The ledger of the run, kept with the candidate: the gate judges it and publish publishes it."""

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
    current = settings.published / "current"
    exports = export_candidates(
        settings,
        build_path,
        manifest,
        folder / "parquet",
        previous=current.resolve() if current.exists() else None,
        unchanged_months=unchanged_months,
    )
    return build_release(
        settings,
        build_path,
        manifest,
        exports,
        as_of=as_of,
        run_id=run_id,
    )


def build_release(
    settings: Settings,
    build_path: Path,
    manifest: Mapping[str, Any],
    exports: Mapping[str, TableExport],
    *,
    as_of: date,
    run_id: str,
) -> Candidate:
    """Complete the folder that holds the exported files: ledger, DuckDB file, ``manifest.json``.

    ``utfall.duckdb`` is made from the Parquet files alone, so that the two cannot differ;
    ``outcome_evidence`` covers the year of S there. Raises ``ExportError`` when a type does not
    survive Parquet.
    """
    folder = building_folder(settings, run_id)
    ledger, history = ledger_hash(build_path), history_hash(settings, as_of)
    identifier, version = publication_id(settings, as_of, ledger, history)
    _export_ledger(build_path, folder / LEDGER_FILE)
    database = folder / DATABASE
    marts = marts_of(manifest)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create schema {DATA_SCHEMA}")
        for name, export in sorted(exports.items()):
            _load_table(connection, folder / "parquet", export, as_of)
            add_view(connection, marts[name], as_of, identifier)
    close_database(database)
    write_json(
        folder / "manifest.json",
        {
            "publication_id": identifier,
            "as_of": as_of.isoformat(),
            "run_id": run_id,
            "code_version": version,
            "ledger_hash": ledger,
            "history_hash": history,
            "company_currency": settings.company_currency,
            "evidence_in_database_from": date(as_of.year, 1, 1).isoformat(),
            "database": {"path": DATABASE, "sha256": sha256_of(database)},
            "tables": {name: export.to_json() for name, export in sorted(exports.items())},
        },
    )
    (folder / "manifest.json").chmod(READ_ONLY)
    fsync_tree(folder)
    return Candidate(folder, run_id, as_of, identifier, version, exports)


def read_manifest(release: Path) -> dict[str, Any]:
    """The manifest of a release or candidate."""
    return json.loads((release / "manifest.json").read_text(encoding="utf-8"))


def close_database(path: Path) -> None:
    """Fold the write-ahead log into the closed file and make it read-only.

    Raises ``ExportError`` when a log is left: DuckDB would replay it into whatever file bears the
    name later.
    """
    with duckdb.connect(str(path)) as connection:
        connection.execute("checkpoint")
    if path.with_name(path.name + ".wal").exists():
        raise ExportError(f"{path} still has a write-ahead log: another process has it open.")
    path.chmod(READ_ONLY)


def add_view(
    connection: duckdb.DuckDBPyConnection, mart: Mart, as_of: date, identifier: str
) -> None:
    """Make the published view of a table of ``DATA_SCHEMA``, with its comments.

    The view adds ``as_of`` and ``publication_id`` unless the table stores its own.
    """
    names = [
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? "
            "order by column_index",
            [DATA_SCHEMA, mart.name],
        ).fetchall()
    ]
    added = [
        f"{value} as {name}"
        for name, value in (
            ("as_of", f"date '{as_of.isoformat()}'"),
            ("publication_id", _text(identifier)),
        )
        if name not in names
    ]
    connection.execute(
        f"create view main.{mart.name} as "
        f"select {', '.join(['*', *added])} from {DATA_SCHEMA}.{mart.name}"
    )
    comments = {
        "as_of": "The day the figures are shown (S).",
        "publication_id": "The publication the row was read from.",
        **mart.column_descriptions,
    }
    for kind, schema, columns in (
        ("table", DATA_SCHEMA, names),
        ("view", "main", [*names, "as_of", "publication_id"]),
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


def _load_table(
    connection: duckdb.DuckDBPyConnection, parquet: Path, export: TableExport, as_of: date
) -> None:
    files = export.files
    if export.table == EVIDENCE:
        first = f"{as_of.year}-01-01"
        files = tuple(f for f in files if f.booking_month is None or f.booking_month >= first)
    # Without a file of this year the table is still there, empty, with its columns.
    paths = [str(parquet / file.path) for file in (files or export.files)]
    connection.execute(
        f"create table {DATA_SCHEMA}.{export.table} as "
        f"select * from read_parquet($paths, hive_partitioning = false)"
        + ("" if files else " limit 0"),
        {"paths": paths},
    )
    kept = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [DATA_SCHEMA, export.table],
    ).fetchall()
    changed = [
        f"{name} ({before} became {after})"
        for (name, before), (_, after) in zip(export.columns, kept, strict=True)
        if before != after
    ]
    if changed:
        raise ExportError(
            f"{export.table}: Parquet cannot hold the type of {', '.join(changed)}. "
            "Cast it in the last step of the model."
        )
    (rows,) = connection.execute(f"select count(*) from {DATA_SCHEMA}.{export.table}").fetchone()
    expected = sum(file.rows for file in files)
    if rows != expected:
        raise ExportError(
            f"{export.table}: {expected} rows were exported but {rows} arrived in the release. "
            f"Look at the files of {export.table} in {parquet}."
        )


def _export_ledger(build_path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with duckdb.connect(str(build_path), read_only=True) as connection:
        connection.execute(
            f"copy (select {', '.join(LEDGER_COLUMNS)} from raw.ledger "
            f"order by source, entity, extract_date, path, sha256) "
            f"to '{str(target).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)"
        )
    target.chmod(READ_ONLY)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
