"""The build file: a copy of the last green one (or an empty file) with the raw views of this S."""

from collections.abc import Iterable
from datetime import date

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
        night.leave(
            "build_file",
            path=plan.path,
            is_full=plan.is_full,
            base_as_of=plan.base_as_of,
            changed=[list(extract) for extract in plan.changed],
            reason=plan.reason,
        )
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


def as_date(text: str | None) -> date | None:
    """Read a date that a stage left in the handover; empty stays None."""
    return date.fromisoformat(text) if text and text != "None" else None
