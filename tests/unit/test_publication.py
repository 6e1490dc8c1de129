"""Export, release, audit, publication, quality and retention on a small built company."""

from __future__ import annotations

import grp
import json
import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.publication import history
from orchestration.publication.audit import PublicationRefused, audit_path, write_audit
from orchestration.publication.database import STORAGE_VERSION
from orchestration.publication.export import ExportError, export_candidates
from orchestration.publication.files import remove_tree, sha256_of
from orchestration.publication.identity import publication_id
from orchestration.publication.publish import publish, publish_quality
from orchestration.publication.release import build_candidate, read_manifest
from orchestration.publication.retention import cleanup
from orchestration.quality.judge import Verdict
from orchestration.quality.suites import AUDIT_TABLES
from orchestration.settings import PROJECT_ROOT
from tests.publication_support import (
    GREEN,
    RED,
    S,
    build_file,
    candidate,
    frozen_scores,
    manifest,
    publish_night,
    result_for,
    settings_for,
)

NEXT, AFTER = S + timedelta(days=1), S + timedelta(days=2)
DECEMBER = {"outcome_evidence": {date(2025, 12, 1)}}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch):
    # Somebody may edit a source while the tests run; that is another publication, rightly.
    monkeypatch.setattr("orchestration.publication.identity.code_version", lambda root: "code")
    return settings_for(tmp_path / "home")


def shown(settings) -> str:
    return read_manifest(settings.published / "current")["publication_id"]


def read(settings, query: str):
    path = (settings.published / "current").resolve() / "utfall.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


# Export


def test_one_thread_and_four_write_the_same_bytes(tmp_path):
    exports = []
    for threads in (1, 4):
        build = build_file(tmp_path / f"{threads}.duckdb", threads=threads)
        exports.append(
            export_candidates(
                settings_for(tmp_path, threads=threads), build, manifest(), tmp_path / str(threads)
            )
        )
    first, second = (
        {t: [(f.path, f.sha256) for f in e.files] for t, e in export.items()} for export in exports
    )
    assert first == second
    assert len(first["outcome_evidence"]) == 4 and len(first["outcomes"]) == 5


def test_rows_are_in_the_order_of_the_key_and_then_of_the_rest(tmp_path):
    build = build_file(tmp_path / "build.duckdb")
    export_candidates(settings_for(tmp_path), build, manifest(), tmp_path / "out")
    rows = duckdb.execute(
        f"select record_id from read_parquet('{tmp_path}/out/outcome_evidence/2026-02.parquet')"
    ).fetchall()
    assert rows == sorted(rows) and len(rows) == 1000


def test_a_view_is_exported_as_the_same_bytes_as_a_table(tmp_path):
    table = build_file(tmp_path / "table.duckdb")
    view = build_file(tmp_path / "view.duckdb")
    with duckdb.connect(str(view)) as connection:
        connection.execute("alter table marts.outcome_evidence rename to evidence_rows")
        connection.execute(
            "create view marts.outcome_evidence as select * from marts.evidence_rows"
        )
    settings = settings_for(tmp_path)
    files = [
        export_candidates(settings, build, manifest(), tmp_path / build.stem)["outcome_evidence"]
        for build in (table, view)
    ]
    assert files[0] == files[1]
    assert not list(settings.work.glob(".export-*"))


def test_restricted_columns_do_not_reach_the_open_files(tmp_path):
    build = build_file(tmp_path / "build.duckdb")
    exports = export_candidates(settings_for(tmp_path), build, manifest(), tmp_path / "out")
    assert "raw_row" not in dict(exports["quarantine"].columns)


def test_restricted_rows_lie_in_a_file_that_only_its_owner_reads(settings):
    release = publish_night(settings, "a").release
    restricted = release / "utfall_restricted.duckdb"
    assert restricted.stat().st_mode & 0o777 == 0o400
    with duckdb.connect(str(restricted), read_only=True) as connection:
        assert connection.execute("select source, raw_row from quarantine").fetchall() == [
            ("crm", "secret")
        ]
        rows = connection.execute("select rep_id, amount, as_of from rep_costs").fetchall()
        assert rows == [("r1", 40000, S)]


def test_the_open_files_hold_no_restricted_table_column_or_value(settings):
    release = publish_night(settings, "a").release
    open_files = [p for p in release.rglob("*") if p.is_file() and "restricted" not in p.name]
    assert not any(b"secret" in path.read_bytes() for path in open_files)
    with duckdb.connect(str(release / "utfall.duckdb"), read_only=True) as connection:
        names = connection.execute("select table_name, column_name from duckdb_columns()")
        found = {name for row in names.fetchall() for name in row}
    assert found.isdisjoint({"rep_costs", "raw_row", "cost_type"})
    assert not list((release / "parquet").glob("rep_costs*"))
    assert {path.name for path in release.iterdir()} == {
        "utfall.duckdb",
        "utfall_restricted.duckdb",
        "parquet",
        "manifest.json",
    }


