"""The benchmark of scores measures the company that it says it measures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.benchmark import CONNECTED_ON
from orchestration.benchmark_scoring import (
    COPIED,
    KPIS_OF_A_REP,
    SHIFTED,
    add_reps,
    working_days,
)
from orchestration.demo import write_delivery

REPS = 30


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    landing = tmp_path_factory.mktemp("benchmark") / "landing"
    write_delivery(landing, CONNECTED_ON, seed=7, scale=0.05, connects=True)
    add_reps(landing, CONNECTED_ON, REPS)
    return landing


def read(landing: Path, entity: str, file: str) -> str:
    path = landing / "crm" / entity / str(CONNECTED_ON) / file
    return f"read_csv('{path}', all_varchar = true)"


def test_every_added_rep_has_one_profile_of_five_key_figures(landing: Path):
    with duckdb.connect() as connection:
        found = connection.execute(
            "select rep_id, count(distinct profile_id), count(distinct kpi_id) "
            f"from {read(landing, 'reps', 'added.csv')} as reps "
            f"left join {read(landing, 'rep_profiles', 'added.csv')} as memberships "
            "using (rep_id) "
            f"left join {read(landing, 'profile_kpis', 'profile_kpis.csv')} using (profile_id) "
            "group by rep_id"
        ).fetchall()
    assert len(found) == REPS
    assert {(profiles, kpis) for _, profiles, kpis in found} == {(1, KPIS_OF_A_REP)}


def test_added_reps_have_been_there_for_a_year(landing: Path):
    with duckdb.connect() as connection:
        hired = connection.execute(
            f"select distinct cast(hire_date as date) from {read(landing, 'reps', 'added.csv')}"
        ).fetchall()
    assert hired == [(CONNECTED_ON.replace(year=CONNECTED_ON.year - 1),)]


@pytest.mark.parametrize("entity", COPIED)
def test_added_rows_are_of_added_reps_and_have_ids_of_their_own(landing: Path, entity: str):
    added, own = (read(landing, entity, f"{name}.csv") for name in ("added", entity))
    with duckdb.connect() as connection:
        ids = connection.execute(f"select source_id, rep_id from {added}").fetchall()
        taken = {row[0] for row in connection.execute(f"select source_id from {own}").fetchall()}
    assert ids
    assert len({source_id for source_id, _ in ids}) == len(ids)
    assert not taken & {source_id for source_id, _ in ids}
    assert all(rep_id in source_id and rep_id.startswith("X") for source_id, rep_id in ids)


def test_a_frozen_night_lies_in_the_period_of_its_own_day():
    with duckdb.connect() as connection:
        connection.execute(
            "create table own as select * from (values "
            "(date '2026-11-17', date '2026-01-01', date '2027-01-01'), "
            "(date '2026-11-17', date '2026-10-01', date '2027-01-01'), "
            "(date '2026-11-17', date '2026-11-01', date '2026-12-01'), "
            "(date '2026-11-17', date '2026-11-16', date '2026-12-16')) "
            "as scores (as_of, period_start, period_end)"
        )
        shifted = connection.execute(
            f"select * from ({SHIFTED.format(day='2025-12-15')}) order by period_start"
        ).fetchall()
    day = date(2025, 12, 15)
    assert shifted == [
        (day, date(2025, 1, 1), date(2026, 1, 1)),
        (day, date(2025, 10, 1), date(2026, 1, 1)),
        (day, date(2025, 11, 16), date(2025, 12, 16)),
        (day, date(2025, 12, 1), date(2026, 1, 1)),
    ]


def test_frozen_nights_are_working_days_before_the_night():
    assert working_days(date(2026, 11, 17), 3) == [
        date(2026, 11, 12),
        date(2026, 11, 13),
        date(2026, 11, 16),
    ]
