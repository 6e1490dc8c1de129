"""Opportunities: which are open, which are qualified, and who works them."""

from __future__ import annotations

from datetime import date

from tests.oracle.world import UNASSIGNED, Moment, Row, World


def is_open(deal: Row) -> bool:
    """Whether a version of an opportunity is open: not closed, and not merged into another one."""
    return deal["outcome"] in (None, "open") and deal["merged_into_id"] is None


def open_opportunities(world: World, moment: Moment) -> list[Row]:
    """All open opportunities with customers that are not internal, as known at a moment."""
    return [
        deal
        for deal in world.known("opportunities", moment)
        if is_open(deal)
        and not world.is_internal(world.survivor(deal["customer_id"], moment), moment)
    ]


def is_qualified(world: World, deal: Row, moment: Moment) -> bool:
    """Whether an opportunity has reached a qualified stage; where its stage is unknown, what the
    opportunity itself says."""
    stage = world.one("opportunity_stages", moment, stage=deal["stage"])
    if stage is None or stage["is_qualified"] is None:
        return bool(deal["is_qualified"])
    return stage["is_qualified"]


def surviving_deal(world: World, opportunity_id: str | None, moment: Moment) -> str | None:
    """The opportunity that is left after all merges known at a moment."""
    seen = set()
    while opportunity_id is not None and opportunity_id not in seen:
        seen.add(opportunity_id)
        row = world.one("opportunities", moment, opportunity_id=opportunity_id)
        if row is None or row["merged_into_id"] is None:
            break
        opportunity_id = row["merged_into_id"]
    return opportunity_id


def owner_on(world: World, deal: Row, day: date, moment: Moment) -> str:
    """The rep who worked an opportunity on a day: by its history, else by its own row."""
    history = [
        row
        for row in world.all(
            "opportunity_stage_history", moment, opportunity_id=deal["opportunity_id"]
        )
        if row["owner_rep_id"] and world.local_date(row["entered_at"]) <= day
    ]
    if history:
        return max(history, key=lambda row: row["entered_at"])["owner_rep_id"]
    return deal["owner_rep_id"] or UNASSIGNED
