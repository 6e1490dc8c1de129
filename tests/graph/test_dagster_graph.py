"""The asset graph as Dagster loads it: keys, groups, order, job, schedule, sensors, gate.

What is written out here is everything that does not come from a budget type or an entity, so that
adding one of those changes no line of this file.
"""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import dagster as dg
import pytest

from orchestration import manifest as manifest_module
from orchestration.as_of import FIRST_DELIVERY, first_day
from orchestration.assets import release
from orchestration.assets.dbt import data_test_in_words
from orchestration.assets.night import BACKFILL_POLICY, LAYERS, POOL, day_partitions
from orchestration.definitions import build_definitions
from orchestration.demo.generator import FIRST_DELIVERY as DEMO_FIRST_DELIVERY
from orchestration.manifest import ManifestError, expected_nodes, load_manifest
from orchestration.schema import load_delivered
from orchestration.settings import load_settings

STAGES = {"ingest", "build_file", "dbt", "release_candidate", "gate", "publication"}
OWN_ASSETS = {
    "build_file": "raw",
    "release_candidate": "publication",
    "publication": "publication",
    "data_quality_results": "publication",
    "data_quality_trend": "publication",
    "ingest_ledger": "publication",
}


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    return load_settings({"UTFALL_HOME": str(tmp_path_factory.mktemp("home"))})


@pytest.fixture(scope="session")
def manifest():
    return load_manifest()


@pytest.fixture(scope="session")
def definitions(settings, manifest):
    return build_definitions(settings, manifest)


@pytest.fixture(scope="session")
def specs(definitions):
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


@pytest.fixture(scope="session")
def graph(definitions):
    return definitions.resolve_asset_graph()


@pytest.fixture(scope="session")
def job(definitions):
    return definitions.resolve_job_def("nightly")


def of_dbt(manifest) -> dict[str, str]:
    """Asset name → layer of every model and seed in the manifest."""
    return {
        node["name"]: "seeds" if node["resource_type"] == "seed" else node["fqn"][1]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
        and node["config"].get("materialized") != "ephemeral"
    }


def test_assets_are_the_entities_the_models_the_seeds_and_our_own(specs, manifest):
    expected = {f"raw/{name}": "raw" for name in load_delivered()} | of_dbt(manifest) | OWN_ASSETS
    assert {key: spec.group_name for key, spec in specs.items()} == expected


def test_groups_are_the_layers(specs):
    assert {spec.group_name for spec in specs.values()} <= set(LAYERS)


def test_every_asset_has_an_owner_a_description_and_a_kind(specs):
    assert [key for key, spec in specs.items() if not spec.owners] == []
    assert [key for key, spec in specs.items() if not spec.description] == []
    assert [key for key, spec in specs.items() if "duckdb" not in spec.kinds] == []


def test_every_data_test_says_in_words_what_it_asks_for(graph, manifest):
    told = {key.name: graph.get_check_spec(key).description for key in graph.asset_check_keys}
    assert told["sound_rows_bt_signed_volume"] == (
        "Every row has a value in part, rep_id, amount. part is one of numerator."
    )
    assert told["sound_rows_reps"].startswith("No two rows have the same rep_id. Every row has")
    alone = manifest["nodes"]["test.utfall.i1_channel_volumes_add_up"]
    assert data_test_in_words(alone).startswith("I1 (C17): renewal, upsell, win-back")
    assert [name for name, said in told.items() if not said or " " not in said] == []
    assert len(told) > 300


def test_every_asset_links_to_its_code(specs):
    without = [key for key, spec in specs.items() if "dagster/code_references" not in spec.metadata]
    assert without == []


def test_every_asset_is_partitioned_by_day_and_backfilled_one_day_at_a_time(
    definitions, specs, settings
):
    wanted = day_partitions(first_day(settings), settings.timezone)
    assert {spec.partitions_def for spec in specs.values()} == {wanted}
    policies = {
        assets.backfill_policy
        for assets in definitions.resolve_asset_graph().assets_defs
        if assets.keys and assets.is_executable
    }
    assert policies == {BACKFILL_POLICY}