def test_a_group_may_read_the_restricted_file_where_one_is_named(settings):
    group = grp.getgrgid(os.getgid()).gr_name
    named = replace(settings, restricted_group=group)
    restricted = candidate(named, "a").folder / "utfall_restricted.duckdb"
    assert restricted.stat().st_mode & 0o777 == 0o440
    assert restricted.group() == group


def test_a_group_that_does_not_exist_publishes_nothing_and_is_named(settings):
    with pytest.raises(ExportError, match="'nobody-knows-it'"):
        candidate(replace(settings, restricted_group="nobody-knows-it"), "a")


def test_comments_and_manifest_say_who_may_read(settings):
    release = publish_night(settings, "a").release
    with duckdb.connect(str(release / "utfall.duckdb"), read_only=True) as connection:
        (comment,) = connection.execute(
            "select comment from duckdb_views() where view_name = 'reps'"
        ).fetchone()
    assert comment == "One row is a reps. Audience: all."
    entries = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    assert entries["tables"]["reps"]["audience"] == "all"
    assert entries["restricted"]["tables"]["rep_costs"]["audience"] == "restricted"


def test_a_mart_that_was_not_built_is_named(tmp_path):
    build = build_file(tmp_path / "build.duckdb")
    with duckdb.connect(str(build)) as connection:
        connection.execute("drop table marts.reps")
    with pytest.raises(ExportError, match=r"marts\.reps"):
        export_candidates(settings_for(tmp_path), build, manifest(), tmp_path / "out")


def test_a_table_that_dbt_no_longer_knows_is_not_published(tmp_path):
    build = build_file(tmp_path / "build.duckdb")
    with duckdb.connect(str(build)) as connection:
        connection.execute("create table marts.left_over as select 1 as x")
    exports = export_candidates(settings_for(tmp_path), build, manifest(), tmp_path / "out")
    assert "left_over" not in exports


def test_an_unchanged_month_is_one_file_shared_by_the_releases(settings):
    publish_night(settings, "a")
    current = (settings.published / "current").resolve()
    second = candidate(settings, "b", as_of=NEXT, factor="1.50")
    shared = current / "parquet/outcome_evidence/2025-12.parquet"
    changed = current / "parquet/outcome_evidence/2026-02.parquet"
    evidence = second.folder / "parquet/outcome_evidence"
    assert shared.samefile(evidence / "2025-12.parquet")
    assert not changed.samefile(evidence / "2026-02.parquet")
    reused = {f.path: f.reused for f in second.exports["outcome_evidence"].files}
    assert reused["outcome_evidence/2025-12.parquet"]
    assert not reused["outcome_evidence/2026-02.parquet"]


def test_a_month_said_to_be_unchanged_is_not_read_from_the_build(settings):
    publish_night(settings, "a")
    build = build_file(
        settings.work / f"{NEXT}-b.duckdb", as_of=NEXT, frozen=frozen_scores(settings, NEXT)
    )
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "update marts.outcome_evidence set amount = 0 where booking_month = '2025-12-01'"
        )
    second = candidate(settings, "b", as_of=NEXT, unchanged_months=DECEMBER)
    december = second.folder / "parquet/outcome_evidence/2025-12.parquet"
    (total,) = duckdb.execute(f"select sum(amount) from read_parquet('{december}')").fetchone()
    assert total > 0


def test_rows_without_a_month_are_written_beside_months_that_are_taken_over(settings):
    publish_night(settings, "a")
    build = build_file(settings.work / f"{NEXT}-b.duckdb")
    with duckdb.connect(str(build)) as connection:
        connection.execute("insert into marts.outcome_evidence by name select 'u' as record_id")
    second = build_candidate(
        settings, build, manifest(), as_of=NEXT, run_id="b", unchanged_months=DECEMBER
    )
    files = {file.path: file for file in second.exports["outcome_evidence"].files}
    assert files["outcome_evidence/2025-12.parquet"].reused
    assert files["outcome_evidence/undated.parquet"].rows == 1


def test_a_shared_file_that_rotted_is_written_again(settings):
    publish_night(settings, "a")
    rotten = (settings.published / "current").resolve() / "parquet/outcome_evidence/2025-12.parquet"
    rotten.chmod(0o644)
    rotten.write_bytes(b"rotten" + rotten.read_bytes()[6:])
    second = candidate(settings, "b", as_of=NEXT, unchanged_months=DECEMBER)
    december = second.folder / "parquet/outcome_evidence/2025-12.parquet"
    assert duckdb.execute(f"select count(*) from read_parquet('{december}')").fetchone() == (1000,)


def test_a_table_in_one_file_that_is_the_same_is_shared(settings):
    publish_night(settings, "a")
    second = candidate(settings, "b", as_of=NEXT, factor="1.50")
    current = (settings.published / "current").resolve()
    assert second.exports["reps"].files[0].reused
    assert (current / "parquet/reps.parquet").samefile(second.folder / "parquet/reps.parquet")


