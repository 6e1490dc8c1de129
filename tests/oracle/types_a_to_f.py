"""Families A to F: signed volume, channels, invoicing, margin and customers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from tests.oracle.components import Component, book
from tests.oracle.contracts import booked_contracts, splits
from tests.oracle.fixed_point import primary
from tests.oracle.history import History, history_of, once
from tests.oracle.invoicing import booked_invoices
from tests.oracle.world import UNASSIGNED, BookingMonth, Moment, Row, World, add_days


def _parts(
    components: Iterable[Component], sign: int = 1, channel: str | None = None, **parts: str
) -> list[Component]:
    """Components of some parts under the names of a type's parts: ``numerator="volume"``."""
    return [
        replace(c, part=name, amount=None if c.amount is None else sign * c.amount)
        for c in components
        for name, booked in parts.items()
        if c.part == booked and channel in (None, c.channel)
    ]


# A  Signed volume


def signed_volume(world: World) -> list[Component]:
    """Annual value of what customers signed for, one contract year at a time, on the day of signing
    and its anniversaries; one-off amounts with the first year. A year counts its months: 30 months
    are 12 + 12 + 6."""
    return _parts(booked_contracts(world), numerator="volume")


def cancelled_volume(world: World) -> list[Component]:
    """Recognised volume of the whole months that a termination leaves undelivered, for the owner of
    the customer on the day of the notice; what is taken back when the notice is withdrawn is
    negative."""
    return _parts(booked_contracts(world), numerator="cancelled")


def signed_volume_net(world: World) -> list[Component]:
    """Signed volume minus cancelled volume, each by its own date and credit."""
    return signed_volume(world) + _parts(booked_contracts(world), -1, numerator="cancelled")


def signed_deal_count(world: World) -> list[Component]:
    """Contracts signed, each once, for the rep with the largest share (lowest id among equals)."""
    return _parts(booked_contracts(world), numerator="deal")


def average_deal_value(world: World) -> list[Component]:
    """Unsplit first-year value of signed contracts, one-offs included, over their number; both for
    the rep with the largest share."""
    return _parts(booked_contracts(world), numerator="deal_value", denominator="deal")


# B  Signed volume by channel


def _volume_of(channel: str) -> Callable[[World], list[Component]]:
    def components(world: World) -> list[Component]:
        return _parts(booked_contracts(world), channel=channel, numerator="volume")

    components.__doc__ = f"Signed volume of the channel {channel}; every later year is renewal."
    return components


# C and D  Invoicing


def invoiced_revenue(world: World) -> list[Component]:
    """Net amounts of posted invoices on their date, credit notes as negatives on their own date for
    who was credited for the line they take back."""
    return _parts(booked_invoices(world), numerator="net")


def invoiced_quantity(world: World) -> list[Component]:
    """Quantity in base units, returns negative, credited like the revenue."""
    return _parts(booked_invoices(world), numerator="quantity")


def credit_note_rate(world: World) -> list[Component]:
    """Credited amount over the gross amount of invoices, each on the date of its document."""
    return _parts(booked_invoices(world), numerator="credited", denominator="gross")


def _invoicing_of(channel: str) -> Callable[[World], list[Component]]:
    def components(world: World) -> list[Component]:
        return _parts(booked_invoices(world), channel=channel, numerator="net")

    components.__doc__ = f"Invoiced revenue of the channel {channel}."
    return components


def campaign_sell_in(world: World) -> list[Component]:
    """Order lines tagged with a campaign and ordered within its window, for the rep of the order.
    Cancelled orders and lines do not count, nor what is ordered outside the window."""

    def learned(month: BookingMonth) -> set[str]:
        return world.learned("orders", "order_id", month) | world.learned(
            "order_lines", "order_id", month
        )

    def dates(order_id: str, month: BookingMonth) -> list[date]:
        order = world.one("orders", month.knowledge_at, order_id=order_id)
        return [order["order_date"]] if order and order["order_date"] else []

    def state(order_id: str, month: BookingMonth) -> list[Component]:
        moment = month.knowledge_at
        order = world.one("orders", moment, order_id=order_id)
        if order is None or order["status"] == "cancelled" or order["order_date"] is None:
            return []
        campaign = order["campaign_id"] and world.one(
            "campaigns", moment, campaign_id=order["campaign_id"]
        )
        day = order["order_date"]
        if not campaign or not campaign["start_date"] <= day < campaign["end_date_excl"]:
            return []
        if world.is_internal(world.survivor(order["customer_id"], moment), moment):
            return []
        return [
            Component(
                "numerator",
                order["rep_id"] or "unassigned",
                day,
                world.convert(line["net_amount"], order["currency"], day, moment),
                campaign_id=order["campaign_id"],
                record_id=line["order_line_id"],
            )
            for line in world.all("order_lines", moment, order_id=order_id)
            if not line["is_cancelled"]
        ]

    return book(world, learned=learned, dates=dates, state=state)


# E  Margin


