"""The checks are tested: for every rule of every suite there is data that must break it.

A kind of expectation on a column is broken the way the column can be; every query and every other
rule has a statement of its own below. A rule without one fails, and so does one that stays green.
Each rule is judged alone, on a copy of a sound company with one thing wrong.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.publication.audit_tables import _LEDGER_TYPES
from orchestration.quality.judge import RuleResult, judge_deliveries, judge_tables, types_by_entity
from orchestration.quality.months import MONTHLY_TABLES, Answered
from orchestration.quality.suites import DELIVERY_SUITE, Rule, Suite, read_suite, suite_files
from tests.unit.test_quality_suites import DEFECTS, S, company

RULES = {rule.id: rule for path in suite_files() for rule in read_suite(path).rules}

ON_COLUMNS: dict[str, Callable[[Rule], str]] = {
    "expect_column_values_to_not_be_null": lambda r: (
        f"update {r.table} set {r.kwargs['column']} = null "
        f"where rowid = (select min(rowid) from {r.table})"
    ),
    "expect_column_values_to_be_in_set": lambda r: (
        f"update {r.table} set {r.kwargs['column']} = 'no such word' "
        f"where rowid = (select min(rowid) from {r.table})"
    ),
    "expect_column_values_to_be_unique": lambda r: (
        f"insert into {r.table} select * from {r.table} limit 1"
    ),
    "expect_compound_columns_to_be_unique": lambda r: (
        f"insert into {r.table} select * from {r.table} limit 1"
    ),
    "expect_table_row_count_to_be_between": lambda r: f"delete from {r.table}",
    "expect_column_max_to_be_between": lambda r: (
        f"update {r.table} set {r.kwargs['column']} = {r.kwargs['column']} - interval 1 day"
    ),
    "expect_column_values_to_be_between": lambda r: (
        f"update {r.table} set {r.kwargs['column']} = {r.kwargs['max_value']} + 1 "
        f"where rowid = (select min(rowid) from {r.table})"
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": lambda r: (
        f"update {r.table} set {r.kwargs['column_A']} = "
        f"{r.kwargs['column_B']} - interval 1 day "
        f"where rowid = (select min(rowid) from {r.table})"
    ),
}
"""How each kind of expectation on columns is broken; as_of moves a day, which is another night."""

BREAKS = {
    **{rule_id: defect for defect, rule_ids in DEFECTS.items() for rule_id in rule_ids},
    "budgets.channels_make_the_company": (
        "update budget_types set measures = 'volume'; "
        "update budgets set company_target = 99, divided_target = 100 where budget_id = 'b5'"
    ),
    "budget_types.types": "delete from budget_types where budget_type_id = 'meetings_held'",
    # A year whose deals are in outcomes and not here at all.
    "channel_lead_times.agrees_with_outcomes": (
        "insert into outcomes by name select 'signed_deal_count' as budget_type_id, 'default' as "
        "parameter_set_id, 'company' as node_level, 'company' as node_id, 'restated' as basis, "
        "'year' as period_type, date '2024-01-01' as period_start, 3 as numerator"
    ),
    "customers.no_jump_overnight": (
        "delete from customers where customer_id in ('c17', 'c18', 'c19')"
    ),
    "customers.customers_without_owner": "update customers set owner_rep_id = 'unassigned'",
    "invoice_control.as_of": "update invoice_control set as_of = as_of - interval 1 day",
    "invoice_control.lines_make_the_header": (
        "update invoice_control set invoices_differing = 1, lines_total = 149999, difference = 1"
    ),
    "invoice_control.most_of_the_money_is_there": (
        "update invoice_control set invoices_differing = 1, difference = 7500.01"
    ),
    "change_log.as_of": "update change_log set as_of = as_of - interval 1 day",
    "gaming_signals.as_of": "update gaming_signals set as_of = as_of - interval 1 day",
    "kpi_hygiene.as_of": "update kpi_hygiene set as_of = as_of - interval 1 day",
    "training_effect.as_of": "update training_effect set as_of = as_of - interval 1 day",
    "gaming_signals.reps_known": "update gaming_signals set rep_id = 'gone'",
    "meetings.customers_known": "update meetings set customer_id = 'gone'",
    "my_kpis.as_of": "update my_kpis set as_of = as_of - interval 1 day",
    "my_kpis.reps_known": "update my_kpis set rep_id = 'gone' where rep_id = 'r2'",
    "org_nodes.one_company": (
        "insert into org_nodes by name select 'company' as node_level, 'second' as node_id, "
        "date '2020-01-01' as valid_from, date '9999-12-31' as valid_to"
    ),
    "outcome_evidence.types_known": "update outcome_evidence set budget_type_id = 'no_such_type'",
    "outcome_evidence.reps_known": "update outcome_evidence set rep_id = 'gone'",
    "outcome_evidence.amount_or_key": (
        "update outcome_evidence set amount = null, distinct_key = null"
    ),
    "outcomes.types_known": (
        "update outcomes set budget_type_id = 'no_such_type' where node_id = 'r1'"
    ),
    "outcomes.nodes_known": "delete from org_nodes where node_id = 'r2'",
    "outcomes.closed_months_stand": (
        "update outcomes set numerator = numerator + 0.0001 where node_level = 'company' "
        "and period_type = 'month' and budget_type_id = 'invoiced_revenue'"
    ),
    "outcomes.no_jump_overnight": (
        "update outcomes set numerator = numerator + 60000 where node_level = 'company' "
        "and basis = 'restated' and period_start = date '2026-01-01'"
    ),
    "outcomes.unassigned_share": (
        "insert into outcomes by name select * replace ('rep' as node_level, 'unassigned' "
        "as node_id, 20000 as numerator) from outcomes where node_level = 'company' "
        "and period_type = 'year' and basis = 'reported' and budget_type_id = 'invoiced_revenue'"
    ),
    "products.cost_plausible": "update products set standard_cost = -1, currency = 'SEK'",
    "profile_scores.as_of": "update profile_scores set as_of = as_of + interval 1 day",
    "renewals_due.as_of": "update renewals_due set as_of = as_of - interval 1 day",
    "renewals_due.customers_known": "update renewals_due set customer_id = 'gone'",
    "reps.fte_plausible": "update reps set fte = 5",
    "reps.leave_after_hire": (
        "update reps set hire_date = date '2026-02-02', leave_date = date '2026-02-01'"
    ),
    "reps.reps_without_team": "update reps set team_id = 'unassigned'",
    "team_view.as_of": "update team_view set as_of = as_of - interval 1 day",
    # The ledger has the last eight days, 100 rows each.
    "delivery.rows_accounted_for": "update ledger set rows_loaded = rows_loaded - 1",
    "delivery.rows_have_a_fate": "update ledger set rows_current = 89",
    "delivery.columns_stay": """update ledger set schema_changes = '{"removed": ["name"]}'""",
    "delivery.keys_keep_their_type": (
        """update ledger set schema_changes = '{"keys_retyped": {"rep_id": ["digits", "text"]}}'"""
    ),
    "delivery.files_have_a_fate": "update ledger set status = 'rejected', reason = null",
    "delivery.something_new": "update ledger set extract_date = extract_date - 5",
    "delivery.fresh_sources": (
        "update ledger set extracted_at_max = extracted_at_max - interval 2 day"
    ),
    "delivery.volume_drop": (
        f"update ledger set rows_delivered = 79, rows_loaded = 79 where extract_date = date '{S}'"
    ),
    "delivery.volume_collapse": (
        f"update ledger set rows_delivered = 49, rows_loaded = 49 where extract_date = date '{S}'"
    ),
    "delivery.few_rejects": (
        f"update ledger set rows_loaded = 98, rows_rejected = 2 where extract_date = date '{S}'"
    ),
    "delivery.most_rows_read": (
        f"update ledger set rows_loaded = 79, rows_rejected = 21 where extract_date = date '{S}'"
    ),
}

LAST_YEAR = """
insert into outcomes by name
select outcomes.* replace (
    'restated' as basis,
    period_start - to_years(cast(years.back as integer)) as period_start,
    period_end - to_years(cast(years.back as integer)) as period_end
)
from outcomes, (values (0), (1)) as years(back)
where
    budget_type_id = 'invoiced_revenue'
    and node_level = 'company'
    and period_type = 'year'
    and basis = 'reported'