@pytest.mark.parametrize(
    "unchanged", [(), ("2025-12-01", "2026-01-01"), ("2025-11-01", "2026-01-01"), ("2026-02-01",)]
)
def test_asking_by_day_finds_the_rows_that_the_months_have(settings, unchanged):
    """Some rows lie in the month of their day, some in that of a period; some have no month."""
    build, marts = build_file(settings.work / "build.duckdb"), manifest()
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            """
            create or replace table marts.outcome_evidence as
            select
                evidence.*,
                if(copy = 0, booking_month, null) as period_start,
                (booking_month + to_days(if(copy = 0, -400, 9)))::date as booking_date
            from marts.outcome_evidence as evidence, range(4) as copies(copy)
            union all
            select 'signed_volume', 'c' || range, 'r1', 1, null, null, null from range(30)
            """
        )
    before = build_candidate(settings, build, marts, as_of=S, run_id="before").folder
    evidence = marts["nodes"]["model.utfall.outcome_evidence"]["config"]["meta"]
    evidence["dated_by"] = {"day": "booking_date", "unless": "period_start"}
    exports = export_candidates(
        settings,
        build,
        marts,
        settings.work / "out",
        previous=before,
        unchanged_months={"outcome_evidence": {date.fromisoformat(month) for month in unchanged}},
    )
    earlier = read_manifest(before)["tables"]["outcome_evidence"]["files"]
    assert [(file.path, file.sha256) for file in exports["outcome_evidence"].files] == [
        (file["path"], file["sha256"]) for file in earlier
    ]
    assert len(earlier) == 5


@pytest.mark.parametrize("key", ["order_by", "database_order_by", "dated_by"])
def test_an_order_by_what_is_no_column_is_refused(tmp_path, key):
    build, marts = build_file(tmp_path / "build.duckdb"), manifest()
    wrong = {"day": "nobody", "unless": "rep_id"} if key == "dated_by" else ["nobody"]
    marts["nodes"]["model.utfall.reps"]["config"]["meta"][key] = wrong
    with pytest.raises(ExportError, match=f"{key} names nobody"):
        export_candidates(settings_for(tmp_path), build, marts, tmp_path / "out")


# Release


def test_the_rows_of_the_database_lie_in_an_order_of_their_own(settings):
    build, marts = build_file(settings.work / f"{S}-a.duckdb"), manifest()
    marts["nodes"]["model.utfall.outcome_evidence"]["config"]["meta"]["database_order_by"] = [
        "rep_id",
        "record_id",
    ]
    folder = build_candidate(settings, build, marts, as_of=S, run_id="a").folder
    with duckdb.connect(str(folder / "utfall.duckdb"), read_only=True) as connection:
        stored = connection.execute(
            "select rep_id, record_id from utfall_pieces.outcome_evidence__2026_02 order by rowid"
        ).fetchall()
    assert stored == sorted(stored) and len(stored) == 1000


@pytest.mark.parametrize("name", ["utfall.duckdb", "utfall_restricted.duckdb"])
def test_the_oldest_version_that_reads_the_files_is_the_one_the_readme_states(settings, name):
    release = publish_night(settings, "a").release
    with duckdb.connect() as connection:
        connection.execute(f"attach '{release / name}' as release (read_only)")
        (tags,) = connection.execute(
            "select tags from duckdb_databases() where database_name = 'release'"
        ).fetchone()
    assert tags["storage_version"].startswith(STORAGE_VERSION)
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    assert f"DuckDB {STORAGE_VERSION.removeprefix('v').removesuffix('.0')}" in readme


def test_the_release_holds_views_with_as_of_publication_id_and_comments(settings):
    result = publish_night(settings, "a")
    assert read(settings, "select distinct as_of, publication_id from outcomes") == [
        (S, result.publication_id)
    ]
    comments = dict(
        read(
            settings,
            "select column_name, comment from duckdb_columns() "
            "where schema_name = 'main' and table_name = 'outcomes' and comment is not null",
        )
    )
    assert comments["value"] == "The reps' figure." and "as_of" in comments


def test_the_release_can_be_attached_beside_other_databases(settings):
    publish_night(settings, "a")
    path = (settings.published / "current").resolve() / "utfall.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as utfall (read_only)")
        assert connection.execute("select count(*) from utfall.outcomes").fetchone() == (40,)


def test_evidence_in_the_database_covers_the_year_of_s_and_parquet_all_of_it(settings):
    result = publish_night(settings, "a")
    assert read(settings, "select count(*), min(booking_month) from outcome_evidence") == [
        (2000, date(2026, 1, 1))
    ]
    everything = f"{result.release}/parquet/outcome_evidence/*.parquet"
    assert duckdb.execute(f"select count(*) from '{everything}'").fetchone() == (4000,)
    assert read(settings, "select evidence_in_database_from from publication") == [
        (date(2026, 1, 1),)
    ]


def test_files_of_a_release_are_read_only_and_without_a_log(settings):
    release = publish_night(settings, "a").release
    files = [path for path in release.rglob("*") if path.is_file()]
    assert not [path for path in files if path.stat().st_mode & 0o222]
    assert not [path for path in files if path.suffix == ".wal"]
    assert (settings.published / "current").readlink() == Path("releases") / release.name


