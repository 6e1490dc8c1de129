"""Signed contracts: their years, what is recognised, superseded and cancelled of them, and credit.

A contract counts when the customer signs, one contract year at a time. Year k is recognised k × 12
months after the signature and lasts from the start of the contract + k × 12 months; the last year
of a term may be shorter. A contract that rolls on (no end, or automatic renewal) has one further
year after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.oracle.components import Component, book
from tests.oracle.fixed_point import ONE, ZERO, part_of, primary, split, times
from tests.oracle.history import (
    History,
    category_of,
    ends_on,
    history_of,
    is_signed,
    once,
    rolls_on,
    term_of,
)
from tests.oracle.world import (
    BookingMonth,
    Moment,
    Row,
    World,
    add_months,
    months_between,
)


@dataclass(frozen=True)
class Year:
    """A contract year: number, recognition date, first day, day after the last, months."""

    number: int
    recognised_on: date
    start: date
    end: date
    months: int


@dataclass(frozen=True)
class Entry:
    """Something that happens to a contract year of a line.

    ``kind``: recognition, supersession, cancellation or withdrawal. ``value`` is in the company
    currency, None without a rate.
    """

    line: Row
    year: Year
    kind: str
    day: date
    value: Decimal | None


def started_months(start: date, day: date) -> int:
    """Months of a year that have started before ``day``; a started month counts whole."""
    months = 0
    while add_months(start, months) < day:
        months += 1
    return months


def years(contract: Row, until: date) -> Iterator[Year]:
    """The years of a contract that are recognised before ``until``, whatever ends it."""
    term = term_of(contract)
    number = offset = 0
    while number == 0 or offset < term or rolls_on(contract):
        months = min(12, term - offset) if offset < term else 12
        recognised_on = add_months(contract["signed_at"], offset)
        if recognised_on >= until:
            return
        yield Year(
            number,
            recognised_on,
            add_months(contract["start_date"], offset),
            add_months(contract["start_date"], offset + months),
            months,
        )
        number, offset = number + 1, offset + months


def termination(contract: Row) -> tuple[date, date] | None:
    """Notice date and effective date of a termination, withdrawn or not."""
    notice, effective = contract["termination_notice_date"], contract["termination_effective_date"]
    return None if notice is None or effective is None else (notice, effective)


def renewal_of(world: World, contract: Row, moment: Moment) -> Row | None:
    """The signed contract that continues this one, the first to start."""
    renewals = [
        row
        for row in world.all("contracts", moment, renews_contract_id=contract["contract_id"])
        if is_signed(row)
    ]
    return min(renewals, key=lambda r: (r["start_date"], r["contract_id"]), default=None)


def entries(world: World, contract: Row, line: Row, moment: Moment) -> Iterator[Entry]:
    """What has happened to the years of a line up to S, as known at a moment.

    A year is not recognised when a termination of which notice was given on or before the day ends
    the contract before the year begins. From the start of a renewing contract on the old one does
    not count: years that begin later have no row, a year that straddles it counts the months
    before it; what was recognised before the renewal was signed is taken back that day. A
    termination cancels the whole undelivered months of recognised years on the day of the notice,
    or when the year is recognised if that is later; a notice that is withdrawn gives them back.
    """
    withdrawn_on = world.local_date(contract["termination_withdrawn_at"])
    ending = termination(contract)
    renewal = renewal_of(world, contract, moment)
    for year in years(contract, world.as_of):
        if ending and withdrawn_on is None:
            notice, effective = ending
            if notice <= year.recognised_on and effective <= year.start:
                continue

        annual, one_off = (
            world.convert(amount, contract["currency"], year.recognised_on, moment)
            for amount in (line["annual_value"], line["one_off_value"] or ZERO)
        )

        def value(to: int, since: int = 0, annual: Decimal | None = annual) -> Decimal | None:
            return None if annual is None else part_of(annual, to, 12) - part_of(annual, since, 12)

        kept = year.months
        if renewal:
            before = months_between(year.start, renewal["start_date"])
            kept = min(kept, max(0, before))
        in_time = kept == year.months or year.recognised_on < renewal["signed_at"]
        recognised = value(year.months if in_time else kept)
        if year.number == 0 and recognised is not None:
            recognised = None if one_off is None else recognised + one_off
        yield Entry(line, year, "recognition", year.recognised_on, recognised)
        if kept < year.months and in_time:
            yield Entry(line, year, "supersession", renewal["signed_at"], value(kept, year.months))
        if not ending:
            continue
        notice, effective = ending
        undelivered = kept - min(kept, started_months(year.start, effective))
        day = max(notice, year.recognised_on)
        if undelivered and not (notice <= year.recognised_on and effective <= year.start):
            cancelled = value(kept, kept - undelivered)
            if withdrawn_on is None or day < withdrawn_on:
                yield Entry(line, year, "cancellation", day, cancelled)
            if withdrawn_on is not None and day < withdrawn_on:
                yield Entry(
                    line,
                    year,
                    "withdrawal",
                    withdrawn_on,
                    None if cancelled is None else -cancelled,
                )


def splits(
    world: World, source_type: str, source_id: str, credit_type: str, day: date, moment: Moment
) -> dict[str, Decimal]:
    """Rep → share of the split of a source that holds on a day."""
    return {
        row["rep_id"]: row["share"]
        for row in world.all(
            "credit_splits",
            moment,
            source_type=source_type,
            source_id=source_id,
            credit_type=credit_type,
        )
        if row["share"] is not None and (row["valid_from"] is None or row["valid_from"] <= day)
    }


def signing_shares(world: World, contract: Row, moment: Moment) -> dict[str, Decimal]:
    """Who signed: the split of the contract on the day of signing, else its owner, else the
    customer's owner of the day."""
    signed_at = contract["signed_at"]
    shares = splits(world, "contract", contract["contract_id"], "revenue", signed_at, moment)
    if shares:
        return shares
    customer = world.survivor(contract["customer_id"], moment)
    return {contract["owner_rep_id"] or world.owner(customer, signed_at, moment): ONE}


