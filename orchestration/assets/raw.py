"""Ingest: one asset per entity, all in one op, because they share one ledger and one writer."""

from collections.abc import Iterator, Mapping

import dagster as dg

from orchestration.assets.night import BACKFILL_POLICY, POOL, Night, in_words
from orchestration.schema import Entity


def build_raw_assets(
    entities: Mapping[str, Entity], partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """Return the ingest op: asset ``raw/<entity>`` for every canonical entity."""
    specs = [
        dg.AssetSpec(
            key=["raw", name],
            group_name="raw",
            description=f"Delivered rows of {name} as text, every line accounted for.",
            partitions_def=partitions,
            kinds={"duckdb", "parquet"},
            metadata={"home": entity.home, "required": entity.required},
        )
        for name, entity in entities.items()
    ]

    @dg.multi_asset(
        specs=specs,
        name="ingest",
        can_subset=True,
        backfill_policy=BACKFILL_POLICY,
        pool=POOL,
    )
    def ingest(
        context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]
    ) -> Iterator[dg.MaterializeResult]:
        from orchestration.ingest import ingest_entity

        night.start()
        if night.settings.demo:
            from orchestration.demo import ensure_deliveries

            with in_words():
                ensure_deliveries(
                    night.settings.landing,
                    night.as_of,
                    seed=night.settings.seed,
                    scale=night.settings.scale,
                    defects=night.settings.defects,
                )
        totals = {"files": 0, "delivered": 0, "loaded": 0, "rejected": 0}
        for key in sorted(context.selected_asset_keys):
            with in_words():
                result = ingest_entity(night.settings, key.path[-1], night.as_of)
            rows = {
                "files": result.files,
                "delivered": result.rows_delivered,
                "loaded": result.rows_loaded,
                "rejected": result.rows_rejected,
            }
            totals = {name: totals[name] + rows[name] for name in totals}
            yield dg.MaterializeResult(asset_key=key, metadata=rows)
        night.leave("ingest", **totals)

    return ingest
