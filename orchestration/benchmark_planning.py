"""``make benchmark-planning``: a plan of 5,000 reps and 60 budgets, divided down to the month.

The compiled models run in a DuckDB of their own, on pools and weights that this module makes: what
is measured is the division alone, not what the weights are made of. Every sum is checked after it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from orchestration.manifest import DBT_EXECUTABLE
from orchestration.settings import PROJECT_ROOT, load_settings

DIVIDES = (
    "int_planning__pool_checks",
    "int_planning__shares",
    "int_planning__rep_months",
)
"""The models that are run, in this order."""

GOAL_SECONDS = 10.0
"""How long 5,000 reps, 60 budgets and 12 months may take on two cores."""

FED = """
create table {schema}.int_planning__pools as
select
    'B' || b as pool_id,
    'B' || b as basis_id,
    cast(cast({reps} as bigint) * 900000 + b * 1000 as decimal(28, 4)) as amount,
    cast(1000 as decimal(18, 4)) as unit
from range({budgets}) as budgets (b);

create table {schema}.int_planning__budgets as
select
    pool_id as budget_id,
    1 as version,
    true as is_plan
from {schema}.int_planning__pools;

-- Weights as customers, revenue and working days give them; some have floors, caps or agreements.
create table {schema}.int_planning__weights as
select
    'B' || b as pool_id,
    'R' || lpad(cast(r as varchar), 5, '0') as rep_id,
    cast(
        case b % 3
            when 0 then hash(b, r) % 80
            when 1 then (hash(b, r) % 900000000) / 100
            else 180 + hash(b, r) % 60
        end as decimal(28, 10)
    ) as weight,
    cast(case when r % 10 = 1 then 200000 end as decimal(28, 4)) as floor,
    cast(case when r % 10 = 2 then 3000000 end as decimal(28, 4)) as cap,
    cast(case when r % 50 = 3 then 1200000 end as decimal(28, 4)) as locked_target
from range({budgets}) as budgets (b), range({reps}) as reps (r);

create table {schema}.int_planning__budget_months as
select
    pool_id as budget_id,
    1 as version,
    cast(date '2026-01-01' + to_months(cast(m as integer)) as date) as month_start,
    cast([6, 7, 8, 8, 9, 9, 4, 7, 10, 11, 11, 10][cast(m as integer) + 1] as decimal(18, 10))
        as weight
from {schema}.int_planning__pools, range(12) as months (m);

-- Every seventh rep comes in the spring.
create table {schema}.int_planning__rep_phases as
select
    months.budget_id,
    months.version,
    weights.rep_id,
    months.month_start,
    cast(months.weight as decimal(28, 10)) as weight
from {schema}.int_planning__budget_months as months
inner join {schema}.int_planning__weights as weights on months.budget_id = weights.pool_id
where hash(weights.rep_id) % 7 > 0 or month(months.month_start) > 3;

create table {schema}.int_planning__hand_targets as
select
    pool_id as budget_id,
    1 as version,
    true as is_of_plan,
    true as is_of_channel,
    'rep' as node_type,
    rep_id as node_id,
    cast(date '2026-01-01' + to_months(cast(m as integer)) as date) as month_start,
    cast(locked_target / 12 as decimal(18, 4)) as target
from {schema}.int_planning__weights, range(12) as months (m)
where locked_target is not null;
"""

CHECKS = {
    "pools that could not be divided": (
        "select count(*) from {schema}.int_planning__pool_checks where rule_id is not null"
    ),
    "pools whose shares do not add up": (
        "select count(*) from {schema}.int_planning__pools as pools where amount <> ("
        "select sum(target) from {schema}.int_planning__shares where pool_id = pools.pool_id)"
    ),
    "reps whose months do not add up": (
        "select count(*) from {schema}.int_planning__shares as shares left join ("
        "select budget_id, rep_id, sum(target) as target from {schema}.int_planning__rep_months "
        "group by all) as months on pool_id = budget_id and shares.rep_id = months.rep_id "
        "where shares.target is distinct from months.target"
    ),
}


def compiled_models(target: Path) -> tuple[str, dict[str, str]]:
    """Schema and compiled SQL of the models that divide; raises with dbt's last lines."""
    done = subprocess.run(
        [DBT_EXECUTABLE, "compile", "--target-path", str(target), "--select", *DIVIDES],
        cwd=PROJECT_ROOT,
        env={**os.environ, "UTFALL_BUILD_FILE": ":memory:"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"dbt compile failed in the benchmark:\n{done.stdout[-3000:]}")
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    found = {node["name"]: node for node in nodes.values() if node["name"] in DIVIDES}
    return found[DIVIDES[0]]["schema"], {name: found[name]["compiled_code"] for name in DIVIDES}


def main(
    reps: int = typer.Option(5_000, help="Reps in every budget."),
    budgets: int = typer.Option(60, help="Budgets, of 12 months each."),
    threads: int = typer.Option(2, help="Threads of DuckDB."),
) -> None:
    """Divide a large plan; print seconds and rows by model, and fail where a sum is not exact."""
    schema, models = compiled_models(load_settings().home / "benchmark" / "target")
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute(f"create schema {schema}")
        connection.execute(FED.format(schema=schema, reps=reps, budgets=budgets))
        table = Table(
            "model", "rows", "seconds", "CPU s", title=f"{reps:,} reps, {budgets} budgets"
        )
        seconds = cpu_seconds = 0.0
        for name, sql in models.items():
            started, cpu = time.monotonic(), time.process_time()
            connection.execute(f"create table {schema}.{name} as {sql}")
            took, cpu_took = time.monotonic() - started, time.process_time() - cpu
            (rows,) = connection.execute(f"select count(*) from {schema}.{name}").fetchone()
            table.add_row(name, f"{rows:,}", f"{took:.1f}", f"{cpu_took:.1f}")
            seconds, cpu_seconds = seconds + took, cpu_seconds + cpu_took
        table.add_row("all", "", f"{seconds:.1f}", f"{cpu_seconds:.1f}")
        Console().print(table)
        for what, query in CHECKS.items():
            (wrong,) = connection.execute(query.format(schema=schema)).fetchone()
            if wrong:
                raise SystemExit(f"The benchmark's plan is wrong: {wrong:,} {what}.")
    Console().print(
        f"Every sum is exact. Goal: {GOAL_SECONDS:.0f} s on two cores for 5,000 reps and 60 "
        f"budgets; a machine with nothing else to do needs about {cpu_seconds / threads:.1f} s."
    )


if __name__ == "__main__":
    typer.run(main)
