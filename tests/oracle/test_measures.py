"""What budgets and key figures of random companies have reached is what the oracle says.

Every budget month by month and to date at every node, which key figures are admitted, and value and
target of everything that is scored. Targets of budgets are taken from the plan, which has an oracle
of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.figures import Figure
from tests.oracle.measures import Measurer, Node, Subject, nothing
from tests.oracle.scored_company import scored_company
from tests.support.compiled import Project, Warehouse, read_project

COMPANIES = 12
PUBLISHED = ("budget_outcomes", "int_scoring__measures", "targets")
ENDED_DAYS = 31
KINDS = ("looked_up", "summed", "counted", "evaluated", "none")
EVERYWHERE = ("no_source", "no_snapshot", "not_eligible", "filter_required", "no_target")

Key = tuple[Any, ...]


def agree(ours: Figure, theirs: Figure) -> bool:
    """Of what has no value for a reason that holds for every node, the parts are not compared."""
    if ours.reason_code in EVERYWHERE and ours.value is None:
        return (theirs.value, theirs.reason_code) == (None, ours.reason_code)
    return ours == theirs


class Comparison:
    """Companies as models and oracle see them, and how often each kind of figure was seen."""

    def __init__(self, project: Project) -> None:
        self.warehouse = Warehouse(project)
        self.seen: Counter[str] = Counter()

    def differences(self, seed: int) -> list[str]:
        """What differs in the company of a seed, a line each."""
        company = scored_company(seed)
        self.warehouse.deliver(company.tables, company.as_of, company.delivered)
        self.warehouse.build()
        self.measurer = Measurer(company.world())
        self.targets = self._targets()
        return [*self._outcomes(), *self._admission(), *self._measures()]

    def _targets(self) -> dict[str, dict[Node, dict[date, tuple[str, Decimal, Decimal]]]]:
        """Budget → node → month → mode, target and lower end."""
        found: dict[str, Any] = {}
        for budget_id, level, node_id, month, *target in self.warehouse.rows(
            "select budget_id, node_level, node_id, month, target_mode, target, target_low "
            "from marts.targets"
        ):
            of_node = found.setdefault(budget_id, {}).setdefault((level, node_id), {})
            of_node[month] = tuple(target)
        return found

    def _outcomes(self) -> list[str]:
        found: dict[Key, dict[Node, Figure]] = defaultdict(dict)
        for budget_id, kind, start, end, level, node_id, *figure, how in self.warehouse.rows(
            "select budget_id, period_type, period_start, period_end, node_level, node_id, "
            "numerator, denominator, value, reason_code, figure_kind "
            "from scoring.int_scoring__budget_outcomes"
        ):
            found[budget_id, kind, start, end][level, node_id] = Figure(*figure)
            self.seen[how] += 1
        published = self.warehouse.rows("select count(*) from marts.budget_outcomes")
        assert published == [(sum(map(len, found.values())),)]
        expected: dict[Key, dict[Node, Figure]] = {}
        for budget_id, budget in self.measurer.budgets.items():
            places = [("to_date", budget.start, budget.end)]
            places += [("month", *days) for days in self.measurer.months(budget)]
            for kind, start, end in places:
                part = Subject(budget.budget_type_id, start, end, budget.limits, budget.campaign_id)
                measured = self.measurer.measured(part, is_month=kind == "month")
                if measured is None:
                    continue
                planned = {
                    node
                    for node, months in self.targets.get(budget_id, {}).items()
                    if any(start.replace(day=1) <= month < end for month in months)
                }
                expected[budget_id, kind, start, end] = {
                    node: measured.figures.get(node, nothing(part, measured, self.measurer.world))
                    for node in {*measured.figures, *planned, ("company", "company")}
                }
        return self._compared("budget", found, expected)

    def _compared(
        self,
        what: str,
        found: dict[Key, dict[Node, Figure]],
        expected: dict[Key, dict[Node, Figure]],
    ) -> list[str]:
        """A node at which things were counted and taken back may be there or not."""
        lines = []
        for place in sorted(expected.keys() | found.keys(), key=str):
            ours, theirs = found.get(place), expected.get(place)
            if ours is None or theirs is None:
                lines.append(f"{what} {place}: only {'oracle' if ours is None else 'models'}")
                continue
            for node in sorted(ours.keys() | theirs.keys()):
                one, other = ours.get(node), theirs.get(node)
                if one is None or other is None:
                    lone = one or other
                    if lone and (lone.numerator or lone.denominator):
                        lines.append(f"{what} {place} {node}: models {one}, oracle {other}")
                elif not agree(one, other):
                    lines.append(f"{what} {place} {node}: models {one}, oracle {other}")
        return lines

    def _admission(self) -> list[str]:
        found = {
            (profile_id, kpi_id): refusal
            for profile_id, kpi_id, refusal in self.warehouse.rows(
                "select profile_id, kpi_id, first_refusal from scoring.int_scoring__admission"
            )
        }
        expected = self.measurer.refusals
        self.seen.update(refusal or "admitted" for refusal in expected.values())
        return [
            f"admission {place}: models {found.get(place, 'no row')}, oracle {expected.get(place)}"
            for place in sorted(expected.keys() | found.keys())
            if place not in found or place not in expected or found[place] != expected[place]
        ]

    def _measures(self) -> list[str]:
        found: dict[Key, tuple[Figure, Decimal, Decimal]] = {}
        for kind, subject_id, level, node_id, *figure, target, low in self.warehouse.rows(
            "select subject_type, subject_id, node_level, node_id, numerator, denominator, value, "
            "reason_code, target, target_low from scoring.int_scoring__measures"
        ):
            found[kind, subject_id, level, node_id] = (Figure(*figure), target, low)
        expected = {**self._of_kpis(), **self._of_budgets()}
        lines = []
        for place in sorted(expected.keys() | found.keys()):
            ours, theirs = found.get(place), expected.get(place)
            self.seen[place[0]] += 1
            if (
                ours is None
                or theirs is None
                or not agree(ours[0], theirs[0])
                or ours[1:] != theirs[1:]
            ):
                lines.append(f"{place}: models {ours}, oracle {theirs}")
        return lines

    def _row(
        self, subject: Subject, node: Node, target: tuple[Decimal | None, Decimal | None]
    ) -> tuple[Any, ...]:
        measured = self.measurer.measured(subject)
        assert measured is not None
        figure = measured.figures.get(node, nothing(subject, measured, self.measurer.world))
        if figure.reason_code is None and target[0] is None:
            figure = figure._replace(reason_code="no_target")
        return (figure, *target)

    def _of_budgets(self) -> dict[Key, tuple[Any, ...]]:
        today = self.measurer.world.as_of
        return {
            ("budget", budget_id, *node): self._row(
                budget, node, self._planned(budget_id, node, budget)
            )
            for budget_id, budget in self.measurer.budgets.items()
            if today < budget.end + timedelta(ENDED_DAYS)
            for node in self.targets.get(budget_id, ())
        }

    def _planned(
        self, budget_id: str, node: Node, subject: Subject
    ) -> tuple[Decimal | None, Decimal | None]:
        """Target and lower end of a node in the days of a subject: the sum of its months, of a
        level the newest month that has begun, of a standing figure that was divided all months."""
        fields = self.measurer.world.types[subject.budget_type_id].fields
        is_standing = fields["time_shape"] != "flow" or fields["rolling_months"] is not None
        months = self.targets.get(budget_id, {}).get(node, {})
        mode = next(iter(months.values()))[0] if months else None
        if not (mode == "distribute" and is_standing):
            first = subject.start.replace(day=1)
            months = {m: row for m, row in months.items() if first <= m < subject.end}
        if not months:
            return None, None
        today = self.measurer.world.as_of
        begun = [month for month in months if month <= today]
        newest = max(begun) if begun else min(months)
        is_level = mode == "same_level" or (mode == "per_rep" and is_standing)
        target = months[newest][1] if is_level else sum(row[1] for row in months.values())
        return target, months[newest][2]

    def _of_kpis(self) -> dict[Key, tuple[Any, ...]]:
        measurer, found = self.measurer, {}
        for kpi in measurer.rows("kpis"):
            reps = measurer.kpi_reps(kpi["kpi_id"])
            if not reps:
                continue
            start, end = measurer.kpi_period(kpi)
            budget_type = measurer.world.types[kpi["budget_type_id"]]
            is_level = budget_type.fields["target_mode"] == "same_level"
            if kpi["budget_id"]:
                budget = measurer.budgets.get(kpi["budget_id"])
                subject = budget and Subject(
                    budget.budget_type_id, start, end, budget.limits, budget.campaign_id
                )
            else:
                limits = {"channel": {"new", "upsell"}} if kpi["filters"] else {}
                if kpi["target"] is not None and not is_level and not budget_type.formula:
                    limits["rep_id"] = reps
                subject = Subject(kpi["budget_type_id"], start, end, limits)
            for node, members in measurer.nodes_today(reps).items():
                place = ("kpi", kpi["kpi_id"], *node)
                if subject is None:
                    found[place] = (Figure(None, None, None, "no_target"), None, None)
                elif kpi["budget_id"]:
                    target = self._planned(kpi["budget_id"], node, subject)
                    found[place] = self._row(subject, node, target)
                else:
                    own = kpi["target"]
                    if own is not None and not is_level:
                        own *= members
                    found[place] = self._row(subject, node, (own, None))
        return found


@pytest.fixture(scope="module")
def comparison(compiled: Path) -> Comparison:
    return Comparison(read_project(compiled, PUBLISHED))


def test_every_outcome_and_target_is_what_the_oracle_says(comparison: Comparison):
    failures = {seed: found for seed in range(COMPANIES) if (found := comparison.differences(seed))}
    assert not failures, f"{len(failures)} of {COMPANIES} companies differ:\n" + "\n".join(
        f"{seed}: {line}" for seed, lines in failures.items() for line in lines[:8]
    )
    for kind in (*KINDS, "kpi", "budget", "admitted", "H2", "H3", "H5", "H7", "H15"):
        assert comparison.seen[kind], f"no {kind}: the companies are too tame"
