"""What hygiene and signals say: each rule has words in both languages, and leaves no place open."""

from __future__ import annotations

import csv
import re

import pytest

from orchestration.settings import PROJECT_ROOT

SEEDS = PROJECT_ROOT / "seeds"
RULES = {f"H{n}" for n in range(1, 16)}
PLACES = {
    "kpi_hygiene_rules": {"profile", "kpi", "budget", "count", "detail"},
    "kpi_hygiene_plan_rules": {"budget", "count"},
    "gaming_signal_rules": {"part", "whole"},
}


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def texts(name: str) -> list[tuple[str, str]]:
    """The English and Swedish texts of a seed, pair by pair."""
    pairs = []
    for row in seed(name):
        english = [column for column in row if column.endswith("_en")]
        pairs += [(row[column], row[column[:-3] + "_sv"]) for column in english]
    return pairs


def test_every_hygiene_rule_is_told_by_a_case_or_by_planning():
    told = {row["rule_id"] for row in seed("kpi_hygiene_rules")}
    told |= {row["rule_id"] for row in seed("kpi_hygiene_plan_rules")}
    assert told == RULES
    cases = {row["finding_code"] for row in seed("kpi_hygiene_rules")}
    assert cases >= {"H2", "H3", "H5", "H7", "H15"}, "what admission refuses needs words"


def test_every_finding_of_planning_belongs_to_a_hygiene_rule():
    mapped = [row["planning_rule_id"] for row in seed("kpi_hygiene_plan_rules")]
    assert sorted(mapped) == sorted(row["rule_id"] for row in seed("planning_rules"))


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_text_is_there_in_both_languages_with_the_same_places(name):
    for english, swedish in texts(name):
        assert bool(english) == bool(swedish), (english, swedish)
        places = [set(re.findall(r"{(\w+)}", text)) for text in (english, swedish)]
        assert places[0] == places[1], (english, swedish)
        assert places[0] <= PLACES[name], english
        assert not english or english != swedish


def test_a_signal_asks_and_never_says():
    for row in seed("gaming_signal_rules"):
        assert row["question_en"].endswith("?") and row["question_sv"].endswith("?")
    assert [row["signal_id"] for row in seed("gaming_signal_rules")] == [
        f"G-{n}" for n in range(1, 9)
    ]


def test_every_kind_of_profile_says_what_it_has_to_measure():
    assert {row["profile_type"] for row in seed("profile_type_rules")} == {
        *("b2b", "field", "kam", "merchandiser", "manager")
    }
