"""The report's words: sentences, names, numbers and dates in Swedish and English.

Everything a manager reads beside the rules' own texts is written here, so that both languages say
the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from orchestration.quality.judge import INGEST_TABLE, RuleResult, Verdict
from orchestration.quality.suites import DELIVERY_SUITE, SUITES_FOLDER, read_suite

if TYPE_CHECKING:
    from orchestration.quality.report.facts import Night

LANGUAGES = ("en", "sv")
NAMED_TABLES = 2
"""Areas that a sentence names before it counts the rest."""

_MILLION = Decimal(1_000_000)
_NBSP = "\N{NO-BREAK SPACE}"

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "sv": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
}
_MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    "sv": (
        "januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september",
        "oktober", "november", "december",
    ),
}  # fmt: skip
_AND = {"en": "and", "sv": "och"}
_MORE = {"en": "{} more", "sv": "{} till"}
_ROWS = {"en": "rows", "sv": "rader"}

_FILES = {
    "duplicate": {
        "en": "Files delivered twice and used once: {}.",
        "sv": "Filer som levererats två gånger och använts en gång: {}.",
    },
    "replaced": {
        "en": "Files replaced by a corrected delivery: {}.",
        "sv": "Filer som ersatts av en rättad leverans: {}.",
    },
    "rejected": {
        "en": "Files that could not be used; the last good extract was used instead: {}.",
        "sv": "Filer som inte gick att använda; det senaste felfria extraktet användes: {}.",
    },
}
_WITHOUT_SUITE = {
    "(all)": {"name_en": "the whole night", "name_sv": "hela natten"},
}
"""What readers call what belongs to no table."""


def day(value: date, language: str) -> str:
    """A date in words, ``Tuesday 3 March 2026``."""
    return (
        f"{_DAYS[language][value.weekday()]} {value.day} "
        f"{_MONTHS[language][value.month - 1]} {value.year}"
    )


def short_day(value: date, language: str) -> str:
    """A date in a chart or table, ``3 Mar`` or ``3 mar``."""
    return f"{value.day} {_MONTHS[language][value.month - 1][:3]}"


def number(value: int | Decimal, language: str, digits: int = 0) -> str:
    """A number with the language's separators: ``1,234.5``, ``1 234,5``."""
    text = f"{value:,.{digits}f}"
    if language == "sv":
        text = text.replace(",", _NBSP).replace(".", ",")
    return text.replace("-", "\N{MINUS SIGN}")


def money(value: Decimal, currency: str, language: str) -> str:
    """An amount as it is said aloud: ``SEK 1.2 million``, ``45 000 kr``."""
    is_big = abs(value) >= _MILLION
    amount = number(value / _MILLION, language, 1) if is_big else number(value, language)
    if language == "en":
        return f"{currency} {amount}{' million' if is_big else ''}"
    unit = "kr" if currency == "SEK" else currency
    if is_big and unit == "kr":
        return f"{amount}{_NBSP}mnkr"
    return f"{amount}{_NBSP}{'mn ' if is_big else ''}{unit}"


def listed(items: Sequence[str], language: str, limit: int = 6) -> str:
    """``a, b and c``; what is beyond ``limit`` is counted."""
    shown = list(items[:limit])
    if len(items) > limit:
        shown.append(_MORE[language].format(len(items) - limit))
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {_AND[language]} {shown[-1]}"


@lru_cache
def _names(table: str) -> dict[str, str]:
    path = SUITES_FOLDER / f"{DELIVERY_SUITE if table == INGEST_TABLE else table}.yml"
    if table in _WITHOUT_SUITE or not path.exists():
        return dict(_WITHOUT_SUITE.get(table, {}))
    return dict(read_suite(path).names)


def area(table: str, language: str) -> str:
    """What readers call a published table; its own name where its suite does not say."""
    return _names(table).get(f"name_{language}") or table.replace("_", " ").capitalize()


def rows_of(table: str, language: str) -> str:
    """What readers call the table's rows: meetings, customers …"""
    return _names(table).get(f"rows_{language}") or _ROWS[language]


