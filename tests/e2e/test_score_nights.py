"""What was shown one morning stays as it was shown; what turned up later is beside it, explained.

After 03-04 was published the source delivers for it once more, with a contract that had been
recorded the day before. The same S is run again, and then later nights, through the real job; in
them a budget ends. With ``UTFALL_TEN_NIGHTS`` set all ten nights to 03-12 are run, else two after
03-04, the second of which covers four days.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publication import history
from orchestration.publication.release import read_manifest
from tests.conftest import FIRST_NIGHT, SECOND_NIGHT, TwoNights
from tests.support.nights import Company, Night, published, rows, tree_hashes

TEN_NIGHTS = [FIRST_NIGHT + timedelta(days=n) for n in range(10)]
THIRD_NIGHT, BUDGET_ENDS = TEN_NIGHTS[2], date(2026, 3, 9)
NIGHTS = (
    TEN_NIGHTS
    if os.environ.get("UTFALL_TEN_NIGHTS")
    else [FIRST_NIGHT, SECOND_NIGHT, THIRD_NIGHT, BUDGET_ENDS]
)
KEEP_ALL = {"UTFALL_KEEP_RELEASES": "20"}
SIGNED_BY = "R00004"

LATE = {
    "contracts": """
        select * replace (
            'LATE' as contract_id, 'LATE' as source_id, date '2026-03-02' as signed_at,
            date '2026-04-01' as start_date, null as end_date, 12 as term_months,
            'signed' as status, null as renews_contract_id, null as opportunity_id,
            '{rep}' as owner_rep_id, '{recorded}' as created_recorded_at
        )
        from read_json('{first}/contracts/2026-03-02/*.jsonl')
        order by contract_id limit 1
        """,
    "contract_lines": """
        select * replace (
            'LATE' as contract_id, 'LATE1' as contract_line_id, 'LATE1' as source_id,
            1000000 as annual_value, 0 as one_off_value, '{recorded}' as created_recorded_at
        )
        from read_json('{first}/contract_lines/2026-03-02/*.jsonl')
        order by contract_line_id limit 1
        """,
}


@dataclass(frozen=True)
class LateContract:
    """The company after 03-04 was run again and later nights were run, and what there was in
    between. ``shown``: what each morning's release had of its own S."""

    company: Company
    again: Night
    history_before: dict[str, str]
    history_between: dict[str, str]
    current_between: Path
    third: Path
    last: Path
    shown: dict[date, list[tuple[Any, ...]]]


def deliver_late(landing: Path) -> None:
    """Lay one more contract of a million into the deliveries of 03-04."""
    recorded = f"{FIRST_NIGHT}T17:00:00Z"
    with duckdb.connect() as connection:
        for entity, query in LATE.items():
            late = query.format(first=landing / "crm", recorded=recorded, rep=SIGNED_BY)
            connection.execute(
                f"copy (select * replace ('{recorded}' as recorded_at, "
                f"'{SECOND_NIGHT}T00:00:00Z' as extracted_at) from ({late})) "
                f"to '{landing}/crm/{entity}/{SECOND_NIGHT}/late.jsonl' (format json)"
            )


def scores_of(release: duckdb.DuckDBPyConnection, as_of: date) -> list[tuple[Any, ...]]:
    """All that a release shows of one night."""
    return rows(release, "select * from scores where as_of = ? order by all", [as_of])


@pytest.fixture(scope="module")
def late(two_nights: TwoNights, tmp_path_factory: pytest.TempPathFactory) -> LateContract:
    company = two_nights.company.copy_to(tmp_path_factory.mktemp("score_nights") / "home")
    before = tree_hashes(company.home / "history")
    deliver_late(company.home / "landing")
    again = company.run_green(SECOND_NIGHT)
    between, current = tree_hashes(company.home / "history"), company.current
    shown = {}
    for as_of, release in zip((FIRST_NIGHT, SECOND_NIGHT), two_nights.releases, strict=True):
        with published(release) as connection:
            shown[as_of] = scores_of(connection, as_of)
    for as_of in NIGHTS[2:]:
        company.run_green(as_of, **KEEP_ALL)
        with published(company.release_of(as_of)) as connection:
            shown[as_of] = scores_of(connection, as_of)
    third, last = (company.release_of(as_of) for as_of in (THIRD_NIGHT, NIGHTS[-1]))
    return LateContract(company, again, before, between, current, third, last, shown)


