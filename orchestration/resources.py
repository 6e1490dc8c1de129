"""What a run needs around its stages: the right to write, disk to write on, and dbt."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.assets.dbt import dbt_resource
from orchestration.assets.night import Night, in_words
from orchestration.instance import PARTITION_TAG, bury_dead_runs
from orchestration.lock import single_writer
from orchestration.settings import Settings, load_settings

GIGABYTE = 1024**3


class DiskTooFullError(RuntimeError):
    """The disk cannot hold another build; the text says how much is missing and what to do."""


def check_disk(settings: Settings, *, free: int, last_build: int) -> None:
    """Raise ``DiskTooFullError`` where ``free`` bytes are fewer than the settings' factor (2) times
    the bytes of the last build file: a night writes a copy of it and a release beside it.
    """
    needed = int(last_build * settings.disk_headroom_factor)
    if free < needed:
        raise DiskTooFullError(
            f"Only {free / GIGABYTE:.1f} GB are free below {settings.home} and a night needs "
            f"{needed / GIGABYTE:.1f} GB ({settings.disk_headroom_factor:g} times the last build), "
            "so the run was stopped before it began and the last publication stands; free some "
            "space (`make clean-up` applies retention) and run the same S again."
        )


def last_build_bytes(settings: Settings) -> int:
    """Return the size in bytes of the newest build file, 0 where there is none.

    Of a night in the embedded Postgres server the server's data counts with it: its database is
    copied every night as the build file is.
    """
    builds = sorted(settings.work.glob("*.duckdb"), key=lambda path: path.stat().st_mtime)
    size = builds[-1].stat().st_size if builds else 0
    if settings.target == "postgres" and settings.postgres_url is None:
        size += sum(_bytes(path) for path in settings.postgres.rglob("*"))
    return size


def _bytes(path: Path) -> int:
    """The size of a file that may be taken away at any moment."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def free_bytes(settings: Settings) -> int:
    """Return the bytes free on the disk that holds the run-time data."""
    settings.home.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(settings.home).free


@dg.resource
def night(context: dg.InitResourceContext) -> Iterator[Night]:
    """Guard a whole run: refuse it on a full disk or while another run writes, then hold the lock.

    The in-process executor sets resources up once per run, so the lock spans all stages.
    """
    settings = load_settings()
    run = context.run
    as_of = date.fromisoformat(run.tags[PARTITION_TAG])
    with in_words():
        check_disk(settings, free=free_bytes(settings), last_build=last_build_bytes(settings))
        with single_writer(settings, run.run_id[:8], as_of=as_of.isoformat()):
            bury_dead_runs(context.instance, run.run_id)
            yield Night(settings, as_of, run.run_id)


def build_resources() -> dict[str, object]:
    """Return the resources of the code location."""
    return {"night": night, "dbt": dbt_resource()}
