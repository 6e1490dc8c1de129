"""Postgres in tests: a server to run on, and a connection that is called as DuckDB's is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from orchestration.postgres.load import INPUT_IS_VALID
from orchestration.postgres.server import Server, running_server
from orchestration.settings import load_settings

URL = "UTFALL_POSTGRES_URL"
"""A server of one's own for these tests; they make databases on it. Unset: the embedded one."""


def url_of_this_machine() -> dict[str, str]:
    """The variable that names the server, where it is set."""
    return {URL: os.environ[URL]} if os.environ.get(URL, "").strip() else {}


@contextmanager
def server_in(folder: Path) -> Iterator[Server]:
    """A server for the length of a test module."""
    settings = load_settings({"UTFALL_HOME": str(folder), **url_of_this_machine()})
    with running_server(settings) as server:
        yield server


class Connection:
    """A Postgres connection in autocommit, with ``?`` for parameters as DuckDB has it."""

    def __init__(self, server: Server, database: str) -> None:
        self.opened = server.connect(database)
        self.opened.autocommit = True
        if server.version < 160000:
            self.execute(INPUT_IS_VALID)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: Any) -> None:
        self.opened.close()

    def execute(self, query: str, parameters: Sequence[Any] | None = None) -> Connection:
        self._run = self.opened.cursor()
        self._run.execute(self._own(query) if parameters else query, parameters or None)
        return self

    def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        with closing(self.opened.cursor()) as run:
            run.executemany(self._own(query), rows)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._run.fetchall()

    @staticmethod
    def _own(query: str) -> str:
        return query.replace("%", "%%").replace("?", "%s")

    Error = psycopg2.Error
