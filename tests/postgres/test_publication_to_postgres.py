"""A small publication in Postgres: what readers see, when they see it, and when they do not."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import duckdb
import psycopg2
import pytest
import yaml
from psycopg2.extensions import make_dsn

from orchestration.postgres.load import postgres_type
from orchestration.postgres.server import Server
from orchestration.publication import history, postgres_parts, to_postgres
from orchestration.publication.audit import PublicationRefused, audit_path, write_audit
from orchestration.publication.publish import publish, recover
from orchestration.publication.release import build_candidate, building_folder, read_manifest
from orchestration.publication.retention import cleanup
from orchestration.quality.judge import Verdict
from orchestration.settings import PROJECT_ROOT, Settings, load_settings
from tests.postgres_publication import GREEN, build_night, manifest
from tests.publication_support import S, result_for, settings_for
from tests.support.postgres import server_in

NEXT, AFTER = S + timedelta(days=1), S + timedelta(days=2)
DATABASES = count()
PEOPLE = ("utfall_test_rep", "utfall_test_lead", "utfall_test_head", "utfall_test_other")
REP, LEAD, HEAD, OTHER = PEOPLE
"""A rep (r3), who leads team T1, who reads the whole company, and who is nobody's reader."""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with server_in(tmp_path_factory.mktemp("server")) as running:
        with running.administration() as admin, admin.cursor() as run:
            for name in PEOPLE:
                run.execute(f"drop role if exists {name}")
                run.execute(f"create role {name} nologin")
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Iterator[Path]:
    """A home where S is published to files only, and the next night is judged and waits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.publication.identity.code_version", lambda root: "code")
        settings = settings_for(tmp_path_factory.mktemp("nights") / "home")
        publish_night(settings, "first")
        candidate(settings, "second", as_of=NEXT, factor="1.50")
        yield settings.home


@pytest.fixture
def settings(tmp_path: Path, monkeypatch, server, home):
    """A copy of the home, and an empty database."""
    monkeypatch.setattr("orchestration.publication.identity.code_version", lambda root: "code")
    shutil.copytree(home, tmp_path / "home", symlinks=True)
    database = f"utfall_publication_{next(DATABASES)}"
    with server.administration() as admin, admin.cursor() as run:
        run.execute(f"drop database if exists {database} with (force)")
        run.execute(f"create database {database}")
    url = make_dsn(**{**server.parts, "dbname": database})
    yield settings_for(tmp_path / "home", publish_postgres_url=url)
    with server.administration() as admin, admin.cursor() as run:
        run.execute(f"drop database if exists {database} with (force)")


@dataclass(frozen=True)
class Night:
    """A publication that is in the files already."""

    publication_id: str
    release: Path


def first(settings) -> Night:
    """Bring the home's publication of S to Postgres, as the first night after the setting does."""
    release = recover(settings)
    return Night(read_manifest(release)["publication_id"], release)


def second(settings) -> tuple[Path, Path]:
    """The judged candidate of the next night and its audit record."""
    return building_folder(settings, "second"), audit_path(settings, "second")


def publish_night(settings, run_id: str, *, as_of: date = S, factor: str = "1.00", **options):
    """Build, judge and publish a night of the small company."""
    return publish(settings, *candidate(settings, run_id, as_of=as_of, factor=factor, **options))


def candidate(settings, run_id: str, *, as_of: date = S, factor: str = "1.00", **options):
    build = build_night(settings, run_id, as_of=as_of, factor=factor, **options)
    return candidate_of(settings, manifest(), build, as_of=as_of, run_id=run_id)


def candidate_of(settings, dbt: dict, build: Path, *, as_of: date = S, run_id: str = "a"):
    """A candidate that was judged green, and its audit record."""
    built = build_candidate(settings, build, dbt, as_of=as_of, run_id=run_id)
    green = Verdict(tuple(result_for(node["name"]) for node in dbt["nodes"].values()))
    return built.folder, write_audit(settings, built.folder, green, run_id)


