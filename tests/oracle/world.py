"""What a company knew, and when: versions of its records and the look-ups every type needs.

The oracle is a second reading of the budget types' definitions in plain Python. Nothing here reads
the models; both read the same definitions, and :mod:`tests.oracle.test_oracle` compares what came
out.

A row is a ``dict`` from column name to a typed value (``str``, ``int``, ``bool``, ``Decimal``,
``date``, naive UTC ``datetime`` or ``None``), as delivered. Rows that are handed out are shared:
never change one.

Half-open everywhere: ``[start, end)``. A *moment* is a naive UTC ``datetime``. What is known at a
moment is what was recorded strictly before it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.registry import BudgetType, load_budget_types
from orchestration.schema import load_entities
from orchestration.settings import PROJECT_ROOT
from tests.oracle.fixed_point import ONE, times

Row = Mapping[str, Any]
Moment = datetime

FOREVER = date(9999, 12, 31)
BEGINNING = datetime(1900, 1, 1)
END_OF_KNOWLEDGE = datetime(9999, 12, 31)
UNASSIGNED = "unassigned"


def first_of_month(day: date) -> date:
    """First day of the month of ``day``."""
    return day.replace(day=1)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of that month where it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(1)).day))


def months_between(start: date, end: date) -> int:
    """Whole calendar months between the months of two days; the days in them do not matter."""
    return (end.year - start.year) * 12 + end.month - start.month


def add_days(day: date, days: int) -> date:
    """``days`` after ``day``."""
    return day + timedelta(days)


def holds(row: Row, day: date, start: str = "valid_from", end: str = "valid_to") -> bool:
    """Whether ``day`` lies in the row's interval; an empty border is open."""
    return (row[start] is None or row[start] <= day) and (row[end] is None or day < row[end])


@dataclass(frozen=True)
class Version:
    """One version of a record: known from a moment (exclusive) to another (inclusive)."""

    row: Row
    known_from: Moment
    known_to: Moment

    def is_known(self, moment: Moment) -> bool:
        """Whether this is what was known at ``moment``; a known deletion is no row."""
        return self.known_from < moment <= self.known_to


@dataclass(frozen=True)
class BookingMonth:
    """A month that has begun before S, with the moments between which facts are booked in it."""

    start: date
    end: date
    opens_at: Moment
    closes_at: Moment
    knowledge_at: Moment
    is_closed: bool

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True)
class Period:
    """A period that figures are shown for; ``evaluated_to`` is S while it runs.

    ``campaign_id`` is empty text but for the period of a campaign.
    """

    period_type: str
    start: date
    end: date
    evaluated_to: date
    is_closed: bool
    campaign_id: str = ""

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.evaluated_to


