"""The visible mark on published figures that a warning concerns.

``quality_marks`` in the release file's data schema holds, per table (and budget type, where the
table has types), the rules that warn. The views of ``main`` show them as ``quality_mark``, as they
add ``as_of``: nothing is stored in Parquet, so an unchanged file stays the same file. Readers of
Parquet find the same in ``data_quality_results``.
"""

from __future__ import annotations

import duckdb

from orchestration.quality.judge import Verdict

MARK = "quality_mark"
MARK_TEXT = (
    "Rules that warn about this figure (data_quality_results explains them), separated by blanks; "
    "empty where none does."
)
TYPE_COLUMN = "budget_type_id"


def create_marks(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Create the empty table of marks; a candidate that nobody has judged has none."""
    connection.execute(
        f"create table {schema}.quality_marks "
        "(table_name varchar, budget_type_id varchar, rule_ids varchar)"
    )


def mark_column(schema: str, table: str, has_types: bool) -> str:
    """The SQL of a row's ``quality_mark``: by the row's type, or one for the whole table.

    The marks by type are one map that is read once. A subquery that asks for the row's own type
    would be a join that DuckDB makes for all rows, in every query, shown or not.
    """
    marks = f"from {schema}.quality_marks as marks where marks.table_name = '{table}'"
    if not has_types:
        return f"(select max(marks.rule_ids) {marks})"
    return (
        f"(select map_from_entries(list((marks.{TYPE_COLUMN}, marks.rule_ids))) {marks})"
        f"[{schema}.{table}.{TYPE_COLUMN}]"
    )


def write_marks(connection: duckdb.DuckDBPyConnection, schema: str, verdict: Verdict) -> int:
    """Fill the marks from the warnings of a verdict; returns how many there are.

    A warning about types marks them in every table that has types; else it marks its own table.
    """
    warned = [
        (result.rule_id, result.table, list(result.budget_type_ids)) for result in verdict.warnings
    ]
    if not warned:
        return 0
    connection.execute(
        "create temp table warned (rule_id varchar, table_name varchar, types varchar[])"
    )
    connection.executemany("insert into warned values (?, ?, ?)", warned)
    (marks,) = connection.execute(
        f"""
        insert into {schema}.quality_marks
        with tables as (
            select table_name, bool_or(column_name = '{TYPE_COLUMN}') as has_types
            from duckdb_columns()
            where
                database_name = current_database()
                and schema_name = '{schema}'
                and table_name <> 'quality_marks'
            group by table_name
        ),

        types as (
            select distinct {TYPE_COLUMN} from {schema}.budget_types
        ),

        marks as (
            select tables.table_name, null as budget_type_id, warned.rule_id
            from warned
            inner join tables on warned.table_name = tables.table_name
            where not tables.has_types
            union
            select tables.table_name, types.budget_type_id, warned.rule_id
            from warned
            inner join tables
                on tables.has_types
                and (len(warned.types) > 0 or warned.table_name = tables.table_name)
            inner join types
                on len(warned.types) = 0 or list_contains(warned.types, types.budget_type_id)
        )

        select table_name, budget_type_id, string_agg(rule_id, ' ' order by rule_id)
        from marks
        group by table_name, budget_type_id
        """
    ).fetchone()
    connection.execute("drop table warned")
    return marks
