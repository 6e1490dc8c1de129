"""What readers of ``published/quality`` see of a night that failed before the gate could judge it.

The gate writes the report of a red night itself. A night that stopped earlier, or while it was
being published, has judged nothing: its report says so, with the sentence of what failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.lock import PipelineBusy, single_writer
from orchestration.publication.audit_tables import QUALITY_LINK
from orchestration.publication.publish import publish_quality
from orchestration.quality.judge import RuleResult, Verdict
from orchestration.quality.report.pages import REPORTS, Entry, read_entries
from orchestration.settings import Settings

WHOLE_NIGHT = "(all)"


def report_of_run(settings: Settings, run_id: str) -> tuple[Entry, Path] | None:
    """The index entry and page of a run, where ``published/quality/current`` has them."""
    folder = (settings.published / "quality" / QUALITY_LINK).resolve() / REPORTS
    for entry in reversed(read_entries(folder)):
        if entry.run_id == run_id:
            return entry, folder / entry.page
    return None


def report_failed_night(
    settings: Settings,
    *,
    as_of: date,
    run_id: str,
    stage: str,
    sentence: str,
    handover: Mapping[str, Any],
) -> tuple[Entry, Path] | None:
    """Make sure that a failed run has a report, and return it.

    ``sentence`` says what failed, ``handover`` is what its stages left. None where another run
    holds the pipeline now: that one will report for itself.
    """
    known = report_of_run(settings, run_id)
    if known is not None:
        return known
    verdict = Verdict((_stopped(stage, sentence),))
    build = handover.get("build_file", {}).get("path")
    try:
        with single_writer(settings, run_id[:8], as_of=as_of.isoformat()):
            try:
                publish_quality(
                    settings,
                    verdict,
                    as_of=as_of,
                    run_id=run_id,
                    build_path=Path(build) if build else None,
                )
            except duckdb.Error:
                # A build file that broke off: then without the files and rows of the night.
                publish_quality(settings, verdict, as_of=as_of, run_id=run_id)
    except PipelineBusy:
        return None
    return report_of_run(settings, run_id)


def _stopped(stage: str, sentence: str) -> RuleResult:
    return RuleResult(
        rule_id=f"night.{stage}",
        table=WHOLE_NIGHT,
        severity="critical",
        owner="data-engineering",
        source="utfall",
        success=False,
        could_not_run=True,
        checked=None,
        unexpected=None,
        amount_at_stake=None,
        text_en="Every stage of the night runs to its end.",
        text_sv="Varje steg i natten körs till slut.",
        observed=sentence,
    )
