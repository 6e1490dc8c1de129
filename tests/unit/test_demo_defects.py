"""The demo company's switchable defects of form, spoilt and sound again, against defects.yml."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.demo.defects import DEFECTS, spoil
from orchestration.demo.generator import FIRST_DELIVERY, write_delivery
from orchestration.schema import load_entities
from orchestration.settings import PROJECT_ROOT
from tests.support.delivery_night import Compiled, DeliveryNights, Outcome, compile_staging

TABLE = yaml.safe_load((PROJECT_ROOT / "orchestration/ingest/defects.yml").read_text("utf-8"))
OF_FORM = {entry["demo"]: entry for entry in TABLE.values() if "demo" in entry}
OF_CONTENT = {
    "orphaned_references",
    "missing_exchange_rates",
    "split_shares_not_one",
    "net_total_differs",
}
ENTITIES = tuple(sorted({entity for name in OF_FORM for entity in DEFECTS[name].entities}))
DAY = FIRST_DELIVERY


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return compile_staging(tmp_path_factory.mktemp("staging"), ENTITIES)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_delivery(folder, DAY, seed=7, scale=0.05)
    return folder


def test_every_switch_of_the_demo_company_is_in_the_table() -> None:
    assert set(OF_FORM) | OF_CONTENT == set(DEFECTS)
    assert not set(OF_FORM) & OF_CONTENT


def assert_no_row_is_lost(outcome: Outcome) -> None:
    assert outcome.accounts
    for file in outcome.accounts:
        fates = ("current", "superseded", "deleted", "quarantined")
        assert file["rows_delivered"] == file["rows_loaded"] + file["rows_rejected"]
        assert file["rows_loaded"] == sum(file[f"rows_{fate}"] for fate in fates), file
    assert "delivery.rows_have_a_fate" not in outcome.blocking


@pytest.mark.parametrize("name", sorted(OF_FORM))
def test_a_switched_defect_does_what_the_table_says_and_the_next_delivery_heals_it(
    landing: Path, compiled: Compiled, tmp_path: Path, name: str
) -> None:
    """The gate of deliveries is red or marked, no row is lost, and the same day delivered again
    without the defect is as if nothing had been."""
    nights = DeliveryNights(tmp_path, compiled)
    (entity,) = DEFECTS[name].entities
    delivered = Path(load_entities()[entity].home) / entity / DAY.isoformat()
    shutil.copytree(landing / delivered, nights.settings.landing / delivered)
    with duckdb.connect() as con:
        spoil(name, nights.settings.landing, DAY, con)
    spoiled = nights.run(DAY)
    assert_no_row_is_lost(spoiled)
    happens, code = OF_FORM[name]["happens"], OF_FORM[name].get("code")
    problems = {problem.code for problem in spoiled.problems if problem.entity == entity}
    codes = {row["reason_code"] for row in spoiled.quarantine}
    if happens == "refuses_file":
        assert code in problems
        assert (code in spoiled.blocking) == (name != "empty_full_extract"), "teams are optional"
        assert not any(row.is_in_use for row in spoiled.ledger)
    elif happens in ("sets_aside", "rejects_rows"):
        assert codes == {code}
        assert all(row["raw_row"] for row in spoiled.quarantine)
    else:
        assert codes == set()
        assert problems == set()
    if name == "duplicate_keys":
        assert sum(file["rows_superseded"] for file in spoiled.accounts) > 0
    if name == "extra_column":
        (row, *_) = spoiled.ledger
        assert json.loads(row.schema_changes or "{}")["unknown"] == ["colour_of_packaging"]

    shutil.rmtree(nights.settings.landing / delivered)
    shutil.copytree(landing / delivered, nights.settings.landing / delivered)
    healed = nights.run(DAY)
    assert_no_row_is_lost(healed)
    assert healed.quarantine == []
    assert not [problem for problem in healed.problems if problem.entity == entity]
    assert all(
        file["rows_loaded"] == file["rows_current"] + file["rows_deleted"] + file["rows_superseded"]
        for file in healed.accounts
    )
    nothing_new = nights.run(DAY + timedelta(days=1))
    assert nothing_new.quarantine == []
