"""Two nights of the demo company through the real job, and what a reader finds afterwards."""

from __future__ import annotations

import re
from datetime import date

import duckdb
import pytest

from orchestration.nightly import example_queries
from orchestration.publication.files import sha256_of
from orchestration.publication.release import read_manifest
from tests.conftest import FIRST_NIGHT, SECOND_NIGHT, TwoNights
from tests.support.evidence import figures_from_evidence, published_figures
from tests.support.nights import published, rows

PUBLISHED_TABLES = {
    "activity_vs_result",
    "allocation",
    "budget_outcomes",
    "budget_types",
    "budgets",
    "calendar",
    "change_log",
    "channel_lead_times",
    "channel_sales",
    "checkpoints",
    "customer_figures",
    "customers",
    "data_quality_results",
    "data_quality_trend",
    "forecast_accuracy",
    "gaming_signals",
    "ingest_ledger",
    "invoice_control",
    "kpi_hygiene",
    "kpi_trend",
    "kpis",
    "meeting_quality",
    "meetings",
    "my_kpis",
    "org_nodes",
    "outcome_evidence",
    "outcomes",
    "outcomes_by_dimension",
    "products",
    "profile_scores",
    "publication",
    "quarantine",
    "renewals_due",
    "rep_value",
    "reps",
    "score_restatements",
    "scores",
    "store_gaps",
    "targets",
    "team_view",
    "training_effect",
    "territory_view",
    "volume_vs_invoicing",
}

OF_NIGHTS = {"data_quality_results", "data_quality_trend", "scores"}
"""Tables that keep the night and publication of each row."""

MAY_BE_EMPTY = {"quarantine", "score_restatements"}


def test_the_first_night_is_built_in_full_and_the_second_starts_from_it(two_nights: TwoNights):
    assert two_nights.was_full == (True, False)


def test_a_night_says_what_it_did_and_where_it_lies(two_nights: TwoNights):
    for night, seeds in zip(two_nights.nights, (r"\d+ seeds", "seeds as before"), strict=True):
        assert f"S = {night.as_of}" in night.said
        assert re.search(r"rows read +[\d,]+ delivered, [\d,]+ loaded, 0 rejected", night.said)
        assert re.search(rf"dbt +\d+ models, {seeds}, [\d,]+ data tests", night.said)
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
            assert set(found) <= allowed or table in OF_NIGHTS
            assert found or table in MAY_BE_EMPTY, f"{table} is empty"


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


def test_costs_by_type_lie_in_the_restricted_file_alone(two_nights: TwoNights):
    restricted = two_nights.company.current / "utfall_restricted.duckdb"
    assert restricted.stat().st_mode & 0o777 == 0o400
    with duckdb.connect(str(restricted), read_only=True) as connection:
        types = rows(connection, "select distinct cost_type from rep_costs order by 1")
    assert [cost_type for (cost_type,) in types] == ["expense", "other", "salary", "tax"]


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


def test_every_type_has_figures_or_says_why_not(two_nights: TwoNights):
    with published(two_nights.company.current) as connection:
        counted = {
            name: (values, reasons)
            for name, values, reasons in rows(
                connection,
                "select budget_type_id, count(value), count(reason_code) from outcomes "
                "where basis = 'reported' group by 1",
            )
        }
        known = {row[0] for row in rows(connection, "select budget_type_id from budget_types")}
    assert set(counted) == known and len(known) == 60
    assert all(values or reasons for values, reasons in counted.values()), counted
    without = {name for name, (values, _) in counted.items() if not values}
    assert without <= {"invoiced_quantity", "pipeline_coverage", "customer_satisfaction_score"}


def test_the_ledger_accounts_for_every_delivered_row(two_nights: TwoNights):
    with published(two_nights.company.current) as connection:
        ((files, lost, newest),) = rows(
            connection,
            "select count(*), count(*) filter (where rows_delivered is distinct from "
            "rows_loaded + rows_rejected), max(extract_date) from ingest_ledger",
        )
    assert (files > 100, lost, newest) == (True, 0, SECOND_NIGHT)


@pytest.mark.parametrize("number", [0, 1], ids=["full", "incremental"])
def test_every_figure_of_a_rep_follows_from_its_evidence_alone(two_nights: TwoNights, number: int):
    """Any type, rep and period: week, month, quarter, year, sales period, campaign and night; both
    series; numerator, denominator, value and the reason why there is none."""
    release = two_nights.releases[number]
    told, found = published_figures(release), figures_from_evidence(release)
    wrong = {
        place: (told.get(place), found.get(place))
        for place in told.keys() | found.keys()
        if told.get(place) != found.get(place)
    }
    assert not wrong, f"{len(wrong)} of {len(told)} differ, for example {[*wrong.items()][:5]}"
    with published(release) as connection:
        asked = rows(
            connection,
            "select distinct budget_type_id, basis, period_type from budget_types "
            "left join outcomes using (budget_type_id)",
        )
    assert {(place.budget_type_id, place.basis, place.period_type) for place in found} == set(asked)
    assert {place.period_type for place in found} == {
        "week",
        "month",
        "quarter",
        "year",
        "sales_period",
        "campaign",
        "snapshot",
    }
    assert len(found) > 50_000
