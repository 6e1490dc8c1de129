"""Which booking months of a candidate the gate has to judge.

A release that readers have has passed every rule that blocks. A month whose files are the same has
the same rows, so a rule that looks at one month at a time would say of it what it said then. Such
rules are judged on the other months; a night changes a few of some forty.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.publication.export import PARTITIONED_BY

MONTH = "booking_month"
MONTHLY_TABLES = tuple(sorted(t for t, column in PARTITIONED_BY.items() if column == MONTH))
"""The published tables with one file per booking month."""


def months_to_judge(release: Path, previous: Path | None) -> frozenset[date] | None:
    """The booking months of candidate ``release`` that the release ``previous`` does not answer
    for; None where that is all of them.

    A month has to be judged when a file of one of the monthly tables is another, appeared or is
    gone, and when it was not over on the day of ``previous``: what was planned then has happened.
    Rules may be others in other code, so all months are judged where its version differs, and
    where either folder has no manifest.
    """
    before, now = (_manifest(folder) for folder in (previous, release))
    if not before or not now or before["code_version"] != now["code_version"]:
        return None
    earlier, files = _files(before), _files(now)
    last_day = date.fromisoformat(before["as_of"])
    return frozenset(
        month
        for table, month in earlier.keys() | files.keys()
        if month is not None
        and (
            month >= last_day.replace(day=1)
            or earlier.get((table, month)) != files.get((table, month))
        )
    )


@contextmanager
def only_months(
    connection: Any, tables: Collection[str], months: Collection[date]
) -> Generator[None, None, None]:
    """Show the monthly tables among ``tables`` with the rows of ``months`` alone for a while.

    ``connection`` is SQLAlchemy's to the judged file, which stays as it is: temporary views stand
    in front of its tables. Rows without a month are always shown.
    """
    shown = sorted(set(tables) & set(MONTHLY_TABLES))
    catalog = connection.exec_driver_sql("select current_database()").scalar()
    listed = ", ".join(f"date '{month}'" for month in sorted(months))
    wanted = f"{MONTH} in ({listed}) or {MONTH} is null" if listed else f"{MONTH} is null"
    try:
        for table in shown:
            connection.exec_driver_sql(
                f"create temporary view {table} as "
                f'select * from "{catalog}".main.{table} where {wanted}'
            )
        # A check that fails rolls back, and would take the views with it.
        connection.commit()
        yield
    finally:
        for table in shown:
            connection.exec_driver_sql(f"drop view if exists temp.main.{table}")
        connection.commit()


def _manifest(folder: Path | None) -> dict[str, Any] | None:
    file = folder / "manifest.json" if folder else None
    return json.loads(file.read_text(encoding="utf-8")) if file and file.exists() else None


def _files(manifest: Mapping[str, Any]) -> dict[tuple[str, date | None], str]:
    """(Table, month) → sha256 of its file, of the monthly tables."""
    return {
        (table, date.fromisoformat(file["partition"]) if file["partition"] else None): file[
            "sha256"
        ]
        for table in MONTHLY_TABLES
        for file in manifest["tables"].get(table, {"files": ()})["files"]
    }
