"""Which months of a build cannot differ from the publication it started from.

An incremental build computes booking months from ``rebuild_from`` on, and the periods that the
model ``int_outcomes__touched_periods`` lists. Every other month's file is the one of the release
before, so it need not be written to be compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

READS = (
    ("outcomes", "int_outcomes__touched_periods"),
    ("core", "int_core__booking_months"),
    ("core", "int_core__rebuild"),
    ("core", "int_core__periods"),
)
"""Schema and name of what is read beside the marts: the build file of every engine holds it."""

_MONTHS = """
    select month_start from core.int_core__booking_months
    union
    select date_trunc('month', period_end - interval 1 day)::date from core.int_core__periods
"""

# What is counted for a period lies in the month in which the period ends.
_OUTCOMES = """
    select date_trunc('month', periods.period_end - interval 1 day)::date
    from outcomes.int_outcomes__touched_periods as touched
    inner join core.int_core__periods as periods
        using (period_type, period_start, campaign_id)
"""

# Other evidence lies in the month it is booked in.
_EVIDENCE = """
    select month_start from core.int_core__booking_months
    where month_start >= (select rebuild_from from core.int_core__rebuild)
    union
    select date_trunc('month', period_end - interval 1 day)::date from core.int_core__periods
    where period_end > (select rebuild_from from core.int_core__rebuild)
"""


def unchanged_months(
    build_path: Path, base_as_of: date | None, current: Path | None
) -> Mapping[str, set[date]]:
    """Return table → booking months whose files of ``current`` still hold.

    ``base_as_of`` is the night the build started from (None for a full build) and ``current`` the
    release folder that readers have now. Empty where the build is full or was made by other code
    than its base, or the release is not the one of that night.
    """
    if base_as_of is None or current is None or not (current / "manifest.json").is_file():
        return {}
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    if manifest["as_of"] != base_as_of.isoformat():
        return {}
    found = {}
    with duckdb.connect(str(build_path), read_only=True) as connection:
        as_of, is_recounted = connection.execute(
            "select as_of, is_recounted from raw.run_context"
        ).fetchone()
        if is_recounted:
            return {}
        # The standing figures of both nights lie in their months.
        nights = {base_as_of.replace(day=1), as_of.replace(day=1)}
        months = {month for (month,) in connection.execute(_MONTHS).fetchall()}
        for table, query in (("outcomes", _OUTCOMES), ("outcome_evidence", _EVIDENCE)):
            changed = {month for (month,) in connection.execute(query).fetchall()}
            found[table] = months - changed - nights
    return found