def _credited(
    world: World, contract: Row, entry: Entry, part: str, channel: str, moment: Moment
) -> Iterator[Component]:
    """The entry divided on those who are credited for it."""
    customer = world.survivor(contract["customer_id"], moment)
    first_year = entry.year.number == 0 and entry.kind in ("recognition", "supersession")
    if first_year:
        shares = signing_shares(world, contract, moment)
    elif entry.kind in ("cancellation", "withdrawal"):
        shares = {world.owner(customer, contract["termination_notice_date"], moment): ONE}
    else:
        shares = {world.owner(customer, entry.year.recognised_on, moment): ONE}
    year = entry.year
    whose = {
        "record_id": entry.line["contract_line_id"],
        "channel": channel,
        "customer_id": contract["customer_id"],
        "detail": year.number,
    }
    if entry.value is None:
        parts: dict[str, Decimal | None] = dict.fromkeys(shares)
    else:
        parts = dict(split(entry.value, shares, primary(shares)))
    for rep, amount in parts.items():
        yield Component(part, rep, entry.day, amount, **whose)
    if first_year:
        overlays = splits(
            world,
            "contract",
            contract["contract_id"],
            "overlay",
            contract["signed_at"],
            moment,
        )
        for rep, share in overlays.items():
            amount = None if entry.value is None else times(entry.value, share)
            yield Component(part, rep, entry.day, amount, credit_type="overlay", **whose)


def counting_contract(world: World, contract_id: str, moment: Moment) -> Row | None:
    """The contract if it counts: signed, and not with a company of the own group."""
    contract = world.one("contracts", moment, contract_id=contract_id)
    if contract is None or not is_signed(contract):
        return None
    customer = world.survivor(contract["customer_id"], moment)
    return None if world.is_internal(customer, moment) else contract


def contract_lines(world: World, contract: Row, moment: Moment) -> list[Row]:
    """The lines of a contract, lowest id first."""
    lines = world.all("contract_lines", moment, contract_id=contract["contract_id"])
    return sorted(lines, key=lambda line: line["contract_line_id"])


@dataclass(frozen=True)
class Known:
    """A year of a contract line as it stood when the contract was booked in a month."""

    month: date
    line_id: str
    year: Year
    customer_id: str | None