def test_the_second_run_of_a_night_stands_beside_the_first(late: LateContract):
    assert "restatement" in late.again.said
    assert late.history_before.items() <= late.history_between.items()
    added = late.history_between.keys() - late.history_before.keys()
    assert sorted(path.split("/")[0] for path in added) == ["_published", "restatements"]
    records = history.publication_records(late.company.settings()).values()
    assert sorted((record.as_of, record.kind) for record in records) == sorted(
        [*((str(night), "original") for night in NIGHTS), (str(SECOND_NIGHT), "restatement")]
    )
    (original,) = (
        record
        for record in records
        if (record.as_of, record.kind) == (str(SECOND_NIGHT), "original")
    )
    assert late.current_between.name == f"{SECOND_NIGHT}-{original.publication_id}"


def test_k13_what_was_shown_is_the_same_file_in_every_later_release(late: LateContract):
    frozen = history.frozen_files(late.company.settings(), history.SCORES, THIRD_NIGHT)
    assert [file.as_of for file in frozen] == [FIRST_NIGHT, SECOND_NIGHT]
    for file in frozen:
        shown = late.third / "parquet" / history.nights_file(history.SCORES, file.as_of)
        assert shown.samefile(file.path)
    with published(late.third) as connection:
        nights = rows(
            connection, "select distinct as_of, publication_id from scores order by as_of"
        )
    assert nights == [
        *((file.as_of, file.publication_id) for file in frozen),
        (THIRD_NIGHT, read_manifest(late.third)["publication_id"]),
    ]


def test_k13_no_row_that_was_shown_changes(late: LateContract):
    with published(late.last) as connection:
        for as_of, shown in late.shown.items():
            assert len(shown) > 100
            assert scores_of(connection, as_of) == shown, as_of
        ended = rows(
            connection,
            "select distinct as_of from scores where period_end <= as_of and status in "
            "('met', 'missed') order by as_of",
        )
        assert rows(connection, "select distinct as_of, cause from score_restatements") == [
            (SECOND_NIGHT, "extracts")
        ]
    assert [as_of for (as_of,) in ended] == [night for night in NIGHTS if night >= BUDGET_ENDS]


def test_a_restatement_shows_what_was_reported_what_it_would_have_been_and_why(
    late: LateContract,
):
    """Only figures that a contract can change differ, and only because extracts do."""
    with published(late.third) as connection:
        assert rows(
            connection,
            "select distinct as_of, cause from score_restatements",
        ) == [(SECOND_NIGHT, "extracts")]
        (difference,) = rows(
            connection,
            "select max(value_restated - value_reported) from score_restatements "
            "where budget_type_id = 'signed_volume' and node_level = 'company'",
        )
        assert difference == (1_000_000,)
        assert rows(
            connection,
            "select count(*) from score_restatements as restated inner join scores "
            "using (as_of, subject_type, subject_id, node_level, node_id) "
            "where restated.value_reported is distinct from scores.value",
        ) == [(0,)]


def test_the_correction_shows_the_morning_after(late: LateContract):
    with published(late.third) as connection:
        ((gained,),) = rows(
            connection,
            "select max(value - value_yesterday) from scores "
            f"where as_of = date '{THIRD_NIGHT}' and subject_type = 'budget' "
            "and budget_type_id = 'signed_volume' and node_level = 'company'",
        )
    assert gained >= 1_000_000


def test_yesterday_is_what_was_shown_yesterday(late: LateContract):
    with published(late.third) as connection:
        ((compared, differing),) = rows(
            connection,
            "select count(*), count_if(tonight.value_yesterday is distinct from before.value) "
            "from scores as tonight inner join scores as before "
            "using (subject_type, subject_id, node_level, node_id) "
            f"where tonight.as_of = date '{THIRD_NIGHT}' and before.as_of = date '{SECOND_NIGHT}'",
        )
    assert compared > 100 and differing == 0


def test_k12_every_rep_of_a_profile_has_its_kpis_every_night(late: LateContract):
    with published(late.third) as connection:
        nights = rows(
            connection,
            "select as_of, count(*), count(distinct (node_id, kpi_id)) from scores "
            "where subject_type = 'kpi' and node_level = 'rep' group by as_of order by as_of",
        )
        ((shown,),) = rows(connection, "select count(*) from my_kpis")
    assert [as_of for as_of, _, _ in nights] == [FIRST_NIGHT, SECOND_NIGHT, THIRD_NIGHT]
    assert all(found == different > 0 for _, found, different in nights)
    assert nights[-1][1] == shown
