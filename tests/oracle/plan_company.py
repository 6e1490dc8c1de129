"""Random small companies with a plan, that go looking for trouble in it.

A company has a handful of reps who come, leave, are ill and work part-time, some customers that
change hands, invoices, contracts that fall due, and a dozen budgets of all kinds with filters,
locks, floors, caps, ramps and revisions. The same seed gives the same company.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from orchestration.schema import load_entities
from tests.oracle.company import Company
from tests.oracle.world import add_months

Choice = TypeVar("Choice")

YEAR = 2026
PLANNED = datetime(YEAR - 1, 11, 20, 9)
LONG_AGO = datetime(2020, 1, 1, 9)
CATEGORIES = ("beer", "water")
CHANNELS = ("new", "renewal", "upsell", "win_back")
CHANNEL_TYPES = {
    "renewal": "renewal_volume",
    "upsell": "upsell_volume",
    "win_back": "win_back_volume",
    "new": "new_business_volume",
}
DIVIDED = (
    "invoiced_revenue",
    "contribution_margin",
    "signed_volume",
    "signed_volume_net",
    "meetings_held",
    "sales_calls_made",
    "new_customers",
    "signed_deal_count",
    "unique_customers_visited",
    "total_contract_value",
    "invoiced_quantity",
)


def plan_company(seed: int) -> Company:
    """The company of a seed."""
    return _Generator(seed).company()


class _Generator:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"plan {seed}")
        self.as_of = date(YEAR, 1, 15) + timedelta(self.random.randint(0, 330))
        self.result = Company(seed, self.as_of)
        self.budget_ids: list[str] = []

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, choices: Sequence[Choice]) -> Choice:
        return self.random.choice(choices)

    def upto(self, most: int) -> int:
        return self.random.randint(0, most)

    def day(self, start: date, end: date) -> date:
        """A day from ``start`` up to and with ``end``, often the first of a month."""
        day = start + timedelta(self.upto((end - start).days))
        return max(start, day.replace(day=1)) if self.chance(0.3) else day

    def morning(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 8, self.upto(59))

    def record(self, entity: str, at: datetime, *versions: tuple[datetime, dict], **values) -> None:
        """Deliver a record, first recorded ``at`` a moment, with its later versions."""
        table = self.result.tables.setdefault(entity, [])
        row: dict[str, Any] = dict(values)
        for moment, changes in ((at, {}), *sorted(versions, key=lambda v: v[0])):
            row = {**row, **changes}
            table.append(
                {
                    "is_deleted": False,
                    **row,
                    "recorded_at": moment,
                    "created_recorded_at": at,
                    "extracted_at": moment + timedelta(hours=6),
                }
            )

    def company(self) -> Company:
        self.organisation()
        self.customers()
        self.business()
        self.plan_data()
        self.channel_plan()
        for _ in range(8 + self.upto(5)):
            self.divided_budget()
        for _ in range(1 + self.upto(2)):
            self.standard()
        if self.chance(0.5):
            self.derived_budget()
        self.result.delivered = frozenset(load_entities())
        return self.result

    # People

    def organisation(self) -> None:
        self.record("regions", LONG_AGO, region_id="G1", name="G1")
        self.teams = ["T1", "T2"]
        for team in self.teams:
            self.record("teams", LONG_AGO, team_id=team, region_id="G1", name=team)
        for calendar in ("SE", "NO"):
            for _ in range(6):
                day = self.day(date(YEAR, 1, 1), date(YEAR, 12, 31))
                rows = self.result.tables.get("calendar", [])
                if not any(r["date"] == day and r["calendar_id"] == calendar for r in rows):
                    self.record(
                        "calendar",
                        LONG_AGO,
                        calendar_id=calendar,
                        date=day,
                        is_workday=self.chance(0.2),
                    )
        self.reps = [f"R{n}" for n in range(1, 4 + self.upto(4))]
        for rep in self.reps:
            self.rep(rep)

    def rep(self, rep: str) -> None:
        hired, told = date(2015, 3, 1), LONG_AGO
        if self.chance(0.3):
            hired = self.day(date(YEAR - 1, 10, 1), date(YEAR, 9, 30))
            told = self.morning(hired - timedelta(10 + self.upto(90)))
        versions = []
        if self.chance(0.3):
            leaves = self.day(max(hired, date(YEAR - 1, 12, 1)), date(YEAR, 12, 31))
            known = self.morning(max(leaves - timedelta(self.upto(60)), told.date()))
            versions.append((known + timedelta(1), {"leave_date": leaves}))
        self.record(
            "reps",
            told,
            *versions,
            rep_id=rep,
            name=rep,
            role=self.pick(("rep", "rep", "rep", "kam", "sales_manager")),
            hire_date=hired,
            leave_date=None,
            fte=self.pick((Decimal(1), Decimal(1), Decimal("0.8"), Decimal("0.5"), None)),
            calendar_id=self.pick(("SE", "NO", None)),
        )
        team = self.pick(self.teams)
        moves = self.chance(0.2) and self.day(max(hired, date(YEAR, 1, 1)), date(YEAR, 12, 31))
        self.record(
            "rep_team_assignments",
            told,
            *([(told + timedelta(1), {"valid_to": moves})] if moves else []),
            rep_id=rep,
            valid_from=hired,
            valid_to=None,
            team_id=team,
        )
        if moves and self.chance(0.8):
            self.record(
                "rep_team_assignments",
                told + timedelta(1),
                rep_id=rep,
                valid_from=moves,
                valid_to=None,
                team_id="T1" if team == "T2" else "T2",
            )
        for _ in range(self.upto(5)):
            day = self.day(date(YEAR, 1, 1), date(YEAR, 12, 31))
            self.absence(rep, day)
        if self.chance(0.35):
            for channel in self.random.sample(CHANNELS, 1 + self.upto(1)):
                self.record(
                    "rep_channels",
                    told,
                    rep_id=rep,
                    channel=channel,
                    valid_from=hired,
                    valid_to=self.day(date(YEAR, 1, 2), date(YEAR, 12, 1))
                    if self.chance(0.2)
                    else None,
                )

    def absence(self, rep: str, day: date) -> None:
        rows = self.result.tables.get("rep_absences", [])
        if not any(r["rep_id"] == rep and r["date"] == day for r in rows):
            self.record(
                "rep_absences",
                self.pick((PLANNED, self.morning(day - timedelta(self.upto(40))))),
                rep_id=rep,
                date=day,
                hours=self.pick((Decimal(8), Decimal(4), Decimal("2.5"))),
            )

    # Business

    def customers(self) -> None:
        self.customer_ids = [f"C{n}" for n in range(1, 8 + self.upto(6))]
        for customer in self.customer_ids:
            lost = self.day(date(YEAR - 1, 6, 1), date(YEAR, 6, 1)) if self.chance(0.15) else None
            self.record(
                "customers",
                LONG_AGO,
                *([(self.morning(lost), {"lost_at": lost})] if lost else []),
                customer_id=customer,
                name=customer,
                status="customer",
                customer_since=date(2019, 5, 1),
                lost_at=None,
                sales_model="b2b",
                merged_into_id=None,
                is_internal=self.chance(0.05),
                potential_amount=self.pick((None, Decimal(900_000), Decimal(120_000))),
                currency="SEK",
            )
            if self.chance(0.1):
                continue
            changes = self.chance(0.5) and self.day(date(YEAR - 1, 9, 1), date(YEAR, 11, 1))
            told = self.morning(changes - timedelta(self.upto(20))) if changes else None
            self.record(
                "customer_assignments",
                LONG_AGO,
                *([(told, {"valid_to": changes})] if changes else []),
                customer_id=customer,
                rep_id=(first := self.pick(self.reps)),
                role="owner",
                valid_from=date(2020, 1, 1),
                valid_to=None,
            )
            if changes and self.chance(0.85):
                self.record(
                    "customer_assignments",
                    told,
                    customer_id=customer,
                    rep_id=self.pick([r for r in self.reps if r != first]),
                    role="owner",
                    valid_from=changes,
                    valid_to=None,
                )

    def business(self) -> None:
        for number, category in enumerate(CATEGORIES):
            self.record(
                "products",
                LONG_AGO,
                product_id=f"P{number}",
                sku=f"P{number}",
                name=category,
                product_category=category,
                is_own=True,
                units_per_sales_unit=Decimal(1),
                standard_cost=Decimal(10),
                currency="SEK",
            )
        for number in range(12 + self.upto(14)):
            day = self.day(date(YEAR - 1, 1, 1), self.as_of - timedelta(1))
            at = self.morning(day) + timedelta(self.pick((0, 0, 0, 20)))
            self.record(
                "invoices",
                at,
                invoice_id=f"I{number}",
                customer_id=self.pick(self.customer_ids),
                invoice_date=day,
                doc_type="invoice",
                status="posted",
                currency="SEK",
            )
            self.record(
                "invoice_lines",
                at,
                invoice_line_id=f"I{number}L",
                invoice_id=f"I{number}",
                product_id=self.pick(("P0", "P1")),
                qty=Decimal(1 + self.upto(20)),
                net_amount=Decimal(1 + self.upto(90_000)) + self.pick((0, Decimal("0.33"))),
                cost_amount=Decimal(100),
                cost_currency="SEK",
            )
        for number in range(4 + self.upto(6)):
            self.contract(f"K{number}")

    def contract(self, contract_id: str) -> None:
        starts = self.day(date(2023, 6, 1), min(date(YEAR, 6, 30), self.as_of - timedelta(40)))
        signed = starts - timedelta(5 + self.upto(30))
        term = self.pick((12, 12, 24, 36, 18))
        notice = None
        if self.chance(0.2):
            notice = self.morning(starts + timedelta(60 + self.upto(300)))
        ends = add_months(starts, self.pick((12, term)))
        told = {
            "termination_notice_date": notice and notice.date(),
            "termination_effective_date": ends,
        }
        self.record(
            "contracts",
            self.morning(signed),
            *([(notice, told)] if notice else []),
            contract_id=contract_id,
            customer_id=self.pick(self.customer_ids),
            owner_rep_id=self.pick(self.reps),
            signed_at=signed,
            start_date=starts,
            end_date=add_months(starts, term),
            term_months=term,
            status="active",
            currency="SEK",
            has_termination_clause=True,
            auto_renewal=self.chance(0.2),
        )
        for number in range(1 + self.upto(1)):
            self.record(
                "contract_lines",
                self.morning(signed),
                contract_line_id=f"{contract_id}L{number}",
                contract_id=contract_id,
                product_category=self.pick(CATEGORIES),
                annual_value=Decimal(1_000 * (1 + self.upto(400))) + self.pick((0, Decimal("0.5"))),
                one_off_value=Decimal(0),
                expected_margin_rate=Decimal("0.3"),
            )

    # The plan

    def plan_data(self) -> None:
        weights = {
            "seasonal": [6, 7, 8, 8, 9, 9, 4, 7, 10, 11, 11, 10],
            "summer": [0, 0, 0, 0, 1, 3, 3, 1, 0, 0, 0, 0],
            "thirds": [Decimal("8.3333")] * 11 + [Decimal("8.3337")],
        }
        for name, months in weights.items():
            for number, weight in enumerate(months, 1):
                self.record(
                    "monthly_distributions",
                    LONG_AGO,
                    distribution_id=name,
                    month_no=number,
                    weight=Decimal(weight),
                )
        for category in CATEGORIES:
            if self.chance(0.9):
                for quarter in (1, 4, 7, 10):
                    self.record(
                        "renewal_rates",
                        PLANNED - timedelta(10),
                        period=date(YEAR, quarter, 1),
                        product_category=category,
                        expected_rate=Decimal(self.random.randint(60, 100)) / 100,
                    )

    def budget(self, budget_id: str, *versions: tuple[datetime, dict], **values: Any) -> None:
        """A budget that is approved before the year begins, or some time after that."""
        start = values["period_start"]
        decided = self.morning(self.day(PLANNED.date(), start - timedelta(2)))
        if self.chance(0.15):
            decided = self.morning(self.day(start, start + timedelta(40)))
        if self.chance(0.05):
            decided = datetime(YEAR + 2, 1, 1)
        self.budget_ids.append(budget_id)
        self.record(
            "budgets",
            PLANNED,
            (decided, {"status": self.pick(("approved", "locked"))}),
            *[(max(moment, decided + timedelta(1)), changes) for moment, changes in versions],
            **{
                "budget_id": budget_id,
                "name": budget_id,
                "status": "draft",
                "campaign_id": None,
                "currency": None,
                "filters": None,
                "distribution_id": None,
                "weight_params": None,
                "target_low": None,
                "expected_renewal_rate": None,
                "linked_budget_id": None,
                **values,
            },
        )

    def period(self) -> tuple[date, date]:
        start = date(YEAR, self.pick((1, 1, 1, 4, 5)), self.pick((1, 1, 1, 12)))
        if start.month == 1 and self.chance(0.15):
            return start, date(YEAR, 4, 1)
        return start, self.pick((date(YEAR + 1, 1, 1), date(YEAR, 9, 1), date(YEAR, 7, 16)))

    def method(self, budget_type_id: str) -> dict[str, Any]:
        """How a budget is divided; the own outcome only of types that add up."""
        measures = ["equal", "customers", "customer_revenue", "potential", "working_days"]
        if budget_type_id.endswith(("volume", "revenue")):
            measures.append("prior_outcome")
        method = self.pick([*measures, "composite", "manual", None])
        params: dict[str, Any] = {}
        if method == "composite" and self.chance(0.9):
            for name in self.random.sample(measures, 2):
                params[name] = self.pick((0.5, 0.25, 1, 3))
        if method == "manual" and self.chance(0.3):
            params[self.pick(measures)] = 1
        if method == "prior_outcome" and self.chance(0.4):
            params["indexation"] = 1.05
        if self.chance(0.3):
            params["ramp"] = self.pick(([0.25, 0.5, 0.75, 1], [0, 0.3333333333]))
            if self.chance(0.5):
                params["ramp_gap_unassigned"] = 1
        if self.chance(0.15):
            params["raise_to_floors"] = 1
        if self.chance(0.3):
            params["minimum_budget"] = 1
        return {
            "allocation_method": method,
            "weight_params": json.dumps(params) if params else None,
        }

    def channel_plan(self) -> None:
        """The company's volume and its four channels."""
        due = sum(
            row["annual_value"] for row in self.result.tables["contract_lines"] if row
        ) * Decimal(self.pick(("0.6", "1.2", "2")))
        common = {
            "period_start": date(YEAR, 1, 1),
            "period_end_excl": date(YEAR + 1, 1, 1),
            "rounding_unit": self.pick((Decimal(1), Decimal(1000))),
            "target_mode": "distribute",
        }
        total = due.quantize(Decimal(1000))
        self.budget(
            "VOL",
            **common,
            budget_type_id="signed_volume",
            company_target=total,
            over_assignment=Decimal(0),
            **self.method("signed_volume"),
        )
        for channel in CHANNELS:
            if self.chance(0.1) and channel != "new":
                continue
            given = channel in ("upsell", "win_back") or self.chance(0.1)
            self.budget(
                f"VOL-{channel}",
                *self.revisions(given),
                **common,
                budget_type_id=CHANNEL_TYPES[channel],
                company_target=(total / 10).quantize(Decimal(1)) if given else None,
                over_assignment=self.pick((Decimal(0), Decimal("0.1"), Decimal("0.0333"))),
                expected_renewal_rate=self.pick((None, Decimal("0.8"))),
                distribution_id=self.pick((None, "seasonal", "working_days")),
                linked_budget_id="VOL" if self.chance(0.95) else None,
                **self.method("signed_volume"),
            )
            self.hand_set(f"VOL-{channel}", common, total / 10)

    def divided_budget(self) -> None:
        number = len(self.budget_ids)
        kind = self.pick(DIVIDED)
        start, end = self.period()
        is_count = self.chance(0.4)
        target = Decimal(self.upto(300) if is_count else 1_000 * self.upto(5_000))
        unit = self.pick(
            (Decimal(1), None) if is_count else (Decimal(1), Decimal(1000), Decimal(7))
        )
        scope: dict[str, list[str]] = {}
        if self.chance(0.5):
            scope["team_id"] = self.pick((["T1"], ["T2"], ["T1", "T2"], ["T9"]))
        if self.chance(0.05):
            scope["campaign_id"] = ["nothing"]
        values = {
            "budget_type_id": kind,
            "period_start": start,
            "period_end_excl": end,
            "company_target": None if self.chance(0.03) else target,
            "over_assignment": self.pick((None, Decimal(0), Decimal("0.1"), Decimal("0.15"))),
            "rounding_unit": unit,
            "distribution_id": self.pick((None, "seasonal", "thirds", "working_days", "summer"))
            if self.chance(0.95)
            else "unheard_of",
            "filters": json.dumps(scope) if scope else None,
            "target_mode": self.pick((None, "distribute")),
            **self.method(kind),
        }
        budget_id = f"B{number:02d}"
        self.budget(budget_id, *self.revisions(True), **values)
        self.hand_set(budget_id, values, target)

    def derived_budget(self) -> None:
        """Calls that follow from a result, through the steps that lead to it."""
        params: dict[str, Any] = {"result_per_unit": self.pick((10_000, 7_777.5))}
        if self.chance(0.6):
            params["conversions"] = self.pick(([0.25], [0.8, 0.4, 0.1]))
        self.budget(
            "CALLS",
            budget_type_id="sales_calls_made",
            period_start=date(YEAR, 1, 1),
            period_end_excl=date(YEAR + 1, 1, 1),
            company_target=None,
            over_assignment=None,
            rounding_unit=Decimal(1),
            target_mode=None,
            allocation_method="equal",
            weight_params=json.dumps(params),
            filters=json.dumps({"team_id": ["T2", "T1", "T3"]}),
            linked_budget_id=self.pick(("VOL", "VOL", "VOL-new")),
        )

    def revisions(self, given: bool) -> list[tuple[datetime, dict[str, Any]]]:
        """What is changed while the plan runs."""
        found = []
        for _ in range(self.pick((0, 0, 0, 1, 2))):
            at = self.morning(self.day(date(YEAR - 1, 12, 20), date(YEAR, 11, 1)))
            changes: dict[str, Any] = {"name": "renamed"}
            if given and self.chance(0.5):
                changes["company_target"] = Decimal(1_000 * self.upto(6_000))
            if self.chance(0.3):
                changes["allocation_method"] = self.pick(("equal", "customers", "working_days"))
            if self.chance(0.2):
                changes["over_assignment"] = self.pick((Decimal(0), Decimal("0.2")))
            found.append((at, changes))
        return found

    def standard(self) -> None:
        number = len(self.budget_ids)
        start, end = self.period()
        kind, mode, wanted = self.pick(
            (
                ("meetings_held", "per_rep", Decimal(5)),
                ("signed_deal_count", "per_rep", Decimal("2.5")),
                ("meetings_planned_next_14d", None, Decimal(10)),
                ("win_rate", "same_level", Decimal("0.25")),
            )
        )
        self.budget(
            f"S{number:02d}",
            *self.revisions(False),
            budget_type_id=kind,
            period_start=start,
            period_end_excl=end,
            company_target=wanted,
            over_assignment=None,
            rounding_unit=self.pick((None, Decimal(1))),
            target_mode=mode,
            allocation_method="manual",
            weight_params=self.pick((None, '{"per_weeks": 1}', '{"per_weeks": 2}')),
            filters=json.dumps({"team_id": [self.pick(self.teams)]}) if self.chance(0.6) else None,
        )

    def hand_set(self, budget_id: str, values: dict[str, Any], target: Decimal) -> None:
        """Locks, floors and caps of some reps, for all months or some, some of them changed."""
        start, end = values["period_start"], values["period_end_excl"]
        months = []
        month = start.replace(day=1)
        while month < end:
            months.append(month)
            month = add_months(month, 1)
        if not self.chance(0.5):
            return
        fair = target / len(self.reps) / len(months)
        for rep in self.random.sample(self.reps, 1 + self.upto(1)):
            kind = self.pick(("lock", "lock", "floor", "cap"))
            share = fair * self.pick((Decimal("0.4"), Decimal(1), Decimal("1.6")))
            amount = share.quantize(self.pick((Decimal(1), Decimal("0.5"))))
            chosen = months if self.chance(0.8) else months[: 1 + self.upto(2)]
            for month in chosen:
                self.hand_row(budget_id, rep, month, kind, amount, 1, PLANNED, start)
            if kind == "lock" and self.chance(0.4):
                changed = self.morning(self.day(date(YEAR - 1, 12, 20), date(YEAR, 10, 1)))
                since = add_months(changed.date().replace(day=1), 1)
                for month in chosen:
                    if month >= since:
                        self.hand_row(budget_id, rep, month, kind, amount + 5, 2, changed, since)
        if self.chance(0.3):
            changed = self.morning(self.day(date(YEAR, 1, 1), date(YEAR, 10, 1)))
            month = self.pick(months)
            self.hand_row(
                budget_id, self.pick(self.reps), month, "lock", Decimal(3), 9, changed, month
            )

    def hand_row(
        self,
        budget_id: str,
        rep: str,
        month: date,
        kind: str,
        amount: Decimal,
        version: int,
        at: datetime,
        valid_from: date,
    ) -> None:
        rows = self.result.tables.get("budget_targets", [])
        key = {"budget_id": budget_id, "node_id": rep, "month": month, "version": version}
        if any(all(row[c] == value for c, value in key.items()) for row in rows):
            return
        self.record(
            "budget_targets",
            at,
            **key,
            node_type="rep",
            channel="all",
            target=amount if kind == "lock" else None,
            is_locked=kind == "lock",
            floor=amount if kind == "floor" else None,
            cap=amount if kind == "cap" else None,
            valid_from=valid_from,
            reason="because",
            changed_by="manager",
        )
