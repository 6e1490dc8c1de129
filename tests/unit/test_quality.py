"""The gate: how suites are read, and how results become a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.quality.judge import RuleResult, Verdict, judge
from orchestration.quality.suites import (
    AUDIT_TABLES,
    DELIVERY_SUITE,
    NAME_KEYS,
    ROW_COUNT,
    SuiteError,
    load_suites,
)
from orchestration.settings import PROJECT_ROOT
from tests.publication_support import result_for, settings_for, write_suite

S = date(2026, 3, 3)
ROWS = {"type": ROW_COUNT, "kwargs": {"min_value": 1}}
COLUMNS = {"reps": ["rep_id", "name", "as_of"], "quarantine": ["source"]}


def release(folder: Path, rows: int = 3, ledger: str | None = None) -> Path:
    """A release with one table, and a ledger where the test needs one."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "utfall.duckdb")) as connection:
        connection.execute("create schema utfall_data")
        connection.execute(
            f"create table utfall_data.reps as select 'r' || range as rep_id, 'x' as name, "
            f"cast(range as decimal(18, 4)) as amount from range({rows})"
        )
        connection.execute(
            "create view main.reps as select *, date '2026-03-03' as as_of from utfall_data.reps"
        )
        if ledger:
            (folder / "audit").mkdir()
            connection.execute(
                f"copy ({ledger}) to '{folder}/audit/ingest_ledger.parquet' (format parquet)"
            )
    return folder


def judged(tmp_path: Path, rules: list[dict], **options) -> Verdict:
    folder = tmp_path / "release"
    if not folder.exists():
        release(folder)
    write_suite(tmp_path / "suites", "reps", rules)
    return judge(settings_for(tmp_path), folder, tmp_path / "suites", as_of=S, **options)


# Reading suites


def test_a_suite_is_read_as_written(tmp_path):
    write_suite(
        tmp_path,
        "reps",
        [ROWS, {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "rep_id"}}],
    )
    suites = load_suites(COLUMNS, tmp_path)
    assert [rule.id for rule in suites["reps"].rules] == ["reps.0", "reps.1"]
    assert set(suites) == {"reps"}, "the audit's own tables need no suite"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"type": "expect_column_values_to_be_lucky"}, "has no 'expect_column_values_to_be_lucky'"),
        (
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "surname"}},
            "reps has no column surname",
        ),
        (
            {"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["x"]}},
            "reps has no column x",
        ),
        ({"type": "expect_column_values_to_not_be_null", "kwargs": {}}, "refuses its kwargs"),
        ({**ROWS, "owner": ""}, "owner missing"),
        ({**ROWS, "text_sv": " "}, "text_sv missing"),
        ({**ROWS, "reason": None}, "reason missing"),
        ({**ROWS, "severity": "blocker"}, "severity must be one of critical, warning"),
        ({**ROWS, "treshold": 5}, "unknown key treshold"),
        ({**ROWS, "owner": "somebody"}, "nobody is called 'somebody'"),
        ({**ROWS, "reason": "It felt right."}, "must begin with the date"),
        ({**ROWS, "needs_previous": True}, "reads previous.<table>"),
        (
            {
                "type": "unexpected_rows_expectation",
                "kwargs": {"unexpected_rows_query": "select 1 from {batch}, previous.reps"},
            },
            "`needs_previous: true`",
        ),
        (
            {"type": ROW_COUNT, "kwargs": {"min_value": 2}, "id": "reps.0"},
            "also used in",
        ),
        ({**ROWS, "id": "twin"}, "check the same thing"),
        (
            {
                "type": "unexpected_rows_expectation",
                "kwargs": {"unexpected_rows_query": "select 1 where false"},
            },
            "must read {batch}",
        ),
    ],
)
def test_a_rule_that_cannot_be_used_as_written_is_refused(tmp_path, rule, says):
    write_suite(tmp_path, "reps", [ROWS, rule])
    with pytest.raises(SuiteError) as refused:
        load_suites(COLUMNS, tmp_path)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "row_rule",
    [
        {"type": ROW_COUNT, "kwargs": {"min_value": 0}},
        {"type": ROW_COUNT, "kwargs": {"max_value": 10}},
        {**ROWS, "severity": "warning"},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "rep_id"}},
    ],
)
def test_a_suite_that_an_empty_table_would_pass_is_refused(tmp_path, row_rule):
    write_suite(tmp_path, "reps", [row_rule])
    with pytest.raises(SuiteError, match="An empty table passes"):
        load_suites(COLUMNS, tmp_path)


