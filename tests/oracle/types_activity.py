"""Family G: what the field force does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from datetime import date
from decimal import Decimal

from tests.oracle.components import Component, book
from tests.oracle.fixed_point import money
from tests.oracle.meetings import Meeting, book_meetings, held_meetings
from tests.oracle.stores import counted_store
from tests.oracle.world import UNASSIGNED, BookingMonth, Moment, Row, World, add_days


def meetings_held(world: World) -> list[Component]:
    """Held customer meetings and visits, on the local day they began.

    Everyone who took part has the meeting, a team has it once. Planned, cancelled and internal
    activities, missed ones and those without a customer are none.
    """
    return book_meetings(world, lambda meeting: meeting.parts("numerator"))


def unique_customers_visited(world: World) -> list[Component]:
    """Distinct customers with at least one held meeting; two meetings in a period are one customer,
    at every level and over every period."""

    def customers(meeting: Meeting) -> list[Component]:
        return meeting.parts("numerator", key=meeting.customer_id)

    return book_meetings(world, customers)


def meetings_planned_next_14d(world: World) -> list[Component]:
    """Sales meetings that begin in [S, S + 14 days), still planned by what was known at S 00:00,
    for every rep who is to take part.

    Nobody registered: the owner. A rep who is marked absent is not coming; where all are, nobody
    is, and the meeting is no longer planned with anyone. A meeting at an internal customer is none.
    """
    days = world.days("meetings_planned_next_14d", "horizon_days", world.as_of)
    last = add_days(world.as_of, days)
    found = []
    for activity in world.known("activities", world.cut_off):
        day = world.local_date(activity["start_at"])
        if activity["status"] != "planned" or not world.is_sales_meeting(activity["type"]):
            continue
        customer = world.meeting_customer(activity, world.cut_off)
        if day is None or not world.as_of <= day < last:
            continue
        if world.is_internal(customer, world.cut_off):
            continue
        for rep in _coming(world, activity):
            found.append(
                Component(
                    part="numerator",
                    rep_id=rep,
                    event_date=world.as_of,
                    distinct_key=activity["activity_id"],
                    customer_id=customer,
                    credit_type="participant",
                    record_id=activity["activity_id"],
                )
            )
    return found


def _coming(world: World, activity: Row) -> list[str]:
    rows = world.all(
        "activity_participants",
        world.cut_off,
        activity_id=activity["activity_id"],
        participant_type="rep",
    )
    if not rows:
        return [activity["owner_rep_id"] or UNASSIGNED]
    return sorted(row["participant_id"] for row in rows if row["attended"] is not False)


def sales_calls_made(world: World) -> list[Component]:
    """Completed outbound calls, on the local day they were completed, credited to their owner.

    Reading: a call is completed where the CRM says when, unless it is cancelled or nobody was
    there. Of calls that one rep logged for the same contact within the same minute one stays, the
    one with the lowest id: that is what a bulk import repeats. A call that names nobody repeats
    none. Calls to internal customers are none.
    """

    def calls(moment: Moment) -> dict[str, Row]:
        asked = ("sales_calls", moment)
        if asked not in world._answers:
            world._answers[asked] = _calls_without_repeats(world, moment)
        return world._answers[asked]

    def learned(month: BookingMonth) -> set[str]:
        # A repeat counts again when the call before it is withdrawn: all calls of the contact are
        # news when one of them is.
        news = world.learned("activities", "activity_id", month)
        calls = [v.row for v in world.versions("activities") if v.row["type"] == "call"]
        repeats = {_repeat(call) for call in calls if call["activity_id"] in news}
        return news | {call["activity_id"] for call in calls if _repeat(call) in repeats}

    def dates(activity_id: str, month: BookingMonth) -> list[date]:
        call = world.one("activities", month.knowledge_at, activity_id=activity_id)
        day = call and world.local_date(call["completed_at"])
        return [day] if day else []

    def state(activity_id: str, month: BookingMonth) -> list[Component]:
        call = calls(month.knowledge_at).get(activity_id)
        if call is None:
            return []
        return [
            Component(
                part="numerator",
                rep_id=call["owner_rep_id"] or UNASSIGNED,
                event_date=world.local_date(call["completed_at"]),
                customer_id=world.meeting_customer(call, month.knowledge_at),
                credit_type="owner",
                record_id=activity_id,
            )
        ]

    return book(world, learned=learned, dates=dates, state=state)


def _calls_without_repeats(world: World, moment: Moment) -> dict[str, Row]:
    kept: dict[str, Row] = {}
    seen = set()
    for row in sorted(world.known("activities", moment), key=lambda row: row["activity_id"]):
        is_call = row["type"] == "call" and row["direction"] == "outbound"
        if not is_call or row["completed_at"] is None or row["status"] in ("cancelled", "no_show"):
            continue
        if world.is_internal(world.meeting_customer(row, moment), moment):
            continue
        if _repeat(row) not in seen:
            seen.add(_repeat(row))
            kept[row["activity_id"]] = row
    return kept


def _repeat(call: Row) -> Hashable:
    """What calls have in common that are one call logged several times."""
    minute = call["completed_at"] and call["completed_at"].replace(second=0, microsecond=0)
    if call["contact_id"] is None:
        return call["activity_id"]
    return call["owner_rep_id"], call["contact_id"], minute


def visit_frequency_compliance(world: World) -> list[Component]:
    """Visits made of visits required in a cycle, customer by customer; what is above the
    requirement of a customer does not make up for another one.

    A customer in the plan is one with a visiting frequency: the store's where the customer is a
    store and has one, else the customer's. Required of a rep = frequency × days of the cycle on
    which the rep owns the customer / days of the cycle, rounded to four decimals. Made = held
    meetings and visits on those days, by whomever of the company, each once. A day without an owner
    requires nothing. The team is that of the first day on which the rep has the customer.

    Reading: the requirement is that of the whole cycle also while it runs, by the assignments known
    today; the cap holds for each rep at each customer. A store requires nothing, and is not
    visited, on the days on which it is not open. Cycles are the company's sales periods; one is as
    known when its last month closes.
    """
    found = []
    for period in world.periods:
        if period.period_type != "sales_period":
            continue
        moment = world.knowledge_of(add_days(period.evaluated_to, -1))
        length = (period.end - period.start).days
        visits: dict[tuple[str, date], int] = defaultdict(int)
        for meeting in held_meetings(world, moment):
            if meeting.day in period:
                visits[meeting.customer_id, meeting.day] += 1
        for customer, (frequency, opened, closed) in _plan(world, moment).items():
            owned: dict[str, list[date]] = defaultdict(list)
            for n in range(length):
                day = add_days(period.start, n)
                if (opened is None or opened <= day) and (closed is None or day < closed):
                    owned[world.owner(customer, day, moment)].append(day)
            owned.pop(UNASSIGNED, None)
            for rep, days in sorted(owned.items()):
                required = money(Decimal(frequency) * len(days) / length)
                made = min(Decimal(sum(visits[customer, day] for day in days)), required)
                for part, amount in (("numerator", made), ("denominator", required)):
                    found.append(
                        Component(
                            part=part,
                            rep_id=rep,
                            event_date=days[0],
                            amount=amount,
                            customer_id=customer,
                            credit_type="owner",
                            record_id=customer,
                            period_type=period.period_type,
                            period_start=period.start,
                            known_at=moment,
                        )
                    )
    return found


def _plan(world: World, moment: Moment) -> dict[str, tuple[int, date | None, date | None]]:
    """Customers to be visited: visits a cycle, and the days the store opened and closed."""
    plan: dict[str, tuple[int, date | None, date | None]] = {}
    for customer in world.known("customers", moment):
        if customer["merged_into_id"] is None and not customer["is_internal"]:
            frequency = customer["visit_frequency_per_cycle"]
            if frequency:
                plan[customer["customer_id"]] = (frequency, None, None)
    for store in world.known("stores", moment):
        customer_id = world.survivor(store["customer_id"], moment)
        row = world.customer(customer_id, moment)
        is_duplicate = counted_store(world, store["store_id"], moment) != store["store_id"]
        if row is None or row["is_internal"] or is_duplicate:
            continue
        frequency = store["visit_frequency_per_cycle"]
        if frequency is None:
            frequency = row["visit_frequency_per_cycle"]
        if frequency:
            plan[customer_id] = (frequency, store["opened"], store["closed"])
        else:
            plan.pop(customer_id, None)
    return plan


TYPES = {
    "meetings_held": meetings_held,
    "meetings_planned_next_14d": meetings_planned_next_14d,
    "sales_calls_made": sales_calls_made,
    "unique_customers_visited": unique_customers_visited,
    "visit_frequency_compliance": visit_frequency_compliance,
}
