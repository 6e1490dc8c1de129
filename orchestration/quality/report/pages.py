"""Write the report: a page for the night, an index of all nights kept, and CSV files for owners.

A page needs nothing but itself: styles, charts and small CSV files are inside it, both languages
too, and no other host is asked for anything. Pages of earlier nights are taken over as they are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publication.files import READ_ONLY, link_or_copy, write_json
from orchestration.quality.deliveries import in_words
from orchestration.quality.judge import INGEST_TABLE
from orchestration.quality.owners import owner_name, owner_of_source
from orchestration.quality.report import charts, words
from orchestration.quality.report.facts import (
    NIGHTS,
    Night,
    type_names,
    write_rows_to_fix,
)
from orchestration.settings import REPORT_LANGUAGES

REPORTS = "reports"
INDEX = "index.html"
NIGHTS_FILE = "nights.json"
TEMPLATES = Path(__file__).parent / "templates"
EMBEDDED_BYTES = 200_000
"""A CSV up to this size is inside the page, so that the page alone is enough."""


@dataclass(frozen=True)
class Entry:
    """A line of the index: one run of one night. ``files`` lie beside the index."""

    as_of: str
    run_id: str
    state: str
    sentence_en: str
    sentence_sv: str
    stopped: int
    warned: int
    files: tuple[str, ...]

    @property
    def page(self) -> str:
        """The night's page."""
        return self.files[0]


def write_report(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    night: Night,
    *,
    earlier: Path | None,
    keep_days: int,
    language: str,
) -> Path:
    """Write the night's page and CSV files into ``folder``, and the index; returns the page.

    ``connection`` is the open quality database. ``earlier`` is the report folder of the run before,
    whose pages are kept for ``keep_days`` days of S.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{night.as_of}-{night.run_id[:8]}"
    downloads = _write_csv_files(connection, folder, night, stem)
    page = folder / f"{stem}.html"
    page.write_text(_render_night(night, downloads, language), encoding="utf-8")
    page.chmod(READ_ONLY)
    entry = Entry(
        as_of=night.as_of.isoformat(),
        run_id=night.run_id,
        state=night.state,
        sentence_en=words.first_sentence(night.verdict, night.as_of, night.shown, "en"),
        sentence_sv=words.first_sentence(night.verdict, night.as_of, night.shown, "sv"),
        stopped=len(night.verdict.blocking),
        warned=len(night.verdict.warnings),
        files=(page.name, *(download["file"] for download in downloads.values())),
    )
    kept = [
        other
        for other in (read_entries(earlier) if earlier else [])
        if other.run_id != night.run_id and (earlier / other.page).exists()
    ]
    for other in kept:
        for name in other.files:
            if (earlier / name).exists() and not (folder / name).exists():
                link_or_copy(earlier / name, folder / name)
    _write_index(folder, [*kept, entry], language)
    prune(folder, keep_days, language)
    return page


def read_entries(folder: Path) -> list[Entry]:
    """The nights of a report folder, in the order in which they were run."""
    path = folder / NIGHTS_FILE
    if not path.exists():
        return []
    return [
        Entry(**{**values, "files": tuple(values["files"])})
        for values in json.loads(path.read_text(encoding="utf-8"))
    ]


def prune(folder: Path, keep_days: int, language: str) -> tuple[int, int]:
    """Delete pages of nights more than ``keep_days`` days of S before the newest.

    Returns the number of nights and the bytes that went.
    """
    entries = read_entries(folder)
    if not entries:
        return 0, 0
    newest = max(date.fromisoformat(entry.as_of) for entry in entries)
    first = (newest - timedelta(days=keep_days)).isoformat()
    kept = [entry for entry in entries if entry.as_of >= first]
    gone = [entry for entry in entries if entry.as_of < first]
    if not gone:
        return 0, 0
    freed = 0
    _write_index(folder, kept, language)
    for name in {name for entry in gone for name in entry.files}:
        path = folder / name
        if path.exists():
            freed += path.stat().st_size if path.stat().st_nlink == 1 else 0
            path.unlink()
    return len(gone), freed


def _write_index(folder: Path, entries: Sequence[Entry], language: str) -> None:
    write_json(folder / NIGHTS_FILE, [asdict(entry) for entry in entries])
    numbered = sorted(enumerate(entries), key=lambda item: (item[1].as_of, item[0]), reverse=True)
    html = (
        _environment()
        .get_template("index.html.j2")
        .render(
            languages=_languages(language),
            entries=[
                {
                    "entry": entry,
                    "day": {
                        la: words.day(date.fromisoformat(entry.as_of), la)
                        for la in REPORT_LANGUAGES
                    },
                }
                for _, entry in numbered
            ],
            sentence={"en": numbered[0][1].sentence_en, "sv": numbered[0][1].sentence_sv},
        )
    )
    temporary = folder / f".{INDEX}"
    temporary.write_text(html, encoding="utf-8")
    temporary.chmod(READ_ONLY)
    temporary.replace(folder / INDEX)


def _languages(first: str) -> list[str]:
    return sorted(REPORT_LANGUAGES, key=lambda language: language != first)


@lru_cache
def _environment():
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        words=words,
        owner_name=owner_name,
        owner_of_source=owner_of_source,
        style=jinja2_safe(TEMPLATES / "style.css"),
    )
    return environment


def jinja2_safe(path: Path):
    """The text of one of the report's own files, which needs no escaping."""
    from markupsafe import Markup

    return Markup(path.read_text(encoding="utf-8"))


