"""The report for management: what a reader who was handed one page can say, and what is in it."""

from __future__ import annotations

import base64
import csv
import html
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.quality.judge import Verdict
from orchestration.quality.report import words
from orchestration.quality.report.pages import prune, read_entries, write_report
from tests.report_support import (
    AMBER,
    BROKEN,
    GREEN,
    MISSING,
    RED,
    SHOWN,
    S,
    night,
    quality_database,
)

HEADER_CELLS = 12


def report(folder: Path, verdict: Verdict, run_id: str = "0a1b2c3d", **options) -> Path:
    """Write the report of a night; returns its page."""
    connection = quality_database(verdict, shown=options.pop("shown", SHOWN))
    values = {"earlier": None, "keep_days": 90, "language": "sv", **options}
    return write_report(folder, connection, night(connection, verdict, run_id), **values)


def text(page: Path, language: str) -> str:
    """What a reader of one language sees, in one line."""
    source = page.read_text(encoding="utf-8")
    (main,) = re.findall(rf'<main class="{language}".*?</main>', source, re.DOTALL)
    main = re.sub(r"<svg.*?</svg>", " ", main, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_page_of_a_red_night_alone_tells_what_how_much_who_and_what_still_holds(
    tmp_path, language
):
    seen = text(report(tmp_path, RED), language)
    told = {
        "en": [
            "No: the figures of Tuesday 3 March 2026 are not published because 2 checks "
            "(Outcomes and Deliveries) stopped them; reports show the approved figures of "
            "Monday 2 March 2026.",
            "12 of 182,400 outcomes break this requirement.",
            "SEK 1.2 million",
            "232 meetings",
            "CRM has not delivered activities for this night; older rows are used.",
            "Fixed by CRM administration",
            "Figures of 2 Mar: approved, unchanged",
            "Customer meetings held and Sales meetings planned next 14 days",
            "Nothing was published.",
        ],
        "sv": [
            "Nej: siffrorna för tisdag 3 mars 2026 är inte publicerade eftersom 2 kontroller "
            "(Utfall och Leveranser) stoppade dem; rapporterna visar de godkända siffrorna för "
            "måndag 2 mars 2026.",
            "12 av 182 400 utfall bryter mot kravet.",
            "1,2 mnkr",
            "232 möten",
            "CRM har inte levererat activities till natten; äldre rader används.",
            "Åtgärdas av CRM-förvaltningen",
            "Siffrorna för 2 mar: godkända, oförändrade",
            "Inget publicerades.",
        ],
    }[language]
    for sentence in told:
        assert " ".join(sentence.split()) in seen, sentence


def test_a_green_night_says_yes_and_one_with_warnings_says_about_what(tmp_path):
    green = text(report(tmp_path / "green", GREEN), "en")
    assert "Yes: the figures of Tuesday 3 March 2026 can be trusted, all 6 checks hold." in green
    assert "Nothing: all checks hold." in green and "published at 05:12" in green
    amber = text(report(tmp_path / "amber", AMBER), "en")
    assert "Yes, with care" in amber and "1 check warns about Customer meetings." in amber
    assert "Figures of 3 Mar: published with a mark" in amber


def test_a_night_without_any_publication_or_check_says_so(tmp_path):
    page = report(tmp_path, Verdict(()), shown=None)
    assert "no check could be run; there are no published figures yet" in text(page, "en")
    assert "det finns ännu inga publicerade siffror" in text(page, "sv")


@pytest.mark.parametrize("verdict", [GREEN, AMBER, RED], ids=["green", "amber", "red"])
def test_a_page_asks_no_other_host_and_runs_nothing(tmp_path, verdict):
    page = report(tmp_path, verdict)
    for path in (page, tmp_path / "index.html"):
        source = path.read_text(encoding="utf-8")
        hosts = set(re.findall(r"(?:https?:)?//[\w.-]+", source))
        assert hosts <= {"http://www.w3.org"}, hosts
        assert not re.search(r"<(script|link|iframe|object|img)\b|@import|url\(|\son\w+=", source)
        assert "default-src 'none'" in source


def test_the_same_night_makes_the_same_bytes(tmp_path):
    pages = [report(tmp_path / name, RED).read_bytes() for name in ("a", "b")]
    assert pages[0] == pages[1]


def test_what_a_source_wrote_is_text_on_the_page(tmp_path):
    evil = replace(MISSING, text_en="<script>alert(1)</script><b>x</b>")
    source = report(tmp_path, Verdict((evil,))).read_text(encoding="utf-8")
    assert "<script" not in source and "<b>x</b>" not in source
    assert "&lt;script&gt;alert(1)" in source


def test_the_owners_file_holds_every_open_row_and_no_formula(tmp_path):
    page = report(tmp_path, RED)
    (crm, erp) = sorted(tmp_path.glob("*.csv"))
    assert crm.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = [
        list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
        for path in (crm, erp)
    ]
    assert [len(found) - 1 for found in rows] == [3, 1]
    keys = {row[4] for found in rows for row in found[1:]}
    assert keys == {"K-1007", "K-1061", '\'=HYPERLINK("x")', "'-2+3"}
    cells = [cell for found in rows for row in found[1:] for cell in row]
    assert len(cells) == 4 * HEADER_CELLS
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    embedded = re.findall(r"data:text/csv;charset=utf-8;base64,([^\"]+)", page.read_text())
    assert {base64.b64decode(code) for code in embedded} == {crm.read_bytes(), erp.read_bytes()}


def test_money_is_a_span_where_checks_may_speak_of_the_same(tmp_path):
    other = replace(BROKEN, rule_id="other", amount_at_stake=Decimal("-1000000"))
    page = report(tmp_path, Verdict((BROKEN, other)))
    assert "SEK 1.2 million – SEK 2.2 million" in text(page, "en")


def test_pages_of_earlier_nights_are_kept_and_listed(tmp_path):
    report(tmp_path / "first", RED, "aaaaaaaa1")
    page = report(tmp_path / "second", GREEN, "bbbbbbbb1", earlier=tmp_path / "first")
    assert (tmp_path / "second" / f"{S}-aaaaaaaa.html").exists()
    entries = read_entries(tmp_path / "second")
    assert [(entry.run_id, entry.state) for entry in entries] == [
        ("aaaaaaaa1", "red"),
        ("bbbbbbbb1", "green"),
    ]
    index = (tmp_path / "second" / "index.html").read_text(encoding="utf-8")
    assert index.index(page.name) < index.index(f"{S}-aaaaaaaa.html")
    assert {p.name for p in (tmp_path / "second").glob("*.html")} == {
        "index.html",
        *(entry.page for entry in entries),
    }


def test_pages_older_than_their_days_go_with_their_files_and_the_index_forgets_them(tmp_path):
    report(tmp_path / "first", RED, "aaaaaaaa1")
    old = (tmp_path / "first" / "nights.json").read_text().replace(f'"{S}"', '"2025-12-02"')
    (tmp_path / "first" / "nights.json").write_text(old)
    report(tmp_path / "second", GREEN, "bbbbbbbb1", earlier=tmp_path / "first", keep_days=91)
    assert len(read_entries(tmp_path / "second")) == 2
    assert prune(tmp_path / "second", 90, "sv")[0] == 1
    assert not list((tmp_path / "second").glob(f"{S}-aaaaaaaa*"))
    assert "aaaaaaaa" not in (tmp_path / "second" / "index.html").read_text(encoding="utf-8")
    assert prune(tmp_path / "second", 90, "sv") == (0, 0)


@pytest.mark.parametrize(
    ("amount", "sv", "en"),
    [
        ("1234567.8", "1,2 mnkr", "SEK 1.2 million"),
        ("45000", "45 000 kr", "SEK 45,000"),
        ("-12.4", "−12 kr", "SEK −12"),
    ],
)
def test_amounts_are_said_as_people_say_them(amount, sv, en):
    assert words.money(Decimal(amount), "SEK", "sv").replace("\N{NO-BREAK SPACE}", " ") == sv
    assert words.money(Decimal(amount), "SEK", "en") == en


def test_lists_and_dates_read_like_sentences():
    assert words.listed(["a", "b", "c"], "sv") == "a, b och c"
    assert words.listed(["a", "b", "c", "d"], "en", 2) == "a, b and 2 more"
    assert words.day(date(2026, 11, 30), "sv") == "måndag 30 november 2026"
