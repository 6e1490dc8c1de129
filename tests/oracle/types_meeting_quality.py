"""Family H: whether meetings are the right ones, with the right people, well prepared."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from tests.oracle.components import Component
from tests.oracle.history import history_of
from tests.oracle.meetings import Meeting, book_meetings, held_meetings
from tests.oracle.opportunities import is_open, is_qualified, open_opportunities, surviving_deal
from tests.oracle.world import UNASSIGNED, Moment, Row, World, _seed, add_days, holds

FOLLOW_UPS = ("sales_meeting", "visit", "call", "email")


def _share(meeting: Meeting, reps_with_it: list[str] | tuple[str, ...]) -> list[Component]:
    """The meeting below for everyone who took part, above for those of them it holds for."""
    above = [meeting.part_of(rep, "numerator") for rep in reps_with_it]
    return above + meeting.parts("denominator")


def right_customer_meeting_share(world: World) -> list[Component]:
    """Held meetings with a customer on a target list, or with an open opportunity whose expected
    decision lies in [day of the meeting, + 180 days), of all held meetings.

    Both by what had been recorded before the meeting began: an opportunity that is opened, or a
    customer that is listed, afterwards changes nothing. The list must hold on the day of the
    meeting. The expected decision is what the opportunity's history said last up to the meeting;
    where that entry says nothing of it, the opportunity does. Merged customers are one.
    """

    def is_right(meeting: Meeting) -> bool:
        then = meeting.start_at
        for row in world.known("target_lists", then):
            customer = world.survivor(row["customer_id"], meeting.moment)
            if customer == meeting.customer_id and holds(row, meeting.day):
                return True
        days = world.days("right_customer_meeting_share", "horizon_days", meeting.day)
        for deal in _open_with(world, meeting):
            decision = _expected_decision(world, deal, then)
            if decision and meeting.day <= decision < add_days(meeting.day, days):
                return True
        return False

    return book_meetings(world, lambda m: _share(m, m.reps if is_right(m) else ()))


def _open_with(world: World, meeting: Meeting) -> list[Row]:
    """Opportunities with the meeting's customer that were open when it began, as known then: opened
    by then, not merged, and closed, if at all, later."""
    then = meeting.start_at
    return [
        deal
        for deal in world.known("opportunities", then)
        if deal["merged_into_id"] is None
        and (deal["created_at"] is None or deal["created_at"] <= then)
        and (deal["closed_at"] > then if deal["closed_at"] else is_open(deal))
        and world.survivor(deal["customer_id"], meeting.moment) == meeting.customer_id
    ]


def _expected_decision(world: World, deal: Row, then: datetime) -> date | None:
    """The expected decision that held at a moment, as known at it."""
    history = [
        row
        for row in world.all(
            "opportunity_stage_history", then, opportunity_id=deal["opportunity_id"]
        )
        if row["entered_at"] <= then
    ]
    newest = max(history, key=lambda row: row["entered_at"], default=None)
    if newest is not None and newest["expected_decision_date"] is not None:
        return newest["expected_decision_date"]
    return deal["expected_decision_date"]


def decision_maker_meeting_share(world: World) -> list[Component]:
    """Held meetings with at least one external participant who decides or mobilizes, of all held
    meetings; those without registered external participants stay below.

    A contact counts who is not marked absent and whose row that holds on the day of the meeting
    (the latest begun) has the flag decision maker or mobilizer and is not deselected.
    """

    def decides(contact_id: str, meeting: Meeting) -> bool:
        rows = world.all("contacts", meeting.moment, contact_id=contact_id)
        valid = [row for row in rows if holds(row, meeting.day)]
        if not valid:
            return False
        row = max(valid, key=lambda row: row["valid_from"])
        return bool(row["is_decision_maker"] or row["is_mobilizer"]) and not row["is_deselected"]

    def is_with_decision_maker(meeting: Meeting) -> bool:
        guests = world.all(
            "activity_participants",
            meeting.moment,
            activity_id=meeting.activity_id,
            participant_type="contact",
        )
        return any(
            guest["attended"] is not False and decides(guest["participant_id"], meeting)
            for guest in guests
        )

    return book_meetings(
        world,
        lambda m: _share(m, m.reps if is_with_decision_maker(m) else ()),
        participants=("rep", "contact"),
    )


def decision_ladder_mapped_share(world: World) -> list[Component]:
    """Open qualified opportunities at S where every required step of the decision ladder has a
    named contact, of all open qualified opportunities; credited to the opportunity's owner. Beside
    it how deep the ladders are mapped: required steps that have a contact, and required steps.

    A step counts where its contact works for the opportunity's customer at S; one who has left
    does not. One contact may hold several steps.
    """
    required = {
        row["step_role"]
        for row in _seed("decision_ladder_roles")
        if row["valid_from"] <= world.as_of.isoformat() < row["valid_to"]
    }
    found = []
    for deal in open_opportunities(world, world.cut_off):
        if not is_qualified(world, deal, world.cut_off):
            continue
        mapped = {
            step["step_role"]
            for step in world.known("decision_ladder", world.cut_off)
            if surviving_deal(world, step["opportunity_id"], world.cut_off)
            == deal["opportunity_id"]
            and (step["mapped_at"] is None or step["mapped_at"] < world.cut_off)
            and _works_for(world, step["contact_id"], deal["customer_id"])
        }
        parts = {"denominator": 1, "required_roles": len(required)}
        parts["mapped_roles"] = len(mapped & required)
        if mapped >= required:
            parts["numerator"] = 1
        for part, amount in parts.items():
            found.append(
                Component(
                    part=part,
                    rep_id=deal["owner_rep_id"] or UNASSIGNED,
                    event_date=world.as_of,
                    amount=Decimal(amount),
                    distinct_key=deal["opportunity_id"],
                    customer_id=world.survivor(deal["customer_id"], world.cut_off),
                    credit_type="owner",
                    record_id=deal["opportunity_id"],
                )
            )
    return found


def _works_for(world: World, contact_id: str | None, customer_id: str) -> bool:
    customer = world.survivor(customer_id, world.cut_off)
    return any(
        holds(row, world.as_of) and world.survivor(row["customer_id"], world.cut_off) == customer
        for row in world.all("contacts", world.cut_off, contact_id=contact_id)
    )


def prepared_meeting_share(world: World) -> list[Component]:
    """Held meetings whose goal, tactic and insight were written down before they began, of all held
    meetings. With the parameter ``require_fallback`` the fallback must be there too.

    Preparation that was finished at the start or later is none.
    """

    def is_prepared(meeting: Meeting) -> bool:
        row = meeting.row
        wanted = ["prep_goal", "prep_tactic", "prep_insight"]
        if world.parameter("prepared_meeting_share", "require_fallback", meeting.day):
            wanted.append("prep_fallback")
        finished = row["prep_completed_at"]
        return finished is not None and finished < meeting.start_at and all(row[w] for w in wanted)

    return book_meetings(world, lambda m: _share(m, m.reps if is_prepared(m) else ()))


def meeting_to_next_step_rate(world: World) -> list[Component]:
    """Held meetings that led on within 14 days, of those that are at least 14 days old at S.

    Only meetings that belong to an opportunity or are with a prospect. A meeting led on where the
    next step was agreed; where another activity with the customer was recorded, or an opportunity
    moved to a stage of higher rank, from its start up to the end of the 13th day after it.

    Reading: a prospect has had no business before the day of the meeting, so that a won customer
    does not leave the count. The other activity is a meeting, visit, call or e-mail that begins
    after the meeting and is not cancelled. The opportunity is the meeting's own (after merges) or,
    where it has none, any of the customer's; it has advanced where its stage ranks above the one it
    had when the meeting began (no stage yet ranks lowest), unless that is the day it was lost or
    disqualified. A meeting younger than 14 days is neither above nor below; it is booked when it
    has come of age.
    """

    def days(meeting: Meeting) -> int:
        return world.days("meeting_to_next_step_rate", "window_days", meeting.day)

    def is_in_window(moment: datetime | None, meeting: Meeting) -> bool:
        if moment is None or moment < meeting.start_at:
            return False
        return world.local_date(moment) < add_days(meeting.day, days(meeting))

    def is_with_prospect(meeting: Meeting) -> bool:
        first = history_of(world, meeting.customer_id, meeting.moment).first_day()
        return first is None or first >= meeting.day

    def is_followed_up(meeting: Meeting) -> bool:
        return any(
            other["activity_id"] != meeting.activity_id
            and other["type"] in FOLLOW_UPS
            and other["status"] != "cancelled"
            and other["start_at"] is not None
            and other["start_at"] > meeting.start_at
            and world.meeting_customer(other, meeting.moment) == meeting.customer_id
            and is_in_window(_created(world, "activities", other), meeting)
            for other in world.known("activities", meeting.moment)
        )

    def has_advanced(meeting: Meeting) -> bool:
        linked = surviving_deal(world, meeting.row["opportunity_id"], meeting.moment)
        deals = (
            {linked}
            if linked
            else {
                deal["opportunity_id"]
                for deal in world.known("opportunities", meeting.moment)
                if deal["merged_into_id"] is None
                and world.survivor(deal["customer_id"], meeting.moment) == meeting.customer_id
            }
        )
        return any(
            is_in_window(moment, meeting)
            for deal in deals
            for moment in _advances(world, deal, meeting)
        )

    def components(meeting: Meeting) -> list[Component]:
        if not meeting.row["opportunity_id"] and not is_with_prospect(meeting):
            return []
        led_on = meeting.row["next_step_agreed"] or is_followed_up(meeting) or has_advanced(meeting)
        return _share(meeting, meeting.reps if led_on else ())

    return book_meetings(
        world, components, ripens=lambda meeting: add_days(meeting.day, days(meeting))
    )


def _created(world: World, entity: str, row: Row) -> Moment | None:
    return row["created_recorded_at"] or world.first_known(entity, activity_id=row["activity_id"])


def _advances(world: World, deal_id: str, meeting: Meeting) -> list[datetime]:
    """When an opportunity entered a stage that ranks above the one it had when a meeting began."""
    moment = meeting.moment
    ranks = {row["stage"]: row["rank"] for row in world.known("opportunity_stages", moment)}
    history = sorted(
        world.all("opportunity_stage_history", moment, opportunity_id=deal_id),
        key=lambda row: row["entered_at"],
    )
    before = [row for row in history if row["entered_at"] < meeting.start_at]
    rank = (ranks.get(before[-1]["stage"]) or 0) if before else 0
    deal = world.one("opportunities", moment, opportunity_id=deal_id)
    is_in_vain = deal is not None and deal["outcome"] in ("lost", "disqualified")
    last_day = world.local_date(deal["closed_at"]) if is_in_vain else None
    return [
        row["entered_at"]
        for row in history
        if (ranks.get(row["stage"]) or 0) > rank and world.local_date(row["entered_at"]) != last_day
    ]


def joint_visits_with_manager(world: World) -> list[Component]:
    """Held customer meetings in which a rep and the rep's manager on that day both took part.

    The rep has it, and the manager has it; a team has it once. A manager alone has none.
    """

    def components(meeting: Meeting) -> list[Component]:
        together = set()
        for rep in meeting.reps:
            for manager in world.managers(rep, meeting.day, meeting.moment):
                if manager != rep and manager in meeting.reps:
                    together |= {rep, manager}
        return [meeting.part_of(rep, "numerator") for rep in sorted(together)]

    return book_meetings(world, components)


def loyal_customer_visit_share(world: World) -> list[Component]:
    """Held meetings with customers that the rep meets all the time and has no open business with,
    of all held meetings.

    The customer had at least four held meetings with the rep in [day - 180 days, day), and no
    opportunity with it was open when the meeting began, as known then. The fourth meeting on the
    same day is not yet counted for the fifth.
    """

    def components(meeting: Meeting) -> list[Component]:
        if _open_with(world, meeting):
            return _share(meeting, ())
        days = world.days("loyal_customer_visit_share", "window_days", meeting.day)
        least = world.days("loyal_customer_visit_share", "min_meetings", meeting.day)
        since = add_days(meeting.day, -days)
        earlier = [
            other
            for other in held_meetings(world, meeting.moment)
            if other.customer_id == meeting.customer_id and since <= other.day < meeting.day
        ]
        loyal = [
            rep for rep in meeting.reps if sum(rep in other.reps for other in earlier) >= least
        ]
        return _share(meeting, loyal)

    return book_meetings(world, components)


TYPES = {
    "decision_ladder_mapped_share": decision_ladder_mapped_share,
    "decision_maker_meeting_share": decision_maker_meeting_share,
    "joint_visits_with_manager": joint_visits_with_manager,
    "loyal_customer_visit_share": loyal_customer_visit_share,
    "meeting_to_next_step_rate": meeting_to_next_step_rate,
    "prepared_meeting_share": prepared_meeting_share,
    "right_customer_meeting_share": right_customer_meeting_share,
}
