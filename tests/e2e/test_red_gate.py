"""A delivery that must not be published: yesterday's figures stand and the report says why.

The file of exchange rates is cut off in the middle of its gzip; the same S is published when the
source has delivered it again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import SECOND_NIGHT, TwoNights
from tests.support.nights import Company, Night, published, rows, tree_hashes

RED_NIGHT = date(2026, 3, 5)


@dataclass(frozen=True)
class RedNight:
    """A red night, what readers had after it, and the same S after the source delivered again."""

    company: Company
    red: Night
    current_before: Path
    current_after: Path
    is_release_as_before: bool
    findings: list[tuple[str, str, str, str]]
    verdicts: list[tuple[object, ...]]
    page: str
    green: Night


@pytest.fixture(scope="module")
def red_night(two_nights: TwoNights, tmp_path_factory: pytest.TempPathFactory) -> RedNight:
    """03-05 with a broken file, then with the file delivered anew."""
    company = two_nights.company.copy_to(tmp_path_factory.mktemp("red_night") / "home")
    before, hashes = company.current, tree_hashes(company.current)
    red = company.run(RED_NIGHT, UTFALL_DEMO_DEFECTS="truncated_gzip")
    with company.quality() as quality:
        findings = rows(
            quality,
            "select rule_id, severity, owner, text_sv from data_quality_results "
            f"where as_of = date '{RED_NIGHT}' and not success and severity = 'critical'",
        )
        verdicts = rows(quality, "select as_of, gate_verdict from publication")
    reports = company.home / "published" / "quality" / "current" / "reports"
    (page,) = reports.glob(f"{RED_NIGHT}-*.html")
    text = page.read_text(encoding="utf-8")
    after = company.current
    is_same = tree_hashes(after) == hashes
    shutil.rmtree(company.home / "landing" / "erp" / "exchange_rates" / str(RED_NIGHT))
    green = company.run(RED_NIGHT)
    return RedNight(company, red, before, after, is_same, findings, verdicts, text, green)


def test_the_night_fails_and_says_why_in_a_sentence(red_night: RedNight):
    assert red_night.red.exit_code == 1
    assert "exchange_rates" in red_night.red.complained
    assert "last publication stands" in red_night.red.complained
    assert "Traceback" not in red_night.red.complained


def test_yesterdays_publication_stands(red_night: RedNight):
    assert red_night.current_after == red_night.current_before
    assert red_night.is_release_as_before
    assert red_night.current_after.name.startswith(str(SECOND_NIGHT))


def test_the_quality_report_says_what_is_wrong_and_who_owns_it(red_night: RedNight):
    assert red_night.findings
    assert any("exchange_rates" in "".join(map(str, finding)) for finding in red_night.findings)
    assert all(owner and text for _, _, owner, text in red_night.findings)
    assert red_night.verdicts == [(RED_NIGHT, "red")]


def test_the_page_for_management_answers_in_its_first_sentence(red_night: RedNight):
    assert "Nej: siffrorna för torsdag 5 mars 2026 är inte publicerade" in red_night.page
    assert "rapporterna visar de godkända siffrorna för onsdag 4 mars 2026" in red_night.page
    assert "exchange_rates" in red_night.page and "Åtgärdas av" in red_night.page


def test_the_same_night_is_published_when_the_source_has_delivered_again(red_night: RedNight):
    assert red_night.green.is_green, red_night.green.complained
    assert red_night.company.current.name.startswith(str(RED_NIGHT))
    with published(red_night.company.current) as connection:
        assert rows(
            connection,
            "select status, count(*) from ingest_ledger where entity = 'exchange_rates' "
            f"and extract_date = date '{RED_NIGHT}' group by 1 order by 1",
        ) == [("loaded", 1), ("replaced", 1)]
