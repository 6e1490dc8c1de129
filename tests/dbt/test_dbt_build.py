"""dbt's own tests: every unit test, and every model, seed and data test on an empty company."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

from orchestration.ingest import ingest_all
from orchestration.settings import PROJECT_ROOT, load_settings
from orchestration.warehouse import prepare_warehouse

DBT = Path(sys.executable).parent / "dbt"
DAY = date(2026, 3, 3)


def test_all_unit_tests_pass_and_a_company_without_deliveries_builds(tmp_path: Path) -> None:
    settings = load_settings({"UTFALL_HOME": str(tmp_path / "home")})
    settings.landing.mkdir(parents=True)
    ingest_all(settings, DAY)
    plan = prepare_warehouse(settings, DAY, "unit", "full")
    target = tmp_path / "target"
    done = subprocess.run(
        [str(DBT), "--no-use-colors", "build", "--target-path", str(target)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "UTFALL_BUILD_FILE": str(plan.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    results = json.loads((target / "run_results.json").read_text())["results"]
    ran = Counter(result["unique_id"].split(".")[0] for result in results)
    registry = (PROJECT_ROOT / "seeds/registry/budget_type_registry.csv").read_text()
    types = [line.split(",")[0] for line in registry.splitlines()[1:]]
    names = {r["unique_id"].split(".")[-1] for r in results if r["unique_id"][:4] == "unit"}
    without = [name for name in types if f"{name}__worked_example" not in names]
    assert not without, f"budget types without their worked example as a unit test: {without}"
    assert ran["unit_test"] == len(names) >= len(types)
    print(f"{ran['unit_test']} unit tests, {ran['model']} models, {ran['test']} data tests")