@contextmanager
def session(settings, role: str | None = None):
    """A cursor in autocommit, as ``role`` where one is given."""
    with closing(psycopg2.connect(settings.publish_postgres_url)) as opened:
        opened.autocommit = True
        with opened.cursor() as run:
            if role:
                run.execute(f"set role {role}")
            yield run


def ask(settings, query: str, role: str | None = None):
    with session(settings, role) as run:
        run.execute(query)
        return run.fetchall()


def shown(settings) -> str | None:
    return ask(settings, "select as_of from utfall_data.current_publication")[0][0]


def current(settings) -> str:
    return read_manifest(settings.published / "current")["as_of"]


def parts_of_publication(settings, result, table: str) -> set[int]:
    """Ids of the partitions of a table that a publication consists of."""
    rows = ask(
        settings,
        "select part_id from utfall_data.publication_parts "
        f"where publication_id = '{result.publication_id}' and table_name = '{table}'",
    )
    return {part for (part,) in rows}


def partitions(settings) -> set[str]:
    """All tables that hold rows of parts, attached or not."""
    return {
        name
        for (name,) in ask(
            settings,
            "select relname from pg_class where relnamespace = 'utfall_data'::regnamespace "
            "and relkind = 'r' and relname ~ '__[0-9]+$'",
        )
    }


def let_read(settings, *readers: tuple[str, str, str]) -> None:
    with session(settings) as run:
        for role, level, node in readers:
            run.execute(
                "insert into utfall_data.readers values (%s, %s, %s) on conflict do nothing",
                [role, level, node],
            )
            run.execute(f"grant utfall_reader to {role}" if role != "postgres" else "select 1")


# What is there


def test_rows_columns_and_types_are_those_of_the_files(settings):
    warned = Verdict(
        (
            *GREEN.results,
            result_for(
                "outcomes",
                rule_id="outcomes.odd",
                severity="warning",
                success=False,
                budget_type_ids=("signed_volume",),
            ),
            result_for("reps", rule_id="reps.odd", severity="warning", success=False),
        )
    )
    first(settings)
    folder, _ = second(settings)
    audit = write_audit(settings, folder, warned, "second")
    release = publish(settings, folder, audit).release
    (user,) = ask(settings, "select current_user")[0]
    let_read(settings, (user, "company", "company"))
    with duckdb.connect(str(release / "utfall.duckdb"), read_only=True) as files:
        for table, entry in read_manifest(release)["tables"].items():
            wanted = files.execute(f"select * from main.{table}")
            names, rows = [column[0] for column in wanted.description], wanted.fetchall()
            types = files.execute(
                "select column_name, data_type from duckdb_columns() "
                "where schema_name = 'main' and table_name = ? order by column_index",
                [table],
            ).fetchall()
            if table == "outcome_evidence":
                # The file has the year of S, Postgres all of Parquet.
                folder = release / "parquet" / table
                rows = files.execute(
                    f"select *, date '{NEXT}', '{read_manifest(release)['publication_id']}', "
                    "'outcomes.odd' from "
                    f"read_parquet('{folder}/*.parquet', hive_partitioning = false)"
                ).fetchall()
            with session(settings) as run:
                run.execute(f"select * from utfall.{table}")
                assert [column.name for column in run.description] == names, table
                assert sorted(run.fetchall(), key=repr) == sorted(rows, key=repr), table
                run.execute(
                    "select attname, format_type(atttypid, atttypmod) from pg_attribute "
                    f"where attrelid = 'utfall.{table}'::regclass and attnum > 0 order by attnum"
                )
                assert run.fetchall() == [(name, postgres_type(kind)) for name, kind in types]
            assert len(rows) == entry["rows"] or table == "outcome_evidence"
    assert ask(settings, "select distinct quality_mark from utfall.reps") == [("reps.odd",)]
    marks = ask(
        settings, "select distinct budget_type_id, quality_mark from utfall.outcomes order by 1"
    )
    assert marks == [("kam_customers_met_90d", None), ("signed_volume", "outcomes.odd")]


