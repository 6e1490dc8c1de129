"""How a model that is a table takes the place of what was there, built by dbt on DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.unit.dbt_harness import project_of, run_dbt

STEPS = {"full_in_steps": ["a = 1 and b = 1", "b = 1"]}
TABLE = "{{ config(materialized='table') }} select "


class Warehouse:
    """A build file and a project of one model, `figures`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.build_file = folder / "warehouse.duckdb"
        self.project = project_of({"figures": TABLE + "1 as figure"}, folder)

    def build(self, statement: str, *arguments: str) -> None:
        """Run the model as ``statement``; ``AssertionError`` where dbt fails."""
        (self.project / "models" / "figures.sql").write_text(statement, encoding="utf-8")
        run_dbt(
            *("run", *arguments),
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


ADDED = "{{ config(materialized='incremental'%s) }} select "


def test_a_night_adds_its_rows_by_name(warehouse):
    warehouse.build(ADDED % "" + "1 as figure, 'a' as name")
    warehouse.build(ADDED % "" + "'b' as name, 2 as figure")
    assert warehouse.ask("from figures order by figure") == [(1, "a"), (2, "b")]
    assert warehouse.relations() == [("figures", "BASE TABLE")]


def test_the_hook_makes_room_and_the_model_reads_what_was_kept(warehouse):
    hook = ", pre_hook='{% if is_incremental() %} delete from {{ this }} where n = 2 {% endif %}'"
    rows = (
        "n from range(1, 4) as numbers (n) "
        "{% if is_incremental() %} where n not in (select n from {{ this }}) {% endif %}"
    )
    warehouse.build(ADDED % hook + "'first' as night, " + rows)
    warehouse.build(ADDED % hook + "'second' as night, " + rows)
    assert warehouse.ask("select n, night from figures order by n") == [
        (1, "first"),
        (2, "second"),
        (3, "first"),
    ]


def test_rows_of_a_key_take_the_place_of_all_rows_of_the_key(warehouse):
    key = ", unique_key='contract'"
    values = "* from (values {}) as credits (contract, amount)"
    warehouse.build(ADDED % key + values.format("('A', 1), ('A', 2), ('B', 3)"))
    warehouse.build(ADDED % key + values.format("('A', 9), ('C', 4)"))
    assert warehouse.ask("from figures order by all") == [("A", 9), ("B", 3), ("C", 4)]
    assert warehouse.relations() == [("figures", "BASE TABLE")]


def test_a_failing_night_leaves_the_rows_as_they_were_also_those_its_hook_took(warehouse):
    hook = ", pre_hook='{% if is_incremental() %} delete from {{ this }} {% endif %}'"
    warehouse.build(ADDED % hook + "1 as figure")
    with pytest.raises(AssertionError, match="Could not convert"):
        warehouse.build(ADDED % hook + "cast(concat('no', 'number') as integer) as figure")
    assert warehouse.ask("from figures") == [(1,)]


def test_a_column_that_is_gone_is_an_error_until_the_table_is_built_in_full(warehouse):
    warehouse.build(ADDED % "" + "1 as figure, 'a' as name")
    with pytest.raises(AssertionError, match="name"):
        warehouse.build(ADDED % "" + "2 as figure")
    warehouse.build(ADDED % "" + "3 as figure", "--full-refresh")
    assert warehouse.ask("from figures") == [(3,)]


@pytest.mark.parametrize("kind", ["table", "incremental"])
def test_a_model_built_in_steps_has_every_row_once(warehouse, kind):
    """A row that meets two conditions, one of them or none, or has no value at all."""
    statement = (
        f"{{{{ config(materialized='{kind}', meta={STEPS}) }}}} "
        "select a, b, count(*) as rows from (values (1, 1), (1, 2), (2, 1), (2, 2), (null, 1), "
        "(1, null), (null, null), (1, 1)) as given (a, b) group by a, b"
    )
    expected = [(1, 1, 2), (1, 2, 1), (1, None, 1), (2, 1, 1), (2, 2, 1), (None, 1, 1)]
    warehouse.build(statement)
    assert warehouse.ask("from figures order by all") == [*expected, (None, None, 1)]
    assert warehouse.relations() == [("figures", "BASE TABLE")]
    run = (warehouse.folder / "target/run/utfall/models/figures.sql").read_text()
    assert run.count("insert into") == 2
    warehouse.build(statement)
    repeated = 2 if kind == "incremental" else 1
    assert len(warehouse.ask("from figures")) == repeated * 7


def test_a_model_whose_second_step_fails_leaves_its_table_as_it_was(warehouse):
    warehouse.build(TABLE + "1 as figure")
    with pytest.raises(AssertionError, match="Conversion Error"):
        warehouse.build(
            """{{ config(materialized='table', meta={'full_in_steps': ["text = '1'"]}) }} """
            "select text, cast(max(more) as integer) as figure "
            "from (values ('1', '1'), ('2', 'many')) as given (text, more) group by text"
        )
    assert warehouse.ask("from figures") == [(1,)]
