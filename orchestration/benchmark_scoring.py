"""``make benchmark-scoring``: planning and scores of an ordinary night with 2,000 reps.

The demo company gets reps that are copies of its own: with their team, manager, channels and a
profile of five key figures, and without customers or meetings, so that the facts stay demo-size.
They were hired a year before, so that they have that year of history and no part in older plans. It
is connected in November, where the year's figures are largest, and its first night is built in
full. A year of frozen nights is made of that night's scores. The night after is built incrementally
and in three runs of dbt: first everything that planning and scores are made of, then the models of
``models/planning`` and ``models/scoring`` alone, then the marts below them.

Seconds that are compared with the goal are those that dbt reports for the second run: wall time
of its models on dbt's threads and of what dbt asks the database before them, without the parse.
Those of the third are printed beside them.
Seconds by layer are sums of the models' execution times, which add up to more, since several models
run at a time. Frozen snapshots of outcomes are empty: they are read by ``outcomes``, which is not
measured here.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from orchestration.benchmark import CONNECTED_ON, Benchmark, dearest, run_dbt
from orchestration.demo import write_delivery
from orchestration.ingest import ingest_all
from orchestration.publication.history import (
    ORIGINAL,
    SCORE_COLUMNS,
    SCORES,
    PublicationRecord,
    freeze,
    frozen_files,
    nights_file,
    record,
    typed_rows,
)
from orchestration.settings import Settings, load_settings
from orchestration.warehouse import BuildPlan, mark_green, open_warehouse, prepare_warehouse

GOAL_SECONDS = 10.0
"""How long planning and scores of an ordinary night may take on two cores."""

KPIS_OF_A_REP = 5

HIRED = CONNECTED_ON.replace(year=CONNECTED_ON.year - 1)

MEASURED = ("path:models/planning", "path:models/scoring")
"""What dbt runs in the measured run."""

AND_BELOW = tuple(f"{layer}+" for layer in MEASURED)

COPIED = ("reps", "rep_team_assignments", "rep_managers", "rep_channels", "rep_profiles")
"""Entities of which an added rep has the rows of the rep it is a copy of."""

TEMPLATES = """
create temp table templates as
with employed as (
    select rep_id from {reps} where leave_date is null
),

profiles as (
    select profile_id from {profile_kpis}
    group by profile_id having count(distinct kpi_id) = {kpis}
),

memberships as (
    select
        rep_id,
        min(profile_id) as profile_id
    from {rep_profiles} where valid_to is null
    group by rep_id having count(*) = 1
)

select
    memberships.rep_id,
    row_number() over (order by memberships.rep_id) - 1 as place
from memberships
inner join profiles using (profile_id)
inner join employed using (rep_id);

create temp table added as
select
    'X' || lpad(cast(n + 1 as varchar), 5, '0') as new_id,
    templates.rep_id as old_id
from range({count}) as numbers (n)
inner join templates on n % (select count(*) from templates) = templates.place;
"""

SHIFTED = """
with spans as (
    select
        *,
        greatest(date_diff('month', period_start, period_end), 1) as months
    from own
),

moved as (
    select
        * exclude (months),
        to_months(cast(
            ceil(greatest(
                date_diff('month', date '{day}', period_start)
                + cast(day(period_start) > day(date '{day}') as integer), 0
            ) / months) * months as integer
        )) as back
    from spans
)

