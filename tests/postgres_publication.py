"""The small company of ``publication_support`` with an organisation, and something for everybody.

Beside what that has: ``org_nodes`` (r2, r3 and r7 in team T1, the others in T2, both in region R1),
``my_kpis`` for the owner of a row, ``team_view`` for managers, and columns for either.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.quality.judge import Verdict
from orchestration.settings import Settings
from tests import publication_support as small
from tests.publication_support import S, build_file, frozen_scores, result_for

LEAVES_TEAM = date(2026, 3, 4)
"""From this day on r7 is in team T2."""


def manifest() -> dict[str, Any]:
    """dbt's manifest with the three tables more."""

    def audience(name: str) -> dict[str, Any]:
        return {"config": {"meta": {"audience": name}}}

    def model(name: str, order_by: list[str], of: str) -> dict[str, Any]:
        return {
            "resource_type": "model",
            "name": name,
            "schema": "marts",
            "description": f"One row is a {name}.",
            "config": {"meta": {"order_by": order_by, "audience": of}},
            "columns": {},
        }

    nodes = small.manifest()["nodes"]
    nodes["model.utfall.reps"]["columns"]["hire_date"] = audience("manager")
    for column in ("reward_eligible", "management_support"):
        nodes["model.utfall.scores"]["columns"][column] = audience("owner")
    for one in (
        model("org_nodes", ["node_level", "node_id", "valid_from"], "all"),
        model("my_kpis", ["rep_id"], "owner"),
        model("team_view", ["node_id"], "manager"),
    ):
        nodes[f"model.utfall.{one['name']}"] = one
    return {"nodes": nodes}


GREEN = Verdict(
    (
        *small.GREEN.results,
        *(result_for(table) for table in ("org_nodes", "my_kpis", "team_view")),
    )
)


def build_night(
    settings: Settings,
    run_id: str,
    *,
    as_of: date = S,
    factor: str = "1.00",
    more_reps: int = 0,
    change_reps: str | None = None,
    **_: Any,
) -> Path:
    """The build file of a night; ``change_reps`` is what is altered in table ``reps``."""
    build = settings.work / f"{as_of}-{run_id}.duckdb"
    build_file(build, as_of=as_of, factor=factor, frozen=frozen_scores(settings, as_of))
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "create or replace table marts.reps as "
            "select *, date '2024-01-01' as hire_date from marts.reps"
        )
        connection.execute(
            f"insert into marts.reps select 'new' || range, 'New', null from range({more_reps})"
        )
        connection.execute(
            f"update marts.scores set reward_eligible = true where as_of = date '{as_of}'"
        )
        connection.execute(
            f"""
            create table marts.org_nodes as
            select 'rep' as node_level, rep_id as node_id,
                if(rep_id in ('r2', 'r3', 'r7'), 'T1', 'T2') as parent_node_id,
                date '2024-01-01' as valid_from,
                if(rep_id = 'r7', date '{LEAVES_TEAM}', date '9999-12-31') as valid_to
            from marts.reps
            union all
            values
                ('rep', 'r7', 'T2', date '{LEAVES_TEAM}', date '9999-12-31'),
                ('team', 'T1', 'R1', date '2024-01-01', date '9999-12-31'),
                ('team', 'T2', 'R1', date '2024-01-01', date '9999-12-31'),
                ('region', 'R1', 'company', date '2024-01-01', date '9999-12-31'),
                ('company', 'company', null, date '2024-01-01', date '9999-12-31')
            """
        )
        connection.execute(
            "create table marts.my_kpis as select rep_id, 'behind' as sentence from marts.reps"
        )
        connection.execute(
            "create table marts.team_view as select 'T1' as node_id, 0.5 as median_score"
        )
        if change_reps and "integer" in change_reps:
            connection.execute("update marts.reps set name = '7'")
        if change_reps:
            connection.execute(f"alter table marts.reps {change_reps}")
        # Another delivery is another publication.
        connection.execute(
            "update raw.extracts set file_id = file_id || ?", [f"-{more_reps}-{change_reps}"]
        )
    return build