def test_a_type_that_parquet_cannot_hold_is_refused(settings):
    build = build_file(settings.work / f"{S}-a.duckdb")
    with duckdb.connect(str(build)) as connection:
        connection.execute("alter table marts.reps add column n hugeint default 1")
    with pytest.raises(ExportError, match="n \\(HUGEINT became DOUBLE\\)"):
        candidate(settings, "a")


# Identity


def test_the_id_depends_on_all_four_inputs_and_on_nothing_else(tmp_path):
    settings = settings_for(tmp_path)
    root = tmp_path / "code"
    (root / "models").mkdir(parents=True)
    (root / "requirements.lock").write_text("duckdb==1.5.6\n")
    (root / "models" / "a.sql").write_text("select 1\n")
    base = publication_id(settings, S, "ledger", "history", code_root=root)
    assert publication_id(settings, S, "ledger", "history", code_root=root) == base
    (root / "README.md").write_text("text\n")
    assert publication_id(settings, S, "ledger", "history", code_root=root) == base
    others = {
        publication_id(settings, NEXT, "ledger", "history", code_root=root)[0],
        publication_id(settings, S, "other", "history", code_root=root)[0],
        publication_id(settings, S, "ledger", "other", code_root=root)[0],
    }
    (root / "models" / "a.sql").write_text("select 2\n")
    others.add(publication_id(settings, S, "ledger", "history", code_root=root)[0])
    (root / "models" / "a.sql").write_text("select 1\n")
    (root / "requirements.lock").write_text("duckdb==1.5.7\n")
    others.add(publication_id(settings, S, "ledger", "history", code_root=root)[0])
    assert len(others) == 5 and base[0] not in others


# Audit and publication


def test_what_nobody_judged_is_refused(settings):
    built = candidate(settings, "a")
    with pytest.raises(PublicationRefused, match="nobody has judged"):
        publish(settings, built.folder, audit_path(settings, "a"))
    assert not (settings.published / "current").exists()


def test_what_was_judged_red_is_refused_also_when_publish_is_called_alone(settings):
    publish_night(settings, "a")
    before = shown(settings)
    built = candidate(settings, "b", as_of=NEXT)
    audit = write_audit(settings, built.folder, RED, "b")
    with pytest.raises(PublicationRefused, match=r"reps\.broken"):
        publish(settings, built.folder, audit)
    assert shown(settings) == before
    assert not (settings.history / "snapshots" / f"as_of={NEXT}").exists()


def test_a_check_that_could_not_run_is_refused_even_as_a_warning(settings):
    verdict = Verdict(
        (
            *GREEN.results,
            result_for("reps", success=False, could_not_run=True, severity="warning"),
        )
    )
    with pytest.raises(PublicationRefused, match="red"):
        publish_night(settings, "a", verdict=verdict)


def test_a_record_that_was_edited_to_say_green_is_refused(settings):
    built = candidate(settings, "a")
    audit = write_audit(settings, built.folder, RED, "a")
    audit.write_text(audit.read_text().replace('"verdict": "red"', '"verdict": "green"'))
    with pytest.raises(PublicationRefused, match="red"):
        publish(settings, built.folder, audit)


@pytest.mark.parametrize(
    "path",
    [
        "parquet/reps.parquet",
        "parquet/outcomes/2025-12.parquet",
        "utfall.duckdb",
        "manifest.json",
        "audit/ingest_ledger.parquet",
    ],
)
def test_content_that_changed_after_the_gate_is_refused(settings, path):
    built = candidate(settings, "a")
    audit = write_audit(settings, built.folder, GREEN, "a")
    file = built.folder / path
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(PublicationRefused, match="not what was judged"):
        publish(settings, built.folder, audit)
    assert not (settings.published / "current").exists()


def test_a_file_added_after_the_gate_is_refused(settings):
    built = candidate(settings, "a")
    audit = write_audit(settings, built.folder, GREEN, "a")
    (built.folder / "parquet" / "extra.parquet").write_bytes(b"x")
    with pytest.raises(PublicationRefused, match=r"extra\.parquet"):
        publish(settings, built.folder, audit)


def test_the_audit_of_another_release_is_refused(settings):
    first = candidate(settings, "a")
    audit = write_audit(settings, first.folder, GREEN, "a")
    second = candidate(settings, "b", factor="2.00")
    with pytest.raises(PublicationRefused, match="audit judged"):
        publish(settings, second.folder, audit)


def test_a_table_without_a_verdict_is_refused(settings):
    with pytest.raises(PublicationRefused, match=r"No rule judged .*outcome_evidence"):
        publish_night(settings, "a", verdict=Verdict(GREEN.results[:2]))


def test_an_older_s_is_published_but_never_shown(settings):
    publish_night(settings, "b", as_of=NEXT)
    result = publish_night(settings, "a", as_of=S)
    assert result.kind == "original" and not result.is_current and result.release.exists()
    assert read_manifest(settings.published / "current")["as_of"] == NEXT.isoformat()
    assert history.publication_records(settings)[result.publication_id].computed_later


def test_the_same_id_again_is_a_no_op(settings):
    first = publish_night(settings, "a")
    before = {p: p.stat().st_mtime_ns for p in settings.published.rglob("*") if "-a" in str(p)}
    again = publish_night(settings, "b")
    assert again.kind == "unchanged" and again.publication_id == first.publication_id
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert len(history.publication_records(settings)) == 1


