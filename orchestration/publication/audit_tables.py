"""The five tables the audit writes: what was published, judged, delivered and set aside.

They go into the release and, green or red, into ``published/quality``. Rows of earlier nights in
``data_quality_results`` and ``data_quality_trend`` keep the ``as_of`` and ``publication_id`` they
were first written with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from orchestration.publication.export import Mart
from orchestration.publication.files import READ_ONLY
from orchestration.publication.release import (
    ACCOUNT_COLUMNS,
    LEDGER_COLUMNS,
    rename_quarantine,
)
from orchestration.quality.judge import Verdict
from orchestration.quality.report.words import LANGUAGES, first_sentence
from orchestration.settings import Settings

QUALITY_LINK = "current"

_RESULT_COLUMNS = {
    "run_id": ("varchar", "The run that judged."),
    "as_of": ("date", "The day the judged figures are for (S)."),
    "publication_id": ("varchar", "The publication that was judged; empty when it was not made."),
    "rule_id": ("varchar", "The rule, as named in expectations/."),
    "table": ("varchar", "The published table the rule judges."),
    "severity": ("varchar", "critical blocks the publication, warning publishes with a mark."),
    "owner": ("varchar", "Who answers for the rule and puts the data right."),
    "source": ("varchar", "The source system the data comes from."),
    "success": ("boolean", "Whether the rule holds."),
    "could_not_run": ("boolean", "Whether the check failed to run; that blocks, always."),
    "checked": ("bigint", "Rows checked."),
    "unexpected": ("bigint", "Rows that break the rule."),
    "amount_at_stake": ("decimal(18,4)", "Company currency behind the rows that break the rule."),
    "text_en": ("varchar", "What the rule says, in English."),
    "text_sv": ("varchar", "What the rule says, in Swedish."),
    "observed": ("varchar", "What was seen, or why the check could not run."),
    "budget_type_ids": (
        "varchar",
        "Budget types whose figures a failed rule concerns, separated by blanks; empty where it "
        "concerns all of the table.",
    ),
}

_TREND_COLUMNS = {
    "source": ("varchar", "The source system; `utfall` for rules on what the warehouse computes."),
    "as_of": ("date", "The night (S)."),
    "publication_id": ("varchar", "The night's publication; empty when the gate was red."),
    "rows_delivered": ("bigint", "Rows in the extracts new since the night before."),
    "rows_loaded": ("bigint", "Of these, rows loaded."),
    "rows_rejected": ("bigint", "Of these, rows or lines that could not be read."),
    "rows_quarantined": ("bigint", "Loaded rows of these extracts that staging set aside."),
    "rows_superseded": ("bigint", "Rows of files that a corrected delivery replaced."),
    "freshness_hours": (
        "decimal(9,2)",
        "Hours from the source's newest extraction to S 00:00 local time; 0 when it is later.",
    ),
    "rules_passed": ("bigint", "Rules on the source's data that hold."),
    "rules_failed": ("bigint", "Rules that do not hold or could not run."),
    "rules_blocking": ("bigint", "Of these, rules that kept the night from being published."),
}

_PUBLICATION_COLUMNS = {
    "publication_id": ("varchar", "Hash of S, the extracts, the code and the frozen history."),
    "as_of": ("date", "The day the figures are shown (S)."),
    "published_at": ("timestamp", "When it was published (UTC); empty when the gate was red."),
    "run_id": ("varchar", "The run that made it."),
    "kind": ("varchar", "original, restatement of an S published before, or not_published."),
    "computed_later": ("boolean", "Whether S was already past when it was first published."),
    "code_version": ("varchar", "Git commit of the code, and a hash of changes to it."),
    "ledger_hash": ("varchar", "Hash of all extracts up to S."),
    "history_hash": ("varchar", "Hash of the history frozen on nights before S."),
    "gate_verdict": ("varchar", "green or red."),
    "rules_run": ("bigint", "Rules that were judged."),
    "rules_warning": ("bigint", "Rules that failed and publish with a mark."),
    "rows_per_table": ("varchar", "Rows of each table in the Parquet files (JSON)."),
    "hash_per_table": ("varchar", "Hash of each table's Parquet files (JSON)."),
    "evidence_in_database_from": (
        "date",
        "utfall.duckdb holds outcome_evidence from this month on; older months are in Parquet.",
    ),
    "shown_as_of": ("date", "The day whose figures readers get now; older than as_of after a red."),
    "shown_publication_id": ("varchar", "The publication that readers get now."),
    "sentence_en": ("varchar", "Whether today's figures can be trusted, in one sentence."),
    "sentence_sv": ("varchar", "The same in Swedish."),
}

_LEDGER_TYPES = {
    "source": "varchar",
    "entity": "varchar",
    "extract_date": "date",
    "path": "varchar",
    "sha256": "varchar",
    "bytes": "bigint",
    "rows_delivered": "bigint",
    "rows_loaded": "bigint",
    "rows_rejected": "bigint",
    **dict.fromkeys(ACCOUNT_COLUMNS, "bigint"),
    "status": "varchar",
    "reason": "varchar",
    "schema_changes": "varchar",
    "load_mode": "varchar",
    "extracted_at_max": "timestamp",
}

_LEDGER_TEXTS = {
    "source": "The source system.",
    "entity": "The entity the file holds.",
    "extract_date": "The date of the extract.",
    "path": "The file, relative to the landing.",
    "sha256": "Hash of the file's bytes.",
    "bytes": "Size of the file as delivered.",
    "rows_delivered": "Rows in the file.",
    "rows_loaded": "Rows loaded.",
    "rows_rejected": "Rows or lines that could not be read; delivered = loaded + rejected.",
    "rows_current": "Of the loaded rows, those that are the newest of their key as of S.",
    "rows_superseded": "Of the loaded rows, those that a newer row of the same key replaced.",
    "rows_deleted": "Of the loaded rows, the newest of keys that have been deleted.",
    "rows_quarantined": "Of the loaded rows, those set aside; with the other three all of them.",
    "status": "loaded, duplicate, replaced, rejected or empty.",
    "reason": "Why the file is not used, or not wholly, in words.",
    "schema_changes": "Columns that came or went since the extract before (JSON).",
    "load_mode": "full (missing rows have been deleted) or incremental.",
    "extracted_at_max": "The newest extraction time in the file (UTC).",
}

_QUARANTINE_COLUMNS = {
    "source": ("varchar", "The source system."),
    "entity": ("varchar", "The entity the row belongs to."),
    "file": ("varchar", "The delivered file."),
    "line": ("bigint", "The line in the file, where the format has lines."),
    "key": ("varchar", "The row's key, as far as it could be read."),
    "reason_code": ("varchar", "Why the row was set aside, as a code."),
    "reason_text": ("varchar", "Why the row was set aside, in words."),
    "first_seen": ("date", "The extract in which the row was first set aside."),
    "resolved_at": ("date", "The extract that brought a good version, if one has."),
}

DESCRIPTIONS = {
    "publication": "One row: this publication.",
    "data_quality_results": "One row is a rule in one run of the gate.",
    "data_quality_trend": "One row is a source on one night.",
    "ingest_ledger": "One row is a delivered file.",
    "quarantine": "One row is a delivered row that was set aside.",
}

_TEXTS = {
    "publication": {name: text for name, (_, text) in _PUBLICATION_COLUMNS.items()},
    "data_quality_results": {name: text for name, (_, text) in _RESULT_COLUMNS.items()},
    "data_quality_trend": {name: text for name, (_, text) in _TREND_COLUMNS.items()},
    "ingest_ledger": _LEDGER_TEXTS,
    "quarantine": {name: text for name, (_, text) in _QUARANTINE_COLUMNS.items()},
}

_ORDER = {
    "publication": ("publication_id",),
    "data_quality_results": ("as_of", "run_id", "rule_id"),
    "data_quality_trend": ("as_of", "source"),
    "ingest_ledger": ("source", "entity", "extract_date", "path", "sha256"),
}


@dataclass(frozen=True)
class AuditFacts:
    """What the tables say about the run. ``publication_id`` is None when nothing was published."""

    run_id: str
    as_of: date
    publication_id: str | None
    published_at: datetime | None
    kind: str
    computed_later: bool
    code_version: str | None
    ledger_hash: str | None
    history_hash: str | None
    tables: Mapping[str, Mapping[str, Any]]
    """The ``tables`` of the release's manifest; empty when no release was built."""
    shown_as_of: date | None = None
    shown_publication_id: str | None = None


