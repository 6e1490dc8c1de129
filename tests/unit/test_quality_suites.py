"""The reviewed suites on a company of a few rows: green as it is, and red where it is broken.

Each defect below is one statement on the published tables and the rules that must notice it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.quality.judge import judge
from orchestration.quality.suites import AUDIT_TABLES, DELIVERY_SUITE, SUITES_FOLDER, read_suite
from orchestration.settings import PROJECT_ROOT
from tests.publication_support import settings_for

S = date(2026, 3, 3)

COMPANY = """
insert into budget_types by name
select
    id as budget_type_id, id as name_en, id as name_sv, id as definition_en, id as definition_sv,
    if(id in ('meetings_held', 'meetings_planned_next_14d', 'kam_customers_met_90d',
        'average_deal_value', 'customer_retention_rate', 'margin_per_meeting'), 'RATIO', 'SUM')
        as aggregation,
    'higher' as direction, 'distribute' as target_mode, 'flow' as time_shape, 'currency' as unit
from (select unnest($types) as id);

insert into reps by name
select 'r' || range as rep_id, 'Rep' as name, 'rep' as role, 1 as fte, true as is_employed,
    't1' as team_id, 'g1' as region_id
from range(1, 3);

insert into customers by name
select 'c' || range as customer_id, 'customer' as status, 'b2b' as sales_model,
    'r1' as owner_rep_id, false as is_internal
from range(20);

insert into products by name select 'p1' as product_id, 'Drinks' as product_category;

insert into calendar by name
select cast(date '2020-01-01' + interval (range) day as date) as date_day,
    cast(date_trunc('year', date '2020-01-01' + interval (range) day) as date) as year_start,
    isodow(date '2020-01-01' + interval (range) day) <= 5 as is_workday
from range(3653);

insert into org_nodes by name
select node_level, node_id, parent_node_id, date '2020-01-01' as valid_from,
    date '9999-12-31' as valid_to
from (values ('rep', 'r1', 't1'), ('rep', 'r2', 't1'), ('team', 't1', 'g1'),
    ('region', 'g1', 'company'), ('company', 'company', null),
    ('rep', 'unassigned', 'unassigned'), ('team', 'unassigned', 'unassigned'),
    ('region', 'unassigned', 'company')) as nodes(node_level, node_id, parent_node_id);

create temp table amounts as
select budget_type_id, rep_id, cast(amount as decimal(18, 4)) as amount
from (values
    ('signed_volume', 'r1', 1200000), ('new_business_volume', 'r1', 1200000),
    ('invoiced_revenue', 'r1', 100000), ('invoiced_revenue', 'r2', 50000),
    ('new_business_invoicing', 'r1', 100000), ('renewal_invoicing', 'r2', 50000),
    ('contribution_margin', 'r1', 40000), ('contribution_margin', 'r2', 20000)
) as amounts(budget_type_id, rep_id, amount);

insert into outcome_evidence by name
select budget_type_id, 'numerator' as part, 'default' as parameter_set_id,
    if(budget_type_id like '%volume', 'contract_line', 'invoice_line') as record_type,
    rep_id || '-' || if(budget_type_id like '%volume', 'c', 'i') as record_id,
    rep_id, date '2026-02-10' as event_date, date '2026-02-10' as booking_date,
    'revenue' as credit_type, amount, date '2026-02-01' as booking_month
from amounts;

insert into outcomes by name
with node_amounts as (
    select budget_type_id, 'rep' as node_level, rep_id as node_id, amount from amounts
    union all select budget_type_id, 'team', 't1', amount from amounts
    union all select budget_type_id, 'region', 'g1', amount from amounts
    union all select budget_type_id, 'company', 'company', amount from amounts
    union all select budget_type_id, 'company', 'company', 0 from budget_types
),
periods as (
    select * from (values
        ('month', date '2026-02-01', date '2026-03-01'),
        ('month', date '2026-03-01', date '2026-04-01'),
        ('year', date '2026-01-01', date '2027-01-01')
    ) as periods(period_type, period_start, period_end)
)
select budget_type_id, 'default' as parameter_set_id, node_level, node_id, 'reported' as basis,
    period_type, period_start, period_end,
    sum(if(period_start = '2026-03-01', 0, amount)) as numerator,
    sum(if(period_start = '2026-03-01', 0, amount)) as value,
    1 as record_count, false as is_closed, cast(date_trunc('month', period_start) as date)
    as booking_month
