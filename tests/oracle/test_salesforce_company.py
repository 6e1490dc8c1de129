"""From Salesforce's files to outcomes: the company of tests/unit/test_salesforce.py, in figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.ingest import ingest_entity, read_ledger
from orchestration.ingest.engine import connect
from orchestration.schema import load_objects
from orchestration.settings import Settings
from tests.support.compiled import Warehouse, read_project
from tests.unit.test_salesforce import ANNA, DAY, NEXT, OBJECTS, rows, won

S = date(2026, 3, 12)
TYPES = {"signed_volume", "meetings_held", "win_rate", "weighted_pipeline"}


@pytest.fixture(scope="module")
def salesforce(compiled: Path, tmp_path_factory: pytest.TempPathFactory):
    """A warehouse of what was delivered on two days, built as of ``S`` by the compiled SQL."""
    home = tmp_path_factory.mktemp("salesforce")
    settings = Settings(home=home, landing=home / "landing", demo=False, memory_limit="1GB")
    deliveries = [(DAY, name, records) for name, records in OBJECTS.items()]
    still_open = {**OBJECTS["Opportunity"][0], "Id": "006000000000009AAA", "Amount": "400000"}
    for day, name, records in [*deliveries, (NEXT, "Opportunity", [won(), still_open])]:
        folder = settings.landing / "salesforce" / name / day.isoformat()
        folder.mkdir(parents=True)
        (folder / f"{name}.csv").write_bytes(rows(*records))
        (folder / "_SUCCESS").touch()
    for name in load_objects():
        ingest_entity(settings, name, S)
    with connect(settings) as con:
        files = read_ledger(settings, con)
    with Warehouse(read_project(compiled).of_types(TYPES), stages=True) as warehouse:
        warehouse.deliver({}, S, [])
        warehouse.take_in(settings.raw, files)
        warehouse.build()
        yield warehouse


def figure(warehouse: Warehouse, budget_type_id: str, period_type: str = "year") -> list[tuple]:
    return warehouse.rows(
        "select node_level, node_id, value from outcomes.int_outcomes__values "
        f"where budget_type_id = '{budget_type_id}' and basis = 'restated' "
        f"and period_type = '{period_type}' and node_level in ('company', 'rep') "
        "and record_count > 0 and period_start between date '2026-01-01' and date '2026-03-12' "
        "order by all"
    )


def test_volume_is_signed_by_the_contract_with_the_opportunitys_lines(salesforce: Warehouse):
    got = {(level, node): value for level, node, value in figure(salesforce, "signed_volume")}
    (company,) = (value for (level, _), value in got.items() if level == "company")
    assert company == Decimal("1200000.5")
    assert sum(value for (level, _), value in got.items() if level == "rep") == company
    assert ("rep", ANNA) in got


def test_the_meeting_was_held_by_the_one_in_whose_calendar_it_was(salesforce: Warehouse):
    assert ("rep", ANNA, Decimal(1)) in figure(salesforce, "meetings_held")


def test_the_deal_was_won_and_the_other_one_weighs_its_probability(salesforce: Warehouse):
    (company,) = (v for level, _, v in figure(salesforce, "win_rate") if level == "company")
    assert company == 1
    pipeline = salesforce.rows(
        "select sum(amount) from budget_types.bt_weighted_pipeline where part = 'numerator'"
    )
    assert pipeline == [(Decimal("220000"),)]


def test_every_file_of_every_object_is_accounted_for(salesforce: Warehouse):
    accounts = salesforce.rows(
        "select entity, rows_loaded, rows_current + rows_superseded + rows_deleted "
        "+ rows_quarantined from staging.int_staging__row_account"
    )
    assert {entity for entity, _, _ in accounts} == set(load_objects())
    assert all(loaded == told for _, loaded, told in accounts)
