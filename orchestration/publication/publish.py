"""Publish a judged release: prove the audit, complete the folder, freeze history, switch.

Every step before the record leaves nothing that a reader or a later run sees; the record makes the
night count; the switch follows from the records alone and can be made up for at any time. So a run
that is killed anywhere leaves the last publication whole, and the next one finishes or sweeps.
Where a Postgres server is configured, it has all rows before the record and switches first.

The caller holds the pipeline (``orchestration.lock.single_writer``).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.alerts import addressees
from orchestration.postgres.server import PostgresError
from orchestration.publication import history, to_postgres
from orchestration.publication.audit import Audit, PublicationRefused, prove, read_audit
from orchestration.publication.audit_tables import (
    QUALITY_LINK,
    AuditFacts,
    export_audit_table,
    marts_of_audit,
    write_audit_tables,
)
from orchestration.publication.export import NEVER_OPEN
from orchestration.publication.files import (
    READ_ONLY,
    fsync_folder,
    fsync_tree,
    link_or_copy,
    remove_tree,
    sha256_of,
    switch_link,
    write_json,
)
from orchestration.publication.history import ORIGINAL, RESTATEMENT, PublicationRecord
from orchestration.publication.marks import write_marks
from orchestration.publication.release import (
    DATA_SCHEMA,
    DATABASE,
    LEDGER_FILE,
    RESTRICTED_DATABASE,
    add_view,
    close_database,
    current_release,
    export_ledger,
    read_manifest,
    releases_folder,
)
from orchestration.quality.judge import Verdict
from orchestration.quality.report.facts import read_night
from orchestration.quality.report.pages import REPORTS, write_report
from orchestration.quality.suites import AUDIT_TABLES
from orchestration.settings import Settings

QUALITY_DATABASE = "utfall_quality.duckdb"
UNCHANGED = "unchanged"
NOT_PUBLISHED = "not_published"


@dataclass(frozen=True)
class PublishResult:
    """What publishing did.

    ``kind`` is ``original``, ``restatement`` or ``unchanged`` (the same id was published before);
    ``is_current`` says whether readers now get this release.
    """

    publication_id: str
    as_of: str
    kind: str
    release: Path
    is_current: bool
    text: str


def publish(settings: Settings, release: Path, audit_path: Path) -> PublishResult:
    """Publish the candidate in folder ``release`` if the audit record shows it green.

    The first green publication of an S is its original: its snapshots and scores are frozen, and it
    becomes ``current`` unless a newer S is. A different publication of the same S is kept beside it
    as a restatement: what it shows otherwise is written down for the nights to come, and nothing
    else changes. The same one again is a no-op. Raises
    ``PublicationRefused`` for anything that was not judged green as it lies there.
    """
    recover(settings)
    audit = read_audit(audit_path)
    final = releases_folder(settings) / f"{audit.as_of}-{audit.publication_id}"
    published = history.publication_records(settings)
    if audit.publication_id in published and final.exists() and audit.verdict.is_green:
        _same_content(release, final)
        return _result(settings, audit, UNCHANGED, final)
    if not release.exists():
        raise PublicationRefused(
            f"There is no release candidate {release}. Build and judge it first (`make nightly`)."
        )
    prove(release, audit)
    originals = history.original_nights(settings)
    is_original = audit.as_of not in {
        night.as_of for night in originals if night.publication_id != audit.publication_id
    }
    computed_later = bool(originals) and audit.as_of < originals[-1].as_of
    kind = ORIGINAL if is_original else RESTATEMENT
    published_at = datetime.now(UTC)
    counted = published.get(audit.publication_id)
    if counted is not None:
        # Its release went by retention: the folder comes back, its history was written then.
        kind, computed_later = counted.kind, counted.computed_later
        published_at = datetime.fromisoformat(counted.published_at)
        _complete(settings, release, final, audit, kind, computed_later, published_at)
        _bring_to_postgres(settings, final, audit.as_of, kind)
        recover(settings)
        return _result(settings, audit, kind, final)
    if final.exists():
        # Left whole by a run that was killed before its record.
        _same_content(release, final)
    else:
        _complete(settings, release, final, audit, kind, computed_later, published_at)
    _bring_to_postgres(settings, final, audit.as_of, kind)
    manifest = read_manifest(final)
    record = PublicationRecord(
        publication_id=audit.publication_id,
        as_of=audit.as_of,
        kind=kind,
        computed_later=computed_later,
        run_id=audit.run_id,
        published_at=published_at.isoformat(timespec="seconds"),
        code_version=manifest["code_version"],
        ledger_hash=manifest["ledger_hash"],
        history_hash=manifest["history_hash"],
        release_sha=audit.release_sha,
        frozen={},
        published_after="" if is_original else originals[-1].as_of,
    )
    if is_original:
        frozen = history.freeze(
            settings,
            final,
            date.fromisoformat(audit.as_of),
            audit.publication_id,
            computed_later=computed_later,
        )
    else:
        frozen = history.freeze_restatement(settings, final, record)
    history.record(settings, replace(record, frozen=frozen))
    recover(settings)
    return _result(settings, audit, kind, final)


def recover(settings: Settings) -> Path | None:
    """Point ``current`` at the original of the newest published S; returns that release.

    Readers of Postgres are pointed at the same, where it is configured. A run that was killed
    between its record and its switch is finished by this. ``current`` never moves to an older S,
    whatever the records say. Raises ``PublicationRefused`` where Postgres cannot follow; then the
    files stay with what they show, too.
    """
    link = settings.published / "current"
    shown = current_release(settings)
    wanted = shown
    for night in reversed(history.original_nights(settings)):
        target = releases_folder(settings) / f"{night.as_of}-{night.publication_id}"
        if not target.exists():
            continue
        if shown is None or read_manifest(shown)["as_of"] <= night.as_of:
            wanted = target.resolve()
        break
    if wanted is not None:
        with _or_refused(settings, read_manifest(wanted)["as_of"]):
            to_postgres.show_publication(settings, wanted)
        if wanted != shown:
            switch_link(link, wanted)
    return wanted


@contextmanager
def _or_refused(settings: Settings, as_of: str) -> Iterator[None]:
    try:
        yield
    except PostgresError as problem:
        shown = current_release(settings)
        stands = read_manifest(shown)["as_of"] if shown else "no publication"
        raise PublicationRefused(
            f"{as_of} cannot be published to Postgres: {problem} Readers of the files and of "
            f"Postgres keep what they have ({stands}); run the same S again once that is put right."
        ) from problem


def _bring_to_postgres(settings: Settings, final: Path, as_of: str, kind: str) -> None:
    """Load what readers are going to get; a restatement or an older S stays in the files."""
    nights = history.original_nights(settings)
    if kind == ORIGINAL and (not nights or nights[-1].as_of <= as_of):
        with _or_refused(settings, as_of):
            to_postgres.load_publication(settings, final)


def publish_quality(
    settings: Settings,
    verdict: Verdict,
    *,
    as_of: date,
    run_id: str,
    candidate: Path | None = None,
    build_path: Path | None = None,
    result: PublishResult | None = None,
) -> Path:
    """Write the audit's tables and the report to ``published/quality``, green or red, and switch.

    ``candidate`` is the judged release where one was built; without it the ledger is read from
    ``build_path`` where there is one. ``result`` is what ``publish`` returned, None when it refused
    or was not asked. Returns the folder readers now get.
    """
    folder = settings.published / "quality"
    stage = folder / f".building-{run_id}"
    remove_tree(stage)
    (stage / "parquet").mkdir(parents=True)
    manifest = _manifest_of(candidate, result)
    is_published = result is not None
    facts = AuditFacts(
        run_id=run_id,
        as_of=as_of,
        publication_id=result.publication_id if is_published else None,
        published_at=_published_at(settings, result),
        kind=result.kind if is_published else NOT_PUBLISHED,
        computed_later=_computed_later(settings, result),
        code_version=manifest.get("code_version"),
        ledger_hash=manifest.get("ledger_hash"),
        history_hash=manifest.get("history_hash"),
        tables=manifest.get("tables", {}),
        **_shown(settings),
    )
    ledger, quarantine = _inputs(stage, candidate, build_path, result)
    database = stage / QUALITY_DATABASE
    with duckdb.connect(str(database)) as connection:
        write_audit_tables(
            connection,
            "main",
            settings,
            facts,
            verdict,
            ledger=ledger,
            quarantine=quarantine,
            with_later_nights=True,
        )
        for table in AUDIT_TABLES:
            export_audit_table(connection, "main", table, stage / "parquet" / f"{table}.parquet")
        write_report(
            stage / REPORTS,
            connection,
            read_night(
                connection,
                verdict,
                as_of=as_of,
                run_id=run_id,
                currency=settings.company_currency,
                timezone=settings.timezone,
                alerts_go_to=addressees(settings),
            ),
            earlier=(folder / QUALITY_LINK).resolve() / REPORTS,
            keep_days=settings.keep_report_days,
            language=settings.report_language,
        )
    close_database(database)
    restricted = candidate / RESTRICTED_DATABASE if candidate else None
    if restricted is not None and restricted.exists():
        # Rows as delivered, for those who have to find them in their source tonight.
        link_or_copy(restricted, stage / RESTRICTED_DATABASE)
    shutil.rmtree(stage / "inputs", ignore_errors=True)
    fsync_tree(stage)
    final = folder / f"{as_of}-{run_id}"
    if final.exists():
        # A stage that is run again in the same run: readers of the first keep what they opened.
        final = folder / f"{as_of}-{run_id}-{os.getpid()}-{len(list(folder.iterdir()))}"
    stage.rename(final)
    fsync_folder(folder)
    switch_link(folder / QUALITY_LINK, final)
    return final


def _complete(
    settings: Settings,
    release: Path,
    final: Path,
    audit: Audit,
    kind: str,
    computed_later: bool,
    published_at: datetime,
) -> None:
    """Make the folder ``final`` from the judged candidate, in one rename.

    The candidate stays as it was judged, so that a killed publish can be run again.
    """
    stage = releases_folder(settings) / f".publishing-{audit.run_id}"
    remove_tree(stage)
    manifest = read_manifest(release)
    for path in sorted((release / "parquet").rglob("*.parquet")):
        link_or_copy(path, stage / path.relative_to(release))
    database = stage / DATABASE
    shutil.copyfile(release / DATABASE, database)
    if sha256_of(database) != manifest["database"]["sha256"]:
        raise PublicationRefused(f"{release / DATABASE} changed while it was being copied.")
    link_or_copy(release / RESTRICTED_DATABASE, stage / RESTRICTED_DATABASE)
    facts = AuditFacts(
        run_id=audit.run_id,
        as_of=date.fromisoformat(audit.as_of),
        publication_id=audit.publication_id,
        published_at=published_at.replace(tzinfo=None),
        kind=kind,
        computed_later=computed_later,
        code_version=manifest["code_version"],
        ledger_hash=manifest["ledger_hash"],
        history_hash=manifest["history_hash"],
        tables=manifest["tables"],
        shown_as_of=date.fromisoformat(audit.as_of),
        shown_publication_id=audit.publication_id,
    )
    quarantine = release / "parquet" / "quarantine.parquet"
    (stage / "parquet" / "quarantine.parquet").unlink(missing_ok=True)
    marts = marts_of_audit()
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop view if exists main.quarantine")
        connection.execute(f"drop table if exists {DATA_SCHEMA}.quarantine")
        write_audit_tables(
            connection,
            DATA_SCHEMA,
            settings,
            facts,
            audit.verdict,
            ledger=release / LEDGER_FILE,
            quarantine=quarantine,
            with_later_nights=False,
        )
        write_marks(connection, DATA_SCHEMA, audit.verdict)
        for table in AUDIT_TABLES:
            add_view(connection, marts[table], facts.as_of, audit.publication_id)
            path = stage / "parquet" / f"{table}.parquet"
            rows = export_audit_table(connection, DATA_SCHEMA, table, path)
            manifest["tables"][table] = {
                "rows": rows,
                "columns": _columns(connection, table),
                "order_by": list(marts[table].order_by),
                "files": [
                    {
                        "path": path.name,
                        "sha256": sha256_of(path),
                        "rows": rows,
                        "partition": None,
                    }
                ],
            }
    close_database(database)
    for table in AUDIT_TABLES:
        # What publish itself wrote is no longer what the candidate's files held.
        manifest["database"]["tables"].pop(f"{DATA_SCHEMA}.{table}", None)
    manifest["database"]["sha256"] = sha256_of(database)
    manifest.update(
        kind=kind,
        computed_later=computed_later,
        gate_verdict="green",
        published_at=published_at.isoformat(timespec="seconds"),
        release_sha=audit.release_sha,
    )
    write_json(stage / "manifest.json", manifest)
    (stage / "manifest.json").chmod(READ_ONLY)
    fsync_tree(stage)
    stage.rename(final)
    fsync_folder(final.parent)


def _same_content(release: Path, final: Path) -> None:
    """Refuse two contents under one id: then something else than the four inputs decides figures.

    Raises ``PublicationRefused`` naming the tables whose Parquet differs.
    """
    if not (release / "manifest.json").exists():
        return
    before, now = (_all_tables(read_manifest(folder)) for folder in (final, release))
    differing = sorted(
        table
        for table in {*before, *now} - set(AUDIT_TABLES)
        if _hashes(before.get(table)) != _hashes(now.get(table))
    )
    if differing:
        raise PublicationRefused(
            f"{final.name} has been made before from the same extracts, code and history, but "
            f"{', '.join(differing)} came out differently this time. Nothing was changed. Look for "
            "an order that is not total, or for something read from the clock, in these models."
        )


def _all_tables(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The entries of all tables, those of the restricted file under a name of their own."""
    restricted = manifest["restricted"]["tables"]
    return {
        **{table: entry for table, entry in manifest["tables"].items()},
        **{f"{table} (restricted)": entry for table, entry in restricted.items()},
    }