def _write_csv_files(
    connection: duckdb.DuckDBPyConnection, folder: Path, night: Night, stem: str
) -> dict[str, dict[str, Any]]:
    """One CSV per source with rows to fix: source → file name, rows, and a link to follow."""
    found = {}
    for source in sorted({group.source for group in night.to_fix}):
        path = folder / f"{stem}-rows-to-fix-{_plain(source)}.csv"
        rows = write_rows_to_fix(connection, source, path)
        path.chmod(READ_ONLY)
        content = path.read_bytes()
        link = path.name
        if len(content) <= EMBEDDED_BYTES:
            link = f"data:text/csv;charset=utf-8;base64,{base64.b64encode(content).decode()}"
        found[source] = {"file": path.name, "rows": rows, "link": link}
    return found


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _render_night(night: Night, downloads: Mapping[str, Any], language: str) -> str:
    return (
        _environment()
        .get_template("night.html.j2")
        .render(
            languages=_languages(language),
            night=night,
            downloads=downloads,
            views={la: _view(night, la) for la in REPORT_LANGUAGES},
            nights=NIGHTS,
        )
    )


def _view(night: Night, language: str) -> dict[str, Any]:
    """What of the night's page depends on the language, ready to be shown."""
    return {
        "sentence": words.first_sentence(night.verdict, night.as_of, night.shown, language),
        "findings": [_finding(night, result, language) for result in night.failed],
        "amount": _amount(night, language),
        "rows": [
            f"{words.number(count, language)} {words.rows_of(table, language)}"
            for table, count in night.rows_at_stake()[:3]
        ],
        "owners": _owners(night, language),
        "areas": _areas(night, language),
        "charts": _charts(night, language),
        "strip": _strip(night, language),
    }


def _amount(night: Night, language: str) -> str | None:
    span = night.amount_range()
    if span is None:
        return None
    least, most = (words.money(value, night.currency, language) for value in span)
    return least if least == most else f"{least} – {most}"


def _finding(night: Night, result: Any, language: str) -> dict[str, Any]:
    names = [type_names().get(t, {}).get(language, t) for t in result.budget_type_ids]
    return {
        "result": result,
        "area": words.area(result.table, language),
        "headline": _headline(result, language),
        "text": _text(result, language),
        "detail": result.text_en if _is_problem(result) else result.observed,
        "is_problem": _is_problem(result),
        "amount": words.money(abs(result.amount_at_stake), night.currency, language)
        if result.amount_at_stake
        else None,
        "types": words.listed(sorted(names, key=str.casefold), language, 8),
        "owner": owner_name(result.owner, language),
        "source": words.listed(words.sources_of(result, language), language),
    }


def _is_problem(result: Any) -> bool:
    """Whether the result is what ingest found with a delivery, and not a rule that was judged."""
    return result.table == INGEST_TABLE and result.checked is None and not result.could_not_run


def _text(result: Any, language: str) -> str:
    if _is_problem(result):
        _, code, source, entity = result.rule_id.split(".", 3)
        return in_words(code, source, entity, language)
    return result.text_sv if language == "sv" else result.text_en


