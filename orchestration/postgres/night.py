"""A night that is computed in Postgres: from the build file into it, and home again.

The build file stays what the other stages know: it holds schema ``raw`` before dbt runs, and the
marts after it. In between the work is done in Postgres.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.postgres.load import (
    base_of,
    keep_as_base,
    load_raw,
    open_build_database,
)
from orchestration.postgres.results import fetch, relations
from orchestration.postgres.server import Server, running_server
from orchestration.settings import Settings
from orchestration.warehouse import BuildPlan, open_warehouse


@dataclass(frozen=True)
class PostgresBuild:
    """The build database of a night, filled and waiting for dbt."""

    settings: Settings
    server: Server
    database: str
    build_file: Path

    @property
    def environment(self) -> dict[str, str]:
        """What dbt's profile needs to find the database."""
        return self.server.environment(self.database)

    def bring_home(self, tables: Collection[tuple[str, str]], *, if_built: bool = False) -> None:
        """Copy the tables (schema, name) that later stages read into the build file.

        With ``if_built`` those that dbt did not come to are left out, as after a red build.
        """
        if if_built:
            built = set(relations(self.server, self.database))
            tables = [table for table in tables if table in built]
        with open_warehouse(self.build_file, settings=self.settings) as into:
            fetch(self.server, self.database, into, tables, scratch=self.settings.work)


@contextmanager
def postgres_build(
    settings: Settings, build_file: Path, plan: BuildPlan
) -> Iterator[PostgresBuild]:
    """Yield the night's database with its raw rows; the server is there until the end.

    ``build_file`` is where the plan's file lies open under its second name.
    """
    with running_server(settings) as server:
        database = open_build_database(server, is_full=plan.is_full)
        with open_warehouse(build_file, read_only=True, settings=settings) as source:
            load_raw(
                server,
                database,
                source,
                is_full=plan.is_full,
                scratch=settings.work,
                rebuilt=plan.rebuilt,
            )
        yield PostgresBuild(settings, server, database, build_file)


def lost_base(settings: Settings, build_file: str | None) -> str | None:
    """Say why a night cannot start from the green build ``build_file``, or None where it can.

    Postgres must hold the database that was built with that file.
    """
    if settings.target != "postgres" or build_file is None:
        return None
    with running_server(settings) as server:
        held = base_of(server)
    if held == build_file:
        return None
    return f"Postgres does not hold the database of the last green build {build_file}."


def keep_base(settings: Settings, plan: BuildPlan) -> None:
    """Make the database of a green night the base of later ones."""
    if settings.target == "postgres" and plan.is_base_candidate:
        with running_server(settings) as server:
            keep_as_base(server, plan.path.name)
