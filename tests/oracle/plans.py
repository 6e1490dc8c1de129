"""The whole path of a plan, a second time: from what the CRM knew to a rep's target of a month.

A plan is settled when its period begins, or when it is first approved after that: until then it
follows what is learnt of people, channels and targets set by hand. What its weights are made of is
what was known when the day of its approval began. After that every change is a revision that holds
for months that have not begun, and every month is settled when it begins.

Digits: shares of time and of measures have ten decimals, amounts and days four, halves away from
zero, at each step that is stored.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import Any

from orchestration.settings import PROJECT_ROOT
from tests.oracle.components import Component
from tests.oracle.fixed_point import money, ratio, times
from tests.oracle.history import ends_on, is_signed
from tests.oracle.planning import (
    Impossible,
    Share,
    Sharer,
    divide,
    half_up,
    phase,
    pool_of,
    share_out,
)
from tests.oracle.types import load_types
from tests.oracle.world import (
    UNASSIGNED,
    Moment,
    Row,
    Version,
    World,
    add_days,
    add_months,
    first_of_month,
    holds,
    months_between,
)

ALWAYS, NEVER = date(1900, 1, 1), date(9999, 12, 31)
MEASURES = (
    "equal",
    "customers",
    "customer_revenue",
    "prior_outcome",
    "potential",
    "working_days",
)
COMPANY_CALENDAR = "SE"


def seed(name: str) -> list[dict[str, str]]:
    """Rows of a reviewed seed."""
    with (PROJECT_ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ten(value: Fraction) -> Fraction:
    """Rounded to ten decimals, half up; not negative."""
    return half_up(value, Fraction(1, 10**10))


def four(value: Fraction) -> Fraction:
    """Rounded to four decimals, half up; not negative."""
    return half_up(value, Fraction(1, 10**4))


@dataclass(frozen=True)
class Budget:
    """A version of a budget that was approved, and when what it reads was settled."""

    row: Row
    version: int
    decided_at: Moment
    valid_from: date
    start: date
    end: date
    settled_at: Moment
    facts_at: Moment
    mode: str
    channel: str
    scope: dict[str, list[str]] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def unit(self) -> Fraction:
        """What targets are multiples of."""
        return Fraction(self.row["rounding_unit"] or 1)

    @property
    def own_target(self) -> Fraction | None:
        """The company's target, where the budget states it."""
        target = self.row["company_target"]
        return None if target is None else Fraction(target)

    def way_of_weighing(self) -> tuple[Any, ...]:
        """What decides the weights: a revision that changes it weighs anew."""
        row = self.row
        return (row["allocation_method"] or "equal", row["weight_params"], row["filters"])


@dataclass(frozen=True)
class Presence:
    """A rep in a month of a period: when at work, and for how much of it."""

    start: date
    end: date
    fte: Fraction
    fte_days: Fraction
    share: Fraction
    employment_month: int


@dataclass(frozen=True)
class Plan:
    """What a budget comes to: shares of the reps, and targets of reps and company by month.

    ``reason`` names why it gives no targets.
    """

    reason: str | None = None
    company_target: Fraction | None = None
    pool: Fraction | None = None
    shares: dict[str, Share] = field(default_factory=dict)
    weights: dict[str, Fraction] = field(default_factory=dict)
    months: dict[tuple[str, date], Fraction] = field(default_factory=dict)
    company_months: dict[date, Fraction] = field(default_factory=dict)


