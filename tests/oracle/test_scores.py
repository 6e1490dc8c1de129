"""Scores, pace, forecast and status: the models beside the oracle on random companies, exactly."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.scorer import Scorer
from tests.oracle.scores import (
    DAY,
    Calendar,
    Case,
    Clock,
    Kind,
    Person,
    Plan,
    Result,
    days,
    months,
    profile_score,
    result,
)
from tests.support.compiled import read_project

COMPANIES, BATCHES = 36, 4
"""Random companies, and the groups they are compared in."""

KINDS = (
    Kind("invoiced_revenue", adds_up=True),
    Kind("signed_volume", adds_up=True, adds_pipeline=True),
    Kind("new_business_volume", adds_up=True, adds_pipeline=True, channel="new"),
    Kind("unique_customers_visited", adds_up=True, at_most_customers=True),
    Kind("cancelled_volume", "lower", adds_up=True),
    Kind("lost_customers", "lower", adds_up=True),
    Kind("win_rate"),
    Kind("credit_note_rate", "lower"),
    Kind("volume_realisation_rate", "band"),
    Kind("customer_satisfaction_score", "scale", Fraction(-100)),
    Kind("meetings_planned_next_14d"),
    Kind("visit_frequency_compliance", accumulates=True),
    Kind("second_placement_rate", accumulates=True),
)
VERSION = {
    "is_deleted": False,
    "known_from": datetime(2020, 1, 1),
    "known_to": datetime(9999, 12, 31),
}
FIRST, LAST = date(2025, 11, 1), date(2026, 12, 1)
TEAMS = {"T1": "G1", "T2": "G1", "T3": "G2", "unassigned": "unassigned"}
NODES = [("team", team) for team in TEAMS] + [
    ("region", "G1"),
    ("region", "G2"),
    ("region", "unassigned"),
    ("company", "company"),
]


@pytest.fixture(scope="module")
def scorer(compiled: Path) -> Scorer:
    return Scorer(read_project(compiled, ["int_scoring__profile_scores"]))


@dataclass
class Company:
    """A company as the models are fed with it, and what the oracle is asked."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    clock: Clock = field(init=False)
    cases: dict[tuple[str, str, str, str], Case] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        self.tables[table].append(row)