def marts_of_audit() -> dict[str, Mart]:
    """The five tables with their comments, in the form ``add_view`` takes."""
    return {
        name: Mart(name, _ORDER.get(name, ()), f"{DESCRIPTIONS[name]} Audience: all.", _TEXTS[name])
        for name in DESCRIPTIONS
    }


def write_audit_tables(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    settings: Settings,
    facts: AuditFacts,
    verdict: Verdict,
    *,
    ledger: Path | None,
    quarantine: Path | None,
    with_later_nights: bool,
) -> None:
    """Create the five tables in ``schema`` of an open database.

    ``ledger`` and ``quarantine`` are Parquet files of the run (None: the run did not get so far,
    and the table is empty). Earlier nights come from ``published/quality/current``; nights after
    ``facts.as_of`` only where asked for, because a release knows nothing of the days after its S.
    """
    _write_ledger(connection, schema, ledger)
    _write_quarantine(connection, schema, quarantine)
    _write_results(connection, schema, settings, facts, verdict, with_later_nights)
    _write_trend(connection, schema, settings, facts, with_later_nights)
    _write_publication(connection, schema, facts, verdict)


def export_audit_table(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, target: Path
) -> int:
    """Write one of the tables as Parquet in the order of its key; returns the rows."""
    order = ", ".join(f'"{name}"' for name in _ORDER.get(table, ())) or "all"
    (rows,) = connection.execute(
        f"copy (select * from {schema}.{table} order by {order}) to '{_quoted(target)}' "
        "(format parquet, compression zstd)"
    ).fetchone()
    target.chmod(READ_ONLY)
    return rows


