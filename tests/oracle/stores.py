"""Grocery stores: when they are open, who answers for them, and what audits found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tests.oracle.world import Moment, Row, World, add_days, holds


@dataclass(frozen=True)
class Audit:
    """An audit of a store (not of its duplicate) as known at a moment; ``order`` tells which of two
    is the later one."""

    audit_id: str
    store_id: str
    day: date
    order: tuple[object, str]


def is_in_business(store: Row, day: date) -> bool:
    """Whether a store is open on a day; its closing day is the first one without business."""
    return holds(store, day, "opened", "closed")


def counted_store(world: World, store_id: str | None, moment: Moment) -> str | None:
    """The store itself, or the one it is a duplicate of; None for an unknown store.

    A store is a customer. Where its customer was merged, it is the same store entered twice: it
    stands for the store that the surviving customer is, or else for the first of those merged.
    """
    store = store_id and world.one("stores", moment, store_id=store_id)
    if not store:
        return None
    customer = world.survivor(store["customer_id"], moment)
    if store["customer_id"] == customer:
        return store_id
    same = [
        (row["customer_id"] != customer, row["store_id"])
        for row in world.known("stores", moment)
        if world.survivor(row["customer_id"], moment) == customer
    ]
    return min(same)[1]


def store_owner(world: World, store: Row, day: date, moment: Moment) -> str:
    """The owner of the customer that the store is, on a day; ``unassigned`` without one."""
    return world.owner(world.survivor(store["customer_id"], moment), day, moment)


def counts(world: World, store: Row, moment: Moment) -> bool:
    """Whether anything about the store counts: not where its customer is internal."""
    return not world.is_internal(world.survivor(store["customer_id"], moment), moment)


def open_stores(world: World, day: date, moment: Moment) -> list[Row]:
    """Stores in business on a day, as known at a moment, by id."""
    return sorted(
        (
            store
            for store in world.known("stores", moment)
            if is_in_business(store, day)
            and counts(world, store, moment)
            and counted_store(world, store["store_id"], moment) == store["store_id"]
        ),
        key=lambda store: store["store_id"],
    )


def audits(world: World, moment: Moment, since: date, until: date) -> list[Audit]:
    """Audits made in [since, until), as known at a moment, oldest first."""
    found = []
    for row in world.known("store_audits", moment):
        day = world.local_date(row["audited_at"])
        store = counted_store(world, row["store_id"], moment)
        if store is not None and day is not None and since <= day < until:
            order = (row["audited_at"], row["audit_id"])
            found.append(Audit(row["audit_id"], store, day, order))
    return sorted(found, key=lambda audit: audit.order)


def audits_before(world: World, budget_type_id: str) -> dict[str, list[Audit]]:
    """Audits before S by store, oldest first: those in [S - window, S) where the type has the
    parameter ``window_days``, else all."""
    days = world.parameter(budget_type_id, "window_days", world.as_of)
    by_store: dict[str, list[Audit]] = {}
    since = date(1900, 1, 1) if days is None else add_days(world.as_of, -int(days))
    for audit in audits(world, world.cut_off, since, world.as_of):
        by_store.setdefault(audit.store_id, []).append(audit)
    return by_store


def rows_of(world: World, entity: str, audit_id: str, moment: Moment) -> list[Row]:
    """What an audit recorded of one kind (lines, points, facings)."""
    return world.all(entity, moment, audit_id=audit_id)


def judged_points(world: World, audit: Audit, moment: Moment) -> list[Row]:
    """The points of an audit that say anything: whether it was there, or points reached."""
    return [
        row
        for row in rows_of(world, "store_audit_points", audit.audit_id, moment)
        if row["is_present"] is not None or row["achieved"] is not None
    ]


def was_found(point: Row) -> bool:
    """Whether what a point stands for was there: as the audit says, else where points were
    reached."""
    if point["is_present"] is not None:
        return point["is_present"]
    return point["achieved"] > 0


def names_of(world: World, store: Row, moment: Moment) -> list[str]:
    """The ids of a store: its own, then those of its duplicates."""
    duplicates = {
        row["store_id"]
        for row in world.known("stores", moment)
        if counted_store(world, row["store_id"], moment) == store["store_id"]
    }
    return [store["store_id"], *sorted(duplicates - {store["store_id"]})]


def scopes_of(store: Row, names: Iterable[str]) -> set[tuple[str, str]]:
    """The scopes an assortment can name a store of these ids by."""
    named = {
        ("chain", store["chain"]),
        ("format", store["format"]),
        ("class", store["priority_class"]),
        *(("store", name) for name in names),
    }
    return {(scope, name) for scope, name in named if name is not None}


def last_valid(rows: Iterable[Row], day: date) -> Row | None:
    """The row that holds on a day; of several the one that began last."""
    valid = [row for row in rows if holds(row, day)]
    return max(valid, key=lambda row: row["valid_from"]) if valid else None
