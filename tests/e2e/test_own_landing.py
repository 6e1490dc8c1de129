"""A landing that somebody else wrote by hand, with six entities only, in the canonical format.

Its one contract is the catalogue's example: 1.2 million a year, signed in March, is 1,200,000 of
volume on that day and 100,000 of invoicing a month (C6, C7).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.support.nights import Company, Night, published, rows

S = date(2025, 10, 4)
DELIVERED = str(S)

REPS_CSV = """\
rep_id,name,role,hire_date,fte,country,calendar_id,recorded_at,extracted_at
anna,Anna Öberg,kam,2020-01-01,1,SE,SE,2020-01-01T08:00:00Z,2025-10-03T20:00:00Z
bo,Bo Åkesson,rep,2021-01-01,1,SE,SE,2021-01-01T08:00:00Z,2025-10-03T20:00:00Z
"""

CUSTOMERS_CSV = """\
customer_id,name,status,sales_model,recorded_at,extracted_at
K1,"Brödernas Livs, Umeå",customer,b2b,2025-01-10T08:00:00Z,2025-10-03T20:00:00Z
"""

CONTRACTS = [
    {
        "contract_id": "A1",
        "customer_id": "K1",
        "owner_rep_id": "anna",
        "signed_at": "2025-03-15",
        "start_date": "2025-04-01",
        "end_date": "2026-04-01",
        "term_months": 12,
        "status": "active",
        "currency": "SEK",
        "recorded_at": "2025-03-15T15:00:00Z",
        "extracted_at": "2025-10-03T20:00:00Z",
    }
]

CONTRACT_LINES = [
    {
        "contract_line_id": "A1-1",
        "contract_id": "A1",
        "product_category": "coffee",
        "annual_value": 1200000,
        "recorded_at": "2025-03-15T15:00:00Z",
        "extracted_at": "2025-10-03T20:00:00Z",
    }
]

INVOICED_MONTHS = [date(2025, month, 1) for month in range(4, 10)]


def invoices_csv() -> str:
    """An invoice on the fifth of each month."""
    lines = [
        "invoice_id,customer_id,invoice_date,doc_type,status,currency,recorded_at,extracted_at"
    ]
    for month in INVOICED_MONTHS:
        day = month.replace(day=5)
        lines.append(
            f"F{month:%m},K1,{day},invoice,posted,SEK,{day}T18:00:00Z,2025-10-03T20:00:00Z"
        )
    return "\n".join(lines) + "\n"


def invoice_lines() -> list[dict[str, object]]:
    """One line on each invoice: a twelfth of the year."""
    return [
        {
            "invoice_line_id": f"F{month:%m}-1",
            "invoice_id": f"F{month:%m}",
            "qty": 1,
            "net_amount": "100000.00",
            "cost_amount": "60000.00",
            "cost_currency": "SEK",
            "contract_line_id": "A1-1",
            "recorded_at": f"{month.replace(day=5)}T18:00:00Z",
            "extracted_at": "2025-10-03T20:00:00Z",
        }
        for month in INVOICED_MONTHS
    ]


def deliver(landing: Path) -> None:
    """Write the six entities the way a stranger would: one file and a ``_SUCCESS`` each."""

    def jsonl(records: list[dict[str, object]]) -> str:
        return "".join(json.dumps(record) + "\n" for record in records)

    for source, entity, name, text in (
        ("crm", "reps", "reps.csv", REPS_CSV),
        ("crm", "customers", "export 1.csv", CUSTOMERS_CSV),
        ("crm", "contracts", "contracts.jsonl", jsonl(CONTRACTS)),
        ("crm", "contract_lines", "contract_lines.jsonl", jsonl(CONTRACT_LINES)),
        ("erp", "invoices", "invoices.csv", invoices_csv()),
        ("erp", "invoice_lines", "invoice_lines.jsonl", jsonl(invoice_lines())),
    ):
        folder = landing / source / entity / DELIVERED
        folder.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
        (folder / "_SUCCESS").touch()


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Night]:
    """The company after its first night."""
    root = tmp_path_factory.mktemp("stranger")
    deliver(root / "landing")
    company = Company(root / "home", {"UTFALL_LANDING": str(root / "landing")})
    return company, company.run_green(S)


@pytest.fixture
def release(stranger: tuple[Company, Night]) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the stranger's company published."""
    with published(stranger[0].current) as connection:
        yield connection