def _write_ledger(connection: duckdb.DuckDBPyConnection, schema: str, ledger: Path | None) -> None:
    columns = ", ".join(f"{name} {_LEDGER_TYPES[name]}" for name in LEDGER_COLUMNS)
    connection.execute(f"create table {schema}.ingest_ledger ({columns})")
    if ledger is not None and ledger.exists():
        connection.execute(
            f"insert into {schema}.ingest_ledger by name "
            f"select {', '.join(LEDGER_COLUMNS)} from read_parquet('{_quoted(ledger)}')"
        )


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection, schema: str, quarantine: Path | None
) -> None:
    if quarantine is not None and quarantine.exists():
        connection.execute(
            f"create table {schema}.quarantine as "
            f"select * from read_parquet('{_quoted(quarantine)}')"
        )
        rename_quarantine(connection, schema)
    else:
        connection.execute(f"create table {schema}.quarantine ({_ddl(_QUARANTINE_COLUMNS)})")


def _write_results(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    settings: Settings,
    facts: AuditFacts,
    verdict: Verdict,
    with_later_nights: bool,
) -> None:
    table = f"{schema}.data_quality_results"
    connection.execute(f"create table {table} ({_ddl(_RESULT_COLUMNS)})")
    _keep_earlier(connection, table, _RESULT_COLUMNS, settings, facts, with_later_nights)
    connection.execute(f"delete from {table} where run_id = ?", [facts.run_id])
    rows = [
        [
            facts.run_id,
            facts.as_of,
            facts.publication_id,
            result.rule_id,
            result.table,
            result.severity,
            result.owner,
            result.source,
            result.success,
            result.could_not_run,
            result.checked,
            result.unexpected,
            result.amount_at_stake,
            result.text_en,
            result.text_sv,
            result.observed,
            " ".join(result.budget_type_ids),
        ]
        for result in verdict.results
    ]
    if rows:
        places = ", ".join("?" for _ in _RESULT_COLUMNS)
        connection.executemany(f"insert into {table} values ({places})", rows)


def _keep_earlier(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, Any],
    settings: Settings,
    facts: AuditFacts,
    with_later_nights: bool,
) -> None:
    """Take over the rows of earlier nights, as far back as ``keep_quality_days`` before S.

    A column that the file of earlier code does not have yet is empty in its rows.
    """
    earlier = _earlier(settings, table.rpartition(".")[2])
    if earlier is None:
        return
    source = f"read_parquet('{_quoted(earlier)}')"
    stored = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    first = facts.as_of - timedelta(days=settings.keep_quality_days)
    connection.execute(
        f"insert into {table} by name select {_names(c for c in columns if c in stored)} "
        f"from {source} where as_of >= ?" + ("" if with_later_nights else " and as_of <= ?"),
        [first] if with_later_nights else [first, facts.as_of],
    )


