"""A customer's history as it was known: first business, activity, passive and lost times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property, wraps
from typing import TypeVar

from tests.oracle.world import (
    FOREVER,
    Moment,
    Row,
    World,
    add_months,
    months_between,
)

Answer = TypeVar("Answer")


def once(compute: Callable[[World], Answer]) -> Callable[[World], Answer]:
    """Compute once per world, however often it is asked for."""

    @wraps(compute)
    def answer(world: World) -> Answer:
        key = ("once", compute.__module__, compute.__qualname__)
        if key not in world._answers:
            world._answers[key] = compute(world)
        return world._answers[key]

    return answer


def is_signed(contract: Row) -> bool:
    """Drafts and void contracts never count."""
    return contract["status"] not in ("draft", "void") and contract["signed_at"] is not None


def term_of(contract: Row) -> int:
    """Agreed months: the term, else from start to end, else twelve."""
    if contract["term_months"]:
        return contract["term_months"]
    if contract["end_date"]:
        return months_between(contract["start_date"], contract["end_date"])
    return 12


def rolls_on(contract: Row) -> bool:
    """Whether the contract goes on after its term until it is terminated."""
    is_evergreen = contract["end_date"] is None and not contract["term_months"]
    return bool(contract["auto_renewal"]) or is_evergreen


def ends_on(contract: Row) -> date:
    """First day on which the contract is no longer in force."""
    effective = contract["termination_effective_date"]
    if effective and not contract["termination_withdrawn_at"]:
        return effective
    if rolls_on(contract):
        return FOREVER
    return contract["end_date"] or add_months(contract["start_date"], term_of(contract))


def category_of(world: World, line: Row, moment: Moment) -> str | None:
    """Product category of a line: its own, else that of its product."""
    own = line.get("product_category")
    if own is not None or line["product_id"] is None:
        return own
    product = world.one("products", moment, product_id=line["product_id"])
    return product["product_category"] if product else None


def members(world: World, customer_id: str | None, moment: Moment) -> list[str]:
    """A surviving customer and all duplicates merged into it, as known at a moment."""
    groups = world._answers.get(("members", moment))
    if groups is None:
        groups = defaultdict(list)
        for row in world.known("customers", moment):
            groups[world.survivor(row["customer_id"], moment)].append(row["customer_id"])
        world._answers["members", moment] = groups
    return sorted({customer_id, *groups.get(customer_id, ())})


def _booked_at(world: World, invoice: Row, moment: Moment) -> Moment:
    """When the invoice was last booked by a moment, and its product looked up: at the close of its
    own month, or of the last one in which something of it was learned."""
    if invoice["invoice_date"] >= world.as_of:
        return moment
    key = ("invoice news",)
    if key not in world._answers:
        news: dict[str, list[Moment]] = defaultdict(list)
        for month in world.booking_months:
            ids = (
                world.learned("invoices", "invoice_id", month)
                | world.learned("invoice_lines", "invoice_id", month)
                | world.learned("credit_splits", "source_id", month)
            )
            for invoice_id in ids:
                news[invoice_id].append(month.knowledge_at)
        world._answers[key] = news
    own = world.knowledge_of(invoice["invoice_date"])
    booked = [at for at in world._answers[key][invoice["invoice_id"]] if at <= moment]
    return max([own, *booked])


def history_of(world: World, customer_id: str | None, moment: Moment) -> History:
    """The history of a surviving customer, computed once."""
    key = ("history", customer_id, moment)
    if key not in world._answers:
        world._answers[key] = History(world, customer_id, moment)
    return world._answers[key]


class History:
    """The history of a surviving customer as known at a moment, duplicates included.

    A customer is looked at on the *morning* of a day: what happens on the day itself is not seen
    yet. Activity is a posted invoice (not a credit note) and the end of a contract; a running
    contract is activity every day. Since when somebody is a customer by the CRM is the beginning of
    the history, and says nothing where a document is older; what lies before the extracts begin is
    taken as one activity on the eve of them.
    """

    def __init__(self, world: World, customer_id: str | None, moment: Moment) -> None:
        self.world, self.customer_id, self.moment = world, customer_id, moment
        self.members = members(world, customer_id, moment)
        rows = [world.customer(member, moment) for member in self.members]
        self.since = min(
            (row["customer_since"] for row in rows if row and row["customer_since"]), default=None
        )
        own = world.customer(customer_id, moment)
        self.lost_at = own["lost_at"] if own else None
        self.contracts = sorted(
            (
                row
                for member in self.members
                for row in world.all("contracts", moment, customer_id=member)
                if is_signed(row)
            ),
            key=lambda row: (row["signed_at"], row["contract_id"]),
        )
        self.invoices = sorted(
            (
                row
                for member in self.members
                for row in world.all("invoices", moment, customer_id=member)
                if row["status"] == "posted"
                and row["doc_type"] == "invoice"
                and row["invoice_date"] is not None
            ),
            key=lambda row: (row["invoice_date"], row["invoice_id"]),
        )

    @cached_property
    def _begin(self) -> date:
        year = int(self.world.setting("history_begins_year", self.world.as_of))
        return date(year, 1, 1)

    @cached_property
    def is_from_before(self) -> bool:
        """Whether the CRM knows the customer from before the extracts begin."""
        return self.since is not None and self.since < self._begin

    @cached_property
    def invoice_days(self) -> list[date]:
        """Dates of posted invoices, oldest first."""
        return [row["invoice_date"] for row in self.invoices]

    @cached_property
    def signing_days(self) -> list[date]:
        """Dates of signatures, oldest first."""
        return [row["signed_at"] for row in self.contracts]

    @cached_property
    def first_document(self) -> date | None:
        """First signature or invoice."""
        return min([*self.invoice_days[:1], *self.signing_days[:1]], default=None)

    @cached_property
    def told_day(self) -> date | None:
        """The day of the activity that the CRM tells of; None where a document is older."""
        if self.since is None or (self.first_document and self.first_document <= self.since):
            return None
        return max(self.since, self._begin - timedelta(1))

    def first_day(self) -> date | None:
        """First business: signature, invoice or what the CRM says; None without any."""
        days = [day for day in (self.since, self.first_document) if day is not None]
        return min(days, default=None)

    def last_activity(self, day: date) -> date | None:
        """Latest invoice before the day, or end of a contract on or before it."""
        days = [d for d in self.invoice_days if d < day]
        days += [ends_on(c) for c in self.contracts if c["signed_at"] < day and ends_on(c) <= day]
        days += [d for d in (self.told_day,) if d is not None and d < day]
        return max(days, default=None)

    def is_active(self, day: date) -> bool:
        """Active on the morning of a day: a contract signed before and not ended, or activity at
        most ``passive_days`` ago, unless the customer was lost after it."""
        if any(c["signed_at"] < day < ends_on(c) for c in self.contracts):
            return True
        last = self.last_activity(day)
        if last is None or last < day - timedelta(self.passive_days(day)):
            return False
        return not (self.lost_at is not None and last < self.lost_at < day)

    def passive_days(self, day: date) -> int:
        """Days without activity after which a customer is passive."""
        return int(self.world.setting("passive_days", day))

    def reactivations(self, until: date) -> list[date]:
        """Days before ``until`` on which a customer with history that was not active signed or was
        invoiced."""
        first = self.first_day()
        return [
            day
            for day in sorted({*self.invoice_days, *self.signing_days})
            if first is not None and first < day < until and not self.is_active(day)
        ]

    def losses(self, until: date) -> list[date]:
        """Days before ``until`` on whose morning the customer is active, and on the next not."""
        candidates = {ends_on(c) for c in self.contracts} - {FOREVER}
        candidates |= {*self.invoice_days, self.told_day} - {None}
        ends = {day + timedelta(self.passive_days(day)) for day in candidates}
        if self.lost_at is not None:
            ends.add(self.lost_at)
        return [
            day
            for day in sorted(ends)
            if day < until and self.is_active(day) and not self.is_active(day + timedelta(1))
        ]

    def invoiced(self, category: str | None) -> list[date]:
        """Dates of posted invoices with a line of the category, oldest first."""
        return self._invoiced.get(category, [])

    @cached_property
    def _invoiced(self) -> dict[str | None, list[date]]:
        days: dict[str | None, list[date]] = defaultdict(list)
        for invoice in self.invoices:
            lines = self.world.all("invoice_lines", self.moment, invoice_id=invoice["invoice_id"])
            booked_at = _booked_at(self.world, invoice, self.moment)
            for category in {category_of(self.world, line, booked_at) for line in lines}:
                days[category].append(invoice["invoice_date"])
        return days

    def contract_categories(self, contract: Row) -> set[str | None]:
        """Categories of the lines of a contract."""
        lines = self.world.all("contract_lines", self.moment, contract_id=contract["contract_id"])
        return {category_of(self.world, line, self.moment) for line in lines}

    def signed(self, category: str | None) -> list[date]:
        """Dates of signatures of a contract with a line of the category, oldest first."""
        return [c["signed_at"] for c in self.contracts if category in self.contract_categories(c)]

    @property
    def categories(self) -> list[str]:
        """All categories that were signed or invoiced."""
        signed = (self.contract_categories(contract) for contract in self.contracts)
        return sorted(set(self._invoiced).union(*signed) - {None})

    def has_bought(self, category: str | None, day: date) -> bool:
        """Whether the category was signed or invoiced before a day, or may have been: what a
        customer did before the extracts begin is unknown."""
        if self.is_from_before:
            return True
        return any(d < day for d in (*self.signed(category)[:1], *self.invoiced(category)[:1]))

    def spell_began(self, category: str | None, day: date) -> date | None:
        """First invoice of the category in the spell of buying that a day lies in: a year without
        it begins a new one. None where it is unknown: of no category, and of a customer from before
        the extracts begin, who may have bought anything on the eve of them."""
        gap = timedelta(int(self.world.setting("category_gap_days", day)))
        began, last = None, self._begin - timedelta(1) if self.is_from_before else None
        for invoiced_on in self.invoiced(category) if category is not None else ():
            if invoiced_on > day:
                break
            if last is None or invoiced_on - last >= gap:
                began = invoiced_on
            last = invoiced_on
        return began