def test_every_month_file_is_a_partition_of_its_own(settings):
    release = first(settings).release
    for table in ("outcomes", "outcome_evidence"):
        for file in read_manifest(release)["tables"][table]["files"]:
            (name,) = ask(
                settings,
                "select relation::text from utfall_data.parts "
                f"where table_name = '{table}' and content = '{file['sha256']}'",
            )[0]
            columns = [name for name, _ in read_manifest(release)["tables"][table]["columns"]]
            rows = duckdb.execute(
                f"select * from read_parquet('{release}/parquet/{file['path']}')"
            ).fetchall()
            held = ask(settings, f"select {', '.join(columns)} from {name}")
            assert sorted(held, key=repr) == sorted(rows, key=repr)


def test_views_and_columns_have_the_comments_of_the_file(settings):
    first(settings)
    found = ask(
        settings,
        "select obj_description('utfall.outcomes'::regclass), "
        "col_description('utfall.outcomes'::regclass, 6)",
    )
    assert found == [("One row is a outcomes. Audience: all.", "The reps' figure.")]


def test_a_file_that_was_loaded_before_is_not_loaded_again(settings):
    nights = first(settings), publish(settings, *second(settings))
    before, after = (parts_of_publication(settings, night, "outcome_evidence") for night in nights)
    assert len(before) == len(after) == 4 and len(before & after) == 3
    loaded = ask(settings, "select count(*) from utfall_data.parts")[0][0]
    assert loaded == len(partitions(settings))


def test_closed_months_of_nights_are_one_part_each():
    files = [
        {"path": f"scores/{day}.parquet", "sha256": day, "rows": 1, "partition": day}
        for day in ("2026-01-30", "2026-01-31", "2026-02-28", "2026-03-02", "2026-03-03")
    ]
    found = postgres_parts.parts_of("scores", files, "2026-03-03")
    assert [(part.rows, len(part.paths)) for part in found] == [(2, 2), (1, 1), (1, 1), (1, 1)]
    assert len(postgres_parts.parts_of("outcomes", files, "2026-03-03")) == 5
    later = postgres_parts.parts_of("scores", files, "2026-03-04")
    assert later == found


def test_nights_of_a_closed_month_are_loaded_as_one_and_read_as_all(settings, tmp_path):
    settings = replace(settings, home=tmp_path / "empty")
    for number, as_of in enumerate((date(2026, 2, 26), date(2026, 2, 27), S)):
        last = publish_night(settings, f"n{number}", as_of=as_of)
    assert len(parts_of_publication(settings, last, "scores")) == 2
    nights = ask(settings, "select as_of, count(*) from utfall.scores group by 1 order by 1")
    assert nights == [(date(2026, 2, 26), 5), (date(2026, 2, 27), 5), (S, 5)]


def test_what_is_restricted_is_not_there(settings):
    first(settings)
    names = {
        name
        for row in ask(
            settings,
            "select table_name, column_name from information_schema.columns "
            "where table_schema in ('utfall', 'utfall_data')",
        )
        for name in row
    }
    assert "my_kpis" in names and names.isdisjoint({"rep_costs", "raw_row", "cost_type"})
    with session(settings) as run:
        for table in partitions(settings):
            run.execute(f"select count(*) from utfall_data.{table} as t where t::text ~ 'secret'")
            assert run.fetchone() == (0,)


@pytest.mark.parametrize("forged", ["table", "column"])
def test_what_is_restricted_is_refused_where_it_is_in_the_open_files(settings, forged):
    release = settings.published / "current"
    entries = read_manifest(release)
    if forged == "table":
        entries["tables"]["reps"]["audience"] = "restricted"
    else:
        entries["tables"]["reps"]["column_audiences"]["name"] = "restricted"
    (release / "manifest.json").chmod(0o644)
    (release / "manifest.json").write_text(json.dumps(entries))
    with pytest.raises(PublicationRefused, match="reps is restricted"):
        recover(settings)
    assert not ask(settings, "select from pg_class where relname = 'reps'")


# The switch