@dataclass
class Planner:
    """All plans of a world."""

    world: World
    _present: dict[tuple[Any, ...], dict[tuple[str, date], Presence]] = field(default_factory=dict)
    _plans: dict[str, Plan] = field(default_factory=dict)
    _targets: dict[tuple[str, int], Fraction | str] = field(default_factory=dict)

    # Budgets

    @cached_property
    def versions(self) -> dict[str, list[Budget]]:
        """Approved versions of the budgets that are approved at S, the plan first."""
        found: dict[str, list[Budget]] = {}
        for key, versions in self.world._versions["budgets"].items():
            known = [v for v in versions if v.known_from < self.world.cut_off]
            if not known or not _is_approved(known[-1].row):
                continue
            numbered = self._numbered([v for v in known if _is_approved(v.row)])
            found[key[0]] = numbered
        return found

    def _numbered(self, approved: list[Version]) -> list[Budget]:
        first, plan, later, before = approved[0], approved[0], {}, None
        for version in approved:
            row = version.row
            said = tuple(row[c] for c in PLANNED)
            begins = self.world.midnight(row["period_start"])
            if version is first or (said != before and version.known_from < begins):
                plan = version
            elif said != before:
                day = self.world.local_date(version.known_from)
                starts = add_months(first_of_month(day), 1)
                if starts < row["period_end_excl"]:
                    later[starts] = version
            before = said
        start, end = plan.row["period_start"], plan.row["period_end_excl"]
        dated = [(start, plan), *sorted(later.items())]
        return [
            self._budget(version, number, valid_from, start, end)
            for number, (valid_from, version) in enumerate(dated, 1)
        ]

    def _budget(
        self, version: Version, number: int, valid_from: date, start: date, end: date
    ) -> Budget:
        row, world = version.row, self.world
        kind = world.types.get(row["budget_type_id"])
        scope = json.loads(row["filters"] or "{}")
        channels = scope.get("channel", [])
        own_channel = kind.fields["channel"] if kind else None
        begins = world.midnight(max(valid_from, start))
        return Budget(
            row,
            number,
            version.known_from,
            valid_from,
            start,
            end,
            min(world.cut_off, max(begins, version.known_from)),
            world.midnight(world.local_date(version.known_from)),
            row["target_mode"] or (kind.fields["target_mode"] if kind else ""),
            channels[0] if len(channels) == 1 else own_channel or "all",
            scope,
            json.loads(row["weight_params"] or "{}"),
        )

    def faults(self, budget: Budget) -> Iterator[str]:
        """Why a version of a budget cannot be planned."""
        row, kind = budget.row, self.world.types.get(budget.row["budget_type_id"])
        if kind is None:
            yield "unknown_type"
            return
        divides = budget.mode == "distribute"
        filled = {*kind.fields["fills"], "team_id"}
        if set(budget.scope) - filled:
            yield "dimension_not_filled"
        if set(kind.fields["requires"]) - set(budget.scope):
            yield "dimension_required"
        works_out = (
            divides
            and row["linked_budget_id"] is not None
            and (
                budget.channel in ("renewal", "new") or budget.params.get("result_per_unit", 0) > 0
            )
        )
        if budget.own_target is None and not works_out:
            yield "no_target"
        if divides and budget.own_target is not None and budget.own_target < 0:
            yield "negative_target"
        if divides and ("denominator" in kind.parts or "denominator" in (kind.formula or {})):
            yield "not_divisible"
        whole = replace(budget, valid_from=budget.start)
        if not any(self.weights_of_months(whole).values()):
            yield "distribution_unknown"
        if (
            divides
            and row["allocation_method"] == "composite"
            and not any(budget.params.get(m) for m in MEASURES)
        ):
            yield "no_measures_named"
        if self._overlaps(budget):
            yield "overlap"

    def _overlaps(self, budget: Budget) -> bool:
        """Whether another budget for the same, approved before, has some of the same days."""
        own = self.versions[budget.row["budget_id"]][0]
        for budget_id, (other, *_) in self.versions.items():
            if (
                budget_id != budget.row["budget_id"]
                and other.row["budget_type_id"] == budget.row["budget_type_id"]
                and other.row["campaign_id"] == budget.row["campaign_id"]
                and _scope_set(other) == _scope_set(budget)
                and other.start < budget.end
                and budget.start < other.end
                and (other.decided_at, budget_id) < (own.decided_at, own.row["budget_id"])
            ):
                return True
        return False

    def month_weights(self, budget: Budget) -> list[Decimal]:
        """Weights of the calendar months in the budget's distribution, as known when settled."""
        by_number = {
            row["month_no"]: row["weight"]
            for row in self.world.all(
                "monthly_distributions",
                budget.settled_at,
                distribution_id=budget.row["distribution_id"],
            )
        }
        return [by_number.get(n, Decimal(0)) for n in range(1, 13)]

    def sound(self, budget_id: str) -> list[Budget]:
        """The versions without faults; the first of them is the plan of the whole period."""
        sound = [b for b in self.versions[budget_id] if not any(self.faults(b))]
        if sound:
            sound[0] = replace(sound[0], valid_from=sound[0].start)
        return sound

    # Time

    def months(self, budget: Budget, since: date | None = None) -> list[tuple[date, date, date]]:
        """Months of a period: first of the month, first day in it, day after the last in it."""
        day, found = since or budget.valid_from, []
        while day < budget.end:
            month = first_of_month(day)
            end = min(budget.end, add_months(month, 1))
            found.append((month, day, end))
            day = end
        return found

    def weights_of_months(self, budget: Budget) -> dict[date, Fraction]:
        """What the months of a budget weigh; one that lies in it in part weighs for its days."""
        found = {}
        for month, start, end in self.months(budget):
            if budget.row["distribution_id"] == "working_days":
                found[month] = Fraction(len(self.workdays(start, end, budget.settled_at)))
                continue
            whole = (add_months(month, 1) - month).days
            weight = Fraction(1)
            if budget.row["distribution_id"] is not None:
                weight = Fraction(self.month_weights(budget)[month.month - 1])
            found[month] = ten(weight * Fraction(ratio((end - start).days, whole)))
        return found

    def workdays(
        self, start: date, end: date, moment: Moment, calendar_id: str | None = COMPANY_CALENDAR
    ) -> set[date]:
        """Working days by a calendar as known at a moment, by default the company's."""
        known = {
            row["date"]: row["is_workday"]
            for row in self.world.all("calendar", moment, calendar_id=calendar_id)
        }
        return {d for d in _days(start, end) if known.get(d, d.weekday() < 5)}

    def present(
        self, settled_at: Moment, start: date, end: date
    ) -> dict[tuple[str, date], Presence]:
        """Reps in roles with targets by month of a period, as known at a moment."""
        key = (settled_at, start, end)
        if key not in self._present:
            self._present[key] = dict(self._presences(settled_at, start, end))
        return self._present[key]

    def _presences(
        self, settled_at: Moment, start: date, end: date
    ) -> Iterator[tuple[tuple[str, date], Presence]]:
        roles = {row["role"] for row in seed("planning_roles") if row["has_targets"] == "true"}
        for rep in self.world.known("reps", settled_at):
            if rep["role"] not in roles:
                continue
            hired = rep["hire_date"] or ALWAYS
            left_on = add_days(rep["leave_date"], 1) if rep["leave_date"] else NEVER
            day = start
            while day < end:
                month = first_of_month(day)
                month_end = min(end, add_months(month, 1))
                works_from, works_to = max(day, hired), min(month_end, left_on)
                if works_from < works_to:
                    yield (
                        (rep["rep_id"], month),
                        self._presence(
                            rep, month, (day, month_end), (works_from, works_to), settled_at
                        ),
                    )
                day = month_end

    def _presence(
        self,
        rep: Row,
        month: date,
        around: tuple[date, date],
        worked: tuple[date, date],
        settled_at: Moment,
    ) -> Presence:
        workdays = self.workdays(*worked, settled_at, rep["calendar_id"])
        hours = sum(
            (
                row["hours"]
                for row in self.world.all("rep_absences", settled_at, rep_id=rep["rep_id"])
                if row["date"] in workdays
            ),
            Decimal(0),
        )
        fte = Fraction(1 if rep["fte"] is None else rep["fte"])
        absent = four(Fraction(hours) / Fraction(self.parameter("full_day_hours", month)))
        return Presence(
            *worked,
            fte,
            max(len(workdays) * fte - absent, Fraction(0)),
            Fraction(ratio((worked[1] - worked[0]).days, (around[1] - around[0]).days)),
            months_between(rep["hire_date"] or ALWAYS, month) + 1,
        )

    def parameter(self, name: str, on: date) -> Decimal:
        """A parameter of planning as it holds on a day."""
        rows = [
            row
            for row in seed("planning_parameters")
            if row["parameter_id"] == name and date.fromisoformat(row["valid_from"]) <= on
        ]
        return Decimal(max(rows, key=lambda row: row["valid_from"])["value"])

    # People

    def eligible(self, budget: Budget, settled_at: Moment, start: date, end: date) -> set[str]:
        """Reps who can have a share of the period: at work, in the channel, in the team."""
        begins: dict[str, date] = {}
        for (rep_id, _), presence in self.present(settled_at, start, end).items():
            begins[rep_id] = min(begins.get(rep_id, NEVER), presence.start)
        return {
            rep_id
            for rep_id, day in begins.items()
            if self._works_in(budget, rep_id, day, settled_at)
        }

    def _works_in(self, budget: Budget, rep_id: str, day: date, settled_at: Moment) -> bool:
        own = {
            row["channel"]
            for row in self.world.all("rep_channels", settled_at, rep_id=rep_id)
            if holds(row, day)
        }
        if budget.channel != "all" and own and budget.channel not in own:
            return False
        if "team_id" not in budget.scope:
            return True
        teams = [
            row
            for row in self.world.all("rep_team_assignments", settled_at, rep_id=rep_id)
            if holds(row, day)
        ]
        newest = max(teams, key=lambda row: row["valid_from"], default=None)
        return newest is not None and newest["team_id"] in budget.scope["team_id"]

    # Weights

    def customers(self, budget: Budget) -> dict[str, str]:
        """Customers and their owners on the first day of the plan."""
        world, moment, day = self.world, budget.facts_at, budget.valid_from
        found = {}
        for row in world.known("customers", moment):
            customer = row["customer_id"]
            owners = world.assigned(customer, "owner", day, moment)
            if (
                owners
                and not row["is_internal"]
                and row["merged_into_id"] is None
                and (row["lost_at"] is None or row["lost_at"] >= day)
            ):
                found[customer] = owners[0]
        return found

    def _closed_months(self, budget: Budget) -> list[date]:
        return [
            month.start
            for month in self.world.booking_months
            if month.closes_at <= budget.facts_at and month.end <= budget.start
        ]

    @cached_property
    def _components(self) -> Callable[[str], list[Component]]:
        types, made = load_types(), {}

        def of(budget_type_id: str) -> list[Component]:
            if budget_type_id not in made:
                made[budget_type_id] = [
                    c
                    for c in types[budget_type_id](self.world)
                    if c.part == "numerator" and c.credit_type != "overlay"
                ]
            return made[budget_type_id]

        return of

    def revenue(self, budget: Budget) -> dict[str, Decimal]:
        """What customers were invoiced in the last twelve closed months."""
        count = int(self.parameter("revenue_months", budget.valid_from))
        months = set(self._closed_months(replace(budget, start=budget.valid_from))[-count:])
        found: dict[str, Decimal] = defaultdict(Decimal)
        for component in self._components("invoiced_revenue"):
            if first_of_month(component.booking_date) in months:
                customer = self.world.survivor(component.customer_id, budget.facts_at)
                found[customer] += component.amount or Decimal(0)
        return found

    def measure(self, name: str, budget: Budget) -> Callable[[str], Decimal]:
        """A measure of reps."""
        if name == "equal":
            return lambda rep_id: Decimal(1)
        found: dict[str, Decimal] = defaultdict(Decimal)
        if name == "prior_outcome":
            start, end = add_months(budget.start, -12), add_months(budget.end, -12)
            closed = set(self._closed_months(budget))
            for component in self._components(budget.row["budget_type_id"]):
                day = component.booking_date
                if start <= day < end and first_of_month(day) in closed:
                    found[component.rep_id] += component.amount or Decimal(0)
            index = Decimal(str(budget.params.get("indexation", 1)))
            return lambda rep_id: times(found[rep_id], index)
        revenue = self.revenue(budget) if name != "customers" else {}
        for customer, owner in self.customers(budget).items():
            got = revenue.get(customer, Decimal(0))
            row = self.world.customer(customer, budget.facts_at)
            found[owner] += {
                "customers": Decimal(1),
                "customer_revenue": got,
                "potential": max((row["potential_amount"] or Decimal(0)) - max(got, 0), Decimal(0)),
            }[name]
        return lambda rep_id: found[rep_id]

    def factors(self, budget: Budget) -> dict[str, Fraction]:
        """How much each measure counts."""
        method = budget.row["allocation_method"] or "equal"
        if method not in ("composite", "manual"):
            return {method: Fraction(1)}
        named = {
            name: Fraction(str(budget.params[name]))
            for name in MEASURES
            if budget.params.get(name, 0) > 0
        }
        return named or {"customers": Fraction(1)}

    def ramp(self, budget: Budget, employment_month: int) -> Fraction:
        """What share a joiner is asked for in a month of employment."""
        steps = budget.params.get("ramp", [])
        if 1 <= employment_month <= len(steps):
            return Fraction(str(steps[employment_month - 1]))
        return Fraction(1)

    def phases(self, budget: Budget) -> dict[str, dict[date, Presence]]:
        """Presence of the eligible reps in the months of the plan."""
        settled = (budget.settled_at, budget.valid_from, budget.end)
        chosen = self.eligible(budget, *settled)
        found: dict[str, dict[date, Presence]] = defaultdict(dict)
        for (rep_id, month), presence in self.present(*settled).items():
            if rep_id in chosen:
                found[rep_id][month] = presence
        return found

    def weights(self, budget: Budget) -> dict[str, Fraction]:
        """Weights of the eligible reps; what a ramp leaves may wait at `unassigned`."""
        months, phases = self.weights_of_months(budget), self.phases(budget)
        factors, whole = self.factors(budget), sum(months.values())
        full: dict[str, Fraction] = defaultdict(Fraction)
        ramped: dict[str, Fraction] = defaultdict(Fraction)
        for name, factor in factors.items():
            by_days = name == "working_days"
            measure = None if by_days else self.measure(name, budget)
            values = {}
            for rep_id, present in phases.items():
                if by_days:
                    values[rep_id] = (
                        sum(p.fte_days for p in present.values()),
                        sum(
                            ten(p.fte_days * self.ramp(budget, p.employment_month))
                            for p in present.values()
                        ),
                    )
                    continue
                there = {m: ten(months[m] * p.share) for m, p in present.items()}
                asked = sum(
                    ten(share * self.ramp(budget, present[m].employment_month))
                    for m, share in there.items()
                )
                value = Fraction(max(measure(rep_id), 0))
                values[rep_id] = (
                    ten(value * ten(sum(there.values()) / whole)),
                    ten(value * ten(asked / whole)),
                )
            total = sum(value for value, _ in values.values())
            for rep_id, pair in values.items():
                if len(factors) > 1:
                    pair = [ten((ten(v / total) if total else 0) * factor) for v in pair]
                full[rep_id] += pair[0]
                ramped[rep_id] += pair[1]
        gap = sum(full.values()) - sum(ramped.values())
        if budget.params.get("ramp_gap_unassigned", 0) > 0 and gap > 0:
            ramped[UNASSIGNED] = gap
        return dict(ramped)

    # Targets set by hand

    def set_by_hand(
        self, budget: Budget, settled_at: Moment, start: date, end: date
    ) -> dict[tuple[str, date], Row]:
        """Targets of reps set by hand for the months of a period, as known at a moment."""
        newest: dict[tuple[str, date], Row] = {}
        for row in self.world.all("budget_targets", settled_at, budget_id=budget.row["budget_id"]):
            month = first_of_month(row["month"])
            if (
                row["node_type"] != "rep"
                or month >= end
                or add_months(month, 1) <= start
                or (row["valid_from"] or start) >= add_months(month, 1)
            ):
                continue
            key = (row["node_id"], month)
            rank = (row["channel"] == budget.channel, row["version"])
            if key not in newest or rank > (
                newest[key]["channel"] == budget.channel,
                newest[key]["version"],
            ):
                newest[key] = row
        return {
            key: row for key, row in newest.items() if row["channel"] in ("all", budget.channel)
        }

    def is_locked(self, budget: Budget, row: Row) -> bool:
        """Whether a target set by hand is fixed."""
        by_hand = budget.row["allocation_method"] == "manual" and row["target"] is not None
        return bool(row["is_locked"]) or by_hand

    def sharers(self, budget: Budget) -> list[Sharer]:
        """Who shares in the plan, with floors, caps and locks."""
        phases = self.phases(budget)
        hand = self.set_by_hand(budget, budget.settled_at, budget.start, budget.end)
        kind = self.world.types[budget.row["budget_type_id"]].fields
        least = Fraction(self.parameter("minimum_margin_per_rep_month", budget.start))
        asks_minimum = (
            budget.params.get("minimum_budget", 0) > 0
            and kind["measures"] == "margin"
            and kind["unit"] == "currency"
        )
        found = []
        for rep_id, weight in self.weights(budget).items():
            months = phases.get(rep_id, {})
            rows = [row for (node, _), row in hand.items() if node == rep_id]
            locked = [Fraction(row["target"] or 0) for row in rows if self.is_locked(budget, row)]
            told = [row["target"] for row in rows if row["target"] is not None]
            caps = [Fraction(row["cap"]) for row in rows if row["cap"] is not None]
            floors = [sum((Fraction(row["floor"] or 0) for row in rows), Fraction(0)), sum(locked)]
            if asks_minimum and months:
                floors.append(four(sum(p.share * p.fte for p in months.values()) * least))
            all_months = bool(months) and bool(rows)
            found.append(
                Sharer(
                    rep_id,
                    weight,
                    max(floors),
                    sum(caps) if all_months and len(caps) >= len(months) else None,
                    Fraction(sum(told))
                    if all_months and len(locked) == len(rows) and len(told) >= len(months)
                    else None,
                )
            )
        return found

    # The company's target

    def company_target(self, budget: Budget) -> Fraction | str:
        """The company's target, or the reason why there is none."""
        key = (budget.row["budget_id"], budget.version)
        if key not in self._targets:
            self._targets[key] = self._company_target(budget)
        return self._targets[key]

    def _company_target(self, budget: Budget) -> Fraction | str:
        if budget.own_target is not None:
            return budget.own_target
        if budget.params.get("result_per_unit", 0) > 0:
            return self._derived(budget)
        if budget.channel == "renewal":
            return self._renewals(budget)
        fields = self._fields(budget)
        parent = self._plan_of(budget.row["linked_budget_id"])
        if (
            parent is None
            or parent.channel != "all"
            or self._fields(parent) != fields
            or parent.own_target is None
        ):
            return "no_company_plan"
        rest = parent.own_target
        for budget_id in self.versions:
            sibling = self._plan_of(budget_id)
            if (
                sibling
                and sibling.row["linked_budget_id"] == budget.row["linked_budget_id"]
                and sibling.channel in ("renewal", "upsell", "win_back")
                and self._fields(sibling)[0] == fields[0]
            ):
                target = self.company_target(sibling)
                if isinstance(target, str):
                    return "channel_without_target"
                rest -= target
        return rest if rest >= 0 else "negative_rest"

    def _derived(self, budget: Budget) -> Fraction | str:
        """Activities that a result takes: as many as it is worth, and through every step before;
        what is begun counts whole."""
        result = self._plan_of(budget.row["linked_budget_id"])
        if result is None or result.own_target is None:
            return "nothing_to_derive_from"
        needed = ceil(result.own_target / Fraction(str(budget.params["result_per_unit"])))
        for share in budget.params.get("conversions", []):
            needed = ceil(needed / Fraction(str(share)))
        return Fraction(needed)

    def _fields(self, budget: Budget) -> tuple[str, str]:
        fields = self.world.types[budget.row["budget_type_id"]].fields
        return fields["measures"], fields["unit"]

    def _plan_of(self, budget_id: str | None) -> Budget | None:
        sound = self.sound(budget_id) if budget_id in self.versions else []
        return sound[0] if sound else None

    def _renewals(self, budget: Budget) -> Fraction | str:
        """The contract years that fall due in the period, times the rate that is expected."""
        world, moment = self.world, budget.facts_at
        expected = []
        for contract in world.known("contracts", moment):
            if not is_signed(contract) or contract["start_date"] is None:
                continue
            withdrawn = contract["termination_withdrawn_at"] is not None
            is_ended = contract["termination_notice_date"] is not None and not withdrawn
            end, number = ends_on(contract), 1
            while True:
                starts = add_months(contract["start_date"], 12 * (number - 1))
                if starts >= min(end, budget.end):
                    break
                due = min(add_months(contract["start_date"], 12 * number), end)
                number += 1
                if not budget.start <= due < budget.end or (is_ended and due == end):
                    continue
                for line in world.all(
                    "contract_lines", moment, contract_id=contract["contract_id"]
                ):
                    categories = budget.scope.get("product_category")
                    if categories is None or line["product_category"] in categories:
                        rate = self._rate(budget, line["product_category"], due)
                        expected.append(None if rate is None else times(line["annual_value"], rate))
        if not expected:
            return "nothing_due"
        if None in expected:
            return "no_renewal_rate"
        return half_up(Fraction(sum(expected)), budget.unit)

    def _rate(self, budget: Budget, category: str, due: date) -> Decimal | None:
        if budget.row["expected_renewal_rate"] is not None:
            return budget.row["expected_renewal_rate"]
        rows = [
            row
            for row in self.world.all("renewal_rates", budget.facts_at, product_category=category)
            if row["period"] <= due
        ]
        return max(rows, key=lambda row: row["period"])["expected_rate"] if rows else None

    def pool(self, budget: Budget) -> Fraction:
        """What is divided of the company's target, before it is raised to floors."""
        target = self.company_target(budget)
        assert not isinstance(target, str)
        return pool_of(target, Fraction(budget.row["over_assignment"] or 0), budget.unit)

    # Plans

    def plan(self, budget_id: str) -> Plan:
        """What a divided budget comes to."""
        if budget_id not in self._plans:
            self._plans[budget_id] = self._plan(budget_id)
        return self._plans[budget_id]

    def _plan(self, budget_id: str) -> Plan:
        versions = self.sound(budget_id)
        if not versions:
            return Plan(reason=min(self.faults(self.versions[budget_id][0])))
        budget = versions[0]
        target = self.company_target(budget)
        if isinstance(target, str):
            return Plan(reason=target)
        sharers, pool = self.sharers(budget), self.pool(budget)
        if budget.params.get("raise_to_floors", 0) > 0:
            least = sum(s.floor if s.lock is None else s.lock for s in sharers)
            pool = max(pool, Fraction(least))
        refused = None
        if any(s.cap is not None and s.cap < s.floor for s in sharers):
            refused = "faulty_limits"
        else:
            try:
                shares = divide(sharers, pool, budget.unit)
            except Impossible as impossible:
                refused = impossible.reason
        if refused:
            return Plan(reason=refused, company_target=target, pool=pool)
        weights = {s.key: s.weight for s in sharers}
        base = self._phased(budget, shares)
        months = _Months(self, versions, base).targets()
        return Plan(None, target, pool, shares, weights, months, self._company_months(versions))

    def _phased(
        self, budget: Budget, shares: dict[str, Share]
    ) -> dict[tuple[str, date], tuple[Fraction, bool]]:
        """The plan month by month: locked months as agreed, all others by the phasing."""
        of_months, phases = self.weights_of_months(budget), self.phases(budget)
        hand = self.set_by_hand(budget, budget.settled_at, budget.start, budget.end)
        found: dict[tuple[str, date], tuple[Fraction, bool]] = {}
        for rep_id, share in shares.items():
            if share.is_locked:
                for (node, month), row in hand.items():
                    if node == rep_id:
                        found[rep_id, month] = (Fraction(row["target"]), True)
                continue
            by_days = budget.row["distribution_id"] == "working_days"
            weights = dict(of_months)
            if rep_id != UNASSIGNED:
                weights = {
                    month: ten(
                        (p.fte_days if by_days else ten(of_months[month] * p.share))
                        * self.ramp(budget, p.employment_month)
                    )
                    for month, p in sorted(phases[rep_id].items())
                }
            parts = phase(share.target, list(weights.values()), budget.unit)
            for month, part in zip(weights, parts, strict=True):
                found[rep_id, month] = (part, False)
        return found

    def _company_months(self, versions: list[Budget]) -> dict[date, Fraction]:
        return _revised(self, versions, lambda budget: self.company_target(budget))


