"""From the build file to what BI reads: candidate, gate, publication.

The checks judge the candidate and leave an audit record bound to its content; ``publication``
proves that record itself, because a blocking check blocks only inside its own run.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets.build import close_build, open_build, read_plan
from orchestration.assets.night import BACKFILL_POLICY, POOL, Night, in_words
from orchestration.manifest import load_manifest

DELIVERIES = "deliveries"
WRITTEN_BY_THE_AUDIT = {
    "publication": "One row is this publication: S, code, hashes, verdict, rows per table.",
    "data_quality_results": "One row is a rule and run: verdict, rows checked, amount at stake.",
    "data_quality_trend": "One row is a source and night: rows, freshness, rules passed.",
    "ingest_ledger": "One row is a delivered file: rows delivered, loaded and rejected.",
}


def published_tables(manifest: Mapping[str, Any]) -> list[str]:
    """Return the marts of the manifest that a suite judges, sorted."""
    from orchestration.publication.export import marts_of
    from orchestration.quality.suites import AUDIT_TABLES

    return sorted(set(marts_of(manifest)) - set(AUDIT_TABLES))


def check_of(table: str, tables: Sequence[str]) -> str:
    """Return the check a rule of ``table`` belongs to: the table's own, else the deliveries'."""
    return table if table in tables else DELIVERIES


def red_sentence(summary: str, blocking: Sequence[Any]) -> str:
    """Return the sentence for a red night: the first rules that block, in their own words.

    ``blocking`` are ``RuleResult``s: table, rule, text and what was observed.
    """
    first = blocking[:3]
    words = " ".join(f"[{result.table}, {result.rule_id}] {_in_words(result)}" for result in first)
    more = f" {len(blocking) - 3} more rules block." if len(blocking) > 3 else ""
    return (
        f"The gate is {summary}. {words}{more} Nothing was published and the last publication "
        "stands; published/quality/current/reports has the page. Correct the delivery and the "
        "sensor runs the same S again, or run it with `make nightly`."
    )


def _in_words(result: Any) -> str:
    text, observed = result.text_en.rstrip("."), result.observed.rstrip(".")
    if not observed or observed in text:
        return f"{text}."
    return f"{observed}." if text in observed else f"{text}: {observed}."


def build_release_assets(
    tables: Sequence[str], partitions: dg.PartitionsDefinition
) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """Return candidate, gate and publication for the published ``tables`` (marts with a suite)."""

    @dg.asset(
        name="release_candidate",
        group_name="publication",
        deps=[*tables, "quarantine"],
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        pool=POOL,
        kinds={"parquet"},
        description="The marts as Parquet in total order and the release file made from them.",
    )
    def release_candidate(night: dg.ResourceParam[Night]) -> dg.MaterializeResult:
        from orchestration.publication.release import build_candidate, current_release
        from orchestration.publication.unchanged import unchanged_months

        build_file = Path(night.take("build_file")["path"])
        with in_words():
            opened = open_build(night.settings, build_file)
            candidate = build_candidate(
                night.settings,
                opened,
                load_manifest(),
                as_of=night.as_of,
                run_id=night.run_id,
                unchanged_months=unchanged_months(
                    opened,
                    read_plan(build_file).base_as_of,
                    current_release(night.settings),
                ),
            )
        rows = {name: export.rows for name, export in sorted(candidate.exports.items())}
        night.leave(
            "release_candidate",
            folder=candidate.folder,
            run_id=candidate.run_id,
            publication_id=candidate.publication_id,
            quarantined=rows.get("quarantine"),
        )
        return dg.MaterializeResult(
            metadata={
                "folder": dg.MetadataValue.path(str(candidate.folder)),
                "publication_id": candidate.publication_id,
                "rows": dg.MetadataValue.json(rows),
            }
        )

    names = [*tables, DELIVERIES]

    @dg.multi_asset_check(
        name="gate",
        specs=[
            dg.AssetCheckSpec(
                name=name,
                asset="release_candidate",
                blocking=True,
                description=(
                    "Were all expected extracts delivered, whole and on time?"
                    if name == DELIVERIES
                    else f"The rules of expectations/{name}.yml on the candidate."
                ),
            )
            for name in names
        ],
        pool=POOL,
    )
    def gate(night: dg.ResourceParam[Night]) -> Iterator[dg.AssetCheckResult]:
        yield from _judge(night, names, tables)

    @dg.multi_asset(
        name="publication",
        specs=[
            dg.AssetSpec(
                key=table,
                group_name="publication",
                deps=["release_candidate"],
                description=description,
                partitions_def=partitions,
                kinds={"parquet"},
            )
            for table, description in WRITTEN_BY_THE_AUDIT.items()
        ],
        backfill_policy=BACKFILL_POLICY,
        pool=POOL,
    )
    def publication(night: dg.ResourceParam[Night]) -> Iterator[dg.MaterializeResult]:
        yield from _publish(night)

    return [release_candidate, gate, publication]


def check_results(
    verdict: Any, names: Sequence[str], tables: Sequence[str]
) -> list[dg.AssetCheckResult]:
    """Return one Dagster check result per name from a verdict's rule results.

    A rule that blocks fails its table's check as an error; failed warnings fail it as a warning,
    which Dagster shows and does not block on. A table without any result did not get judged, and
    fails.
    """
    by_check: dict[str, list[Any]] = {name: [] for name in names}
    for result in verdict.results:
        by_check[check_of(result.table, tables)].append(result)
    found = []
    for name, results in by_check.items():
        blocking = [result for result in results if result.blocks]
        failed = [result for result in results if not result.success or result.could_not_run]
        is_unjudged = not results and name != DELIVERIES
        found.append(
            dg.AssetCheckResult(
                asset_key="release_candidate",
                check_name=name,
                passed=not failed and not is_unjudged,
                severity=(
                    dg.AssetCheckSeverity.ERROR
                    if blocking or is_unjudged
                    else dg.AssetCheckSeverity.WARN
                ),
                description=_said(failed) if failed else ("No rule was run." * is_unjudged or None),
                metadata={"rules": len(results), "failed": len(failed), "blocking": len(blocking)},
            )
        )
    return found


def _said(failed: Iterable[Any]) -> str:
    return "\n".join(
        f"{r.rule_id} ({r.severity}): {r.text_en} {r.observed}".strip() for r in failed
    )


def _judge(
    night: Night, names: Sequence[str], tables: Sequence[str]
) -> Iterator[dg.AssetCheckResult]:
    from orchestration.ingest import delivery_problems
    from orchestration.publication.audit import write_audit
    from orchestration.publication.publish import publish_quality
    from orchestration.quality.judge import judge

    candidate = night.take("release_candidate")
    folder = Path(candidate["folder"])
    with in_words():
        verdict = judge(
            night.settings,
            folder,
            as_of=night.as_of,
            extra_results=delivery_problems(night.settings, night.as_of),
        )
        write_audit(night.settings, folder, verdict, candidate["run_id"])
        if not verdict.is_green:
            publish_quality(
                night.settings,
                verdict,
                as_of=night.as_of,
                run_id=candidate["run_id"],
                candidate=folder,
            )
    summary = verdict.summary()
    night.leave(
        "gate",
        summary=summary,
        is_green=verdict.is_green,
        rules=len(verdict.results),
        warnings=[result.rule_id for result in verdict.warnings],
        sentence="" if verdict.is_green else red_sentence(summary, verdict.blocking),
    )
    yield from check_results(verdict, names, tables)


def _publish(night: Night) -> Iterator[dg.MaterializeResult]:
    from orchestration.postgres.night import keep_base
    from orchestration.publication.audit import audit_path, read_audit
    from orchestration.publication.publish import publish, publish_quality
    from orchestration.publication.retention import cleanup
    from orchestration.warehouse import copy_for_development, mark_green

    candidate, plan = night.take("release_candidate"), night.take("build_file")
    folder, run_id = Path(candidate["folder"]), candidate["run_id"]
    record = audit_path(night.settings, run_id)
    with in_words():
        result = publish(night.settings, folder, record)
        publish_quality(
            night.settings,
            read_audit(record).verdict,
            as_of=night.as_of,
            run_id=run_id,
            candidate=folder,
            result=result,
        )
        close_build(night.settings)
        build = read_plan(Path(plan["path"]))
        mark_green(night.settings, build)
        keep_base(night.settings, build)
        copy_for_development(night.settings, build)
        cleaned = cleanup(night.settings)
    night.leave(
        "publication",
        publication_id=result.publication_id,
        kind=result.kind,
        note=result.text,
        release=result.release,
        quarantined=candidate["quarantined"],
        freed=str(cleaned),
    )
    for table in WRITTEN_BY_THE_AUDIT:
        yield dg.MaterializeResult(
            asset_key=table,
            metadata={
                "publication_id": result.publication_id,
                "release": dg.MetadataValue.path(str(result.release)),
                "note": result.text,
            },
        )
