"""What budgets and key figures have reached, by an independent reading of the rules.

A budget counts the components of its type that lie in its days, channels, teams and campaign; a key
figure those of its budget in the months that both hold, or its own. Each node has its own count.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.oracle.components import Component
from tests.oracle.figures import Figure, counted, figure
from tests.oracle.scored_company import sales_period
from tests.oracle.types import load_types
from tests.oracle.world import Period, World, add_months, holds

Node = tuple[str, str]
LEVELS = ("rep", "team", "region", "company")
ANSWERS = ("conclusion_rule", "plan_text", "success_driver", "expected_outcome")


@dataclass
class Subject:
    """Something that is measured over days: of what type, limited to what."""

    budget_type_id: str
    start: date
    end: date
    limits: dict[str, set[str]] = field(default_factory=dict)
    campaign_id: str | None = None


@dataclass
class Measured:
    """Figures of the nodes at which anything was counted, or why there are none."""

    figures: dict[Node, Figure]
    reason: str | None = None


class Measurer:
    """The budgets and key figures of a company."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._components: dict[str, list[Component]] = {}

    def rows(self, entity: str) -> list[dict[str, Any]]:
        return self.world.known(entity, self.world.cut_off)

    def components(self, name: str) -> list[Component]:
        if name not in self._components:
            self._components[name] = load_types()[name](self.world)
        return self._components[name]

    # Subjects

    @cached_property
    def budgets(self) -> dict[str, Subject]:
        """Budgets that have begun."""
        found = {}
        for row in self.rows("budgets"):
            if row["period_start"] > self.world.as_of:
                continue
            limits = {k: set(v) for k, v in json.loads(row["filters"] or "{}").items()}
            fills = self.world.types[row["budget_type_id"]].fields["fills"]
            if row["campaign_id"] and "campaign_id" in fills:
                limits["campaign_id"] = {row["campaign_id"]}
            found[row["budget_id"]] = Subject(
                row["budget_type_id"],
                row["period_start"],
                row["period_end_excl"],
                limits,
                row["campaign_id"],
            )
        return found

    def months(self, budget: Subject) -> Iterator[tuple[date, date]]:
        """The budget's days month by month, as far as they have begun before S."""
        month = budget.start.replace(day=1)
        while month < min(budget.end, self.world.as_of):
            after = add_months(month, 1)
            yield max(month, budget.start), min(after, budget.end)
            month = after

    def kpi_period(self, kpi: dict[str, Any]) -> tuple[date, date]:
        start, end = sales_period(kpi["sales_period"], self.world.as_of)
        budget = self.budgets.get(kpi["budget_id"])
        if budget and start < budget.end and budget.start < end:
            return max(start, budget.start), min(end, budget.end)
        return start, end

    @cached_property
    def refusals(self) -> dict[tuple[str, str], str | None]:
        """Profile and key figure → the first rule that refuses it."""
        kpis = {row["kpi_id"]: row for row in self.rows("kpis")}
        kinds = {row["profile_id"]: row["type"] for row in self.rows("kpi_profiles")}
        placed = [(row["profile_id"], kpis[row["kpi_id"]]) for row in self.rows("profile_kpis")]
        found = {}
        for profile_id, kpi in placed:
            start, end = sales_period(kpi["sales_period"], self.world.as_of)
            dates = [r["date"] for r in self.rows("checkpoints") if r["kpi_id"] == kpi["kpi_id"]]
            measures = {
                self.world.types[other["budget_type_id"]].fields["measures"]
                for of_profile, other in placed
                if of_profile == profile_id and other["status"] == "active"
            }
            refusal = None
            if not (kpi["action_if_met"] and kpi["action_if_not_met"]):
                refusal = "H2"
            elif not (kpi["follower_roles"] and kpi["kpi_owner"]):
                refusal = "H3"
            elif sum(start < day < end for day in dates) < 2:
                refusal = "H5"
            elif kinds[profile_id] == "kam" and not {"volume", "invoicing"} <= measures:
                refusal = "H7"
            elif kpi["status"] != "active" or any(kpi[name] is None for name in ANSWERS):
                refusal = "H15"
            found[profile_id, kpi["kpi_id"]] = refusal
        return found

    def kpi_reps(self, kpi_id: str) -> set[str]:
        """Reps who are employed and whose profile has the key figure and admits it."""
        today = self.world.as_of
        employed = {
            row["rep_id"]
            for row in self.rows("reps")
            if row["leave_date"] is None or row["leave_date"] >= today
        }
        return {
            row["rep_id"]
            for row in self.rows("rep_profiles")
            if holds(row, today)
            and row["rep_id"] in employed
            and self.refusals.get((row["profile_id"], kpi_id), "none") is None
        }

    def nodes_today(self, reps: set[str]) -> dict[Node, int]:
        """Nodes of reps on S, and how many of them each has."""
        nodes: dict[Node, int] = defaultdict(int)
        for rep_id in reps:
            for node in self.world.nodes(rep_id, self.world.as_of, self.world.cut_off):
                nodes[node] += 1
        return nodes

    # Figures

    def measured(self, subject: Subject, is_month: bool = False) -> Measured | None:
        """Figures of a subject; None where a month of it has no row."""
        world, name = self.world, subject.budget_type_id
        budget_type = world.types[name]
        shape, rolling = budget_type.fields["time_shape"], budget_type.fields["rolling_months"]
        last_day = min(subject.end, world.as_of) - timedelta(1)
        period = None
        if shape == "period":
            period = self._period(subject, last_day, is_month)
            if period is None:
                return None if is_month else Measured({}, "no_snapshot")
        if budget_type.formula and subject.limits:
            return Measured({}, "not_eligible")
        if shape == "snapshot" and subject.end <= world.as_of:
            return Measured({}, "no_snapshot")
        if set(budget_type.reads) - world.delivered:
            return Measured({}, "no_source")
        first, after = subject.start, last_day + timedelta(1)
        if rolling:
            month_end = add_months(last_day.replace(day=1), 1)
            first, after = add_months(month_end, -rolling), min(month_end, world.as_of)
        inside: dict[Node, list[Component]] = defaultdict(list)
        inside["company", "company"] = []
        for component in self.components(name):
            if shape == "flow" and not first <= component.booking_date < after:
                continue
            if period and (component.period_type, component.period_start) != period[:2]:
                continue
            if period and period[2] and component.campaign_id != period[2]:
                continue
            moment = component.known_at or world.cut_off
            nodes = world.nodes(component.rep_id, component.event_date, moment)
            if not self._is_inside(subject, component, nodes[1][1]):
                continue
            for node in nodes[:1] if component.credit_type == "overlay" else nodes:
                inside[node].append(component)
        return Measured(
            {node: self._figure(subject, components) for node, components in inside.items()}
        )

    def _figure(self, subject: Subject, components: list[Component]) -> Figure:
        budget_type = self.world.types[subject.budget_type_id]
        parts = {
            name: counted((c for c in components if c.part == name), rules["over_reps"], "reported")
            for name, rules in budget_type.parts.items()
        }
        return figure(budget_type, parts)

    @staticmethod
    def _is_inside(subject: Subject, component: Component, team_id: str) -> bool:
        has = {
            "channel": component.channel,
            "campaign_id": component.campaign_id,
            "team_id": team_id,
            "rep_id": component.rep_id,
        }
        return all(has[name] in allowed for name, allowed in subject.limits.items())

    def _period(
        self, subject: Subject, last_day: date, is_month: bool
    ) -> tuple[str, date, str] | None:
        """The period whose figures are the subject's: the same days, else the longest inside that
        holds the last day, else the shortest around it that reaches into the subject."""
        kinds = set(self.world.types[subject.budget_type_id].period_types) - {"week"}

        def is_same(period: Period) -> bool:
            return (period.start, period.end) == (subject.start, subject.end)

        candidates = []
        for period in self.world.periods:
            if period.period_type not in kinds:
                continue
            if period.campaign_id not in ("", subject.campaign_id):
                continue
            is_inside = subject.start <= period.start and period.end <= subject.end
            days = (period.end - period.start).days
            if is_same(period):
                rank = (0, 0)
            elif is_month or not (
                period.start <= last_day < period.end and subject.start < period.end
            ):
                continue
            else:
                rank = (1, -days) if is_inside else (2, days)
            candidates.append((rank, period.period_type, period.start, period.campaign_id))
        return min(candidates)[1:] if candidates else None


def nothing(subject: Subject, measured: Measured, world: World) -> Figure:
    """The figure of a node at which nothing was counted."""
    budget_type = world.types[subject.budget_type_id]
    reason = measured.reason
    if reason is None:
        company = measured.figures["company", "company"]
        if company.reason_code in ("filter_required", "no_target"):
            reason = company.reason_code
    is_divided = "denominator" in budget_type.parts or bool(budget_type.formula)
    if reason:
        return Figure(None, None, None, reason)
    zero = Decimal(0)
    if is_divided:
        return Figure(zero, zero, None, "zero_denominator")
    return Figure(zero, None, zero, None)
