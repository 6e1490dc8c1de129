"""Every column of every layer has on Postgres the type it has on DuckDB, and one with digits.

No row is needed for it: the compiled models are made on nothing on both engines. What it
finds in a minute the comparison of nights would find after ten.
"""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.ingest import ingest_all
from orchestration.postgres.load import columns_in_postgres, load_raw, open_build_database
from orchestration.postgres.results import TYPES, duckdb_type
from orchestration.postgres.server import PostgresError
from orchestration.settings import load_settings
from orchestration.warehouse import prepare_warehouse
from tests.support.compiled import Project, compile_project, read_project
from tests.support.engines import columns_of
from tests.support.postgres import server_in

DAY = date(2026, 3, 3)
Types = dict[str, str]


@pytest.fixture(scope="module")
def empty_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build file of a company that has delivered nothing, before dbt."""
    home = tmp_path_factory.mktemp("nothing")
    settings = load_settings({"UTFALL_HOME": str(home)})
    settings.landing.mkdir(parents=True)
    ingest_all(settings, DAY)
    return prepare_warehouse(settings, DAY, "types", "full").path


@pytest.fixture(scope="module")
def on_duckdb(empty_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Types:
    folder = tmp_path_factory.mktemp("duckdb")
    compile_project(folder)
    with duckdb.connect() as con:
        con.execute(f"attach '{folder / 'utfall.duckdb'}' as utfall; use utfall")
        con.execute(f"attach '{empty_build}' as delivered (read_only)")
        con.execute("create schema raw")
        for (name,) in con.execute(
            "select table_name from information_schema.tables "
            "where table_catalog = 'delivered' and table_schema = 'raw'"
        ).fetchall():
            con.execute(f'create table raw."{name}" as from delivered.raw."{name}" limit 0')
        project = read_project(folder)
        for statement in statements(project):
            con.execute(statement)
        return {
            f"{schema}.{table}.{column}": kind
            for (schema, table), columns in columns_of(con, "utfall").items()
            if schema != "seeds"
            for column, kind in columns
        }


@pytest.fixture(scope="module")
def on_postgres(empty_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Types:
    folder = tmp_path_factory.mktemp("postgres")
    with server_in(folder) as server:
        database = open_build_database(server, is_full=True)
        with duckdb.connect(str(empty_build), read_only=True) as source:
            load_raw(server, database, source, is_full=True, scratch=folder)
        compile_project(folder, server.environment(database))
        project = read_project(folder)
        with closing(server.connect(database)) as con, con, con.cursor() as run:
            for statement in statements(project):
                run.execute(statement)
            return {
                f"{model.schema}.{model.name}.{column}": kind
                for model in project.models
                for column, kind in columns_in_postgres(run, model.schema, model.name)
            }


def statements(project: Project) -> list[str]:
    """What makes every model a table, in the order of the graph: views would be read through again
    and again."""
    schemas = sorted({model.schema for model in project.models})
    return [f"create schema if not exists {schema}" for schema in schemas] + [
        f"create table {model.schema}.{model.name} as ({model.sql}\n)" for model in project.models
    ]


def test_no_column_leaves_its_digits_to_the_engine(on_postgres: Types):
    found = []
    for column, kind in on_postgres.items():
        try:
            duckdb_type(kind, column)
        except PostgresError as told:
            found.append(str(told))
    assert not found, "\n".join(found)
    assert len(on_postgres) > 1_000


def test_every_column_has_the_same_type_on_both_engines(on_duckdb: Types, on_postgres: Types):
    unlike = {
        column: (on_duckdb.get(column), kind)
        for column, kind in on_postgres.items()
        if on_duckdb.get(column) != TYPES.get(kind, kind.replace("numeric", "DECIMAL"))
    }
    assert not unlike, f"(DuckDB, Postgres): {unlike}"
    assert on_duckdb.keys() == on_postgres.keys()
