"""Held customer meetings: what a meeting is, who took part, and how it is booked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from tests.oracle.components import Component, book
from tests.oracle.world import UNASSIGNED, BookingMonth, Moment, Row, World


@dataclass(frozen=True)
class Meeting:
    """A held customer meeting or visit as known at ``moment``.

    ``reps`` has who took part: everyone registered who is not marked absent; the owner where nobody
    is registered; ``unassigned`` where all who were registered stayed away.
    """

    activity_id: str
    row: Row
    day: date
    start_at: datetime
    customer_id: str
    reps: tuple[str, ...]
    moment: Moment

    def parts(self, part: str, key: str | None = None) -> list[Component]:
        """The meeting in a part, once for each rep who took part, counted by ``key`` (default: the
        meeting itself)."""
        return [self.part_of(rep, part, key) for rep in self.reps]

    def part_of(self, rep_id: str, part: str, key: str | None = None) -> Component:
        """The meeting in a part for one rep."""
        return Component(
            part=part,
            rep_id=rep_id,
            event_date=self.day,
            amount=Decimal(1),
            distinct_key=key or self.activity_id,
            customer_id=self.customer_id,
            credit_type="participant",
            record_id=self.activity_id,
        )


def attending_reps(world: World, activity: Row, moment: Moment) -> tuple[str, ...]:
    """The reps a held activity is credited to; never empty."""
    return tuple(world.attendees(activity, moment)) or (UNASSIGNED,)


def meeting_of(world: World, activity: Row, moment: Moment) -> Meeting | None:
    """The activity as a held customer meeting, or None where it is none.

    It is one where its type is a meeting or visit with customers, its status is held, its start is
    known and it has a customer (its own or the visited store's) that is not internal.
    """
    if activity["status"] != "held" or not world.is_customer_meeting(activity["type"]):
        return None
    day = world.local_date(activity["start_at"])
    customer = world.meeting_customer(activity, moment)
    if day is None or customer is None or world.is_internal(customer, moment):
        return None
    return Meeting(
        activity["activity_id"],
        activity,
        day,
        activity["start_at"],
        customer,
        attending_reps(world, activity, moment),
        moment,
    )


def held_meetings(world: World, moment: Moment) -> list[Meeting]:
    """All held customer meetings as known at a moment."""
    asked = ("held_meetings", moment)
    if asked not in world._answers:
        found = (meeting_of(world, row, moment) for row in world.known("activities", moment))
        world._answers[asked] = [meeting for meeting in found if meeting]
    return world._answers[asked]


def held_meeting(world: World, activity_id: str, moment: Moment) -> Meeting | None:
    """One held customer meeting as known at a moment, or None."""
    activity = world.one("activities", moment, activity_id=activity_id)
    return meeting_of(world, activity, moment) if activity else None


def book_meetings(
    world: World,
    components: Callable[[Meeting], Iterable[Component]],
    participants: tuple[str, ...] = ("rep",),
    ripens: Callable[[Meeting], date] | None = None,
) -> list[Component]:
    """Book what each held meeting gives: news are new versions of the activity and of the
    participants of the given types.

    ``ripens``: the day from which on a meeting can be judged. It gives nothing before, and the day
    itself is news: what ripens after its month has closed is booked in the first open one.
    """

    def learned(month: BookingMonth) -> set[str]:
        news = set(world.learned("activities", "activity_id", month))
        for kind in participants:
            news |= _participations_learned(world, kind).get(month.start, set())
        if ripens:
            news |= {
                meeting.activity_id
                for meeting in held_meetings(world, month.knowledge_at)
                if month.opens_at < world.midnight(ripens(meeting)) <= month.knowledge_at
            }
        return news

    def dates(activity_id: str, month: BookingMonth) -> list[date]:
        activity = world.one("activities", month.knowledge_at, activity_id=activity_id)
        day = activity and world.local_date(activity["start_at"])
        return [day] if day else []

    def state(activity_id: str, month: BookingMonth) -> list[Component]:
        meeting = held_meeting(world, activity_id, month.knowledge_at)
        if meeting is None or (ripens and world.midnight(ripens(meeting)) > month.knowledge_at):
            return []
        return list(components(meeting))

    return book(world, learned=learned, dates=dates, state=state)


def _participations_learned(world: World, participant_type: str) -> dict[date, set[str]]:
    """Activities whose participants of one type are new, changed or withdrawn, by the month that
    was the first open one."""
    asked = ("participations_learned", participant_type)
    if asked not in world._answers:
        found: dict[date, set[str]] = {}
        for version in world.versions("activity_participants"):
            month = world._month_learned(version.known_from)
            if month is not None and version.row["participant_type"] == participant_type:
                found.setdefault(month, set()).add(version.row["activity_id"])
        world._answers[asked] = found
    return world._answers[asked]
