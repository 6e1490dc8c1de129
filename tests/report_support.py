"""Nights for the report: an open quality database with a month behind it, and verdicts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb

from orchestration.publication.audit_tables import (
    _LEDGER_TYPES,
    _PUBLICATION_COLUMNS,
    _TREND_COLUMNS,
    _ddl,
)
from orchestration.quality.judge import RuleResult, Verdict
from orchestration.quality.report.facts import Night, read_night
from tests.publication_support import result_for

S = date(2026, 3, 3)
SHOWN = date(2026, 3, 2)

MISSING = RuleResult(
    rule_id="delivery.missing.crm.activities",
    table="ingest_ledger",
    severity="critical",
    owner="crm-administration",
    source="crm",
    success=False,
    could_not_run=False,
    checked=None,
    unexpected=None,
    amount_at_stake=None,
    text_en="crm has not delivered activities for 2026-03-03; the extract of 2026-03-02 is used.",
    text_sv="crm har inte levererat activities för 2026-03-03; extraktet från 2026-03-02 används.",
    budget_type_ids=("meetings_held", "meetings_planned_next_14d"),
)
BROKEN = result_for(
    "outcomes",
    rule_id="outcomes.channels_are_the_whole",
    owner="sales-operations",
    source="utfall",
    success=False,
    checked=182_400,
    unexpected=12,
    amount_at_stake=Decimal("1234567.89"),
    text_en="The four channels add up to signed volume and to invoiced revenue.",
    text_sv="De fyra kanalerna summerar till försäljningsvolymen och till faktureringen.",
    budget_type_ids=("signed_volume",),
)
WARNED = result_for(
    "meetings",
    rule_id="meetings.guests_registered",
    severity="warning",
    owner="crm-administration",
    success=False,
    checked=1204,
    unexpected=232,
    text_en="Most held meetings have somebody from the customer registered.",
    text_sv="De flesta hållna möten har någon från kunden registrerad.",
)
HOLDS = tuple(
    result_for(table, rule_id=f"{table}.rows")
    for table in ("customers", "products", "reps", "meetings", "outcomes", "channel_sales")
)
GREEN = Verdict(HOLDS)
AMBER = Verdict((*HOLDS, WARNED))
RED = Verdict((*HOLDS, WARNED, BROKEN, MISSING))


def quality_database(verdict: Verdict, *, shown: date | None = SHOWN) -> duckdb.DuckDBPyConnection:
    """The audit's tables after 30 nights, in memory."""
    connection = duckdb.connect()
    green = verdict.is_green
    shown = S if green else shown
    connection.execute(f"create table publication ({_ddl(_PUBLICATION_COLUMNS)})")
    connection.execute(
        "insert into publication by name select $id as publication_id, $s as as_of, "
        "$kind as kind, case when $green then timestamp '2026-03-03 04:12:00' end as published_at, "
        "'4b0214c' as code_version, $shown as shown_as_of, 'abc123' as shown_publication_id",
        {
            "id": "abc123" if green else None,
            "s": S,
            "kind": "original" if green else "not_published",
            "green": green,
            "shown": shown,
        },
    )
    connection.execute(f"create table data_quality_trend ({_ddl(_TREND_COLUMNS)})")
    connection.execute(
        """
        insert into data_quality_trend by name
        select
            source, cast($s - n::integer as date) as as_of,
            case when n not in (9, 10) and (n > 0 or $green) then 'p' || n end as publication_id,
            rows_delivered, rows_delivered - n % 3 as rows_loaded, n % 3 as rows_rejected,
            case when source = 'crm' then 3 + n % 5 else n % 2 end as rows_quarantined,
            0 as rows_superseded, 2.5 + n % 2 as freshness_hours, 40 as rules_passed,
            case when n in (9, 10) then 2 when n % 6 = 4 then 1 else 0 end
                + case when n = 0 then $failed else 0 end as rules_failed,
            case when n in (9, 10) then 1 when n = 0 then $blocking else 0 end as rules_blocking
        from
            (values ('crm', 5210), ('erp', 18377), ('utfall', 0)) as sources(
                source, rows_delivered
            ),
            range(30) as nights(n)
        """,
        {
            "s": S,
            "green": green,
            "failed": len([r for r in verdict.results if not r.success]),
            "blocking": len(verdict.blocking),
        },
    )
    connection.execute(
        "create table ingest_ledger ("
        + ", ".join(f"{name} {kind}" for name, kind in _LEDGER_TYPES.items())
        + ")"
    )
    connection.execute(
        "insert into ingest_ledger by name select 'erp' as source, 'invoices' as entity, "
        "$s as extract_date, 'erp/invoices/2026-03-03/a.csv' as path, 'rejected' as status, "
        "'The file is cut off.' as reason",
        {"s": S},
    )
    connection.execute(
        """
        create table quarantine as
        select * from (values
            ('crm', 'contracts', 'crm/contracts/2026-03-03/contracts.jsonl', 17, 'K-1007',
                'cast_date', 'signed_at', 'text', date '2026-03-03', cast(null as date)),
            ('crm', 'contracts', 'crm/contracts/2026-03-03/contracts.jsonl', 67, 'K-1061',
                'cast_date', 'signed_at', 'text', date '2026-03-03', null),
            ('crm', 'customers', 'crm/customers/2026-03-03/customers.csv', 4,
                '=HYPERLINK("x")', 'missing_required', '@name', 'text', date '2026-03-01', null),
            ('erp', 'invoice_lines', 'erp/invoice_lines/2026-03-03/a.csv', 99,
                '-2+3', 'cast_decimal', 'amount', 'text', date '2026-03-03', null),
            ('erp', 'invoice_lines', 'erp/invoice_lines/2026-03-01/a.csv', 5, 'I-5',
                'cast_decimal', 'amount', 'text', date '2026-03-01', date '2026-03-02')
        ) as rows(source, entity, file, line, key, reason_code, column_name, reason_text,
            first_seen, resolved_at)
        """
    )
    return connection


def night(
    connection: duckdb.DuckDBPyConnection, verdict: Verdict, run_id: str = "0a1b2c3d"
) -> Night:
    """The night of S as the report sees it."""
    return read_night(
        connection,
        verdict,
        as_of=S,
        run_id=run_id,
        currency="SEK",
        timezone="Europe/Stockholm",
        alerts_go_to=("webhook",),
    )
