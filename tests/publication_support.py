"""A small company that has been built: a DuckDB file with marts and ledger, and dbt's manifest.

Small enough to publish twenty times in a test, and shaped like the real one: two published tables
by month, one by night, dimensions, quarantine with a restricted column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.publication.audit import write_audit
from orchestration.publication.history import SCORE_COLUMNS, SCORES, frozen_files, typed_rows
from orchestration.publication.publish import PublishResult, publish
from orchestration.publication.release import Candidate, build_candidate
from orchestration.quality.judge import RuleResult, Verdict
from orchestration.settings import Settings, load_settings

S = date(2026, 3, 3)


def settings_for(home: Path, **changes: Any) -> Settings:
    """Settings of a company of its own below ``home``."""
    return replace(load_settings({"UTFALL_HOME": str(home)}), **changes)


def manifest() -> dict[str, Any]:
    """As much of dbt's manifest as publication reads."""

    def model(
        name: str, order_by: list[str], audience: str = "all", **columns: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "resource_type": "model",
            "name": name,
            "schema": "marts",
            "description": f"One row is a {name}.\n",
            "config": {"meta": {"order_by": order_by, "audience": audience}},
            "columns": columns,
        }

    models = [
        model("reps", ["rep_id"], rep_id={"name": "rep_id", "description": "The rep."}),
        model(
            "outcomes",
            ["budget_type_id", "node_id", "period_type", "period_start"],
            value={"name": "value", "description": "The reps' figure."},
        ),
        model("outcome_evidence", ["budget_type_id", "record_id"]),
        model("scores", ["as_of", "subject_id", "node_id"]),
        model(
            "quarantine",
            ["source_system", "entity", "source_file", "line"],
            raw_row={"name": "raw_row", "config": {"meta": {"audience": "restricted"}}},
        ),
        model("budget_types", ["budget_type_id"]),
        model("rep_costs", ["rep_id", "cost_type"], "restricted"),
    ]
    return {"nodes": {f"model.utfall.{node['name']}": node for node in models}}


