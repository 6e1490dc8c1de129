"""Invoices and credit notes: amounts, credit and channel, booked month by month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from tests.oracle.components import Component, book
from tests.oracle.contracts import counting_contract, line_channels, signing_shares, splits
from tests.oracle.fixed_point import ONE, ZERO, primary, ratio, split, times
from tests.oracle.history import category_of, history_of, once
from tests.oracle.world import BookingMonth, Moment, Row, World, add_months

Shares = dict[str, Decimal]


def posted(world: World, invoice_id: str, moment: Moment) -> Row | None:
    """The document if it counts: posted, and not to a company of the own group."""
    invoice = world.one("invoices", moment, invoice_id=invoice_id)
    if invoice is None or invoice["status"] != "posted" or invoice["invoice_date"] is None:
        return None
    customer = world.survivor(invoice["customer_id"], moment)
    return None if world.is_internal(customer, moment) else invoice


def contract_of(world: World, line: Row, moment: Moment) -> Row | None:
    """The contract that an invoice line belongs to, None where it is not linked."""
    if line["contract_line_id"] is None:
        return None
    linked = world.one("contract_lines", moment, contract_line_id=line["contract_line_id"])
    return linked and counting_contract(world, linked["contract_id"], moment)


def is_first_year(contract: Row, day: date) -> bool:
    """Whether a day lies before the contract's second year."""
    return day < add_months(contract["start_date"], 12)


def credit(world: World, invoice: Row, line: Row, moment: Moment) -> tuple[Shares, Shares]:
    """Revenue shares and overlay shares of an invoice line.

    The invoice's own split; else, in the first year of the linked contract, those who signed it,
    with the customer's owner in place of a rep who has left before the invoice date; else the
    customer's owner on the invoice date. Overlay shares are those of the invoice; where it has no
    split of revenue and none of overlay, those of the contract in its first year.
    """
    day = invoice["invoice_date"]
    owner = world.owner(world.survivor(invoice["customer_id"], moment), day, moment)
    shares = splits(world, "invoice", invoice["invoice_id"], "revenue", day, moment)
    overlays = splits(world, "invoice", invoice["invoice_id"], "overlay", day, moment)
    if shares:
        return shares, overlays
    contract = contract_of(world, line, moment)
    if contract is None or not is_first_year(contract, day):
        return {owner: ONE}, overlays
    if not overlays:
        overlays = splits(
            world, "contract", contract["contract_id"], "overlay", contract["signed_at"], moment
        )
    shares = {}
    for rep, share in signing_shares(world, contract, moment).items():
        row = world.one("reps", moment, rep_id=rep)
        has_left = row is not None and row["leave_date"] is not None and row["leave_date"] < day
        credited = owner if has_left else rep
        shares[credited] = shares.get(credited, ZERO) + share
    return shares, overlays


def channel_of(world: World, invoice: Row, line: Row, moment: Moment) -> str:
    """Channel of an invoice line that is no credit.

    That of the linked contract year: the line's own in the first year, renewal later. Without a
    link new for a year from a new customer's first invoice, win-back for a year from the return of
    a passive or lost customer, upsell for a year from the first invoice of a category (first ever,
    or after a year without it), renewal otherwise.
    """
    day = invoice["invoice_date"]
    contract = contract_of(world, line, moment)
    if contract is not None:
        if not is_first_year(contract, day):
            return "renewal"
        decided = line_channels(world).get(line["contract_line_id"])
        if decided:
            return decided[0]
    history = history_of(world, world.survivor(invoice["customer_id"], moment), moment)
    year = timedelta(int(world.setting("new_invoicing_days", day)))
    first = history.first_day()
    is_known = first is not None and first <= day and not history.is_from_before
    if is_known and day < first + year:
        return "new"
    returns = [d for d in history.reactivations(world.as_of) if d <= day]
    if returns and day < returns[-1] + year:
        return "win_back"
    began = history.spell_began(category_of(world, line, moment), day)
    if began is not None and day < began + year:
        return "upsell"
    return "renewal"


def _originals(world: World, invoice: Row, line: Row, moment: Moment) -> list[Row]:
    """Lines that a line of a credit note takes back: the one it names, else those of the same
    product on the invoice that is credited."""
    if invoice["doc_type"] != "credit_note":
        return []
    if line["credited_invoice_line_id"] is not None:
        named = world.one("invoice_lines", moment, invoice_line_id=line["credited_invoice_line_id"])
        return [named] if named else []
    if invoice["credited_invoice_id"] is None:
        return []
    return sorted(
        world.all(
            "invoice_lines",
            moment,
            invoice_id=invoice["credited_invoice_id"],
            product_id=line["product_id"],
        ),
        key=lambda row: row["invoice_line_id"],
    )


def _is_counted(world: World, line: Row, month: BookingMonth) -> bool:
    """Whether the document of a line counts in the month or has counted before."""
    document = posted(world, line["invoice_id"], month.knowledge_at)
    return document is not None and document["invoice_date"] < min(month.end, world.as_of)


