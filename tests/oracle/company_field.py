"""The field side of a random company: meetings, opportunities, stores, audits, deliveries, answers.

Everything is drawn so that rules meet their borders: days lie on and beside S, the ends of windows,
months, closings, cycles and campaigns; times lie on both sides of local midnight; records are noted
at once, late, after their month has closed, or on the morning of S; people stay away, customers
are merged, stores close, deals are opened again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

Put = Callable[..., None]

STAGES = (("lead", 1, False), ("qualified", 2, True), ("proposal", 3, True), ("closing", 4, True))
STEPS = ("initiator", "influencer", "decider", "buyer", "user")
WINDOWS = (-365, -181, -180, -179, -91, -90, -89, -60, -30, -15, -14, -13, -2, -1, 0, 1, 13, 14, 15)
KINDS = ("sales_meeting",) * 4 + ("visit",) * 4 + ("call",) * 3 + ("internal", "task")
HOURS = (time(0, 15), time(7, 30), time(9), time(12), time(21, 45), time(22, 30), time(23, 15))


@dataclass
class Field:
    """What a field side is drawn from.

    ``put(entity, recorded_at, **columns)`` notes a version of a record; ``needs_rate(currency,
    day)`` says that a rate is looked for. ``customers`` has merged and internal ones too;
    ``settled`` are those that are a store already.
    """

    rng: Random
    as_of: date
    put: Put
    reps: Sequence[str]
    customers: Sequence[str]
    products: Sequence[str]
    categories: Sequence[str]
    settled: Sequence[str] = ()
    needs_rate: Callable[[str, date], None] = lambda currency, day: None
    counters: dict[str, int] = field(default_factory=dict)
    deals: dict[str, str] = field(default_factory=dict)
    stores: dict[str, str] = field(default_factory=dict)
    contacts: dict[str, list[str]] = field(default_factory=dict)
    kams: dict[str, str] = field(default_factory=dict)

    def id(self, prefix: str) -> str:
        """The next id of a kind; ids of two digits sort as text in another order than they came."""
        self.counters[prefix] = self.counters.get(prefix, 0) + 1
        return f"F{prefix}{self.counters[prefix]}"

    def maybe(self, share: float, value: Any, other: Any = None) -> Any:
        """``value`` with a probability, else ``other``."""
        return value if self.rng.random() < share else other

    def day(self, *others: date) -> date:
        """A day on or beside a border, in the two years before S and a little after it."""
        rng, kind = self.rng, self.rng.random()
        if others and kind < 0.5:
            return rng.choice(others) + timedelta(rng.choice((-2, -1, 0, 0, 1, 2)))
        if kind < 0.8:
            return self.as_of + timedelta(rng.choice(WINDOWS))
        if kind < 0.9:
            first = (self.as_of.replace(day=1) - timedelta(rng.choice((0, 1, 32)))).replace(day=1)
            return first + timedelta(rng.choice((-1, 0, 1, 6, 7, 8)))
        return self.as_of - timedelta(rng.randrange(0, 500))

    def past(self, *others: date) -> date:
        """A day that is rarely after S."""
        day = self.day(*others)
        return day if day < self.as_of else day - timedelta(self.rng.choice((14, 30, 90)))

    def moment(self, day: date) -> datetime:
        """A UTC time of a day, often close to local midnight."""
        return datetime.combine(day, self.rng.choice(HOURS))

    def noted(self, day: date) -> datetime:
        """When something of a day was recorded: at once, late, or after its month has closed."""
        kind = self.rng.random()
        late = 0 if kind < 0.7 else self.rng.choice((1, 3, 8)) if kind < 0.85 else 41
        at = datetime.combine(day + timedelta(late), time(self.rng.randrange(24), 30))
        return min(at, datetime.combine(self.as_of, time(1, 30)))

    def interval(self, *others: date) -> dict[str, date | None]:
        """A validity that often ends, or begins, on a border."""
        start = self.past(*others)
        end = self.day(*others)
        return {
            "valid_from": start,
            "valid_to": self.maybe(0.5, end if end > start else None),
        }

    def pick(self, values: Sequence[Any]) -> Any:
        """One of some values, the first ones more often."""
        return values[min(self.rng.randrange(len(values)), self.rng.randrange(len(values)))]

    def amount(self) -> Decimal:
        """An amount of money; some are odd, so that rounding shows."""
        whole = Decimal(self.rng.choice((0, 1, 999, 10_000, 33_333, 250_000)))
        return (whole / self.rng.choice((1, 1, 7, 10_000))).quantize(Decimal("0.0001"))

    def currency(self, *days: date) -> str:
        """The company's own currency, or another one that has rates around some days."""
        currency = self.rng.choice(("SEK", "SEK", "EUR"))
        for day in days:
            self.needs_rate(currency, day)
        return currency


