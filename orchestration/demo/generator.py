"""Writes the demo company's deliveries: one full on 2026-03-02, then one increment a day.

How it works: the SQL under ``sql/`` lays out the company's whole life, past and future, from hashes
of keys. Every record knows the local days on which its versions were recorded. Day d's delivery
holds what was recorded on d - 1: new rows, corrected rows, late rows, deletions. Nothing is carried
from day to day, so any day can be written alone and any gap filled.

Each file of ``sql/`` ends in views ``e_<entity>``: the entity's columns as they stand at the end of
the last local day the delivery covers (``cut()``), with three more: ``_created`` and ``_changed``
(local days on which the first and this version were recorded) and, where rows are deleted,
``is_deleted``.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

import duckdb
import holidays

from orchestration.demo.defects import DEFECTS, spoil
from orchestration.schema import Entity, load_entities, load_sources

log = logging.getLogger(__name__)

FIRST_DELIVERY = date(2026, 3, 2)
"""The day of the full delivery; every later day delivers an increment."""

HISTORY_START = date(2023, 1, 1)
HORIZON = date(2028, 12, 31)
"""The company's life is laid out until here; deliveries after it are refused."""

SUCCESS_MARKER = "_SUCCESS"

LOOK_BACK_DAYS = 190
"""No version of a record is recorded longer than this after the event it is about."""

LOOK_AHEAD_DAYS = 45
"""No activity is booked longer than this ahead."""

LINES_PER_PART = 1_500_000
"""About how many invoice lines are generated at a time; keeps memory flat at any scale."""

SQL_FOLDER = Path(__file__).parent / "sql"
TIMEZONE = ZoneInfo("Europe/Stockholm")

# The company before anything is delivered, written once per delivery.
WORLD_SCRIPTS = (
    "10_macros",
    "20_company",
    "30_products",
    "40_customers",
    "50_contracts",
    "65_opportunities",
    "80_stores",
    "90_planning",
)

# Events of one window, in order; a large first delivery repeats them window by window.
EVENT_SCRIPTS = ("60_invoicing", "70_activities", "85_audits")

EVENT_ENTITIES = frozenset(
    {
        "invoices",
        "invoice_lines",
        "orders",
        "order_lines",
        "deliveries",
        "activities",
        "activity_participants",
        "store_audits",
        "store_audit_lines",
        "store_audit_facings",
        "store_audit_points",
    }
)

# Format of each entity's file; what is not listed is CSV. The ERP writes Parquet and gzipped CSV.
JSON_LINES = frozenset(
    {
        "customers",
        "contacts",
        "contracts",
        "contract_lines",
        "credit_splits",
        "decision_ladder",
        "opportunities",
        "activities",
        "budgets",
        "budget_targets",
        "kpis",
        "checkpoints",
        "survey_responses",
    }
)
PARQUET = frozenset({"products", "invoices", "invoice_lines", "orders", "order_lines"})

COPY_OPTIONS = {
    "csv": "format csv, header true, timestampformat '%Y-%m-%dT%H:%M:%SZ', dateformat '%Y-%m-%d'",
    "csv.gz": (
        "format csv, header true, compression gzip, "
        "timestampformat '%Y-%m-%dT%H:%M:%SZ', dateformat '%Y-%m-%d'"
    ),
    "jsonl": "format json, timestampformat '%Y-%m-%dT%H:%M:%SZ', dateformat '%Y-%m-%d'",
    "parquet": "format parquet, compression zstd, row_group_size 122880",
}


class DemoError(ValueError):
    """A delivery was asked for that the demo company cannot make; the text says why."""


@dataclass(frozen=True)
class Sizes:
    """How large the company is at a scale; 1.0 has 80 reps and 200,000 invoice lines."""

    teams: int
    slots: int
    chains: int
    customers: int
    old_customers: int
    new_per_day: float
    parts: int

    @classmethod
    def at(cls, scale: float) -> Sizes:
        """Sizes at ``scale``, with floors that keep a very small company whole."""
        if not 0 < scale <= 1000:
            raise DemoError(f"The demo's scale must lie between 0 and 1000, it is {scale}.")
        teams = max(2, round(8 * scale))
        old = max(120, round(4240 * scale))
        new_per_day = max(0.02, 0.66 * scale)
        days = (HORIZON - HISTORY_START).days + 1
        return cls(
            teams=teams,
            slots=max(5 * teams, round(77 * scale)),
            chains=max(4, min(40, round(12 * math.sqrt(scale)))),
            customers=old + int(days * new_per_day),
            old_customers=old,
            new_per_day=new_per_day,
            parts=max(1, math.ceil(200_000 * scale / LINES_PER_PART)),
        )