@dataclass
class Booked:
    """What is booked of contracts, and the years each of them was known to have at its bookings."""

    components: list[Component]
    years: dict[str, dict[date, list[Known]]]


def _learned_contracts(world: World, month: BookingMonth) -> set[str]:
    """Contracts that are looked at again, each as a whole: of the contract itself, its lines or its
    split, or of a contract that renews it, something was learned."""
    return (
        world.learned("contracts", "contract_id", month)
        | world.learned("contracts", "renews_contract_id", month)
        | world.learned("contract_lines", "contract_id", month)
        | world.learned("credit_splits", "source_id", month)
    )


def _contract_dates(world: World, contract_id: str, month: BookingMonth) -> set[date]:
    """Days on which something happens to a contract: its years, the notice, its withdrawal and the
    signature of a renewal, whatever comes of them."""
    moment = month.knowledge_at
    contract = world.one("contracts", moment, contract_id=contract_id)
    if contract is None or not is_signed(contract):
        return set()
    days = {year.recognised_on for year in years(contract, world.as_of)}
    days |= {
        contract["termination_notice_date"],
        world.local_date(contract["termination_withdrawn_at"]),
    }
    days |= {
        row["signed_at"]
        for row in world.all("contracts", moment, renews_contract_id=contract_id)
        if is_signed(row)
    }
    return days - {None}


def booked_contracts(world: World) -> list[Component]:
    """The components of :func:`booked_contract_years`."""
    return booked_contract_years(world).components


@once
def booked_contract_years(world: World) -> Booked:
    """Everything about contracts, booked month by month.

    Parts: ``volume`` (recognition and supersession), ``cancelled``, ``deal`` (1 per contract, for
    the one with the largest share) and ``deal_value`` (its first year unsplit, for the same one).
    A new version of the contract, of its lines or split, or of a contract that renews it makes
    differences.
    """

    known: dict[str, dict[date, list[Known]]] = defaultdict(dict)

    def state(contract_id: str, month: BookingMonth) -> list[Component]:
        moment = month.knowledge_at
        contract = counting_contract(world, contract_id, moment)
        years_known = known[contract_id][month.start] = []
        if contract is None:
            return []
        customer = world.survivor(contract["customer_id"], moment)
        components: list[Component] = []
        lines = contract_lines(world, contract, moment)
        shares = signing_shares(world, contract, moment)
        first = primary(shares)
        for line in lines:
            channel = line_channels(world).get(line["contract_line_id"], ("undecided",))[0]
            for entry in entries(world, contract, line, moment):
                part = "volume" if entry.kind in ("recognition", "supersession") else "cancelled"
                of_year = channel if entry.year.number == 0 else "renewal"
                if entry.kind == "recognition" and entry.day < month.end:
                    line_id = line["contract_line_id"]
                    years_known.append(Known(month.start, line_id, entry.year, customer))
                components += _credited(world, contract, entry, part, of_year, moment)
                if entry.year.number == 0 and entry.kind == "recognition":
                    components.append(
                        Component(
                            "deal_value",
                            first,
                            entry.day,
                            entry.value,
                            record_id=line["contract_line_id"],
                        )
                    )
        if lines:
            components.append(
                Component("deal", first, contract["signed_at"], record_id=contract_id)
            )
        return components

    components = book(
        world,
        learned=lambda month: _learned_contracts(world, month),
        dates=lambda key, month: _contract_dates(world, key, month),
        state=state,
    )
    return Booked(components, known)


