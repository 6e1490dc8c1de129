"""The staging rules on Postgres: the tests of DuckDB, on the tables that dbt makes in Postgres."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.postgres.load import keep_as_base, load_raw, open_build_database
from orchestration.postgres.results import fetch, relations
from orchestration.postgres.server import Server
from tests.support.postgres import Connection, server_in
from tests.unit.dbt_harness import run_dbt
from tests.unit.raw_schema import Extract, RawSchema
from tests.unit.test_staging import *  # noqa: F403
from tests.unit.test_staging import ENTITIES, Compiled, Staging

del test_models_say_what_the_entity_schema_says  # noqa: F821
del test_quarantine_covers_every_entity_and_every_reason_has_words  # noqa: F821


class StagingInPostgres(Staging):
    """As ``Staging``: raw rows in a DuckDB file, dbt in Postgres, its tables back in the file."""

    def __init__(self, folder: Path, project: Path, server: Server) -> None:
        super().__init__(folder, project)
        self.server = server

    def night(self, in_use: list[Extract], as_of: date, *, full: bool = False) -> Staging:
        if full:
            self.file.unlink(missing_ok=True)
            self.base = None
        database = open_build_database(self.server, is_full=full)
        with duckdb.connect(str(self.file)) as con:
            RawSchema(con, ENTITIES).write(in_use, self.base, None if full else self.base_as_of)
            load_raw(
                self.server,
                database,
                con,
                is_full=full,
                scratch=self.file.parent,
                entities=ENTITIES,
            )
        run_dbt(
            "build",
            *(["--full-refresh"] if full else []),
            build_file=self.file,
            project=self.project,
            target_path=self.project / "target",
            environment=self.server.environment(database),
        )
        with duckdb.connect(str(self.file)) as con:
            built = relations(self.server, database)
            fetch(self.server, database, con, built, scratch=self.file.parent)
        keep_as_base(self.server, self.file.name)
        self.base, self.base_as_of = in_use, as_of
        return self


class CompiledForPostgres(Compiled):
    """As ``Compiled``, in a database of its own."""

    def __init__(self, first: StagingInPostgres, folder: Path) -> None:
        self.server = first.server
        self.database = open_build_database(self.server, is_full=False)
        self.environment = self.server.environment(self.database)
        super().__init__(first, folder)

    def with_a_table_for_the_hook(self, first: Staging, folder: Path) -> Path:
        with closing(self.server.connect(self.database)) as con, con, con.cursor() as run:
            run.execute("create table staging.teams_hook (key_text varchar)")
        return folder / "none.duckdb"

    def connect(self) -> Connection:
        con = Connection(self.server, self.database)
        con.execute("drop schema staging cascade")
        con.execute("create schema staging")
        return con


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with server_in(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def company(project, server) -> Callable[[Path], Staging]:
    return lambda folder: StagingInPostgres(folder, project, server)


@pytest.fixture(scope="module")
def compiled(first, tmp_path_factory):
    made = CompiledForPostgres(first, tmp_path_factory.mktemp("compiled"))
    with made.con:
        yield made
