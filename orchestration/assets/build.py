"""The build file: a copy of the last green one (or an empty file) with the raw views of this S."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets.night import BACKFILL_POLICY, POOL, Night, in_words


def build_file_asset(
    entities: Iterable[str], partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """Return the asset ``build_file``, which follows every ingest asset."""

    @dg.asset(
        name="build_file",
        group_name="raw",
        deps=[["raw", entity] for entity in entities],
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        pool=POOL,
        kinds={"duckdb"},
        description="The DuckDB file a night is built in, and the plan: full or incremental.",
    )
    def build_file(night: dg.ResourceParam[Night]) -> dg.MaterializeResult:
        from orchestration.warehouse import prepare_warehouse

        with in_words():
            plan = prepare_warehouse(night.settings, night.as_of, night.short_id, mode="auto")
        night.leave("build_file", path=plan.path, is_full=plan.is_full, reason=plan.reason)
        write_plan(plan)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(plan.path)),
                "is_full": plan.is_full,
                "base_as_of": str(plan.base_as_of or ""),
                "changed_extracts": len(plan.changed),
                "reason": plan.reason,
            }
        )

    return build_file


def plan_path(build_file: Path) -> Path:
    """Return where the plan of a build file lies: beside it, under its name."""
    return build_file.with_suffix(".plan.json")


def write_plan(plan: Any) -> None:
    """Keep a ``BuildPlan`` for the stage that marks the build green, maybe in another process."""
    plan_path(plan.path).write_text(json.dumps(asdict(plan), default=str))


def read_plan(build_file: Path) -> Any:
    """Return the ``BuildPlan`` that ``write_plan`` kept."""
    from orchestration.warehouse import BuildPlan, Extract

    kept = json.loads(plan_path(build_file).read_text())
    day = date.fromisoformat
    return BuildPlan(
        **{
            **kept,
            "path": build_file,
            "as_of": day(kept["as_of"]),
            "base_as_of": day(kept["base_as_of"]) if kept["base_as_of"] else None,
            "changed": [(entity, source, day(on)) for entity, source, on in kept["changed"]],
            "extracts": tuple(
                Extract(**{**extract, "extract_date": day(extract["extract_date"])})
                for extract in kept["extracts"]
            ),
        }
    )
