"""Which months the gate judges after a release that readers have; all else is judged whole.

The releases are real ones of a small company: evidence from November to February, and in March
what a night itself adds.
"""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestration.quality.judge import judge, previous_release
from orchestration.quality.months import months_to_judge
from orchestration.quality.suites import CUSTOM_SQL, ROW_COUNT, SuiteError, read_suite
from orchestration.settings import Settings
from tests.publication_support import S, candidate, publish_night, settings_for, write_suite

TOMORROW = S + timedelta(days=1)
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
ROWS = {"type": ROW_COUNT, "kwargs": {"min_value": 1}}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A company whose release of S readers have."""
    company = settings_for(tmp_path)
    publish_night(company, "first")
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


def test_months_with_the_same_files_are_answered_for(settings):
    now = candidate(settings, "second", as_of=TOMORROW).folder
    assert months_to_judge(now, previous_release(settings, TOMORROW)) == {MARCH}


def test_a_month_with_another_file_is_judged(settings):
    now = candidate(settings, "second", as_of=TOMORROW, factor="1.02").folder
    assert months_to_judge(now, previous_release(settings, TOMORROW)) == {FEBRUARY, MARCH}


def test_a_month_that_is_gone_is_judged(settings, tmp_path):
    now = candidate(settings, "second", as_of=TOMORROW).folder
    before = previous_release(settings, TOMORROW)

    def forget_january(manifest):
        files = manifest["tables"]["outcome_evidence"]["files"]
        files[:] = [file for file in files if file["partition"] != JANUARY.isoformat()]

    without = changed(now, tmp_path / "without", forget_january)
    assert months_to_judge(without, before) == {JANUARY, MARCH}
    assert months_to_judge(now, changed(before, tmp_path / "before", forget_january)) == {
        JANUARY,
        MARCH,
    }


def test_all_months_are_judged_where_no_release_answers_for_them(settings, tmp_path):
    now = candidate(settings, "second", as_of=TOMORROW).folder
    before = previous_release(settings, TOMORROW)
    other_code = changed(now, tmp_path / "other", lambda m: m.update(code_version="other"))
    assert months_to_judge(other_code, before) is None
    assert months_to_judge(now, None) is None
    assert months_to_judge(tmp_path / "nothing", before) is None
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
    assert again == {"whole", "answered_for", "changed"}
    assert (checked["values"], checked["rows"]) == (40, 40)
    next_night, checked = failed("next", TOMORROW)
    assert next_night == {"whole"}
    assert (checked["values"], checked["rows"]) == (20, 40)
    corrected, checked = failed("corrected", TOMORROW, factor="1.02")
    assert corrected == {"whole", "changed"}
    assert (checked["values"], checked["rows"]) == (25, 40)


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ("outcomes", rule_on(JANUARY, by_month=True, severity="warning")),
        ("reps", rule_on(JANUARY, by_month=True)),
        ("outcomes", {**ROWS, "by_month": True}),
    ],
)
def test_by_month_is_refused_where_an_earlier_release_says_nothing(tmp_path, table, rule):
    path = write_suite(tmp_path, table, [{**ROWS, "id": "rows"}, {**rule, "id": "wrong"}])
    with pytest.raises(SuiteError, match="rule wrong: `by_month: true` belongs to a query"):
        read_suite(path)
