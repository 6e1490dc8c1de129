"""Which months' files a night takes over: never one that could differ."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.publication.unchanged import unchanged_months

JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    path = tmp_path / "build.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema raw; create schema core; create schema outcomes;
            create table raw.run_context as select date '2026-04-10' as as_of,
                false as is_recounted;
            create table core.int_core__rebuild as select date '2026-04-01' as rebuild_from;
            create table core.int_core__booking_months as
                select unnest([date '2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01'])
                    as month_start;
            create table core.int_core__periods as
                select 'year' as period_type, date '2026-01-01' as period_start,
                    date '2027-01-01' as period_end, '' as campaign_id
                union all select 'month', date '2026-02-01', date '2026-03-01', ''
                union all select 'week', date '2026-04-06', date '2026-04-13', '';
            create table outcomes.int_outcomes__touched_periods as
                select period_type, period_start, campaign_id from core.int_core__periods;
            """
        )
    return path


def release(tmp_path: Path, as_of: str) -> Path:
    (tmp_path / "manifest.json").write_text(json.dumps({"as_of": as_of}))
    return tmp_path


def test_open_months_touched_periods_and_both_nights_are_written_again(
    build: Path, tmp_path: Path
) -> None:
    found = unchanged_months(build, date(2026, 3, 31), release(tmp_path, "2026-03-31"))
    # March holds the standing figures of the night before, April those of this one; the open
    # year ends in December, and the outcomes of February were touched by something late.
    assert found == {"outcomes": {JAN}, "outcome_evidence": {JAN, FEB}}


def test_nothing_is_taken_over_from_another_night_or_into_a_full_build(
    build: Path, tmp_path: Path
) -> None:
    current = release(tmp_path, "2026-03-30")
    assert unchanged_months(build, date(2026, 3, 31), current) == {}
    assert unchanged_months(build, None, current) == {}
    assert unchanged_months(build, date(2026, 3, 30), None) == {}


def test_nothing_is_taken_over_from_what_other_code_made(build: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(build)) as connection:
        connection.execute("update raw.run_context set is_recounted = true")
    assert unchanged_months(build, date(2026, 3, 31), release(tmp_path, "2026-03-31")) == {}