def test_the_same_id_with_other_content_is_refused(settings):
    publish_night(settings, "a")
    build = build_file(settings.work / f"{S}-b.duckdb")
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.reps set name = 'other'")
    built = candidate(settings, "b")
    audit = write_audit(settings, built.folder, GREEN, "b")
    with pytest.raises(PublicationRefused, match="reps came out differently"):
        publish(settings, built.folder, audit)


def test_a_second_publication_of_s_is_a_restatement_beside_the_first(settings):
    first = publish_night(settings, "a")
    second = publish_night(settings, "b", factor="1.10")
    assert second.kind == "restatement" and not second.is_current and second.release.exists()
    assert shown(settings) == first.publication_id
    assert [night.publication_id for night in history.original_nights(settings)] == [
        first.publication_id
    ]
    assert len(list((settings.history / "snapshots" / f"as_of={S}").iterdir())) == 1


def test_snapshots_are_frozen_and_the_next_nights_id_depends_on_them(settings):
    empty = history.history_hash(settings, NEXT)
    result = publish_night(settings, "a")
    (file,) = history.frozen_files(settings, history.SNAPSHOTS, NEXT)
    frozen = file.path
    assert frozen == settings.history / f"snapshots/as_of={S}/{result.publication_id}.parquet"
    assert (file.as_of, file.publication_id) == (S, result.publication_id)
    rows = duckdb.execute(
        f"select period_type, count(*) from read_parquet('{frozen}', hive_partitioning = false) "
        "group by all"
    ).fetchall()
    assert rows == [("snapshot", 20)]
    assert history.history_hash(settings, NEXT) != empty
    assert history.history_hash(settings, S) == empty


def scores_of(folder, as_of):
    return folder / "parquet" / "scores" / f"{as_of}.parquet"


def test_scores_of_s_are_frozen_under_the_id_they_were_published_with(settings):
    result = publish_night(settings, "a")
    (file,) = history.frozen_files(settings, history.SCORES, NEXT)
    assert file.path == settings.history / f"scores/as_of={S}/{result.publication_id}.parquet"
    assert file.path.samefile(scores_of(result.release, S))
    assert read(settings, "select distinct as_of, publication_id from scores") == [
        (S, result.publication_id)
    ]
    assert duckdb.execute(f"select count(*) from '{file.path}'").fetchone() == (5,)


def test_a_night_that_was_shown_is_the_same_file_in_every_later_release(settings):
    """K13: no published row ever changes, also where the previous release is gone."""
    first = publish_night(settings, "a")
    second = publish_night(settings, "b", as_of=NEXT, factor="1.10")
    remove_tree(first.release)
    third = publish_night(settings, "c", as_of=AFTER, factor="1.20")
    (frozen, _) = history.frozen_files(settings, history.SCORES, AFTER)
    for release in (second.release, third.release):
        assert scores_of(release, S).samefile(frozen.path)
    assert scores_of(third.release, NEXT).samefile(scores_of(second.release, NEXT))
    assert read(
        settings, "select as_of, publication_id, count(*) from scores group by all order by 1"
    ) == [
        (S, first.publication_id, 5),
        (NEXT, second.publication_id, 5),
        (AFTER, third.publication_id, 5),
    ]
    assert read_manifest(third.release)["tables"]["scores"]["files"][0] == {
        "path": f"scores/{S}.parquet",
        "sha256": frozen.sha256,
        "rows": 5,
        "partition": S.isoformat(),
    }


def test_a_frozen_night_is_not_read_from_the_build_but_must_be_as_long(settings):
    publish_night(settings, "a")
    build = settings.work / f"{NEXT}-b.duckdb"
    build_file(build, as_of=NEXT, frozen=frozen_scores(settings, NEXT))
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.scores set value = 0")
    second = candidate(settings, "b", as_of=NEXT)
    values = duckdb.execute(f"select min(value) from '{scores_of(second.folder, S)}'").fetchone()
    assert values[0] > 0
    with duckdb.connect(str(build)) as connection:
        connection.execute(f"delete from marts.scores where as_of = '{S}' and node_id = 'r3'")
    with pytest.raises(ExportError, match="4 rows of 2026-03-03 in the build, but 5"):
        candidate(settings, "b", as_of=NEXT)


def test_a_frozen_night_that_rotted_stops_the_night(settings):
    publish_night(settings, "a")
    build = settings.work / f"{NEXT}-b.duckdb"
    (file,) = history.frozen_files(settings, history.SCORES, NEXT)
    build_file(build, as_of=NEXT, frozen=[file.path])
    file.path.chmod(0o644)
    file.path.write_bytes(b"rotten")
    with pytest.raises(ExportError, match="make restore"):
        candidate(settings, "b", as_of=NEXT)