@once
def line_channels(world: World) -> dict[str, tuple[str, bool]]:
    """Contract line → (channel, is cross-sell), decided when the line is first counted.

    In the order of precedence: ``new`` for a customer without any history; ``win_back`` for one
    that has history and is not active on the day of signing; ``renewal`` for a line of a contract
    that names the one it renews, where that has a line of the same category, or, without a name,
    for a line that starts at most 31 days before and less than 365 days after the end of an earlier
    line of the category, each of which can be continued once; ``upsell`` otherwise. A line without
    a category continues nothing and is not continued.
    """
    decided: dict[str, tuple[str, bool]] = {}
    continued: set[str] = set()
    for month in world.booking_months:
        moment = month.knowledge_at
        fresh = []
        for line in world.known("contract_lines", moment):
            contract = counting_contract(world, line["contract_id"], moment)
            if (
                line["contract_line_id"] not in decided
                and contract is not None
                and contract["signed_at"] < min(month.end, world.as_of)
            ):
                fresh.append((contract["signed_at"], line["contract_line_id"], contract, line))
        for signed_at, line_id, contract, line in sorted(fresh, key=lambda f: f[:2]):
            history = history_of(world, world.survivor(contract["customer_id"], moment), moment)
            category = category_of(world, line, moment)
            bought = history.has_bought(category, signed_at)
            if history.first_day() is None or history.first_day() >= signed_at:
                channel = "new"
            elif not history.is_active(signed_at):
                channel = "win_back"
            elif _is_renewal(world, contract, line, category, history, continued, moment):
                channel = "renewal"
            else:
                channel = "upsell"
            decided[line_id] = (channel, channel == "upsell" and not bought)
    return decided


def _is_renewal(
    world: World,
    contract: Row,
    line: Row,
    category: str | None,
    history: History,
    continued: set[str],
    moment: Moment,
) -> bool:
    if category is None:
        return False
    linked = contract["renews_contract_id"]
    if linked is not None:
        return any(
            category_of(world, old, moment) == category
            for old in world.all("contract_lines", moment, contract_id=linked)
        )
    start = contract["start_date"]
    before = int(world.setting("renewal_before_end_days", contract["signed_at"]))
    after = int(world.setting("renewal_after_end_days", contract["signed_at"]))
    fit = []
    for old_contract in history.contracts:
        if old_contract["signed_at"] >= contract["signed_at"]:
            continue
        gap = (start - ends_on(old_contract)).days
        if not -before <= gap < after:
            continue
        for old in contract_lines(world, old_contract, moment):
            is_open = old["contract_line_id"] not in continued
            is_open = is_open and category_of(world, old, moment) == category
            if is_open and not _is_named(world, old_contract, category, contract, moment):
                fit.append((abs(gap), old["contract_line_id"]))
    if not fit:
        return False
    continued.add(min(fit)[1])
    return True


def _is_named(world: World, old: Row, category: str, new: Row, moment: Moment) -> bool:
    """Whether a contract signed by then names the old one as renewed and has a line of the
    category: that one continues its lines."""
    return any(
        is_signed(row)
        and row["signed_at"] <= new["signed_at"]
        and any(
            category_of(world, line, moment) == category
            for line in contract_lines(world, row, moment)
        )
        for row in world.all("contracts", moment, renews_contract_id=old["contract_id"])
    )


def committed_months(contract: Row) -> int:
    """Months the customer has committed to: up to the first free exit where there is a termination
    clause, else the term; the first twelve of a contract without end."""
    term = term_of(contract)
    exit_on = contract["first_free_exit_date"]
    if contract["has_termination_clause"] and exit_on is not None:
        return min(term, started_months(contract["start_date"], exit_on))
    return term


@once
def booked_contract_values(world: World) -> list[Component]:
    """The whole committed value of contracts on the day of signing, divided on those who signed."""

    def state(contract_id: str, month: BookingMonth) -> list[Component]:
        moment = month.knowledge_at
        contract = counting_contract(world, contract_id, moment)
        if contract is None or contract["signed_at"] >= world.as_of:
            return []
        components: list[Component] = []
        year = next(years(contract, world.as_of))
        for line in contract_lines(world, contract, moment):
            annual, one_off = (
                world.convert(amount or ZERO, contract["currency"], contract["signed_at"], moment)
                for amount in (line["annual_value"], line["one_off_value"])
            )
            whole = None
            if annual is not None and one_off is not None:
                whole = part_of(annual, committed_months(contract), 12) + one_off
            entry = Entry(line, year, "recognition", contract["signed_at"], whole)
            components += _credited(world, contract, entry, "numerator", "", moment)
        return components

    return book(
        world,
        learned=lambda month: _learned_contracts(world, month),
        dates=lambda key, month: _contract_dates(world, key, month),
        state=state,
    )
