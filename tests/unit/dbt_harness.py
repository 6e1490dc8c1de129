"""Compile and run pieces of the dbt project away from the project's own build."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from orchestration.settings import PROJECT_ROOT

DBT = Path(sys.executable).with_name("dbt")


def run_dbt(
    *arguments: str,
    build_file: Path,
    project: Path = PROJECT_ROOT,
    target_path: Path,
    environment: Mapping[str, str] | None = None,
):
    """Run dbt as a subprocess against ``build_file``; returns the finished process.

    ``target_path`` keeps manifests and compiled SQL out of the source tree, ``environment`` names
    another engine. Raises ``AssertionError`` with dbt's own output where dbt fails.
    """
    env = {
        **os.environ,
        **(environment or {}),
        "UTFALL_BUILD_FILE": str(build_file),
        "DBT_LOG_PATH": str(target_path / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    command = [str(DBT), "--quiet", *arguments, "--project-dir", str(project)]
    command += ["--profiles-dir", str(PROJECT_ROOT), "--target-path", str(target_path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


def _project(folder: Path) -> Path:
    """An empty dbt project with the project's own name and macros, so that ``utfall.`` resolves."""
    project = folder / "project"
    (project / "models").mkdir(parents=True)
    shutil.copytree(PROJECT_ROOT / "dbt_project" / "macros", project / "dbt_project" / "macros")
    shutil.copy(PROJECT_ROOT / "dbt_project.yml", project)
    return project


def staging_project(
    folder: Path, entities: tuple[str, ...], mapped: Mapping[str, tuple[str, ...]] | None = None
) -> Path:
    """A project of the staging models of ``entities`` alone, with their sources and seed.

    ``mapped``: entity → the sources of another shape that it is made of here; none by default.
    """
    mapped = mapped or {}
    project = _project(folder)
    canonical = project / "models" / "staging" / "canonical"
    canonical.mkdir(parents=True)
    staging = PROJECT_ROOT / "models" / "staging"
    for path in staging.glob("**/_*_sources.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for source in document["sources"]:
            if source["name"] != "run":
                source["tables"] = [
                    table
                    for table in source["tables"]
                    if table["name"] in entities
                    or set(table.get("config", {}).get("meta", {}).get("feeds", ())) & set(mapped)
                ]
        document["sources"] = [s for s in document["sources"] if s["tables"]]
        (canonical / path.name).write_text(yaml.safe_dump(document), encoding="utf-8")
    for entity in entities:
        for model in (f"base_canonical__{entity}.sql", f"stg_canonical__{entity}.sql"):
            shutil.copy(staging / "canonical" / model, canonical)
    for path in staging.glob("int_staging__*.sql"):
        shutil.copy(path, project / "models" / "staging")
    (project / "dbt_project" / "macros" / "staging" / "entities.sql").write_text(
        f"{{% macro canonical_entities() %}}{{{{ return({list(entities)}) }}}}{{% endmacro %}}",
        encoding="utf-8",
    )
    for entity, sources in mapped.items():
        for source in sources:
            shutil.copy(staging / source / f"base_{source}__{entity}.sql", canonical)
    macro = project / "dbt_project" / "macros" / "staging" / "mapped.sql"
    _, _, rest = macro.read_text("utf-8").partition("{%- endmacro %}")
    lists = {entity: list(sources) for entity, sources in mapped.items()}
    macro.write_text(
        f"{{% macro mapped_sources() %}}{{{{ return({lists}) }}}}{{% endmacro %}}{rest}", "utf-8"
    )
    (project / "seeds").mkdir()
    shutil.copy(PROJECT_ROOT / "seeds" / "quarantine_reasons.csv", project / "seeds")
    return project


def compiled_code(target: Path) -> dict[str, str]:
    """Name → compiled SQL of every model in the manifest below ``target``."""
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return {
        node["name"]: node["compiled_code"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node.get("compiled_code") is not None
    }


def project_of(statements: Mapping[str, str], folder: Path) -> Path:
    """A project with the project's macros and a model for each of ``statements`` (name → SQL)."""
    project = _project(folder)
    for name, statement in statements.items():
        (project / "models" / f"{name}.sql").write_text(statement, encoding="utf-8")
    return project


def compile_sql(
    statements: Mapping[str, str], folder: Path, environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Compile Jinja ``statements`` (name → SQL) with the project's macros; name → plain SQL."""
    project = project_of(statements, folder)
    target = folder / "target"
    run_dbt(
        "compile",
        build_file=folder / "empty.duckdb",
        project=project,
        target_path=target,
        environment=environment,
    )
    return compiled_code(target)