def test_the_key_is_s_itself_today_included():
    partitions = day_partitions(date(2026, 3, 2), "Europe/Stockholm")
    assert partitions.end_offset == 1
    assert partitions.timezone == "Europe/Stockholm"
    assert partitions.get_first_partition_key() == "2026-03-02"


def test_the_job_is_six_stages_and_takes_every_asset_and_check(job, graph):
    assert {node.name for node in job.nodes} == STAGES
    assert job.asset_layer.executable_asset_keys == graph.executable_asset_keys
    assert set(job.asset_layer.asset_graph.asset_check_keys) == set(graph.asset_check_keys)


def test_the_stages_follow_one_another(job):
    upstream = {
        node.name: {
            output.node_name
            for outputs in job.dependency_structure.input_to_upstream_outputs_for_node(
                node.name
            ).values()
            for output in outputs
        }
        for node in job.nodes
    }
    assert upstream["ingest"] == set()
    assert "ingest" in upstream["build_file"]
    assert "build_file" in upstream["dbt"]
    assert "dbt" in upstream["release_candidate"]
    assert upstream["gate"] == {"release_candidate"}
    assert "gate" in upstream["publication"]


def test_every_stage_that_opens_the_warehouse_waits_in_the_same_pool(job):
    assert {node.definition.pool for node in job.nodes} == {POOL}


def test_every_judged_mart_has_one_blocking_check_on_the_candidate(graph, manifest):
    tables = release.published_tables(manifest)
    assert {"outcomes", "outcome_evidence", "reps", "customers"} <= set(tables)
    candidate = dg.AssetKey("release_candidate")
    gate = {key for key in graph.asset_check_keys if key.asset_key == candidate}
    assert {key.name for key in gate} == {*tables, "deliveries"}
    assert all(graph.get_check_spec(key).blocking for key in gate)


def test_data_tests_are_checks_and_unit_tests_are_no_part_of_a_night(graph, manifest):
    checks = {key.name for key in graph.asset_check_keys}
    unit_tests = {node["name"] for node in manifest.get("unit_tests", {}).values()}
    assert unit_tests, "the project has unit tests, or this test shows nothing"
    assert not checks & unit_tests
    assert not any(name.startswith("unit_test.") for name in expected_nodes(manifest))


def test_raw_sources_are_the_ingest_assets(specs):
    upstream = {dep.asset_key.to_user_string() for dep in specs["base_canonical__reps"].deps}
    assert "raw/reps" in upstream


def test_the_night_starts_at_half_past_two_in_stockholm_and_is_on(definitions):
    schedule = definitions.resolve_schedule_def("nightly_at_0230")
    assert schedule.cron_schedule == "30 2 * * *"
    assert schedule.execution_timezone == "Europe/Stockholm"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == "nightly"


def test_both_sensors_are_on(definitions):
    for name in ("deliveries", "failed_night"):
        sensor = definitions.resolve_sensor_def(name)
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_the_first_day_is_the_demo_companys_or_the_first_extract(tmp_path):
    assert FIRST_DELIVERY == DEMO_FIRST_DELIVERY
    assert first_day(load_settings({"UTFALL_HOME": str(tmp_path)})) == FIRST_DELIVERY
    (tmp_path / "landing" / "crm" / "reps" / "2025-11-30").mkdir(parents=True)
    own = load_settings({"UTFALL_HOME": str(tmp_path), "UTFALL_LANDING": str(tmp_path / "landing")})
    assert first_day(own) == date(2025, 11, 30)


def rule(table: str, *, success: bool, severity: str = "critical", could_not_run: bool = False):
    return SimpleNamespace(
        rule_id=f"{table}.rule",
        table=table,
        severity=severity,
        success=success,
        could_not_run=could_not_run,
        blocks=could_not_run or (not success and severity != "warning"),
        text_en="Every row has a rep.",
        observed="",
    )


