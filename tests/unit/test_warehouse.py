"""The build file: what dbt finds in schema raw, and which base a run starts from."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.ingest import ingest_all
from orchestration.publication.history import (
    ORIGINAL,
    RESTATEMENT,
    RESTATEMENT_COLUMNS,
    SCORE_COLUMNS,
    SNAPSHOT_COLUMNS,
    PublicationRecord,
    record,
)
from orchestration.schema import load_entities
from orchestration.settings import Settings
from orchestration.warehouse import (
    BuildPlan,
    WarehouseError,
    base_build_file,
    copy_for_development,
    mark_green,
    open_warehouse,
    prepare_warehouse,
)

DAY1, DAY2, DAY3 = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, landing=tmp_path / "landing", demo=False, memory_limit="1GB")


def deliver(settings: Settings, day: date, rows: list[dict], entity: str = "customers") -> None:
    folder = settings.landing / "crm" / entity / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "_SUCCESS").touch()


def customer(key: str, recorded: str, **more: object) -> dict:
    return {"customer_id": key, "recorded_at": recorded, **more}


def night(settings: Settings, day: date, run: str, mode: str = "auto", green: bool = True):
    ingest_all(settings, day)
    plan = prepare_warehouse(settings, day, run, mode)
    if green:
        mark_green(settings, plan)
    return plan


def ask(settings: Settings, plan: BuildPlan, sql: str):
    with open_warehouse(plan.path, True, settings) as con:
        return con.execute(sql).fetchall()


def test_every_entity_has_its_views_with_all_columns_delivered_or_not(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00", name="x", shoe_size=44)])
    plan = night(settings, DAY1, "a")
    for entity in load_entities().values():
        for name in (entity.name, f"{entity.name}__delta"):
            described = ask(settings, plan, f"describe raw.{name}")
            types = {row[0]: row[1] for row in described}
            assert list(types)[: len(entity.columns)] == list(entity.columns)
            assert {types[column] for column in entity.columns} == {"VARCHAR"}
            assert types["extract_date"] == "DATE"
            assert types["record_no"] == types["line"] == "BIGINT"
            assert {"source_file", "raw_row", "file_id"} <= set(types)
    assert ask(settings, plan, "select count(*) from raw.invoices") == [(0,)]
    assert ask(
        settings,
        plan,
        "select customer_id, name, org_no, source_system, extract_date, line from raw.customers",
    ) == [("C1", "x", None, "crm", DAY1, 1)]


def test_run_context_says_s_as_data(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    plan = night(settings, DAY1, "a")
    assert ask(settings, plan, "from raw.run_context") == [
        (DAY1, datetime(2026, 3, 1, 23), "SEK", "SE", None, True, False)
    ]
    summer = date(2026, 7, 1)
    plan = night(settings, summer, "b")
    (context,) = ask(settings, plan, "select cut_off_utc, base_as_of, is_full from raw.run_context")
    assert context == (datetime(2026, 6, 30, 22), DAY1, False)


def test_an_incremental_build_starts_from_the_green_file_and_sees_the_delta(
    settings: Settings,
) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    first = night(settings, DAY1, "a", green=False)
    with open_warehouse(first.path, settings=settings) as con:
        con.execute("create table kept as select 42 as answer")
    mark_green(settings, first)
    deliver(
        settings,
        DAY2,
        [customer("C1", "2026-03-01T10:00:00"), customer("C2", "2026-03-02T09:00:00")],
    )
    plan = night(settings, DAY2, "b")
    assert (plan.is_full, plan.base_as_of) == (False, DAY1)
    assert plan.changed == [("customers", "crm", DAY2)]
    assert ask(settings, plan, "from kept") == [(42,)]
    assert ask(settings, plan, "select count(*) from raw.customers") == [(3,)]
    delta = "select customer_id, extract_date from raw.customers__delta order by 1"
    assert ask(settings, plan, delta) == [("C1", DAY2), ("C2", DAY2)]
    assert ask(settings, plan, "from raw.changed_extracts") == [("customers", "crm", DAY2)]
    assert ask(settings, plan, "select count(*) from raw.extracts") == [(2,)]
    context = "select base_as_of, is_full from raw.run_context"
    assert ask(settings, plan, context) == [(DAY1, False)]
    assert not first.path.exists(), "the former base goes when the new one is green"
    assert sorted(path.name for path in settings.work.glob("*.duckdb")) == [plan.path.name]


def test_nothing_new_changes_nothing(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    night(settings, DAY1, "a")
    plan = night(settings, DAY3, "c")
    assert (plan.is_full, plan.changed) == (False, [])
    assert ask(settings, plan, "select count(*) from raw.customers__delta") == [(0,)]


def test_a_corrected_old_extract_is_delta(settings: Settings) -> None:
    deliver(
        settings,
        DAY1,
        [customer("C1", "2024-05-01T10:00:00"), customer("C2", "2026-03-01T10:00:00")],
    )
    night(settings, DAY1, "a")
    deliver(settings, DAY1, [customer("C2", "2026-03-01T10:00:00")])
    deliver(settings, DAY2, [customer("C3", "2026-03-02T10:00:00")])
    plan = night(settings, DAY2, "b")
    assert plan.changed == [("customers", "crm", DAY1), ("customers", "crm", DAY2)]
    delta = ask(settings, plan, "select customer_id from raw.customers__delta order by 1")
    assert delta == [("C2",), ("C3",)]


def test_other_libraries_make_the_base_useless(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    night(settings, DAY1, "a")
    monkeypatch.setattr("orchestration.warehouse.project_logic", lambda: "other libraries")
    plan = night(settings, DAY2, "b")
    assert plan.is_full
    assert "changed since the green build" in plan.reason


def test_a_green_build_of_another_engine_is_no_base(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    night(settings, DAY1, "a")
    plan = night(replace(settings, target="postgres"), DAY2, "b")
    assert plan.is_full
    assert "was computed on duckdb: on postgres everything is built again" in plan.reason


def test_a_base_that_another_place_has_lost_is_built_in_full_for_that_reason(
    settings: Settings,
) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    first = night(settings, DAY1, "a")
    assert base_build_file(settings) == first.path.name
    plan = prepare_warehouse(settings, DAY2, "b", "full", "The database is gone.")
    assert (plan.is_full, plan.reason) == (True, "The database is gone.")


def test_a_changed_model_is_rebuilt_and_the_rest_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    hashes = {"kept": "1", "changed": "1", "gone": "1"}
    monkeypatch.setattr("orchestration.warehouse.model_logic", lambda _: hashes)
    first = night(settings, DAY1, "a", green=False)
    with open_warehouse(first.path, settings=settings) as con:
        con.execute("create schema core; create table core.kept as select 1 as n")
        con.execute("create table core.changed as select 1 as n")
        con.execute("create view core.gone as select 1 as n")
    mark_green(settings, first)
    hashes = {"kept": "1", "changed": "2", "new": "1"}
    plan = night(settings, DAY2, "b")
    assert not plan.is_full
    assert plan.rebuilt == ("changed", "gone", "new")
    assert "3 tables are rebuilt in full (changed, gone, new)" in plan.reason
    tables = "select table_name from information_schema.tables where table_schema = 'core'"
    assert ask(settings, plan, tables) == [("kept",)]
    assert ask(settings, plan, "select is_full, is_recounted from raw.run_context") == [
        (False, True)
    ]


def test_a_developer_gets_a_copy_of_the_demo_company_only(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    plan = night(settings, DAY1, "a")
    assert copy_for_development(replace(settings, demo=False), plan) is None
    on_postgres = replace(settings, demo=True, target="postgres")
    assert copy_for_development(on_postgres, plan) is None
    copy = copy_for_development(replace(settings, demo=True), plan)
    assert copy == settings.work / "dev" / "utfall.duckdb"
    assert copy.read_bytes() == plan.path.read_bytes()


def test_a_full_extract_with_rejected_rows_counts_as_incremental(settings: Settings) -> None:
    deliver(settings, DAY1, [{"rep_id": "R1"}], "reps")
    deliver(settings, DAY2, [{"rep_id": "R1"}], "reps")
    path = settings.landing / "crm/reps/2026-03-03/a.jsonl"
    path.write_text(path.read_text() + "{garbage\n")
    plan = night(settings, DAY2, "a")
    modes = "select extract_date, load_mode from raw.extracts order by 1"
    assert ask(settings, plan, modes) == [(DAY1, "full"), (DAY2, "incremental")]
    assert ask(settings, plan, "select line, raw_text, reason_code from raw.rejects") == [
        (2, "{garbage", "invalid_json")
    ]


def test_an_older_night_is_built_in_full_and_touches_no_base(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    deliver(settings, DAY2, [customer("C2", "2026-03-02T10:00:00")])
    newest = night(settings, DAY2, "a")
    before = (settings.work / "base.json").read_text()
    plan = night(settings, DAY1, "b")
    assert plan.is_full
    assert not plan.is_base_candidate
    assert "older than 2026-03-03" in plan.reason
    assert ask(settings, plan, "select customer_id from raw.customers") == [("C1",)]
    assert ask(settings, plan, "select max(extract_date) from raw.ledger") == [(DAY1,)]
    assert (settings.work / "base.json").read_text() == before
    assert newest.path.exists()


def test_an_older_night_than_the_published_one_is_no_base(settings: Settings) -> None:
    release = settings.published / "releases" / "2026-03-04-abc"
    release.mkdir(parents=True)
    (release / "manifest.json").write_text(json.dumps({"as_of": "2026-03-04"}))
    (settings.published / "current").symlink_to(Path("releases") / release.name)
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    assert not night(settings, DAY1, "a").is_base_candidate
    assert not (settings.work / "base.json").exists()
    assert night(settings, DAY3, "b").is_base_candidate


def test_the_same_night_again_and_a_lost_base_are_built_in_full(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    first = night(settings, DAY1, "a")
    again = night(settings, DAY1, "b")
    assert again.is_full
    assert again.is_base_candidate
    assert not first.path.exists()
    again.path.unlink()
    assert night(settings, DAY2, "c").is_full
    assert night(settings, DAY3, "d", mode="full").is_full


def test_a_red_night_leaves_the_base_and_the_next_sees_all_extracts_since(
    settings: Settings,
) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    base = night(settings, DAY1, "a")
    deliver(settings, DAY2, [customer("C2", "2026-03-02T10:00:00")])
    night(settings, DAY2, "red", green=False)
    deliver(settings, DAY3, [customer("C3", "2026-03-03T10:00:00")])
    assert base.path.exists()
    plan = night(settings, DAY3, "c")
    assert plan.base_as_of == DAY1
    assert [day for _, _, day in plan.changed] == [DAY2, DAY3]


def test_a_name_is_never_used_twice(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    plan = night(settings, DAY1, "a")
    with pytest.raises(WarehouseError, match="another id"):
        prepare_warehouse(settings, DAY1, "a")
    assert plan.path.exists()
    with pytest.raises(WarehouseError, match="file name"):
        prepare_warehouse(settings, DAY1, "../a")
    with pytest.raises(WarehouseError, match="auto or full"):
        prepare_warehouse(settings, DAY1, "b", mode="half")


def test_files_of_dead_runs_are_removed_and_those_of_live_ones_stay(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    alive = night(settings, DAY1, "alive", green=False)
    settings.work.mkdir(exist_ok=True)
    dead = settings.work / "2026-03-01-dead.duckdb"
    dead.write_bytes(b"half")
    dead.with_name("2026-03-01-dead.duckdb.wal").write_bytes(b"log")
    dead.with_suffix(".plan.json").write_text("{}")
    process = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    dead.with_suffix(".owner").write_text(process.stdout.decode())
    by_hand = settings.work / "dev.duckdb"
    by_hand.write_bytes(b"somebody's")
    spilled = [settings.work / "spill", settings.work / "2026-03-01-dead.duckdb.tmp"]
    for folder in spilled:
        folder.mkdir(exist_ok=True)
        (folder / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"spilled")
    prepare_warehouse(settings, DAY1, "next")
    assert not [file for folder in spilled for file in folder.glob("*")]
    names = {path.name for path in settings.work.iterdir() if "dead" in path.name}
    assert names == set()
    assert alive.path.exists()
    assert by_hand.exists()


def test_a_build_that_lost_the_race_does_not_become_the_base(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    slow = night(settings, DAY1, "slow", green=False)
    night(settings, DAY2, "fast")
    with pytest.raises(WarehouseError, match="has become the base meanwhile"):
        mark_green(settings, slow)


def test_raw_files_that_are_gone_are_named(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    ingest_all(settings, DAY1)
    for path in (settings.raw / "customers").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(WarehouseError, match="Restore"):
        prepare_warehouse(settings, DAY1, "a")


def test_raw_files_of_an_older_schema_are_read_beside_new_ones(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace
    from types import MappingProxyType

    now = load_entities()
    columns = {k: v for k, v in now["customers"].columns.items() if k != "segment"}
    then = {**now, "customers": replace(now["customers"], columns=MappingProxyType(columns))}
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00", segment="old")])
    with monkeypatch.context() as patch:
        patch.setattr("orchestration.ingest.load.load_delivered", lambda: then)
        ingest_all(settings, DAY1)
    deliver(settings, DAY2, [customer("C2", "2026-03-02T10:00:00", segment="new")])
    plan = night(settings, DAY2, "a")
    assert ask(settings, plan, "select customer_id, segment from raw.customers order by 1") == [
        ("C1", None),
        ("C2", "new"),
    ]


def history(
    settings: Settings, day: date, publication: str, query: str, kind: str | None, after: str = ""
) -> None:
    """Freeze the rows of a query as ``table: columns``; without ``kind`` no record names it."""
    table, _, columns = query.partition(": ")
    folder = settings.history / table / f"as_of={day}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{publication}.parquet"
    with duckdb.connect() as con:
        con.execute(f"copy (select {columns}) to '{path}' (format parquet)")
    if kind:
        frozen = {str(path.relative_to(settings.history)): "hash"}
        facts = {"as_of": day.isoformat(), "computed_later": False, "published_after": after}
        texts = ("run_id", "published_at", "code_version", "ledger_hash", "history_hash")
        texts = dict.fromkeys((*texts, "release_sha"), "same")
        record(
            settings,
            PublicationRecord(publication, kind=kind, frozen=frozen, **facts, **texts),
        )


def test_history_holds_published_nights_before_s(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    empty = night(settings, DAY1, "a")
    described = ask(settings, empty, "describe raw.history_snapshots")
    assert {row[0]: row[1] for row in described} == SNAPSHOT_COLUMNS
    figure = "snapshots: 'open_pipeline' as budget_type_id, {} as value, false as computed_later"
    history(settings, DAY1, "first", figure.format(1), ORIGINAL)
    history(settings, DAY1, "swept", figure.format(3), None)
    history(settings, DAY2, "second", figure.format(4), ORIGINAL)
    history(settings, DAY3, "tonight", figure.format(5), ORIGINAL)
    plan = night(settings, DAY3, "b")
    columns = "frozen_as_of, publication_id, value, computed_later, node_id"
    described = ask(settings, plan, "describe raw.history_snapshots")
    assert {row[0]: row[1] for row in described} == SNAPSHOT_COLUMNS
    assert ask(settings, plan, f"select {columns} from raw.history_snapshots order by 1") == [
        (DAY1, "first", 1, False, None),
        (DAY2, "second", 4, False, None),
    ]


def test_scores_of_older_code_lack_a_column_and_are_read(settings: Settings) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    row = "scores: date '{}' as as_of, '{}' as publication_id, {} as value"
    history(settings, DAY1, "first", row.format(DAY1, "first", 1), ORIGINAL)
    history(settings, DAY2, "second", row.format(DAY2, "second", "9 as gone, 2"), ORIGINAL)
    plan = night(settings, DAY3, "a")
    described = ask(settings, plan, "describe raw.history_scores")
    assert {row[0]: row[1] for row in described} == SCORE_COLUMNS
    query = "select as_of, publication_id, value, score from raw.history_scores order by 1"
    assert ask(settings, plan, query) == [(DAY1, "first", 1, None), (DAY2, "second", 2, None)]


def test_a_night_knows_of_the_restatements_made_before_it_and_of_no_later_ones(
    settings: Settings,
) -> None:
    deliver(settings, DAY1, [customer("C1", "2026-03-01T10:00:00")])
    row = "restatements: date '2026-03-02' as as_of, '{}' as publication_id, 'code' as cause"
    history(settings, DAY1, "early", row.format("early"), RESTATEMENT, after=DAY1.isoformat())
    history(settings, DAY1, "late", row.format("late"), RESTATEMENT, after=DAY2.isoformat())
    query = "select publication_id, cause from raw.history_restatements order by 1"
    second = night(settings, DAY2, "a")
    described = ask(settings, second, "describe raw.history_restatements")
    assert {row[0]: row[1] for row in described} == RESTATEMENT_COLUMNS
    assert ask(settings, second, query) == [("early", "code")]
    third = night(settings, DAY3, "b")
    assert ask(settings, third, query) == [("early", "code"), ("late", "code")]


def test_a_warehouse_that_is_not_there_is_said_in_words(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="make nightly"):
        open_warehouse(tmp_path / "none.duckdb", True, settings)
    with open_warehouse(tmp_path / "own.duckdb", settings=settings) as con:
        assert con.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
        assert con.execute("select current_setting('threads')").fetchall() == [(settings.threads,)]