def _headline(result: Any, language: str) -> str:
    """What was seen, as a sentence about rows where rows were counted."""
    rows = words.rows_of(result.table, language)
    if result.could_not_run and result.table == "(all)":
        return {"en": "the night did not come to its end.", "sv": "natten kom inte till slut."}[
            language
        ]
    if result.could_not_run:
        return {
            "en": "The check could not be run, so nobody knows whether it holds.",
            "sv": "Kontrollen gick inte att köra, så ingen vet om den håller.",
        }[language]
    if result.unexpected:
        count = words.number(result.unexpected, language)
        if result.checked:
            count += f" {'av' if language == 'sv' else 'of'} "
            count += words.number(result.checked, language)
        return {
            "en": f"{count} {rows} break this requirement.",
            "sv": f"{count} {rows} bryter mot kravet.",
        }[language]
    if result.checked is not None and result.observed:
        seen = words.number(result.checked, language)
        return {"en": f"There are {seen} {rows}.", "sv": f"Det finns {seen} {rows}."}[language]
    if result.observed:
        seen = result.observed.removeprefix("observed ")
        return {"en": f"Seen: {seen}.", "sv": f"Uppmätt: {seen}."}[language]
    return ""


def _owners(night: Night, language: str) -> list[dict[str, Any]]:
    """What each owner has to put right: rules, money and rows that were set aside."""
    found: dict[str, dict[str, Any]] = {}
    for result in night.failed:
        owner = found.setdefault(result.owner, {"stops": 0, "warns": 0, "amount": 0, "rows": 0})
        owner["stops" if result.blocks else "warns"] += 1
        owner["amount"] = max(owner["amount"], abs(result.amount_at_stake or 0))
    for group in night.to_fix:
        owner = found.setdefault(
            owner_of_source(group.source), {"stops": 0, "warns": 0, "amount": 0, "rows": 0}
        )
        owner["rows"] += group.rows
    return [
        {
            **values,
            "name": owner_name(owner, language),
            "amount": words.money(values["amount"], night.currency, language)
            if values["amount"]
            else "–",
        }
        for owner, values in sorted(
            found.items(), key=lambda item: (-item[1]["stops"], -item[1]["warns"], item[0])
        )
    ]


def _areas(night: Night, language: str) -> list[dict[str, str]]:
    """The published tables by how they came out, worst first, and what readers see of them."""
    colours = {"ok": "green", "warns": "amber", "stops": "red", "unjudged": "amber"}
    found: dict[str, list[str]] = {}
    for table, state in night.areas():
        if table not in (INGEST_TABLE, "(all)"):
            found.setdefault(state, []).append(words.area(table, language))
    is_red = night.state == "red"
    return [
        {
            "colour": colours[state],
            "word": words.area_word(state, language),
            "areas": words.listed(sorted(areas), language, len(areas)),
            "shown": words.shown_word(night.shown, state, is_red, language),
        }
        for state, areas in found.items()
    ]


def _days(night: Night) -> list[date]:
    return sorted({entry.as_of for entry in night.trend})


def _charts(night: Night, language: str) -> dict[str, Any]:
    from markupsafe import Markup

    days = _days(night)
    labels = [words.short_day(day, language) for day in days]

    def per_day(pick) -> list[int]:
        return [sum(pick(e) for e in night.trend if e.as_of == day) for day in days]

    rules = {
        {"en": "stop the night", "sv": "stoppar natten"}[language]: per_day(
            lambda e: e.rules_blocking
        ),
        {"en": "warn", "sv": "varnar"}[language]: per_day(
            lambda e: e.rules_failed - e.rules_blocking
        ),
    }
    rows = {
        source.upper(): [
            sum(
                e.rows_rejected + e.rows_quarantined
                for e in night.trend
                if e.as_of == day and e.source == source
            )
            for day in days
        ]
        for source in sorted({e.source for e in night.trend if e.rows_delivered})
    }
    return {
        "rules": Markup(charts.bars(f"rules-{language}", labels, rules)),
        "rows": Markup(charts.bars(f"rows-{language}", labels, rows, colours=charts.COLOURS[2:])),
    }


def _strip(night: Night, language: str) -> list[dict[str, str]]:
    """One mark per night: published, published with warnings, or stopped."""
    marks = []
    for day in _days(night):
        entries = [entry for entry in night.trend if entry.as_of == day]
        state = (
            "red"
            if not any(entry.is_published for entry in entries)
            else "amber"
            if any(entry.rules_failed for entry in entries)
            else "green"
        )
        said = {
            "red": {"en": "stopped", "sv": "stoppad"},
            "amber": {"en": "published with warnings", "sv": "publicerad med varningar"},
            "green": {"en": "published", "sv": "publicerad"},
        }[state][language]
        marks.append({"state": state, "title": f"{words.short_day(day, language)}: {said}"})
    return marks
