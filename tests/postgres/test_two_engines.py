"""The demo company on DuckDB and on Postgres: two nights each through the real job.

The first night is a full build, the second an incremental one. After each of them every table and
view of every layer is compared row by row, and what is published must be the same bytes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import psycopg2
import pytest

from orchestration.manifest import DBT_EXECUTABLE
from orchestration.postgres.load import base_database, base_of, load_raw, reconcile
from orchestration.postgres.results import duckdb_type, fetch, relations
from orchestration.postgres.server import PostgresError, Server, running_server
from orchestration.settings import PROJECT_ROOT, load_settings
from orchestration.warehouse import base_build_file
from tests.support.engines import differences
from tests.support.nights import Company, parquet_hashes
from tests.support.postgres import url_of_this_machine

NIGHTS = (date(2026, 3, 3), date(2026, 3, 4))
SCALE = {"UTFALL_DEMO_SCALE": "0.02"}


@dataclass
class TwoEngines:
    """The company on each engine, and per night what differed and how many rows were compared."""

    on_duckdb: Company
    on_postgres: Company
    found: dict[date, tuple[list[str], int]] = field(default_factory=dict)

    def copy_of_postgres(self, folder: Path) -> Path:
        """All tables of the base database in a DuckDB file."""
        target = folder / "postgres.duckdb"
        with running_server(self.on_postgres.settings()) as server:
            database = base_database(server)
            with duckdb.connect(str(target)) as into:
                fetch(server, database, into, relations(server, database), scratch=folder)
        return target

    def keep_duckdb(self, folder: Path) -> Path:
        """A copy of DuckDB's base, which the next night replaces."""
        settings = self.on_duckdb.settings()
        return shutil.copy(settings.work / str(base_build_file(settings)), folder / "duckdb.duckdb")


@pytest.fixture(scope="module")
def two_engines(tmp_path_factory: pytest.TempPathFactory) -> TwoEngines:
    folder = tmp_path_factory.mktemp("two_engines")
    engines = TwoEngines(
        Company(folder / "duckdb", SCALE),
        Company(
            folder / "postgres",
            {**SCALE, "UTFALL_TARGET": "postgres", **url_of_this_machine()},
        ),
    )
    kept = {}
    for night in NIGHTS:
        engines.on_duckdb.run_green(night)
        (folder / night.isoformat()).mkdir()
        kept[night] = engines.keep_duckdb(folder / night.isoformat())
    for night in NIGHTS:
        engines.on_postgres.run_green(night)
        copy = engines.copy_of_postgres(folder / night.isoformat())
        engines.found[night] = differences(kept[night], copy)
    return engines


@pytest.fixture(scope="module")
def server(two_engines) -> Iterator[Server]:
    with running_server(two_engines.on_postgres.settings()) as running:
        yield running


@pytest.mark.parametrize("night", NIGHTS, ids=["full", "incremental"])
def test_every_table_of_every_layer_is_the_same_row_by_row(two_engines, night):
    found, compared = two_engines.found[night]
    assert not found, "\n".join(found)
    assert compared > 500_000
    was_full = two_engines.on_postgres.handover(night)["build_file"]["is_full"]
    assert was_full == (night == NIGHTS[0])


@pytest.mark.parametrize("night", NIGHTS, ids=["full", "incremental"])
def test_both_engines_publish_the_same_bytes_under_the_same_id(two_engines, night):
    one, other = (
        company.release_of(night) for company in (two_engines.on_duckdb, two_engines.on_postgres)
    )
    assert one.name == other.name
    assert parquet_hashes(one) == parquet_hashes(other)


def test_the_unit_tests_of_all_models_pass_on_postgres(server, tmp_path):
    done = subprocess.run(
        [str(DBT_EXECUTABLE), "--no-use-colors", "test", "-s", "test_type:unit"],
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            **server.environment(base_database(server)),
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "ERROR=0" in done.stdout and "PASS=0" not in done.stdout


def test_the_base_is_the_database_of_the_last_green_build(two_engines, server):
    settings = two_engines.on_postgres.settings()
    assert base_of(server) == base_build_file(settings)
    assert [path.name for path in settings.work.glob("*.csv")] == []


def test_texts_are_compared_by_bytes(server):
    opened = server.connect(base_database(server))
    with opened, opened.cursor() as run:
        run.execute(
            "select string_agg(x, '' order by x) from (values ('b'), ('B'), ('å'), ('a'), ('Z')) "
            "as t (x)"
        )
        assert run.fetchone() == ("BZabå",)
    opened.close()


def test_the_extracts_of_the_base_are_not_copied_again(two_engines, server, tmp_path):
    """A load on top of the base copies the night's delta alone, and the counts still agree."""
    settings = two_engines.on_postgres.settings()
    build = settings.work / str(base_build_file(settings))
    with duckdb.connect(str(build), read_only=True) as source:
        loaded = load_raw(server, base_database(server), source, is_full=False, scratch=tmp_path)
        (delivered,) = source.execute("select count(*) from raw.invoice_lines").fetchall()[0]
        (delta,) = source.execute("select count(*) from raw.invoice_lines__delta").fetchall()[0]
    (lines,) = (one for one in loaded if one.table == "invoice_lines")
    assert (lines.rows, lines.copied) == (delivered, delta)
    assert delta < delivered / 10


def test_a_load_that_lost_rows_is_an_error_that_names_the_table():
    with pytest.raises(PostgresError, match=r"raw\.reps holds 0 rows in Postgres and 16 in"):
        reconcile("raw.reps", 16, 0)


@pytest.mark.parametrize("kind", ["double precision", "numeric", "timestamp with time zone"])
def test_a_type_that_depends_on_the_engine_is_an_error_that_names_the_column(kind):
    with pytest.raises(PostgresError, match=r"marts\.outcomes\.value has the type"):
        duckdb_type(kind, "marts.outcomes.value")


def test_a_server_that_does_not_answer_is_named_in_a_sentence(tmp_path):
    settings = load_settings(
        {
            "UTFALL_HOME": str(tmp_path),
            "UTFALL_POSTGRES_URL": f"postgresql://nobody@/none?host={tmp_path}",
        }
    )
    with (
        pytest.raises(PostgresError, match="does not answer"),
        running_server(settings),
    ):
        pass


def test_a_url_that_cannot_be_read_is_shown_how_to_write_it(tmp_path):
    settings = load_settings(
        {"UTFALL_HOME": str(tmp_path), "UTFALL_POSTGRES_URL": "server=db; user=me"}
    )
    with pytest.raises(PostgresError, match="postgresql://user"), running_server(settings):
        pass


def test_the_embedded_server_stops_when_nobody_needs_it_also_after_a_kill(tmp_path):
    settings = load_settings({"UTFALL_HOME": str(tmp_path)})
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, signal\n"
            "from orchestration.postgres.server import running_server\n"
            "from orchestration.settings import load_settings\n"
            "with running_server(load_settings()):\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n",
        ],
        cwd=PROJECT_ROOT,
        env={**os.environ, "UTFALL_HOME": str(tmp_path), "UTFALL_POSTGRES_URL": ""},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    with running_server(settings) as running:
        parts = dict(running.parts)
        psycopg2.connect(**parts).close()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**parts)