def _areas(results: Sequence[RuleResult], language: str) -> str:
    tables = list(dict.fromkeys(result.table for result in results))
    return listed([area(table, language) for table in tables], language, NAMED_TABLES)


def first_sentence(verdict: Verdict, as_of: date, shown: date | None, language: str) -> str:
    """Whether the figures of ``as_of`` can be trusted, in one sentence.

    ``shown`` is the day whose figures readers get now, None where nothing was ever published.
    """
    today = day(as_of, language)
    if verdict.is_green:
        return _green_sentence(verdict, today, language)
    count = len(verdict.blocking)
    if shown == as_of:
        areas = _areas(verdict.blocking, language)
        return {
            "en": f"Yes: the figures of {today} stand as they were published; a later run of the "
            f"night was stopped ({areas}).",
            "sv": f"Ja: siffrorna för {today} står kvar som de publicerades; en senare körning av "
            f"natten stoppades ({areas}).",
        }[language]
    if language == "sv":
        why = (
            f"{number(count, 'sv')} {'kontroll' if count == 1 else 'kontroller'} "
            f"({_areas(verdict.blocking, 'sv')}) stoppade dem"
            if count
            else "ingen kontroll kunde köras"
        )
        instead = (
            f"rapporterna visar de godkända siffrorna för {day(shown, 'sv')}"
            if shown
            else "det finns ännu inga publicerade siffror"
        )
        return f"Nej: siffrorna för {today} är inte publicerade eftersom {why}; {instead}."
    why = (
        f"{number(count, 'en')} {'check' if count == 1 else 'checks'} "
        f"({_areas(verdict.blocking, 'en')}) stopped them"
        if count
        else "no check could be run"
    )
    instead = (
        f"reports show the approved figures of {day(shown, 'en')}"
        if shown
        else "there are no published figures yet"
    )
    return f"No: the figures of {today} are not published because {why}; {instead}."


def _green_sentence(verdict: Verdict, today: str, language: str) -> str:
    checks, warned = number(len(verdict.results), language), verdict.warnings
    if not warned:
        return {
            "en": f"Yes: the figures of {today} can be trusted, all {checks} checks hold.",
            "sv": f"Ja: siffrorna för {today} går att lita på, alla {checks} kontroller håller.",
        }[language]
    count = number(len(warned), language)
    if language == "sv":
        noun = "kontroll" if len(warned) == 1 else "kontroller"
        return (
            f"Ja, med förbehåll: siffrorna för {today} är publicerade, men {count} {noun} varnar "
            f"för {_areas(warned, 'sv')}."
        )
    noun, verb = ("check", "warns") if len(warned) == 1 else ("checks", "warn")
    return (
        f"Yes, with care: the figures of {today} are published, but {count} {noun} {verb} about "
        f"{_areas(warned, 'en')}."
    )


def state_word(state: str, language: str) -> str:
    """What became of a night, in a word or two."""
    return {
        "green": {"en": "Published", "sv": "Publicerad"},
        "amber": {"en": "With warnings", "sv": "Med varningar"},
        "red": {"en": "Stopped", "sv": "Stoppad"},
    }[state][language]


def area_word(state: str, language: str) -> str:
    """How a table came out of the gate."""
    return {
        "ok": {"en": "Holds", "sv": "Håller"},
        "warns": {"en": "Warning", "sv": "Varning"},
        "stops": {"en": "Stopped", "sv": "Stoppad"},
        "unjudged": {"en": "Not checked", "sv": "Ej kontrollerad"},
    }[state][language]


def shown_word(shown: date | None, state: str, is_red: bool, language: str) -> str:
    """Which figures of a table readers see, and whether those are approved."""
    if shown is None:
        return {"en": "Nothing published yet", "sv": "Inget publicerat än"}[language]
    when = short_day(shown, language)
    if is_red:
        return {
            "en": f"Figures of {when}: approved, unchanged",
            "sv": f"Siffrorna för {when}: godkända, oförändrade",
        }[language]
    if state == "warns":
        return {
            "en": f"Figures of {when}: published with a mark",
            "sv": f"Siffrorna för {when}: publicerade med märkning",
        }[language]
    return {"en": f"Figures of {when}: approved", "sv": f"Siffrorna för {when}: godkända"}[language]


