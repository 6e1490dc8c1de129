"""What a model knows of its parents when it runs stands in its SQL as values."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from tests.unit.dbt_harness import project_of, run_dbt

PARENT = """
{{ config(materialized='table') }}
select * from (values ('it''s', date '2026-03-01'), ('plain', date '2026-04-01')) as t (name, day)
"""
CHILD = """
{{ config(materialized='table') }}
{%- set parent = ref('parent') -%}
select * from {{ parent }}
where {{ is_among('COLUMN', 'select distinct COLUMN from ' ~ parent ~ " where FILTER", [parent]) }}
"""


def build(folder: Path, column: str, condition: str, command: str = "run") -> tuple[str, list]:
    """Run the model that asks; its SQL and the names of its rows."""
    child = CHILD.replace("COLUMN", column).replace("FILTER", condition)
    project = project_of({"parent": PARENT, "child": child}, folder)
    build_file = folder / "utfall.duckdb"
    run_dbt(command, build_file=build_file, project=project, target_path=folder / "target")
    (compiled,) = (folder / "target").glob("compiled/**/child.sql")
    if command != "run":
        return compiled.read_text(), []
    with duckdb.connect(str(build_file), read_only=True) as connection:
        found = connection.execute("select name from child order by name").fetchall()
    return compiled.read_text(), [name for (name,) in found]


@pytest.mark.parametrize(
    ("column", "condition", "value", "rows"),
    [
        ("name", "day < date '2026-04-01'", r"name in \('it''s'\)", ["it's"]),
        ("day", "name = 'plain'", r"day in \(cast\('2026-04-01' as date\)\)", ["plain"]),
        ("name", "false", "1 = 0", []),
    ],
)
def test_a_model_that_runs_has_the_values_in_its_sql(tmp_path, column, condition, value, rows):
    compiled, found = build(tmp_path, column, condition)
    assert found == rows
    assert re.search(value, compiled), compiled
    assert "distinct" not in compiled


def test_sql_that_is_only_compiled_has_the_query(tmp_path):
    compiled, _ = build(tmp_path, "name", "true", "compile")
    assert re.search(r"name in \(select distinct name from", compiled), compiled