def contribution_margin(world: World) -> list[Component]:
    """Net amount minus cost of the invoice lines whose cost is known."""
    return _parts(booked_invoices(world), numerator="margin")


def contribution_margin_rate(world: World) -> list[Component]:
    """Contribution margin over the net amount of the same lines."""
    return contribution_margin(world) + _parts(booked_invoices(world), denominator="costed_net")


def margin_per_meeting(world: World) -> list[Component]:
    """Contribution margin over the distinct held customer meetings, over twelve months."""
    return contribution_margin(world) + _parts(held_meetings(world), denominator="meeting")


@once
def held_meetings(world: World) -> list[Component]:
    """Held meetings and visits with a customer that is not internal, one component for every
    internal participant who is not marked absent."""

    def learned(month: BookingMonth) -> set[str]:
        return world.learned("activities", "activity_id", month) | world.learned(
            "activity_participants", "activity_id", month
        )

    def dates(activity_id: str, month: BookingMonth) -> list[date]:
        activity = world.one("activities", month.knowledge_at, activity_id=activity_id)
        day = activity and world.local_date(activity["start_at"])
        return [day] if day else []

    def state(activity_id: str, month: BookingMonth) -> list[Component]:
        moment = month.knowledge_at
        activity = world.one("activities", moment, activity_id=activity_id)
        if (
            activity is None
            or activity["status"] != "held"
            or activity["start_at"] is None
            or not world.is_customer_meeting(activity["type"])
        ):
            return []
        customer = world.meeting_customer(activity, moment)
        if customer is None or world.is_internal(customer, moment):
            return []
        day = world.local_date(activity["start_at"])
        return [
            Component("meeting", rep, day, distinct_key=activity_id)
            for rep in world.attendees(activity, moment)
        ]

    return book(world, learned=learned, dates=dates, state=state)


# F  Customers


def _survivors(world: World, month: BookingMonth) -> set[str]:
    """Customers of which something was learned: their own row, an invoice, a contract, a split of
    either or a product in a contract, or the same of one that is merged into them."""
    moment = month.knowledge_at
    about = world.learned("customers", "customer_id", month) | world.learned(
        "customers", "merged_into_id", month
    )
    about |= world.learned("contracts", "customer_id", month)
    about |= world.learned("invoices", "customer_id", month)
    contracts = world.learned("contract_lines", "contract_id", month)
    products = world.learned("products", "product_id", month)
    contracts |= {
        line["contract_id"]
        for line in world.known("contract_lines", moment)
        if line["product_id"] in products
    }
    for contract_id in contracts | world.learned("credit_splits", "source_id", month):
        contract = world.one("contracts", moment, contract_id=contract_id)
        about |= {contract["customer_id"]} if contract else set()
    # An invoice that gets another split is booked again, and its products are looked up again.
    invoices = world.learned("invoice_lines", "invoice_id", month)
    for invoice_id in invoices | world.learned("credit_splits", "source_id", month):
        invoice = world.one("invoices", moment, invoice_id=invoice_id)
        about |= {invoice["customer_id"]} if invoice else set()
    return about | {world.survivor(customer, moment) for customer in about}


def _history(world: World, customer_id: str, month: BookingMonth) -> History | None:
    """History of a customer that counts: not merged into another, not internal. Whoever signs or is
    invoiced is one, also while the CRM tells nothing of it."""
    moment = month.knowledge_at
    if world.is_internal(customer_id, moment) or world.survivor(customer_id, moment) != customer_id:
        return None
    return history_of(world, customer_id, moment)


def _contract_of(history: History, day: date, category: str | None = None) -> Row | None:
    """The contract signed on the day, the first by id; of a category one that has it."""
    for contract in history.contracts:
        has_it = category is None or category in history.contract_categories(contract)
        if contract["signed_at"] == day and has_it:
            return contract
    return None


def _signer(world: World, contract: Row | None, moment: Moment) -> str | None:
    """The rep with the largest share of a contract, else its owner; None where nobody is named."""
    if contract is None:
        return None
    shares = splits(
        world, "contract", contract["contract_id"], "revenue", contract["signed_at"], moment
    )
    return primary(shares) if shares else contract["owner_rep_id"]


@dataclass(frozen=True)
class _Event:
    """Something that happened to a customer; ``category`` of what it began to buy."""

    part: str
    day: date
    category: str | None = None


def _events(world: World, history: History) -> Iterator[_Event]:
    first = history.first_document
    if first is not None and (history.since is None or history.since >= first):
        yield _Event("new", first)
    for day in history.reactivations(world.as_of):
        yield _Event("won_back", day)
    for day in history.losses(world.as_of):
        yield _Event("lost", day)
    for category in history.categories:
        day = min([*history.signed(category)[:1], *history.invoiced(category)[:1]])
        if not history.is_from_before and history.is_active(day):
            yield _Event("cross_sold", day, category)


