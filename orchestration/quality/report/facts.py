"""What the report says about one night, gathered from its verdict and the audit's tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from orchestration.quality.judge import INGEST_TABLE, RuleResult, Verdict
from orchestration.quality.suites import DELIVERY_SUITE, suite_files
from orchestration.settings import PROJECT_ROOT

NIGHTS = 30
REGISTRY_SEED = PROJECT_ROOT / "seeds" / "registry" / "budget_type_registry.csv"
REASONS_SEED = PROJECT_ROOT / "seeds" / "quarantine_reasons.csv"


@dataclass(frozen=True)
class SourceNight:
    """A source on one night, as ``data_quality_trend`` has it."""

    source: str
    as_of: date
    is_published: bool
    rows_delivered: int
    rows_loaded: int
    rows_rejected: int
    rows_quarantined: int
    freshness_hours: Decimal | None
    rules_passed: int
    rules_failed: int
    rules_blocking: int


@dataclass(frozen=True)
class RowsToFix:
    """Rows of one entity that were set aside for one reason and not delivered anew since."""

    source: str
    entity: str
    reason_code: str
    reason: Mapping[str, str]
    what_to_do: Mapping[str, str]
    rows: int
    first_seen: date | None
    examples: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A file of the night that was not simply loaded: what became of it, and why."""

    source: str
    entity: str
    path: str
    status: str
    reason: str | None


@dataclass(frozen=True)
class Night:
    """One night for the report. ``shown`` is the day whose figures readers get now."""

    as_of: date
    run_id: str
    publication_id: str | None
    published_at: datetime | None
    kind: str
    shown: date | None
    shown_publication_id: str | None
    code_version: str | None
    currency: str
    alerts_go_to: tuple[str, ...]
    verdict: Verdict
    sources: tuple[SourceNight, ...]
    trend: tuple[SourceNight, ...]
    to_fix: tuple[RowsToFix, ...]
    files: tuple[File, ...]

    @property
    def failed(self) -> list[RuleResult]:
        """What does not hold: what blocks first, then by money and by rows."""
        return sorted(
            (result for result in self.verdict.results if not result.success),
            key=lambda r: (
                not r.blocks,
                -(r.amount_at_stake or 0),
                -(r.unexpected or 0),
                r.rule_id,
            ),
        )

    @property
    def state(self) -> str:
        """``green``, ``amber`` (figures of the day, with something to say of them) or ``red``."""
        if not self.verdict.is_green:
            return "amber" if self.shown == self.as_of else "red"
        return "amber" if self.verdict.warnings else "green"

    def amount_range(self) -> tuple[Decimal, Decimal] | None:
        """The least and the most money that can be at stake.

        Rules may speak of the same money: at least the largest of their amounts is at stake, and
        at most the sum of all.
        """
        amounts = [abs(r.amount_at_stake) for r in self.failed if r.amount_at_stake]
        return (max(amounts), sum(amounts, Decimal(0))) if amounts else None

    def rows_at_stake(self) -> list[tuple[str, int]]:
        """Published table → rows that break a rule, the most of any rule; most rows first."""
        found: dict[str, int] = {}
        for result in self.failed:
            if result.unexpected and result.table != INGEST_TABLE:
                found[result.table] = max(found.get(result.table, 0), result.unexpected)
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    def areas(self) -> list[tuple[str, str]]:
        """Each judged table with its worst state this night: ``ok``, ``warns`` or ``stops``."""
        state: dict[str, str] = {}
        for result in self.verdict.results:
            now = "ok" if result.success else "stops" if result.blocks else "warns"
            before = state.get(result.table, "ok")
            state[result.table] = max(before, now, key=("ok", "warns", "stops").index)
        state.setdefault(INGEST_TABLE, "ok")
        for path in suite_files():
            # A night that stopped before the gate has judged nothing.
            if path.stem != DELIVERY_SUITE and not self.verdict.is_green:
                state.setdefault(path.stem, "unjudged")
        order = {"stops": 0, "warns": 1, "unjudged": 2, "ok": 3}
        return sorted(state.items(), key=lambda item: (order[item[1]], item[0]))


@lru_cache
def type_names() -> dict[str, dict[str, str]]:
    """Budget type id → its name by language."""
    with REGISTRY_SEED.open(encoding="utf-8", newline="") as file:
        return {
            row["budget_type_id"]: {"en": row["name_en"], "sv": row["name_sv"]}
            for row in csv.DictReader(file)
        }


