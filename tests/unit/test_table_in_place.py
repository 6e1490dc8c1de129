"""How a model that is a table takes the place of what was there, built by dbt on DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.unit.dbt_harness import project_of, run_dbt

TABLE = "{{ config(materialized='table') }} select "


class Warehouse:
    """A build file and a project of one model, `figures`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.build_file = folder / "warehouse.duckdb"
        self.project = project_of({"figures": TABLE + "1 as figure"}, folder)

    def build(self, statement: str) -> None:
        """Run the model as ``statement``; ``AssertionError`` where dbt fails."""
        (self.project / "models" / "figures.sql").write_text(statement, encoding="utf-8")
        run_dbt(
            "run",
            build_file=self.build_file,
            project=self.project,
            target_path=self.folder / "target",
        )

    def ask(self, query: str) -> list[tuple]:
        with duckdb.connect(self.build_file, read_only=True) as connection:
            return connection.execute(query).fetchall()

    def relations(self) -> list[tuple]:
        return self.ask("select table_name, table_type from information_schema.tables order by all")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)


def test_new_rows_and_columns_take_the_place_of_the_old_and_nothing_is_left(warehouse):
    warehouse.build(TABLE + "1 as figure")
    warehouse.build(TABLE + "'two' as figure, 3 as other")
    assert warehouse.ask("from figures") == [("two", 3)]
    assert warehouse.relations() == [("figures", "BASE TABLE")]


def test_a_model_that_fails_leaves_its_table_as_it_was(warehouse):
    warehouse.build(TABLE + "1 as figure")
    with pytest.raises(AssertionError, match="Conversion Error"):
        warehouse.build(TABLE + "cast('many' as integer) as figure from range(10)")
    assert warehouse.ask("from figures") == [(1,)]
    assert warehouse.relations() == [("figures", "BASE TABLE")]


def test_a_table_takes_the_place_of_a_view(warehouse):
    warehouse.build("{{ config(materialized='view') }} select 1 as figure")
    assert warehouse.relations() == [("figures", "VIEW")]
    warehouse.build(TABLE + "2 as figure")
    assert warehouse.ask("from figures") == [(2,)]
    assert warehouse.relations() == [("figures", "BASE TABLE")]
    warehouse.build("{{ config(materialized='view') }} select 3 as figure")
    assert warehouse.relations() == [("figures", "VIEW")]
