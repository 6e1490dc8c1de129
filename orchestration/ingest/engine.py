"""How this project opens DuckDB, and how it puts a finished file in place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import duckdb

from orchestration.settings import Settings

SPILL_FOLDER = "spill"
"""Where DuckDB puts what does not fit into memory, below the work folder; empty between runs."""


def connect(
    settings: Settings,
    path: Path | None = None,
    *,
    read_only: bool = False,
    storage_version: str | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open ``path`` (None: in memory) with the run's threads and memory limit, in UTC.

    Spilled data goes below ``settings.work``; a read-only connection writes nothing at all. A new
    file is written so that DuckDB reads it from ``storage_version`` on (None: as old as can be).
    """
    config: dict[str, str | int] = {
        "threads": settings.threads,
        "memory_limit": settings.memory_limit,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if storage_version:
        config["storage_compatibility_version"] = storage_version
    if not read_only:
        settings.work.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(settings.work / SPILL_FOLDER)
    con = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    con.execute("set TimeZone = 'UTC'")
    return con


def literal(value: object) -> str:
    """Return ``value`` as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return ``name`` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal_list(values: Iterable[object]) -> str:
    """Return ``values`` as an SQL list of string literals."""
    return "[" + ", ".join(literal(value) for value in values) + "]"


def put_in_place(finished: Path, target: Path) -> None:
    """Move a finished file to its name in one step that survives a kill and a power cut."""
    with finished.open("rb") as handle:
        os.fsync(handle.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    finished.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def process_is_alive(pid: int) -> bool:
    """Tell whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