def _write_trend(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    settings: Settings,
    facts: AuditFacts,
    with_later_nights: bool,
) -> None:
    table = f"{schema}.data_quality_trend"
    connection.execute(f"create table {table} ({_ddl(_TREND_COLUMNS)})")
    _keep_earlier(connection, table, _TREND_COLUMNS, settings, facts, with_later_nights)
    # A night that was red and is run again is replaced; one that was published stands.
    published = connection.execute(
        f"select count(*) from {table} where as_of = ? and publication_id is not null",
        [facts.as_of],
    ).fetchone()[0]
    if published:
        return
    connection.execute(f"delete from {table} where as_of = ?", [facts.as_of])
    connection.execute(
        f"""
        insert into {table} by name
        with since as (
            select coalesce(max(as_of), date '0001-01-01') as night
            from {table}
            where as_of < $as_of
        ),
        deliveries as (
            select
                source,
                sum(rows_delivered) filter (where is_new) as rows_delivered,
                sum(rows_loaded) filter (where is_new) as rows_loaded,
                sum(rows_rejected) filter (where is_new) as rows_rejected,
                sum(rows_loaded) filter (where is_new and status = 'replaced') as rows_superseded,
                max(extracted_at_max) as newest
            from (
                select *, extract_date > since.night as is_new
                from {schema}.ingest_ledger, since
                where extract_date <= $as_of
            ) as ledger
            group by source
        ),
        set_aside as (
            select quarantine.source, count(*) as rows_quarantined
            from {schema}.quarantine as quarantine
            where quarantine.file in (
                select path from {schema}.ingest_ledger, since where extract_date > since.night
            )
            group by quarantine.source
        ),
        rules as (
            select
                trim(source) as source,
                count(*) filter (where success) as rules_passed,
                count(*) filter (where not success) as rules_failed,
                count(*) filter (where blocks) as rules_blocking
            from (
                select
                    unnest(string_split(source, ',')) as source,
                    success,
                    could_not_run or (not success and severity <> 'warning') as blocks
                from {schema}.data_quality_results
                where run_id = $run_id
            ) as by_source
            group by 1
        )
        select
            source,
            cast($as_of as date) as as_of,
            cast($publication_id as varchar) as publication_id,
            coalesce(rows_delivered, 0) as rows_delivered,
            coalesce(rows_loaded, 0) as rows_loaded,
            coalesce(rows_rejected, 0) as rows_rejected,
            coalesce(rows_quarantined, 0) as rows_quarantined,
            coalesce(rows_superseded, 0) as rows_superseded,
            case when newest is not null then
                cast(
                    greatest(0, date_diff('minute', newest, cast($cut_off as timestamp))) / 60
                    as decimal(9, 2)
                )
            end as freshness_hours,
            coalesce(rules_passed, 0) as rules_passed,
            coalesce(rules_failed, 0) as rules_failed,
            coalesce(rules_blocking, 0) as rules_blocking
        from deliveries
        full join set_aside using (source)
        full join rules using (source)
        """,
        {
            "as_of": facts.as_of,
            "run_id": facts.run_id,
            "publication_id": facts.publication_id,
            "cut_off": cut_off_utc(settings, facts.as_of),
        },
    )


def _write_publication(
    connection: duckdb.DuckDBPyConnection, schema: str, facts: AuditFacts, verdict: Verdict
) -> None:
    table = f"{schema}.publication"
    connection.execute(f"create table {table} ({_ddl(_PUBLICATION_COLUMNS)})")
    rows_per_table = {name: entry["rows"] for name, entry in facts.tables.items()}
    hash_per_table = {
        name: entry["files"][0]["sha256"]
        if len(entry["files"]) == 1
        else {file["path"]: file["sha256"] for file in entry["files"]}
        for name, entry in facts.tables.items()
    }
    values = [
        facts.publication_id,
        facts.as_of,
        facts.published_at,
        facts.run_id,
        facts.kind,
        facts.computed_later,
        facts.code_version,
        facts.ledger_hash,
        facts.history_hash,
        "green" if verdict.is_green else "red",
        len(verdict.results),
        len(verdict.warnings),
        json.dumps(rows_per_table, sort_keys=True),
        json.dumps(hash_per_table, sort_keys=True),
        date(facts.as_of.year, 1, 1),
        facts.shown_as_of,
        facts.shown_publication_id,
        *(
            first_sentence(verdict, facts.as_of, facts.shown_as_of, language)
            for language in LANGUAGES
        ),
    ]
    places = ", ".join("?" for _ in values)
    connection.execute(f"insert into {table} values ({places})", values)


def cut_off_utc(settings: Settings, as_of: date) -> datetime:
    """S 00:00 in the company's time zone, as UTC without a zone."""
    local = datetime(as_of.year, as_of.month, as_of.day, tzinfo=ZoneInfo(settings.timezone))
    return local.astimezone(UTC).replace(tzinfo=None)


def _earlier(settings: Settings, table: str) -> Path | None:
    folder = settings.published / "quality" / QUALITY_LINK
    path = folder.resolve() / "parquet" / f"{table}.parquet"
    return path if path.exists() else None


def _ddl(columns: Mapping[str, tuple[str, str]]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, (kind, _) in columns.items())


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