def _hashes(entry: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    return [(file["path"], file["sha256"]) for file in (entry or {}).get("files", ())]


def _result(settings: Settings, audit: Audit, kind: str, final: Path) -> PublishResult:
    current = current_release(settings)
    is_current = current == final.resolve()
    shown = read_manifest(current)["as_of"] if current else "nothing"
    if kind == UNCHANGED:
        text = f"{audit.as_of} was published before with the same id: nothing to do."
    elif is_current:
        text = f"Published {audit.as_of} as {audit.publication_id}; readers get it from now on."
    elif kind == RESTATEMENT:
        text = (
            f"{audit.as_of} had been published before and stands; this run is kept beside it as "
            f"restatement {audit.publication_id}."
        )
    else:
        text = f"Published {audit.as_of} as {audit.publication_id}; readers stay with {shown}."
    return PublishResult(audit.publication_id, audit.as_of, kind, final, is_current, text)


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[list[str]]:
    return [
        list(row)
        for row in connection.execute(
            "select column_name, data_type from duckdb_columns() "
            "where schema_name = ? and table_name = ? order by column_index",
            [DATA_SCHEMA, table],
        ).fetchall()
    ]


def _manifest_of(candidate: Path | None, result: PublishResult | None) -> Mapping[str, Any]:
    folders: Iterable[Path | None] = (result.release if result else None, candidate)
    for folder in folders:
        if folder is not None and (folder / "manifest.json").exists():
            return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {}


def _published_at(settings: Settings, result: PublishResult | None) -> datetime | None:
    record = result and history.publication_records(settings).get(result.publication_id)
    if not record:
        return None
    return datetime.fromisoformat(record.published_at).astimezone(UTC).replace(tzinfo=None)


def _shown(settings: Settings) -> dict[str, Any]:
    """What readers get now: the day and id of ``current``."""
    current = current_release(settings)
    if current is None:
        return {}
    manifest = read_manifest(current)
    return {
        "shown_as_of": date.fromisoformat(manifest["as_of"]),
        "shown_publication_id": manifest["publication_id"],
    }


def _computed_later(settings: Settings, result: PublishResult | None) -> bool:
    record = result and history.publication_records(settings).get(result.publication_id)
    return bool(record and record.computed_later)


def _inputs(
    stage: Path, candidate: Path | None, build_path: Path | None, result: PublishResult | None
) -> tuple[Path | None, Path | None]:
    """The ledger and quarantine of the run as Parquet, from the furthest stage it reached."""
    if candidate is not None and (candidate / LEDGER_FILE).exists():
        return candidate / LEDGER_FILE, candidate / "parquet" / "quarantine.parquet"
    if result is not None:
        parquet = result.release / "parquet"
        return parquet / "ingest_ledger.parquet", parquet / "quarantine.parquet"
    if build_path is None or not build_path.exists():
        return None, None
    inputs = stage / "inputs"
    inputs.mkdir()
    export_ledger(build_path, inputs / "ledger.parquet")
    with duckdb.connect(str(build_path), read_only=True) as connection:
        columns = [
            name
            for (name,) in connection.execute(
                "select column_name from duckdb_columns() "
                "where database_name = current_database() "
                "and schema_name = 'marts' and table_name = 'quarantine' order by column_index"
            ).fetchall()
            if name not in NEVER_OPEN
        ]
        if columns:
            target = str(inputs / "quarantine.parquet").replace(chr(39), chr(39) * 2)
            connection.execute(
                f"copy (select {', '.join(columns)} from marts.quarantine) to '{target}' "
                "(format parquet)"
            )
    return inputs / "ledger.parquet", inputs / "quarantine.parquet"