@cache
def _script(name: str) -> Template:
    return Template((SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))


@cache
def _holiday_rows() -> str:
    rows = []
    for country in ("SE", "DK", "NO"):
        # Sundays are no workdays anyway; the calendar of Sweden in this package lists them all.
        kwargs = {"include_sundays": False} if country == "SE" else {}
        known = holidays.country_holidays(country, years=range(2018, HORIZON.year + 1), **kwargs)
        rows += [f"('{country}', date '{day.isoformat()}')" for day in sorted(known)]
    return ", ".join(rows)


def _windows(day: date, is_first: bool, parts: int) -> Iterator[tuple[date, date]]:
    """The windows of event days [lo, hi) that the delivery of ``day`` draws from."""
    end = day + timedelta(days=LOOK_AHEAD_DAYS)
    if not is_first:
        yield day - timedelta(days=LOOK_BACK_DAYS), end
        return
    total = (end - HISTORY_START).days
    bounds = [HISTORY_START + timedelta(days=total * n // parts) for n in range(parts)] + [end]
    yield from pairwise(bounds)


def _file_format(entity: Entity) -> str:
    if entity.name in JSON_LINES:
        return "jsonl"
    if entity.name in PARQUET:
        return "parquet"
    return "csv.gz" if entity.home == "erp" else "csv"


class _Delivery:
    """One day's delivery: the company in an in-memory DuckDB and the files written from it.

    ``is_first``: everything recorded before ``day``, as a CRM that is connected on that day would
    deliver it; else what was recorded on the day before.
    """

    def __init__(
        self, landing: Path, day: date, seed: int, scale: float, threads: int, is_first: bool
    ) -> None:
        self.landing, self.day = landing, day
        self.sizes = Sizes.at(scale)
        self.is_first = is_first
        self.cut = day - timedelta(days=1)
        # Extracted at one o'clock local time, after the day that is delivered has ended.
        extracted = datetime.combine(day, time(1), TIMEZONE).astimezone(ZoneInfo("UTC"))
        self.extracted_at = extracted.strftime("%Y-%m-%d %H:%M:%S")
        self.params = {
            "seed": seed,
            "scale": scale,
            "cut": self.cut.isoformat(),
            "horizon": HORIZON.isoformat(),
            "is_first": "true" if self.is_first else "false",
            "holidays": _holiday_rows(),
            "teams": self.sizes.teams,
            "slots": self.sizes.slots,
            "all_slots": self.sizes.slots + 3,
            "chains": self.sizes.chains,
            "customers": self.sizes.customers,
            "old_customers": self.sizes.old_customers,
            "new_per_day": self.sizes.new_per_day,
        }
        self.spill = landing / f".spill-{day}-{os.getpid()}"
        self.db = duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": "3GB",
                "temp_directory": str(self.spill),
            }
        )
        self.written: list[Path] = []

    def close(self) -> None:
        """Close the database and remove what it spilled."""
        self.db.close()
        shutil.rmtree(self.spill, ignore_errors=True)

    def run(self, name: str, **window: str) -> None:
        try:
            self.db.execute(_script(name).substitute(self.params, **window))
        except duckdb.Error as error:
            raise DemoError(f"orchestration/demo/sql/{name}.sql failed: {error}") from error

    def select(self, entity: Entity) -> str:
        """The rows of ``entity`` in this delivery, with the common columns, in total order."""
        view = f"e_{entity.name}"
        present = {row[0] for row in self.db.execute(f"describe {view}").fetchall()}
        missing = [c for c in entity.own_columns if c not in present]
        if missing:
            raise DemoError(f"The demo's view {view} lacks {', '.join(missing)}.")
        deleted = "is_deleted" if "is_deleted" in present else "false"
        is_full = load_sources()[entity.home].delivery(entity.name).is_full
        if self.is_first or is_full:
            chosen = f"_created <= cut() and not {deleted}"
        else:
            # What came and went on one day was never seen by an extract.
            chosen = f"_changed = cut() and not ({deleted} and _created = _changed)"
        own = ", ".join(f'"{c}"' for c in entity.own_columns)
        # The largest views bring a number to sort by: much cheaper than the text of the key.
        order = "_order" if "_order" in present else ", ".join(f'"{c}"' for c in entity.key)
        key = " || '|' || ".join(f'cast("{c}" as varchar)' for c in entity.key)
        # credit_splits has a source_id of its own; everywhere else it is the joined key.
        source_id = "" if "source_id" in entity.own_columns else f"{key} as source_id,"
        return f"""
            select
                {own},
                '{entity.home}' as source_system,
                {source_id}
                evening(_changed, {key}) as recorded_at,
                evening(_created, {key}) as created_recorded_at,
                timestamp '{self.extracted_at}' as extracted_at,
                {deleted} as is_deleted
            from {view}
            where {chosen}
            order by {order}
        """

    def folder(self, entity: Entity) -> Path:
        return self.landing / entity.home / entity.name / self.day.isoformat()

    def write(self, entity: Entity, part: str = "") -> None:
        kind = _file_format(entity)
        folder = self.folder(entity)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{entity.name}{part}.{kind}"
        target = str(path).replace("'", "''")
        self.db.execute(f"copy ({self.select(entity)}) to '{target}' ({COPY_OPTIONS[kind]})")
        self.written.append(path)

    def write_all(self) -> None:
        entities = load_entities()
        for entity in entities.values():
            shutil.rmtree(self.folder(entity), ignore_errors=True)
        for name in WORLD_SCRIPTS:
            self.run(name)
        for entity in entities.values():
            if entity.name not in EVENT_ENTITIES:
                self.write(entity)
        windows = list(_windows(self.day, self.is_first, self.sizes.parts))
        for n, (lo, hi) in enumerate(windows, start=1):
            for name in EVENT_SCRIPTS:
                self.run(name, lo=lo.isoformat(), hi=hi.isoformat())
            for entity in entities.values():
                if entity.name in EVENT_ENTITIES:
                    self.write(entity, f"-{n:03d}" if len(windows) > 1 else "")


