"""Random small companies with budgets and key figures on whatever their facts are.

The facts are those of the companies that try the budget types; beside them there are budgets of all
kinds of types, limited to channels, teams and campaigns or not at all, that have ended, run, or
begin within a month, and key figures that rest on them or have targets of their own, some of which
lack an answer. The same seed gives the same company.
"""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.oracle.company import Company, random_company
from tests.oracle.world import World, add_months

DECIDED = datetime(2019, 3, 1, 9)
"""Everything was planned before any of it began."""

CHANNELS = ("new", "renewal", "upsell", "win_back")
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def scored_company(seed: int) -> Company:
    """The company of a seed."""
    company = random_company(seed)
    _Plans(company).add()
    return company


def sales_period(kind: str | None, day: date) -> tuple[date, date]:
    """The month, quarter or year that holds a day; a quarter where nothing is said."""
    months = MONTHS[kind or "quarter"]
    start = date(day.year, (day.month - 1) // months * months + 1, 1)
    return start, add_months(start, months)


class _Plans:
    def __init__(self, company: Company) -> None:
        self.random = random.Random(f"scored {company.seed}")
        self.company = company
        self.world = World(company.tables, company.as_of, company.delivered)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def record(self, entity: str, **values: Any) -> None:
        row = {
            "is_deleted": False,
            **values,
            "recorded_at": DECIDED,
            "created_recorded_at": DECIDED,
            "extracted_at": DECIDED + timedelta(hours=6),
        }
        self.company.tables.setdefault(entity, []).append(row)

    def add(self) -> None:
        for entity in ("budgets", "kpis", "kpi_profiles", "profile_kpis", "rep_profiles"):
            self.company.tables[entity] = []
        self.company.tables["checkpoints"] = []
        types = sorted(self.world.types)
        self.budgets: list[dict[str, Any]] = []
        for name in self.random.sample(types, 14):
            self.budget(name)
        self.profiles()
        for number in range(8):
            self.kpi(number, self.random.choice(types))

    # Budgets

    def budget(self, name: str) -> None:
        fields = self.world.types[name].fields
        if fields["requires"]:
            return
        scopes: list[dict[str, list[str]]] = [{}]
        if self.has_channels(fields):
            scopes.append({"channel": self.random.sample(CHANNELS, 2)})
        teams = sorted({row["team_id"] for row in self.world.known("teams", self.world.cut_off)})
        if teams:
            scopes.append({"team_id": [self.random.choice(teams)]})
        for number, scope in enumerate(self.random.sample(scopes, min(len(scopes), 2))):
            self.limited_budget(f"{name}-{number}", name, scope)

    @staticmethod
    def has_channels(fields: dict[str, Any]) -> bool:
        """Whether the oracle's components of the type tell their channel."""
        return "channel" in fields["fills"] and fields["time_shape"] == "flow"

    def limited_budget(self, budget_id: str, name: str, scope: dict[str, list[str]]) -> None:
        budget_type = self.world.types[name]
        start, end = self.period()
        campaign = None
        if "campaign_id" in budget_type.fields["fills"] and self.chance(0.7):
            campaigns = [
                row
                for row in self.world.known("campaigns", self.world.cut_off)
                if row["start_date"] and row["end_date_excl"]
                if row["start_date"] < row["end_date_excl"]
            ]
            if campaigns:
                chosen = self.random.choice(campaigns)
                campaign = chosen["campaign_id"]
                start, end = chosen["start_date"], chosen["end_date_excl"]
        is_divided = "denominator" in budget_type.parts or budget_type.formula
        row = {
            "budget_id": budget_id,
            "name": budget_id,
            "budget_type_id": name,
            "campaign_id": campaign,
            "period_start": start,
            "period_end_excl": end,
            "company_target": Decimal(900),
            "rounding_unit": Decimal(1),
            "target_mode": "same_level"
            if is_divided
            else self.random.choice(("distribute", "distribute", "per_rep")),
            "target_low": Decimal(300) if budget_type.fields["direction"] == "band" else None,
            "filters": json.dumps(scope) if scope else None,
            "status": "approved",
        }
        self.record("budgets", **row)
        self.budgets.append(row)

    def period(self) -> tuple[date, date]:
        """Months, quarters, half-years and years around S, sometimes from a day within a month."""
        months = self.random.choice((1, 3, 6, 12))
        day = self.company.as_of + timedelta(self.random.randint(-300, 20))
        start = date(day.year, (day.month - 1) // months * months + 1, 1)
        if self.chance(0.2):
            start += timedelta(self.random.randint(1, 25))
        return start, add_months(start.replace(day=1), months)

    # Key figures

    def profiles(self) -> None:
        for profile_id, kind in (("P1", "b2b"), ("P2", "kam")):
            self.record("kpi_profiles", profile_id=profile_id, name=profile_id, type=kind)
        reps = sorted({row["rep_id"] for row in self.company.tables.get("reps", [])})
        for rep_id in reps:
            if self.chance(0.9):
                self.record(
                    "rep_profiles",
                    rep_id=rep_id,
                    valid_from=date(2020, 1, 1),
                    valid_to=None,
                    profile_id=self.random.choice(("P1", "P1", "P2")),
                )

    def kpi(self, number: int, name: str) -> None:
        kpi_id = f"K{number}"
        of_type = [row for row in self.budgets if row["budget_type_id"] == name]
        budget = None
        if self.budgets and self.chance(0.6):
            budget = self.random.choice(of_type or self.budgets)
            name = budget["budget_type_id"]
        fields = self.world.types[name].fields
        kind = self.random.choice(("month", "quarter", "year", None))
        start, _ = sales_period(kind, self.company.as_of)
        is_limited = budget is None and self.has_channels(fields) and self.chance(0.5)
        answers = {
            "action_if_met": "celebrate",
            "action_if_not_met": "call",
            "follower_roles": "rep,sales_manager",
            "kpi_owner": "Eva",
            "conclusion_rule": "conclusion",
            "plan_text": "plan",
            "success_driver": "driver",
            "expected_outcome": Decimal(7),
            "status": "active",
        }
        if self.chance(0.15):
            answers[self.random.choice(sorted(answers))] = None
        self.record(
            "kpis",
            kpi_id=kpi_id,
            valid_from=date(2020, 1, 1),
            valid_to=None,
            budget_type_id=name,
            budget_id=budget and budget["budget_id"],
            parameters=None,
            target=Decimal(10) if budget is None and self.chance(0.8) else None,
            target_low=None,
            filters=json.dumps({"channel": ["new", "upsell"]}) if is_limited else None,
            sales_period=kind,
            **answers,
        )
        for nth, days in enumerate((7, 15 if self.chance(0.9) else 0)):
            self.record(
                "checkpoints",
                checkpoint_id=f"{kpi_id}-{nth}",
                kpi_id=kpi_id,
                date=start + timedelta(days),
                created_at=DECIDED,
            )
        for profile_id in ("P1", "P2"):
            if self.chance(0.7):
                self.record(
                    "profile_kpis",
                    profile_id=profile_id,
                    kpi_id=kpi_id,
                    valid_from=date(2020, 1, 1),
                    weight=Decimal("0.2"),
                    position=number,
                )
