"""Every target of random companies with a plan is what an independent reading of the rules says.

The whole path is looked at: budgets with their findings, the company's target and its channels,
shares of the reps, and the targets of reps and company month by month after revisions, leavers,
joiners and what was set by hand. A company that differs is shrunk and printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.company import Company
from tests.oracle.divider import exact
from tests.oracle.plan_company import plan_company
from tests.oracle.plans import Planner, standards
from tests.support.compiled import Project, Warehouse, read_project

COMPANIES = 24
PLANS = 200
"""Budgets with targets that the companies have together, at the least."""

PUBLISHED = ("budgets", "targets", "allocation", "int_planning__findings")
TYPES = (
    "invoiced_revenue",
    "contribution_margin",
    "signed_volume",
    "signed_volume_net",
    "renewal_volume",
    "upsell_volume",
    "win_back_volume",
    "new_business_volume",
    "total_contract_value",
)
"""Types whose outcomes of the year before weigh in some plan."""

Figures = dict[tuple[str, ...], str | None]


def told(amount: Fraction | Decimal | None) -> str | None:
    """An amount as it is printed and compared."""
    return None if amount is None else exact(Fraction(amount))


def of_oracle(company: Company, kinds: Counter[str]) -> Figures:
    """What the oracle says of all budgets of a company; ``kinds`` counts what they came to."""
    planner, found = Planner(company.world()), {}
    for budget_id in planner.versions:
        sound = planner.sound(budget_id)
        if sound and sound[0].mode != "distribute":
            kinds["standard"] += 1
            asked = standards(planner, budget_id)
            for (rep_id, month), target in asked.items():
                found[budget_id, "month", rep_id, str(month)] = told(target)
            if not asked and sound[0].mode == "per_rep":
                found[budget_id, "reason"] = "nobody_present"
            continue
        plan = planner.plan(budget_id)
        kinds[plan.reason or "planned"] += 1
        if plan.reason:
            found[budget_id, "reason"] = plan.reason
            continue
        kinds["revised"] += len(sound) > 1
        kinds["locked"] += any(share.is_locked for share in plan.shares.values())
        kinds["vacant"] += any(rep_id == "unassigned" for rep_id, _ in plan.months)
        by_rep: Counter[str] = Counter()
        for (rep_id, month), target in plan.months.items():
            by_rep[rep_id] += target
            if target:
                found[budget_id, "month", rep_id, str(month)] = told(target)
        kinds["changed"] += any(
            by_rep[rep_id] != share.target for rep_id, share in plan.shares.items()
        )
        newest = sound[-1]
        target = planner.company_target(newest)
        if not isinstance(target, str):
            pool = plan.pool if newest is sound[0] else planner.pool(newest)
            found[budget_id, "company"], found[budget_id, "pool"] = told(target), told(pool)
        for rep_id, share in plan.shares.items():
            found[budget_id, "weight", rep_id] = told(plan.weights[rep_id])
            found[budget_id, "share", rep_id] = told(share.target)
            found[budget_id, "lock", rep_id] = str(share.is_locked)
        for month, target in plan.company_months.items():
            found[budget_id, "month", "company", str(month)] = told(target)
    return found


def of_models(warehouse: Warehouse, company: Company) -> Figures:
    """What the models publish of all budgets of a company."""
    warehouse.deliver(company.tables, company.as_of, company.delivered)
    warehouse.build()
    found: Figures = {}
    divided = set()
    for budget_id, mode, status, gives, reason, target, pool in warehouse.rows(
        "select budget_id, target_mode, status, gives_targets, reason_code, company_target, "
        "pool_amount from marts.budgets"
    ):
        if status == "draft":
            continue
        if not gives:
            found[budget_id, "reason"] = reason
        elif mode == "distribute":
            divided.add(budget_id)
            if target is not None:
                found[budget_id, "company"] = told(target)
                found[budget_id, "pool"] = told(pool)
    for budget_id, rep_id, weight, share, is_locked in warehouse.rows(
        "select pool_id, rep_id, weight, target, is_locked from planning.int_planning__shares"
    ):
        found[budget_id, "weight", rep_id] = told(weight)
        found[budget_id, "share", rep_id] = told(share)
        found[budget_id, "lock", rep_id] = str(is_locked)
    for budget_id, level, node_id, month, target in warehouse.rows(
        "select budget_id, node_level, node_id, month, target from marts.targets "
        "where node_level in ('rep', 'company')"
    ):
        is_divided = budget_id in divided
        if (level == "rep" and (target or not is_divided)) or (level == "company" and is_divided):
            found[budget_id, "month", node_id, str(month)] = told(target)
    return found


@dataclass
class Comparison:
    """Companies as models and oracle see them."""

    warehouse: Warehouse
    kinds: Counter[str] = field(default_factory=Counter)

    def differences(self, company: Company) -> list[str]:
        """What differs, a line each."""
        theirs, ours = of_oracle(company, self.kinds), of_models(self.warehouse, company)
        return [
            f"{' '.join(place)}: models {ours.get(place)}, oracle {theirs.get(place)}"
            for place in sorted({*ours, *theirs})
            if ours.get(place) != theirs.get(place)
        ]

    def shrunk(self, company: Company, rounds: int = 60) -> Company:
        """The company without what it does not need to differ."""
        tables = dict(company.tables)
        for less in _smaller(tables):
            if rounds == 0:
                break
            rounds -= 1
            smaller = {**tables, **less}
            try:
                if self.differences(replace(company, tables=smaller)):
                    tables.update(less)
            except (AssertionError, KeyError, TypeError, ValueError):
                continue
        return replace(company, tables=tables)


def _smaller(tables: dict[str, list[dict[str, Any]]]) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Changes of tables that leave something out, large ones first; they see what was taken."""
    for budget_id in sorted({row["budget_id"] for row in tables["budgets"]}, reverse=True):
        yield {
            name: [row for row in tables.get(name, []) if row["budget_id"] != budget_id]
            for name in ("budgets", "budget_targets")
        }
    for entity in sorted(tables, key=lambda name: -len(tables[name])):
        yield {entity: []}
    for entity in ("budget_targets", "reps", "rep_absences", "customer_assignments", "contracts"):
        for row in list(tables.get(entity, [])):
            yield {entity: [other for other in tables[entity] if other is not row]}


