"""Compile and run pieces of the dbt project away from the project's own build."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from orchestration.settings import PROJECT_ROOT

DBT = Path(sys.executable).with_name("dbt")


def run_dbt(*arguments: str, build_file: Path, project: Path = PROJECT_ROOT, target_path: Path):
    """Run dbt as a subprocess against ``build_file``; returns the finished process.

    ``target_path`` keeps manifests and compiled SQL out of the source tree. Raises
    ``AssertionError`` with dbt's own output where dbt fails.
    """
    env = {
        **os.environ,
        "UTFALL_BUILD_FILE": str(build_file),
        "DBT_LOG_PATH": str(target_path / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    command = [str(DBT), "--quiet", *arguments, "--project-dir", str(project)]
    command += ["--profiles-dir", str(PROJECT_ROOT), "--target-path", str(target_path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


def compile_sql(statements: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Compile Jinja ``statements`` (name → SQL) with the project's macros; name → plain SQL.

    A project of its own with the same name holds copies of the macros, so that ``utfall.<macro>``
    resolves and nothing else of the project is parsed.
    """
    project = folder / "project"
    models = project / "models"
    models.mkdir(parents=True)
    shutil.copytree(PROJECT_ROOT / "dbt_project" / "macros", project / "macros")
    (project / "dbt_project.yml").write_text(
        "name: utfall\nversion: '1.0.0'\nprofile: utfall\n"
        "flags: {send_anonymous_usage_stats: false}\n"
    )
    for name, statement in statements.items():
        (models / f"{name}.sql").write_text(statement)
    target = folder / "target"
    run_dbt("compile", build_file=folder / "empty.duckdb", project=project, target_path=target)
    manifest = json.loads((target / "manifest.json").read_text())
    return {
        node["name"]: node["compiled_code"]
        for node in manifest["nodes"].values()
        if node["name"] in statements
    }
