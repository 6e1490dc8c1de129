"""Family K: what a key account manager answers for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.oracle.components import Component, book
from tests.oracle.meetings import held_meetings
from tests.oracle.world import BookingMonth, Moment, Row, World, add_days


def kam_customers_met_90d(world: World) -> list[Component]:
    """Customers for whom a rep is key account manager at S, and those of them with at least one
    held sales meeting in [S - 90 days, S) in which that rep took part.

    A colleague's meeting does not count, a prospect is no customer, and 90 days ago counts while
    today does not. A meeting with a customer that has been merged was with the surviving one: S
    looks with what is known at S.
    """
    days = world.days("kam_customers_met_90d", "window_days", world.as_of)
    since = add_days(world.as_of, -days)
    met = {
        (rep, meeting.customer_id)
        for meeting in held_meetings(world, world.cut_off)
        if world.is_sales_meeting(meeting.row["type"]) and since <= meeting.day < world.as_of
        for rep in meeting.reps
    }
    found = []
    for customer in world.known("customers", world.cut_off):
        if customer["merged_into_id"] is not None or customer["is_internal"]:
            continue
        if customer["status"] == "prospect":
            continue
        customer_id = customer["customer_id"]
        for rep in world.assigned(customer_id, "kam", world.as_of, world.cut_off):
            for part in ["denominator"] + ["numerator"] * ((rep, customer_id) in met):
                found.append(
                    Component(
                        part=part,
                        rep_id=rep,
                        event_date=world.as_of,
                        distinct_key=customer_id,
                        customer_id=customer_id,
                        credit_type="kam",
                        record_id=customer_id,
                    )
                )
    return found


def _kam_or_owner(world: World, customer_id: str | None, day: date, moment: Moment) -> str:
    """The customer's key account manager on a day, else its owner, else ``unassigned``."""
    return world.kam(customer_id, day, moment) or world.owner(customer_id, day, moment)


def delivery_precision(world: World) -> list[Component]:
    """Deliveries on the day they were promised for, and those of them that came on time and in
    full.

    One that has not come is a miss from the day after it was promised; a cancelled one was not
    promised. Credit: the key account manager on that day, else the owner.
    """

    def delivery_of(delivery_id: str, moment: Moment) -> Row | None:
        row = world.one("deliveries", moment, delivery_id=delivery_id)
        if row is None or row["status"] == "cancelled" or row["promised_date"] is None:
            return None
        customer = world.survivor(row["customer_id"], moment)
        return None if world.is_internal(customer, moment) else row

    def learned(month: BookingMonth) -> set[str]:
        return world.learned("deliveries", "delivery_id", month)

    def dates(delivery_id: str, month: BookingMonth) -> list[date]:
        row = world.one("deliveries", month.knowledge_at, delivery_id=delivery_id)
        return [row["promised_date"]] if row and row["promised_date"] else []

    def state(delivery_id: str, month: BookingMonth) -> list[Component]:
        row = delivery_of(delivery_id, month.knowledge_at)
        if row is None:
            return []
        customer = world.survivor(row["customer_id"], month.knowledge_at)
        promised = row["promised_date"]
        is_on_time = row["delivered_date"] is not None and row["delivered_date"] <= promised
        is_full = (
            row["qty_ordered"] is not None
            and row["qty_delivered"] is not None
            and row["qty_delivered"] >= row["qty_ordered"]
        )
        return [
            Component(
                part=part,
                rep_id=_kam_or_owner(world, customer, promised, month.knowledge_at),
                event_date=promised,
                distinct_key=delivery_id,
                customer_id=customer,
                credit_type="kam",
                record_id=delivery_id,
            )
            for part in ["denominator"] + ["numerator"] * (is_on_time and is_full)
        ]

    return book(world, learned=learned, dates=dates, state=state)


def customer_satisfaction_score(world: World) -> list[Component]:
    """Promoters (9 and 10) less detractors (0 to 6) of the answers to the question whether one
    would recommend us; of each contact the latest answer in the period.

    An answer without a contact stands for itself. Credit: the key account manager on the day of
    the answer, else the owner. Answers of internal customers are none.
    """
    found = []
    for period in world.periods:
        if period.period_type not in ("month", "quarter", "year"):
            continue
        moment = world.knowledge_of(add_days(period.evaluated_to, -1))
        latest: dict[tuple[str, str], Row] = {}
        answers = [
            row
            for row in world.known("survey_responses", moment)
            if row["survey_type"] == "nps"
            and row["score"] is not None
            and 0 <= row["score"] <= 10
            and (day := world.local_date(row["answered_at"])) is not None
            and day in period
            and not world.is_internal(world.survivor(row["customer_id"], moment), moment)
        ]
        for row in sorted(answers, key=lambda row: (row["answered_at"], row["response_id"])):
            who = (
                ("contact", row["contact_id"])
                if row["contact_id"]
                else ("answer", row["response_id"])
            )
            latest[who] = row
        for row in latest.values():
            day = world.local_date(row["answered_at"])
            customer = world.survivor(row["customer_id"], moment)
            verdict = 1 if row["score"] >= 9 else -1 if row["score"] <= 6 else 0
            for part, amount in (("numerator", verdict), ("denominator", 1)):
                found.append(
                    Component(
                        part=part,
                        rep_id=_kam_or_owner(world, customer, day, moment),
                        event_date=day,
                        amount=Decimal(amount),
                        distinct_key=row["response_id"],
                        customer_id=customer,
                        credit_type="kam",
                        record_id=row["response_id"],
                        period_type=period.period_type,
                        period_start=period.start,
                        known_at=moment,
                    )
                )
    return found


TYPES = {
    "customer_satisfaction_score": customer_satisfaction_score,
    "delivery_precision": delivery_precision,
    "kam_customers_met_90d": kam_customers_met_90d,
}