def sources_of(result: RuleResult, language: str) -> list[str]:
    """The source systems of a result, as readers call them; computed figures are Utfall's own."""
    own = {"en": "computed by Utfall", "sv": "räknas av Utfall"}[language]
    parts = [part.strip() for part in result.source.split(",") if part.strip()]
    return [own if part == "utfall" else part.upper() for part in parts]


def what_to_do(result: RuleResult, language: str) -> str:
    """The owner's next step."""
    if result.could_not_run:
        return {
            "en": "Look at the message below and the run's log, and run the night again.",
            "sv": "Läs meddelandet nedan och körningens logg, och kör natten igen.",
        }[language]
    sources = [part.strip().upper() for part in result.source.split(",") if part.strip()]
    if not sources or sources == ["UTFALL"]:
        return {
            "en": "Find the cause in the computation or in a rule that no longer fits, put it "
            "right and run the night again.",
            "sv": "Hitta orsaken i beräkningen eller i en regel som inte längre passar, rätta och "
            "kör natten igen.",
        }[language]
    where = listed(sources, language)
    if result.blocks:
        return {
            "en": f"Correct it in {where} and deliver again; the night then runs by itself.",
            "sv": f"Rätta i {where} och leverera på nytt; då körs natten om av sig själv.",
        }[language]
    return {
        "en": f"Correct it in {where}; the next delivery brings the correction.",
        "sv": f"Rätta i {where}; nästa leverans tar med rättelsen.",
    }[language]


def what_was_done(night: Night, language: str) -> list[str]:
    """What the run did about the night, line by line."""
    lines = []
    if not night.verdict.is_green:
        lines.append(
            {
                "en": "Nothing was published. "
                + (
                    f"The figures of {day(night.shown, 'en')} stand, unchanged."
                    if night.shown
                    else "There are no earlier figures to show."
                ),
                "sv": "Inget publicerades. "
                + (
                    f"Siffrorna för {day(night.shown, 'sv')} ligger kvar, oförändrade."
                    if night.shown
                    else "Det finns inga tidigare siffror att visa."
                ),
            }[language]
        )
        lines.append(
            {
                "en": "The night runs again by itself when a corrected delivery arrives.",
                "sv": "Natten körs om av sig själv när en rättad leverans kommer.",
            }[language]
        )
        if night.alerts_go_to:
            where = listed(night.alerts_go_to, language)
            lines.append(
                {"en": f"A message goes to {where}.", "sv": f"Ett meddelande går till {where}."}[
                    language
                ]
            )
    elif night.kind == "restatement":
        lines.append(
            {
                "en": "The night had been published before; this run is kept beside it.",
                "sv": "Natten var redan publicerad; denna körning sparas bredvid.",
            }[language]
        )
    else:
        at = f" {night.published_at:%H:%M}" if night.published_at else ""
        lines.append(
            {
                "en": f"The figures were published{at and ' at' + at}, all at once.",
                "sv": f"Siffrorna publicerades{at and ' kl.' + at}, alla på en gång.",
            }[language]
        )
        if night.verdict.warnings:
            lines.append(
                {
                    "en": "Figures that a warning concerns were marked.",
                    "sv": "Siffror som en varning gäller märktes.",
                }[language]
            )
    totals = {
        name: sum(getattr(source, name) for source in night.sources)
        for name in ("rows_delivered", "rows_loaded", "rows_rejected", "rows_quarantined")
    }
    if totals["rows_delivered"]:
        told = {name: number(value, language) for name, value in totals.items()}
        lines.append(
            {
                "en": "{rows_delivered} rows were delivered, {rows_loaded} loaded and "
                "{rows_rejected} unreadable; {rows_quarantined} of the loaded were set aside.",
                "sv": "{rows_delivered} rader levererades, {rows_loaded} lästes in och "
                "{rows_rejected} gick inte att läsa; {rows_quarantined} av de inlästa sattes i "
                "karantän.",
            }[language].format(**told)
        )
    statuses = Counter(file.status for file in night.files)
    for status, count in sorted(statuses.items()):
        text = _FILES.get(status)
        if text:
            lines.append(text[language].format(number(count, language)))
    return lines