"""
"""The year's invoicing by event date, and as much in the year before: 5 % of it are 7,500."""


def breaking(rule: Rule) -> str | None:
    """The statement that breaks a rule; None where nobody has written one."""
    if rule.id in BREAKS:
        return BREAKS[rule.id]
    make = ON_COLUMNS.get(rule.type)
    return make(rule) if make else None


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sound company and its release of the day before."""
    folder = company(tmp_path_factory.mktemp("rules") / "release")
    with duckdb.connect(str(folder / "utfall.duckdb")) as connection:
        connection.execute(LAST_YEAR)
    shutil.copyfile(folder / "utfall.duckdb", folder / "previous.duckdb")
    with duckdb.connect(str(folder / "previous.duckdb")) as connection:
        connection.execute("update outcomes set is_closed = true where period_type = 'month'")
    return folder


def spoiled(folder: Path, defect: str) -> Path:
    """A copy of the company in which ``defect`` was run."""
    database = folder / "spoiled.duckdb"
    shutil.copyfile(folder / "utfall.duckdb", database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(defect or "select 1")
    return database


def judged(
    folder: Path,
    suites: dict[str, Suite],
    defect: str = "",
    answered: Answered | None = None,
) -> list[RuleResult]:
    """Judge suites on a copy of the company in which ``defect`` was run."""
    return judge_tables(
        spoiled(folder, defect),
        list(suites),
        suites,
        S,
        previous=folder / "previous.duckdb",
        answered=answered,
    )


def answered_before(folder: Path, defect: str) -> Answered:
    """What a release of the sound company answers for when ``defect`` is what happened since."""
    changed: dict[str, set[date | None]] = {}
    with duckdb.connect(str(spoiled(folder, defect)), read_only=True) as connection:
        connection.execute(f"attach '{folder / 'utfall.duckdb'}' as sound (read_only)")
        for table in (path.stem for path in suite_files() if path.stem != DELIVERY_SUITE):
            month = "booking_month" if table in MONTHLY_TABLES else "null"
            for one, other in ((table, f"sound.{table}"), (f"sound.{table}", table)):
                rows = connection.execute(
                    f"select distinct {month} from (from {one} except all from {other})"
                ).fetchall()
                changed.setdefault(table, set()).update(value for (value,) in rows)
    return Answered(
        months=frozenset().union(*(changed[table] for table in MONTHLY_TABLES)),
        rules=frozenset(RULES),
        other_tables=frozenset(t for t in changed if changed[t] and t not in MONTHLY_TABLES),
    )


def judged_deliveries(folder: Path, suite: Suite, defect: str = "") -> list[RuleResult]:
    """Judge the suite on deliveries on a sound ledger in which ``defect`` was run."""
    (folder / "audit").mkdir(exist_ok=True)
    columns = ", ".join(f"{name} {kind}" for name, kind in _LEDGER_TYPES.items())
    with duckdb.connect() as connection:
        connection.execute(f"create table ledger ({columns})")
        connection.execute(
            f"""
            insert into ledger by name
            select
                'crm' as source, 'reps' as entity,
                cast(date '{S}' - n::integer as date) as extract_date, 'reps-' || n as path,
                100 as rows_delivered, 100 as rows_loaded, 0 as rows_rejected,
                90 as rows_current, 4 as rows_superseded, 3 as rows_deleted, 3 as rows_quarantined,
                'loaded' as status, 'full' as load_mode,
                date '{S}' - n::integer - interval 2 hour as extracted_at_max
            from range(8) as days(n)
            """
        )
        connection.execute(defect or "select 1")
        target = folder / "audit" / "ingest_ledger.parquet"
        connection.execute(f"copy ledger to '{target}' (format parquet)")
    return judge_deliveries(folder, suite, S, types_by_entity())


def test_every_rule_has_data_that_must_break_it():
    without = [rule.id for rule in RULES.values() if breaking(rule) is None]
    assert not without, f"Write a statement in BREAKS for: {', '.join(without)}"
    assert not set(BREAKS) - set(RULES), "These break rules that are no more."


def test_every_rule_holds_on_the_sound_company(sound):
    suites = {path.stem: read_suite(path) for path in suite_files()}
    deliveries = judged_deliveries(sound, suites.pop(DELIVERY_SUITE))
    results = [*judged(sound, suites), *deliveries]
    assert {result.rule_id for result in results} == set(RULES)
    failed = [(r.rule_id, r.observed) for r in results if not r.success or r.could_not_run]
    assert not failed


@pytest.mark.parametrize("months", [(), (date(2026, 2, 1),), (date(2026, 3, 1),)])
def test_rules_by_month_hold_where_one_month_alone_is_judged(sound, months):
    """A rule that compares a month with another one does not: it is no rule by month."""
    by_month = [rule for rule in RULES.values() if rule.is_by_month]
    suites = {
        table: Suite(table, tuple(rule for rule in by_month if rule.table == table))
        for table in MONTHLY_TABLES
    }
    answered = Answered(frozenset(months), frozenset(RULES), frozenset())
    results = judged(sound, suites, answered=answered)
    assert len(results) == len(by_month)
    assert not [(r.rule_id, r.observed) for r in results if not r.success or r.could_not_run]


@pytest.mark.parametrize("table", sorted({rule.table for rule in RULES.values()}))
def test_each_rule_of_a_table_notices_what_must_break_it(sound, table):
    unnoticed = []
    for rule in (rule for rule in RULES.values() if rule.table == table):
        alone = Suite(table, (rule,))
        if table == DELIVERY_SUITE:
            (result,) = judged_deliveries(sound, alone, breaking(rule))
        else:
            (result,) = judged(sound, {table: alone}, breaking(rule))
        if result.could_not_run or result.success:
            unnoticed.append((rule.id, breaking(rule), result.observed))
    assert not unnoticed


@pytest.mark.parametrize("rule_id", [rule.id for rule in RULES.values() if rule.is_by_month])
def test_a_rule_by_month_notices_in_the_changed_months_alone_what_must_break_it(sound, rule_id):
    rule = RULES[rule_id]
    alone, defect = {rule.table: Suite(rule.table, (rule,))}, breaking(rule)
    answered = answered_before(sound, defect)
    without_month = replace(answered, months=answered.months - {None})
    (result,) = judged(sound, alone, defect, without_month)
    assert not (result.success or result.could_not_run), (rule.id, result.observed)
    if answered.covers(rule.id, rule.words) and None not in answered.months:
        (elsewhere,) = judged(sound, alone, defect, replace(answered, months=frozenset()))
        assert elsewhere.success, "Other months than those asked for were judged."