def test_a_frozen_night_of_older_columns_is_written_with_those_of_now(settings):
    """A column that was added later is empty for the nights before; the frozen file stays."""
    first = publish_night(settings, "a")
    (file,) = history.frozen_files(settings, history.SCORES, NEXT)
    build = settings.work / f"{NEXT}-b.duckdb"
    build_file(build, as_of=NEXT, frozen=[file.path])
    with duckdb.connect(str(build)) as connection:
        connection.execute("alter table marts.scores add column mood varchar")
        connection.execute(f"update marts.scores set mood = 'good' where as_of = '{NEXT}'")
    second = candidate(settings, "b", as_of=NEXT)
    assert not scores_of(second.folder, S).samefile(file.path)
    query = f"select distinct publication_id, mood from '{scores_of(second.folder, S)}'"
    assert duckdb.execute(query).fetchall() == [(first.publication_id, None)]
    assert sha256_of(file.path) == file.sha256


def test_marks_are_those_of_the_night_that_is_shown(settings):
    publish_night(settings, "a")
    verdict = Verdict((*GREEN.results, warning("scores", "signed_volume")))
    publish_night(settings, "b", as_of=NEXT, verdict=verdict)
    assert read(settings, "select distinct as_of, quality_mark from scores order by 1") == [
        (S, None),
        (NEXT, "scores.odd"),
    ]


@pytest.mark.parametrize(
    ("mart", "columns"),
    [
        ("scores", history.SCORE_COLUMNS),
        ("score_restatements", history.RESTATEMENT_COLUMNS),
    ],
)
def test_history_has_the_columns_of_the_published_contract(mart, columns):
    path = PROJECT_ROOT / "models" / "marts" / "_nights__marts.yml"
    models = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    (model,) = (model for model in models if model["name"] == mart)
    contract = [(c["name"], c["data_type"].replace(" ", "").upper()) for c in model["columns"]]
    assert contract == list(columns.items())


def test_a_restatement_writes_down_what_it_shows_otherwise_and_why(settings):
    first = publish_night(settings, "a")
    second = publish_night(settings, "b", factor="1.10")
    assert second.kind == "restatement"
    assert [file.publication_id for file in history.frozen_files(settings, "scores", NEXT)] == [
        first.publication_id
    ]
    (file,) = history.frozen_files(settings, history.RESTATEMENTS, NEXT)
    changed = duckdb.execute(
        "select count(*), any_value(cause), any_value(reported_publication_id), "
        "any_value(publication_id), bool_and(value_restated > value_reported), "
        "bool_and(score_restated > score_reported), bool_and(status_reported = status_restated) "
        f"from read_parquet('{file.path}', hive_partitioning = false)"
    ).fetchone()
    ids = (first.publication_id, second.publication_id)
    assert changed == (5, "extracts", *ids, True, True, True)
    described = duckdb.execute(
        f"describe from read_parquet('{file.path}', hive_partitioning = false)"
    )
    assert {row[0]: row[1] for row in described.fetchall()} == history.RESTATEMENT_COLUMNS


def test_a_row_that_only_the_original_or_only_the_restatement_has_is_restated(settings):
    publish_night(settings, "a")
    build = build_file(settings.work / f"{S}-b.duckdb", factor="1.00")
    with duckdb.connect(str(build)) as connection:
        connection.execute("update raw.extracts set file_id = 'corrected'")
        connection.execute("update marts.scores set node_id = 'new' where node_id = 'r3'")
    built = candidate(settings, "b")
    publish(settings, built.folder, write_audit(settings, built.folder, GREEN, "b"))
    (file,) = history.frozen_files(settings, history.RESTATEMENTS, NEXT)
    rows = duckdb.execute(
        "select node_id, status_reported, status_restated "
        f"from read_parquet('{file.path}', hive_partitioning = false) order by 1"
    )
    assert rows.fetchall() == [("new", None, "on_track"), ("r3", "on_track", None)]


def test_a_restatement_that_shows_the_same_has_no_row(settings):
    publish_night(settings, "a")
    build = build_file(settings.work / f"{S}-b.duckdb")
    with duckdb.connect(str(build)) as connection:
        connection.execute("update raw.extracts set file_id = 'delivered again'")
    built = candidate(settings, "b")
    publish(settings, built.folder, write_audit(settings, built.folder, GREEN, "b"))
    (file,) = history.frozen_files(settings, history.RESTATEMENTS, NEXT)
    assert duckdb.execute(f"select count(*) from '{file.path}'").fetchone() == (0,)


def test_a_restatement_changes_the_id_of_nights_after_it_was_made_and_of_no_other(settings):
    """A night that was published before can still be run again to the same bytes."""
    publish_night(settings, "a")
    second = publish_night(settings, "b", as_of=NEXT)
    before = {day: history.history_hash(settings, day) for day in (S, NEXT, AFTER)}
    publish_night(settings, "c", factor="1.10")
    after = {day: history.history_hash(settings, day) for day in (S, NEXT, AFTER)}
    assert {day for day in before if before[day] != after[day]} == {AFTER}
    assert not history.frozen_files(settings, history.RESTATEMENTS, NEXT)
    again = publish_night(settings, "d", as_of=NEXT)
    assert (again.kind, again.publication_id) == ("unchanged", second.publication_id)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"ledger_hash": "other"}, "extracts"),
        ({"code_version": "other"}, "code"),
        ({"history_hash": "other"}, "history"),
        ({"ledger_hash": "other", "code_version": "other"}, "extracts, code"),
        ({}, "settings"),
    ],
)
def test_a_restatement_names_the_inputs_that_differ(settings, changes, cause):
    result = publish_night(settings, "a")
    original = history.publication_records(settings)[result.publication_id]
    assert history.cause_of(original, replace(original, **changes)) == cause