def add_field(company: Field) -> None:
    """Draw the whole field side."""
    for part in (
        _cycles,
        _managers,
        _key_accounts,
        _contacts,
        _deals,
        _stores,
        _activities,
        _audits,
        _orders,
        _deliveries,
        _answers,
        _wins,
    ):
        part(company)


def _cycles(company: Field) -> None:
    end = company.day()
    for n in range(company.rng.choice((1, 2, 3))):
        length = company.rng.choice((28, 30, 56))
        company.put(
            "sales_periods",
            datetime.combine(end - timedelta(length + 40), time(9)),
            sales_period_id=f"FSP{n}",
            start_date=end - timedelta(length),
            end_date_excl=end,
            team_id=company.maybe(0.1, "T1"),
        )
        end -= timedelta(length)


def _managers(company: Field) -> None:
    boss, *others = company.reps
    for rep in company.reps:
        if company.rng.random() < 0.8:
            turn = company.past()
            company.put(
                "rep_managers",
                datetime.combine(turn - timedelta(400), time(8)),
                rep_id=rep,
                valid_from=turn - timedelta(400),
                valid_to=company.maybe(0.5, turn),
                manager_rep_id=company.maybe(0.9, boss, rep),
            )
            if company.rng.random() < 0.5:
                company.put(
                    "rep_managers",
                    company.noted(turn),
                    rep_id=rep,
                    valid_from=turn,
                    valid_to=company.maybe(0.2, company.day(turn)),
                    manager_rep_id=company.rng.choice(others or [boss]),
                )


def _key_accounts(company: Field) -> None:
    rng = company.rng
    for customer in company.customers:
        if rng.random() < 0.3:
            continue
        rep, turn = rng.choice(company.reps), company.past()
        is_handed_over = rng.random() < 0.4
        since = company.as_of - timedelta(700)
        for kam, valid_from, valid_to in (
            (rep, since, turn if is_handed_over else None),
            (rng.choice(company.reps), turn, company.maybe(0.2, company.day(turn))),
        ):
            if valid_from == since or is_handed_over:
                company.kams[customer] = kam
                company.put(
                    "customer_assignments",
                    company.noted(valid_from),
                    customer_id=customer,
                    rep_id=kam,
                    role="kam",
                    valid_from=valid_from,
                    valid_to=valid_to,
                )


def _contacts(company: Field) -> None:
    rng = company.rng
    for customer in company.customers:
        for _ in range(rng.choice((0, 1, 2, 3))):
            contact = company.id("K")
            company.contacts.setdefault(customer, []).append(contact)
            start = company.as_of - timedelta(700)
            turn = company.past()
            moves = rng.random() < 0.25
            for valid_from, valid_to, where in (
                (start, turn if moves else None, customer),
                (
                    turn,
                    company.maybe(0.2, company.day()),
                    rng.choice(company.customers),
                ),
            ):
                if valid_from == start or moves:
                    company.put(
                        "contacts",
                        company.noted(valid_from),
                        contact_id=contact,
                        valid_from=valid_from,
                        valid_to=valid_to,
                        customer_id=where,
                        name=contact,
                        buying_role=rng.choice(("decision_maker", "user", None)),
                        is_decision_maker=rng.choice((True, False, None)),
                        is_mobilizer=rng.choice((True, False, False, None)),
                        is_deselected=rng.choice((True, False, False, None)),
                    )


