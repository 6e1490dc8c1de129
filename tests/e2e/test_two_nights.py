"""Two nights of the demo company through the real job, and what a reader finds afterwards."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from orchestration.nightly import example_queries
from orchestration.publication.files import sha256_of
from orchestration.publication.release import read_manifest
from orchestration.settings import PROJECT_ROOT
from tests.conftest import FIRST_NIGHT, SECOND_NIGHT, TwoNights
from tests.support.nights import published, rows

PUBLISHED_TABLES = {
    "budget_types",
    "calendar",
    "channel_sales",
    "customers",
    "data_quality_results",
    "data_quality_trend",
    "ingest_ledger",
    "org_nodes",
    "outcome_evidence",
    "outcomes",
    "products",
    "publication",
    "quarantine",
    "reps",
    "volume_vs_invoicing",
}


def test_the_first_night_is_built_in_full_and_the_second_starts_from_it(two_nights: TwoNights):
    assert two_nights.was_full == (True, False)


def test_a_night_says_what_it_did_and_where_it_lies(two_nights: TwoNights):
    for night in two_nights.nights:
        assert f"S = {night.as_of}" in night.said
        assert re.search(r"rows read +[\d,]+ delivered, [\d,]+ loaded, 0 rejected", night.said)
        assert re.search(r"dbt +\d+ models, \d+ seeds, \d+ data tests", night.said)
        assert re.search(r"gate +green", night.said)
        assert str(two_nights.company.home / "published" / "current") in night.said
        assert all(query in night.said for query in example_queries())
        assert not night.complained.strip()


def test_current_is_the_second_night(two_nights: TwoNights):
    assert two_nights.company.current == two_nights.releases[1]
    assert [read_manifest(release)["as_of"] for release in two_nights.releases] == [
        str(FIRST_NIGHT),
        str(SECOND_NIGHT),
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_every_published_table_is_there_with_its_night_and_publication(
    two_nights: TwoNights, number: int
):
    release = two_nights.releases[number]
    manifest = read_manifest(release)
    with published(release) as connection:
        tables = {
            name
            for (name,) in rows(
                connection,
                "select view_name from duckdb_views() "
                "where not internal and not temporary and schema_name = 'main'",
            )
        }
        assert tables == PUBLISHED_TABLES == set(manifest["tables"])
        for table in sorted(tables):
            found = rows(
                connection, f"select distinct as_of, publication_id from main.{table} limit 3"
            )
            allowed = {(date.fromisoformat(manifest["as_of"]), manifest["publication_id"])}
            assert set(found) <= allowed or table in ("data_quality_results", "data_quality_trend")
            assert found or table == "quarantine", f"{table} is empty"


def test_the_files_of_a_release_are_those_its_manifest_names(two_nights: TwoNights):
    for release in two_nights.releases:
        for table, entry in read_manifest(release)["tables"].items():
            for file in entry["files"]:
                path = release / "parquet" / file["path"]
                assert sha256_of(path) == file["sha256"], f"{table}: {file['path']}"


def test_parquet_and_duckdb_hold_the_same_rows(two_nights: TwoNights):
    release = two_nights.releases[1]
    with published(release) as connection:
        for table in sorted(PUBLISHED_TABLES):
            entry = read_manifest(release)["tables"][table]
            paths = [str(release / "parquet" / file["path"]) for file in entry["files"]]
            source = f"(select * from read_parquet({paths}, hive_partitioning = false))"
            if table == "outcome_evidence":
                source = f"(from {source} where booking_month >= date '{SECOND_NIGHT.year}-01-01')"
            columns = ", ".join(f'"{name}"' for name, _ in entry["columns"])
            for one, other in ((source, f"main.{table}"), (f"main.{table}", source)):
                assert rows(
                    connection,
                    f"select count(*) from (select {columns} from {one} "
                    f"except all select {columns} from {other})",
                ) == [(0,)], table


def test_a_release_cannot_be_written_to(two_nights: TwoNights):
    with published(two_nights.company.current) as connection, pytest.raises(duckdb.Error):
        connection.execute("create table utfall.main.mine (id integer)")
    assert (two_nights.company.current / "utfall.duckdb").stat().st_mode & 0o222 == 0


def test_the_example_queries_answer_sensibly(two_nights: TwoNights):
    years, channels, tables = example_queries()
    with published(two_nights.company.current) as connection:
        values = {
            (row[0], row[1]): row[2] for row in rows(connection, years.replace("20;", "200;"))
        }
        for budget_type_id in ("signed_volume", "invoiced_revenue", "meetings_held"):
            assert values[budget_type_id, date(2025, 1, 1)] > 0
        assert (
            values["signed_volume", date(2025, 1, 1)]
            != values["invoiced_revenue", date(2025, 1, 1)]
        )
        assert 0 < values["customer_retention_rate", date(2025, 1, 1)] <= 1
        found = rows(connection, channels)
        assert {row[1] for row in found} == {"new", "renewal", "upsell", "win_back", "total"}
        assert found[0][0] == SECOND_NIGHT.replace(day=1)
        described = dict(rows(connection, tables))
        del described["all_evidence"]
        assert set(described) == PUBLISHED_TABLES
        assert all(described.values()), "every published table says what a row is"


def test_the_seventeen_types_have_figures(two_nights: TwoNights):
    with published(two_nights.company.current) as connection:
        counted = dict(
            rows(
                connection,
                "select budget_type_id, count(value) from outcomes "
                "where node_level = 'rep' and basis = 'reported' group by 1",
            )
        )
        known = {row[0] for row in rows(connection, "select budget_type_id from budget_types")}
    assert set(counted) == known and len(known) >= 17
    assert all(counted.values()), counted


def test_the_ledger_accounts_for_every_delivered_row(two_nights: TwoNights):
    with published(two_nights.company.current) as connection:
        ((files, lost, newest),) = rows(
            connection,
            "select count(*), count(*) filter (where rows_delivered is distinct from "
            "rows_loaded + rows_rejected), max(extract_date) from ingest_ledger",
        )
    assert (files > 100, lost, newest) == (True, 0, SECOND_NIGHT)


EVIDENCE_FIGURES = f"""
with parts as (
    select * from read_csv('{PROJECT_ROOT}/seeds/registry/budget_type_parts.csv', header = true)
),

