"""The one job: a whole night for one S."""

from __future__ import annotations

import dagster as dg

from orchestration.instance import JOB_NAME


def build_nightly_job(partitions: dg.PartitionsDefinition) -> dg.UnresolvedAssetJobDefinition:
    """Return the job ``nightly``: every asset and check, in one process.

    One process, because each step of the multiprocess executor imports everything again.
    """
    return dg.define_asset_job(
        name=JOB_NAME,
        selection=dg.AssetSelection.all(),
        partitions_def=partitions,
        executor_def=dg.in_process_executor,
        description=(
            "Extracts, raw, staging, core, budget types, outcomes, gate and publication for one "
            "S, the partition's day."
        ),
    )
