"""Quality of meetings and the view of areas are what an independent reading of them says."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracle.company import Company, random_company
from tests.oracle.meeting_months import STATES, filled_months, meeting_quality
from tests.oracle.territories import territory_view
from tests.support.compiled import Warehouse, read_project

COMPANIES = int(os.environ.get("UTFALL_ORACLE_COMPANIES", "200")) // 4
TYPES = (
    "meetings_held",
    "margin_per_meeting",
    "meeting_to_next_step_rate",
    "win_rate",
    "ltv_cost_ratio",
    "customer_lifetime_value",
    "total_contract_value",
    "invoiced_revenue",
)
QUALITY = """
select node_level, node_id, month, meetings, triple_checks, cost, cost_of_window, costed_meetings,
    cost_per_meeting, cost_reason_code, prospect_meetings, new_customer_meetings, active_meetings,
    passive_meetings
from marts.meeting_quality
"""
QUALITY_NAMES = (
    *("meetings", "triple_checks", "cost", "cost_of_window", "costed_meetings"),
    *("cost_per_meeting", "cost_reason_code", *STATES),
)
AREA_NAMES = (
    *("outcome", "outcome_last_year", "customers", "customers_with_potential", "potential"),
    *("visited_customers", "share_of_potential", "outcome_level", "potential_level"),
)


def with_potentials(company: Company) -> Company:
    """The company whose customers have potentials: some in another currency, some not estimated."""
    customers = [
        row
        | {
            "potential_amount": Decimal(40_000 * (place % 7)) if place % 5 else None,
            "currency": ("SEK", "EUR", None)[place % 3],
        }
        for row in company.tables["customers"]
        for place in [int(row["customer_id"][1:])]
    ]
    return replace(company, tables={**company.tables, "customers": customers})


def wrong_months(warehouse: Warehouse, company: Company, kinds: Counter[str]) -> Iterator[str]:
    world = company.world()
    expected, wanted = meeting_quality(world), filled_months(world)
    for level, node, month, *values in warehouse.rows(QUALITY):
        figures = expected((level, node), month)
        wanted.discard(((level, node), month))
        kinds.update(name for name in ("triple_checks", *STATES) if figures[name])
        kinds[figures["cost_reason_code"] or "cost_per_meeting"] += 1
        found = dict(zip(QUALITY_NAMES, values, strict=True))
        if found != figures:
            differing = {name for name in found if found[name] != figures[name]}
            yield f"{node} {month}: " + ", ".join(
                f"{name} {found[name]} instead of {figures[name]}" for name in sorted(differing)
            )
    yield from (f"{node} {month}: no row" for node, month in sorted(wanted))


def wrong_areas(warehouse: Warehouse, company: Company, kinds: Counter[str]) -> Iterator[str]:
    expected = territory_view(company.world())
    query = f"select area_id, period_type, period_start, {', '.join(AREA_NAMES)} from "
    found: dict[Any, Any] = {
        row[:3]: dict(zip(AREA_NAMES, row[3:], strict=True))
        for row in warehouse.rows(query + "marts.territory_view")
    }
    for place in sorted(expected.keys() | found.keys()):
        oracle, model = expected.get(place), found.get(place)
        kinds[f"outcome {oracle and oracle['outcome_level']}"] += 1
        if oracle != model:
            yield f"{place}: {model} instead of {oracle}"


def test_meetings_and_areas_are_what_the_oracle_says(compiled: Path):
    project = read_project(compiled, ("meeting_quality", "territory_view")).of_types(TYPES)
    kinds: Counter[str] = Counter()
    wrong: list[str] = []
    with Warehouse(project) as warehouse:
        for seed in range(COMPANIES):
            company = with_potentials(random_company(seed))
            warehouse.deliver(company.tables, company.as_of, company.delivered)
            warehouse.build()
            for look in (wrong_months, wrong_areas):
                wrong += [f"company {seed}: {text}" for text in look(warehouse, company, kinds)]
    assert not wrong, f"{len(wrong)} rows differ\n" + "\n".join(wrong[:20])
    for kind in ("triple_checks", *STATES, "cost_per_meeting", "missing_rate", "outcome low"):
        assert kinds[kind] >= 5, f"only {kinds[kind]} rows have {kind}: the companies are too tame"
