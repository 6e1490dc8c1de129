"""Components: what a budget type is made of, and how a flow of facts is booked month by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from tests.oracle.world import BookingMonth, Moment, World, first_of_month


@dataclass(frozen=True)
class Component:
    """One source record credited to one rep in one part of a budget type.

    Flow types: ``event_date`` is the day it happened; :func:`book` fills ``booking_date`` and
    ``known_at``. Snapshot types: leave ``period_type`` and ``period_start`` empty and set
    ``event_date`` to S. Period types: name the period (and its campaign); ``event_date`` is the day
    whose team counts.

    ``amount`` is what a part that adds up sums; None says that it could not be told (no exchange
    rate), which makes the figure NULL. Of a part that is counted it is 1, or -1 where the key is
    withdrawn. ``distinct_key`` is what such a part counts once. ``detail`` is whatever a type that
    is made from others' components needs to know beside.
    """

    part: str
    rep_id: str
    event_date: date
    amount: Decimal | None = Decimal(1)
    distinct_key: str | None = None
    customer_id: str | None = None
    area_id: str | None = None
    channel: str | None = None
    campaign_id: str | None = None
    credit_type: str = "revenue"
    record_id: str | None = None
    detail: Hashable = None
    period_type: str | None = None
    period_start: date | None = None
    booking_date: date | None = None
    known_at: Moment | None = None


Key = Hashable


def book(
    world: World,
    *,
    learned: Callable[[BookingMonth], Iterable[Key]],
    dates: Callable[[Key, BookingMonth], Iterable[date]],
    state: Callable[[Key, BookingMonth], Iterable[Component]],
    order: Callable[[Key], Hashable] = repr,
) -> list[Component]:
    """Book a flow of facts: what was known when a month closed counts in it and stays.

    ``learned(month)``: keys of which something was learned while the month was the first open one.
    ``dates(key, month)``: all days up to S on which something of the key happens, by what was
    known of the key itself at ``month.knowledge_at``; with nothing new it is looked at again only
    in those months. What else must be known for it to count (customer, campaign, store) may become
    known until then, so it leaves no day out.
    ``state(key, month)``: everything of the key by what was known at ``month.knowledge_at``; what
    happens after the month (or from S on) may be in it and is left out here.

    In a month of which something was learned, the whole state is compared with what has been
    counted so far: a difference is a component with the event date it belongs to and the first day
    of the month as booking date. Otherwise only what happens in the month itself is counted. So a
    closed month never changes, and a look-up that changes alone (owner, team, rate) books nothing.

    ``state`` is called month after month, oldest first, so it may remember what is decided once;
    within a month the keys come in the order of ``order``.
    """
    counted: dict[Key, dict[Component, Decimal]] = defaultdict(dict)
    due: dict[Key, set[date]] = {}
    booked: list[Component] = []
    for month in world.booking_months:
        news = set(learned(month))
        today = news | {key for key, months in due.items() if month.start in months}
        for key in sorted(today, key=order):
            if key in news:
                due[key] = {first_of_month(day) for day in dates(key, month)}
            now = [
                component
                for component in state(key, month)
                if component.event_date < min(month.end, world.as_of)
                and (key in news or component.event_date >= month.start)
            ]
            before = counted[key] if key in news else {}
            booked += _differences(before, now, month)
            counted[key] = _totals(now) if key in news else _added(counted[key], _totals(now))
    return booked


def _totals(components: Iterable[Component]) -> dict[Component, Decimal]:
    """Sum per component without its amount; one without an amount keeps its own entry of zero."""
    totals: dict[Component, Decimal] = defaultdict(Decimal)
    for component in components:
        if component.amount is None:
            totals[component] = Decimal(0)
        else:
            totals[replace(component, amount=Decimal(0))] += component.amount
    return dict(totals)


def _added(
    one: dict[Component, Decimal], other: dict[Component, Decimal]
) -> dict[Component, Decimal]:
    total = dict(one)
    for component, amount in other.items():
        total[component] = total.get(component, Decimal(0)) + amount
    return total


def _differences(
    before: dict[Component, Decimal], now: Iterable[Component], month: BookingMonth
) -> list[Component]:
    after = _totals(now)
    rows = []
    for component in sorted(before.keys() | after.keys(), key=repr):
        difference = after.get(component, Decimal(0)) - before.get(component, Decimal(0))
        is_unknown = component.amount is None and _is_news(component, before, after)
        if difference or is_unknown:
            rows.append(
                replace(
                    component,
                    amount=None if is_unknown else difference,
                    booking_date=max(component.event_date, month.start),
                    known_at=month.knowledge_at,
                )
            )
    return rows


def _is_news(
    component: Component, before: dict[Component, Decimal], after: dict[Component, Decimal]
) -> bool:
    """Whether an unknown amount came in, or was taken back: that difference is unknown too. Where
    the amount has become known it is the difference."""
    if component not in before or component in after:
        return component not in before
    return replace(component, amount=Decimal(0)) not in after