@once
def booked_invoices(world: World) -> list[Component]:
    """Everything about invoice lines, booked month by month.

    Parts: ``net``; ``credited`` (net of credit notes) and ``gross`` (net of invoices);
    ``costed_net`` and ``margin`` of lines whose cost is known; ``quantity`` in base units.
    A new version of the document, its lines or its split makes differences. Channel and credit of a
    credit note are those of the line it takes back, as they were last booked.
    """
    channels: dict[str, str] = {}
    credits: dict[str, tuple[Shares, Shares]] = {}

    def learned(month: BookingMonth) -> set[str]:
        return (
            world.learned("invoices", "invoice_id", month)
            | world.learned("invoice_lines", "invoice_id", month)
            | world.learned("credit_splits", "source_id", month)
        )

    def dates(invoice_id: str, month: BookingMonth) -> set[date]:
        invoice = world.one("invoices", month.knowledge_at, invoice_id=invoice_id)
        return {invoice["invoice_date"]} if invoice and invoice["invoice_date"] else set()

    def state(invoice_id: str, month: BookingMonth) -> Iterator[Component]:
        moment = month.knowledge_at
        invoice = posted(world, invoice_id, moment)
        if invoice is None or invoice["invoice_date"] >= min(month.end, world.as_of):
            return
        for line in sorted(
            world.all("invoice_lines", moment, invoice_id=invoice_id),
            key=lambda row: row["invoice_line_id"],
        ):
            amounts = _amounts(world, invoice, line, moment)
            originals = [
                row
                for row in _originals(world, invoice, line, moment)
                if row["invoice_line_id"] in credits and _is_counted(world, row, month)
            ]
            line_id = line["invoice_line_id"]
            area = _area(world, world.survivor(invoice["customer_id"], moment), moment)
            if not originals:
                credits[line_id] = credit(world, invoice, line, moment)
                if line_id not in channels:
                    channels[line_id] = channel_of(world, invoice, line, moment)
                yield from _credited(
                    line, amounts, invoice, area, channels[line_id], credits[line_id]
                )
                continue
            weights = {row["invoice_line_id"]: row["net_amount"] for row in originals}
            largest = primary(weights)
            whole = sum(weights.values())
            parts = {key: ratio(weight, whole) for key, weight in weights.items()} if whole else {}
            parts = {key: share for key, share in parts.items() if share} or {largest: ONE}
            pieces = {
                name: dict.fromkeys(parts) if value is None else split(value, parts, largest)
                for name, value in amounts.items()
            }
            for original in parts:
                yield from _credited(
                    line,
                    {name: piece[original] for name, piece in pieces.items()},
                    invoice,
                    area,
                    channels[original],
                    credits[original],
                )

    def order(invoice_id: str) -> tuple[bool, str]:
        document = world.one("invoices", world.cut_off, invoice_id=invoice_id)
        return document is not None and document["doc_type"] == "credit_note", invoice_id

    return book(world, learned=learned, dates=dates, state=state, order=order)


def _area(world: World, customer_id: str | None, moment: Moment) -> str | None:
    """The area of a customer as known at a moment; of one that was deleted the last one known."""
    known = (
        version.row["area_id"]
        for version in world.versions("customers")
        if version.row["customer_id"] == customer_id and version.is_known(moment)
    )
    return next(known, None)


def _amounts(world: World, invoice: Row, line: Row, moment: Moment) -> dict[str, Decimal | None]:
    """The line's amounts by part, in the company currency at the rate of the invoice date."""
    day = invoice["invoice_date"]
    net = world.convert(line["net_amount"], invoice["currency"], day, moment)
    amounts: dict[str, Decimal | None] = {"net": net}
    if invoice["doc_type"] == "credit_note":
        amounts["credited"] = None if net is None else -net
    else:
        amounts["gross"] = net
    if line["cost_amount"] is not None:
        amounts["costed_net"] = net
        currency = line["cost_currency"] or invoice["currency"]
        amounts["cost"] = world.convert(line["cost_amount"], currency, day, moment)
    product = line["product_id"] and world.one("products", moment, product_id=line["product_id"])
    if product and product["product_category"] is not None:
        units = product["units_per_sales_unit"]
        known = line["qty"] is not None and units is not None
        amounts["quantity"] = times(line["qty"], units) if known else None
    return amounts


def _credited(
    line: Row,
    amounts: dict[str, Decimal | None],
    invoice: Row,
    area: str | None,
    channel: str,
    shares: tuple[Shares, Shares],
) -> Iterator[Component]:
    revenue, overlays = shares
    whose = {
        "channel": channel,
        "record_id": line["invoice_line_id"],
        "customer_id": invoice["customer_id"],
        "area_id": area,
        "detail": (line["contract_line_id"], line["service_from"] or invoice["invoice_date"]),
    }
    day = invoice["invoice_date"]
    credited: dict[str, dict[tuple[str, str], Decimal | None]] = {}
    for part, amount in amounts.items():
        if amount is None:
            divided = dict.fromkeys(revenue)
            beside = dict.fromkeys(overlays)
        else:
            divided = split(amount, revenue, primary(revenue))
            beside = {rep: times(amount, share) for rep, share in overlays.items()}
        credited[part] = {("revenue", rep): value for rep, value in divided.items()}
        credited[part] |= {("overlay", rep): value for rep, value in beside.items()}
    if "cost" in credited:
        costs = credited.pop("cost")
        credited["margin"] = {
            whom: None if net is None or costs[whom] is None else net - costs[whom]
            for whom, net in credited["costed_net"].items()
        }
    for part, values in credited.items():
        for (credit_type, rep), value in values.items():
            yield Component(part, rep, day, value, credit_type=credit_type, **whose)
