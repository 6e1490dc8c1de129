"""What the person at the keyboard reads: summary, progress, status screen, refusals."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import duckdb
import pytest
from rich.console import Console

from orchestration import nightly, status
from orchestration.alerts import Alert
from orchestration.assets.build import (
    close_build,
    open_build,
    read_plan,
    remember_child,
    write_plan,
)
from orchestration.assets.dbt import (
    count_results,
    dbt_arguments,
    failure_in_words,
    must_load_seeds,
    not_run,
    problems_in,
)
from orchestration.instance import NightRun
from orchestration.lock import single_writer
from orchestration.manifest import expected_nodes, fingerprint, parsed_files
from orchestration.progress import StageDisplay
from orchestration.resources import DiskTooFullError, check_disk
from orchestration.serve import command
from orchestration.settings import load_settings
from orchestration.warehouse import BuildPlan, Extract

GREEN = nightly.Outcome(
    as_of=date(2026, 3, 3),
    run_id="0123456789abcdef",
    seconds={"prepare": 4.0, "ingest": 10.25, "dbt": 20.0},
    facts={
        "ingest": {"delivered": 1_234_567, "loaded": 1_234_500, "rejected": 67},
        "dbt": {"model": 180, "seed": 4, "test": 300},
        "gate": {"summary": "green: 120 rules, no warnings"},
        "publication": {
            "publication_id": "abc123",
            "note": "readers get it from now on",
            "quarantined": 12,
        },
    },
    sentence=None,
)


def test_the_summary_tells_rows_models_verdict_place_queries_and_seconds():
    text = nightly.render_summary(GREEN, Path("/data/published/current"))
    assert "2026-03-03" in text
    assert "1,234,567 delivered, 1,234,500 loaded, 67 rejected, 12 quarantined" in text
    assert "180 models, 4 seeds, 300 data tests" in text
    assert "green: 120 rules, no warnings" in text
    assert "/data/published/current" in text
    assert "/data/published/quality/current/reports/index.html" in text
    assert text.count("select ") == 3
    assert "34.2" in text.splitlines()[-1]


def test_a_count_that_no_stage_left_is_shown_as_unknown_not_as_zero():
    outcome = nightly.Outcome(date(2026, 3, 3), "r", {}, {"ingest": {"delivered": 5}}, None)
    assert "5 delivered, ? loaded" in nightly.render_summary(outcome, Path("/x"))


def event(kind: str, stage: str) -> SimpleNamespace:
    return SimpleNamespace(dagster_event=SimpleNamespace(event_type_value=kind, step_key=stage))


def test_without_a_terminal_every_stage_is_a_plain_line():
    screen = io.StringIO()
    with StageDisplay(Console(file=screen, force_terminal=False)) as display:
        for kind in ("STEP_START", "ASSET_MATERIALIZATION", "STEP_SUCCESS"):
            display.on_event(event(kind, "dbt"))
        display.on_event(event("STEP_START", "gate"))
        display.on_event(event("STEP_FAILURE", "gate"))
        display.on_event(SimpleNamespace(dagster_event=None))
    lines = screen.getvalue().splitlines()
    assert lines[0] == "raw → marts …"
    assert lines[1].startswith("raw → marts done in") and "1 tables and checks" in lines[1]
    assert lines[3].startswith("judge the candidate failed")
    assert "\x1b" not in screen.getvalue()
    assert list(display.seconds) == ["dbt", "gate"]


def test_a_full_build_refreshes_and_no_night_runs_unit_tests():
    ordinary = dbt_arguments(is_full=False)
    assert ordinary == ["build", "--exclude-resource-type", "unit_test"]
    assert dbt_arguments(is_full=True) == [*ordinary, "--full-refresh"]


def test_seeds_are_loaded_where_the_build_file_does_not_hold_them():
    nodes = {
        "seed.utfall.roles": {"resource_type": "seed", "name": "roles"},
        "model.utfall.reps": {"resource_type": "model", "name": "reps"},
    }
    ordinary = SimpleNamespace(is_full=False, rebuilt=())
    assert not must_load_seeds(ordinary, nodes)
    assert not must_load_seeds(SimpleNamespace(is_full=False, rebuilt=("reps",)), nodes)
    assert must_load_seeds(SimpleNamespace(is_full=False, rebuilt=("reps", "roles")), nodes)
    assert must_load_seeds(SimpleNamespace(is_full=True, rebuilt=()), nodes)
    assert dbt_arguments(is_full=False, loads_seeds=False) == [
        *("build", "--exclude-resource-type", "unit_test"),
        *("--exclude-resource-type", "seed"),
    ]


RESULTS = [
    {"unique_id": "model.utfall.dim_reps", "status": "success", "message": "OK"},
    {"unique_id": "seed.utfall.parameters", "status": "success", "message": "OK"},
    {
        "unique_id": "test.utfall.unique_reps_rep_id.ab12",
        "status": "fail",
        "failures": 3,
        "message": "Got 3 results",
    },
    {"unique_id": "model.utfall.outcomes", "status": "skipped", "message": None},
    {"unique_id": "test.utfall.not_null_x.cd34", "status": "warn", "failures": 1, "message": ""},
]
NODES = {
    "test.utfall.unique_reps_rep_id.ab12": {
        "resource_type": "test",
        "name": "unique_reps_rep_id",
        "attached_node": "model.utfall.reps",
    }
}


def test_models_that_did_not_run_are_counted_out_and_named():
    assert count_results(RESULTS) == {"model": 1, "seed": 1, "test": 1}
    expected = {"model.utfall.dim_reps", "model.utfall.outcomes", "model.utfall.lost"}
    assert not_run(expected, RESULTS) == ["lost", "outcomes"]


def test_a_failed_data_test_is_told_with_table_and_rows():
    sentence = failure_in_words(RESULTS, NODES)
    assert "unique_reps_rep_id on reps found 3 rows" in sentence
    assert "last publication stands" in sentence
    assert failure_in_words(RESULTS[:2], NODES) is None


def test_a_failed_test_of_a_table_says_what_is_wrong_with_how_many_rows(tmp_path):
    build_file = tmp_path / "utfall.duckdb"
    with duckdb.connect(str(build_file)) as connection:
        connection.execute(
            "create table reps as select * from (values ('A'), ('A'), (null)) as t (id)"
        )
    found = "select 'id has no value' as problem from reps where id is null union all "
    found += "select 'id is there more than once' from reps group by id having count(*) > 1"
    node = {
        "resource_type": "test",
        "name": "sound_rows_reps",
        "attached_node": "model.utfall.reps",
        "test_metadata": {"name": "sound_rows"},
    }
    result = {"unique_id": "t", "status": "fail", "failures": 2, "compiled_code": found}
    sentence = failure_in_words([result], {"t": node}, problems_in(build_file))
    assert "sound_rows_reps on reps found 2 rows (id has no value: 1, id is there more" in sentence


def test_unit_tests_and_ephemeral_models_are_not_expected_of_a_night():
    def node(kind, **config):
        return {"resource_type": kind, "config": config}

    manifest = {
        "nodes": {
            "model.utfall.a": node("model", materialized="table"),
            "model.utfall.b": node("model", materialized="ephemeral"),
            "model.utfall.c": node("model", enabled=False),
            "test.utfall.d": node("test"),
            "analysis.utfall.e": node("analysis"),
        },
        "unit_tests": {"unit_test.utfall.f": {}},
    }
    assert expected_nodes(manifest) == {"model.utfall.a", "test.utfall.d"}
    manifest["nodes"]["seed.utfall.s"] = {"resource_type": "seed", "config": {}}
    assert "seed.utfall.s" in expected_nodes(manifest)
    assert "seed.utfall.s" not in expected_nodes(manifest, with_seeds=False)


def test_the_manifest_is_stale_as_soon_as_a_model_is_added_changed_or_renamed(tmp_path):
    (tmp_path / "models").mkdir()
    model = tmp_path / "models" / "a.sql"
    model.write_text("select 1")
    marks = [fingerprint(tmp_path, parsed_files(tmp_path))]
    model.write_text("select 2")
    marks.append(fingerprint(tmp_path, parsed_files(tmp_path)))
    model.rename(tmp_path / "models" / "b.sql")
    marks.append(fingerprint(tmp_path, parsed_files(tmp_path)))
    (tmp_path / "models" / "c.yml").write_text("models: []")
    marks.append(fingerprint(tmp_path, parsed_files(tmp_path)))
    assert len(set(marks)) == 4


def test_too_little_disk_is_told_with_numbers_before_anything_starts(tmp_path):
    settings = load_settings({"UTFALL_HOME": str(tmp_path)})
    gigabyte = 1024**3
    check_disk(settings, free=2 * gigabyte, last_build=gigabyte)
    with pytest.raises(DiskTooFullError, match=r"1\.9 GB are free .* needs 2\.0 GB"):
        check_disk(settings, free=int(1.9 * gigabyte), last_build=gigabyte)


def test_a_second_run_is_refused_with_the_holders_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("UTFALL_HOME", str(tmp_path))
    monkeypatch.delenv("UTFALL_LANDING", raising=False)
    settings = load_settings()
    with single_writer(settings, "a1b2c3d4", as_of="2026-03-03"):
        assert nightly.main(["--as-of", "2026-03-04"]) == 1
    said = capsys.readouterr().err
    assert "a1b2c3d4" in said and "2026-03-03" in said


def test_a_date_that_is_none_is_refused_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("UTFALL_HOME", str(tmp_path))
    monkeypatch.delenv("UTFALL_LANDING", raising=False)
    assert nightly.main(["--as-of", "tomorrow"]) == 1
    assert capsys.readouterr().err.startswith("AS_OF='tomorrow' is not a date")


def test_the_watchdog_interrupts_a_run_that_takes_too_long():
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), nightly.Watchdog(0.2) as watchdog:
            time.sleep(30)
    finally:
        signal.signal(signal.SIGINT, before)
    assert watchdog.has_fired


def make_status(**changes) -> status.Status:
    values = {
        "published": date(2026, 3, 4),
        "publication_id": "abc",
        "published_at": "2026-03-04 01:40 UTC",
        "due": date(2026, 3, 4),
        "last_run": NightRun("2026-03-04", "0123456789", "SUCCESS", "x", None, None),
        "alert": Alert("2026-03-03", "gate", "older", "t", "The gate was red."),
        "holder": None,
        "next_run": datetime(2026, 3, 5, 2, 30, tzinfo=UTC),
        "used": {"raw": 1024**3},
        "free": 10 * 1024**3,
    }
    return status.Status(**{**values, **changes})


def test_status_is_stale_only_when_the_publication_is_older_than_the_newest_delivery():
    assert not make_status().is_stale
    assert make_status(due=date(2026, 3, 5)).is_stale
    assert make_status(published=None).is_stale
    assert "1 day behind" in status.render(make_status(due=date(2026, 3, 5)))


def test_status_tells_why_only_for_the_run_it_shows():
    assert "The gate was red." not in status.render(make_status())
    failed = NightRun("2026-03-04", "older", "FAILURE", "x", None, None)
    assert "The gate was red." in status.render(make_status(last_run=failed))


def test_the_next_run_is_half_past_two_in_stockholm_also_when_the_clocks_change():
    zone = ZoneInfo("Europe/Stockholm")
    assert status.next_start(datetime(2026, 3, 4, 2, 29, tzinfo=zone)).day == 4
    after = status.next_start(datetime(2026, 3, 4, 2, 30, tzinfo=zone))
    assert (after.day, after.hour, after.minute) == (5, 2, 30)


def test_a_file_that_two_releases_share_counts_once(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1000)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    assert status.size_of(tmp_path) == 1000


def test_an_empty_home_has_a_status_and_fails(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("UTFALL_HOME", str(tmp_path))
    monkeypatch.delenv("UTFALL_LANDING", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", "")
    assert status.main([]) == 1
    said = capsys.readouterr().out
    assert "none yet" in said and "the lock is free" in said


def test_the_webserver_listens_on_this_machine_only():
    settings = load_settings({"UTFALL_HOME": "/tmp/x", "UTFALL_DAGSTER_PORT": "3100"})
    line = command("webserver", settings)
    assert line[line.index("-h") + 1] == "127.0.0.1"
    assert line[line.index("-p") + 1] == "3100"
    assert "workspace.yaml" in json.dumps(line)


def test_the_build_file_has_one_name_every_night_and_leftovers_go(tmp_path):
    settings = load_settings({"UTFALL_HOME": str(tmp_path)})
    settings.work.mkdir(parents=True)
    first, second = settings.work / "2026-03-03-a.duckdb", settings.work / "2026-03-04-b.duckdb"
    first.write_text("first")
    second.write_text("second")
    one = open_build(settings, first)
    assert one.read_text() == "first"
    (one.parent / "utfall.duckdb.wal").write_text("log of the first night")
    assert open_build(settings, first).read_text() == "first", "a stage that is run again finds it"
    two = open_build(settings, second)
    assert two == one
    assert two.read_text() == "second"
    assert [path.name for path in two.parent.iterdir()] == ["utfall.duckdb"]
    close_build(settings)
    assert sorted(path.name for path in settings.work.iterdir()) == [first.name, second.name]


def test_dbt_of_a_killed_run_is_ended_before_the_next_one_writes(tmp_path):
    settings = load_settings({"UTFALL_HOME": str(tmp_path)})
    settings.work.mkdir(parents=True)
    for name in ("a", "b"):
        (settings.work / f"{name}.duckdb").touch()
    script = tmp_path / "dbt"
    script.write_text("import time\nprint('runs', flush=True)\ntime.sleep(60)\n")
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as orphan:
        try:
            # A process that has only just been started has no command line yet.
            assert orphan.stdout.readline() == "runs\n"
            remember_child(open_build(settings, settings.work / "a.duckdb"), orphan.pid)
            open_build(settings, settings.work / "b.duckdb")
            orphan.wait(5)
        finally:
            orphan.kill()


def test_a_process_that_only_got_the_pid_of_an_old_dbt_is_left_alone(tmp_path):
    settings = load_settings({"UTFALL_HOME": str(tmp_path)})
    settings.work.mkdir(parents=True)
    for name in ("a", "b"):
        (settings.work / f"{name}.duckdb").touch()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        try:
            remember_child(open_build(settings, settings.work / "a.duckdb"), other.pid)
            open_build(settings, settings.work / "b.duckdb")
            assert other.poll() is None
        finally:
            other.kill()


def test_the_plan_survives_the_way_to_a_later_stage(tmp_path):
    plan = BuildPlan(
        path=tmp_path / "2026-03-04-b.duckdb",
        as_of=date(2026, 3, 4),
        run_id="b",
        is_full=False,
        base_as_of=date(2026, 3, 3),
        changed=[("reps", "crm", date(2026, 3, 4))],
        reason="Starts from the green build of 2026-03-03.",
        is_base_candidate=True,
        logic="ab" * 32,
        extracts=(Extract("reps", "crm", date(2026, 3, 4), "ab" * 32, "full"),),
        models={"reps": "ab" * 32},
        rebuilt=("reps",),
    )
    write_plan(plan)
    assert read_plan(plan.path) == plan
