"""Ten nights built one upon the other are the same tables as the last of them built from nothing.

The days cross the closing of February, and one of the incremental runs covers two days because the
night between was never run. To what the demo company changes by itself come contracts recorded
late, invoice lines corrected, meetings deleted and campaigns prolonged, in months that have closed;
and absences recorded late, reps who leave, budgets and targets that are revised.
Nothing is published here, so that the test costs what ingest and dbt cost.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.assets.build import close_build, open_build
from orchestration.demo import ensure_deliveries
from orchestration.ingest import ingest_all
from orchestration.manifest import load_manifest
from orchestration.settings import Settings
from orchestration.warehouse import BuildPlan, mark_green, prepare_warehouse
from tests.support.nights import Company, rows
from tests.unit.dbt_harness import run_dbt

FIRST, SKIPPED, LAST = date(2026, 3, 3), date(2026, 3, 7), date(2026, 3, 13)
NIGHTS = [
    day for n in range((LAST - FIRST).days + 1) if (day := FIRST + timedelta(days=n)) != SKIPPED
]

CHANGED_ON = date(2026, 3, 10)

RECODED_BEFORE = date(2026, 3, 9)

ABOUT_THE_RUN = {
    "int_core__changed_customers",
    "int_core__context",
    "int_core__rebuild",
    "int_outcomes__dimension_periods",
    "int_outcomes__late_changes",
    "int_outcomes__late_rows",
    "int_outcomes__standing_figures",
    "int_outcomes__touched_periods",
    "int_planning__settled_bases",
}
"""Tables that say how the run was made (its base, what it rebuilt), and differ by meaning."""

CHANGES = {
    "crm/contracts": """
        select * replace (
            'LATE-' || contract_id as contract_id, 'LATE-' || contract_id as source_id,
            date '2026-02-10' as signed_at, date '2026-03-01' as start_date,
            null as end_date, 12 as term_months, 'signed' as status, null as renews_contract_id,
            null as opportunity_id, '{recorded}' as created_recorded_at
        )
        from (from read_json('{first}/crm/contracts/2026-03-02/*.jsonl')
            where contract_id in (select contract_id from lines))
        """,
    "crm/contract_lines": """
        select * replace (
            'LATE-' || contract_id as contract_id,
            'LATE-' || contract_line_id as contract_line_id,
            'LATE-' || contract_line_id as source_id, '{recorded}' as created_recorded_at
        )
        from lines
        """,
    "erp/invoice_lines": """
        select lines.* replace (round(lines.net_amount * 0.9, 2) as net_amount)
        from read_parquet('{first}/erp/invoice_lines/2026-03-02/*.parquet') as lines
        inner join read_parquet('{first}/erp/invoices/2026-03-02/*.parquet') as invoices
            using (invoice_id)
        where
            invoices.status = 'posted'
            and invoices.invoice_date between date '2025-11-01' and date '2026-02-28'
        order by lines.invoice_line_id
        limit 20
        """,
    "crm/activities": """
        select * replace (true as is_deleted)
        from read_json('{first}/crm/activities/2026-03-02/*.jsonl')
        where status = 'held' and start_at between '2025-11-01' and '2026-02-28'
        order by activity_id
        limit 20
        """,
    "crm/campaigns": """
        select * replace (end_date_excl + 3 as end_date_excl)
        from read_csv('{first}/crm/campaigns/2026-03-02/*.csv')
        where start_date between date '2026-01-01' and date '2026-02-28'
        """,
    # Known before the year's plans were settled, and delivered now.
    "crm/rep_absences": """
        select distinct on (rep_id) * replace (
            date '2026-02-18' as date, rep_id || '|2026-02-18' as source_id,
            '2025-12-10T08:00:00Z' as created_recorded_at
        )
        from read_csv('{first}/crm/rep_absences/2026-03-02/*.csv')
        order by rep_id
        limit 10
        """,
    "crm/reps": """
        select * replace (date '2026-03-20' as leave_date)
        from read_csv('{first}/crm/reps/2026-03-02/*.csv')
        where role in ('rep', 'kam') and leave_date is null and hire_date < date '2025-01-01'
        order by rep_id
        limit 2
        """,
    "crm/budgets": """
        select * replace (company_target * 1.1 as company_target)
        from read_json('{first}/crm/budgets/2026-03-02/*.jsonl')
        where
            period_start = date '2026-01-01' and period_end_excl = date '2027-01-01'
            and company_target is not null and status = 'approved'
        order by budget_id
        limit 3
        """,
    "crm/budget_targets": """
        select * replace (
            version + 1 as version, target + 1 as target, date '2026-04-01' as valid_from,
            source_id || '|late' as source_id, '{recorded}' as created_recorded_at
        )
        from read_json('{first}/crm/budget_targets/2026-03-02/*.jsonl')
        where month >= date '2026-04-01' and month < date '2026-07-01' and is_locked
        order by source_id
        limit 6
        """,
}
"""Rows that reach back into closed months and settled plans, and changes of plans that hold from
April on, made from rows of the first delivery, per entity."""


WITH_MEMORY = [
    "--select",
    "+config.materialized:incremental,path:models/core",
    "+config.materialized:incremental,path:models/staging",
    "+path:models/outcomes",
    "+outcomes",
    "+outcomes_by_dimension",
    "+path:models/planning",
    "+int_scoring__figure_parts",
]
"""What a later night starts from: every model that keeps rows, and all that these are made of."""


@dataclass(frozen=True)
class TwoBuilds:
    """The last night built upon nine others, and built from nothing."""

    company: Company
    plans: list[BuildPlan]
    incremental: Path
    full: Path


def deliver_changes(landing: Path) -> None:
    """Lay one more file with ``CHANGES`` into the deliveries of ``CHANGED_ON``."""
    recorded = f"{CHANGED_ON - timedelta(days=1)}T17:00:00Z"
    with duckdb.connect() as connection:
        connection.execute(
            "create temp table lines as "
            f"from read_json('{landing}/crm/contract_lines/2026-03-02/*.jsonl') "
            "order by contract_line_id limit 5"
        )
        for entity, query in CHANGES.items():
            target = landing / entity / str(CHANGED_ON) / "changes.jsonl"
            rows_changed = query.format(first=landing, recorded=recorded)
            connection.execute(
                f"copy (select * replace ('{recorded}' as recorded_at, "
                f"'{CHANGED_ON}T00:00:00Z' as extracted_at) from ({rows_changed})) "
                f"to '{target}' (format json)"
            )


def build(settings: Settings, as_of: date, run_id: str, mode: str, target: Path) -> BuildPlan:
    """Ingest and build one night without gate and publication; returns its plan.

    Any night but the last builds ``WITH_MEMORY`` alone.
    """
    ingest_all(settings, as_of)
    plan = prepare_warehouse(settings, as_of, run_id, mode)
    opened = open_build(settings, plan.path)
    arguments = ["build", "--exclude-resource-type", "unit_test", "test"]
    run_dbt(
        *arguments,
        *([] if as_of == LAST else WITH_MEMORY),
        *(["--full-refresh"] if plan.is_full else []),
        build_file=opened,
        target_path=target,
    )
    close_build(settings)
    return plan


def pretend_other_code(settings: Settings) -> None:
    """Make the base look as if its types, outcomes and marts had been built by other SQL."""
    path = settings.work / "base.json"
    base = json.loads(path.read_text())
    nodes = load_manifest()["nodes"].values()
    below = [
        node["name"]
        for node in nodes
        if node["resource_type"] == "model"
        and node["fqn"][1] in ("budget_types", "outcomes", "marts")
    ]
    base["models"] |= dict.fromkeys(below, "other code")
    path.write_text(json.dumps(base))


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> TwoBuilds:
    """Ten nights one upon the other, then the last one again in full."""
    root = tmp_path_factory.mktemp("ten_nights")
    company = Company(root / "home")
    settings = company.settings()
    ensure_deliveries(settings.landing, LAST, seed=settings.seed, scale=settings.scale)
    deliver_changes(settings.landing)
    plans = []
    for number, as_of in enumerate(NIGHTS):
        if as_of == RECODED_BEFORE:
            pretend_other_code(settings)
        plan = build(settings, as_of, f"night{number}", "auto", root / "target")
        mark_green(settings, plan)
        plans.append(plan)
    incremental = root / "incremental.duckdb"
    shutil.copyfile(plans[-1].path, incremental)
    full = build(settings, LAST, "full", "full", root / "target")
    return TwoBuilds(company, plans, incremental, full.path)


@pytest.fixture
def side_by_side(builds: TwoBuilds) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both builds attached, as ``incremental`` and ``whole``."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{builds.incremental}' as incremental (read_only)")
        connection.execute(f"attach '{builds.full}' as whole (read_only)")
        yield connection


def tables_of(connection: duckdb.DuckDBPyConnection, database: str) -> set[tuple[str, str]]:
    """Schema and name of every table dbt built."""
    return set(
        rows(
            connection,
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = ? and schema_name <> 'raw'",
            [database],
        )
    )


def test_nine_of_ten_nights_start_from_the_one_before(builds: TwoBuilds):
    assert [plan.is_full for plan in builds.plans] == [True, *[False] * 9]
    assert [plan.base_as_of for plan in builds.plans[1:]] == NIGHTS[:-1]


def test_all_that_keeps_rows_is_built_every_night(tmp_path: Path):
    """But `scores`: its frozen nights come from publication (tests/e2e/test_score_nights.py)."""
    nodes = load_manifest()["nodes"]
    kept = {
        unique_id
        for unique_id, node in nodes.items()
        if node["config"]["materialized"] == "incremental"
    }
    told = run_dbt(
        *("ls", "--output", "json", "--output-keys", "unique_id", *WITH_MEMORY),
        build_file=Path(":memory:"),
        target_path=tmp_path,
    )
    built = {json.loads(line)["unique_id"] for line in told.stdout.splitlines()}
    assert kept - built == {"model.utfall.scores"}


def test_one_of_the_nights_is_built_by_other_code(builds: TwoBuilds):
    (plan,) = [plan for plan in builds.plans if plan.rebuilt]
    assert plan.as_of == RECODED_BEFORE
    assert {"bt_invoiced_revenue", "int_outcomes__sums", "outcomes"} <= set(plan.rebuilt)
    assert "fct_invoice_line_credits" not in plan.rebuilt


def test_one_of_the_nights_covers_two_days(builds: TwoBuilds):
    (plan,) = [plan for plan in builds.plans if plan.as_of == SKIPPED + timedelta(days=1)]
    assert {day for _, _, day in plan.changed} == {SKIPPED, plan.as_of}


def test_late_corrected_and_deleted_rows_reach_back_into_closed_months(side_by_side):
    """They are booked after the close, as rows of their own, and only they are."""
    ((late,), (corrected,), (deleted,)) = (
        rows(side_by_side, query)[0]
        for query in (
            "select count(distinct contract_line_id) from whole.core.fct_contract_year_credits "
            "where contract_id like 'LATE-%' and event_date = '2026-02-10' "
            "and booking_date >= '2026-03-01'",
            "select count(distinct invoice_line_id) from whole.core.fct_invoice_line_credits "
            "where event_date < '2026-02-01' and booking_month = '2026-03-01' and net_amount < 0",
            "select count(*) from whole.staging.base_canonical__activities "
            "where is_deleted and start_at < '2026-03-01'",
        )
    )
    assert late == 5
    assert corrected > 5
    assert deleted >= 20


def test_late_absences_leavers_and_revisions_reach_the_plans(side_by_side):
    """What is settled of a plan is kept from night to night, until something of it changes."""
    planning = "whole.planning.int_planning__"
    ((absent,), (left,), (revised,), (locked,)) = (
        rows(side_by_side, query)[0]
        for query in (
            f"select count(distinct rep_id) from {planning}rep_time "
            "where month_start = '2026-02-01' and absent_days > 0",
            f"select count(distinct leaver_id) from {planning}successions "
            "where month_start >= '2026-04-01'",
            f"select count(distinct budget_id) from {planning}revisions "
            "where kind = 'budget_changed' and valid_from = '2026-04-01'",
            f"select count(*) from {planning}hand_targets "
            "where not is_of_plan and is_locked and valid_from = '2026-04-01'",
        )
    )
    assert absent >= 5
    assert left >= 1
    assert revised == 3
    assert locked >= 1
    ((kept,),) = rows(
        side_by_side,
        "select count(*) from incremental.planning.int_planning__settled_bases "
        "where is_settled and has_settled_facts",
    )
    assert kept > 100


def test_ten_incremental_nights_are_the_full_rebuild_of_the_last(side_by_side):
    built = tables_of(side_by_side, "whole")
    assert built == tables_of(side_by_side, "incremental")
    assert {schema for schema, _ in built} >= {"staging", "core", "outcomes", "marts"}
    compared = sorted(
        (schema, name)
        for schema, name in built
        if schema in ("core", "budget_types", "outcomes", "planning", "marts")
        and name not in ABOUT_THE_RUN
    )
    differing = {}
    for schema, name in compared:
        columns = ", ".join(
            f'"{column}"'
            for (column,) in rows(
                side_by_side,
                "select column_name from duckdb_columns() where database_name = 'whole' "
                "and schema_name = ? and table_name = ? order by column_index",
                [schema, name],
            )
        )
        one, other = (
            f"select {columns} from {database}.{schema}.{name}"
            for database in ("incremental", "whole")
        )
        ((only_here, only_there),) = rows(
            side_by_side,
            f"select (select count(*) from ({one} except all {other})), "
            f"(select count(*) from ({other} except all {one}))",
        )
        if only_here or only_there:
            differing[f"{schema}.{name}"] = (only_here, only_there)
    assert not differing, f"rows only in the incremental build, only in the full one: {differing}"
    assert len(compared) >= 30


def test_the_figures_compared_are_not_empty(side_by_side):
    for table in ("marts.outcomes", "core.fct_invoice_line_credits", "outcomes.int_outcomes__sums"):
        ((count,),) = rows(side_by_side, f"select count(*) from whole.{table}")
        assert count > 1000, table
