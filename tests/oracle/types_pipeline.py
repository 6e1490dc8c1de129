"""Family L: opportunities that are open, and what became of the others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.oracle.components import Component, book
from tests.oracle.fixed_point import times
from tests.oracle.opportunities import is_qualified, open_opportunities, owner_on
from tests.oracle.world import UNASSIGNED, BookingMonth, Moment, Row, World, add_days, add_months


def _expected(world: World) -> list[Row]:
    """Open opportunities that are expected to close on S or later."""
    return [
        deal
        for deal in open_opportunities(world, world.cut_off)
        if deal["expected_close_date"] and world.as_of <= deal["expected_close_date"]
    ]


def _of_deal(world: World, deal: Row, part: str, amount: Decimal | None) -> Component:
    return Component(
        part=part,
        rep_id=deal["owner_rep_id"] or UNASSIGNED,
        event_date=world.as_of,
        amount=amount,
        distinct_key=deal["opportunity_id"],
        customer_id=world.survivor(deal["customer_id"], world.cut_off),
        credit_type="owner",
        record_id=deal["opportunity_id"],
    )


def _worth(world: World, deal: Row, day: date, moment: Moment) -> Decimal | None:
    """What an opportunity is worth in the company's currency; one without an amount is worth
    nothing, one without a rate is unknown."""
    if deal["amount"] is None:
        return Decimal(0)
    return world.convert(deal["amount"], deal["currency"], day, moment)


def weighted_pipeline(world: World) -> list[Component]:
    """Amount × probability of the open opportunities that are expected to close from S up to the
    end of the period of S, credited to their owner at S.

    Periods have ``period_months`` months and are counted from New Year.

    One whose expected close date has passed is not expected any more. Amounts at the rate of S,
    rounded before they are multiplied; without a probability there is nothing to weigh with.
    """
    length = world.days("weighted_pipeline", "period_months", world.as_of)
    begun = (world.as_of.month - 1) // length * length
    end = add_months(date(world.as_of.year, 1, 1), min(begun + length, 12))
    found = []
    for deal in _expected(world):
        if deal["expected_close_date"] >= end:
            continue
        worth = _worth(world, deal, world.as_of, world.cut_off)
        weighted = None if worth is None else times(worth, deal["probability"] or 0)
        found.append(_of_deal(world, deal, "numerator", weighted))
    return found


def pipeline_coverage(world: World) -> list[Component]:
    """Amounts of the open opportunities that are expected to close on S or later, credited to their
    owner at S. Which of them close before the budget ends, and what remains to its target, is told
    where targets are scored: until then there is no value."""
    return [
        _of_deal(world, deal, "numerator", _worth(world, deal, world.as_of, world.cut_off))
        for deal in _expected(world)
    ]


def win_rate(world: World) -> list[Component]:
    """Won opportunities of those won or lost, on the local day they were closed, credited to their
    owner then.

    Disqualified ones and duplicates that were merged are neither. One that was opened again and
    closed again counts on the last close only; while it is open again it counts nowhere.
    """

    def closed(opportunity_id: str, moment: Moment) -> Row | None:
        deal = world.one("opportunities", moment, opportunity_id=opportunity_id)
        if deal is None or not _is_decided(world, deal, moment):
            return None
        return deal

    def learned(month: BookingMonth) -> set[str]:
        return world.learned("opportunities", "opportunity_id", month)

    def dates(opportunity_id: str, month: BookingMonth) -> list[date]:
        deal = world.one("opportunities", month.knowledge_at, opportunity_id=opportunity_id)
        day = deal and world.local_date(deal["closed_at"])
        return [day] if day else []

    def state(opportunity_id: str, month: BookingMonth) -> list[Component]:
        deal = closed(opportunity_id, month.knowledge_at)
        if deal is None:
            return []
        day = world.local_date(deal["closed_at"])
        return [
            Component(
                part=part,
                rep_id=owner_on(world, deal, day, month.knowledge_at),
                event_date=day,
                distinct_key=opportunity_id,
                customer_id=world.survivor(deal["customer_id"], month.knowledge_at),
                credit_type="owner",
                record_id=opportunity_id,
            )
            for part in ["denominator"] + ["numerator"] * (deal["outcome"] == "won")
        ]

    return book(world, learned=learned, dates=dates, state=state)


def _is_decided(world: World, deal: Row, moment: Moment) -> bool:
    return (
        deal["outcome"] in ("won", "lost")
        and deal["closed_at"] is not None
        and deal["merged_into_id"] is None
        and not world.is_internal(world.survivor(deal["customer_id"], moment), moment)
    )


def sales_velocity(world: World) -> list[Component]:
    """What the pipeline brings per day: open qualified opportunities × average won value × win rate
    / average days from opened to won, each from its parts at every node.

    Won and lost in [S - 180 days, S), open at S. Value at the rate of the day it was won; a deal
    won on the day it was opened took one day.
    """
    moment = world.cut_off
    since = add_days(world.as_of, -world.days("sales_velocity", "window_days", world.as_of))
    found = [
        _of_deal(world, deal, "open_count", Decimal(1))
        for deal in open_opportunities(world, moment)
        if is_qualified(world, deal, moment)
    ]
    for deal in world.known("opportunities", moment):
        if not _is_decided(world, deal, moment):
            continue
        day = world.local_date(deal["closed_at"])
        if not since <= day < world.as_of:
            continue
        parts: dict[str, Decimal | None] = {"closed_count": Decimal(1)}
        if deal["outcome"] == "won":
            opened = world.local_date(deal["created_at"]) or day
            parts["won_count"] = Decimal(1)
            parts["won_value"] = _worth(world, deal, day, moment)
            parts["cycle_days"] = Decimal(max((day - opened).days, 1))
        found += [_of_deal(world, deal, part, amount) for part, amount in parts.items()]
    return found


TYPES = {
    "pipeline_coverage": pipeline_coverage,
    "sales_velocity": sales_velocity,
    "weighted_pipeline": weighted_pipeline,
    "win_rate": win_rate,
}