def test_a_report_of_several_statements_reads_one_publication_over_switches(settings):
    first(settings)
    let_read(settings, (OTHER, "rep", "r3"))
    stop, torn, seen = threading.Event(), [], set()
    sums: dict[str, int] = {}

    def report() -> None:
        with closing(psycopg2.connect(settings.publish_postgres_url)) as opened:
            opened.set_session(isolation_level="repeatable read")
            while not stop.is_set():
                with opened, opened.cursor() as run:
                    run.execute(f"set local role {OTHER}")
                    facts = []
                    for table in ("publication", "outcomes", "outcome_evidence", "publication"):
                        figure = "0" if table == "publication" else "sum(value)"
                        run.execute(
                            f"select publication_id, as_of, {figure.replace('value', 'amount')} "
                            f"from utfall.{table} group by 1, 2"
                            if table == "outcome_evidence"
                            else f"select publication_id, as_of, {figure} "
                            f"from utfall.{table} group by 1, 2"
                        )
                        facts.append(run.fetchall())
                        time.sleep(0.01)
                    if len({rows[0][:2] for rows in facts}) != 1 or {len(r) for r in facts} != {1}:
                        torn.append(facts)
                    figures = (facts[1][0][2], facts[2][0][2])
                    if sums.setdefault(facts[0][0][0], figures) != figures:
                        torn.append(facts)
                    seen.add(facts[0][0][0])

    readers = [threading.Thread(target=report) for _ in range(3)]
    for reader in readers:
        reader.start()
    publish(settings, *second(settings))
    for number in (2, 3):
        as_of = S + timedelta(days=number)
        publish_night(settings, f"n{number}", as_of=as_of, factor=f"1.{number}0")
        cleanup(settings)
    stop.set()
    for reader in readers:
        reader.join(timeout=60)
    assert not torn and len(seen) >= 3
    assert len(set(sums.values())) == len(sums)


def test_only_the_files_of_the_shown_publication_are_read(settings):
    first(settings)
    publish(settings, *second(settings))
    last = publish_night(settings, "c", as_of=AFTER, factor="1.70")
    let_read(settings, (LEAD, "team", "T1"))
    for table in ("reps", "outcomes", "outcome_evidence", "scores", "my_kpis"):
        plan = ask(
            settings,
            f"explain (analyze, format json) select count(*) from utfall.{table}",
            LEAD,
        )[0][0][0]["Plan"]
        read = {
            node["Relation Name"]
            for node in nodes(plan)
            if node.get("Actual Loops") and node.get("Relation Name", "").startswith(f"{table}__")
        }
        wanted = parts_of_publication(settings, last, table)
        assert read == {f"{table}__{part}" for part in wanted}, table
        assert len([p for p in partitions(settings) if p.startswith(f"{table}__")]) >= len(wanted)
    assert len([name for name in partitions(settings) if name.startswith("outcomes__")]) > 5


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def test_an_older_s_is_never_shown_nor_loaded(settings):
    publish(settings, *second(settings))
    older = publish_night(settings, "b", as_of=S - timedelta(days=1))
    assert shown(settings) == NEXT and not parts_of_publication(settings, older, "reps")
    to_postgres.show_publication(settings, older.release)
    assert shown(settings) == NEXT and not parts_of_publication(settings, older, "reps")


def test_a_restatement_stays_in_the_files(settings):
    original = first(settings)
    restated = publish_night(settings, "b", factor="2.00")
    assert restated.kind == history.RESTATEMENT
    (found,) = ask(settings, "select distinct publication_id from utfall.outcomes")
    assert found == (original.publication_id,)
    assert not parts_of_publication(settings, restated, "outcomes")


def test_the_same_publication_again_changes_nothing(settings):
    folder, audit = second(settings)
    publish(settings, folder, audit)
    state = "select xmin::text from utfall_data.current_publication"
    before = (ask(settings, state), partitions(settings))
    assert publish(settings, folder, audit).kind == "unchanged"
    recover(settings)
    assert (ask(settings, state), partitions(settings)) == before


def test_what_was_published_before_postgres_was_configured_is_brought_there(settings):
    recover(settings)
    assert shown(settings) == S
    assert ask(settings, "select count(*) from utfall.reps") == [(20,)]


# Kills and refusals


class Killed(BaseException):
    """The process ends here."""