@dataclass
class World:
    """A company as of S.

    ``tables``: entity → delivered rows, in order of delivery (a later row wins a tie).
    ``delivered``: entities of which an extract is in use; defaults to those with rows. A type that
    reads another one has no value but ``no_source``.
    """

    tables: Mapping[str, list[Row]]
    as_of: date
    delivered: frozenset[str] | None = None
    company_currency: str = "SEK"
    company_calendar: str = "SE"
    timezone: str = "Europe/Stockholm"
    _known: dict[tuple[str, Moment], list[Row]] = field(default_factory=dict, repr=False)
    _index: dict[tuple[Any, ...], dict[Any, list[Row]]] = field(default_factory=dict, repr=False)
    _answers: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.delivered is None:
            self.delivered = frozenset(name for name, rows in self.tables.items() if rows)
        self._zone = ZoneInfo(self.timezone)

    # Time

    def local_date(self, moment: datetime | None) -> date | None:
        """The date of a UTC time in the company's time zone: 23:30 may be the next day."""
        if moment is None:
            return None
        return moment.replace(tzinfo=UTC).astimezone(self._zone).date()

    def midnight(self, day: date) -> Moment:
        """00:00 of ``day`` in the company's time zone, as UTC."""
        local = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return local.astimezone(UTC).replace(tzinfo=None)

    @cached_property
    def cut_off(self) -> Moment:
        """S 00:00: what was recorded from then on is not known yet."""
        return self.midnight(self.as_of)

    @cached_property
    def booking_months(self) -> list[BookingMonth]:
        """All months that have begun before S, oldest first.

        A month is open through its fifth working day after (parameter ``closing_working_days``) by
        the company's calendar, and closed from the next midnight on. What is recorded later is
        booked in the first month that was open then.
        """
        months: list[BookingMonth] = []
        opens_at = BEGINNING
        start = date(int(self.setting("calendar_first_year", self.as_of)), 1, 1)
        while start < self.as_of:
            end = add_months(start, 1)
            day = end - timedelta(1)
            for _ in range(int(self.setting("closing_working_days", start))):
                day += timedelta(1)
                while not self.is_workday(day):
                    day += timedelta(1)
            closes_at = self.midnight(day + timedelta(1))
            months.append(
                BookingMonth(
                    start,
                    end,
                    opens_at,
                    closes_at,
                    min(closes_at, self.cut_off),
                    closes_at <= self.cut_off,
                )
            )
            start, opens_at = end, closes_at
        return months

    def booking_month_of(self, day: date) -> BookingMonth:
        """The booking month in which ``day`` lies; ``day`` must be before S."""
        return self.booking_months[months_between(self.booking_months[0].start, day)]

    def knowledge_of(self, day: date) -> Moment:
        """What was known when the month of ``day`` closed; the cut-off while it is open."""
        if day >= self.as_of:
            return self.cut_off
        return self.booking_month_of(day).knowledge_at

    def is_workday(self, day: date) -> bool:
        """By the company's calendar; Monday to Friday where it says nothing."""
        said = self._workdays.get(day)
        return day.weekday() < 5 if said is None else said

    @cached_property
    def _workdays(self) -> dict[date, bool]:
        rows = self.known("calendar", self.cut_off)
        return {
            r["date"]: r["is_workday"] for r in rows if r["calendar_id"] == self.company_calendar
        }

    @cached_property
    def periods(self) -> list[Period]:
        """Weeks (Monday to Sunday), months, quarters and years since the extracts begin, the
        company's sales periods (of two that begin on a day the longer one) and its campaigns: all
        that have begun before S."""
        since = date(int(self.setting("history_begins_year", self.as_of)), 1, 1)
        found: set[tuple[str, date, date]] = set()
        day = since
        while day < self.as_of:
            monday = day - timedelta(day.weekday())
            month = first_of_month(day)
            quarter = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
            found |= {
                ("week", monday, monday + timedelta(7)),
                ("month", month, add_months(month, 1)),
                ("quarter", quarter, add_months(quarter, 3)),
                ("year", date(day.year, 1, 1), date(day.year + 1, 1, 1)),
            }
            day += timedelta(1)
        longest: dict[date, date] = {}
        for row in self.known("sales_periods", self.cut_off):
            start, end = row["start_date"], row["end_date_excl"]
            if row["team_id"] is None and start < min(end, self.as_of):
                longest[start] = max(end, longest.get(start, end))
        found |= {("sales_period", start, end) for start, end in longest.items()}
        periods = [(kind, start, end, "") for kind, start, end in found]
        for row in self.known("campaigns", self.cut_off):
            start, end = row["start_date"], row["end_date_excl"]
            if start is not None and end is not None and start < min(end, self.as_of):
                periods.append(("campaign", start, end, row["campaign_id"]))
        return [
            Period(kind, start, end, min(end, self.as_of), self._is_closed(end), campaign_id)
            for kind, start, end, campaign_id in sorted(periods)
        ]

    def _is_closed(self, end: date) -> bool:
        last = end - timedelta(1)
        return last < self.as_of and self.booking_month_of(last).is_closed

    # Settings and parameters

    def setting(self, name: str, on: date) -> Decimal:
        """A company-wide parameter (seed ``core_parameters``) as it holds on a day."""
        return _settings()[name][max(d for d in _settings()[name] if d <= on)]

    @cached_property
    def types(self) -> dict[str, BudgetType]:
        """The registry: budget type id → what its YAML states."""
        return {t.budget_type_id: t for t in _registry()}

    def parameter(self, budget_type_id: str, name: str, on: date) -> Decimal | str | None:
        """A type's own parameter as it holds on a day; numbers are decimals. None: there is none.

        Snapshot and period types ask with S, flow types with the date of the event.
        """
        for row in self.types[budget_type_id].parameters:
            start = date.fromisoformat(str(row["valid_from"]))
            end = date.fromisoformat(str(row.get("valid_to", FOREVER)))
            if (
                row.get("parameter_set_id", "default") == "default"
                and row["parameter"] == name
                and start <= on < end
            ):
                value = row["value"]
                return value if isinstance(value, str) else Decimal(str(value))
        return None

    def days(self, budget_type_id: str, name: str, on: date) -> int:
        """A parameter that must exist, as a whole number."""
        value = self.parameter(budget_type_id, name, on)
        assert value is not None, f"{budget_type_id} has no parameter {name}"
        return int(value)

    # Versions

    @cached_property
    def _versions(self) -> dict[str, dict[Hashable, list[Version]]]:
        return {name: self._versions_of(name) for name in load_entities()}

    def _versions_of(self, entity: str) -> dict[Hashable, list[Version]]:
        """Versions per key, oldest first, each known until the next one.

        A version is known from ``recorded_at``, but not later than it was extracted. The first one
        stands for the time since the record was created.
        """
        schema = load_entities()[entity]
        delivered: dict[Hashable, dict[Moment, Row]] = defaultdict(dict)
        empty = dict.fromkeys(schema.columns)
        for row in self.tables.get(entity, ()):
            full = {**empty, "is_deleted": False, **row}
            key = tuple(full[c] for c in schema.key)
            known_from = min(m for m in (full["recorded_at"], full["extracted_at"]) if m)
            delivered[key][known_from] = full
        versions: dict[Hashable, list[Version]] = {}
        for key, rows in delivered.items():
            moments = sorted(rows)
            starts = list(moments)
            created = rows[moments[0]]["created_recorded_at"]
            if created is not None:
                starts[0] = min(created, moments[0])
            versions[key] = [
                Version(rows[m], start, until)
                for m, start, until in zip(
                    moments, starts, [*starts[1:], END_OF_KNOWLEDGE], strict=True
                )
            ]
        return versions

    def versions(self, entity: str) -> Iterator[Version]:
        """All versions of all records of an entity, deletions included."""
        for versions in self._versions[entity].values():
            yield from versions

    def known(self, entity: str, moment: Moment) -> list[Row]:
        """The rows of an entity as known at a moment: the newest version recorded before it, of
        records that were not deleted."""
        found = self._known.get((entity, moment))
        if found is None:
            found = [
                v.row
                for v in self.versions(entity)
                if v.is_known(moment) and not v.row["is_deleted"]
            ]
            self._known[entity, moment] = found
        return found

    def all(self, entity: str, moment: Moment, **where: Any) -> list[Row]:
        """The known rows whose columns have the given values."""
        columns = tuple(where)
        index = self._index.get((entity, moment, columns))
        if index is None:
            index = defaultdict(list)
            for row in self.known(entity, moment):
                index[tuple(row[c] for c in columns)].append(row)
            self._index[entity, moment, columns] = index
        return index.get(tuple(where.values()), [])

    def one(self, entity: str, moment: Moment, **where: Any) -> Row | None:
        """The only known row with the given values, or None."""
        rows = self.all(entity, moment, **where)
        assert len(rows) < 2, f"{entity} {where} is not one row"
        return rows[0] if rows else None

    def first_known(self, entity: str, **key: Any) -> Moment | None:
        """When a record was first known, or None for one that is not there."""
        versions = self._versions[entity].get(tuple(key[c] for c in load_entities()[entity].key))
        return versions[0].known_from if versions else None

    def learned(self, entity: str, column: str, month: BookingMonth) -> set[Any]:
        """Values of a column in all rows of which something was learned while the month was the
        first open one, both as they were before and as they are since. Empty values are left out.

        ``learned("invoice_lines", "invoice_id", month)`` are the invoices whose lines are new, have
        changed (also those a line moved away from) or were deleted.
        """
        index = self._answers.get(("learned", entity, column))
        if index is None:
            index = defaultdict(set)
            for versions in self._versions[entity].values():
                before = None
                for version in versions:
                    into = self._month_learned(version.known_from)
                    if into is not None:
                        index[into] |= {version.row[column], before} - {None}
                    before = version.row[column]
            self._answers["learned", entity, column] = index
        return set(index.get(month.start, ()))

    def _month_learned(self, moment: Moment) -> date | None:
        """First month that was open at a moment; None from the cut-off on."""
        if moment >= self.cut_off:
            return None
        for month in reversed(self.booking_months):
            if month.opens_at <= moment:
                return month.start
        return None

    # Customers

    def survivor(self, customer_id: str | None, moment: Moment) -> str | None:
        """The customer that is left after all merges known at a moment."""
        seen = set()
        while customer_id is not None and customer_id not in seen:
            seen.add(customer_id)
            row = self.one("customers", moment, customer_id=customer_id)
            if row is None or row["merged_into_id"] is None:
                break
            customer_id = row["merged_into_id"]
        return customer_id

    def customer(self, customer_id: str | None, moment: Moment) -> Row | None:
        """The customer's known row, None where it is unknown or deleted."""
        if customer_id is None:
            return None
        return self.one("customers", moment, customer_id=customer_id)

    def is_internal(self, customer_id: str | None, moment: Moment) -> bool:
        """Whether the customer belongs to the own group: then nothing about it counts. One that has
        been deleted since is still what was known of it last."""
        versions = self._versions["customers"].get((customer_id,), [])
        return any(v.row["is_internal"] for v in versions if v.is_known(moment))

    def assigned(self, customer_id: str | None, role: str, day: date, moment: Moment) -> list[str]:
        """Reps assigned to a customer in a role on a day, lowest id first."""
        rows = self.all("customer_assignments", moment, customer_id=customer_id, role=role)
        return sorted({row["rep_id"] for row in rows if holds(row, day)})

    def owner(self, customer_id: str | None, day: date, moment: Moment) -> str:
        """The customer's owner on a day as known at a moment, ``unassigned`` without one.

        Pass the surviving customer.
        """
        reps = self.assigned(customer_id, "owner", day, moment)
        return reps[0] if reps else UNASSIGNED

    def kam(self, customer_id: str | None, day: date, moment: Moment) -> str | None:
        """The customer's key account manager on a day, None without one."""
        reps = self.assigned(customer_id, "kam", day, moment)
        return reps[0] if reps else None

    def store_customer(self, store_id: str | None, moment: Moment) -> str | None:
        """The customer that a store is; None for an unknown store. Not yet the survivor."""
        if store_id is None:
            return None
        row = self.one("stores", moment, store_id=store_id)
        return row["customer_id"] if row else None

    # Organisation

    def team(self, rep_id: str, day: date, moment: Moment) -> str:
        """A rep's team on a day: the last membership that had begun, also over a gap."""
        rows = self.all("rep_team_assignments", moment, rep_id=rep_id)
        begun = [row for row in rows if row["valid_from"] <= day]
        return max(begun, key=lambda row: row["valid_from"])["team_id"] if begun else UNASSIGNED

    def region(self, team_id: str, day: date, moment: Moment) -> str:
        """A team's region on a day: the last one that had begun, the first one for the time before
        it, and the region on the team itself where there is no history."""
        rows = self.all("team_regions", moment, team_id=team_id)
        if rows:
            begun = [row for row in rows if row["valid_from"] <= day]
            if begun:
                return max(begun, key=lambda row: row["valid_from"])["region_id"]
            return min(rows, key=lambda row: row["valid_from"])["region_id"]
        team = self.one("teams", moment, team_id=team_id)
        return (team and team["region_id"]) or UNASSIGNED

    def nodes(self, rep_id: str, day: date, moment: Moment) -> list[tuple[str, str]]:
        """The nodes a rep counts in on a day: (level, id) for rep, team, region and company."""
        asked = ("nodes", rep_id, day, moment)
        found = self._answers.get(asked)
        if found is None:
            team = self.team(rep_id, day, moment)
            found = [
                ("rep", rep_id),
                ("team", team),
                ("region", self.region(team, day, moment)),
                ("company", "company"),
            ]
            self._answers[asked] = found
        return found

    def managers(self, rep_id: str, day: date, moment: Moment) -> list[str]:
        """A rep's managers on a day, by the dated reporting lines; where a rep has none, the
        manager on the rep's own row."""
        rows = self.all("rep_managers", moment, rep_id=rep_id)
        if rows:
            return sorted({r["manager_rep_id"] for r in rows if holds(r, day)} - {None})
        rep = self.one("reps", moment, rep_id=rep_id)
        return [rep["manager_rep_id"]] if rep and rep["manager_rep_id"] else []

    # Money

    def rate(self, currency: str | None, day: date, moment: Moment) -> Decimal | None:
        """Units of the company currency for one unit: the rate of the day, or the latest before it
        that is not too old (``fx_max_age_days``). None: there is none, and never 0 or 1."""
        if currency == self.company_currency:
            return ONE
        oldest = day - timedelta(int(self.setting("fx_max_age_days", day)))
        rows = self.all("exchange_rates", moment, currency=currency, rate_type="daily")
        fit = [row for row in rows if oldest <= row["date"] <= day]
        return max(fit, key=lambda row: row["date"])["rate"] if fit else None

    def convert(
        self, amount: Decimal | None, currency: str | None, day: date, moment: Moment
    ) -> Decimal | None:
        """An amount of one source line in the company currency, rounded to four decimals at once.

        None where the amount or the rate is missing.
        """
        rate = self.rate(currency, day, moment)
        return None if amount is None or rate is None else times(amount, rate)

    # Activities

    def is_customer_meeting(self, activity_type: str | None) -> bool:
        """Whether a type of activity is a meeting or visit with a customer."""
        return activity_type in _activity_types() and _activity_types()[activity_type][0]

    def is_sales_meeting(self, activity_type: str | None) -> bool:
        """Whether a type of activity is a sales meeting."""
        return activity_type in _activity_types() and _activity_types()[activity_type][1]

    def attendees(self, activity: Row, moment: Moment) -> list[str]:
        """Internal participants who are not marked absent, the owner where none is registered.

        ``unassigned`` where all who are registered are marked absent: the meeting is still one.
        """
        rows = self.all(
            "activity_participants",
            moment,
            activity_id=activity["activity_id"],
            participant_type="rep",
        )
        if not rows:
            return [activity["owner_rep_id"] or UNASSIGNED]
        reps = sorted(row["participant_id"] for row in rows if row["attended"] is not False)
        return reps or [UNASSIGNED]

    def meeting_customer(self, activity: Row, moment: Moment) -> str | None:
        """The customer of an activity, also of the store that was visited, after merges."""
        customer = activity["customer_id"] or self.store_customer(activity["store_id"], moment)
        return self.survivor(customer, moment)


_CACHE: dict[str, Any] = {}


def _seed(name: str) -> list[dict[str, str]]:
    with (PROJECT_ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _settings() -> dict[str, dict[date, Decimal]]:
    if "settings" not in _CACHE:
        settings: dict[str, dict[date, Decimal]] = defaultdict(dict)
        for row in _seed("core_parameters"):
            settings[row["parameter_id"]][date.fromisoformat(row["valid_from"])] = Decimal(
                row["value"]
            )
        _CACHE["settings"] = dict(settings)
    return _CACHE["settings"]


def _activity_types() -> dict[str, tuple[bool, bool]]:
    if "activity_types" not in _CACHE:
        _CACHE["activity_types"] = {
            row["activity_type"]: (
                row["is_customer_meeting"] == "true",
                row["is_sales_meeting"] == "true",
            )
            for row in _seed("activity_types")
        }
    return _CACHE["activity_types"]


def _registry() -> Iterable[BudgetType]:
    if "registry" not in _CACHE:
        _CACHE["registry"] = load_budget_types()
    return _CACHE["registry"]
