"""A whole night killed with -9 in each of its stages, one after the other.

After every kill readers have the last publication, whole; the next run takes up what was left and
gets further; the last one finishes by itself, with the bytes of a night that nobody disturbed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.nights import (
    Company,
    Night,
    RunningNight,
    end_process_group,
    parquet_hashes,
    published,
    rows,
    tree_hashes,
    wait_until,
)

YESTERDAY, TODAY = date(2026, 3, 3), date(2026, 3, 4)

STAGES = ("ingest", "build_file", "dbt", "release_candidate", "gate", "publication")


@dataclass
class Kill:
    """What was found after a night was killed in ``stage``."""

    stage: str
    stages_done: list[str]
    current: Path
    release_as_before: bool
    value: object
    refused: Night | None = None


@dataclass
class Chain:
    """One undisturbed company, and its twin in which every stage was killed once."""

    undisturbed: Company
    killed: Company
    before: Path
    kills: list[Kill] = field(default_factory=list)
    last: Night | None = None


def read_as_a_client(release: Path) -> object:
    """A figure read the way BI does it."""
    with published(release) as connection:
        return rows(
            connection,
            "select as_of, value from outcomes where budget_type_id = 'invoiced_revenue' and "
            "node_level = 'company' and basis = 'reported' and period_type = 'year' "
            "and period_start = '2025-01-01'",
        )


def let_dbt_work(company: Company, night: RunningNight) -> None:
    """Return when dbt writes the build file: a kill now leaves a write in the middle."""
    work = company.home / "work"

    def has_begun() -> bool:
        assert night.process.poll() is None
        return any(path.stat().st_size for path in work.glob("*.building/utfall.duckdb.wal"))

    night.wait_for_stage("dbt")
    wait_until(has_begun, "dbt to write the build file")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Yesterday green; today killed in each stage, then run to its end; and today undisturbed."""
    root = tmp_path_factory.mktemp("kills")
    killed = Company(root / "killed")
    killed.run_green(YESTERDAY)
    undisturbed = killed.copy_to(root / "undisturbed")
    chain = Chain(undisturbed, killed, killed.current)
    hashes = tree_hashes(chain.before)
    sessions = []
    try:
        for stage in STAGES:
            night = killed.start(TODAY)
            sessions.append(night.process.pid)
            refused = None
            if stage == "dbt":
                let_dbt_work(killed, night)
                refused = killed.run(TODAY)
            else:
                night.wait_for_stage(stage)
            night.kill()
            chain.kills.append(
                Kill(
                    stage,
                    night.stages_done(),
                    killed.current,
                    tree_hashes(killed.current) == hashes,
                    read_as_a_client(killed.current),
                    refused,
                )
            )
        chain.last = killed.run(TODAY)
        undisturbed.run_green(TODAY, UTFALL_THREADS="1")
        yield chain
    finally:
        for leader in sessions:
            end_process_group(leader)


@pytest.mark.parametrize("stage", STAGES)
def test_a_night_killed_in_a_stage_leaves_the_last_publication_whole(chain: Chain, stage: str):
    (kill,) = [kill for kill in chain.kills if kill.stage == stage]
    assert kill.stages_done[-1] == (["demo", *STAGES][STAGES.index(stage)])
    assert kill.current == chain.before
    assert kill.release_as_before
    ((as_of, value),) = kill.value
    assert (as_of, value > 0) == (YESTERDAY, True)


def test_after_every_kill_the_next_run_gets_through_the_stage_that_was_killed(chain: Chain):
    done = [set(kill.stages_done) for kill in chain.kills]
    assert all(earlier < later for earlier, later in pairwise(done))


def test_the_run_after_the_kills_finishes_by_itself(chain: Chain):
    assert chain.last.is_green, chain.last.complained
    assert chain.killed.current.name.startswith(f"{TODAY}-")
    assert chain.killed.release_of(TODAY) == chain.killed.current


def test_a_night_that_was_killed_six_times_has_the_bytes_of_one_that_was_not(chain: Chain):
    ours, theirs = (parquet_hashes(c.release_of(TODAY)) for c in (chain.killed, chain.undisturbed))
    assert ours == theirs
    assert {path.partition("/")[0] for path in ours} >= {"outcomes", "outcome_evidence"}


def test_history_holds_each_night_once(chain: Chain):
    nights = [
        json.loads(path.read_text())["as_of"]
        for path in (chain.killed.home / "history" / "_published").glob("*.json")
    ]
    assert sorted(nights) == [str(YESTERDAY), str(TODAY)]
    assert len(list((chain.killed.home / "history" / "snapshots").rglob("*.parquet"))) == 2


def test_nothing_of_the_dead_runs_is_left(chain: Chain):
    work, releases = (
        chain.killed.home / "work",
        chain.killed.home / "published" / "releases",
    )
    base = json.loads((work / "base.json").read_text())
    assert [path.name for path in work.glob("*.duckdb")] == [base["file"]]
    assert not list(work.glob("*.building"))
    assert not [path.name for path in releases.iterdir() if path.name.startswith(".")]


def test_a_second_night_at_the_same_time_is_refused_with_the_holders_name(chain: Chain):
    (refused,) = [kill.refused for kill in chain.kills if kill.refused]
    assert refused.exit_code == 1
    said = refused.complained
    assert "The pipeline is busy: run " in said
    assert f"for {TODAY} (process " in said
    assert os.uname().nodename in said
    assert "Conflicting lock" not in said and "IO Error" not in said