def test_a_table_that_may_rightly_be_empty_says_why_and_since_when(tmp_path):
    rule = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "rep_id"}}
    write_suite(tmp_path, "reps", [rule])
    written = (tmp_path / "reps.yml").read_text()
    (tmp_path / "reps.yml").write_text(f"may_be_empty: it happens\n{written}")
    with pytest.raises(SuiteError, match="must be a dated reason"):
        load_suites(COLUMNS, tmp_path)
    (tmp_path / "reps.yml").write_text(f"may_be_empty: '2026-03-02: no one is due'\n{written}")
    (suite,) = load_suites(COLUMNS, tmp_path).values()
    assert [rule.id for rule in suite.rules] == ["reps.0"]


def test_a_table_without_a_suite_and_a_suite_without_a_table_are_refused(tmp_path):
    with pytest.raises(SuiteError, match=r"expectations/reps\.yml"):
        load_suites(COLUMNS, tmp_path)
    write_suite(tmp_path, "reps", [ROWS])
    write_suite(tmp_path, "customers", [{**ROWS, "id": "c"}])
    with pytest.raises(SuiteError, match="no published table 'customers'"):
        load_suites(COLUMNS, tmp_path)


def test_the_reviewed_suites_fit_the_published_contract():
    models = [
        model
        for path in sorted((PROJECT_ROOT / "models/marts").glob("_*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", ())
    ]
    columns = {
        model["name"]: [*(column["name"] for column in model["columns"]), "as_of", "publication_id"]
        for model in models
    }
    suites = load_suites(columns)
    assert set(suites) == (set(columns) - set(AUDIT_TABLES)) | {DELIVERY_SUITE}
    unnamed = [table for table, suite in suites.items() if set(suite.names) != set(NAME_KEYS)]
    assert not unnamed, "say what the report calls these tables and their rows"


# Judging


def test_an_empty_table_is_red_though_its_other_rules_pass(tmp_path):
    release(tmp_path / "release", rows=0)
    rules = [ROWS, {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "rep_id"}}]
    verdict = judged(tmp_path, rules)
    assert [result.success for result in verdict.results] == [False, True]
    assert not verdict.is_green


def test_a_check_that_cannot_run_blocks_whatever_its_severity(tmp_path):
    broken = {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": "select * from {batch} where no_such_column > 1"},
        "severity": "warning",
    }
    verdict = judged(tmp_path, [ROWS, broken])
    rows, result = verdict.results
    assert rows.success and not rows.could_not_run, "a broken rule must not take others with it"
    assert result.could_not_run and result.blocks and not verdict.is_green
    assert "no_such_column" in result.observed


def test_a_failed_warning_publishes_with_a_mark_and_a_failed_critical_does_not(tmp_path):
    failing = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "rep_id", "value_set": ["r1"]},
    }
    verdict = judged(tmp_path, [ROWS, {**failing, "severity": "warning"}])
    assert verdict.is_green and len(verdict.warnings) == 1
    assert verdict.warnings[0].unexpected == 2
    verdict = judged(tmp_path, [ROWS, failing])
    assert not verdict.is_green and "reps.1" in verdict.summary()


def test_the_amount_at_stake_is_summed_over_all_failing_rows(tmp_path):
    release(tmp_path / "release", rows=1000)
    rule = {
        "type": "unexpected_rows_expectation",
        "kwargs": {
            "unexpected_rows_query": "select rep_id, amount as amount_at_stake from {batch} "
            "where amount >= 500"
        },
    }
    result = judged(tmp_path, [ROWS, rule]).results[1]
    assert (result.unexpected, result.amount_at_stake) == (500, Decimal(sum(range(500, 1000))))