def _revised(
    planner: Planner, versions: list[Budget], amount: Callable[[Budget], Any]
) -> dict[date, Fraction]:
    """An amount by month: the plan's on all months, and what a later version differs by on the
    months that had not begun."""
    weights = planner.weights_of_months(versions[0])
    found: dict[date, Fraction] = defaultdict(Fraction)
    before = Fraction(0)
    for budget in versions:
        now = amount(budget)
        if isinstance(now, str):
            continue
        open_months = [m for m in weights if add_months(m, 1) > budget.valid_from]
        change = now - before
        parts = phase(abs(change), [weights[m] for m in open_months], budget.unit)
        for month, part in zip(open_months, parts, strict=True):
            found[month] += part if change >= 0 else -part
        before = now
    return dict(found)


@dataclass
class _Months:
    """Targets by month after all that happened since the plan was settled."""

    planner: Planner
    versions: list[Budget]
    base: dict[tuple[str, date], tuple[Fraction, bool]]

    def targets(self) -> dict[tuple[str, date], Fraction]:
        """Target of each rep and of `unassigned` by month; what is nothing is left out."""
        plan = self.versions[0]
        changes = _revised(self.planner, self.versions, self.planner.pool)
        first = _revised(self.planner, self.versions[:1], self.planner.pool)
        found: dict[tuple[str, date], Fraction] = {}
        for month, start, end in self.planner.months(plan):
            settled_at = min(
                self.planner.world.cut_off,
                max(self.planner.world.midnight(start), plan.settled_at),
            )
            in_force = [b for b in self.versions if b.valid_from <= start][-1]
            change = changes.get(month, Fraction(0)) - first.get(month, Fraction(0))
            of_month = self._month(month, start, end, settled_at, in_force, change)
            found |= {(rep_id, month): target for rep_id, target in of_month.items()}
        return found

    def _month(
        self,
        month: date,
        start: date,
        end: date,
        settled_at: Moment,
        in_force: Budget,
        change: Fraction,
    ) -> dict[str, Fraction]:
        planner, plan = self.planner, self.versions[0]
        able = planner.eligible(in_force, settled_at, start, end)
        standing: dict[str, Fraction] = defaultdict(Fraction)
        planned_locks, leavers = {}, set()
        for (rep_id, of_month), (target, _) in self.base.items():
            if of_month != month:
                continue
            standing[rep_id] += target
            left = self._left(plan, rep_id, month, start, end, settled_at, target)
            if left is not None:
                leavers.add(rep_id)
                standing[rep_id] -= left
                unlocked = {r for r in able if not self.base.get((r, month), (0, False))[1]}
                heirs = self._heirs(plan, rep_id, start, settled_at, unlocked)
                for heir, part in share_out(heirs, left, plan.unit).items():
                    standing[heir] += part
        hand = planner.set_by_hand(plan, plan.settled_at, plan.start, plan.end)
        for (rep_id, of_month), row in hand.items():
            if of_month == month and planner.is_locked(plan, row):
                planned_locks[rep_id] = row["target"]
        now = planner.set_by_hand(in_force, settled_at, start, end)
        locks = {
            rep_id: row["target"]
            for (rep_id, _), row in now.items()
            if planner.is_locked(in_force, row) and rep_id in able
        }
        differs = any(
            locks.get(rep_id) != planned_locks.get(rep_id)
            and not (rep_id not in locks and rep_id in leavers)
            for rep_id in {*locks, *planned_locks}
        )
        if not differs and in_force is plan:
            return dict(standing)
        amount = sum(standing.values()) + change
        free = amount - sum(Fraction(lock) for lock in locks.values())
        if free < 0:
            return dict(standing)
        weights = dict(standing)
        if in_force.way_of_weighing() != plan.way_of_weighing():
            weights = {
                rep_id: weight
                for rep_id, weight in planner.weights(in_force).items()
                if rep_id in able or rep_id == UNASSIGNED
            }
        weights = {r: w for r, w in weights.items() if r not in locks}
        members = {r: w for r, w in weights.items() if w > 0}
        if not members:
            members = {r: w for r, w in weights.items() if r != UNASSIGNED} or {
                UNASSIGNED: Fraction(0)
            }
        shares = share_out(members, free, plan.unit)
        return shares | {rep_id: Fraction(lock) for rep_id, lock in locks.items()}

    def _left(
        self,
        plan: Budget,
        rep_id: str,
        month: date,
        start: date,
        end: date,
        settled_at: Moment,
        target: Fraction,
    ) -> Fraction | None:
        """What a rep leaves of a month's target, None for one who stays or was known to leave."""
        if rep_id == UNASSIGNED:
            return None
        presence = self.planner.present(settled_at, start, end).get((rep_id, month))
        if presence is None:
            return target
        if presence.end == end or self._leave_date(rep_id, settled_at) == self._leave_date(
            rep_id, plan.settled_at
        ):
            return None
        workdays = self.planner.workdays(start, end, settled_at)
        worked = sum(1 for d in workdays if d < presence.end)
        if not workdays:
            return Fraction(0)
        return target - min(target, half_up(target * worked / len(workdays), plan.unit))

    def _leave_date(self, rep_id: str, moment: Moment) -> date | None:
        row = self.planner.world.one("reps", moment, rep_id=rep_id)
        return row["leave_date"] if row else None

    def _heirs(
        self, plan: Budget, rep_id: str, start: date, settled_at: Moment, able: set[str]
    ) -> dict[str, Fraction]:
        """Who takes over, by the customers that were handed over; `unassigned` where nobody can."""
        world, heirs = self.planner.world, Counter()
        leave_date = self._leave_date(rep_id, settled_at)
        weights: dict[str, Fraction] = defaultdict(Fraction)
        if leave_date is not None:
            day = max(start, add_days(leave_date, 1))
            rows = world.known("customer_assignments", settled_at)
            owners = [row for row in rows if row["role"] == "owner"]
            old = {
                r["customer_id"] for r in owners if r["rep_id"] == rep_id and holds(r, leave_date)
            }
            for customer in old:
                new = [
                    r["rep_id"]
                    for r in owners
                    if r["customer_id"] == customer and r["rep_id"] != rep_id and holds(r, day)
                ]
                heir = min(new, default=UNASSIGNED)
                heirs[heir if heir in able else UNASSIGNED] += 1
        for heir, customers in heirs.items():
            asked = Fraction(1)
            if heir != UNASSIGNED:
                row = world.one("reps", settled_at, rep_id=heir)
                hired = row["hire_date"] or ALWAYS
                asked = self.planner.ramp(plan, months_between(hired, first_of_month(start)) + 1)
            weights[heir] += customers * asked
            weights[UNASSIGNED] += customers * (1 - asked)
        return {heir: w for heir, w in weights.items() if w > 0} or {UNASSIGNED: Fraction(0)}


