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
        from orchestration.ingest import ingest_all, ingest_entity

        settings = night.settings
        night.start()
        if settings.demo:
            from orchestration.demo import ensure_deliveries

            with in_words():
                ensure_deliveries(
                    settings.landing,
                    night.as_of,
                    seed=settings.seed,
                    scale=settings.scale,
                    defects=settings.defects,
                    threads=settings.threads,
                )
        wanted = {key.path[-1]: key for key in context.selected_asset_keys}
        with in_words():
            results = (
                [ingest_entity(settings, name, night.as_of) for name in sorted(wanted)]
                if context.is_subset
                else ingest_all(settings, night.as_of)
            )
        for result in results:
            for problem in result.problems:
                context.log.warning(problem.text)
            yield dg.MaterializeResult(
                asset_key=wanted[result.entity],
                metadata={
                    "files": result.files,
                    "delivered": result.rows_delivered,
                    "loaded": result.rows_loaded,
                    "rejected": result.rows_rejected,
                    "problems": len(result.problems),
                },
            )
        night.leave(
            "ingest",
            files=sum(result.files for result in results),
            delivered=sum(result.rows_delivered for result in results),
            loaded=sum(result.rows_loaded for result in results),
            rejected=sum(result.rows_rejected for result in results),
        )

    return ingest