@pytest.mark.parametrize("table", [history.SNAPSHOTS, history.SCORES, history.RESTATEMENTS])
def test_a_frozen_file_without_a_publication_is_ignored_and_swept(settings, table):
    publish_night(settings, "a")
    before = history.history_hash(settings, NEXT)
    orphan = settings.history / table / f"as_of={S}" / "0123456789abcdef.parquet"
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"left by a killed run")
    assert history.history_hash(settings, NEXT) == before
    cleanup(settings)
    assert not orphan.exists()
    assert len(history.frozen_files(settings, history.SNAPSHOTS, NEXT)) == 1


def test_the_five_tables_of_the_audit_are_in_the_release_as_tables_and_files(settings):
    result = publish_night(settings, "a")
    for table in AUDIT_TABLES:
        (rows,) = read(settings, f"select count(*) from {table}")[0]
        path = result.release / "parquet" / f"{table}.parquet"
        assert duckdb.execute(f"select count(*) from '{path}'").fetchone() == (rows,)
        assert rows > 0
    assert read(settings, "select source, entity, key, reason_text from quarantine") == [
        ("crm", "contracts", "k1", "signed_at is not a date.")
    ]
    (row,) = read(
        settings, "select gate_verdict, rows_per_table, hash_per_table, as_of from publication"
    )
    assert row[0] == "green" and row[3] == S
    assert json.loads(row[1]) == {
        "budget_types": 2,
        "outcome_evidence": 4000,
        "outcomes": 40,
        "quarantine": 1,
        "reps": 20,
        "scores": 5,
    }
    manifest_of_release = read_manifest(result.release)
    assert json.loads(row[2])["reps"] == manifest_of_release["tables"]["reps"]["files"][0]["sha256"]
    assert set(AUDIT_TABLES) <= set(manifest_of_release["tables"])


def warning(table: str, *types: str):
    return result_for(
        table,
        rule_id=f"{table}.odd",
        severity="warning",
        success=False,
        unexpected=3,
        budget_type_ids=types,
    )


def marks(settings, table: str) -> set[tuple]:
    column = "budget_type_id" if table != "reps" else "'all'"
    return set(read(settings, f"select distinct {column}, quality_mark from {table}"))


def test_figures_that_a_warning_concerns_are_marked_where_readers_see_them(settings):
    verdict = Verdict((*GREEN.results, warning("outcomes", "signed_volume"), warning("reps")))
    result = publish_night(settings, "a", verdict=verdict)
    assert marks(settings, "outcomes") == {
        ("signed_volume", "outcomes.odd"),
        ("kam_customers_met_90d", None),
    }
    # The rows behind a marked figure bear its mark.
    assert marks(settings, "outcome_evidence") == {("signed_volume", "outcomes.odd")}
    assert marks(settings, "reps") == {("all", "reps.odd")}
    assert read(
        settings,
        "select rule_id, budget_type_ids from data_quality_results where not success order by 1",
    ) == [("outcomes.odd", "signed_volume"), ("reps.odd", "")]
    parquet = result.release / "parquet" / "reps.parquet"
    columns = duckdb.execute(f"select * from '{parquet}'").description
    assert "quality_mark" not in {column[0] for column in columns}


def test_a_warning_about_all_of_a_table_marks_all_of_its_types(settings):
    publish_night(settings, "a", verdict=Verdict((*GREEN.results, warning("outcomes"))))
    assert {mark for _, mark in marks(settings, "outcomes")} == {"outcomes.odd"}
    assert marks(settings, "outcome_evidence") == {("signed_volume", None)}


def test_a_warning_about_a_delivery_marks_the_types_that_read_it(settings):
    late = warning("ingest_ledger", "kam_customers_met_90d")
    publish_night(settings, "a", verdict=Verdict((*GREEN.results, late)))
    assert marks(settings, "outcomes") == {
        ("signed_volume", None),
        ("kam_customers_met_90d", "ingest_ledger.odd"),
    }
    assert marks(settings, "reps") == {("all", None)}


def test_a_night_without_warnings_has_no_mark(settings):
    publish_night(settings, "a")
    assert {mark for _, mark in marks(settings, "outcomes")} == {None}


# Quality


def quality(settings, query: str):
    path = (settings.published / "quality" / "current").resolve() / "utfall_quality.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_raw_rows_of_a_red_night_are_beside_its_quality_for_their_readers_only(settings):
    built = candidate(settings, "red")
    folder = publish_quality(settings, RED, as_of=S, run_id="red", candidate=built.folder)
    restricted = folder / "utfall_restricted.duckdb"
    assert restricted.stat().st_mode & 0o777 == 0o400
    open_files = [p for p in folder.rglob("*") if p.is_file() and p != restricted]
    assert not any(b"secret" in path.read_bytes() for path in open_files)