def company_months(
    release: duckdb.DuckDBPyConnection, budget_type_id: str
) -> dict[date, tuple[Decimal | None, str | None]]:
    """Value and reason per month from 2025 on at the company, reported."""
    return {
        month: (value, reason)
        for month, value, reason in rows(
            release,
            "select period_start, value, reason_code from outcomes where budget_type_id = ? and "
            "node_level = 'company' and basis = 'reported' and period_type = 'month' and "
            "period_start >= date '2025-01-01'",
            [budget_type_id],
        )
    }


def test_the_landing_is_left_as_it_was_delivered(stranger):
    company, _ = stranger
    landing = Path(company.variables["UTFALL_LANDING"])
    assert sorted(str(p.relative_to(landing)) for p in landing.rglob("*") if p.is_file()) == sorted(
        f"{folder}/{DELIVERED}/{name}"
        for folder, file in (
            ("crm/reps", "reps.csv"),
            ("crm/customers", "export 1.csv"),
            ("crm/contracts", "contracts.jsonl"),
            ("crm/contract_lines", "contract_lines.jsonl"),
            ("erp/invoices", "invoices.csv"),
            ("erp/invoice_lines", "invoice_lines.jsonl"),
        )
        for name in (file, "_SUCCESS")
    )


def test_c6_a_contract_of_1_2_million_is_1_2_million_of_volume_the_day_it_is_signed(release):
    evidence = rows(
        release,
        "select event_date, rep_id, amount from outcome_evidence "
        "where budget_type_id = 'signed_volume'",
    )
    assert evidence == [(date(2025, 3, 15), "anna", Decimal(1_200_000))]
    months = company_months(release, "signed_volume")
    assert {month: value for month, (value, _) in months.items() if value} == {
        date(2025, 3, 1): Decimal(1_200_000)
    }
    ((rep_value,),) = rows(
        release,
        "select value from outcomes where budget_type_id = 'signed_volume' and node_level = 'rep' "
        "and node_id = 'anna' and basis = 'reported' and period_type = 'month' "
        "and period_start = '2025-03-01'",
    )
    assert rep_value == Decimal(1_200_000)


def test_c7_the_same_contract_is_100_000_of_invoicing_a_month(release):
    months = company_months(release, "invoiced_revenue")
    assert {month: value for month, (value, _) in months.items() if value} == {
        month: Decimal(100_000) for month in INVOICED_MONTHS
    }
    ((volume, invoiced, remaining),) = rows(
        release,
        "select signed_volume, invoiced, not_yet_invoiced from volume_vs_invoicing "
        "where contract_id = 'A1'",
    )
    assert (volume, invoiced, remaining) == (1_200_000, 600_000, 600_000)


@pytest.mark.parametrize(
    "budget_type_id",
    ["meetings_held", "meetings_planned_next_14d", "kam_customers_met_90d", "margin_per_meeting"],
)
def test_what_was_not_delivered_is_no_source_and_not_zero(release, budget_type_id):
    ever = rows(
        release,
        "select distinct value from outcomes where budget_type_id = ? and basis = 'reported'",
        [budget_type_id],
    )
    tonight = rows(
        release,
        "select distinct reason_code from outcomes where budget_type_id = ? and basis = 'reported' "
        f"and node_level = 'company' and date '{S}' >= period_start and date '{S}' < period_end",
        [budget_type_id],
    )
    assert (ever, tonight) == ([(None,)], [("no_source",)])


def test_the_only_warnings_are_the_entities_that_were_never_delivered(release):
    failed = rows(release, "select severity, rule_id from data_quality_results where not success")
    assert {severity for severity, _ in failed} == {"warning"}
    assert {rule.removeprefix("delivery.never_delivered.") for _, rule in failed} == {
        "crm.activities",
        "crm.activity_participants",
        "erp.exchange_rates",
        "erp.products",
    }


def test_entities_that_were_not_delivered_are_empty_tables(release):
    assert rows(release, "select count(*) from products") == [(0,)]


def test_a_night_without_teams_and_calendar_still_has_the_company_node(release):
    assert rows(
        release,
        "select node_id, value from outcomes where budget_type_id = 'signed_volume' "
        "and node_level = 'team' and basis = 'reported' and period_type = 'year'",
    ) == [("unassigned", Decimal(1_200_000))]