def test_suites_that_cannot_be_loaded_make_the_night_red_and_not_an_exception(tmp_path):
    verdict = judged(tmp_path, [{"type": ROW_COUNT, "kwargs": {"min_value": 0}}])
    assert not verdict.is_green and verdict.results[0].could_not_run
    assert "An empty table passes" in verdict.results[0].text_en


def test_a_verdict_without_results_is_not_green():
    assert not Verdict(()).is_green


def test_a_rule_does_not_apply_where_its_entities_are_not_delivered(tmp_path):
    ledger = (
        "select * from (values ('crm', 'reps', 5), ('crm', 'products', 0)) "
        "as l(source, entity, rows_loaded)"
    )
    release(tmp_path / "release", rows=0, ledger=ledger)
    verdict = judged(tmp_path, [{**ROWS, "when_delivered": ["products", "invoices"]}])
    assert verdict.is_green and "not delivered" in verdict.results[0].observed
    verdict = judged(tmp_path, [{**ROWS, "when_delivered": ["products", "reps"]}])
    assert not verdict.is_green


@dataclass(frozen=True)
class Delivery:
    entity: str
    source: str
    severity: str
    code: str
    text: str


def test_a_delivery_problem_is_a_result_of_its_own_severity(tmp_path):
    missing = Delivery("contracts", "crm", "critical", "missing", "contracts was not delivered.")
    verdict = judged(tmp_path, [ROWS], extra_results=[missing])
    (result,) = verdict.blocking
    assert (result.table, result.source, result.text_en) == (
        "ingest_ledger",
        "crm",
        "contracts was not delivered.",
    )
    late = Delivery("contracts", "crm", "warning", "late", "contracts came late.")
    assert judged(tmp_path, [ROWS], extra_results=[late]).is_green


def test_several_broken_files_of_one_delivery_are_one_result_in_both_languages(tmp_path):
    files = [
        Delivery("contracts", "crm", severity, "truncated", f"{name}.csv is cut off.")
        for name, severity in (("a", "warning"), ("b", "critical"))
    ]
    verdict = judged(tmp_path, [ROWS], extra_results=files)
    (result,) = verdict.blocking
    assert result.rule_id == "delivery.truncated.crm.contracts" and result.unexpected == 2
    assert result.text_en == "a.csv is cut off. b.csv is cut off."
    assert result.text_sv.startswith("En fil med contracts från CRM gick inte att använda")
    assert result.owner == "crm-administration" and "signed_volume" in result.budget_type_ids


def test_rows_that_ingest_lost_are_red(tmp_path):
    ledger = (
        "select * from (values ('crm', 'reps', 'a', 5, 4, 1), ('crm', 'reps', 'b', 5, 4, 0)) "
        "as l(source, entity, path, rows_delivered, rows_loaded, rows_rejected)"
    )
    release(tmp_path / "release", ledger=ledger)
    query = "select * from {batch} where rows_delivered <> rows_loaded + rows_rejected"
    write_suite(
        tmp_path / "suites",
        DELIVERY_SUITE,
        [{"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": query}}],
    )
    verdict = judged(tmp_path, [ROWS])
    (result,) = verdict.blocking
    assert (result.table, result.checked, result.unexpected) == ("ingest_ledger", 2, 1)


def test_the_file_is_free_again_after_judging(tmp_path):
    judged(tmp_path, [ROWS])
    with duckdb.connect(str(tmp_path / "release" / "utfall.duckdb")) as connection:
        connection.execute("create table utfall_data.written as select 1 as x")


def test_a_result_survives_the_audit_record():
    result = result_for("reps", amount_at_stake=Decimal("12345678901234.5678"), unexpected=3)
    assert RuleResult.from_json(result.to_json()) == result


def test_rules_run_within_the_memory_that_the_gate_may_use(tmp_path):
    query = "select 1 from {batch} where current_setting('memory_limit') <> '1.8 GiB'"
    rule = {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": query}}
    verdict = judged(tmp_path, [ROWS, rule])
    assert settings_for(tmp_path).gate_memory_limit == "2GB"
    assert [result.success for result in verdict.results if result.table == "reps"] == [True, True]
