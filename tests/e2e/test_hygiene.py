"""Hygiene and signals find what the demo company was given, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import TwoNights
from tests.support.nights import published

PADDER = "R00006"
"""The seller of the demo company who fills up the months with the oldest customers."""

PUT_THERE = {
    ("H1_too_many", "PR-ALLT", None),
    ("H2", "PR-KAM", "KPI-NKI"),
    ("H5", "PR-ALLT", "KPI-TCV"),
    ("H7", "PR-KAMNY", "KPI-HALL"),
    ("H7", "PR-KAMNY", "KPI-KAM"),
    ("H7", "PR-KAMNY", "KPI-VOL"),
    ("H7_satisfaction", "PR-KAMNY", None),
    ("H9", None, "KPI-TBMOTE"),
    ("H10", None, "KPI-TBMOTE"),
    ("H10", None, "KPI-TCV"),
    ("H11_same_thing", "PR-ALLT", "KPI-TCV"),
}
"""What was made to be found; H6 and what the plan says follow the figures."""


@pytest.fixture(scope="module")
def release(two_nights: TwoNights) -> Iterator[duckdb.DuckDBPyConnection]:
    with published(two_nights.releases[1]) as connection:
        yield connection


def test_hygiene_finds_what_was_put_there_and_nothing_else(release):
    found = release.execute(
        "select finding_code, profile_id, kpi_id from kpi_hygiene "
        "where subject_type <> 'budget' and rule_id <> 'H6'"
    ).fetchall()
    assert set(found) == PUT_THERE


def test_g7_what_is_blocked_has_no_score_and_one_finding(release):
    refused = release.execute(
        "select profile_id, kpi_id from kpis where not is_ended and not is_admitted "
        "and since_last_period <> 'dropped'"
    ).fetchall()
    blocked = release.execute(
        "select profile_id, kpi_id from kpi_hygiene where severity = 'block'"
    ).fetchall()
    assert sorted(refused) == sorted(blocked)
    shown = release.execute("select distinct profile_id, kpi_id from my_kpis").fetchall()
    assert not set(shown) & set(blocked)


def test_unattainable_targets_are_one_finding_a_budget(release):
    several = release.execute(
        "select budget_id, count(*), max(found_count) from kpi_hygiene "
        "where finding_code = 'plan_unattainable' group by budget_id"
    ).fetchall()
    assert several and all(rows == 1 for _, rows, _ in several)
    assert max(reps for *_, reps in several) > 1


def test_v24_the_seller_who_fills_up_the_months_is_asked_in_swedish(release):
    asked = {
        signal: question
        for signal, question in release.execute(
            "select signal_id, question_sv from gaming_signals where is_flagged "
            f"and rep_id = '{PADDER}' and period_start = date '2026-02-01'"
        ).fetchall()
    }
    assert asked.keys() >= {"G-1", "G-2", "G-3", "G-5"}
    assert all(question.endswith("?") for question in asked.values())
    for signal in ("G-3", "G-5"):
        others = release.execute(
            f"select count(*) from gaming_signals where is_flagged and signal_id = '{signal}' "
            f"and rep_id <> '{PADDER}'"
        ).fetchone()
        assert others == (0,)


def test_g13_check_points_behind_are_answered_but_for_the_one_nobody_acts_on(release):
    unanswered = release.execute(
        "select distinct kpi_id from checkpoints where is_unanswered"
    ).fetchall()
    assert unanswered == [("KPI-TBMOTE",)]


def test_l15_a_company_this_small_says_that_it_cannot_tell(release):
    effects = release.execute(
        "select count(*), count(effect), count(*) filter (where reason_code = 'insufficient_n') "
        "from training_effect"
    ).fetchone()
    assert effects[0] > 0 and effects[1:] == (0, effects[0])


def test_l16_the_new_weights_of_the_year_are_in_the_change_log(release):
    weights = release.execute(
        "select subject_id, cast(old_value as decimal(4, 2)), cast(new_value as decimal(4, 2)) "
        "from change_log where changed_column = 'weight' and valid_from = date '2026-01-01' "
        "and subject_id like 'PR-B2B/%' order by 1"
    ).fetchall()
    assert [(name, old and float(old), float(new)) for name, old, new in weights] == [
        ("PR-B2B/KPI-FORB", 0.2, 0.1),
        ("PR-B2B/KPI-MOTE", None, 0.15),
        ("PR-B2B/KPI-VOL", 0.4, 0.35),
    ]
