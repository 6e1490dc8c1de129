"""Which booking months of a candidate the gate has to judge.

Where a rule looks at one month at a time, held on the release that readers have, and the files of a
month are still the same, it would say of that month what it said then. Such rules are judged on the
other months; a night changes a few of some forty.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publication.export import PARTITIONED_BY

MONTH = "booking_month"
MONTHLY_TABLES = tuple(sorted(t for t, column in PARTITIONED_BY.items() if column == MONTH))
"""The published tables with one file per booking month."""

RESULTS = "data_quality_results"
"""The published table that holds what the gate said of a release."""


@dataclass(frozen=True)
class Answered:
    """What the release that readers have answers for, seen from a candidate.

    ``months`` are the booking months that it does not answer for, ``rules`` those that held on all
    of its rows, and ``other_tables`` the published tables whose files are not the same any more.
    """

    months: frozenset[date]
    rules: frozenset[str]
    other_tables: frozenset[str]

    def covers(self, rule_id: str, reads: Collection[str]) -> bool:
        """Whether a rule by month that ``reads`` these tables need not look beyond ``months``."""
        return rule_id in self.rules and self.other_tables.isdisjoint(reads)


def answered_by(previous: Path | None, release: Path) -> Answered | None:
    """What release ``previous`` answers for in candidate ``release``; None where that is nothing.

    A month has to be judged when a file of one of the monthly tables is another, appeared or is
    gone, and when it was not over on the day of ``previous``: what was planned then has happened.
    Rules may be others in other code, so nothing is answered where its version differs, or where a
    folder is no whole release.
    """
    before, now = (_manifest(folder) for folder in (previous, release))
    if not previous or not before or not now or before["code_version"] != now["code_version"]:
        return None
    verdict = previous / "parquet" / f"{RESULTS}.parquet"
    if not verdict.exists():
        return None
    held = duckdb.execute(
        f"select rule_id from read_parquet('{verdict}') "
        "where run_id = ? and success and not could_not_run and checked is distinct from 0",
        [before["run_id"]],
    ).fetchall()
    current = date.fromisoformat(before["as_of"]).replace(day=1)
    others: set[str] = set()
    months: set[date] = set()
    for table in before["tables"].keys() | now["tables"].keys():
        changed = _files(before, table) ^ _files(now, table)
        if table in MONTHLY_TABLES:
            going_on = {file for file in _files(now, table) if file[0] and file[0] >= current}
            months |= {month for month, _ in changed | going_on if month is not None}
        elif changed:
            others.add(table)
    return Answered(frozenset(months), frozenset(rule for (rule,) in held), frozenset(others))


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


def _files(manifest: Mapping[str, Any], table: str) -> set[tuple[date | None, str]]:
    """(Month, sha256) of the files of a table; the month of a table in one file is None."""
    return {
        (date.fromisoformat(file["partition"]) if file["partition"] else None, file["sha256"])
        for file in manifest["tables"].get(table, {"files": ()})["files"]
    }