PLANNED = (
    "budget_type_id",
    "campaign_id",
    "period_start",
    "period_end_excl",
    "company_target",
    "currency",
    "over_assignment",
    "allocation_method",
    "weight_params",
    "rounding_unit",
    "distribution_id",
    "filters",
    "target_mode",
    "target_low",
    "expected_renewal_rate",
    "linked_budget_id",
)
"""Columns of a budget that decide its plan; a version that changes none of them is no revision."""


def _is_approved(row: Row) -> bool:
    return row["status"] in ("approved", "locked") and not row["is_deleted"]


def _scope_set(budget: Budget) -> set[tuple[str, str]]:
    return {(name, value) for name, values in budget.scope.items() for value in values}


def _days(start: date, end: date) -> Iterator[date]:
    day = start
    while day < end:
        yield day
        day = add_days(day, 1)


def standards(planner: Planner, budget_id: str) -> dict[tuple[str, date], Fraction]:
    """What each rep is asked for by month where a budget is a standard or a level."""
    versions = planner.sound(budget_id)
    plan, found = versions[0], {}
    for month, start, end in planner.months(plan):
        budget = [b for b in versions if b.valid_from <= start][-1]
        settled_at = min(planner.world.cut_off, max(planner.world.midnight(start), plan.settled_at))
        present = planner.present(settled_at, start, end)
        for rep_id in planner.eligible(budget, settled_at, start, end):
            presence = present[rep_id, month]
            found[rep_id, month] = _standard(planner, budget, presence, month)
    return found


def _standard(planner: Planner, budget: Budget, presence: Presence, month: date) -> Fraction:
    wanted = budget.own_target
    if budget.mode == "same_level":
        return wanted
    kind = planner.world.types[budget.row["budget_type_id"]].fields
    weeks = budget.params.get("per_weeks", 0)
    asked = Fraction(times(Decimal(str(_decimal(wanted))), _decimal(presence.fte)))
    if kind["time_shape"] == "flow" and weeks > 0:
        days = Fraction(planner.parameter("week_workdays", month)) * Fraction(str(weeks))
        asked = four(wanted * presence.fte_days / days)
    elif kind["time_shape"] == "flow":
        asked = Fraction(money(_decimal(asked) * _decimal(presence.share)))
    if budget.row["rounding_unit"] is not None:
        return half_up(asked, budget.unit)
    return asked


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
