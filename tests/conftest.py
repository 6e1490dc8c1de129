"""What several test files share: nights that are dear, run once per session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.support.nights import Company, Night

FIRST_NIGHT, SECOND_NIGHT = date(2026, 3, 3), date(2026, 3, 4)


@dataclass(frozen=True)
class TwoNights:
    """The demo company after its first two nights, which nobody changes: tests that run further
    nights copy it."""

    company: Company
    nights: tuple[Night, Night]
    was_full: tuple[bool, bool]
    releases: tuple[Path, Path]


@pytest.fixture(scope="session")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> TwoNights:
    """Nights 2026-03-03 and 2026-03-04 of the demo company through the real job, four threads."""
    company = Company(tmp_path_factory.mktemp("two_nights") / "home")
    nights, was_full = [], []
    for as_of in (FIRST_NIGHT, SECOND_NIGHT):
        nights.append(company.run_green(as_of, UTFALL_THREADS="4"))
        was_full.append(company.handover(as_of)["build_file"]["is_full"])
    return TwoNights(
        company,
        (nights[0], nights[1]),
        (was_full[0], was_full[1]),
        (company.release_of(FIRST_NIGHT), company.release_of(SECOND_NIGHT)),
    )
