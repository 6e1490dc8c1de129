"""A company that lost its machine: a backup is restored in an empty folder, and nights go on."""

from __future__ import annotations

from datetime import date

from orchestration.backup import backup, restore
from orchestration.publication.history import original_nights
from tests.conftest import FIRST_NIGHT, SECOND_NIGHT, TwoNights
from tests.support.nights import Company, published, rows

NEXT_NIGHT = date(2026, 3, 5)


def test_the_night_after_a_restore_is_green_and_knows_the_nights_before(
    two_nights: TwoNights, tmp_path
):
    lost = two_nights.company
    done = backup(lost.settings(), tmp_path / "kept.tar")
    company = Company(tmp_path / "new" / "home", lost.variables)
    company.home.mkdir(parents=True)
    restore(company.settings(), done.path)
    assert company.current.name == lost.current.name
    company.run_green(NEXT_NIGHT)
    nights = [str(day) for day in (FIRST_NIGHT, SECOND_NIGHT, NEXT_NIGHT)]
    assert [night.as_of for night in original_nights(company.settings())] == nights
    with published(company.current) as release:
        assert rows(release, "select distinct as_of from outcomes") == [(NEXT_NIGHT,)]
    with company.quality() as quality:
        judged = rows(quality, "select distinct as_of from data_quality_trend order by as_of")
    assert [str(day) for (day,) in judged] == nights