def _deals(company: Field) -> None:
    rng = company.rng
    for stage, rank, is_qualified in STAGES:
        company.put(
            "opportunity_stages",
            datetime.combine(company.as_of - timedelta(900), time(8)),
            stage=stage,
            rank=rank,
            is_qualified=is_qualified,
        )
    for customer in company.customers:
        if rng.random() < 0.4:
            company.put(
                "target_lists",
                company.noted(company.past()),
                target_list_id="TL1",
                customer_id=customer,
                **company.interval(),
            )
    for _ in range(rng.randrange(8, 20)):
        _deal(company)
    if len(company.deals) > 1 and rng.random() < 0.5:
        double, kept = rng.sample(sorted(company.deals), 2)
        company.put(
            "opportunities",
            company.noted(company.past()),
            opportunity_id=double,
            customer_id=company.deals[double],
            owner_rep_id=rng.choice(company.reps),
            created_at=company.moment(company.past()),
            stage="qualified",
            is_qualified=True,
            outcome=rng.choice(("open", "lost", "disqualified")),
            closed_at=company.moment(company.past()),
            merged_into_id=kept,
        )


def _deal(company: Field) -> None:
    rng = company.rng
    deal, customer = company.id("O"), company.pick(company.customers)
    company.deals[deal] = customer
    opened = company.past()
    owner = rng.choice((*company.reps, None))
    created_at = company.maybe(0.95, company.moment(opened))
    closings = [max(company.past(), opened) for _ in range(rng.choice((0, 1, 1, 1, 2)))]
    common = {
        "opportunity_id": deal,
        "customer_id": customer,
        "created_at": created_at,
        "currency": company.currency(company.as_of - timedelta(1), *closings),
    }
    rank, at = rng.randrange(3), datetime.combine(opened, time(8))
    for _ in range(rng.choice((1, 1, 2, 3))):
        stage = STAGES[rank][0]
        expected = company.day()
        state = {
            "stage": company.maybe(0.95, stage, "unheard_of"),
            "amount": company.maybe(0.95, company.amount()),
            "probability": company.maybe(0.95, Decimal(rng.choice((0, 25, 50, 100))) / 100),
            "expected_close_date": company.maybe(0.95, expected),
            "expected_decision_date": company.maybe(
                0.9, expected + timedelta(rng.choice((0, 90, 179, 180, 181)))
            ),
            "owner_rep_id": owner,
        }
        company.put(
            "opportunity_stage_history",
            company.noted(at.date()),
            opportunity_id=deal,
            entered_at=at,
            **state,
        )
        company.put(
            "opportunities",
            company.noted(at.date()),
            outcome="open",
            is_qualified=rng.choice((True, False, STAGES[rank][2], None)),
            closed_at=None,
            **common,
            **state,
        )
        rank = min(3, max(0, rank + rng.choice((-1, 0, 1, 1, 2))))
        at = company.moment(max(at.date(), company.past(at.date() + timedelta(14))))
        owner = company.maybe(0.8, owner, rng.choice(company.reps))
    for closed in sorted(closings):
        closed_at = company.moment(closed)
        company.put(
            "opportunities",
            company.noted(closed_at.date()),
            outcome=rng.choice(("won", "won", "lost", "lost", "disqualified", "open")),
            is_qualified=True,
            closed_at=company.maybe(0.95, closed_at),
            **common,
            **{**state, "owner_rep_id": owner},
        )
    for step in STEPS:
        if rng.random() < 0.92:
            people = company.contacts.get(customer) or [None]
            company.put(
                "decision_ladder",
                company.noted(opened),
                opportunity_id=deal,
                step_role=step,
                contact_id=company.maybe(0.9, rng.choice(people)),
                mapped_at=created_at,
            )