def test_a_load_that_was_killed_is_swept_and_made_again(settings, monkeypatch):
    first(settings)
    before = partitions(settings)
    folder, audit = second(settings)
    original, calls = postgres_parts.copy_rows, []

    def killed(*arguments, **options):
        calls.append(1)
        if len(calls) == 4:
            raise Killed
        return original(*arguments, **options)

    monkeypatch.setattr(postgres_parts, "copy_rows", killed)
    with pytest.raises(Killed):
        publish(settings, folder, audit)
    loose = partitions(settings) - before
    assert len(loose) == 3 and (shown(settings), current(settings)) == (S, S.isoformat())
    monkeypatch.setattr(postgres_parts, "copy_rows", original)
    publish(settings, folder, audit)
    assert shown(settings) == NEXT and not loose & partitions(settings)


def test_a_publish_killed_between_load_and_record_shows_nothing_of_it(settings, monkeypatch):
    first(settings)
    folder, audit = second(settings)

    def killed(*arguments, **options):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(history, "record", killed)
        with pytest.raises(Killed):
            publish(settings, folder, audit)
    recover(settings)
    assert (shown(settings), current(settings)) == (S, S.isoformat())
    assert ask(settings, "select distinct as_of from utfall.outcome_evidence") == [(S,)]
    publish(settings, folder, audit)
    assert (shown(settings), current(settings)) == (NEXT, NEXT.isoformat())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_switch_that_was_killed_is_made_up_for(settings, monkeypatch, moment):
    first(settings)
    folder, audit = second(settings)
    original, calls = to_postgres.show_publication, []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 2 and moment == "before":
            raise Killed
        original(*arguments)
        if len(calls) == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(to_postgres, "show_publication", killed)
        with pytest.raises(Killed):
            publish(settings, folder, audit)
    assert shown(settings) == (S if moment == "before" else NEXT)
    assert current(settings) == S.isoformat()
    recover(settings)
    assert (shown(settings), current(settings)) == (NEXT, NEXT.isoformat())


def test_a_load_that_loses_a_row_is_refused(settings, monkeypatch):
    first(settings)
    before = partitions(settings)
    original = postgres_parts.copy_rows

    def losing(source, query, run, target, *arguments, **options):
        copied = original(source, query, run, target, *arguments, **options)
        if target.strings[1].startswith("reps__"):
            run.execute(f"delete from {target.as_string(run)} where rep_id = 'r5'")
        return copied

    monkeypatch.setattr(postgres_parts, "copy_rows", losing)
    with pytest.raises(PublicationRefused, match=r"reps: 20 of the 21 rows .* keep what they have"):
        publish_night(settings, "b", as_of=NEXT, more_reps=1)
    assert (shown(settings), current(settings)) == (S, S.isoformat())
    assert [night.as_of for night in history.original_nights(settings)] == [S.isoformat()]
    monkeypatch.setattr(postgres_parts, "copy_rows", original)
    publish_night(settings, "c", as_of=NEXT, more_reps=1)
    assert shown(settings) == NEXT and before <= partitions(settings)


def test_a_server_that_does_not_answer_publishes_nothing_anywhere(settings, tmp_path):
    first(settings)
    down = replace(settings, publish_postgres_url=f"postgresql://nobody@/none?host={tmp_path}")
    folder, audit = second(settings)
    with pytest.raises(PublicationRefused) as refused:
        publish(down, folder, audit)
    said = str(refused.value)
    assert "does not answer" in said and "UTFALL_PUBLISH_POSTGRES_URL" in said
    assert f"keep what they have ({S})" in said
    assert (shown(settings), current(settings)) == (S, S.isoformat())
    assert [night.as_of for night in history.original_nights(settings)] == [S.isoformat()]
    report = cleanup(down)
    assert "does not answer" in report.problem and "does not answer" in str(report)


def test_the_url_is_read_from_the_environment_and_shown_to_nobody():
    found = load_settings({"UTFALL_PUBLISH_POSTGRES_URL": " postgresql://me:hush@db/sales "})
    assert found.publish_postgres_url == "postgresql://me:hush@db/sales"
    assert "hush" not in repr(found)
    assert load_settings({}).publish_postgres_url is None


