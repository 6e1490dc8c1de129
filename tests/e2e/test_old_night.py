"""An older S is run again after a newer one: in an empty file, to the same bytes, moving nothing.

The release it had has been removed by retention, and the run has one thread where the night had
four: so the same run also shows that threads do not decide a byte.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.publication.release import read_manifest
from tests.conftest import FIRST_NIGHT, SECOND_NIGHT, TwoNights
from tests.support.nights import Company, Night, parquet_hashes, tree_hashes


@dataclass(frozen=True)
class RunAgain:
    """The company in which 03-03 was run again after 03-04, and what had been there before."""

    company: Company
    night: Night
    base: dict[str, str]
    history: dict[str, str]
    current: Path
    newest: dict[str, str]


def base_of(company: Company) -> dict[str, str]:
    """The base's description and bytes."""
    work = tree_hashes(company.home / "work")
    return {
        name: sha256
        for name, sha256 in work.items()
        if name == "base.json" or name.startswith(f"{SECOND_NIGHT}-")
    }


@pytest.fixture(scope="module")
def run_again(two_nights: TwoNights, tmp_path_factory: pytest.TempPathFactory) -> RunAgain:
    """03-03 once more, with one thread, in a company that has published 03-04."""
    company = two_nights.company.copy_to(tmp_path_factory.mktemp("old_night") / "home")
    shutil.rmtree(company.release_of(FIRST_NIGHT))
    base, history = base_of(company), tree_hashes(company.home / "history")
    current, newest = company.current, tree_hashes(company.current)
    night = company.run_green(FIRST_NIGHT, UTFALL_THREADS="1")
    return RunAgain(company, night, base, history, current, newest)


def test_it_is_built_in_full_in_an_empty_file(run_again: RunAgain):
    plan = run_again.company.handover(FIRST_NIGHT)["build_file"]
    assert plan["is_full"] is True
    assert f"older than {SECOND_NIGHT}" in plan["reason"]


def test_the_same_night_with_one_thread_and_with_four_has_the_same_bytes(
    run_again: RunAgain, two_nights: TwoNights
):
    again = run_again.company.release_of(FIRST_NIGHT)
    assert again.name == two_nights.releases[0].name, "same inputs, same publication id"
    assert parquet_hashes(again) == parquet_hashes(two_nights.releases[0])
    assert len(parquet_hashes(again)) > 20


def test_it_never_moves_current(run_again: RunAgain):
    assert run_again.company.current == run_again.current
    assert tree_hashes(run_again.company.current) == run_again.newest
    assert read_manifest(run_again.company.current)["as_of"] == str(SECOND_NIGHT)


def test_it_leaves_the_base_of_later_nights_alone(run_again: RunAgain):
    assert base_of(run_again.company) == run_again.base


def test_what_history_froze_that_night_stays_as_it_was_written(run_again: RunAgain):
    assert tree_hashes(run_again.company.home / "history") == run_again.history
