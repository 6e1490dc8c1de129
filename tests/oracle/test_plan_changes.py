"""One change in what the CRM delivers changes the next night's targets where it should, and only
there: months that have begun, other budgets and other reps' agreements stay as they were published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.schema import load_entities
from tests.support.compiled import Warehouse, read_project

TONIGHT, NEXT = date(2026, 4, 10), date(2026, 4, 11)
LONG_AGO, PLANNED = datetime(2020, 1, 1, 9), datetime(2025, 12, 1, 9)
CHANGED = datetime(2026, 4, 10, 9)
OPEN_MONTHS = [date(2026, n, 1) for n in range(5, 13)]
REPS = ("R1", "R2", "R3")

Tables = dict[str, list[dict[str, Any]]]
Targets = dict[tuple[str, str, date], tuple[Any, ...]]


def row(at: datetime, **values: Any) -> dict[str, Any]:
    """A version of a record, extracted in the night after it was stored."""
    return {
        "is_deleted": False,
        "recorded_at": at,
        "created_recorded_at": at,
        "extracted_at": at + timedelta(hours=8),
        **values,
    }


def budget(at: datetime, budget_id: str, **values: Any) -> dict[str, Any]:
    """A version of an approved budget of the year."""
    return row(
        at,
        **{
            "budget_id": budget_id,
            "name": budget_id,
            "status": "approved",
            "period_start": date(2026, 1, 1),
            "period_end_excl": date(2027, 1, 1),
            "over_assignment": Decimal(0),
            "rounding_unit": Decimal(1_000),
            "allocation_method": "equal",
            **values,
        },
    )


VOLUME = {"budget_type_id": "signed_volume", "company_target": Decimal(3_600_000)}
DEALS = {
    "budget_type_id": "signed_deal_count",
    "company_target": Decimal(720),
    "rounding_unit": Decimal(1),
    "allocation_method": "composite",
    "weight_params": '{"equal": 0.5, "customers": 0.5}',
}

MARGIN = {
    "budget_type_id": "contribution_margin",
    "company_target": Decimal(6_000_000),
    "allocation_method": "customers",
    "weight_params": '{"minimum_budget": 1}',
}
SPRING = {"period_end_excl": date(2026, 7, 1)}
AUTUMN = {"period_start": date(2026, 7, 1)}
DAYS = {
    "budget_type_id": "meetings_held",
    "company_target": Decimal(600),
    "rounding_unit": Decimal(1),
    "distribution_id": "working_days",
}


def lock(at: datetime, rep_id: str, month: date, target: int, version: int) -> dict[str, Any]:
    """A target that was agreed on with a rep."""
    return row(
        at,
        budget_id="VOLUME",
        node_type="rep",
        node_id=rep_id,
        channel="all",
        month=month,
        version=version,
        target=Decimal(target),
        is_locked=True,
        valid_from=date(2026, 1, 1) if version == 1 else month,
        reason="agreed" if version == 1 else "took over customers",
        changed_by="manager",
    )


def company() -> Tables:
    """Three sellers, five budgets, and a seller whose year of volume is agreed on."""
    return {
        "reps": [
            row(LONG_AGO, rep_id=r, name=r, role="rep", hire_date=date(2015, 1, 1), fte=Decimal(1))
            for r in REPS
        ],
        "customers": [
            row(LONG_AGO, customer_id=f"C{n}", name=f"C{n}", status="customer") for n in range(4)
        ],
        "customer_assignments": [
            row(
                LONG_AGO,
                customer_id=f"C{n}",
                rep_id=REPS[n % 2],
                role="owner",
                valid_from=date(2020, 1, 1),
            )
            for n in range(4)
        ],
        "budgets": [
            budget(PLANNED, "VOLUME", **VOLUME),
            budget(PLANNED, "DEALS", **DEALS),
            budget(PLANNED, "SPRING", **MARGIN, **SPRING),
            budget(PLANNED, "AUTUMN", **MARGIN, **AUTUMN),
            budget(PLANNED, "DAYS", **DAYS),
        ],
        "budget_targets": [lock(PLANNED, "R1", date(2026, n, 1), 150_000, 1) for n in range(1, 13)],
    }


@dataclass
class Nights:
    """Nights of the company, one after the other, as they would be published."""

    warehouse: Warehouse

    def targets(self, tables: Tables, as_of: date) -> Targets:
        """Target, version, its first day, reason and author by budget, node and month."""
        self.warehouse.deliver(tables, as_of, load_entities())
        self.warehouse.build()
        return {
            (budget_id, node_id, month): said
            for budget_id, node_id, month, *said in self.warehouse.rows(
                "select budget_id, node_id, month, target, version, valid_from, reason, changed_by "
                "from marts.targets where node_level in ('rep', 'company')"
            )
        }


@pytest.fixture(scope="module")
def nights(compiled: Path) -> Nights:
    project = read_project(compiled, ["targets", "budgets"]).of_types(["signed_volume"])
    return Nights(Warehouse(project))


@pytest.fixture(scope="module")
def tonight(nights: Nights) -> Targets:
    return nights.targets(company(), TONIGHT)


def changed(before: Targets, after: Targets) -> dict[tuple[str, str], list[date]]:
    """Months whose target is another one, by budget and node."""
    found: dict[tuple[str, str], list[date]] = {}
    for place in sorted({*before, *after}):
        if before.get(place, [None])[0] != after.get(place, [None])[0]:
            found.setdefault(place[:2], []).append(place[2])
    return found


def test_the_plan_is_what_was_agreed_and_the_rest_in_equal_parts(tonight: Targets):
    for month in [date(2026, n, 1) for n in range(1, 13)]:
        amounts = {rep: tonight["VOLUME", rep, month][0] for rep in REPS}
        assert amounts == {"R1": 150_000, "R2": 75_000, "R3": 75_000}
        assert tonight["VOLUME", "company", month][0] == 300_000


def test_a_night_without_news_changes_nothing(nights: Nights, tonight: Targets):
    assert nights.targets(company(), NEXT) == tonight


def test_a_changed_lock_moves_the_open_months_of_its_budget_only(nights: Nights, tonight: Targets):
    tables = company()
    tables["budget_targets"] += [lock(CHANGED, "R1", m, 180_000, 2) for m in OPEN_MONTHS]
    after = nights.targets(tables, NEXT)
    assert changed(tonight, after) == {("VOLUME", rep): OPEN_MONTHS for rep in REPS}
    for month in OPEN_MONTHS:
        amounts = {rep: after["VOLUME", rep, month][0] for rep in REPS}
        assert amounts == {"R1": 180_000, "R2": 60_000, "R3": 60_000}
        version, valid_from, reason, author = after["VOLUME", "R1", month][1:]
        assert (version, valid_from, author) == (2, date(2026, 5, 1), "manager")
        assert "took over customers" in reason
    begun = {place: said for place, said in after.items() if place[2] < OPEN_MONTHS[0]}
    assert begun == {p: said for p, said in tonight.items() if p[2] < OPEN_MONTHS[0]}


def test_a_changed_weight_moves_the_open_months_of_its_budget_only(
    nights: Nights, tonight: Targets
):
    tables = company()
    more_customers = {**DEALS, "weight_params": '{"equal": 0.2, "customers": 0.8}'}
    tables["budgets"].append(budget(CHANGED, "DEALS", **more_customers))
    after = nights.targets(tables, NEXT)
    assert changed(tonight, after) == {("DEALS", rep): OPEN_MONTHS for rep in REPS}
    for month in OPEN_MONTHS:
        amounts = [after["DEALS", rep, month][0] for rep in REPS]
        # Half of the customers each for R1 and R2: 0.2 / 3 + 0.8 / 2 of 60.
        assert amounts == [28, 28, 4]
        assert after["DEALS", "R1", month][1:3] == [2, date(2026, 5, 1)]
    assert all(after[place] == said for place, said in tonight.items() if place[2] < OPEN_MONTHS[0])


def test_a_changed_company_target_keeps_the_months_that_have_begun(
    nights: Nights, tonight: Targets
):
    tables = company()
    raised = {**VOLUME, "company_target": Decimal(4_400_000)}
    tables["budgets"].append(budget(CHANGED, "VOLUME", **raised))
    after = nights.targets(tables, NEXT)
    assert changed(tonight, after) == {
        ("VOLUME", node): OPEN_MONTHS for node in ("R2", "R3", "company")
    }
    company_year = sum(said[0] for p, said in after.items() if p[:2] == ("VOLUME", "company"))
    reps_year = sum(said[0] for p, said in after.items() if p[0] == "VOLUME" and p[1] in REPS)
    assert company_year == reps_year == 4_400_000


def test_a_lock_beyond_the_pool_is_refused_and_moves_nothing(nights: Nights, tonight: Targets):
    tables = company()
    tables["budget_targets"] += [lock(CHANGED, "R1", m, 300_001, 2) for m in OPEN_MONTHS]
    assert changed(tonight, nights.targets(tables, NEXT)) == {}


def test_what_the_year_is_made_of_stays_when_customers_change_hands(
    nights: Nights, tonight: Targets
):
    tables = company()
    tables["customer_assignments"] += [
        row(
            CHANGED,
            customer_id="C0",
            rep_id="R1",
            role="owner",
            valid_from=date(2020, 1, 1),
            valid_to=NEXT,
        ),
        row(CHANGED, customer_id="C0", rep_id="R3", role="owner", valid_from=NEXT),
    ]
    assert changed(tonight, nights.targets(tables, NEXT)) == {}


def test_a_parameter_holds_for_plans_that_begin_after_it(nights: Nights, tonight: Targets):
    run = nights.warehouse.connection.execute
    run(
        "insert into seeds.planning_parameters by name select "
        "'minimum_margin_per_rep_month' as parameter_id, date '2026-07-01' as valid_from, "
        "300000 as value, 'company currency' as unit, 'more is needed' as reason"
    )
    try:
        after = nights.targets(company(), NEXT)
    finally:
        run("delete from seeds.planning_parameters where reason = 'more is needed'")
    assert changed(tonight, after) == {("AUTUMN", rep): OPEN_MONTHS[2:] for rep in REPS}
    # R3 has no customers, and gets what everybody has to bring in at the least.
    for month in OPEN_MONTHS[2:]:
        assert [tonight["AUTUMN", rep, month][0] for rep in REPS] == [400_000, 400_000, 200_000]
        assert [after["AUTUMN", rep, month][0] for rep in REPS] == [350_000, 350_000, 300_000]


def test_a_corrected_calendar_leaves_published_months_alone(nights: Nights, tonight: Targets):
    tables = company()
    tables["calendar"] = [
        row(CHANGED, calendar_id="SE", date=date(2026, 2, day), is_workday=False)
        for day in range(2, 14)
    ]
    after = nights.targets(tables, NEXT)
    begun = [p for p in tonight if p[2] < OPEN_MONTHS[0]]
    assert {p: after[p] for p in begun} == {p: tonight[p] for p in begun}


def test_a_leavers_target_goes_with_the_customers_and_the_sum_stays(
    nights: Nights, tonight: Targets
):
    tables = company()
    tables["reps"].append({**tables["reps"][1], **row(CHANGED), "leave_date": date(2026, 6, 30)})
    after = nights.targets(tables, date(2026, 7, 2))
    gone = [month for month in OPEN_MONTHS if month >= date(2026, 7, 1)]
    for month in gone:
        assert after.get(("VOLUME", "R2", month), [0])[0] == 0
        assert after["VOLUME", "unassigned", month][0] == 75_000
    moved = changed(tonight, after)
    assert all(months == gone for months in moved.values())
    # A plan that had not begun is made anew without the leaver, and R3 is on the floor in both.
    assert moved.keys() == {
        *((b, n) for b in ("VOLUME", "DEALS", "DAYS") for n in ("R2", "unassigned")),
        ("AUTUMN", "R1"),
        ("AUTUMN", "R2"),
    }
