"""The portable macros on Postgres, held to the same exact arithmetic as on DuckDB."""

from __future__ import annotations

from decimal import Decimal

import psycopg2
import pytest

from orchestration.postgres.load import open_build_database
from orchestration.postgres.results import duckdb_type
from tests.support.postgres import Connection, server_in
from tests.unit.dbt_harness import compile_sql
from tests.unit.test_macros import *  # noqa: F403
from tests.unit.test_macros import STATEMENTS


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with server_in(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def database(server) -> str:
    return open_build_database(server, is_full=True)


@pytest.fixture(scope="module")
def compiled(server, database, tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("macros")
    return compile_sql(STATEMENTS, folder, server.environment(database))


@pytest.fixture(scope="module")
def connection(server, database):
    with Connection(server, database) as con:
        con.execute("set TimeZone = 'America/New_York'")
        yield con


@pytest.fixture(scope="module")
def run(compiled, connection):
    """As for DuckDB: run('ratio', 'n decimal(18,4), d int', [(1, 3), …]) → the results."""

    def call(name: str, columns: str, rows: list[tuple]) -> list:
        connection.execute("drop table if exists t")
        connection.execute(f"create temp table t ({columns})")
        connection.executemany(f"insert into t values ({', '.join('?' * len(rows[0]))})", rows)
        return [row[0] for row in connection.execute(compiled[name]).fetchall()]

    def type_of(name: str) -> str:
        connection.execute("drop table if exists typed")
        connection.execute(f"create temp table typed as {compiled[name]}")
        ((kind,),) = connection.execute(
            "select format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = 'typed'::regclass and attname = 'r'"
        ).fetchall()
        return duckdb_type(kind, name)

    call.type_of = type_of
    call.error = psycopg2.Error
    return call


def test_money_mul_takes_what_a_plain_product_cannot(connection):
    """On Postgres a plain product is exact too, but keeps all 14 decimals."""
    ((product,),) = connection.execute(
        "select cast(9000 as decimal(18,4)) * cast(11.4321 as decimal(18,10))"
    ).fetchall()
    assert product == Decimal("102888.9")
    assert -product.as_tuple().exponent == 14