def _stores(company: Field) -> None:
    rng = company.rng
    candidates = [c for c in company.customers if c not in company.settled]
    rng.shuffle(candidates)
    chains = (company.customers[0], company.customers[-1], None)
    for customer in candidates[: rng.choice((2, 3, 4))]:
        store = company.id("S")
        company.stores[store] = customer
        opened = company.as_of - timedelta(rng.choice((900, 600, 20, 0)))
        row = {
            "store_id": store,
            "customer_id": customer,
            "chain": rng.choice(chains),
            "format": rng.choice(("supermarket", "discount")),
            "visit_frequency_per_cycle": rng.choice((None, 1, 2, 4)),
            "opened": company.maybe(0.9, opened),
        }
        first = datetime.combine(company.as_of - timedelta(800), time(8))
        company.put("stores", first, priority_class=rng.choice(("A", "A", "B")), closed=None, **row)
        if rng.random() < 0.5:
            at = company.noted(company.past())
            closed = company.maybe(0.5, company.day())
            company.put(
                "stores",
                max(at, first + timedelta(1)),
                priority_class=rng.choice(("A", "B", None)),
                closed=closed,
                **row,
            )
        for category in company.categories:
            for n in range(rng.choice((0, 1, 1, 2))):
                company.put(
                    "store_category_turnover",
                    first + timedelta(n),
                    store_id=store,
                    product_category=category,
                    valid_from=company.past() if n else company.as_of - timedelta(700),
                    turnover=company.maybe(0.9, Decimal(rng.choice((5, 20, 25, 50)))),
                    currency=company.currency(company.as_of - timedelta(1)),
                )
    _assortment(company, chains)


def _assortment(company: Field, chains: Sequence[str | None]) -> None:
    rng = company.rng
    stores = sorted(company.stores)
    scopes = [("format", "supermarket"), ("class", "A"), *(("store", s) for s in stores)]
    scopes += [("chain", chain) for chain in chains if chain]
    early = datetime.combine(company.as_of - timedelta(750), time(8))
    for scope, scope_id in scopes:
        for product in company.products:
            if rng.random() < 0.4:
                company.put(
                    "assortment_targets",
                    early,
                    scope=scope,
                    scope_id=scope_id,
                    product_id=product,
                    **company.interval(company.as_of),
                )
            if scope not in ("chain", "store") or rng.random() < 0.3:
                continue
            for price_type in ("list", "campaign"):
                if price_type == "list" or rng.random() < 0.4:
                    company.put(
                        "retailer_prices",
                        early,
                        scope=scope,
                        scope_id=scope_id,
                        product_id=product,
                        price_type=price_type,
                        price=Decimal(rng.choice((50, 100))),
                        currency=rng.choice(("SEK", "SEK", "EUR")),
                        tolerance=rng.choice((None, Decimal("0.05"), Decimal("0.02"), Decimal(0))),
                        **company.interval(),
                    )
    for category in company.categories:
        for form in ("supermarket", "discount"):
            company.put(
                "planograms",
                early,
                planogram_id=f"PG-{form}-{category}",
                format=form,
                product_category=category,
                **company.interval(),
            )
            for n, kind in enumerate(("pos", "second_placement", "planogram", "other")):
                for version in range(rng.choice((0, 1, 1, 2))):
                    start = company.as_of - timedelta(500)
                    company.put(
                        "store_standards",
                        early,
                        standard_id=f"ST-{form}-{category}-{n}",
                        valid_from=start if version == 0 else company.past(),
                        valid_to=company.maybe(0.3, company.day()),
                        format=form,
                        point_type=kind,
                        ref_id=f"R{rng.choice((1, 2))}",
                        weight=company.maybe(0.95, Decimal(rng.choice((1, 20, 33))) / 100),
                        possible=company.maybe(0.95, Decimal(rng.choice((1, 5, 10)))),
                    )
    for n in range(rng.choice((1, 2, 3))):
        start = company.past()
        end = start + timedelta(rng.choice((1, 14, 28)))
        campaign = f"CF{n}"
        company.put(
            "campaigns",
            datetime.combine(start - timedelta(30), time(8)),
            campaign_id=campaign,
            start_date=start,
            end_date_excl=end,
        )
        for store in stores:
            if rng.random() < 0.7:
                company.put(
                    "campaign_stores",
                    company.noted(start - timedelta(10)),
                    campaign_id=campaign,
                    store_id=store,
                )
            for kind in ("pos", "pos", "second_placement"):
                if rng.random() < 0.5:
                    company.put(
                        "store_agreements",
                        company.noted(start - timedelta(5)),
                        agreement_id=company.id("G"),
                        store_id=store,
                        agreement_type=kind,
                        ref_id=f"R{rng.choice((1, 2))}",
                        campaign_id=company.maybe(0.5, campaign),
                        quantity=Decimal(rng.choice((1, 2))),
                        **company.interval(start, end, company.as_of),
                    )