def story(comparison: Comparison, company: Company) -> str:
    """What differs in a company, and the company."""
    lines = [f"Company {company.seed} as of {company.as_of}:"]
    lines += [f"  {text}" for text in comparison.differences(company)[:12]]
    for entity, table in company.tables.items():
        for row in table:
            told_ = {k: str(v) for k, v in row.items() if v is not None and k != "extracted_at"}
            lines.append(f"  {entity}: " + ", ".join(f"{k}={v}" for k, v in told_.items()))
    return "\n".join(lines)


@pytest.fixture(scope="module")
def planned(compiled: Path) -> Project:
    return read_project(compiled, PUBLISHED).of_types(TYPES)


def test_every_target_is_what_the_oracle_says(planned: Project):
    comparison = Comparison(Warehouse(planned))
    failures = []
    for seed in range(COMPANIES):
        found = comparison.differences(plan_company(seed))
        if found:
            failures.append((seed, len(found)))
    kinds = comparison.kinds
    if failures:
        seed, _ = min(failures, key=lambda failure: failure[1])
        small = comparison.shrunk(plan_company(seed))
        pytest.fail(
            f"{len(failures)} of {COMPANIES} companies differ (seed, figures): {failures}.\n\n"
            + story(comparison, small),
            pytrace=False,
        )
    assert kinds["planned"] + kinds["standard"] >= PLANS
    for kind in ("revised", "locked", "vacant", "changed", "standard", "no_eligible_rep"):
        assert kinds[kind] >= 5, f"only {kinds[kind]} plans are {kind}: the companies are too tame"
