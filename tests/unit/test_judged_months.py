"""Which months the gate judges after a release that readers have; all else is judged whole.

The releases are real ones of a small company: evidence from November to February, and in March
what a night itself adds.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestration.quality.duckdb_gx import open_datasource
from orchestration.quality.judge import Verdict, judge, previous_release
from orchestration.quality.months import Answered, answered_by, only_months
from orchestration.quality.suites import CUSTOM_SQL, ROW_COUNT, Rule, SuiteError, read_suite
from orchestration.settings import Settings
from tests.publication_support import (
    GREEN,
    S,
    candidate,
    publish_night,
    result_for,
    settings_for,
    write_suite,
)

TOMORROW = S + timedelta(days=1)
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
ROWS = {"type": ROW_COUNT, "kwargs": {"min_value": 1}}


HELD = Verdict(
    (
        *GREEN.results,
        *(result_for("outcomes", rule_id=name) for name in ("answered_for", "changed", "values")),
        result_for("outcomes", rule_id="did_not_apply", checked=0),
        result_for("outcomes", rule_id="warned", severity="warning", success=False),
    )
)
"""What the gate said of the first release; as if everything had been well with it."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A company whose release of S readers have."""
    company = settings_for(tmp_path)
    publish_night(company, "first", verdict=HELD)
    return company


def changed(folder: Path, target: Path, change) -> Path:
    """A folder like ``folder`` whose manifest was changed."""
    shutil.copytree(folder, target)
    file = target / "manifest.json"
    content = json.loads(file.read_text())
    change(content)
    file.chmod(0o644)
    file.write_text(json.dumps(content))
    return target


def answered(settings: Settings, **options) -> Answered | None:
    """What the release of S answers for in a candidate of the next night."""
    now = candidate(settings, "second", as_of=TOMORROW, **options).folder
    return answered_by(previous_release(settings, TOMORROW), now)


def test_months_with_the_same_files_are_answered_for(settings):
    assert answered(settings).months == {MARCH}, "The month that was going on is judged."


def test_a_month_with_another_file_is_judged(settings):
    assert answered(settings, factor="1.02").months == {FEBRUARY, MARCH}


def test_a_month_that_is_gone_is_judged(settings, tmp_path):
    now = candidate(settings, "second", as_of=TOMORROW).folder
    before = previous_release(settings, TOMORROW)

    def forget_january(manifest):
        files = manifest["tables"]["outcome_evidence"]["files"]
        files[:] = [file for file in files if file["partition"] != JANUARY.isoformat()]

    without = changed(now, tmp_path / "without", forget_january)
    assert answered_by(before, without).months == {JANUARY, MARCH}
    without = changed(before, tmp_path / "before", forget_january)
    assert answered_by(without, now).months == {JANUARY, MARCH}


def test_rules_that_failed_or_did_not_apply_are_not_answered_for(settings):
    rules = answered(settings).rules
    assert {"answered_for", "changed", "values"} < rules
    assert rules.isdisjoint({"did_not_apply", "warned", "never_heard_of"})


def test_a_rule_is_not_answered_for_where_a_table_it_reads_is_another(settings, tmp_path):
    def other_reps(manifest):
        manifest["tables"]["reps"]["files"][0]["sha256"] = "other"

    now = candidate(settings, "second", as_of=TOMORROW).folder
    before = previous_release(settings, TOMORROW)
    assert {"reps", "budget_types"}.isdisjoint(answered_by(before, now).other_tables)
    found = answered_by(before, changed(now, tmp_path / "other", other_reps))
    assert "reps" in found.other_tables
    assert not found.covers("changed", {"select", "reps"})
    assert found.covers("changed", {"select", "budget_types"})


def test_a_query_reads_the_tables_it_names_but_not_those_of_the_release_before():
    query = "select 1 from {batch} join reps using (rep_id) join previous.budgets using (id)"
    rule = replace(
        Rule("r", "outcomes", CUSTOM_SQL, *[""] * 6), kwargs={"unexpected_rows_query": query}
    )
    assert "reps" in rule.words
    assert "budgets" not in rule.words