-- A type with a rolling window shows each row in every month whose window reaches back to it.
evidence as (
    select
        all_evidence.*,
        parts.over_reps,
        cast(
            date_trunc('month', coalesce(all_evidence.period_start, all_evidence.booking_date))
            + to_months(unnest(range(coalesce(registry.rolling_months, 1)))) as date
        ) as month
    from all_evidence
    inner join parts using (budget_type_id, part)
    inner join budget_types as registry using (budget_type_id)
    where all_evidence.period_type is null or all_evidence.period_type in ('month', 'snapshot')
),

figures as (
    select
        budget_type_id, parameter_set_id, rep_id, month, part,
        case
            when over_reps = 'distinct' then count(distinct distinct_key) filter (amount > 0)
            else sum(amount)
        end as figure
    from evidence
    where month <= date '{SECOND_NIGHT}'
    group by budget_type_id, parameter_set_id, rep_id, month, part, over_reps
),

from_evidence as (
    select
        budget_type_id, parameter_set_id, rep_id, month,
        max(figure) filter (part = 'numerator') as numerator,
        max(figure) filter (part = 'denominator') as denominator
    from figures
    group by budget_type_id, parameter_set_id, rep_id, month
),

from_outcomes as (
    select budget_type_id, parameter_set_id, node_id as rep_id, period_start as month,
        numerator, denominator
    from outcomes
    where node_level = 'rep' and basis = 'reported' and period_type = 'month'
)

select
    coalesce(from_evidence.budget_type_id, from_outcomes.budget_type_id) as budget_type_id,
    rep_id,
    month,
    from_evidence.numerator,
    from_outcomes.numerator,
    from_evidence.denominator,
    from_outcomes.denominator
from from_evidence
full join from_outcomes using (budget_type_id, parameter_set_id, rep_id, month)
where month >= (select min(period_start) from outcomes where period_type = 'month')
"""


def test_every_outcome_of_a_rep_and_month_follows_from_its_evidence_alone(two_nights: TwoNights):
    with published(two_nights.releases[1]) as connection:
        compared = rows(connection, EVIDENCE_FIGURES)
        types = {
            row[0] for row in rows(connection, "select distinct budget_type_id from budget_types")
        }
    wrong = [
        row
        for row in compared
        if (row[3] or Decimal(0), row[5] or Decimal(0))
        != (row[4] or Decimal(0), row[6] or Decimal(0))
    ]
    assert not wrong, f"{len(wrong)} of {len(compared)} differ, for example {wrong[:5]}"
    assert {row[0] for row in compared if row[3]} == types
    assert len(compared) > 1000