select * exclude (back) replace (
    date '{day}' as as_of,
    cast(period_start - back as date) as period_start,
    cast(period_end - back as date) as period_end
)
from moved
"""
"""Scores of table ``own`` as of an earlier day, in the newest such period begun by then."""


def add_reps(landing: Path, day: date, count: int) -> None:
    """Lay one more file for each of ``COPIED`` into a day's folders: ``count`` reps, ``X00001`` on.

    The day's delivery of the demo company must lie there. Raises ``ValueError`` where none of its
    reps has one profile of ``KPIS_OF_A_REP`` key figures.
    """
    folders = {entity: landing / "crm" / entity / str(day) for entity in (*COPIED, "profile_kpis")}
    delivered = {
        entity: f"read_csv('{folder}/{entity}.csv', all_varchar = true)"
        for entity, folder in folders.items()
    }
    with duckdb.connect() as connection:
        connection.execute(TEMPLATES.format(**delivered, kpis=KPIS_OF_A_REP, count=count))
        if connection.execute("select count(*) from templates").fetchone() == (0,):
            raise ValueError(
                f"No rep delivered on {day} has one profile of {KPIS_OF_A_REP} key figures; "
                "use a larger scale."
            )
        for entity in COPIED:
            changed = "new_id as rep_id, replace(source_id, old_id, new_id) as source_id"
            if entity == "reps":
                changed += ", replace(email, lower(old_id), lower(new_id)) as email"
                changed += f", '{HIRED}' as hire_date"
            connection.execute(
                f"copy (select delivered.* replace ({changed}) from {delivered[entity]} "
                "as delivered inner join added on delivered.rep_id = added.old_id "
                f"order by new_id) to '{folders[entity]}/added.csv' (format csv, header)"
            )


def working_days(before: date, count: int) -> list[date]:
    """The ``count`` last Mondays to Fridays before a day, oldest first."""
    days: list[date] = []
    day = before
    while len(days) < count:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            days.append(day)
    return days[::-1]


def freeze_night(
    settings: Settings, connection: duckdb.DuckDBPyConnection, scores: str, day: date
) -> None:
    """Freeze rows as the scores of a day, as the publication of that day does.

    ``scores`` is SQL over rows with the columns of the mart ``scores``, the day in ``as_of``.
    """
    draft = settings.home / "frozen"
    target = draft / "parquet" / nights_file(SCORES, day)
    outcomes = draft / "parquet" / "outcomes" / "none.parquet"
    for file in (target, outcomes):
        file.parent.mkdir(parents=True)
    publication = f"benchmark{day:%Y%m%d}"
    connection.execute(
        f"copy (select * replace ('{publication}' as publication_id) from ({scores}) "
        "order by subject_type, subject_id, node_level, node_id) "
        f"to '{target}' (format parquet, compression zstd)"
    )
    connection.execute(
        f"copy (select * from marts.outcomes where false) to '{outcomes}' (format parquet)"
    )
    frozen = freeze(settings, draft, day, publication, computed_later=False)
    record(settings, _published(day, publication, frozen))
    shutil.rmtree(draft)


def freeze_nights(settings: Settings, build_file: Path, night: date, nights: int) -> None:
    """Freeze the scores of ``night`` for it and for ``nights`` working days before it.

    The build file's ``scores`` then hold all of them, as they do after a year of nights.
    """
    with open_warehouse(build_file, settings=settings) as connection:
        connection.execute(
            f"create temp table own as select * from marts.scores where as_of = date '{night}'"
        )
        for day in [*working_days(night, nights), night]:
            freeze_night(settings, connection, SHIFTED.format(day=day), day)
        files = frozen_files(settings, SCORES, night + timedelta(days=1))
        rows = typed_rows(SCORE_COLUMNS, [file.path for file in files])
        connection.execute("delete from marts.scores")
        connection.execute(f"insert into marts.scores by name {rows}")


def _published(day: date, publication: str, frozen: dict[str, str]) -> PublicationRecord:
    """The record of a night that was published on its day."""
    return PublicationRecord(
        publication_id=publication,
        as_of=day.isoformat(),
        kind=ORIGINAL,
        computed_later=False,
        run_id=publication,
        published_at=f"{day}T05:00:00Z",
        code_version="benchmark",
        ledger_hash="benchmark",
        history_hash="benchmark",
        release_sha="benchmark",
        frozen=frozen,
    )


def _files(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Inode, bytes and time of change of every frozen file of scores."""
    found: Iterator[Path] = (folder / SCORES).rglob("*.parquet")
    return {
        path: (status.st_ino, status.st_size, status.st_mtime_ns)
        for path in found
        for status in [path.stat()]
    }


def _prepared(bench: Benchmark, label: str, day: date, reps: int) -> BuildPlan:
    """Deliver, ingest and open a night's build file; the first one is given its seeds."""
    settings, stage = bench.settings, bench.stage

    def deliver() -> None:
        write_delivery(
            settings.landing,
            day,
            seed=settings.seed,
            scale=settings.scale,
            threads=settings.threads,
            connects=day == CONNECTED_ON,
        )
        add_reps(settings.landing, day, reps)

    stage(f"{label}: deliveries", deliver)
    stage(f"{label}: ingest", lambda: ingest_all(settings, day))
    plan = stage(f"{label}: build file", lambda: prepare_warehouse(settings, day, label))
    if plan.is_full:
        stage(f"{label}: dbt seed", lambda: run_dbt(settings, plan.path, "seed"))
    return plan