def _activities(company: Field) -> None:
    rng = company.rng
    favourites = {rep: rng.choice(company.customers) for rep in company.reps}
    for _ in range(rng.randrange(30, 60)):
        rep = company.pick(company.reps)
        customer = company.maybe(0.5, favourites[rep], rng.choice(company.customers))
        if customer in company.kams:
            rep = company.maybe(0.4, company.kams[customer], rep)
        _activity(company, rep, customer, rng.choice(KINDS), company.day())
    for n in (-1, 0, 0, 1, 5, 12, 13, 13, 14, 15):
        if rng.random() < 0.5:
            day = company.as_of + timedelta(n)
            rep, customer = rng.choice(company.reps), rng.choice(company.customers)
            _activity(company, rep, customer, KINDS[0], day)
    # A customer that is visited all the time, on both sides of the window of its last visit.
    last = company.past()
    rep, customer = rng.choice(company.reps), rng.choice(company.customers)
    for n in (0, 0, 0, 1, 20, 60, 179, 180, 181):
        if rng.random() < 0.8:
            _activity(company, rep, customer, rng.choice(KINDS[:8]), last - timedelta(n))


def _activity(company: Field, rep: str, customer: str, kind: str, day: date) -> None:
    rng = company.rng
    activity = company.id("A")
    start = company.moment(day)
    store = rng.choice([*company.stores, None]) if kind == "visit" and company.stores else None
    row: dict[str, Any] = {
        "activity_id": activity,
        "type": kind,
        "customer_id": None if store and rng.random() < 0.7 else company.maybe(0.95, customer),
        "store_id": store,
        "opportunity_id": company.maybe(0.4, rng.choice([*company.deals, "O_unknown"])),
        "owner_rep_id": company.maybe(0.97, rep),
        "start_at": company.maybe(0.98, start),
        "purpose": rng.choice(("selling", "selling", "merchandising", "audit", None)),
        "direction": rng.choice(("outbound", "outbound", "inbound", None)),
        "contact_id": rng.choice([*company.contacts.get(customer, ()), None]),
        "next_step_agreed": rng.choice((True, False, False, None)),
        "prep_goal": company.maybe(0.9, "goal"),
        "prep_tactic": company.maybe(0.9, "tactic"),
        "prep_insight": company.maybe(0.9, "insight"),
        "prep_fallback": company.maybe(0.5, "fallback"),
        "prep_completed_at": company.maybe(
            0.8, start + timedelta(seconds=rng.choice((-86400, -1, 0, 1)))
        ),
    }
    booked = start - timedelta(days=rng.choice((0, 1, 16, 20, 30)), hours=1)
    booked = min(booked, datetime.combine(company.as_of, time(1)))
    if rng.random() < 0.7:
        company.put("activities", booked, status="planned", **row)
    is_over = day < company.as_of
    if is_over or rng.random() < 0.1:
        ended = rng.choice(("held",) * 8 + ("cancelled", "no_show"))
        at = max(company.noted(day), booked + timedelta(minutes=5))
        finished = {"completed_at": company.maybe(0.9, start) if kind == "call" else None}
        company.put("activities", at, status=ended, **{**row, **finished})
        if rng.random() < 0.15:
            change = rng.choice(
                (
                    {"status": "cancelled"},
                    {"customer_id": rng.choice(company.customers), "store_id": None},
                    {"start_at": company.moment(company.past(day))},
                    {"is_deleted": True},
                    {"next_step_agreed": True},
                )
            )
            later = max(company.noted(company.past(day + timedelta(40))), at + timedelta(minutes=5))
            company.put("activities", later, **{"status": ended, **row, **finished, **change})
        if kind == "call" and rng.random() < 0.4:
            double = {**row, **finished, "activity_id": company.id("A")}
            if finished["completed_at"]:
                shift = timedelta(seconds=rng.choice((0, 29, 31, 60)))
                double["completed_at"] = finished["completed_at"] + shift
            company.put("activities", at + timedelta(minutes=1), status="held", **double)
    _participants(company, activity, rep, customer, max(booked, datetime(2000, 1, 1)))


