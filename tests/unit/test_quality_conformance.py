"""Every kind of expectation the suites use, seen passing and seen failing on DuckDB.

GX has no DuckDB backend of its own: without this test a kind that is falsely green, or cannot run,
would look like good data.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.quality.judge import judge
from orchestration.quality.suites import (
    DELIVERY_SUITE,
    ROW_COUNT,
    read_suite,
    suite_files,
)
from tests.publication_support import settings_for, write_suite

S = date(2026, 3, 3)

CASES = {
    "expect_table_row_count_to_be_between": ({"min_value": 1}, {"min_value": 31}),
    "expect_table_columns_to_match_set": (
        {"column_set": ["id"], "exact_match": False},
        {"column_set": ["id", "code"], "exact_match": True},
    ),
    "expect_column_values_to_not_be_null": ({"column": "id"}, {"column": "gap"}),
    "expect_column_values_to_be_null": ({"column": "nothing"}, {"column": "gap"}),
    "expect_column_values_to_be_unique": ({"column": "id"}, {"column": "code"}),
    "expect_compound_columns_to_be_unique": (
        {"column_list": ["id", "code"]},
        {"column_list": ["code", "gap"]},
    ),
    "expect_column_values_to_be_in_set": (
        {"column": "code", "value_set": ["a-1", "b-2"]},
        {"column": "code", "value_set": ["a-1"]},
    ),
    "expect_column_distinct_values_to_contain_set": (
        {"column": "code", "value_set": ["a-1", "b-2"]},
        {"column": "code", "value_set": ["c-3"]},
    ),
    "expect_column_distinct_values_to_equal_set": (
        {"column": "code", "value_set": ["a-1", "b-2"]},
        {"column": "code", "value_set": ["a-1", "b-2", "c-3"]},
    ),
    "expect_column_values_to_be_between": (
        {"column": "amount", "min_value": 0},
        {"column": "amount", "min_value": 10},
    ),
    "expect_column_values_to_match_regex": (
        {"column": "code", "regex": "^[ab]-[0-9]$"},
        {"column": "code", "regex": "^a"},
    ),
    "expect_column_values_to_not_match_regex": (
        {"column": "code", "regex": "^c"},
        {"column": "code", "regex": "^a"},
    ),
    "expect_column_values_to_match_like_pattern": (
        {"column": "code", "like_pattern": "%-%"},
        {"column": "code", "like_pattern": "a%"},
    ),
    "expect_column_value_lengths_to_equal": (
        {"column": "code", "value": 3},
        {"column": "code", "value": 4},
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": (
        {"column_A": "end_day", "column_B": "day"},
        {"column_A": "day", "column_B": "end_day"},
    ),
    "expect_column_max_to_be_between": (
        {"column": "day", "min_value": {"$PARAMETER": "as_of"}},
        {"column": "day", "max_value": {"$PARAMETER": "as_of"}, "strict_max": True},
    ),
    "expect_column_min_to_be_between": (
        {"column": "day", "max_value": "2026-02-10"},
        {"column": "day", "min_value": "2026-02-10"},
    ),
    "expect_column_sum_to_be_between": (
        {"column": "amount", "min_value": 1},
        {"column": "amount", "max_value": 1},
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": (
        {"column": "gap", "min_value": 0.4},
        {"column": "gap", "min_value": 0.6},
    ),
    "unexpected_rows_expectation": (
        {"unexpected_rows_query": "select id from {batch} where amount < 0"},
        {"unexpected_rows_query": "select id from {batch} where amount > 1"},
    ),
}
"""Kind → kwargs that must pass, kwargs that must fail, on the table below."""


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    with duckdb.connect(str(folder / "utfall.duckdb")) as connection:
        connection.execute("create schema utfall_data")
        connection.execute(
            """
            create table utfall_data.thing as
            select
                range as id,
                if(range % 2 = 0, 'a-1', 'b-2') as code,
                if(range % 2 = 0, null, 'x') as gap,
                cast(null as varchar) as nothing,
                cast(range as decimal(18, 4)) as amount,
                cast(date '2026-02-02' + interval (range) day as date) as day,
                cast(date '2026-03-02' + interval (range) day as date) as end_day
            from range(30)
            """
        )
        connection.execute("create view main.thing as select * from utfall_data.thing")
    return folder


@pytest.fixture(scope="module")
def results(release, tmp_path_factory):
    """All cases judged in one run: rule id → result."""
    folder = tmp_path_factory.mktemp("suites")
    rules = [{"type": ROW_COUNT, "kwargs": {"min_value": 2}, "id": "rows"}]
    for kind, cases in CASES.items():
        for name, kwargs in zip(("passes", "fails"), cases, strict=True):
            rules.append({"type": kind, "kwargs": kwargs, "id": f"{kind}.{name}"})
    write_suite(folder, "thing", rules)
    verdict = judge(settings_for(release), release, folder, as_of=S)
    return {result.rule_id: result for result in verdict.results}


@pytest.mark.parametrize("kind", CASES)
def test_the_passing_case_passes(results, kind):
    result = results[f"{kind}.passes"]
    assert result.success and not result.could_not_run, result.observed


@pytest.mark.parametrize("kind", CASES)
def test_the_failing_case_fails_because_of_the_data(results, kind):
    result = results[f"{kind}.fails"]
    assert not result.success and not result.could_not_run, result.observed


def test_counts_are_those_of_the_table_and_not_capped(results):
    unexpected = {
        "expect_column_values_to_not_be_null.fails": 15,
        "expect_column_values_to_match_regex.fails": 15,
        "expect_column_pair_values_a_to_be_greater_than_b.fails": 30,
        "unexpected_rows_expectation.fails": 28,
    }
    assert {key: results[key].unexpected for key in unexpected} == unexpected
    assert results["expect_column_values_to_not_be_null.fails"].checked == 30


def test_every_kind_that_the_suites_use_has_a_case_here():
    suites = [read_suite(path) for path in suite_files()]
    used = {rule.type for suite in suites if suite.table != DELIVERY_SUITE for rule in suite.rules}
    assert used and used <= set(CASES), f"no conformance case for {sorted(used - set(CASES))}"
