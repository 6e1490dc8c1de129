"""The code location: assets, job, schedule, sensors, and the policies mapped over all of them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.as_of import first_day
from orchestration.assets.build import build_file_asset
from orchestration.assets.dbt import build_dbt_assets
from orchestration.assets.night import day_partitions
from orchestration.assets.raw import build_raw_assets
from orchestration.assets.release import build_release_assets, published_tables
from orchestration.jobs import build_nightly_job
from orchestration.manifest import load_manifest
from orchestration.resources import build_resources
from orchestration.schedules import build_nightly_schedule
from orchestration.schema import load_delivered
from orchestration.sensors import build_delivery_sensor, build_failure_sensor
from orchestration.settings import Settings, load_settings

# Dagster is pinned exactly, so its notes on interfaces that may change say nothing about a run and
# would bury what does.
for _note in (dg.BetaWarning, dg.PreviewWarning):
    warnings.filterwarnings("ignore", category=_note)

OWNERS = {"raw": "team:data-platform", "publication": "team:data-platform"}
MODEL_OWNER = "team:sales-analytics"


def with_policies(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Give every asset an owner by its layer, and DuckDB as the place where its table lies."""
    owner = OWNERS.get(spec.group_name or "", MODEL_OWNER)
    return spec.replace_attributes(owners=[owner], kinds={*spec.kinds, "duckdb"})


def build_definitions(
    settings: Settings | None = None, manifest: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Assemble the code location; tests pass settings and a manifest of their own.

    Raises ``ManifestError`` where the dbt project cannot be parsed.
    """
    settings = settings or load_settings()
    manifest = manifest or load_manifest()
    entities = load_delivered()
    partitions = day_partitions(first_day(settings), settings.timezone)
    job = build_nightly_job(partitions)
    assets = [
        build_raw_assets(entities, partitions),
        build_file_asset(entities, partitions),
        build_dbt_assets(manifest, frozenset(entities), partitions),
        *build_release_assets(published_tables(manifest), partitions),
    ]
    return dg.Definitions(
        assets=dg.with_source_code_references(assets),
        jobs=[job],
        schedules=[build_nightly_schedule(settings, job)],
        sensors=[build_delivery_sensor(settings, job), build_failure_sensor(settings, job)],
        resources=build_resources(),
    ).map_asset_specs(func=with_policies)


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster's processes load."""
    return build_definitions()
