"""Our event log writes what Dagster's writes, and opens its files once."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.event_log import MOST_ENGINES, KeptOpenEventLog
from orchestration.instance import prepare_home
from orchestration.settings import load_settings


@dg.asset(check_specs=[dg.AssetCheckSpec("whole", asset="table")])
def table():
    return dg.MaterializeResult(
        metadata={"rows": 3}, check_results=[dg.AssetCheckResult(passed=True)]
    )


@pytest.fixture
def instance(tmp_path, monkeypatch):
    for name in ("DAGSTER_HOME", "PYTHONPATH", "UTFALL_HOME"):
        monkeypatch.setenv(name, "")
    prepare_home(load_settings({"UTFALL_HOME": str(tmp_path)}))
    with dg.DagsterInstance.get() as found:
        yield found


def test_the_instance_of_a_home_uses_our_event_log_and_sends_nothing_out(instance):
    assert isinstance(instance.event_log_storage, KeptOpenEventLog)
    assert not instance.telemetry_enabled
    assert instance.nux_enabled is False


def test_dagsters_own_storage_reads_what_ours_wrote(instance):
    result = dg.materialize([table], instance=instance)
    assert result.success
    plain = SqliteEventLogStorage(base_dir=instance.event_log_storage._base_dir)
    plain.register_instance(instance)
    ours = [entry.message for entry in instance.event_log_storage.get_logs_for_run(result.run_id)]
    assert [entry.message for entry in plain.get_logs_for_run(result.run_id)] == ours
    assert len(ours) > 5
    latest = plain.get_latest_materialization_events([dg.AssetKey("table")])
    materialization = latest[dg.AssetKey("table")].asset_materialization
    assert materialization.metadata["rows"].value == 3
    check = dg.AssetCheckKey(dg.AssetKey("table"), "whole")
    assert plain.get_latest_asset_check_execution_by_key([check])[check].status.value == "SUCCEEDED"


def test_a_failed_transaction_leaves_nothing(instance):
    storage = instance.event_log_storage
    with pytest.raises(RuntimeError), storage.index_connection() as connection:
        connection.exec_driver_sql(
            "insert into secondary_indexes (name) values ('written and taken back')"
        )
        raise RuntimeError
    with storage.index_connection() as connection:
        names = connection.exec_driver_sql("select name from secondary_indexes").fetchall()
    assert ("written and taken back",) not in names


def test_files_of_old_runs_are_closed_again_and_the_index_never(instance):
    storage = instance.event_log_storage
    with storage.index_connection():
        pass
    for number in range(MOST_ENGINES + 3):
        with storage.run_connection(f"run-{number}"):
            pass
    assert len(storage._engines) == MOST_ENGINES
    assert "index" in storage._engines
    assert "run-0" not in storage._engines
