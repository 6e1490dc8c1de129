"""What a ``sound_rows`` test finds, and how it says it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.support.compiled import CATALOG, read_tests

NAME = "sound_rows_gaming_signal_rules"
ROWS = """
select * from (values
    ('G-1', 'month'),
    ('G-2', 'quarter'),
    ('G-2', 'month'),
    (null, 'month'),
    ('G-4', 'week')
) as rules (signal_id, period_type)
"""


def test_a_missing_value_another_value_and_a_second_row_are_each_told(compiled: Path):
    sql = read_tests(compiled, [NAME])[NAME]
    with duckdb.connect() as connection:
        connection.execute(f"attach ':memory:' as {CATALOG}; create schema {CATALOG}.seeds")
        connection.execute(f"create table {CATALOG}.seeds.gaming_signal_rules as {ROWS}")
        found = connection.execute(f"select problem from ({sql}) order by 1").fetchall()
        assert [problem for (problem,) in found] == [
            "period_type has a value that is not listed",
            "signal_id has no value",
            "signal_id is there more than once",
        ]
        connection.execute(
            f"delete from {CATALOG}.seeds.gaming_signal_rules "
            "where signal_id is null or period_type = 'week' "
            "or (signal_id, period_type) = ('G-2', 'month')"
        )
        assert connection.execute(sql).fetchall() == []
