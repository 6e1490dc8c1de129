"""How good the meetings of a month were and what they cost, from the definitions alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from tests.oracle.components import Component
from tests.oracle.figures import nodes_of
from tests.oracle.fixed_point import ZERO, part_of
from tests.oracle.history import history_of
from tests.oracle.meetings import Meeting, book_meetings
from tests.oracle.types_meeting_quality import (
    decision_maker_meeting_share,
    right_customer_meeting_share,
)
from tests.oracle.world import World, add_days, add_months, first_of_month

Node = tuple[str, str]
STATES = ("prospect", "new", "active", "passive")


def customer_state(world: World, meeting: Meeting) -> str:
    """What the customer was on the morning of a meeting: a prospect has had no business before it;
    new is who had the first less than a year before; active or passive are the others."""
    history = history_of(world, meeting.customer_id, meeting.moment)
    first = history.first_day()
    if first is None or first >= meeting.day:
        return "prospect"
    if meeting.day < add_days(first, int(world.setting("new_invoicing_days", meeting.day))):
        return "new"
    return "active" if history.is_active(meeting.day) else "passive"


def _standing(components: list[Component], part: str) -> dict[tuple[str, object], Decimal]:
    """Meeting and detail → what is left of it when everything that was taken back is."""
    totals: dict[tuple[str, object], Decimal] = defaultdict(Decimal)
    for component in components:
        if component.part == part:
            totals[component.record_id, component.detail] += component.amount
    return {key: amount for key, amount in totals.items() if amount > 0}


def _with_state(world: World) -> Callable[[Meeting], list[Component]]:
    return lambda meeting: [
        replace(part, detail=customer_state(world, meeting)) for part in meeting.parts("numerator")
    ]


@dataclass
class Month:
    """The meetings of a node in a month, and what its reps cost in it."""

    meetings: set[str] = field(default_factory=set)
    costed: set[str] = field(default_factory=set)
    costs: list[Decimal | None] = field(default_factory=list)


def costs_of_reps(world: World) -> dict[tuple[str, date], Decimal | None]:
    """Rep and month → what the rep cost, at the rate of the month's last day; None where a part of
    it has no rate. Nothing is no cost."""
    parts: dict[tuple[str, date], list[Decimal | None]] = defaultdict(list)
    for row in world.known("rep_costs", world.cut_off):
        month = first_of_month(row["month"])
        if month < first_of_month(world.as_of) and row["amount"] is not None:
            day = add_days(add_months(month, 1), -1)
            parts[row["rep_id"], month].append(
                world.convert(row["amount"], row["currency"], day, world.cut_off)
            )
    sums = {key: None if None in found else sum(found, ZERO) for key, found in parts.items()}
    return {key: amount for key, amount in sums.items() if amount is None or amount > 0}


def _nodes_of_cost(world: World, rep: str, month: date) -> list[Node]:
    """The nodes that a rep's cost of a month falls on: those of its last day."""
    last_day = add_days(add_months(month, 1), -1)
    return world.nodes(rep, last_day, world.knowledge_of(month))


def months_of_nodes(world: World) -> dict[tuple[Node, date], Month]:
    """Node and month → its meetings and costs, where there are any."""
    costs = costs_of_reps(world)
    left: dict[tuple[Node, date, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for component in book_meetings(world, lambda meeting: meeting.parts("numerator")):
        for node in nodes_of(world, component):
            place = left[node, component.event_date, component.record_id]
            place[0] += component.amount
            start = first_of_month(component.event_date)
            if (component.rep_id, start) in costs and node in _nodes_of_cost(
                world, component.rep_id, start
            ):
                place[1] += component.amount
    months: dict[tuple[Node, date], Month] = defaultdict(Month)
    for (node, day, meeting), (amount, of_costed) in left.items():
        if amount > 0:
            month = months[node, first_of_month(day)]
            month.meetings.add(meeting)
            if of_costed > 0:
                month.costed.add(meeting)
    counted = {period.start for period in world.periods if period.period_type == "month"}
    for (rep, start), amount in costs.items():
        if start in counted:
            for node in _nodes_of_cost(world, rep, start):
                months[node, start].costs.append(amount)
    return months


def meeting_quality(world: World) -> Callable[[Node, date], dict[str, object]]:
    """The figures of any node and month."""
    months = months_of_nodes(world)
    right = {key for key, _ in _standing(right_customer_meeting_share(world), "numerator")}
    deciding = {key for key, _ in _standing(decision_maker_meeting_share(world), "numerator")}
    states = dict(_standing(book_meetings(world, _with_state(world)), "numerator").keys())

    def figures(node: Node, start: date) -> dict[str, object]:
        month = months.get((node, start), Month())
        window = [
            months[node, add_months(start, -back)]
            for back in range(12)
            if (node, add_months(start, -back)) in months
        ]
        costs = [cost for earlier in window for cost in earlier.costs]
        costed = sum(len(earlier.costed) for earlier in window)
        reason = "missing_rate" if None in costs else None if costed else "zero_denominator"
        cost = sum(costs, ZERO) if reason is None else None
        found = {
            "meetings": len(month.meetings),
            "triple_checks": len(month.meetings & right & deciding),
            "cost": None if None in month.costs or not month.costs else sum(month.costs, ZERO),
            "cost_of_window": cost,
            "costed_meetings": costed,
            "cost_per_meeting": None if cost is None else part_of(cost, 1, costed),
            "cost_reason_code": reason,
        }
        for state in STATES:
            found[state] = sum(states.get(meeting) == state for meeting in month.meetings)
        return found

    return figures


def filled_months(world: World) -> set[tuple[Node, date]]:
    """Nodes and months that have meetings or costs."""
    return set(months_of_nodes(world))
