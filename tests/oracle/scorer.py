"""The compiled models of scoring, fed with measures, plans and people directly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb

from tests.support.compiled import CATALOG, Project

VERSION = "is_deleted boolean, known_from timestamp, known_to timestamp"
FED = {
    "int_core__context": (
        "as_of date, cut_off_utc timestamp, company_currency varchar, company_calendar_id varchar"
    ),
    "int_core__dates": "date_day date, month_start date",
    "int_core__booking_months": "month_start date, is_closed boolean",
    "int_core__rep_nodes": (
        "booking_month date, rep_id varchar, team_id varchar, region_id varchar, "
        "valid_from date, valid_to date"
    ),
    "int_core__opportunities": (
        "opportunity_id varchar, is_open boolean, rep_id varchar, channel varchar, "
        "area_id varchar, business_category varchar, purchase_method varchar, "
        "expected_close_date date, amount decimal(18, 4), probability decimal(18, 10)"
    ),
    "dim_reps": "rep_id varchar, team_id varchar, region_id varchar",
    "dim_customers": (
        "customer_id varchar, owner_rep_id varchar, is_internal boolean, merged_into_id varchar"
    ),
    "stg_canonical__reps": (
        "rep_id varchar, calendar_id varchar, fte decimal(18, 4), hire_date date, "
        f"leave_date date, management_support_from date, management_support_to date, {VERSION}"
    ),
    "stg_canonical__calendar": f"calendar_id varchar, date date, is_workday boolean, {VERSION}",
    "stg_canonical__rep_absences": f"rep_id varchar, date date, hours decimal(18, 4), {VERSION}",
    "stg_canonical__checkpoints": f"kpi_id varchar, date date, {VERSION}",
    "int_planning__parameters": ("valid_from date, valid_to date, full_day_hours decimal(18, 4)"),
    "int_planning__targets": (
        "budget_id varchar, target_mode varchar, node_level varchar, node_id varchar, month date, "
        "target decimal(28, 4)"
    ),
    "int_planning__budget_scopes": (
        "budget_id varchar, dimension varchar, allowed_value varchar, is_current boolean"
    ),
    "int_planning__budget_versions": (
        "budget_id varchar, is_current boolean, reward_threshold decimal(18, 10)"
    ),
    "int_scoring__measures": (
        "subject_type varchar, subject_id varchar, node_level varchar, node_id varchar, "
        "budget_type_id varchar, parameter_set_id varchar, budget_id varchar, period_start date, "
        "period_end date, is_rolling boolean, numerator decimal(28, 4), "
        "denominator decimal(28, 4), value decimal(28, 10), record_count bigint, "
        "reason_code varchar, target decimal(28, 4), target_low decimal(28, 4)"
    ),
    "int_scoring__kpis": "kpi_id varchar, reward_threshold decimal(18, 10)",
    "int_scoring__profile_kpis": (
        "profile_id varchar, kpi_id varchar, weight decimal(18, 10), cap decimal(18, 10)"
    ),
    "int_scoring__rep_profiles": (
        "rep_id varchar, profile_id varchar, team_id varchar, region_id varchar"
    ),
}
_COLUMNS = re.compile(r", (?=[a-z_]+ [a-z])")
RUN = (
    "int_scoring__parameters",
    "int_scoring__workdays",
    "int_scoring__elapsed_shares",
    "int_scoring__forecasts",
    "int_scoring__scores",
    "int_scoring__profile_scores",
)


def exact(number: Fraction) -> Decimal:
    """A fraction that is a decimal, as one."""
    return Decimal(number.numerator) / Decimal(number.denominator)


class Scorer:
    """An in-memory DuckDB in which the inputs of scoring are tables of the test's own."""

    def __init__(self, project: Project, threads: int = 1) -> None:
        models = {model.name: model for model in project.models}
        self.connection = duckdb.connect(config={"threads": threads})
        run = self.connection.execute
        run(f"attach ':memory:' as {CATALOG}; use {CATALOG}")
        run(f"attach '{project.seeds}' as seeded (read_only)")
        for (table,) in run(
            "select table_name from duckdb_tables() where database_name = 'seeded'"
        ).fetchall():
            run(f"create schema if not exists seeds; create table seeds.{table} as "
                f"from seeded.seeds.{table}")  # fmt: skip
        run("detach seeded")
        self.tables: dict[str, str] = {}
        for name in FED:
            schema = models[name].schema
            self.tables[name] = f'"{schema}"."{name}"'
            run(f'create schema if not exists "{schema}"')
        self.models = [models[name] for name in RUN]

    def score(self, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Feed all tables (those left out are empty) and run the models."""
        for name, target in self.tables.items():
            # A table that was emptied still counts its rows where joins are ordered: a hundred
            # companies on, that makes a second into minutes.
            self.connection.execute(f"create or replace table {target} ({FED[name]})")
            rows = tables.get(name, [])
            if rows:
                columns = list(rows[0])
                kinds = dict(part.split(" ", 1) for part in _COLUMNS.split(FED[name]))
                picked = ", ".join(f"cast(unnest(?) as {kinds[column]})" for column in columns)
                self.connection.execute(
                    f"insert into {target} ({', '.join(columns)}) select {picked}",
                    [[_text(row[column]) for row in rows] for column in columns],
                )
        self.run()

    def run(self) -> None:
        """Run the models on what was fed."""
        for model in self.models:
            self.connection.execute(
                f'create or replace table "{model.schema}"."{model.name}" as ({model.sql}\n)'
            )

    def rows(self, model: str) -> list[dict[str, Any]]:
        """Rows of one of the models, decimals as fractions."""
        (schema,) = {m.schema for m in self.models if m.name == model}
        found = self.connection.execute(f'select * from "{schema}"."{model}"')
        names = [column[0] for column in found.description]
        return [
            {
                name: Fraction(value) if isinstance(value, Decimal) else value
                for name, value in zip(names, row, strict=True)
            }
            for row in found.fetchall()
        ]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return format(exact(value), "f") if isinstance(value, Fraction) else str(value)