def test_a_failed_warning_shows_and_does_not_block_a_critical_one_blocks():
    verdict = SimpleNamespace(
        results=(
            rule("reps", success=True),
            rule("customers", success=False, severity="warning"),
            rule("outcomes", success=False),
            rule("calendar", success=False, severity="warning", could_not_run=True),
            rule("(all)", success=False),
        )
    )
    tables = ["reps", "customers", "outcomes", "calendar", "products"]
    found = {
        result.check_name: (result.passed, result.severity)
        for result in release.check_results(verdict, [*tables, release.DELIVERIES], tables)
    }
    error, warn = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
    assert found["reps"][0]
    assert found["customers"] == (False, warn)
    assert found["outcomes"] == (False, error)
    assert found["calendar"] == (False, error)
    assert found["products"] == (False, error), "a table that no rule judged must not pass"
    assert found["deliveries"] == (False, error)


@pytest.mark.parametrize("is_green", [True, False])
def test_a_red_gate_keeps_publication_from_running(monkeypatch, is_green):
    ran: list[str] = []

    def judge(night, names, tables):
        verdict = SimpleNamespace(results=tuple(rule(t, success=is_green) for t in tables))
        yield from release.check_results(verdict, names, tables)

    def publish(night):
        ran.append("publication")
        for table in release.WRITTEN_BY_THE_AUDIT:
            yield dg.MaterializeResult(asset_key=table)

    monkeypatch.setattr(release, "_judge", judge)
    monkeypatch.setattr(release, "_publish", publish)
    partitions = dg.StaticPartitionsDefinition(["2026-03-03"])
    _, gate, publication = release.build_release_assets(["reps"], partitions)

    @dg.asset(name="release_candidate", partitions_def=partitions)
    def candidate(): ...

    job = dg.Definitions(
        assets=[candidate, gate, publication],
        jobs=[dg.define_asset_job("night", executor_def=dg.in_process_executor)],
        resources={"night": dg.ResourceDefinition.hardcoded_resource(None)},
    ).resolve_job_def("night")
    result = job.execute_in_process(partition_key="2026-03-03", raise_on_error=False)
    assert result.success is is_green
    assert ran == (["publication"] if is_green else [])


def test_a_red_gate_is_told_in_the_rules_own_words():
    red = SimpleNamespace(
        table="outcomes",
        rule_id="outcomes.value",
        text_en="No outcome is negative.",
        observed="3 of 900 rows.",
    )
    sentence = release.red_sentence("red: 1 of 9 rules block", [red])
    assert "[outcomes, outcomes.value] No outcome is negative: 3 of 900 rows." in sentence
    assert "last publication stands" in sentence


def test_without_dbt_the_definitions_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest_module, "TARGET", tmp_path / "target")
    monkeypatch.setattr(manifest_module, "is_current", lambda: False)
    monkeypatch.setattr(manifest_module, "DBT_EXECUTABLE", tmp_path / "dbt")
    with pytest.raises(ManifestError, match="make setup"):
        build_definitions(load_settings({"UTFALL_HOME": str(tmp_path)}))


def test_a_project_that_cannot_be_parsed_is_told_with_dbts_words(tmp_path, monkeypatch):
    fake = tmp_path / "dbt"
    fake.write_text("#!/bin/sh\necho 'Compilation Error: models/x.sql'\nexit 2\n")
    fake.chmod(0o755)
    monkeypatch.setattr(manifest_module, "TARGET", tmp_path / "target")
    monkeypatch.setattr(manifest_module, "is_current", lambda: False)
    monkeypatch.setattr(manifest_module, "DBT_EXECUTABLE", fake)
    with pytest.raises(ManifestError, match=r"Compilation Error: models/x\.sql"):
        build_definitions(load_settings({"UTFALL_HOME": str(tmp_path)}))