def test_nothing_is_answered_for_without_a_release_of_the_same_code(settings, tmp_path):
    now = candidate(settings, "second", as_of=TOMORROW).folder
    before = previous_release(settings, TOMORROW)
    other_code = changed(now, tmp_path / "other", lambda m: m.update(code_version="other"))
    assert answered_by(before, other_code) is None
    assert answered_by(None, now) is None
    assert answered_by(before, tmp_path / "nothing") is None
    unjudged = changed(before, tmp_path / "unjudged", lambda m: None)
    (unjudged / "parquet" / "data_quality_results.parquet").unlink()
    assert answered_by(unjudged, now) is None
    assert previous_release(settings, S) is None, "A second run of S has nothing to lean on."


def rule_on(month: date, column: str = "budget_type_id", **more) -> dict:
    """A query that calls every row of ``month`` wrong, and shows ``column`` of it."""
    query = f"select {column} from {{batch}} where booking_month = date '{month}'"
    return {"type": CUSTOM_SQL, "kwargs": {"unexpected_rows_query": query}, **more}


def test_rules_by_month_see_the_judged_months_and_others_all_rows(settings, tmp_path):
    for table in ("reps", "outcome_evidence", "scores", "budget_types", "rep_costs"):
        write_suite(tmp_path / "suites", table, [ROWS])
    rules = {
        "whole": rule_on(JANUARY, "node_id"),
        "answered_for": rule_on(JANUARY, by_month=True),
        "warned": rule_on(JANUARY, "node_level", by_month=True, severity="warning"),
        "changed": rule_on(FEBRUARY, by_month=True),
        "values": {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "booking_month"},
        },
        "rows": ROWS,
    }
    write_suite(
        tmp_path / "suites", "outcomes", [{**rule, "id": name} for name, rule in rules.items()]
    )

    def failed(run_id: str, as_of: date, **options) -> tuple[set[str], dict[str, int]]:
        folder = candidate(settings, run_id, as_of=as_of, **options).folder
        verdict = judge(settings, folder, tmp_path / "suites", as_of=as_of)
        broken = [result.observed for result in verdict.results if result.could_not_run]
        assert not broken
        return (
            {result.rule_id for result in verdict.results if not result.success},
            {result.rule_id: result.checked for result in verdict.results},
        )

    # Each of twenty reps has a figure in one of four months, and one of the night in March.
    again, checked = failed("again", S)
    assert again == {"whole", "answered_for", "warned", "changed"}
    assert (checked["values"], checked["rows"]) == (40, 40)
    next_night, checked = failed("next", TOMORROW)
    assert next_night == {"whole", "warned"}
    assert (checked["values"], checked["rows"]) == (20, 40)
    corrected, checked = failed("corrected", TOMORROW, factor="1.02")
    assert corrected == {"whole", "warned", "changed"}
    assert (checked["values"], checked["rows"]) == (25, 40)


def test_a_check_that_fails_does_not_widen_what_the_next_one_sees(settings):
    """It is rolled back, and the views that stand in front of the tables must stay."""
    file = candidate(settings, "second", as_of=TOMORROW).folder / "utfall.duckdb"
    with open_datasource(file) as datasource:
        engine = datasource.get_execution_engine()

        def rows() -> int:
            with engine.get_connection() as connection:
                return connection.exec_driver_sql("select count(*) from outcomes").scalar()

        with engine.get_connection() as connection, only_months(connection, ["outcomes"], {MARCH}):
            with pytest.raises(Exception, match="no_such_table"), engine.get_connection() as again:
                again.exec_driver_sql("select * from no_such_table")
            assert rows() == 20
        assert rows() == 40


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ("reps", rule_on(JANUARY, by_month=True)),
        ("outcomes", {**ROWS, "by_month": True}),
    ],
)
def test_by_month_is_refused_where_a_rule_is_not_a_query_on_a_table_of_months(
    tmp_path, table, rule
):
    path = write_suite(tmp_path, table, [{**ROWS, "id": "rows"}, {**rule, "id": "wrong"}])
    with pytest.raises(SuiteError, match="rule wrong: `by_month: true` belongs to a query"):
        read_suite(path)