from node_amounts, periods
group by all;

insert into channel_sales by name
select outcomes.node_level, outcomes.node_id, date '2026-02-01' as month, channel,
    sum(if(budget_type_id = 'signed_volume' and channel in ('new', 'total'), numerator, 0))
        as volume,
    sum(case
        when channel = 'total' and budget_type_id = 'invoiced_revenue' then numerator
        when channel = 'new' and budget_type_id = 'new_business_invoicing' then numerator
        when channel = 'renewal' and budget_type_id = 'renewal_invoicing' then numerator
        else 0
    end) as invoicing
from outcomes,
    (values ('new'), ('renewal'), ('upsell'), ('win_back'), ('total')) as channels(channel)
where period_start = '2026-02-01'
group by all;

insert into volume_vs_invoicing by name
select 'k1' as contract_id, 0 as contract_year, date '2026-02-01' as year_start,
    date '2027-02-01' as year_end, 1200000 as signed_volume, 0 as cancelled, 100000 as invoiced,
    1100000 as not_yet_invoiced, 'running' as status;
"""

DEFECTS = {
    "delete from products": {"products.rows"},
    "insert into reps select * from reps where rep_id = 'r1'": {"reps.key"},
    "update customers set owner_rep_id = 'nobody' where customer_id = 'c0'": {
        "customers.owners_known"
    },
    "delete from calendar where date_day > date '2026-06-01'": {
        "calendar.rows",
        "calendar.reaches_ahead",
    },
    "update calendar set is_workday = false": {"calendar.workdays_plausible"},
    "update org_nodes set parent_node_id = 'gone' where node_id = 't1'": {
        "org_nodes.parents_exist"
    },
    "insert into org_nodes by name select 'rep' as node_level, 'r1' as node_id, "
    "'unassigned' as parent_node_id, date '2026-01-01' as valid_from, date '9999-12-31' "
    "as valid_to": {"org_nodes.one_team_at_a_time"},
    "update outcomes set numerator = numerator + 0.0001 where node_id = 'g1' "
    "and budget_type_id = 'invoiced_revenue'": {
        "outcomes.teams_add_up",
        "outcomes.channels_are_the_whole",
        "channel_sales.agrees_with_outcomes",
    },
    "delete from outcomes where node_id = 'r2' and budget_type_id = 'contribution_margin'": {
        "outcomes.reps_add_up"
    },
    "update outcomes set value = null where node_id = 'r1' and period_type = 'year'": {
        "outcomes.value_or_reason"
    },
    "update outcomes set value = null, reason_code = 'missing_rate' where node_id = 'company' "
    "and budget_type_id = 'invoiced_revenue'": {"outcomes.rates_present"},
    "delete from outcomes where budget_type_id = 'meetings_held'": {
        "outcomes.every_type_at_company"
    },
    "delete from outcomes where period_start = '2026-03-01'": {"outcomes.reaches_s"},
    "update outcome_evidence set amount = amount - 1 where budget_type_id = 'invoiced_revenue'": {
        "outcomes.evidence_explains"
    },
    "delete from outcome_evidence where budget_type_id = 'contribution_margin' and rep_id = 'r2'": {
        "outcome_evidence.uncosted_revenue"
    },
    "update outcome_evidence set event_date = date '2025-12-01'": {
        "outcome_evidence.late_registration"
    },
    "update channel_sales set volume = volume + 0.0001 where channel = 'upsell'": {
        "channel_sales.channels_add_up"
    },
    "delete from channel_sales where channel = 'win_back' and node_id = 'r1'": {
        "channel_sales.five_rows"
    },
    "update volume_vs_invoicing set not_yet_invoiced = 0": {"volume_vs_invoicing.adds_up"},
    "update volume_vs_invoicing set cancelled = 1300000, not_yet_invoiced = -200000": {
        "volume_vs_invoicing.cancelled_within_signed"
    },
}


def tables() -> dict[str, list[tuple[str, str]]]:
    """The published contract: table → columns and types."""
    path = PROJECT_ROOT / "models/marts/_marts__models.yml"
    models = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return {
        model["name"]: [(column["name"], column["data_type"]) for column in model["columns"]]
        for model in models
        if model["name"] not in AUDIT_TABLES
    }


def company(folder: Path) -> Path:
    """A release of the company in ``folder``, its tables in ``main`` and open to defects."""
    folder.mkdir(parents=True)
    (types,) = (
        rule.kwargs["value_set"]
        for rule in read_suite(SUITES_FOLDER / "budget_types.yml").rules
        if rule.id == "budget_types.types"
    )
    with duckdb.connect(str(folder / "utfall.duckdb")) as connection:
        for table, columns in tables().items():
            ddl = ", ".join(f'"{name}" {kind}' for name, kind in columns)
            connection.execute(
                f"create table {table} ({ddl}, as_of date default date '{S}', "
                "publication_id varchar default 'id')"
            )
        for statement in COMPANY.split(";"):
            if statement.strip():
                parameters = {"types": types} if "$types" in statement else {}
                connection.execute(statement, parameters)
    write_ledger(
        folder,
        f"('crm', 'reps', date '{S}', 'a', 10, 10, 0, 'loaded', null, "
        "timestamp '2026-03-02 22:00')",
    )
    return folder


def write_ledger(folder: Path, rows: str) -> None:
    (folder / "audit").mkdir(exist_ok=True)
    # Every entity is delivered, so that no rule is left out.
    duckdb.execute(
        f"""
        copy (
            select ledger.*, entity
            from (values {rows}) as ledger(source, first_entity, extract_date, path,
                rows_delivered, rows_loaded, rows_rejected, status, reason, extracted_at_max),
                (select unnest(
                    ['reps', 'customers', 'products', 'contracts', 'invoices']
                ) as entity)
        ) to '{folder}/audit/ingest_ledger.parquet' (format parquet)
        """
    )


def failed(folder: Path) -> set[str]:
    verdict = judge(settings_for(folder), folder, as_of=S)
    broken = [result for result in verdict.results if result.could_not_run]
    assert not broken, [(result.rule_id, result.observed) for result in broken]
    return {result.rule_id for result in verdict.results if not result.success}


def test_a_company_without_defects_is_green(tmp_path):
    assert failed(company(tmp_path / "release")) == set()


@pytest.mark.parametrize("batch", range(4))
def test_defects_are_noticed_by_their_rules(tmp_path, batch):
    """Several defects at a time, because a gate costs two seconds."""
    defects = list(DEFECTS)[batch::4]
    folder = company(tmp_path / "release")
    with duckdb.connect(str(folder / "utfall.duckdb")) as connection:
        for defect in defects:
            connection.execute(defect)
    noticed = failed(folder)
    unnoticed = {defect: DEFECTS[defect] - noticed for defect in defects}
    assert not any(unnoticed.values()), unnoticed


def test_deliveries_that_do_not_add_up_or_are_old_are_noticed(tmp_path):
    suite = read_suite(SUITES_FOLDER / f"{DELIVERY_SUITE}.yml")
    folder = company(tmp_path / "release")
    write_ledger(
        folder,
        """
        ('crm', 'reps', date '2026-02-20', 'a', 10, 9, 0, 'loaded', null,
            timestamp '2026-02-19 22:00'),
        ('crm', 'reps', date '2026-02-20', 'b', 0, 0, 0, 'rejected', null, null)
        """,
    )
    expected = {"rows_accounted_for", "files_have_a_fate", "something_new", "fresh_sources"}
    noticed = failed(folder) & {rule.id for rule in suite.rules}
    assert noticed == {f"delivery.{name}" for name in expected}
