"""From components to figures: each type × node × basis × period, by the registry's rules."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from orchestration.registry import BudgetType
from tests.oracle.components import Component
from tests.oracle.fixed_point import ZERO, ratio, times
from tests.oracle.world import Period, World, add_days, add_months

BASES = ("reported", "restated")


class Place(NamedTuple):
    """Where a figure stands in ``outcomes``."""

    budget_type_id: str
    node_level: str
    node_id: str
    basis: str
    period_type: str
    period_start: date
    campaign_id: str = ""


class Figure(NamedTuple):
    """What ``outcomes`` says: evaluated parts, value or the reason why there is none."""

    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    reason_code: str | None


@dataclass
class Part:
    """A part at one node and period while its components come in."""

    amount: Decimal = ZERO
    is_unknown: bool = False


def nodes_of(world: World, component: Component) -> list[tuple[str, str]]:
    """Nodes (level, id) a component counts at: the rep, and the team and region of the event date
    as known when it was booked. Overlay credit counts in the rep's own view only."""
    moment = component.known_at or world.cut_off
    nodes = world.nodes(component.rep_id, component.event_date, moment)
    return nodes[:1] if component.credit_type == "overlay" else nodes


def counted(components: Iterable[Component], rule: str, basis: str) -> Part:
    """Evaluate the components of one part, node and period.

    ``sum`` adds up. ``distinct`` counts keys once: in the restated series those that are left on a
    day, so that what is withdrawn where it never counted takes back no other day's; in the
    reported one every key that came in, also where it was withdrawn later. A key comes in on
    the day it was booked unless as much of it was withdrawn on that day: what is only corrected,
    or goes to a colleague, came before.
    """
    part = Part()
    if rule == "sum":
        for component in components:
            if component.amount is None:
                part.is_unknown = True
            else:
                part.amount += component.amount
        return part
    # On the first day of a month stand also the differences to what was counted in earlier months.
    keys: dict[tuple[str, date | None, bool], Decimal] = defaultdict(Decimal)
    for component in components:
        assert component.distinct_key is not None and component.amount is not None
        key, day = component.distinct_key, component.booking_date
        is_late = day is not None and component.event_date < day
        place = (key, component.event_date, False)
        keys[place if basis == "restated" else (key, day, is_late)] += component.amount
    part.amount = Decimal(len({key for (key, _, _), amount in keys.items() if amount > 0}))
    return part


def figure(budget_type: BudgetType, parts: dict[str, Part]) -> Figure:
    """Numerator ÷ denominator × scale, or the numerator alone, or the reason why there is no value.

    A part without components is nothing, not unknown. A derived type calculates numerator and
    denominator from its parts.
    """
    fields, amounts = budget_type.fields, {name: part.amount for name, part in parts.items()}
    least = amounts.get(fields["min_n_part"] or "denominator", ZERO)
    if budget_type.formula:
        amounts = {name: calculated(text, amounts) for name, text in budget_type.formula.items()}
    over, under = amounts["numerator"], amounts.get("denominator")
    if fields["requires"]:
        return Figure(over, under, None, "filter_required")
    if any(part.is_unknown for part in parts.values()):
        return Figure(over, under, None, "missing_rate")
    if fields["needs_target"]:
        return Figure(over, under, None, "no_target")
    scaled = over * Decimal(str(fields["scale"]))
    if under is None:
        return Figure(over, None, ratio(scaled, 1), None)
    if under <= 0:
        return Figure(over, under, None, "zero_denominator")
    if least < Decimal(str(fields["min_n"])):
        return Figure(over, under, None, "insufficient_n")
    return Figure(over, under, ratio(scaled, under), None)