class Maker:
    """Makes a random company that goes looking for trouble: S on first and last days, absences of a
    part of a day, months nobody works in, plans that are more than what was decided."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.company = Company()
        self.today = self.draw.choice(
            [date(2026, 3, 1), date(2026, 3, 17), date(2026, 4, 1), date(2026, 5, 31)]
            + [date(2026, 1, 1) + timedelta(days=self.draw.randrange(300)) for _ in range(4)]
        )
        self.this_month = self.today.replace(day=1)
        self.teams: dict[str, list[tuple[date, str]]] = {}
        self.people: dict[str, Person] = {}

    def amount(self, most: int, decimals: int = 0) -> Fraction:
        return Fraction(self.draw.randrange(most * 10**decimals), 10**decimals)

    def make(self) -> Company:
        add, draw = self.company.add, self.draw
        add("int_core__context", as_of=self.today, cut_off_utc=datetime(2026, 12, 31),
            company_currency="SEK", company_calendar_id="SE")  # fmt: skip
        add("int_planning__parameters", valid_from=date(1900, 1, 1),
            valid_to=date(9999, 12, 31), full_day_hours=Fraction(8))  # fmt: skip
        for day in days(FIRST, LAST):
            add("int_core__dates", date_day=day, month_start=day.replace(day=1))
        last_closed = self.this_month - DAY
        for first, until in months(FIRST, LAST):
            if first < self.today:
                add("int_core__booking_months", month_start=first, is_closed=until <= last_closed)
        calendars = {name: self.calendar(name) for name in ("SE", "NO")}
        self.company.clock = Clock(self.today, calendars["SE"])
        for number in range(6):
            self.person(f"R{number}", calendars)
        for number in range(30):
            add("dim_customers", customer_id=f"C{number}",
                owner_rep_id=draw.choice([*self.people, "unassigned"]),
                is_internal=draw.random() < 0.1,
                merged_into_id="C0" if draw.random() < 0.1 else None)  # fmt: skip
        for number in range(25):
            add("int_core__opportunities", opportunity_id=f"O{number}",
                is_open=draw.random() < 0.8, rep_id=draw.choice([*self.people, "gone"]),
                channel=draw.choice(["new", "upsell"]), area_id=draw.choice(["north", "south"]),
                business_category=None, purchase_method=None,
                expected_close_date=self.today + timedelta(days=draw.randrange(-20, 120)),
                amount=self.amount(500_000, 2),
                probability=Fraction(draw.randrange(101), 100))  # fmt: skip
        for number in range(8):
            self.subject(number)
        self.profiles()
        return self.company

    def calendar(self, name: str) -> Calendar:
        known = {
            day: day.isoweekday() <= 5 and self.draw.random() > 0.06
            for day in days(FIRST, LAST)
            if self.draw.random() < 0.9
        }
        for day, works in known.items():
            self.company.add("stg_canonical__calendar", calendar_id=name, date=day,
                             is_workday=works, **VERSION)  # fmt: skip
        return Calendar(known)

    def person(self, rep_id: str, calendars: dict[str, Calendar]) -> None:
        draw, add = self.draw, self.company.add
        calendar = draw.choice([None, *calendars])
        hired = draw.choice([None, date(2020, 1, 1), self.today - timedelta(draw.randrange(60))])
        leaves = draw.choice([None, None, self.today + timedelta(draw.randrange(-40, 60))])
        fte = draw.choice([None, Fraction(1), Fraction("0.8"), Fraction("0.375")])
        absent = {
            day: draw.choice([Fraction(8), Fraction(4), Fraction("2.5"), Fraction(3)])
            for day in days(self.today - timedelta(40), self.today + timedelta(30))
            if draw.random() < draw.choice([0.02, 0.3])
        }
        if draw.random() < 0.3:
            absent |= {
                day: Fraction(8) for day in days(self.this_month, self.this_month + 31 * DAY)
            }
        for day, hours in absent.items():
            add("stg_canonical__rep_absences", rep_id=rep_id, date=day, hours=hours, **VERSION)
        add("stg_canonical__reps", rep_id=rep_id, calendar_id=calendar, fte=fte, hire_date=hired,
            leave_date=leaves, management_support_from=None, management_support_to=None,
            **VERSION)  # fmt: skip
        self.people[rep_id] = Person(
            rep_id,
            calendars[calendar or "SE"],
            Fraction(1) if fte is None else fte,
            hired or date(1900, 1, 1),
            date(9999, 12, 31) if leaves is None else leaves + DAY,
            absent,
        )
        moves = [(date(2020, 1, 1), draw.choice(["T1", "T2", "T3"]))]
        if draw.random() < 0.4:
            moves.append((self.today - timedelta(draw.randrange(-10, 50)), draw.choice(["T1"])))
        self.teams[rep_id] = moves
        for (since, team), until in zip(
            moves, [*(m[0] for m in moves[1:]), date(9999, 12, 31)], strict=True
        ):
            for first, _ in months(FIRST, LAST):
                add("int_core__rep_nodes", booking_month=first, rep_id=rep_id, team_id=team,
                    region_id=TEAMS[team], valid_from=since, valid_to=until)  # fmt: skip
        add("dim_reps", rep_id=rep_id, team_id=self.team_on(rep_id, self.today),
            region_id=TEAMS[self.team_on(rep_id, self.today)])  # fmt: skip

    def team_on(self, rep_id: str, day: date) -> str:
        held = [team for since, team in self.teams.get(rep_id, []) if since <= day]
        return held[-1] if held else "unassigned"

    def belongs(self, rep_id: str, day: date, level: str, node_id: str) -> bool:
        team = self.team_on(rep_id, day)
        of_level = {"rep": rep_id, "team": team, "region": TEAMS[team], "company": "company"}
        return of_level[level] == node_id

    def period(self) -> tuple[date, date]:
        start = self.draw.choice(
            [
                self.this_month,
                date(2026, (self.today.month - 1) // 3 * 3 + 1, 1),
                date(2026, 1, 1),
                self.today,
                self.today - timedelta(self.draw.randrange(50)),
            ]
        )
        length = self.draw.choice([7, 31, 45, 92])
        end = min(start + timedelta(length), LAST - DAY)
        return start, end.replace(day=1) if self.draw.random() < 0.6 and end.day < 9 else end

    def subject(self, number: int) -> None:
        draw, kind = self.draw, self.draw.choice(KINDS)
        start, end = self.period()
        if end <= start:
            end = start + timedelta(7)
        budget_id = f"B{number}" if draw.random() < 0.7 else None
        subject_type = draw.choice(["kpi", "budget"]) if budget_id else "kpi"
        is_plan = budget_id is not None and kind.adds_up
        targets = self.plan(budget_id, start, end) if is_plan else {}
        if budget_id and not is_plan:
            self.company.add("int_planning__targets", budget_id=budget_id,
                             target_mode="same_level", node_level="company", node_id="company",
                             month=start.replace(day=1), target=Fraction("0.5"))  # fmt: skip
        area = draw.choice([None, "north"]) if budget_id else None
        team = draw.choice([None, None, "T1"]) if budget_id else None
        for dimension, value in (("area_id", area), ("team_id", team)):
            if value:
                self.company.add("int_planning__budget_scopes", budget_id=budget_id,
                                 dimension=dimension, allowed_value=value,
                                 is_current=True)  # fmt: skip
        is_rolling = not is_plan and (budget_id is None or not kind.adds_up)
        for level, node_id in [("rep", rep_id) for rep_id in [*self.people, "unassigned"]] + NODES:
            by_month = targets.get((level, node_id), {})
            self.measure(
                (subject_type, f"S{number}", level, node_id),
                kind,
                budget_id,
                (start, end),
                is_rolling,
                self.node_plan(targets, level, node_id, start) if by_month else None,
                self.pipeline(kind, (area, team), end, level, node_id) if budget_id else None,
            )

    def plan(
        self, budget_id: str | None, start: date, end: date
    ) -> dict[tuple[str, str], dict[date, Fraction]]:
        """Month targets by node: of reps at random, of other nodes their sum or something else."""
        draw = self.draw
        targets: dict[tuple[str, str], dict[date, Fraction]] = defaultdict(dict)
        unit = draw.choice([1, 1000])
        for first, _ in months(start, end):
            month = first.replace(day=1)
            for rep_id in [*self.people, "unassigned"]:
                if draw.random() < 0.85:
                    targets["rep", rep_id][month] = draw.choice(
                        [Fraction(0), self.amount(40) * unit, self.amount(40) * unit]
                    )
            for level, node_id in NODES:
                members = [
                    targets["rep", rep_id][month]
                    for rep_id in [*self.people, "unassigned"]
                    if month in targets["rep", rep_id]
                    and self.belongs(rep_id, first, level, node_id)
                ]
                if members:
                    by_hand = draw.random() < 0.25
                    targets[level, node_id][month] = (
                        self.amount(100) * unit if by_hand else sum(members, Fraction(0))
                    )
        for (level, node_id), by_month in targets.items():
            for month, target in by_month.items():
                self.company.add("int_planning__targets", budget_id=budget_id,
                                 target_mode="distribute", node_level=level, node_id=node_id,
                                 month=month, target=target)  # fmt: skip
        return targets

    def node_plan(
        self,
        targets: dict[tuple[str, str], dict[date, Fraction]],
        level: str,
        node_id: str,
        start: date,
    ) -> Plan:
        placed = max(start, self.this_month)
        reps = [
            (self.people.get(rep_id), targets["rep", rep_id][self.this_month])
            for rep_id in [*self.people, "unassigned"]
            if self.this_month in targets["rep", rep_id]
            and self.belongs(rep_id, placed, level, node_id)
        ]
        return Plan(targets[level, node_id], reps)

    def pipeline(
        self, kind: Kind, scope: tuple[str | None, str | None], end: date, level: str, node_id: str
    ) -> Fraction | None:
        if not kind.adds_pipeline or end <= self.today:
            return None
        area, team = scope
        found = [
            row["amount"] * row["probability"]
            for row in self.company.tables["int_core__opportunities"]
            if row["is_open"]
            and self.today <= row["expected_close_date"] < end
            and (kind.channel is None or row["channel"] == kind.channel)
            and (area is None or row["area_id"] == area)
            and (team is None or self.team_on(row["rep_id"], self.today) == team)
            and self.belongs(row["rep_id"], self.today, level, node_id)
        ]
        return sum(found, Fraction(0))

    def customers(self, level: str, node_id: str) -> int | None:
        owned = [
            row
            for row in self.company.tables["dim_customers"]
            if not row["is_internal"]
            and row["merged_into_id"] is None
            and self.belongs(row["owner_rep_id"], self.today, level, node_id)
        ]
        return len(owned) or None

    def measure(
        self,
        key: tuple[str, str, str, str],
        kind: Kind,
        budget_id: str | None,
        period: tuple[date, date],
        is_rolling: bool,
        plan: Plan | None,
        pipeline: Fraction | None,
    ) -> None:
        draw = self.draw
        target = low = None
        if plan is not None:
            target = sum(plan.by_month.values(), Fraction(0))
            if draw.random() < 0.1:
                target += self.amount(50)
        elif draw.random() < 0.9:
            target = draw.choice([Fraction(0), self.amount(10), self.amount(2, 4) + 1])
        if target is not None and kind.direction == "band" and draw.random() < 0.9:
            low = target * Fraction(draw.randrange(12), 10)
            low = Fraction(int(low * 10_000), 10_000)
        value = draw.choice(
            [
                Fraction(0),
                -self.amount(3),
                target or Fraction(1),
                (target or Fraction(3)) * Fraction(draw.randrange(200), 100),
                self.amount(200, 4),
            ]
        )
        reason = None
        if draw.random() < 0.1:
            value, reason = None, draw.choice(["zero_denominator", "no_source", "insufficient_n"])
        subject_type, subject_id, level, node_id = key
        self.company.add("int_scoring__measures", subject_type=subject_type, subject_id=subject_id,
                         node_level=level, node_id=node_id, budget_type_id=kind.name,
                         parameter_set_id="default", budget_id=budget_id, period_start=period[0],
                         period_end=period[1], is_rolling=is_rolling, value=value, record_count=1,
                         reason_code=reason, target=target, target_low=low)  # fmt: skip
        self.company.cases[key] = Case(
            kind,
            value,
            target,
            low,
            reason,
            *period,
            is_rolling,
            self.people.get(node_id) if level == "rep" else None,
            plan,
            self.customers(level, node_id) if kind.at_most_customers else None,
            pipeline,
        )

    def profiles(self) -> None:
        add, draw = self.company.add, self.draw
        for profile_id in ("P1", "P2"):
            for number in range(8):
                if draw.random() < 0.5:
                    add("int_scoring__profile_kpis", profile_id=profile_id, kpi_id=f"S{number}",
                        weight=Fraction(draw.randrange(5), 10),
                        cap=draw.choice([None, Fraction("0.9"), Fraction(2)]))  # fmt: skip
        for rep_id in self.people:
            team = self.team_on(rep_id, self.today)
            add("int_scoring__rep_profiles", rep_id=rep_id, profile_id=draw.choice(["P1", "P2"]),
                team_id=team, region_id=TEAMS[team])  # fmt: skip


def differences(scorer: Scorer, company: Company) -> Iterator[str]:
    """Every field in which models and oracle differ, with what it is about."""
    scorer.score(company.tables)
    published = {
        (row["subject_type"], row["subject_id"], row["node_level"], row["node_id"]): row
        for row in scorer.rows("int_scoring__scores")
    }
    assert published.keys() == company.cases.keys()
    for key, case in company.cases.items():
        theirs = asdict(result(company.clock, case))
        for name, expected in theirs.items():
            if published[key][name] != expected:
                yield (
                    f"S = {company.clock.today}, {key}: {name} is {published[key][name]}, "
                    f"by the oracle {expected}: {case.kind.name} {case.start} to {case.end}, "
                    f"value {case.value}, target {case.target}, {case.plan}"
                )


def profile_differences(scorer: Scorer, company: Company) -> Iterator[str]:
    places = defaultdict(dict)
    for row in company.tables["int_scoring__profile_kpis"]:
        places[row["profile_id"]][row["kpi_id"]] = (row["weight"], row["cap"])
    scores = {
        (row["node_level"], row["node_id"], row["subject_id"]): row["score"]
        for row in scorer.rows("int_scoring__scores")
        if row["subject_type"] == "kpi"
    }
    for row in scorer.rows("int_scoring__profile_scores"):
        node = (row["node_level"], row["node_id"])
        own = {kpi: scores.get((*node, kpi)) for kpi in places[row["profile_id"]]}
        expected = profile_score(places[row["profile_id"]], own)
        if (row["weight_scored_share"], row["profile_score"]) != expected:
            yield f"{node} {row['profile_id']}: {row}, by the oracle {expected}"


@pytest.mark.parametrize("batch", range(BATCHES))
def test_scores_pace_forecast_and_status_are_those_of_the_oracle(scorer: Scorer, batch: int):
    for seed in range(batch, COMPANIES, BATCHES):
        company = Maker(seed).make()
        found = [*differences(scorer, company), *profile_differences(scorer, company)]
        assert not found, f"company {seed}\n" + "\n".join(found[:5])


def test_the_companies_show_every_status_method_and_reason():
    """What random companies never show would never be compared."""
    results: list[Result] = [
        result(company.clock, case)
        for company in (Maker(seed).make() for seed in range(COMPANIES))
        for case in company.cases.values()
    ]
    assert {r.status for r in results} == {
        *("not_started", "ahead", "on_track", "behind", "at_risk", "met_early", "met", "missed"),
        "not_scored",
    }
    assert {r.forecast_method for r in results} == {
        *("run_rate", "blended", "accumulated", "too_early", "current_value", "final", None),
    }
    assert {r.reason_code for r in results} == {
        *("no_target", "zero_target", "zero_denominator", "no_source", "insufficient_n", None),
    }