@once
def _customer_events(world: World) -> list[Component]:
    """Customers that became new, came back or were lost, one event each; and the categories that
    active customers began to buy. Parts ``new``, ``won_back``, ``lost``, ``cross_sold``.

    Who is credited stays, unless the event itself turns out to be another one or its contract gets
    another split: a change of owner or team alone books nothing.
    """
    owners: dict[str, dict[tuple[_Event, str | None], str]] = defaultdict(dict)

    def state(customer_id: str, month: BookingMonth) -> list[Component]:
        history = _history(world, customer_id, month)
        moment = month.knowledge_at
        before, owners[customer_id] = owners[customer_id], {}
        components = []
        for event in _events(world, history) if history else ():
            if event.day >= world.as_of:
                continue
            contract = None
            if event.part != "lost":
                contract = _contract_of(history, event.day, event.category)
            rep = _signer(world, contract, moment)
            if event.day < month.end:
                key = (event, contract and contract["contract_id"])
                owner = before.get(key) or world.owner(customer_id, event.day, moment)
                owners[customer_id][key] = owner
                rep = rep or owner
            components.append(
                Component(
                    event.part,
                    rep or UNASSIGNED,
                    event.day,
                    customer_id=customer_id,
                    distinct_key=customer_id if event.category else None,
                    record_id=event.category,
                )
            )
        return components

    return book(
        world,
        learned=lambda month: _survivors(world, month),
        dates=lambda key, month: {component.event_date for component in state(key, month)},
        state=state,
    )


def new_customers(world: World) -> list[Component]:
    """Customers whose first signature or first invoice falls on the day and whom the CRM does not
    know from before."""
    return _parts(_customer_events(world), numerator="new")


def won_back_customers(world: World) -> list[Component]:
    """Customers that had been passive or lost and signed or were invoiced again."""
    return _parts(_customer_events(world), numerator="won_back")


def lost_customers(world: World) -> list[Component]:
    """Customers that became lost: on the day the CRM gives, else a year after the last activity."""
    return _parts(_customer_events(world), numerator="lost")


def cross_sold_customers(world: World) -> list[Component]:
    """Active customers that signed or were invoiced a category for the first time; a customer with
    several new categories counts once. Of customers from before the extracts begin nothing is told.
    """
    return _parts(_customer_events(world), numerator="cross_sold")


def active_customers(world: World) -> list[Component]:
    """Customers active on the morning of S, each for its owner."""
    return [
        Component(
            "numerator",
            world.owner(customer_id, world.as_of, world.cut_off),
            world.as_of,
            customer_id=customer_id,
            distinct_key=customer_id,
        )
        for customer_id in _customers(world, world.cut_off)
        if history_of(world, customer_id, world.cut_off).is_active(world.as_of)
    ]


def customer_retention_rate(world: World) -> list[Component]:
    """Of the customers active on the first day of a period those still active at its end (at S
    while it runs), for the owner on the first day. Each border is seen with what was known when the
    month before it closed."""
    components = []
    for period in world.periods:
        if period.period_type not in world.types["customer_retention_rate"].period_types:
            continue
        before = world.knowledge_of(add_days(period.start, -1))
        after = world.knowledge_of(add_days(period.evaluated_to, -1))
        for customer_id in _customers(world, before):
            if not history_of(world, customer_id, before).is_active(period.start):
                continue
            component = Component(
                "denominator",
                world.owner(customer_id, period.start, before),
                period.start,
                customer_id=customer_id,
                distinct_key=customer_id,
                period_type=period.period_type,
                period_start=period.start,
                known_at=after,
            )
            components.append(component)
            survivor = world.survivor(customer_id, after)
            if world.is_internal(survivor, after):
                continue
            if history_of(world, survivor, after).is_active(period.evaluated_to):
                components.append(replace(component, part="numerator"))
    return components


def _customers(world: World, moment: Moment) -> list[str]:
    """Surviving customers that count and that anything is known of, lowest id first."""
    ids = {
        world.survivor(row["customer_id"], moment)
        for entity in ("customers", "contracts", "invoices")
        for row in world.known(entity, moment)
    }
    return sorted(customer_id for customer_id in ids if not world.is_internal(customer_id, moment))


TYPES = {
    function.__name__: function
    for function in (
        signed_volume,
        signed_volume_net,
        signed_deal_count,
        average_deal_value,
        cancelled_volume,
        invoiced_revenue,
        invoiced_quantity,
        campaign_sell_in,
        credit_note_rate,
        contribution_margin,
        contribution_margin_rate,
        margin_per_meeting,
        new_customers,
        won_back_customers,
        lost_customers,
        cross_sold_customers,
        active_customers,
        customer_retention_rate,
    )
}
for _channel, _prefix in (
    ("renewal", "renewal"),
    ("upsell", "upsell"),
    ("win_back", "win_back"),
    ("new", "new_business"),
):
    TYPES[f"{_prefix}_volume"] = _volume_of(_channel)
    TYPES[f"{_prefix}_invoicing"] = _invoicing_of(_channel)
