"""Which S a run is for, derived from deliveries and publications and never from a clock.

``S`` (``as_of``) is the day figures are shown; it is also Dagster's partition key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from orchestration.settings import Settings

FIRST_DELIVERY = date(2026, 3, 2)
"""The demo company's full delivery; its first S is the day after."""


class NoAsOfError(RuntimeError):
    """No S can be derived or the given one cannot be used; the text says what to do."""


def parse_day(text: str) -> date:
    """Read an ISO date such as ``2026-03-03``; raise ``NoAsOfError`` in words for anything else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise NoAsOfError(
            f"AS_OF={text!r} is not a date; write it as year-month-day, for example 2026-03-03."
        ) from None


def delivered_days(landing: Path) -> list[date]:
    """Return the distinct extract dates that have a folder anywhere in the landing, ascending.

    Folders whose name is not an ISO date are left for ingest to report.
    """
    days: set[date] = set()
    for source in _folders(landing):
        for entity in _folders(source):
            for folder in _folders(entity):
                try:
                    days.add(date.fromisoformat(folder.name))
                except ValueError:
                    continue
    return sorted(days)


def _folders(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return []
    with os.scandir(path) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir()]


def published_as_of(settings: Settings) -> date | None:
    """Return the S of the current publication, or None where nothing has been published yet."""
    manifest = settings.published / "current" / "manifest.json"
    if not manifest.is_file():
        return None
    return date.fromisoformat(json.loads(manifest.read_text())["as_of"])


def first_day(settings: Settings) -> date:
    """Return the first day of the daily partitions: the earliest extract, at the latest the demo's.

    A company whose first extract is older than the demo company's gets partitions from there.
    """
    delivered = [] if settings.demo else delivered_days(settings.landing)
    return min([FIRST_DELIVERY, *delivered[:1]])


def choose_as_of(
    given: str | None, *, demo: bool, published: date | None, delivered: list[date], landing: Path
) -> date:
    """Return S for a run that a person starts.

    ``given`` wins. The demo goes on with the day after its last published one; a company's own
    landing is run for the newest extract date delivered. Raises ``NoAsOfError`` where the landing
    is empty or ``given`` lies before the first extract.
    """
    if given:
        day = parse_day(given)
        if demo and day <= FIRST_DELIVERY:
            raise NoAsOfError(
                f"The demo company's first extract is dated {FIRST_DELIVERY}, so its first S is "
                f"{FIRST_DELIVERY + timedelta(days=1)}; give AS_OF= that day or a later one."
            )
        if not demo and delivered and day < delivered[0]:
            raise NoAsOfError(
                f"Nothing had been delivered on {day}: the first extract in {landing} is dated "
                f"{delivered[0]}; give AS_OF= that day or a later one."
            )
        if not demo and not delivered:
            raise NoAsOfError(_nothing_delivered(landing))
        return day
    if demo:
        return (published or FIRST_DELIVERY) + timedelta(days=1)
    if not delivered:
        raise NoAsOfError(_nothing_delivered(landing))
    return delivered[-1]


def _nothing_delivered(landing: Path) -> str:
    return (
        f"No extract was found in {landing}; deliver files as "
        "<source>/<entity>/<extract date>/<file>, or unset LANDING to run the demo company."
    )


def default_as_of(settings: Settings, given: str | None = None) -> date:
    """``choose_as_of`` on what lies on disk now."""
    return choose_as_of(
        given,
        demo=settings.demo,
        published=published_as_of(settings),
        delivered=[] if settings.demo else delivered_days(settings.landing),
        landing=settings.landing,
    )
