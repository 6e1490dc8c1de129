"""What an area takes of what it could buy, from the definitions alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from tests.oracle.fixed_point import ZERO, part_of, ratio
from tests.oracle.invoicing import booked_invoices
from tests.oracle.meetings import book_meetings
from tests.oracle.world import World, add_days, add_months, first_of_month

LOW_OUTCOME, HIGH_POTENTIAL = Decimal("0.8"), Decimal(1)
NOWHERE = "unassigned"


class Span(NamedTuple):
    """A period by which areas are looked at."""

    period_type: str
    start: date
    end: date


def spans(world: World) -> list[Span]:
    """Quarters and years as for every figure, and the twelve full months before S if the extracts
    reach that far back."""
    end = first_of_month(world.as_of)
    rolling = Span("last_12_months", add_months(end, -12), end)
    begins = min(p.start for p in world.periods if p.period_type == "month")
    found = [
        Span(p.period_type, p.start, p.end)
        for p in world.periods
        if p.period_type in ("quarter", "year")
    ]
    return [*found, rolling] if rolling.start >= begins else found


def potentials(world: World) -> dict[str, tuple[str, Decimal | None]]:
    """Customer that can be sold to on S → area, and yearly potential at the rate of the day before;
    None where it is not estimated, or there is no rate."""
    found = {}
    for row in world.known("customers", world.cut_off):
        is_lost = row["lost_at"] is not None and row["lost_at"] < world.as_of
        if not row["is_internal"] and row["merged_into_id"] is None and not is_lost:
            currency = row.get("currency") or world.company_currency
            day = add_days(world.as_of, -1)
            amount = world.convert(row.get("potential_amount"), currency, day, world.cut_off)
            found[row["customer_id"]] = row["area_id"] or NOWHERE, amount
    return found


def _outcomes(world: World) -> tuple[dict[tuple[str, date], Decimal], set[tuple[str, date]]]:
    """Area and month of the invoice → net invoiced; and those where a rate is missing."""
    amounts: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    unknown = set()
    for component in booked_invoices(world):
        if component.part == "net" and component.credit_type != "overlay":
            place = component.area_id or NOWHERE, first_of_month(component.event_date)
            if component.amount is None:
                unknown.add(place)
            else:
                amounts[place] += component.amount
    return amounts, unknown


def _met(world: World) -> set[tuple[str | None, date]]:
    """Customers, as they are one on S, and the days on which a meeting with them stands."""
    left: dict[tuple[str | None, date, str], Decimal] = defaultdict(Decimal)
    for part in book_meetings(world, lambda meeting: meeting.parts("numerator")):
        left[part.customer_id, part.event_date, part.record_id] += part.amount
    return {
        (world.survivor(customer, world.cut_off), day)
        for (customer, day, _), amount in left.items()
        if amount > 0
    }


def territory_view(world: World) -> dict[tuple[str, str, date], dict[str, object]]:
    """Area, period type and first day → what is said of it."""
    if "invoices" not in world.delivered:
        return {}
    customers = potentials(world)
    amounts, unknown = _outcomes(world)
    met_on = _met(world)
    areas = {area for area, _ in customers.values()} | {
        area for area, _ in amounts | dict.fromkeys(unknown)
    }
    begins = min(p.start for p in world.periods if p.period_type == "month")
    found: dict[tuple[str, str, date], dict[str, object]] = {}
    for span in spans(world):
        is_over = span.end <= world.as_of
        months = [
            add_months(span.start, n) for n in range(12) if add_months(span.start, n) < span.end
        ]
        met = {customer for customer, day in met_on if span.start <= day < span.end}
        rows = {}
        for area in areas:
            own = {c: amount for c, (place, amount) in customers.items() if place == area}
            estimated = [amount for amount in own.values() if amount is not None]
            outcome = sum((amounts[area, month] for month in months), ZERO)
            before = [(area, add_months(month, -12)) for month in months]
            is_known_before = (
                is_over and add_months(span.start, -12) >= begins and not unknown & set(before)
            )
            rows[area] = {
                "outcome": None if unknown & {(area, m) for m in months} else outcome,
                "outcome_last_year": (
                    sum((amounts[place] for place in before), ZERO) if is_known_before else None
                ),
                "customers": len(own),
                "customers_with_potential": len(estimated),
                "potential": part_of(sum(estimated, ZERO), len(months), 12),
                "visited_customers": len(met & set(own)),
            }
        _compare(rows, is_over)
        found |= {(area, span.period_type, span.start): row for area, row in rows.items()}
    return found


def _compare(rows: dict[str, dict[str, object]], is_over: bool) -> None:
    """Add share, level of outcome against the company, where it takes anything, and level of
    potential against the mean."""
    wide = [row for row in rows.values() if row["potential"] > 0]
    whole = sum((row["potential"] for row in wide), ZERO)
    is_told = bool(wide) and all(row["outcome"] is not None for row in wide)
    company = ratio(sum((row["outcome"] for row in wide), ZERO), whole) if is_told else None
    mean = part_of(whole, 1, len(wide)) if is_told else None
    for row in rows.values():
        is_shared = is_over and row["potential"] and row["outcome"] is not None
        share = ratio(row["outcome"], row["potential"]) if is_shared else None
        row["share_of_potential"] = share
        row["outcome_level"] = None
        if share is not None and company is not None and company > 0:
            row["outcome_level"] = "low" if ratio(share, company) < LOW_OUTCOME else "high"
        row["potential_level"] = None
        if mean:
            is_high = ratio(row["potential"], mean) >= HIGH_POTENTIAL
            row["potential_level"] = "high" if is_high else "low"
