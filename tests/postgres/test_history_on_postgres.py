"""History in Postgres: a night that was frozen is copied once, however many nights follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from orchestration.postgres.load import Loaded, load_raw, open_build_database
from orchestration.postgres.server import Server
from tests.support.postgres import server_in


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server_in(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def source() -> Iterator[duckdb.DuckDBPyConnection]:
    """A build file with two nights of two scores each."""
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.history_scores as "
            "select date '2026-03-01' + night as as_of, 'p' || night as publication_id, "
            "node_id, cast(night as decimal(28, 10)) as value "
            "from (values (1), (2)) as nights(night), (values ('a'), ('b')) as nodes(node_id)"
        )
        yield connection


def load(server: Server, database: str, source: duckdb.DuckDBPyConnection, scratch: Path) -> Loaded:
    (loaded,) = load_raw(server, database, source, is_full=False, scratch=scratch, entities=[])
    return loaded


def held(server: Server, database: str) -> list[tuple]:
    with closing(server.connect(database)) as opened, opened.cursor() as run:
        run.execute(
            "select to_char(as_of, 'DD'), publication_id, count(*), sum(value)::int "
            "from raw.history_scores group by 1, 2 order by 1, 2"
        )
        return run.fetchall()


def test_only_nights_that_are_not_there_are_copied(server, source, tmp_path):
    database = open_build_database(server, is_full=True)
    table = "history_scores"
    assert load(server, database, source, tmp_path) == Loaded(table, 4, 4)
    assert load(server, database, source, tmp_path) == Loaded(table, 4, 0)
    source.execute("insert into raw.history_scores values ('2026-03-04', 'p3', 'a', 3)")
    assert load(server, database, source, tmp_path) == Loaded(table, 5, 1)
    assert held(server, database) == [
        ("02", "p1", 2, 2),
        ("03", "p2", 2, 4),
        ("04", "p3", 1, 3),
    ]


def test_a_night_that_history_does_not_have_goes(server, source, tmp_path):
    """As after a restore, or on a base that was built with another publication of the night."""
    database = open_build_database(server, is_full=True)
    load(server, database, source, tmp_path)
    source.execute("update raw.history_scores set publication_id = 'q' where as_of = '2026-03-03'")
    assert load(server, database, source, tmp_path) == Loaded("history_scores", 4, 2)
    source.execute("delete from raw.history_scores where as_of = '2026-03-02'")
    assert load(server, database, source, tmp_path) == Loaded("history_scores", 2, 0)
    assert held(server, database) == [("03", "q", 2, 4)]


def test_another_shape_of_the_table_is_copied_as_a_whole(server, source, tmp_path):
    database = open_build_database(server, is_full=True)
    load(server, database, source, tmp_path)
    source.execute("alter table raw.history_scores add column mood varchar")
    assert load(server, database, source, tmp_path) == Loaded("history_scores", 4, 4)