def _layers(settings: Settings, *runs: dict[str, Any]) -> Table:
    """Models and the sum of their execution seconds by folder of ``models``."""
    nodes = json.loads((settings.home / "target" / "manifest.json").read_text())["nodes"]
    seconds: dict[str, list[float]] = defaultdict(list)
    for result in (result for run in runs for result in run["results"]):
        seconds[nodes[result["unique_id"]]["fqn"][1]].append(result["execution_time"])
    table = Table("layer", "models", "sum of seconds", title="By layer")
    for layer, took in seconds.items():
        table.add_row(layer, str(len(took)), f"{sum(took):.1f}")
    return table


def _rows(settings: Settings, build_file: Path, night: date) -> str:
    """What the night holds: rows by mart, for a reader of the figures."""
    counts = {
        "reps with a profile": "select count(*) from scoring.int_scoring__rep_profiles",
        "scores tonight": f"select count(*) from marts.scores where as_of = date '{night}'",
        "scores in all": "select count(*) from marts.scores",
        "my_kpis": "select count(*) from marts.my_kpis",
        "profile_scores": "select count(*) from marts.profile_scores",
        "kpi_trend": "select count(*) from marts.kpi_trend",
        "targets": "select count(*) from marts.targets",
    }
    with open_warehouse(build_file, read_only=True, settings=settings) as connection:
        return ", ".join(
            f"{what} {connection.execute(query).fetchone()[0]:,}" for what, query in counts.items()
        )


def main(
    reps: int = typer.Option(2_000, help="Reps added to the demo company."),
    nights: int = typer.Option(260, help="Frozen working nights before the first one."),
    scale: float = typer.Option(1.0, help="Size of the demo company."),
) -> None:
    """Measure planning and scores of an ordinary night; fail where frozen nights are rewritten."""
    base = load_settings()
    home = base.home / "benchmark" / "scoring"
    shutil.rmtree(home, ignore_errors=True)
    settings = replace(base, home=home, landing=home / "landing", demo=True, scale=scale)
    bench = Benchmark(settings)

    plan = _prepared(bench, "full", CONNECTED_ON, reps)
    bench.stage("full: dbt run", lambda: run_dbt(settings, plan.path, "run", "--full-refresh"))
    bench.stage(
        "a year of nights", lambda: freeze_nights(settings, plan.path, CONNECTED_ON, nights)
    )
    mark_green(settings, plan)

    night = CONNECTED_ON + timedelta(days=1)
    before = _files(settings.history)
    plan = _prepared(bench, "ordinary", night, reps)
    if plan.is_full:
        raise SystemExit(f"The ordinary night is built in full: {plan.reason}")
    bench.stage(
        "ordinary: before planning",
        lambda: run_dbt(settings, plan.path, "run", "--exclude", *AND_BELOW),
    )
    results = bench.stage(
        "ordinary: planning and scores",
        lambda: run_dbt(settings, plan.path, "run", "--select", *MEASURED),
    )
    below = bench.stage(
        "ordinary: marts below",
        lambda: run_dbt(settings, plan.path, "run", "--select", *AND_BELOW, "--exclude", *MEASURED),
    )
    with open_warehouse(plan.path, read_only=True, settings=settings) as connection:
        tonight = f"select * from marts.scores where as_of = date '{night}'"
        freeze_night(settings, connection, tonight, night)
    after = _files(settings.history)
    rewritten = [path for path, status in before.items() if after.get(path) != status]
    if rewritten:
        raise SystemExit(f"{len(rewritten)} frozen files were rewritten, as {rewritten[0]}.")

    bench.print_table(f"{reps:,} reps added, {nights} nights, scale {scale:g}")
    Console().print(_layers(settings, results, below))
    Console().print(f"Dearest models: {dearest(results)}; marts: {dearest(below)}.")
    Console().print(f"Rows: {_rows(settings, plan.path, night)}.")
    grown = sum(status[1] for path, status in after.items() if path not in before)
    Console().print(
        f"History: {len(before)} frozen files of {sum(s[1] for s in before.values()):,} bytes, "
        f"none of them rewritten; the night added {grown:,} bytes."
    )
    seconds = results["elapsed_time"]
    Console().print(
        f"Planning and scores took {seconds:.1f} s. Goal: {GOAL_SECONDS:.0f} s on two cores for "
        f"2,000 reps of five key figures; factor {seconds / GOAL_SECONDS:.2f}. "
        f"The marts below took {below['elapsed_time']:.1f} s."
    )


if __name__ == "__main__":
    typer.run(main)
