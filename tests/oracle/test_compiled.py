"""What the oracle looks at is what dbt builds: the same tables, row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest

from tests.oracle.scored_company import scored_company
from tests.support.compiled import CATALOG, STAGING, Warehouse, read_project
from tests.unit.dbt_harness import run_dbt

BY_STAGING_ALONE = {"quarantine", "int_core__invoice_totals", "invoice_control"}
"""They tell of rows that staging set aside, or name the source, which staging alone knows."""


def content(connection: duckdb.DuckDBPyConnection, table: str) -> Counter[tuple]:
    """Rows of a table with how often each is there."""
    return Counter(connection.execute(f"from {table}").fetchall())


@pytest.fixture(scope="module")
def built_by_dbt(compiled: Path, tmp_path_factory: pytest.TempPathFactory):
    """The company of seed 1 as ``dbt run`` builds it in a file."""
    folder = tmp_path_factory.mktemp("built")
    file = folder / f"{CATALOG}.duckdb"
    warehouse = Warehouse(read_project(compiled), stages=True, path=file)
    company = scored_company(1)
    warehouse.deliver(company.tables, company.as_of, company.delivered)
    warehouse.connection.close()
    run_dbt("run", "--full-refresh", build_file=file, target_path=folder / "target")
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.mark.parametrize("stages", [True, False], ids=["with_staging", "from_versions"])
def test_the_compiled_sql_gives_the_tables_that_dbt_builds(
    stages: bool, compiled: Path, built_by_dbt: duckdb.DuckDBPyConnection
):
    project = read_project(compiled)
    warehouse = Warehouse(project, stages=stages)
    company = scored_company(1)
    warehouse.deliver(company.tables, company.as_of, company.delivered)
    warehouse.build()
    compared = 0
    filled: dict[str, list[bool]] = defaultdict(list)
    for model in project.models:
        if model.layer == STAGING or (not stages and model.name in BY_STAGING_ALONE):
            continue
        table = f'"{model.schema}"."{model.name}"'
        ours, theirs = content(warehouse.connection, table), content(built_by_dbt, table)
        assert ours == theirs, f"{model.name}: {(ours - theirs) | (theirs - ours)}"
        compared += 1
        filled[model.layer].append(bool(ours))
    assert compared > 200
    empty = [layer for layer, found in filled.items() if sum(found) < 0.7 * len(found)]
    assert not empty, "too few of their tables have rows to compare"