def calculated(formula: str, amounts: dict[str, Decimal]) -> Decimal:
    """A formula over parts with +, - and *; every step is rounded to four decimals."""

    def of(node: ast.expr) -> Decimal:
        if isinstance(node, ast.BinOp):
            left, right = of(node.left), of(node.right)
            if isinstance(node.op, ast.Mult):
                return times(left, right)
            return left + right if isinstance(node.op, ast.Add) else left - right
        if isinstance(node, ast.Name):
            return amounts[node.id]
        assert isinstance(node, ast.Constant)
        return Decimal(str(node.value))

    return of(ast.parse(str(formula), mode="eval").body)


def figures(
    world: World, budget_type: BudgetType, components: list[Component]
) -> dict[Place, Figure]:
    """All figures of a type. Nodes below the company have one where something was counted; the
    company has one for every period."""
    has_source = not set(budget_type.reads) - world.delivered
    places = _places(world, budget_type, components if has_source else [])
    found: dict[Place, Figure] = {}
    for place, inside in places.items():
        parts = {
            name: counted((c for c in inside if c.part == name), rules["over_reps"], place.basis)
            for name, rules in budget_type.parts.items()
        }
        if has_source:
            found[place] = figure(budget_type, parts)
        else:
            found[place] = Figure(None, None, None, "no_source")
    if budget_type.fields["time_shape"] == "snapshot":
        found |= _standing(world, budget_type, found)
    return found


def _standing(
    world: World, budget_type: BudgetType, tonight: dict[Place, Figure]
) -> dict[Place, Figure]:
    """Figures of periods of a snapshot type: those of the last snapshot inside, which is tonight's
    for periods that run; there is none from before the first night."""
    found: dict[Place, Figure] = {}
    for period in _periods(world, budget_type):
        if period.start <= world.as_of < period.end:
            for place, snapshot in tonight.items():
                moved = place._replace(period_type=period.period_type, period_start=period.start)
                found[moved] = snapshot
            continue
        for basis in BASES:
            place = _company(budget_type, basis, period)
            found[place] = Figure(None, None, None, "no_snapshot")
    return found


def _company(budget_type: BudgetType, basis: str, period: Period) -> Place:
    return Place(
        budget_type.budget_type_id,
        "company",
        "company",
        basis,
        period.period_type,
        period.start,
        period.campaign_id,
    )


def _periods(world: World, budget_type: BudgetType) -> list[Period]:
    return [p for p in world.periods if p.period_type in budget_type.period_types]


def _places(
    world: World, budget_type: BudgetType, components: list[Component]
) -> dict[Place, list[Component]]:
    """Place → the components that count there."""
    shape, rolling = budget_type.fields["time_shape"], budget_type.fields["rolling_months"]
    night = Period("snapshot", world.as_of, add_days(world.as_of, 1), world.as_of, False)
    places: dict[Place, list[Component]] = defaultdict(list)
    for basis in BASES:
        for period in [night] if shape == "snapshot" else _periods(world, budget_type):
            places[_company(budget_type, basis, period)] = []
    for component in components:
        nodes = nodes_of(world, component)
        for basis in BASES:
            if shape == "snapshot":
                inside = [("snapshot", world.as_of, "")]
            elif shape == "period":
                campaign = component.campaign_id if component.period_type == "campaign" else ""
                inside = [(component.period_type, component.period_start, campaign)]
            else:
                day = component.booking_date if basis == "reported" else component.event_date
                inside = [
                    period
                    for period in _around(world, day, rolling)
                    if period[0] in budget_type.period_types
                    and period[2] in ("", component.campaign_id)
                ]
            for level, node in nodes:
                for period in inside:
                    place = Place(budget_type.budget_type_id, level, node, basis, *period)
                    places[place].append(component)
    return places


def _around(world: World, day: date, rolling: int | None) -> list[tuple[str, date, str]]:
    """The periods a day counts in: those it lies in, or whose window of whole months it lies in."""
    key = ("around", day, rolling)
    if key not in world._answers:
        world._answers[key] = [
            (period.period_type, period.start, period.campaign_id)
            for period in world.periods
            if (add_months(period.end, -rolling) if rolling else period.start)
            <= day
            < period.evaluated_to
        ]
    return world._answers[key]