def build_file(
    path: Path,
    *,
    as_of: date = S,
    factor: str = "1.00",
    threads: int = 4,
    frozen: Iterable[Path] = (),
) -> Path:
    """Write a build file as dbt leaves it; ``factor`` scales February's figures.

    ``frozen`` are the scores of earlier nights, to which S adds one of each rep.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {
        "as_of": f"date '{as_of}'",
        "subject_type": "'kpi'",
        "subject_id": "'K1'",
        "kpi_id": "'K1'",
        "node_level": "'rep'",
        "node_id": "node_id",
        "budget_type_id": "budget_type_id",
        "value": "value",
        "target": "100000",
        "score": "value / 100000",
        "status": "'on_track'",
    }
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"set threads = {threads}")
        connection.execute("set preserve_insertion_order = false")
        connection.execute("create schema marts")
        connection.execute("create schema raw")
        connection.execute(
            "create table marts.reps as select 'r' || range as rep_id, 'Rep ' || range as name "
            "from range(20)"
        )
        connection.execute(
            f"""
            create table marts.outcome_evidence as
            select
                'signed_volume' as budget_type_id,
                'c' || range as record_id,
                'r' || range % 20 as rep_id,
                cast(100.25 * (1 + range % 7)
                    * if(range % 4 = 3, {factor}, 1.00) as decimal(18, 4)) as amount,
                [date '2025-11-01', date '2025-12-01', date '2026-01-01', date '2026-02-01']
                    [1 + range % 4] as booking_month
            from range(4000)
            """
        )
        connection.execute(
            f"""
            create table marts.outcomes as
            select budget_type_id, 'rep' as node_level, rep_id as node_id, 'month' as period_type,
                booking_month as period_start, cast(sum(amount) as decimal(18, 4)) as value,
                booking_month
            from marts.outcome_evidence
            group by all
            union all
            select 'kam_customers_met_90d', 'rep', rep_id, 'snapshot', date '{as_of}',
                cast(3 as decimal(18, 4)), date_trunc('month', date '{as_of}')::date
            from marts.reps
            """
        )
        connection.execute(
            f"""
            create table marts.scores as
            {typed_rows(SCORE_COLUMNS, frozen)}
            union all by name
            select {
                ", ".join(
                    f"cast({given.get(name, 'null')} as {kind}) as {name}"
                    for name, kind in SCORE_COLUMNS.items()
                )
            }
            from marts.outcomes
            where period_type = 'month' and period_start = date '2026-02-01'
            """
        )
        connection.execute(
            "create table marts.budget_types as "
            "select unnest(['signed_volume', 'kam_customers_met_90d']) as budget_type_id"
        )
        connection.execute(
            "create table marts.rep_costs as select 'r1' as rep_id, 'salary' as cost_type, "
            "cast(40000 as decimal(18, 4)) as amount"
        )
        connection.execute(
            """
            create table marts.quarantine as
            select 'crm' as source_system, 'contracts' as entity,
                'crm/contracts/2026-03-03/a.csv' as source_file,
                7::bigint as line, 'k1' as key_text, 'not_a_date' as reason_code,
                'signed_at is not a date.' as reason_text_en, date '2026-03-03' as first_seen,
                cast(null as date) as resolved_at, 'secret' as raw_row
            """
        )
        connection.execute(
            f"""
            create table raw.ledger as
            select source, entity, extract_date, path, sha256, bytes, rows_delivered, rows_loaded,
                rows_rejected, status, reason, schema_changes, load_mode, extracted_at_max
            from (values
                ('crm', 'contracts', date '2026-03-02', 'crm/contracts/2026-03-02/a.csv', 'aa', 10,
                 100, 98, 2, 'loaded', null, null, 'full', timestamp '2026-03-01 23:30:00'),
                ('crm', 'contracts', date '{as_of}', 'crm/contracts/2026-03-03/a.csv', 'bb', 10,
                 5, 5, 0, 'loaded', null, null, 'incremental', timestamp '2026-03-02 21:00:00'),
                ('erp', 'invoice_lines', date '{as_of}', 'erp/invoice_lines/b.csv', 'cc', 10,
                 50, 50, 0, 'replaced', 'corrected', null, 'incremental', null)
            ) as ledger(source, entity, extract_date, path, sha256, bytes, rows_delivered,
                rows_loaded, rows_rejected, status, reason, schema_changes, load_mode,
                extracted_at_max)
            """
        )
        connection.execute(
            f"create table raw.extracts as select 'contracts' as entity, 'crm' as source_system, "
            f"date '{as_of}' as extract_date, 'bb-{factor}' as file_id"
        )
    return path


def result_for(table: str, **changes: Any) -> RuleResult:
    """A passing result on ``table``."""
    values = {
        "rule_id": f"{table}.rows",
        "table": table,
        "severity": "critical",
        "owner": "sales-operations",
        "source": "crm",
        "success": True,
        "could_not_run": False,
        "checked": 10,
        "unexpected": 0,
        "amount_at_stake": None,
        "text_en": "There are rows.",
        "text_sv": "Det finns rader.",
    }
    return RuleResult(**{**values, **changes})


GREEN = Verdict(
    tuple(
        result_for(table)
        for table in ("reps", "outcomes", "outcome_evidence", "scores", "budget_types", "rep_costs")
    )
)
RED = Verdict((*GREEN.results, result_for("reps", rule_id="reps.broken", success=False)))


def frozen_scores(settings: Settings, as_of: date) -> list[Path]:
    """The scores that the night of ``as_of`` finds in history."""
    return [file.path for file in frozen_files(settings, SCORES, as_of)]


def candidate(
    settings: Settings,
    run_id: str,
    *,
    as_of: date = S,
    factor: str = "1.00",
    **options: Any,
) -> Candidate:
    """Build a company and its release candidate."""
    build = settings.work / f"{as_of}-{run_id}.duckdb"
    if not build.exists():
        build_file(build, as_of=as_of, factor=factor, frozen=frozen_scores(settings, as_of))
    return build_candidate(settings, build, manifest(), as_of=as_of, run_id=run_id, **options)


def publish_night(
    settings: Settings,
    run_id: str,
    *,
    as_of: date = S,
    factor: str = "1.00",
    verdict: Verdict = GREEN,
) -> PublishResult:
    """Build, judge with a given verdict, and publish."""
    built = candidate(settings, run_id, as_of=as_of, factor=factor)
    audit = write_audit(settings, built.folder, verdict, run_id)
    return publish(settings, built.folder, audit)


def write_suite(folder: Path, table: str, rules: list[dict[str, Any]]) -> Path:
    """Write a suite; fields a test does not care about are filled in."""
    filled = [
        {
            "id": f"{table}.{number}",
            "owner": "sales-operations",
            "severity": "critical",
            "source": "crm",
            "reason": "2026-03-02: chosen for the test.",
            "text_en": "The rule holds.",
            "text_sv": "Regeln håller.",
            **rule,
        }
        for number, rule in enumerate(rules)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{table}.yml"
    path.write_text(
        yaml.safe_dump({"table": table, "rules": filled}, allow_unicode=True), encoding="utf-8"
    )
    return path