def _participants(company: Field, activity: str, rep: str, customer: str, booked: datetime) -> None:
    rng = company.rng
    if rng.random() < 0.15:
        return
    people = {rep, *rng.sample(list(company.reps), rng.choice((0, 0, 1, 1, 2)))}
    guests = rng.sample(sorted(company.contacts.get(customer, ())), 0)
    guests += [k for k in sorted(company.contacts.get(customer, ())) if rng.random() < 0.6]
    everyone = [("rep", p) for p in sorted(people)] + [("contact", k) for k in guests]
    for kind, who in everyone:
        row = {"activity_id": activity, "participant_type": kind, "participant_id": who}
        company.put("activity_participants", booked, attended=company.maybe(0.5, True), **row)
        if rng.random() < 0.25:
            later = company.noted(company.past(booked.date()))
            company.put(
                "activity_participants",
                max(later, booked + timedelta(minutes=7)),
                attended=rng.choice((False, False, True)),
                is_deleted=rng.random() < 0.2,
                **row,
            )


def _audits(company: Field) -> None:
    rng = company.rng
    for store in company.stores:
        for _ in range(rng.choice((0, 1, 2, 3, 4))):
            audit, day = company.id("U"), company.past()
            at = company.noted(day)
            row = {"audit_id": audit, "store_id": store, "rep_id": rng.choice(company.reps)}
            company.put(
                "store_audits", at, audited_at=company.maybe(0.97, company.moment(day)), **row
            )
            if rng.random() < 0.1:
                gone = max(company.noted(company.past()), at + timedelta(minutes=3))
                moved = company.moment(company.past(day))
                is_gone = rng.random() < 0.5
                company.put("store_audits", gone, audited_at=moved, is_deleted=is_gone, **row)
            _audit_rows(company, audit, at)


def _audit_rows(company: Field, audit: str, at: datetime) -> None:
    rng = company.rng
    for product in company.products:
        if rng.random() < 0.7:
            line = {
                "audit_id": audit,
                "product_id": product,
                "is_listed": rng.choice((True, True, True, False, None)),
                "currency": rng.choice(("SEK", "SEK", "SEK", "EUR")),
            }
            prices = (None, "50", "51", "51.0001", "49", "100", "102", "102.5", "105", "97.99")
            for n in range(rng.choice((1, 1, 1, 2))):
                price = rng.choice(prices)
                company.put(
                    "store_audit_lines",
                    at + timedelta(days=n * rng.choice((1, 40))),
                    is_on_shelf=rng.choice((True, True, False, None)),
                    shelf_price=price and Decimal(price),
                    is_promo=rng.choice((True, False)),
                    **line,
                )
    for category in company.categories:
        if rng.random() < 0.6:
            company.put(
                "store_audit_facings",
                at,
                audit_id=audit,
                product_category=category,
                own_facings=company.maybe(0.95, rng.randrange(6)),
                competitor_facings=company.maybe(0.95, rng.randrange(4)),
                empty_facings=company.maybe(0.8, rng.randrange(3)),
            )
    for kind in ("pos", "second_placement", "planogram", "other"):
        for ref in ("R1", "R2"):
            if rng.random() < 0.6:
                form = rng.choice(("supermarket", "discount"))
                category = rng.choice(company.categories)
                possible = rng.choice((1, 5, 10))
                company.put(
                    "store_audit_points",
                    at,
                    audit_id=audit,
                    point_type=kind,
                    ref_id=ref,
                    achieved=company.maybe(0.95, Decimal(rng.randrange(possible + 1))),
                    possible=company.maybe(0.95, Decimal(possible)),
                    is_present=rng.choice((True, True, False, None)),
                    location=rng.choice(("aisle", "endcap")),
                    product_category=company.maybe(0.9, category),
                    brand="own",
                    is_own=rng.choice((True, True, False, None)),
                    planogram_id=company.maybe(
                        0.9, f"PG-{form}-{category}", rng.choice((None, "PG-unknown"))
                    ),
                )


