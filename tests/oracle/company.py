"""Random small companies that go looking for trouble.

A company is a handful of reps, customers, contracts, documents, meetings, opportunities and stores
of all entities that any budget type reads, with what goes wrong between them: late, corrected,
deleted and revived records across the closings of months, merges, changes of owner and team,
renewals, terminations and withdrawn notices, credit notes, shares that do not add up, dates on the
borders of windows. The same seed gives the same company.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from orchestration.schema import load_entities
from tests.oracle.company_field import Field, add_field
from tests.oracle.world import World, add_months

Choice = TypeVar("Choice")

CATEGORIES = ("beer", "cider", "water")
FOREIGN = ("EUR", "NOK")
CLOSED_LONG_AGO = 900


@dataclass
class Company:
    """Delivered rows by entity, as of S. ``delivered`` are the entities that have an extract."""

    seed: int
    as_of: date
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    delivered: frozenset[str] = frozenset()

    def world(self) -> World:
        """What the oracle looks at."""
        return World(self.tables, self.as_of, self.delivered)

    @property
    def size(self) -> int:
        """Rows in all tables."""
        return sum(map(len, self.tables.values()))


def random_company(seed: int) -> Company:
    """The company of a seed: the first few hundred are what CI looks at."""
    return _Generator(seed).company()


class _Generator:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        days = (date(2026, 3, 2), date(2026, 3, 7), date(2026, 1, 1), date(2026, 4, 8))
        as_of = (
            self.pick(days) if self.chance(0.4) else date(2026, 1, 8) + timedelta(self.upto(150))
        )
        self.result = Company(seed, as_of)
        self.as_of = as_of
        self.world = World({}, as_of)
        self.closings = [month.closes_at for month in self.world.booking_months[-30:]]
        self.used_rates: set[tuple[str, date]] = set()
        self.lacks_rates = self.chance(0.1)

    # Chances

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, choices: Sequence[Choice]) -> Choice:
        return self.random.choice(choices)

    def upto(self, most: int) -> int:
        """A whole number from 0 to ``most``."""
        return self.random.randint(0, most)

    def some(self, choices: Sequence[Choice], most: int) -> list[Choice]:
        """At least one and at most ``most`` of the choices."""
        return self.random.sample(choices, min(len(choices), 1 + self.upto(most - 1)))

    def day(self, before: int = 500, after: int = 0) -> date:
        """A day up to ``before`` days before S or ``after`` days after it, often on a border."""
        day = self.as_of + timedelta(self.random.randint(-before, after))
        if self.chance(0.25):
            day = self.pick((day.replace(day=1), day.replace(day=1) - timedelta(1)))
        if self.chance(0.1):
            day = self.as_of + timedelta(self.pick((-365, -364, -366, -90, -91, -89, -14, -1, 0)))
        if self.chance(0.1) and after:
            day = self.as_of + timedelta(self.pick((0, 1, 13, 14, 15)))
        return day

    def time(self, day: date) -> datetime:
        """A UTC time on or beside a day: before midnight it may already be the next day."""
        clock = self.pick(((9, 0), (13, 15), (21, 59), (22, 0), (22, 30), (23, 0), (23, 30)))
        return datetime(day.year, day.month, day.day, *clock)

    def money(self, most: int = 100_000) -> Decimal:
        """A positive amount, often one that does not divide evenly."""
        cents = self.pick((0, 0, 33, 99, 1))
        return Decimal(1 + self.upto(most)) + Decimal(cents) / 100

    def learned(self, day: date) -> datetime:
        """When something that happened on a day was recorded: mostly at once, sometimes late."""
        moment = datetime(day.year, day.month, day.day, 15) + timedelta(hours=self.upto(30))
        if self.chance(0.2):
            moment += timedelta(self.upto(70))
        if self.chance(0.08):
            later = [closing for closing in self.closings if closing > moment]
            if later:
                moment = self.pick(later[:3]) + timedelta(seconds=self.pick((-1, 0, 1)))
        if self.chance(0.02):
            moment = self.world.cut_off + timedelta(seconds=self.pick((-1, 0, 1)))
        return moment

    # Records

    def record(
        self,
        entity: str,
        since: date,
        *versions: dict[str, Any],
        unrest: float = 0.0,
        at: datetime | None = None,
        **values: Any,
    ) -> datetime:
        """Deliver a record with its versions; ``unrest`` is the chance that it is deleted, and
        perhaps comes back. Each of ``versions`` changes some values of the one before. It is first
        recorded ``at`` a moment, or some time after ``since``; returns when that was."""
        table = self.result.tables.setdefault(entity, [])
        created = moment = at or self.learned(since)

        def deliver(row: dict[str, Any], recorded_at: datetime, is_deleted: bool = False) -> None:
            table.append(
                {
                    **row,
                    "recorded_at": recorded_at,
                    "created_recorded_at": created,
                    "extracted_at": recorded_at + timedelta(hours=6),
                    "is_deleted": is_deleted,
                }
            )

        row = dict(values)
        deliver(row, moment)
        if self.lacks_rates:
            return created
        for changes in versions:
            row = {**row, **changes}
            moment = self._later(moment)
            deliver(row, moment)
        if self.chance(unrest):
            moment = self._later(moment)
            deliver(row, moment, is_deleted=True)
            if self.chance(0.4):
                moment = self._later(moment)
                deliver(row, moment)
        return created

    def _later(self, moment: datetime) -> datetime:
        if self.chance(0.3):
            closings = [closing for closing in self.closings if closing > moment + timedelta(1)]
            if closings:
                return self.pick(closings[:4]) + timedelta(seconds=self.pick((-1, 0, 1)))
        return moment + timedelta(self.upto(60), 60 + self.upto(80_000))

    def currency(self, day: date) -> str:
        """Mostly the company's own; for another one there is a rate of about the day."""
        if self.chance(0.75):
            return "SEK"
        currency = self.pick(FOREIGN)
        self.used_rates.add((currency, day))
        return currency

    # The company

    def company(self) -> Company:
        self.organisation()
        self.products()
        self.customers()
        self.stores()
        self.contracts()
        self.invoices()
        self.campaigns_and_orders()
        self.opportunities()
        self.contacts()
        self.activities()
        self.retail()
        self.deliveries_and_surveys()
        if self.chance(0.5):
            self.field_side()
        self.rates()
        self.result.delivered = frozenset(load_entities())
        if self.chance(0.05):
            lost = self.pick(sorted(self.result.tables))
            self.result.tables.pop(lost)
            self.result.delivered -= {lost}
        return self.result

    def organisation(self) -> None:
        long_ago = self.as_of - timedelta(CLOSED_LONG_AGO)
        self.teams = [f"T{n}" for n in range(1, 2 + self.upto(2))]
        self.regions = [f"G{n}" for n in range(1, 2 + self.upto(1))]
        for region in self.regions:
            self.record("regions", long_ago, region_id=region, name=region)
        for team in self.teams:
            region = self.pick([*self.regions, None])
            self.record("teams", long_ago, team_id=team, region_id=region, name=team)
            if self.chance(0.5):
                first = self.day(700)
                starts = sorted({first, first + timedelta(self.upto(300))})
                for start in starts:
                    self.record(
                        "team_regions",
                        start,
                        team_id=team,
                        valid_from=start,
                        region_id=self.pick(self.regions),
                    )
        self.reps = [f"R{n}" for n in range(1, 3 + self.upto(4))]
        for rep in self.reps:
            hired = self.day(900)
            self.record(
                "reps",
                long_ago,
                rep_id=rep,
                name=rep,
                role=self.pick(("rep", "kam", "region_manager", "sales_manager")),
                manager_rep_id=self.pick([*self.reps, None]),
                hire_date=hired,
                leave_date=self.day(200) if self.chance(0.25) else None,
                fte=Decimal(1),
            )
            self.memberships(rep, long_ago)
            self.costs(rep)
        for _ in range(2 + self.upto(4)):
            day = self.as_of - timedelta(self.upto(400))
            self.result.tables.setdefault("calendar", [])
            if not any(row["date"] == day for row in self.result.tables["calendar"]):
                self.record(
                    "calendar",
                    long_ago,
                    calendar_id="SE",
                    date=day,
                    is_workday=self.chance(0.3),
                )
        start = add_months(self.as_of.replace(day=1), -6)
        for number in range(4):
            end = add_months(start, self.pick((1, 2))) + timedelta(self.pick((0, 0, 3)))
            self.record(
                "sales_periods",
                start,
                sales_period_id=f"SP{number}",
                name=f"Period {number}",
                start_date=start,
                end_date_excl=end,
                team_id=self.pick(self.teams) if self.chance(0.2) else None,
                unrest=0.1,
            )
            start = end

    def memberships(self, rep: str, long_ago: date) -> None:
        if self.chance(0.1):
            return
        start = long_ago if self.chance(0.7) else self.day(300)
        ended = None
        if self.chance(0.4):
            ended = start + timedelta(400 + self.upto(480))
        self.record(
            "rep_team_assignments",
            start,
            rep_id=rep,
            valid_from=start,
            valid_to=ended,
            team_id=self.pick(self.teams),
            unrest=0.03,
        )
        if ended:
            again = ended + timedelta(self.pick((0, 0, 20)))
            self.record(
                "rep_team_assignments",
                again,
                rep_id=rep,
                valid_from=again,
                valid_to=None,
                team_id=self.pick(self.teams),
            )
        if self.chance(0.6):
            change = self.day(300)
            for start, end in ((long_ago, change), (change, None)):
                if self.chance(0.9):
                    self.record(
                        "rep_managers",
                        start,
                        rep_id=rep,
                        valid_from=start,
                        valid_to=end,
                        manager_rep_id=self.pick([r for r in self.reps if r != rep]),
                    )

    def costs(self, rep: str) -> None:
        if self.chance(0.2):
            return
        months = self.pick((14, 14, 13, 5, 1))
        month = add_months(self.as_of.replace(day=1), -months)
        while month < add_months(self.as_of.replace(day=1), 1):
            for kind in self.some(("salary", "tax", "expense", "other"), 2):
                self.record(
                    "rep_costs",
                    month,
                    rep_id=rep,
                    month=month,
                    cost_type=kind,
                    amount=self.money(20_000),
                    currency=self.currency(add_months(month, 1) - timedelta(1)),
                    unrest=0.02,
                )
            month = add_months(month, 1)

    def products(self) -> None:
        long_ago = self.as_of - timedelta(CLOSED_LONG_AGO)
        self.product_ids = [f"P{n}" for n in range(1, 6)]
        for number, product in enumerate(self.product_ids):
            self.record(
                "products",
                long_ago,
                product_id=product,
                sku=product,
                name=product,
                product_category=CATEGORIES[number % len(CATEGORIES)],
                brand=self.pick(("own", "other")),
                is_own=self.chance(0.8),
                units_per_sales_unit=self.pick((Decimal(1), Decimal(6), Decimal("0.5"), None)),
                standard_cost=self.money(50),
                currency="SEK",
            )

    def customers(self) -> None:
        self.customer_ids = [f"C{n}" for n in range(1, 6 + self.upto(8))]
        for number, customer in enumerate(self.customer_ids):
            since = None
            if self.chance(0.5):
                since = self.pick((date(2019, 5, 1), date(2022, 12, 31), self.day(900)))
            versions = []
            if self.chance(0.15) and number:
                versions.append({"merged_into_id": self.pick(self.customer_ids[:number])})
            elif self.chance(0.15):
                versions.append({"lost_at": self.day(400), "status": "lost"})
            self.record(
                "customers",
                self.as_of - timedelta(self.pick((100, CLOSED_LONG_AGO, CLOSED_LONG_AGO))),
                *versions,
                customer_id=customer,
                name=customer,
                status=self.pick(("prospect", "customer", "customer", "passive")),
                business_category=self.pick(("retail", "horeca", None)),
                area_id=self.pick(("north", "south", None)),
                purchase_method=self.pick(("direct", None)),
                customer_since=since,
                created_at=self.time(self.day(800)),
                lost_at=None,
                sales_model=self.pick(("field", "b2b")),
                visit_frequency_per_cycle=self.pick((None, 1, 2, 4)),
                merged_into_id=None,
                is_internal=self.chance(0.05),
                unrest=0.03,
            )
            for role, most in (("owner", 0.9), ("kam", 0.5), ("service", 0.1)):
                if self.chance(most):
                    self.assignments(customer, role)

    def assignments(self, customer: str, role: str) -> None:
        start = self.as_of - timedelta(self.pick((CLOSED_LONG_AGO, CLOSED_LONG_AGO, 300, 80)))
        taken = set()
        for _ in range(1 + self.upto(2)):
            rep = self.pick(self.reps)
            if self.chance(0.15):
                start += timedelta(self.upto(40))
            end = start + timedelta(60 + self.upto(500)) if self.chance(0.5) else None
            if (rep, start) not in taken:
                self.record(
                    "customer_assignments",
                    start,
                    customer_id=customer,
                    rep_id=rep,
                    role=role,
                    valid_from=start,
                    valid_to=end,
                    unrest=0.03,
                )
                taken.add((rep, start))
            if end is None:
                return
            start = end

    def stores(self) -> None:
        self.store_ids = []
        for number, customer in enumerate(self.customer_ids[: 2 + self.upto(3)]):
            store = f"S{number}"
            self.store_ids.append(store)
            self.record(
                "stores",
                self.as_of - timedelta(CLOSED_LONG_AGO),
                *([{"priority_class": "B"}] if self.chance(0.2) else []),
                store_id=store,
                customer_id=customer,
                chain=self.pick(("ICA", "COOP")),
                format=self.pick(("hypermarket", "supermarket")),
                area_id=self.pick(("north", "south", None)),
                priority_class=self.pick(("A", "A", "B", "C")),
                visit_frequency_per_cycle=self.pick((None, 1, 2, 3)),
                opened=self.as_of - timedelta(self.pick((CLOSED_LONG_AGO, 40))),
                closed=self.day(60, 30) if self.chance(0.15) else None,
                unrest=0.03,
            )

    def shares(self, reps: list[str]) -> list[Decimal]:
        """Shares that add up to one, thirds as they are delivered."""
        if len(reps) == 3:
            return [Decimal("0.3333")] * 3
        if len(reps) == 2:
            return self.pick(([Decimal("0.6"), Decimal("0.4")], [Decimal("0.5")] * 2))
        return [Decimal(1)]

    def credit(self, source_type: str, source_id: str, day: date) -> None:
        if not self.chance(0.4):
            return
        reps = self.some(self.reps, 3)
        for rep, share in zip(reps, self.shares(reps), strict=True):
            self.record(
                "credit_splits",
                day,
                source_type=source_type,
                source_id=source_id,
                rep_id=rep,
                credit_type="revenue",
                share=share,
                valid_from=None if self.chance(0.7) else day,
            )
        if self.chance(0.3):
            self.record(
                "credit_splits",
                day,
                source_type=source_type,
                source_id=source_id,
                rep_id=self.pick(self.reps),
                credit_type="overlay",
                share=self.pick((Decimal(1), Decimal("0.25"))),
                unrest=0.1,
            )

    def contracts(self) -> None:
        self.contract_lines: list[tuple[str, str, date]] = []
        for number in range(4 + self.upto(8)):
            self.contract(f"K{number}", self.pick(self.customer_ids), self.day(1000))

    def contract(
        self, contract_id: str, customer: str, signed_at: date, renews: str | None = None
    ) -> None:
        start = signed_at + timedelta(self.pick((0, 0, 16, 31, 60)))
        if self.chance(0.5):
            start = add_months(start.replace(day=1), 1)
        term = self.pick((12, 12, 24, 36, 30, 6, None))
        end = add_months(start, term) if term else None
        values = {
            "contract_id": contract_id,
            "customer_id": customer,
            "owner_rep_id": self.pick([*self.reps, None]),
            "signed_at": signed_at,
            "start_date": start,
            "end_date": end,
            "term_months": term,
            "status": self.pick(("signed", "active", "active", "draft" if renews else "signed")),
            "currency": self.currency(signed_at),
            "has_termination_clause": self.chance(0.4),
            "first_free_exit_date": None,
            "renews_contract_id": renews,
            "auto_renewal": bool(term) and self.chance(0.25),
            "area_id": None,
            "purchase_method": None,
        }
        for half_year in range(1, 8):
            self.used_rates.add((values["currency"], add_months(signed_at, 6 * half_year)))
        if values["has_termination_clause"] and self.chance(0.7):
            values["first_free_exit_date"] = add_months(start, self.pick((3, 6, 12, 24)))
        versions: list[dict[str, Any]] = []
        if self.chance(0.3):
            notice = signed_at + timedelta(20 + self.upto(700))
            leaves = notice + timedelta(self.pick((0, 30, 90, 200)))
            if self.chance(0.3):
                leaves = add_months(start, self.pick((6, 12, 24)))
            versions.append(
                {
                    "status": "terminated",
                    "termination_notice_date": notice,
                    "termination_effective_date": max(leaves, notice),
                    "terminated_by": "customer",
                }
            )
            if self.chance(0.3):
                back = notice + timedelta(1 + self.upto(80))
                versions.append({"status": "active", "termination_withdrawn_at": self.time(back)})
        elif self.chance(0.1):
            versions.append({"status": "void"})
        recorded = self.record("contracts", signed_at, *versions, unrest=0.06, **values)
        self.credit("contract", contract_id, signed_at)
        for number in range(1 + self.upto(2)):
            line_id = f"{contract_id}L{number}"
            self.contract_lines.append((line_id, customer, start))
            self.record(
                "contract_lines",
                recorded.date(),
                *([{"annual_value": self.money(500_000)}] if self.chance(0.15) else []),
                contract_line_id=line_id,
                contract_id=contract_id,
                product_category=self.pick((*CATEGORIES, None)),
                product_id=self.pick(self.product_ids),
                annual_value=self.money(500_000),
                one_off_value=self.money(5_000) if self.chance(0.3) else None,
                unrest=0.04,
            )
        if renews is None and self.chance(0.3) and end and not versions:
            again = end - timedelta(self.pick((300, 60, 30, 0, -30)))
            if again > signed_at:
                self.contract(f"{contract_id}R", customer, again, contract_id)

    def invoices(self) -> None:
        for number in range(10 + self.upto(20)):
            line_id, customer, start = None, self.pick(self.customer_ids), None
            day = self.day(800, 5)
            if self.chance(0.5) and self.contract_lines:
                line_id, customer, start = self.pick(self.contract_lines)
                day = start + timedelta(self.pick((0, 40, 200, 364, 365, 366, 500)))
            self.invoice(f"I{number}", customer, day, line_id)

    def invoice(self, invoice_id: str, customer: str, day: date, line_id: str | None) -> None:
        versions: list[dict[str, Any]] = []
        moved = day
        if self.chance(0.08):
            versions.append({"status": "cancelled"})
        elif self.chance(0.08):
            moved = day + timedelta(self.pick((-20, 5, 31)))
            versions.append({"invoice_date": moved})
        values = {
            "invoice_id": invoice_id,
            "customer_id": customer,
            "invoice_date": day,
            "doc_type": "invoice",
            "status": self.pick(("posted",) * 8 + ("draft",)),
            "currency": self.currency(day),
        }
        self.used_rates |= {(currency, moved) for currency in (values["currency"], *FOREIGN)}
        recorded = self.record("invoices", day, *versions, unrest=0.04, **values).date()
        self.credit("invoice", invoice_id, day)
        lines = [
            self.invoice_line(f"{invoice_id}L{n}", invoice_id, recorded, day, line_id, 1)
            for n in range(1 + self.upto(2))
        ]
        if self.chance(0.25):
            self.credit_note(values, lines, day)

    def invoice_line(
        self,
        line_id: str,
        invoice_id: str,
        recorded: date,
        day: date,
        contract_line: str | None,
        sign: int,
        **values: Any,
    ) -> dict[str, Any]:
        row = {
            "invoice_line_id": line_id,
            "invoice_id": invoice_id,
            "product_id": self.pick(self.product_ids),
            "qty": sign * Decimal(1 + self.upto(40)),
            "net_amount": sign * self.money(),
            "cost_amount": sign * self.money(60_000) if self.chance(0.8) else None,
            "cost_currency": self.currency(day),
            "contract_line_id": contract_line,
            "service_from": None,
            "service_to": None,
            **values,
        }
        if self.chance(0.1) and sign > 0:
            row["net_amount"] = -row["net_amount"] / 10
        if self.chance(0.2):
            row["service_from"] = day - timedelta(self.upto(60))
            row["service_to"] = row["service_from"] + timedelta(30)
        changes = [{"net_amount": sign * self.money()}] if self.chance(0.1) else []
        self.record("invoice_lines", recorded, *changes, unrest=0.03, **row)
        return row

    def credit_note(self, invoice: dict[str, Any], lines: list[dict[str, Any]], day: date) -> None:
        note = f"{invoice['invoice_id']}CN"
        on = day + timedelta(self.pick((0, 3, 20, 45, 400)))
        by_line = self.chance(0.6)
        recorded = self.record(
            "invoices",
            on,
            invoice_id=note,
            customer_id=invoice["customer_id"],
            invoice_date=on,
            doc_type="credit_note",
            status="posted",
            credited_invoice_id=invoice["invoice_id"] if self.chance(0.9) else None,
            currency=invoice["currency"],
            unrest=0.04,
        ).date()
        self.used_rates.add((invoice["currency"], on))
        for number, line in enumerate(self.some(lines, 2)):
            self.invoice_line(
                f"{note}L{number}",
                note,
                recorded,
                on,
                line["contract_line_id"],
                -1,
                product_id=line["product_id"],
                credited_invoice_line_id=line["invoice_line_id"] if by_line else None,
            )

    def campaigns_and_orders(self) -> None:
        self.campaign_ids = ["M1", "M2"]
        for campaign in self.campaign_ids:
            start = self.day(200, 20)
            self.record(
                "campaigns",
                start - timedelta(60),
                campaign_id=campaign,
                name=campaign,
                start_date=start,
                end_date_excl=start + timedelta(self.pick((14, 31, 120))),
                product_category=self.pick((*CATEGORIES, None)),
                unrest=0.03,
            )
            for store in self.store_ids:
                if self.chance(0.7):
                    self.record(
                        "campaign_stores", start, campaign_id=campaign, store_id=store, unrest=0.05
                    )
        self.order_ids = []
        for number in range(6 + self.upto(8)):
            order, day = f"O{number}", self.day(200)
            if self.chance(0.5):
                window = self.pick(self.result.tables["campaigns"])
                day = self.pick(
                    (
                        window["start_date"],
                        window["start_date"] - timedelta(1),
                        window["end_date_excl"],
                        window["end_date_excl"] - timedelta(1),
                    )
                )
            store = self.pick([*self.store_ids, None])
            self.order_ids.append((order, day))
            recorded = self.record(
                "orders",
                day,
                *([{"status": "cancelled"}] if self.chance(0.1) else []),
                order_id=order,
                customer_id=self.customer_ids[self.store_ids.index(store)]
                if store
                else self.pick(self.customer_ids),
                store_id=store,
                rep_id=self.pick([*self.reps, None]),
                activity_id=f"A{self.upto(30)}" if self.chance(0.4) else None,
                campaign_id=self.pick([*self.campaign_ids, *self.campaign_ids, None]),
                order_date=day,
                requested_delivery_date=day + timedelta(7),
                currency=self.currency(day),
                status="open",
                unrest=0.05,
            ).date()
            for line in range(1 + self.upto(2)):
                self.record(
                    "order_lines",
                    recorded,
                    *([{"is_cancelled": True}] if self.chance(0.15) else []),
                    order_line_id=f"{order}L{line}",
                    order_id=order,
                    product_id=self.pick(self.product_ids),
                    qty=Decimal(1 + self.upto(20)),
                    net_amount=self.money(20_000),
                    is_cancelled=self.chance(0.05),
                )

    def opportunities(self) -> None:
        stages = (
            ("lead", 1, False),
            ("qualified", 2, True),
            ("offer", 3, True),
            ("close", 4, True),
        )
        for stage, rank, is_qualified in stages:
            self.record(
                "opportunity_stages",
                self.as_of - timedelta(CLOSED_LONG_AGO),
                stage=stage,
                rank=rank,
                is_qualified=is_qualified,
            )
        self.opportunity_ids = []
        for number in range(5 + self.upto(8)):
            opportunity, opened = f"Q{number}", self.day(400)
            customer = self.pick(self.customer_ids)
            self.opportunity_ids.append((opportunity, customer))
            values: dict[str, Any] = {
                "stage": self.pick(stages)[0],
                "amount": self.money(300_000),
                "probability": self.pick((Decimal("0.1"), Decimal("0.5"), Decimal("0.9"), None)),
                "expected_close_date": self.pick((self.day(60, 120), None)),
                "expected_decision_date": self.pick(
                    (opened + timedelta(180), self.day(60, 200), None)
                ),
                "owner_rep_id": self.pick([*self.reps, None]),
            }
            changes: list[dict[str, Any]] = []
            moment = self.time(opened)
            for _ in range(self.upto(2)):
                moment += timedelta(self.upto(40), 3600)
                change = {"stage": self.pick(stages)[0], "amount": self.money(300_000)}
                if self.chance(0.3):
                    change["owner_rep_id"] = self.pick(self.reps)
                if self.chance(0.3):
                    change["expected_decision_date"] = self.day(60, 200)
                changes.append(change)
                self.record(
                    "opportunity_stage_history",
                    moment.date(),
                    opportunity_id=opportunity,
                    entered_at=moment,
                    **{**values, **change},
                )
            if self.chance(0.6):
                closed_at = moment + timedelta(self.pick((0, 20, 100)), 7200)
                changes.append(
                    {
                        "outcome": self.pick(("won", "won", "lost", "disqualified")),
                        "closed_at": closed_at,
                    }
                )
                if self.chance(0.15):
                    changes.append({"outcome": "open", "closed_at": None})
            elif self.chance(0.15) and number:
                changes.append({"merged_into_id": f"Q{self.upto(number - 1)}"})
            currency = self.currency(self.as_of)
            self.used_rates.add((currency, opened))
            self.record(
                "opportunities",
                opened,
                *changes,
                opportunity_id=opportunity,
                customer_id=customer,
                created_at=self.time(opened),
                is_qualified=self.pick((True, False, None)),
                currency=currency,
                outcome="open",
                closed_at=None,
                merged_into_id=None,
                **values,
                unrest=0.05,
            )
            self.credit("opportunity", opportunity, opened)
        for customer in self.some(self.customer_ids, 4):
            start = self.day(300)
            self.record(
                "target_lists",
                start,
                target_list_id="TL1",
                customer_id=customer,
                valid_from=self.pick((start, None)),
                valid_to=self.pick((None, start + timedelta(90))),
                unrest=0.1,
            )

    def contacts(self) -> None:
        self.contact_ids = []
        for number in range(4 + self.upto(6)):
            contact, customer = f"N{number}", self.pick(self.customer_ids)
            self.contact_ids.append((contact, customer))
            start = self.day(700)
            moves = self.chance(0.3)
            changes_on = start + timedelta(self.upto(400))
            for first, last in ((start, changes_on if moves else None), (changes_on, None)):
                if first == start or (moves and changes_on != start):
                    self.record(
                        "contacts",
                        first,
                        *([{"is_deselected": True}] if self.chance(0.1) else []),
                        contact_id=contact,
                        valid_from=first,
                        valid_to=last,
                        customer_id=customer if first == start else self.pick(self.customer_ids),
                        name=contact,
                        buying_role=self.pick(("decision_maker", "buyer", "user", "other")),
                        is_decision_maker=self.pick((True, False, None)),
                        is_mobilizer=self.pick((True, False, None)),
                        is_deselected=self.pick((True, False, False, None)),
                        unrest=0.03,
                    )
        roles = ("initiator", "influencer", "decider", "buyer", "user")
        for opportunity, _ in self.opportunity_ids:
            for role in roles if self.chance(0.5) else self.some(roles, 4):
                self.record(
                    "decision_ladder",
                    self.day(200),
                    opportunity_id=opportunity,
                    step_role=role,
                    contact_id=self.pick([*(c for c, _ in self.contact_ids), None]),
                    mapped_at=self.time(self.day(200)),
                    influence=1 + self.upto(4),
                    unrest=0.05,
                )

    def activities(self) -> None:
        types = ("sales_meeting", "visit", "call", "internal", "email")
        for number in range(24 + self.upto(20)):
            activity, day = f"A{number}", self.day(260, 20)
            start_at = self.time(day)
            kind = self.random.choices(types, (8, 8, 4, 1, 1))[0]
            opportunity, customer = None, self.pick(self.customer_ids)
            if self.chance(0.4):
                opportunity, customer = self.pick(self.opportunity_ids)
            store = None
            if kind == "visit" and self.chance(0.7):
                store = self.pick(self.store_ids)
                customer = self.customer_ids[self.store_ids.index(store)]
            is_future = day >= self.as_of
            status = "planned" if is_future else self.pick(("held",) * 6 + ("cancelled", "planned"))
            prepared = self.pick((None, start_at - timedelta(hours=1), start_at, start_at))
            values = {
                "activity_id": activity,
                "type": kind,
                "customer_id": None if store and self.chance(0.3) else customer,
                "store_id": store,
                "opportunity_id": opportunity,
                "owner_rep_id": self.pick([*self.reps, *self.reps, None]),
                "start_at": start_at,
                "end_at": start_at + timedelta(hours=1),
                "status": status,
                "held_reported_at": start_at + timedelta(self.upto(6))
                if status == "held"
                else None,
                "completed_at": start_at + timedelta(hours=self.upto(30))
                if kind == "call" and status == "held"
                else None,
                "contact_id": self.pick([c for c, _ in self.contact_ids])
                if self.chance(0.5)
                else None,
                "prep_goal": self.pick(("goal", "goal", None, "")),
                "prep_tactic": self.pick(("tactic", "tactic", "tactic", None)),
                "prep_insight": self.pick(("insight", "insight", "insight", None)),
                "prep_fallback": self.pick(("fallback", None)),
                "prep_completed_at": prepared,
                "next_step_agreed": self.pick((True, False, False, None)),
                "purpose": self.pick(("selling", "selling", "merchandising", None)),
                "direction": self.pick(("outbound", "outbound", "inbound", None)),
                "is_connected": self.pick((True, False, None)),
            }
            versions: list[dict[str, Any]] = []
            booked = day - timedelta(self.upto(20))
            if status == "held" and self.chance(0.6):
                versions.append({"status": "held"})
                values["status"] = "planned"
            if self.chance(0.06):
                versions.append({"status": "cancelled"})
            if self.chance(0.05):
                versions.append({"start_at": start_at + timedelta(self.pick((-31, 1, 30)))})
            self.record(
                "activities", booked if self.chance(0.5) else day, *versions, unrest=0.05, **values
            )
            if kind == "call" and self.chance(0.3):
                self.record("activities", day, **{**values, "activity_id": f"{activity}D"})
            self.participants(activity, booked)

    def participants(self, activity: str, day: date) -> None:
        if self.chance(0.15):
            return
        for rep in self.some(self.reps, 3):
            self.record(
                "activity_participants",
                day,
                *([{"attended": False}] if self.chance(0.08) else []),
                activity_id=activity,
                participant_type="rep",
                participant_id=rep,
                role="colleague",
                attended=self.pick((True, True, None, None, False)),
                unrest=0.04,
            )
        if self.chance(0.6):
            for contact, _ in self.some(self.contact_ids, 2):
                self.record(
                    "activity_participants",
                    day,
                    activity_id=activity,
                    participant_type="contact",
                    participant_id=contact,
                    role="guest",
                    attended=self.pick((True, None, False)),
                    unrest=0.04,
                )

    def retail(self) -> None:
        long_ago = self.as_of - timedelta(CLOSED_LONG_AGO)
        scopes = [("chain", "ICA"), ("format", "supermarket"), ("class", "A"), ("store", "S0")]
        for scope, scope_id in scopes:
            for product in self.some(self.product_ids, 3):
                start = self.pick((long_ago, self.day(100, 10)))
                self.record(
                    "assortment_targets",
                    start,
                    scope=scope,
                    scope_id=scope_id,
                    product_id=product,
                    valid_from=start,
                    valid_to=self.pick((None, None, self.day(30, 30))),
                    unrest=0.05,
                )
        for scope, scope_id in (("chain", "ICA"), ("chain", "COOP"), ("store", "S0")):
            for product in self.some(self.product_ids, 4):
                start = self.day(200)
                self.record(
                    "retailer_prices",
                    start,
                    scope=scope,
                    scope_id=scope_id,
                    product_id=product,
                    valid_from=start,
                    valid_to=self.pick((None, None, start + timedelta(60))),
                    price=Decimal(self.pick((10, 20, 50))),
                    price_type=self.pick(("list", "list", "campaign")),
                    currency="SEK",
                    tolerance=self.pick((None, None, Decimal("0.05"))),
                    unrest=0.05,
                )
        for number in range(3):
            self.record(
                "store_standards",
                long_ago,
                standard_id=f"ST{number}",
                valid_from=long_ago,
                valid_to=self.pick((None, None, self.day(60, 60))),
                format=self.pick(("hypermarket", "supermarket", None)),
                point_type=self.pick(("pos", "second_placement", "other")),
                ref_id=f"X{number}",
                weight=self.pick((Decimal(1), Decimal("0.5"))),
                possible=Decimal(10),
                unrest=0.05,
            )
            self.record(
                "planograms",
                long_ago,
                planogram_id=f"G{number}",
                format=self.pick(("hypermarket", "supermarket", None)),
                product_category=self.pick(CATEGORIES),
                valid_from=self.pick((long_ago, self.day(200))),
                valid_to=self.pick((None, None, self.day(60, 30))),
                unrest=0.05,
            )
        for store in self.store_ids:
            for category in self.some(CATEGORIES, 3):
                start = self.day(500)
                self.record(
                    "store_category_turnover",
                    start,
                    store_id=store,
                    product_category=category,
                    valid_from=start,
                    turnover=self.money(1_000_000),
                    currency=self.currency(self.as_of),
                    unrest=0.05,
                )
            for number in range(self.upto(3)):
                start = self.day(200, 10)
                self.record(
                    "store_agreements",
                    start,
                    agreement_id=f"{store}Z{number}",
                    store_id=store,
                    agreement_type=self.pick(("pos", "pos", "second_placement")),
                    ref_id=f"X{self.upto(2)}",
                    campaign_id=self.pick([None, *self.campaign_ids]),
                    quantity=Decimal(1),
                    valid_from=start,
                    valid_to=self.pick((None, start + timedelta(120))),
                    unrest=0.05,
                )
            for number in range(self.upto(4)):
                self.audit(f"{store}U{number}", store)

    def audit(self, audit: str, store: str) -> None:
        day = self.day(130)
        self.record(
            "store_audits",
            day,
            audit_id=audit,
            store_id=store,
            activity_id=None,
            rep_id=self.pick(self.reps),
            audited_at=self.time(day),
            unrest=0.05,
        )
        for product in self.some(self.product_ids, 4):
            self.record(
                "store_audit_lines",
                day,
                *([{"is_on_shelf": True}] if self.chance(0.1) else []),
                audit_id=audit,
                product_id=product,
                is_listed=self.pick((True, True, False, None)),
                is_on_shelf=self.pick((True, True, False, None)),
                shelf_price=self.pick((Decimal(10), Decimal("10.2"), Decimal("20.41"), None)),
                currency="SEK",
                is_promo=self.pick((True, False, None)),
                unrest=0.03,
            )
        for category in self.some(CATEGORIES, 2):
            self.record(
                "store_audit_facings",
                day,
                audit_id=audit,
                product_category=category,
                own_facings=self.upto(6),
                competitor_facings=self.upto(6),
                empty_facings=self.pick((0, 1, 2, None)),
                unrest=0.03,
            )
        kinds = [(k, f"X{n}") for k in ("pos", "second_placement", "other") for n in range(3)]
        for kind, ref in [*self.some(kinds, 5), ("planogram", "G0"), ("planogram", "G1")]:
            self.record(
                "store_audit_points",
                day,
                audit_id=audit,
                point_type=kind,
                ref_id=ref,
                achieved=Decimal(self.upto(10)),
                possible=Decimal(10),
                is_present=self.pick((True, True, False, None)),
                location=self.pick(("aisle", "endcap", None)),
                product_category=self.pick(CATEGORIES),
                brand="own",
                is_own=self.pick((True, True, False, None)),
                planogram_id=ref if kind == "planogram" else None,
                unrest=0.03,
            )

    def deliveries_and_surveys(self) -> None:
        for number in range(6 + self.upto(6)):
            day = self.day(120, 20)
            ordered = Decimal(1 + self.upto(10))
            self.record(
                "deliveries",
                day - timedelta(7),
                *([{"status": "cancelled"}] if self.chance(0.1) else []),
                delivery_id=f"D{number}",
                order_id=self.pick(self.order_ids)[0],
                customer_id=self.pick(self.customer_ids),
                promised_date=day,
                delivered_date=self.pick((None, day, day, day - timedelta(1), day + timedelta(1))),
                qty_ordered=ordered,
                qty_delivered=self.pick((ordered, ordered, ordered - 1, None)),
                status=self.pick(("delivered", "planned", "late")),
                unrest=0.05,
            )
        for number in range(8 + self.upto(10)):
            day = self.day(200)
            contact, customer = self.pick(self.contact_ids)
            self.record(
                "survey_responses",
                day,
                *([{"score": self.upto(10)}] if self.chance(0.1) else []),
                response_id=f"V{number}",
                customer_id=customer if self.chance(0.9) else self.pick(self.customer_ids),
                contact_id=self.pick((contact, contact, None)),
                answered_at=self.time(day),
                score=self.pick((0, 6, 7, 8, 9, 10, None)),
                survey_type=self.pick(("nps", "nps", "csat")),
                unrest=0.05,
            )

    def field_side(self) -> None:
        """More of what the field does, drawn on the borders of its rules."""
        table = self.result.tables
        created: dict[tuple[Any, ...], datetime] = {}

        def put(entity: str, recorded_at: datetime, **row: Any) -> None:
            key = (entity, *(row[column] for column in load_entities()[entity].key))
            created[key] = min(recorded_at, created.get(key, recorded_at))
            table.setdefault(entity, []).append(
                {
                    **row,
                    "recorded_at": recorded_at,
                    "created_recorded_at": created[key],
                    "extracted_at": recorded_at + timedelta(hours=6),
                    "is_deleted": row.get("is_deleted", False),
                }
            )

        add_field(
            Field(
                self.random,
                self.as_of,
                put,
                self.reps,
                self.customer_ids,
                self.product_ids,
                CATEGORIES,
                settled=self.customer_ids[: len(self.store_ids)],
                needs_rate=lambda currency, day: self.used_rates.add((currency, day)),
            )
        )

    def rates(self) -> None:
        """Rates around the days they are needed on. In some companies now and then only one that is
        too old: the gate stops such a night, so nothing is corrected in them."""
        quoted: set[tuple[str, date]] = set()
        for currency, day in sorted(self.used_rates):
            if currency == "SEK":
                continue
            is_too_old = self.lacks_rates and self.chance(0.1)
            quoted.add((currency, day - timedelta(8 if is_too_old else self.upto(7))))
        for currency, day in sorted(quoted):
            rate = Decimal(900_000_000 + self.upto(300_000_000)) / 10**8
            self.record(
                "exchange_rates",
                day,
                *([{"rate": rate + 1}] if self.chance(0.03) else []),
                at=datetime(day.year, day.month, day.day, 15),
                currency=currency,
                date=day,
                rate_type="daily",
                rate=rate,
            )
        self.record(
            "exchange_rates",
            self.as_of - timedelta(400),
            currency="EUR",
            date=date(self.as_of.year, 1, 1),
            rate_type="budget",
            rate=Decimal(11),
        )