def test_a_url_that_cannot_be_read_is_named(settings):
    with pytest.raises(PublicationRefused, match=r"UTFALL_PUBLISH_POSTGRES_URL cannot be read"):
        recover(replace(settings, publish_postgres_url="server=db; user=me"))


# Who sees what


def test_a_rep_sees_own_rows_and_a_manager_the_team(settings):
    first(settings)
    let_read(settings, (REP, "rep", "r3"), (LEAD, "team", "T1"), (HEAD, "company", "company"))
    let_read(settings, (OTHER, "region", "nowhere"))
    rows = "select rep_id from utfall.my_kpis order by 1"
    assert ask(settings, rows, REP) == [("r3",)]
    assert ask(settings, rows, LEAD) == [("r2",), ("r3",), ("r7",)]
    assert len(ask(settings, rows, HEAD)) == 20
    assert ask(settings, rows, OTHER) == []
    for role in (REP, OTHER):
        assert ask(settings, "select count(*) from utfall.reps", role) == [(20,)]


def test_the_team_is_that_of_the_day_that_is_shown(settings):
    """r7 leaves T1 on the next day: who leads it then sees two."""
    first(settings)
    let_read(settings, (LEAD, "team", "T1"))
    publish(settings, *second(settings))
    assert ask(settings, "select rep_id from utfall.my_kpis order by 1", LEAD) == [("r2",), ("r3",)]


