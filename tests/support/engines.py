"""Two builds compared: every table and view of every layer, column by column and row by row."""

from __future__ import annotations

from pathlib import Path

import duckdb

BUILT = """
    select schema_name, table_name, list((column_name, data_type) order by column_index) as columns
    from duckdb_columns()
    where database_name = ? and not internal and schema_name not in ('raw', 'information_schema')
    group by all
"""

Relation = tuple[str, str]
Columns = list[tuple[str, str]]


def columns_of(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[Relation, Columns]:
    """(schema, name) → name and type of the columns, of what dbt has built."""
    return {
        (schema, name): [tuple(column) for column in columns]
        for schema, name, columns in con.execute(BUILT, [catalog]).fetchall()
    }


def differences(one: Path, other: Path) -> tuple[list[str], int]:
    """What differs between two DuckDB files, in words, and how many rows of ``one`` were compared.

    A table that only one of them has is a difference, and so are the order, names and types of
    columns, the number of rows, and every row that the other does not have as often.
    """
    with duckdb.connect() as con:
        # Views name the catalog that they were made in.
        con.execute(f"attach '{one}' as utfall (read_only)")
        con.execute(f"attach '{other}' as other (read_only)")
        con.execute("use utfall")
        here, there = columns_of(con, "utfall"), columns_of(con, "other")
        found = [f"{'.'.join(table)} is in one engine only" for table in here.keys() ^ there.keys()]
        compared = 0
        for table in sorted(here.keys() & there.keys()):
            if here[table] != there[table]:
                told = [pair for pair in zip(here[table], there[table], strict=False)]
                unlike = [pair for pair in told if pair[0] != pair[1]]
                found.append(f"{'.'.join(table)} has other columns: {unlike or 'another number'}")
                continue
            name = ".".join(f'"{part}"' for part in table)
            rows, others, only_here, only_there = con.execute(
                f"""
                select
                    (select count(*) from utfall.{name}),
                    (select count(*) from other.{name}),
                    (select count(*) from (from utfall.{name} except all from other.{name})),
                    (select count(*) from (from other.{name} except all from utfall.{name}))
                """
            ).fetchall()[0]
            compared += rows
            if rows != others or only_here or only_there:
                found.append(
                    f"{'.'.join(table)}: {rows} and {others} rows, {only_here} of one and "
                    f"{only_there} of the other without their like"
                )
    return found, compared