def test_a_red_night_still_publishes_its_quality(settings):
    published = publish_night(settings, "a")
    publish_quality(
        settings,
        GREEN,
        as_of=S,
        run_id="a",
        candidate=settings.published / "releases" / ".building-a",
        result=published,
    )
    built = candidate(settings, "b", as_of=NEXT)
    publish_quality(settings, RED, as_of=NEXT, run_id="b", candidate=built.folder)
    assert quality(settings, "select gate_verdict, as_of, publication_id from publication") == [
        ("red", NEXT, None)
    ]
    assert quality(
        settings,
        "select as_of, count(*) filter (where not success) from data_quality_results "
        "group by all order by all",
    ) == [(S, 0), (NEXT, 1)]
    assert read_manifest(settings.published / "current")["as_of"] == S.isoformat()


def test_quality_is_written_even_when_no_candidate_was_built(settings):
    folder = publish_quality(settings, RED, as_of=S, run_id="a")
    assert {path.stem for path in (folder / "parquet").iterdir()} == set(AUDIT_TABLES)
    build = build_file(settings.work / "b.duckdb")
    publish_quality(settings, RED, as_of=S, run_id="b", build_path=build)
    assert quality(settings, "select count(*) from ingest_ledger") == [(3,)]


def test_the_trend_counts_deliveries_since_the_night_before(settings):
    result = publish_night(settings, "a")
    rows = read(
        settings,
        "select source, rows_delivered, rows_loaded, rows_rejected, rows_quarantined, "
        "rows_superseded, freshness_hours, rules_passed from data_quality_trend order by source",
    )
    assert rows == [
        ("crm", 105, 103, 2, 1, 0, Decimal("2.00"), 6),
        ("erp", 50, 50, 0, 0, 50, None, 0),
    ]
    publish_quality(
        settings,
        GREEN,
        as_of=S,
        run_id="a",
        candidate=settings.published / "releases" / ".building-a",
        result=result,
    )
    publish_night(settings, "b", as_of=NEXT)
    rows = read(
        settings,
        "select as_of, source, rows_delivered from data_quality_trend order by as_of, source",
    )
    assert rows == [(S, "crm", 105), (S, "erp", 50), (NEXT, "crm", 5), (NEXT, "erp", 50)]


# Retention


def test_results_and_trend_are_kept_for_their_days_and_no_longer(settings):
    short = replace(settings, keep_quality_days=1)
    for number, day in enumerate((S, NEXT, NEXT + timedelta(days=1))):
        result = publish_night(short, str(number), as_of=day)
        publish_quality(short, GREEN, as_of=day, run_id=str(number), result=result)
    for table in ("data_quality_results", "data_quality_trend"):
        nights = [
            row[0] for row in quality(short, f"select distinct as_of from {table} order by 1")
        ]
        assert nights == [NEXT, NEXT + timedelta(days=1)], table


def test_results_of_earlier_code_without_a_column_are_kept(settings):
    result = publish_night(settings, "a")
    folder = publish_quality(settings, GREEN, as_of=S, run_id="a", result=result)
    old = folder / "parquet" / "data_quality_results.parquet"
    earlier = old.with_suffix(".earlier")
    duckdb.execute(
        f"copy (select * exclude (budget_type_ids) from '{old}') to '{earlier}' (format parquet)"
    )
    earlier.replace(old)
    later = publish_night(settings, "b", as_of=NEXT)
    publish_quality(settings, GREEN, as_of=NEXT, run_id="b", result=later)
    assert quality(
        settings, "select distinct as_of, budget_type_ids from data_quality_results order by 1"
    ) == [(S, None), (NEXT, "")]


def test_retention_keeps_enough_releases_and_files_they_share(settings):
    settings = settings_for(settings.home, keep_releases=2, keep_release_days=1)
    for number in range(4):
        as_of = S + timedelta(days=number)
        result = publish_night(settings, f"r{number}", as_of=as_of)
        publish_quality(settings, GREEN, as_of=as_of, run_id=f"r{number}", result=result)
    report = cleanup(settings, keep_run="r3")
    kept = sorted(path.name for path in (settings.published / "releases").iterdir())
    assert [name[:10] for name in kept if not name.startswith(".")] == ["2026-03-05", "2026-03-06"]
    assert [name for name in kept if name.startswith(".")] == [".building-r3"]
    assert len(report.removed) > 2 and report.freed_bytes > 0
    path = f"{(settings.published / 'current').resolve()}/parquet/outcome_evidence/*.parquet"
    assert duckdb.execute(f"select count(*) from '{path}'").fetchone() == (4000,)
    assert len(history.frozen_files(settings, history.SNAPSHOTS, date(2027, 1, 1))) == 4


def test_current_is_kept_whatever_retention_says(settings):
    settings = settings_for(settings.home, keep_releases=0, keep_release_days=0)
    publish_night(settings, "a")
    cleanup(settings)
    assert (settings.published / "current" / "utfall.duckdb").exists()