def read_night(
    connection: duckdb.DuckDBPyConnection,
    verdict: Verdict,
    *,
    as_of: date,
    run_id: str,
    currency: str,
    timezone: str,
    alerts_go_to: Sequence[str],
) -> Night:
    """Gather a night from the audit's tables in schema ``main`` of an open quality database.

    Times are shown in ``timezone``.
    """
    publication = _one(connection, "select * from publication")
    at = publication["published_at"]
    trend = tuple(
        SourceNight(**row)
        for row in _rows(
            connection,
            """
            select
                source, as_of, publication_id is not null as is_published, rows_delivered,
                rows_loaded, rows_rejected, rows_quarantined, freshness_hours, rules_passed,
                rules_failed, coalesce(rules_blocking, 0) as rules_blocking
            from data_quality_trend
            where as_of between $first and $as_of
            order by as_of, source
            """,
            {"first": as_of - timedelta(days=NIGHTS - 1), "as_of": as_of},
        )
    )
    return Night(
        as_of=as_of,
        run_id=run_id,
        publication_id=publication["publication_id"],
        published_at=at and at.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)),
        kind=publication["kind"],
        shown=publication["shown_as_of"],
        shown_publication_id=publication["shown_publication_id"],
        code_version=publication["code_version"],
        currency=currency,
        alerts_go_to=tuple(alerts_go_to),
        verdict=verdict,
        sources=tuple(night for night in trend if night.as_of == as_of),
        trend=trend,
        to_fix=_rows_to_fix(connection),
        files=_files(connection, as_of),
    )


def _rows_to_fix(connection: duckdb.DuckDBPyConnection) -> tuple[RowsToFix, ...]:
    texts = reasons()
    found = _rows(
        connection,
        f"""
        select
            source, entity, reason_code, count(*) as rows, min(first_seen) as first_seen,
            list_slice(
                list(coalesce(nullif(key, ''), file || ':' || line) order by file, line), 1, 3
            ) as examples
        from quarantine
        where {_open(connection)}
        group by all
        order by rows desc, source, entity, reason_code
        """,
    )
    return tuple(
        RowsToFix(
            source=row["source"],
            entity=row["entity"],
            reason_code=row["reason_code"],
            reason={
                la: texts.get(row["reason_code"], {}).get(f"text_{la}") or row["reason_code"]
                for la in ("en", "sv")
            },
            what_to_do={
                la: texts.get(row["reason_code"], {}).get(f"what_to_do_{la}") or ""
                for la in ("en", "sv")
            },
            rows=row["rows"],
            first_seen=row["first_seen"],
            examples=tuple(text for text in row["examples"] if text),
        )
        for row in found
    )


def _open(connection: duckdb.DuckDBPyConnection) -> str:
    """The condition on rows of ``quarantine`` that still wait for a good version."""
    columns = {
        column[0] for column in connection.execute("select * from quarantine limit 0").description
    }
    return "resolved_at is null" if "resolved_at" in columns else "true"


@lru_cache
def reasons() -> dict[str, dict[str, str]]:
    """Reason code of the quarantine → its texts."""
    with REASONS_SEED.open(encoding="utf-8", newline="") as file:
        return {row["reason_code"]: row for row in csv.DictReader(file)}


def write_rows_to_fix(connection: duckdb.DuckDBPyConnection, source: str, target: Path) -> int:
    """Write the open rows of a source as CSV for its owner; returns how many.

    For spreadsheets: with a byte-order mark and semicolons, as Swedish Excel reads it, and a cell
    that would be run as a formula is text. Raw rows stay in the restricted file.
    """
    safe = (
        "case when regexp_matches({0}, '^[\\s\\x00]*[=+\\-@|%\\t\\r]') "
        "then '''' || {0} else {0} end"
    )
    texts = ("text_en", "text_sv", "what_to_do_en", "what_to_do_sv")
    stored = {
        column[0] for column in connection.execute("select * from quarantine limit 0").description
    }
    cells = ["source", "entity", "file", "line", "key", "column_name", "reason_code", "first_seen"]
    selected = [
        f"{safe.format(f'cast({name} as varchar)')} as {name}"
        if name in stored
        else f"cast(null as varchar) as {name}"
        for name in cells
    ]
    (rows,) = connection.execute(
        f"""
        copy (
            select {", ".join(selected)}, {", ".join(f"reasons.{text}" for text in texts)}
            from quarantine
            left join read_csv('{_quoted(REASONS_SEED)}', header = true, all_varchar = true)
                as reasons using (reason_code)
            where source = $source and {_open(connection)}
            order by entity, file, line, reason_code
        ) to '{_quoted(target)}' (format csv, header, delimiter ';', quote '"', force_quote *)
        """,
        {"source": source},
    ).fetchone()
    target.write_bytes(b"\xef\xbb\xbf" + target.read_bytes())
    return rows


def _files(connection: duckdb.DuckDBPyConnection, as_of: date) -> tuple[File, ...]:
    """Files of the night's extracts that were not simply loaded."""
    return tuple(
        File(**row)
        for row in _rows(
            connection,
            """
            select source, entity, path, status, reason
            from ingest_ledger
            where extract_date = $as_of and status not in ('loaded', 'empty')
            order by source, entity, path
            """,
            {"as_of": as_of},
        )
    )


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    found = connection.execute(query, parameters or {})
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    (row,) = _rows(connection, query)
    return row


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
