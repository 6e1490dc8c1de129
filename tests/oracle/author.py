"""The author's loop, ``make type T=bt_<id>``: unit tests of a type, then its rows and figures on
a random company, beside the oracle's.

dbt parses once, and compiles what this type's figures are made of; seeds are loaded again where
they have changed. The company is built by the compiled SQL in a DuckDB file of its own under the
work folder, and dbt's unit tests run on the same file.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner
from rich.console import Console
from rich.table import Table

from orchestration.settings import PROJECT_ROOT, load_settings
from tests.oracle.company import Company, random_company
from tests.oracle.compare import COMPARED, Difference, differences
from tests.oracle.types import load_types
from tests.support.compiled import CATALOG, Warehouse, models_above, other_types, read_project

SEEDS_TRIED = 40
FIGURES = """
select node_level, node_id, basis, period_type, period_start, numerator, denominator, value,
    reason_code
from outcomes.int_outcomes__values
where budget_type_id = ? and record_count > 0
order by node_level <> 'rep', basis desc, period_type <> 'month', period_start desc, node_id
limit ?
"""
EVIDENCE = """
select part, record_type, record_id, rep_id, customer_id, event_date, booking_date, amount,
    distinct_key
from marts.outcome_evidence
where budget_type_id = ?
order by event_date desc, record_id, part, rep_id, amount
limit ?
"""


def _dbt(runner: dbtRunner, folder: Path, *arguments: str) -> Any:
    done = runner.invoke(
        [
            *arguments,
            *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        ]
    )
    if not done.success:
        raise SystemExit(f"dbt {arguments[0]} failed; its lines above say where.")
    return done.result


def _load_seeds(runner: dbtRunner, folder: Path, build: Path) -> None:
    """Load the seeds where they are not those of the last time: a mark beside them says which."""
    files = sorted((PROJECT_ROOT / "seeds").rglob("*.*"))
    content = sha256(
        b"".join(path.read_bytes() for path in (*files, PROJECT_ROOT / "dbt_project.yml"))
    ).hexdigest()
    mark = build.with_suffix(".seeds")
    if build.exists() and mark.exists() and mark.read_text() == content:
        return
    mark.unlink(missing_ok=True)
    _dbt(runner, folder, "--quiet", "seed", "--full-refresh")
    # Until dbt lets go of the file, what it has written lies in the log beside it.
    reset_adapters()
    DuckDBConnectionManager.close_all_connections()
    mark.write_text(content)


def _made_of(manifest: Any, budget_type_id: str, shown: Iterable[str]) -> list[str]:
    """The models that the figures of one type are made of."""
    reads = {
        node.name: {above.split(".")[2] for above in node.depends_on.nodes}
        for node in manifest.nodes.values()
        if node.resource_type == "model"
    }
    others = other_types(reads, [budget_type_id])
    return sorted(models_above(reads, shown, others) - others)


def _as_read(manifest: Any) -> dict[str, Any]:
    """What is read of dbt's manifest: to write all of it takes two seconds each time."""
    return {
        "nodes": {
            key: {
                "resource_type": node.resource_type,
                "name": node.name,
                "schema": node.schema,
                "fqn": node.fqn,
                "config": {"materialized": node.config.materialized},
                "compiled_code": node.compiled_code,
                "depends_on": {"nodes": node.depends_on.nodes},
            }
            for key, node in manifest.nodes.items()
            if node.resource_type == "model"
        },
        "sources": {key: {"name": source.name} for key, source in manifest.sources.items()},
    }


def _company(budget_type_id: str) -> Company:
    """The first random company in which the type counts something; the first where none does."""
    count = load_types().get(budget_type_id)
    for seed in range(SEEDS_TRIED if count else 1):
        company = random_company(seed)
        if count is None or count(company.world()):
            return company
    return random_company(0)


def _show(title: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    table = Table(*names, title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console().print(table)


def _verdict(budget_type_id: str, found: list[Difference]) -> str:
    if budget_type_id not in load_types():
        return (
            f"tests/oracle has no function for {budget_type_id}: write one in tests/oracle/, from "
            "the definition and not from the SQL, and `make test` compares it on 200 companies."
        )
    if not found:
        return "Every figure of the company is the oracle's."
    shown = "\n".join(str(difference) for difference in found[:5])
    return f"{len(found)} figures are not the oracle's:\n{shown}"


def main() -> None:
    """Run the loop for one type; exits with 1 where a unit test fails or a figure differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="bt_<id>, or the id alone")
    parser.add_argument("--rows", type=int, default=12, help="rows shown of each table")
    arguments = parser.parse_args()
    model = f"bt_{arguments.model.removeprefix('bt_')}"
    budget_type_id = model.removeprefix("bt_")
    if not list((PROJECT_ROOT / "models" / "budget_types").glob(f"*/{model}.sql")):
        raise SystemExit(f"There is no models/budget_types/*/{model}.sql.")

    folder = load_settings().work / "type"
    folder.mkdir(parents=True, exist_ok=True)
    seeds, build = folder / "seeds" / f"{CATALOG}.duckdb", folder / f"{CATALOG}.duckdb"
    seeds.parent.mkdir(exist_ok=True)
    # A log that a stopped call left would be replayed into the new file.
    for left in (build, build.with_name(build.name + ".wal")):
        left.unlink(missing_ok=True)
    os.environ["UTFALL_BUILD_FILE"] = str(seeds)
    manifest = _dbt(dbtRunner(), folder, "--quiet", "--no-write-json", "parse")
    runner = dbtRunner(manifest=manifest)
    _load_seeds(runner, folder, seeds)
    made_of = _made_of(manifest, budget_type_id, COMPARED)
    _dbt(runner, folder, "--no-write-json", "--log-level", "none", "compile", "-s", *made_of)
    # dbt keeps its own file open in this process.
    loaded = shutil.copyfile(seeds, folder / "seeds.duckdb")

    company = _company(budget_type_id)
    project = read_project(folder, COMPARED, loaded, _as_read(manifest))
    project = project.of_types([budget_type_id])
    with Warehouse(project, path=build) as warehouse:
        wanted = [budget_type_id] if budget_type_id in load_types() else []
        found = differences(warehouse, company, wanted) if wanted else []
        if not wanted:
            warehouse.deliver(company.tables, company.as_of, company.delivered)
            warehouse.build()
        for title, query in (("outcomes", FIGURES), ("outcome_evidence", EVIDENCE)):
            cursor = warehouse.connection.execute(query, [budget_type_id, arguments.rows])
            names = [column[0] for column in cursor.description]
            _show(f"{title} of company {company.seed}, S {company.as_of}", names, cursor.fetchall())

    os.environ["UTFALL_BUILD_FILE"] = str(build)
    tested = dbtRunner(manifest=manifest)
    _dbt(tested, folder, "--no-write-json", "test", "-s", f"{model},test_type:unit")
    Console().print(_verdict(budget_type_id, found))
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