def write_delivery(
    landing: Path,
    day: date,
    *,
    seed: int,
    scale: float,
    defects: Sequence[str] = (),
    threads: int = 2,
    connects: bool | None = None,
) -> list[Path]:
    """Write one day's delivery of all entities below ``landing`` and return its data files.

    Folders are ``<landing>/<source>/<entity>/<day>/``; what the day's folders held before is
    replaced. Each folder gets its ``_SUCCESS`` last. ``scale`` multiplies reps, customers,
    contracts, invoice lines and activities; the same (seed, scale, day, defects) give the same
    bytes on any number of ``threads``. ``defects`` are names of ``orchestration.demo.DEFECTS``.
    ``connects``: the CRM is connected on this day and delivers everything recorded before it, as it
    does on ``FIRST_DELIVERY`` unless told otherwise.

    Raises ``DemoError`` for a day before ``FIRST_DELIVERY`` or after ``HORIZON``, a scale that
    makes no sense, or an unknown defect.
    """
    if not FIRST_DELIVERY <= day <= HORIZON:
        raise DemoError(
            f"The demo company delivers from {FIRST_DELIVERY} to {HORIZON}; {day} lies outside."
        )
    unknown = sorted(set(defects) - set(DEFECTS))
    if unknown:
        raise DemoError(
            f"Unknown demo defect {', '.join(unknown)}; there are {', '.join(sorted(DEFECTS))}."
        )
    is_first = day == FIRST_DELIVERY if connects is None else connects
    delivery = _Delivery(landing, day, seed, scale, threads, is_first)
    try:
        delivery.write_all()
        for name in sorted(set(defects)):
            spoil(name, landing, day, delivery.db)
    finally:
        delivery.close()
    for folder in sorted({path.parent for path in delivery.written}):
        (folder / SUCCESS_MARKER).touch()
    return delivery.written


def ensure_deliveries(
    landing: Path,
    last_day: date,
    *,
    seed: int,
    scale: float,
    defects: Sequence[str] = (),
    threads: int = 2,
) -> list[date]:
    """Write every delivery from ``FIRST_DELIVERY`` to ``last_day`` that is not there yet.

    A day is there when all of its folders hold ``_SUCCESS``. ``defects`` spoil the days that are
    written, not those already there. Returns the days written, in order.
    """
    written = []
    for n in range((last_day - FIRST_DELIVERY).days + 1):
        day = FIRST_DELIVERY + timedelta(days=n)
        if not is_delivered(landing, day):
            write_delivery(landing, day, seed=seed, scale=scale, defects=defects, threads=threads)
            log.info("Demo company: wrote the delivery of %s.", day)
            written.append(day)
    return written


def is_delivered(landing: Path, day: date) -> bool:
    """True when every entity's folder of ``day`` holds its ``_SUCCESS``."""
    return all(
        (landing / e.home / e.name / day.isoformat() / SUCCESS_MARKER).exists()
        for e in load_entities().values()
    )
