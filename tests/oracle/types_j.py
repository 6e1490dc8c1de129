"""Family J: what contracts and customers are worth over time, against what reps cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from tests.oracle.components import Component
from tests.oracle.contracts import (
    booked_contract_values,
    booked_contract_years,
    booked_contracts,
)
from tests.oracle.fixed_point import ZERO, part_of
from tests.oracle.history import once
from tests.oracle.invoicing import booked_invoices
from tests.oracle.world import FOREVER, World, add_days, add_months, first_of_month


def total_contract_value(world: World) -> list[Component]:
    """Everything a customer commits to on the day of signing: annual value over the months it is
    bound for and one-off amounts, divided on those who signed."""
    return booked_contract_values(world)


@once
def _lifetime_values(world: World) -> list[Component]:
    """What every customer has brought in up to S, credit notes deducted, for its owner on S. Of a
    customer with an invoice that cannot be converted it is unknown, not less."""
    values: dict[str | None, list[Decimal | None]] = defaultdict(list)
    for component in booked_invoices(world):
        if component.part == "net" and component.credit_type != "overlay":
            customer = world.survivor(component.customer_id, world.cut_off)
            if not world.is_internal(customer, world.cut_off):
                values[customer].append(component.amount)
    return [
        Component(
            "numerator",
            world.owner(customer, world.as_of, world.cut_off),
            world.as_of,
            None if None in amounts else sum(amounts, ZERO),
            customer_id=customer,
            record_id=customer,
        )
        for customer, amounts in values.items()
    ]


def customer_lifetime_value(world: World) -> list[Component]:
    """Net invoiced revenue of customers since their first invoice, for their owner on S, who takes
    over all of it."""
    return _lifetime_values(world)


def _yearly_costs(world: World) -> dict[str, Decimal | None]:
    """Rep → cost of the twelve full calendar months before S, converted at the rate of the last day
    of each month. Of a rep with fewer months it is scaled to twelve, unless the rep has left; None
    where an exchange rate is missing; nothing for a rep without cost."""
    until = first_of_month(world.as_of)
    since = add_months(until, -12)
    amounts: dict[str, list[Decimal | None]] = {}
    months: dict[str, set[date]] = {}
    for row in world.known("rep_costs", world.cut_off):
        month = first_of_month(row["month"])
        if since <= month < until and row["amount"] is not None:
            last_day = add_days(add_months(month, 1), -1)
            cost = world.convert(row["amount"], row["currency"], last_day, world.cut_off)
            amounts.setdefault(row["rep_id"], []).append(cost)
            months.setdefault(row["rep_id"], set()).add(month)
    costs: dict[str, Decimal | None] = {}
    for rep, parts in amounts.items():
        if any(part is None for part in parts):
            costs[rep] = None
        elif (whole := sum(parts, ZERO)) > 0:
            row = world.one("reps", world.cut_off, rep_id=rep)
            has_left = bool(row and row["leave_date"] and row["leave_date"] < world.as_of)
            costs[rep] = whole if has_left else part_of(whole, 12, len(months[rep]))
    return costs


def ltv_cost_ratio(world: World) -> list[Component]:
    """Lifetime value of a rep's customers over the rep's yearly cost. The value of reps without
    cost, and of ``unassigned``, stays out at every node."""
    costs = _yearly_costs(world)
    components = [
        Component("denominator", rep, world.as_of, cost, record_id=rep)
        for rep, cost in costs.items()
    ]
    return components + [
        component for component in _lifetime_values(world) if component.rep_id in costs
    ]


@dataclass(frozen=True)
class _EndedYear:
    """A contract year of a line that has ended: where and for whom it counts."""

    start: date
    end: date
    month: date
    owner: str


@once
def _ended_years(world: World) -> dict[tuple[str, int], _EndedYear]:
    """(contract line, number of the year) → the year, counted once, in the first month that knew
    that it had ended, as it stood when the contract was last booked; what is learned later about
    the contract does not move it."""
    counted: dict[tuple[str, int], _EndedYear] = {}
    for bookings in booked_contract_years(world).years.values():
        for booked_in, until in pairwise([*sorted(bookings), FOREVER]):
            for known in bookings[booked_in]:
                last_day = add_days(known.year.end, -1)
                month = max(booked_in, first_of_month(last_day))
                key = (known.line_id, known.year.number)
                if last_day < world.as_of and month < until and key not in counted:
                    moment = world.knowledge_of(month)
                    owner = world.owner(known.customer_id, last_day, moment)
                    counted[key] = _EndedYear(known.year.start, known.year.end, month, owner)
    return counted


def volume_realisation_rate(world: World) -> list[Component]:
    """What was invoiced for contract years that have ended, over what was signed for them less what
    was cancelled. An invoice line belongs to the year in which its service begins, else to that of
    its date; one that is not linked to a contract line is left out. Dated the last day of the year,
    for the customer's owner of that day, as known when the year was first counted."""
    years = _ended_years(world)
    numbers: dict[str, list[int]] = defaultdict(list)
    for line_id, number in years:
        numbers[line_id].append(number)
    rows: list[tuple[_EndedYear, Component]] = []
    for part in ("volume", "cancelled"):
        for component in booked_contracts(world):
            year = years.get((component.record_id, component.detail))
            if component.part == part and component.credit_type != "overlay" and year:
                amount = component.amount
                if part == "cancelled" and amount is not None:
                    amount = -amount
                rows.append((year, replace(component, part="denominator", amount=amount)))
    for component in booked_invoices(world):
        if component.part == "net" and component.credit_type != "overlay":
            line_id, day = component.detail
            for number in numbers.get(line_id, ()):
                year = years[line_id, number]
                if year.start <= day < year.end:
                    rows.append((year, replace(component, part="numerator")))
    return [_at_year_end(world, year, component) for year, component in rows]


def _at_year_end(world: World, year: _EndedYear, component: Component) -> Component:
    """The component moved to the last day of its year or, where that month was closed when it was
    booked, to the first day of the month it was booked in."""
    last_day = add_days(year.end, -1)
    month = max(year.month, first_of_month(component.booking_date))
    return replace(
        component,
        rep_id=year.owner,
        event_date=last_day,
        booking_date=max(last_day, month),
        known_at=world.knowledge_of(month),
    )


TYPES = {
    function.__name__: function
    for function in (
        total_contract_value,
        customer_lifetime_value,
        ltv_cost_ratio,
        volume_realisation_rate,
    )
}