def test_columns_are_empty_for_those_they_are_not_for(settings):
    first(settings)
    let_read(settings, (REP, "rep", "r3"), (LEAD, "team", "T1"))
    with session(settings) as run:
        run.execute(f"grant utfall_manager to {LEAD}")
    try:
        hired = "select count(hire_date), count(*) from utfall.reps"
        assert ask(settings, hired, REP) == [(0, 20)]
        assert ask(settings, hired, LEAD) == [(20, 20)]
        rewarded = "select node_id from utfall.scores where reward_eligible order by 1"
        assert ask(settings, rewarded, REP) == [("r3",)]
        assert ask(settings, rewarded, LEAD) == [("r3",), ("r7",)]
        assert ask(settings, "select count(*) from utfall.scores", REP) == [(5,)]
        assert ask(settings, "select count(*) from utfall.team_view", LEAD) == [(1,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(settings, "select count(*) from utfall.team_view", REP)
        with session(settings) as run:
            # Whoever grants the view by hand still opens no row of it.
            run.execute(f"grant select on utfall.team_view to {REP}")
        assert ask(settings, "select count(*) from utfall.team_view", REP) == [(0,)]
    finally:
        with session(settings) as run:
            run.execute(f"revoke utfall_manager from {LEAD}")


def test_nobody_reads_the_tables_behind_the_views(settings):
    first(settings)
    let_read(settings, (REP, "rep", "r3"))
    part = next(name for name in partitions(settings) if name.startswith("my_kpis__"))
    for table in (part, "my_kpis", "readers", "parts", "visible_reps", "current_publication"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(settings, f"select * from utfall_data.{table}", REP)
    for statement in (
        "insert into utfall_data.readers values (current_user, 'company', 'company')",
        "set role utfall_views",
        "create or replace view utfall.reps as select 1",
        "update utfall.reps set name = 'x'",
    ):
        with session(settings) as run:
            run.execute(f"set session authorization {REP}")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                run.execute(statement)


def test_a_function_of_a_reader_is_shown_no_row_that_the_reader_may_not_see(settings):
    first(settings)
    let_read(settings, (REP, "rep", "r3"))
    with session(settings, REP) as run:
        run.execute(
            "create function pg_temp.peek(text) returns boolean language plpgsql cost 0.0001 as "
            "$$ begin raise notice 'seen %', $1; return true; end $$"
        )
        run.execute("set client_min_messages = notice")
        run.execute("select count(*) from utfall.my_kpis where pg_temp.peek(rep_id)")
        assert run.fetchone() == (1,)
        seen = [notice for notice in run.connection.notices if "seen" in notice]
    assert len(seen) == 1 and "seen r3" in seen[0]


@contextmanager
def publisher(settings, rights: str) -> Iterator[Settings]:
    """Settings whose user owns nothing but the right to ``rights``; the roles are not there yet."""
    with session(settings) as run:
        run.execute("drop role if exists utfall_reader, utfall_manager, utfall_views")
        run.execute(f"create role utfall_test_publisher login {rights}")
    url = make_dsn(settings.publish_postgres_url, options="-c role=utfall_test_publisher")
    try:
        yield replace(settings, publish_postgres_url=url)
    finally:
        with session(settings) as run:
            run.execute("drop schema if exists utfall, utfall_data cascade")
            run.execute("drop owned by utfall_test_publisher cascade")
            run.execute("drop role if exists utfall_reader, utfall_manager, utfall_views")
            run.execute("drop role utfall_test_publisher")


@pytest.mark.parametrize("rights", ["nocreaterole", "createrole"])
def test_a_user_without_rights_is_told_what_an_administrator_runs(settings, rights):
    with publisher(settings, rights) as plain:
        with pytest.raises(PublicationRefused, match="administrator") as refused:
            recover(plain)
        said = str(refused.value)
        statements = said[said.index("run: ") + 5 : said.rindex("; Readers")]
        assert "grant create on database" in statements and "create role utfall_views" in statements
        with session(settings) as run:
            # Whoever may make roles needs the database alone.
            run.execute(statements if rights == "nocreaterole" else statements.split("; ")[-1])
        recover(plain)
        publish(plain, *second(plain))
        let_read(settings, (REP, "rep", "r3"))
        assert ask(settings, "select rep_id, as_of from utfall.my_kpis", REP) == [("r3", NEXT)]
        report = cleanup(replace(plain, keep_releases=1, keep_release_days=0))
        assert report.in_postgres.parts > 0 and not report.problem


def test_every_table_of_the_contracts_is_there_for_its_audience(settings, tmp_path):
    """All marts of the project, without rows: their names, types and audiences hold in Postgres."""
    settings = replace(settings, home=tmp_path / "contracts")
    nodes = contracts()
    folder, audit = candidate_of(settings, {"nodes": nodes}, contracts_build(settings, nodes))
    release = publish(settings, folder, audit).release
    let_read(settings, (REP, "rep", "r3"), (HEAD, "company", "company"))
    with session(settings) as run:
        run.execute(f"grant utfall_manager to {HEAD}")
    entries = read_manifest(release)["tables"]
    assert len(entries) > 40 and "rep_costs" not in entries
    for table, entry in entries.items():
        columns = [name for name, _ in entry["columns"]]
        with session(settings, HEAD) as run:
            run.execute(f"select * from utfall.{table}")
            assert [column.name for column in run.description][: len(columns)] == columns
        query = f"select count(*) from utfall.{table}"
        if entry.get("audience") == "manager":
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                ask(settings, query, REP)
        else:
            assert ask(settings, query, REP)[0][0] >= 0
    with session(settings) as run:
        run.execute(f"revoke utfall_manager from {HEAD}")


def contracts() -> dict[str, dict]:
    """The models of schema marts as dbt's manifest has them, from their YAML."""
    nodes = {}
    for path in sorted((PROJECT_ROOT / "models" / "marts").glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            columns = {column["name"]: column for column in model["columns"]}
            nodes[model["name"]] = {
                **model,
                "resource_type": "model",
                "schema": "marts",
                "columns": columns,
            }
    return nodes


def contracts_build(settings, nodes: dict[str, dict]) -> Path:
    """A build file with every mart, empty."""
    build = build_night(settings, "contracts")
    with duckdb.connect(str(build)) as connection:
        connection.execute("drop schema marts cascade")
        connection.execute("create schema marts")
        for name, node in nodes.items():
            columns = ", ".join(
                f'"{column}" {described["data_type"]}'
                for column, described in node["columns"].items()
            )
            connection.execute(f"create table marts.{name} ({columns})")
    return build


# Columns that change


def test_a_new_column_comes_last_and_one_that_went_is_empty(settings):
    first(settings)
    let_read(settings, (REP, "rep", "r3"))
    publish_night(settings, "b", as_of=NEXT, change_reps="add column town varchar default 'Umeå'")
    rows = "select * from utfall.reps where rep_id = 'r3'"
    with session(settings, REP) as run:
        run.execute(rows)
        names = [column.name for column in run.description]
        assert names[-1] == "town" and names[:2] == ["rep_id", "name"]
        assert run.fetchone()[-1] == "Umeå"
    publish_night(settings, "c", as_of=AFTER, change_reps="drop column name")
    assert ask(settings, "select name, town from utfall.reps where rep_id = 'r3'") == [(None, None)]


def test_a_column_of_another_type_is_refused_with_what_to_do(settings):
    first(settings)
    with pytest.raises(PublicationRefused, match=r"reps\.name was text .* is integer") as refused:
        publish_night(settings, "b", as_of=NEXT, change_reps="alter name set data type integer")
    assert (shown(settings), current(settings)) == (S, S.isoformat())
    statement = str(refused.value).split("`")[1]
    with session(settings) as run:
        run.execute(statement)
    publish_night(settings, "c", as_of=NEXT, change_reps="alter name set data type integer")
    assert ask(settings, "select distinct name, as_of from utfall.reps") == [(7, NEXT)]


def test_what_was_dropped_by_hand_is_made_again_with_the_rules_that_rest_on_it(settings):
    first(settings)
    let_read(settings, (REP, "rep", "r3"))
    with session(settings) as run:
        run.execute("drop table utfall_data.org_nodes cascade")
    publish(settings, *second(settings))
    assert ask(settings, "select rep_id from utfall.my_kpis", REP) == [("r3",)]
    assert ask(settings, "select distinct as_of from utfall.org_nodes") == [(NEXT,)]


# Retention


def test_retention_drops_what_no_kept_publication_consists_of(settings):
    few = replace(settings, keep_releases=2, keep_release_days=1)
    nights = [
        first(few),
        publish(few, *second(few)),
        publish_night(few, "c", as_of=AFTER, factor="1.70"),
    ]
    before = partitions(settings)
    report = cleanup(few)
    kept = [night for night in nights if night.release.exists()]
    assert len(kept) == 2 and report.in_postgres.parts == len(before - partitions(settings)) > 0
    assert not parts_of_publication(settings, nights[0], "outcomes")
    for night in kept:
        assert len(parts_of_publication(settings, night, "outcome_evidence")) == 4
    assert ask(settings, "select count(*) from utfall.outcome_evidence") == [(4000,)]
    assert cleanup(few).in_postgres == postgres_parts.NOTHING


def test_a_long_reader_holds_up_no_night_and_loses_no_row(settings, monkeypatch):
    monkeypatch.setattr(to_postgres, "SECONDS_FOR_A_PART", 0.2)
    few = replace(settings, keep_releases=1, keep_release_days=0)
    first(few)
    let_read(settings, (OTHER, "rep", "r3"))
    figures = "select sum(value), min(as_of) from utfall.outcomes"
    with closing(psycopg2.connect(settings.publish_postgres_url)) as opened:
        opened.set_session(isolation_level="repeatable read")
        with opened.cursor() as run:
            run.execute(f"set role {OTHER}")
            run.execute(figures)
            before = run.fetchall()
            begun = time.monotonic()
            publish(few, *second(few))
            report = cleanup(few)
            assert time.monotonic() - begun < 20
            assert report.in_postgres.parts > 0 and report.in_postgres.waiting == 2
            assert "Readers hold up" in str(report)
            run.execute(figures)
            assert run.fetchall() == before and before[0][1] == S
            # A table that this report had not read yet, and whose part is gone: said, not hidden.
            with pytest.raises(psycopg2.errors.RaiseException, match="begin the report again"):
                run.execute("select count(*) from utfall.publication")
    assert ask(settings, figures.replace("sum(value), ", ""), OTHER) == [(NEXT,)]
    left = cleanup(few).in_postgres
    assert left.parts > 0 and left.waiting == 0
    assert ask(settings, "select count(*) from utfall.outcome_evidence") == [(4000,)]
    assert (
        len(partitions(settings)) == ask(settings, "select count(*) from utfall_data.parts")[0][0]
    )