def _orders(company: Field) -> None:
    rng = company.rng
    for _ in range(rng.randrange(4, 12)):
        store = rng.choice([*company.stores, None])
        day = company.past()
        at = company.noted(day)
        order = company.id("V")
        row = {
            "order_id": order,
            "customer_id": company.stores[store] if store else rng.choice(company.customers),
            "store_id": store,
            "rep_id": company.maybe(0.95, rng.choice(company.reps)),
            "activity_id": company.maybe(0.5, f"FA{rng.randrange(1, 50)}"),
            "order_date": day,
            "currency": "SEK",
        }
        company.put("orders", at, status="open", **row)
        if rng.random() < 0.3:
            later = max(company.noted(company.past(day)), at + timedelta(minutes=9))
            company.put("orders", later, status=rng.choice(("cancelled", "delivered")), **row)
        for _ in range(rng.choice((0, 1, 2))):
            company.put(
                "order_lines",
                at,
                order_line_id=company.id("VL"),
                order_id=order,
                product_id=rng.choice(company.products),
                qty=Decimal(1),
                net_amount=Decimal(100),
                is_cancelled=rng.random() < 0.3,
            )


def _deliveries(company: Field) -> None:
    rng = company.rng
    for _ in range(rng.randrange(4, 15)):
        promised = company.day()
        ordered = promised - timedelta(10)
        row = {
            "delivery_id": company.id("D"),
            "customer_id": rng.choice(company.customers),
            "promised_date": company.maybe(0.97, promised),
            "qty_ordered": company.maybe(0.95, Decimal(10)),
        }
        at = company.noted(ordered)
        nothing = {"delivered_date": None, "qty_delivered": None}
        company.put("deliveries", at, status="planned", **nothing, **row)
        if rng.random() < 0.85:
            came = promised + timedelta(rng.choice((-1, 0, 0, 0, 1, 30)))
            company.put(
                "deliveries",
                max(company.noted(came), at + timedelta(minutes=9)),
                status=rng.choice(("delivered", "delivered", "late", "cancelled")),
                delivered_date=company.maybe(0.95, came),
                qty_delivered=company.maybe(0.95, Decimal(rng.choice((10, 10, 9, 11)))),
                **row,
            )


def _answers(company: Field) -> None:
    rng = company.rng
    for _ in range(rng.randrange(5, 25)):
        customer = company.pick(company.customers)
        day = company.past()
        at = company.noted(day)
        row = {
            "response_id": company.id("N"),
            "customer_id": customer,
            "contact_id": rng.choice([*company.contacts.get(customer, ()), None]),
            "answered_at": company.maybe(0.97, company.moment(day)),
            "survey_type": rng.choice(("nps", "nps", "nps", "csat", None)),
        }
        scores = (None, 0, 6, 7, 8, 9, 10)
        company.put("survey_responses", at, score=rng.choice(scores), **row)
        if rng.random() < 0.1:
            later = max(company.noted(company.past(day)), at + timedelta(minutes=2))
            company.put("survey_responses", later, score=rng.choice(scores), **row)


def _wins(company: Field) -> None:
    """A rep who wins about as often as a pace needs, on both sides of the window it is taken in."""
    # Drawn from a copy: what is drawn of the company afterwards does not depend on it.
    rng = Random()
    rng.setstate(company.rng.getstate())
    company = replace(company, rng=rng)
    if rng.random() < 0.6:
        return
    owner = rng.choice(company.reps)
    for n in range(rng.choice((4, 5, 6, 8))):
        days = rng.choice((1, 2, 14, 90, 179, 180, 181))
        closed = company.as_of - timedelta(days)
        company.put(
            "opportunities",
            datetime.combine(closed, time(22, 30)),
            opportunity_id=company.id("W"),
            customer_id=rng.choice(company.customers),
            owner_rep_id=owner,
            created_at=company.moment(closed - timedelta(rng.choice((0, 0, 1, 30, 400)))),
            closed_at=company.moment(closed),
            outcome="won" if n else rng.choice(("won", "lost")),
            stage="closing",
            is_qualified=True,
            amount=Decimal(rng.choice((10_000, 33_333))),
            currency="SEK",
        )
