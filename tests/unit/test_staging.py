"""Staging: which delivered rows become versions, which are set aside, and incremental = full."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.schema import load_entities
from orchestration.settings import PROJECT_ROOT
from tests.unit.dbt_harness import compiled_code, run_dbt, staging_project
from tests.unit.raw_schema import Extract, RawSchema

CANONICAL = PROJECT_ROOT / "models" / "staging" / "canonical"
ENTITIES = ("teams", "rep_absences", "opportunity_stages", "customer_assignments")
FOREVER = datetime(9999, 12, 31)
DAY = date(2026, 3, 2)


def day(number: int) -> date:
    """The n-th extract date; day 1 is 2 March 2026."""
    return DAY + timedelta(days=number - 1)


def just_before(moment: date) -> datetime:
    """The instant before the company's day begins, as UTC; March before the clock change."""
    return datetime(moment.year, moment.month, moment.day) - timedelta(hours=1, microseconds=1)


def team(name: str, recorded: str | None = "2026-03-01T10:00:00Z", **more) -> dict:
    return {"team_id": "T1", "name": name, "recorded_at": recorded, **more}


class Staging:
    """A build file of a few staging models, run by dbt itself in a project that others share."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.project = project
        self.file = folder / "build.duckdb"
        self.base: list[Extract] | None = None
        self.base_as_of: date | None = None

    def night(self, in_use: list[Extract], as_of: date, *, full: bool = False) -> Staging:
        """Run a night as of ``as_of``; it continues the last one unless ``full``."""
        if full:
            self.file.unlink(missing_ok=True)
            self.base = None
        with duckdb.connect(str(self.file)) as con:
            RawSchema(con, ENTITIES).write(in_use, self.base, None if full else self.base_as_of)
        run_dbt(
            "build",
            *(["--full-refresh"] if full else []),
            build_file=self.file,
            project=self.project,
            target_path=self.project / "target",
        )
        self.base, self.base_as_of = in_use, as_of
        return self

    def rows(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.file), read_only=True) as con:
            return con.execute(sql).fetchall()

    def table(self, name: str) -> list[tuple]:
        return sorted(self.rows(f"select * from {name}"), key=repr)


FIRST_NIGHT = [
    Extract(
        "teams",
        "crm",
        day(1),
        (
            team("North", "2026-02-01T08:00:00+01:00", extracted_at="2026-03-02T00:10:00Z"),
            team("Far north", "2026-02-20T08:00:00Z", extracted_at="2026-03-02T00:10:00Z"),
            # recorded after the cut-off of S: kept, and waits
            team("Arctic", "2026-03-02T09:00:00Z", extracted_at="2026-03-02T09:30:00Z"),
            {"team_id": "T2", "name": " South ", "extracted_at": "2026-03-01T22:00:00"},
            {"team_id": "T3", "name": "No times at all"},
            {"team_id": "T4", "recorded_at": "2026-03-05", "extracted_at": "2026-03-01T12:00:00Z"},
            {"team_id": "T5", "name": "a", "recorded_at": "2026-02-01T00:00:00Z"},
            {"team_id": "T5", "name": "b", "recorded_at": "2026-02-01T00:00:00Z"},
            {"team_id": "T6", "name": "Gone", "is_deleted": "yes"},
            {"team_id": " ", "name": "Nameless"},
            {"team_id": "T7", "is_deleted": "perhaps"},
            {"team_id": "T8", "recorded_at": "2026-02-30T10:00:00Z"},
        ),
    ),
    Extract(
        "rep_absences",
        "crm",
        day(1),
        (
            {"rep_id": "R1", "date": "2026-02-27", "hours": "7.5"},
            {"rep_id": "R1", "date": "2026-02-30", "hours": "8"},
            {"rep_id": "R1", "date": "2026/02/26", "hours": "8"},
            {"rep_id": "R1", "date": "2026-02-25", "hours": "7,5"},
            {"rep_id": "R1", "hours": "8"},
        ),
    ),
    Extract(
        "opportunity_stages",
        "crm",
        day(1),
        ({"stage": "won", "rank": "4.0"},),
        load_mode="full",
        rejected=1,
    ),
    Extract(
        "customer_assignments",
        "crm",
        day(1),
        (
            {"customer_id": "C1", "rep_id": "R1", "role": "boss", "valid_from": "2026-01-01"},
            {"customer_id": "C1", "rep_id": "R1", "role": "kam", "valid_from": "2026-01-01"},
        ),
        rejected=1,
    ),
]

SECOND_NIGHT = [
    *FIRST_NIGHT,
    Extract(
        "rep_absences",
        "crm",
        day(2),
        ({"rep_id": "R1", "date": "2026-02-25", "hours": "7.5"},),
    ),
    Extract("opportunity_stages", "crm", day(2), ({"stage": "lost", "rank": "5"},), "full"),
    Extract(
        "rep_absences",
        "erp",
        day(2),
        ({"rep_id": 'R"2', "date": "2026-02-31"},),
        is_typed=True,
    ),
    Extract("teams", "erp", day(2), ({"team_id": "T9", "recorded_at": "2026-03-02 12:00:00"},)),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return staging_project(tmp_path_factory.mktemp("project"), ENTITIES)


@pytest.fixture(scope="module")
def company(project) -> Callable[[Path], Staging]:
    """Makes an empty company in a folder."""
    return lambda folder: Staging(folder, project)


@pytest.fixture(scope="module")
def first(company, tmp_path_factory) -> Staging:
    return company(tmp_path_factory.mktemp("first")).night(FIRST_NIGHT, day(1), full=True)


@pytest.fixture(scope="module")
def second(first, company, tmp_path_factory) -> Staging:
    """The night after ``first``, incremental, in a copy of its build file."""
    night = company(tmp_path_factory.mktemp("second"))
    shutil.copy(first.file, night.file)
    night.base, night.base_as_of = first.base, first.base_as_of
    return night.night(SECOND_NIGHT, day(2))


def versions(staging: Staging, key: str) -> list[tuple]:
    return staging.rows(
        "select name, known_from, known_to, is_deleted from staging.stg_canonical__teams "
        f"where team_id = '{key}' order by known_from"
    )


def test_versions_follow_each_other_and_a_later_one_waits(first):
    """recorded_at with an offset is converted to UTC; the version of 2 March is kept and waits."""
    assert versions(first, "T1") == [
        ("North", datetime(2026, 2, 1, 7), datetime(2026, 2, 20, 8), False),
        ("Far north", datetime(2026, 2, 20, 8), datetime(2026, 3, 2, 9), False),
        ("Arctic", datetime(2026, 3, 2, 9), FOREVER, False),
    ]


def test_a_row_without_recorded_at_is_known_from_its_extraction(first):
    assert versions(first, "T2") == [("South", datetime(2026, 3, 1, 22), FOREVER, False)]


def test_a_row_without_any_time_holds_as_of_its_extract_date(first):
    """It counts at S = the extract date, whose cut-off is that day's midnight."""
    assert versions(first, "T3") == [("No times at all", just_before(day(1)), FOREVER, False)]


def test_a_row_recorded_after_it_was_extracted_is_taken_at_extraction(first):
    assert versions(first, "T4") == [(None, datetime(2026, 3, 1, 12), FOREVER, False)]


def test_of_two_rows_of_the_same_moment_the_last_delivered_stays(first):
    assert versions(first, "T5") == [("b", datetime(2026, 2, 1), FOREVER, False)]


def test_a_delivered_deletion_is_a_version(first):
    assert versions(first, "T6")[-1][3] is True


def test_created_recorded_at_is_the_first_moment_where_it_is_not_delivered(first):
    got = first.rows(
        "select distinct created_recorded_at from staging.stg_canonical__teams where team_id = 'T1'"
    )
    assert got == [(datetime(2026, 2, 1, 7),)]


def test_delivered_text_becomes_typed_values(first):
    got = first.rows("select rep_id, date, hours from staging.stg_canonical__rep_absences")
    assert got == [("R1", date(2026, 2, 27), Decimal("7.5000"))]


def test_each_row_that_is_set_aside_has_a_reason_and_a_column(first):
    got = first.rows(
        "select entity, line, reason_code, column_name from staging.int_staging__quarantine "
        "order by entity, line, reason_code"
    )
    assert got == [
        ("customer_assignments", 1, "invalid_json", None),
        ("customer_assignments", 1, "not_allowed", "role"),
        ("opportunity_stages", 1, "cast_int", "rank"),
        ("opportunity_stages", 1, "invalid_json", None),
        ("rep_absences", 2, "cast_date", "date"),
        ("rep_absences", 3, "cast_date", "date"),
        ("rep_absences", 4, "cast_decimal", "hours"),
        ("rep_absences", 5, "missing_key", "date"),
        ("teams", 10, "missing_key", "team_id"),
        ("teams", 11, "cast_bool", "is_deleted"),
        ("teams", 12, "cast_timestamp", "recorded_at"),
    ]


def test_a_row_that_is_set_aside_shows_itself_its_key_and_words(first):
    (row,) = first.rows(
        "select key_text, raw_row, reason_text_en, reason_text_sv, first_seen, resolved_at "
        "from staging.int_staging__quarantine where column_name = 'hours'"
    )
    assert row == (
        "R1 | 2026-02-25",
        str({"rep_id": "R1", "date": "2026-02-25", "hours": "7,5"}),
        "A number with a decimal point was expected (hours).",
        "Ett tal med decimalpunkt förväntades (hours).",
        day(1),
        None,
    )


def test_only_rows_that_are_set_aside_keep_their_raw_row(first):
    kept = first.rows(
        "select count(*) from staging.base_canonical__teams "
        "where (raw_row is not null) <> (quarantine_reason is not null)"
    )
    assert kept == [(0,)]


def test_a_later_good_row_resolves_the_one_that_was_set_aside(second):
    got = second.rows(
        "select resolved_at from staging.int_staging__quarantine where column_name = 'hours'"
    )
    assert got == [(day(2),)]
    assert second.rows(
        "select hours from staging.stg_canonical__rep_absences where date = '2026-02-25'"
    ) == [(Decimal("7.5000"),)]


def test_a_row_of_a_typed_delivery_is_shown_in_quarantine_as_json(second):
    got = second.rows(
        "select raw_row, line, record_no from staging.int_staging__quarantine "
        "where source_file like 'erp/rep_absences%'"
    )
    assert got == [(r'{"rep_id":"R\"2","date":"2026-02-31"}', None, 1)]


def test_a_later_complete_full_extract_resolves_what_an_earlier_one_said_wrong(second):
    got = second.rows(
        "select source_file, line, reason_code, reason_text_sv, resolved_at "
        "from staging.int_staging__quarantine where entity = 'opportunity_stages'"
    )
    assert sorted(got) == [
        (
            "crm/opportunity_stages/2026-03-02/data.jsonl",
            1,
            "cast_int",
            "Ett heltal förväntades (rank).",
            day(2),
        ),
        (
            "crm/opportunity_stages/2026-03-02/data.jsonl",
            1,
            "invalid_json",
            "Raden är inte giltig JSON.",
            day(2),
        ),
    ]


def test_an_ordinary_night_gives_what_a_full_rebuild_gives(second, company, tmp_path):
    """The whole way through dbt: hook, delete and insert; random deliveries are tested below."""
    rebuilt = company(tmp_path).night(SECOND_NIGHT, day(2), full=True)
    for entity in ENTITIES:
        name = f"staging.base_canonical__{entity}"
        assert second.table(name) == rebuilt.table(name)
    quarantine = "staging.int_staging__quarantine"
    assert second.table(quarantine) == rebuilt.table(quarantine)


class Compiled:
    """The SQL that dbt compiled for ``teams``, run by the engine as delete+insert does."""

    environment: Mapping[str, str] | None = None

    def __init__(self, first: Staging, folder: Path) -> None:
        self.full = compiled_code(first.project / "target")["base_canonical__teams"]
        project = folder / "project"
        shutil.copytree(first.project, project)
        # a model's hook is not compiled with it: the same head over the hook's text is
        models = project / "models" / "staging" / "canonical"
        head, _, _ = (models / "base_canonical__teams.sql").read_text("utf-8").partition("\nwith\n")
        (project / "dbt_project" / "macros" / "staging" / "entities.sql").write_text(
            "{% macro canonical_entities() %}{{ return(['teams']) }}{% endmacro %}", "utf-8"
        )
        hook = "{{ forget_when_out_of_order() }}"
        (models / "teams_hook.sql").write_text(f"{head}\n{hook}\n", encoding="utf-8")
        build_file = self.with_a_table_for_the_hook(first, folder)
        target = project / "target"
        run_dbt(
            "compile",
            build_file=build_file,
            project=project,
            target_path=target,
            environment=self.environment,
        )
        code = compiled_code(target)
        self.incremental = code["base_canonical__teams"]
        self.forget = code["teams_hook"].replace("teams_hook", "base_canonical__teams")
        self.account = code["int_staging__row_account"]
        self.con = self.connect()

    def with_a_table_for_the_hook(self, first: Staging, folder: Path) -> Path:
        build_file = folder / "build.duckdb"
        shutil.copy(first.file, build_file)
        with duckdb.connect(str(build_file)) as con:
            con.execute("create table staging.teams_hook (key_text varchar)")
        return build_file

    def connect(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        # the compiled SQL names the build file's catalogue
        con.execute("attach ':memory:' as build")
        con.execute("use build")
        con.execute("set TimeZone = 'UTC'")
        con.execute("create schema staging")
        return con

    def fill(self, table: str, query: str) -> None:
        self.con.execute(f"drop table if exists {table}")
        self.con.execute(f"create table {table} as {query}")

    def rebuild(self, in_use: list[Extract]) -> list[tuple]:
        RawSchema(self.con, ("teams",)).write(in_use, None, None)
        self.fill("staging.base_canonical__teams", self.full)
        return self.rows()

    def night(self, in_use: list[Extract], base: list[Extract], base_as_of: date) -> list[tuple]:
        RawSchema(self.con, ("teams",)).write(in_use, base, base_as_of)
        self.con.execute(self.forget)
        self.fill("new_rows", self.incremental)
        self.con.execute(
            "delete from staging.base_canonical__teams "
            "where key_text in (select key_text from new_rows)"
        )
        columns = ", ".join(
            f'"{name}"'
            for (name,) in self.con.execute(
                "select column_name from information_schema.columns "
                "where table_schema = 'staging' and table_name = 'base_canonical__teams'"
            ).fetchall()
        )
        self.con.execute(
            f"insert into staging.base_canonical__teams ({columns}) select {columns} from new_rows"
        )
        return self.rows()

    def rows(self) -> list[tuple]:
        return sorted(
            self.con.execute("select * from staging.base_canonical__teams").fetchall(), key=repr
        )

    def accounts(self) -> dict[str, tuple[int, ...]]:
        """File → rows loaded, current, superseded, deleted, quarantined."""
        self.fill("staging.account", self.account)
        rows = self.con.execute(
            "select path, rows_loaded, rows_current, rows_superseded, rows_deleted, "
            "rows_quarantined from staging.account"
        ).fetchall()
        return {path: tuple(counts) for path, *counts in rows}

    def versions(self, key: str = "T1") -> list[tuple]:
        return self.con.execute(
            "select name, known_from, known_to, is_deleted from staging.base_canonical__teams "
            "where team_id = ? and quarantine_reason is null order by known_from",
            [key],
        ).fetchall()


@pytest.fixture(scope="module")
def compiled(first, tmp_path_factory) -> Compiled:
    return Compiled(first, tmp_path_factory.mktemp("compiled"))


def full(number: int, *rows: dict, source: str = "crm", rejected: int = 0) -> Extract:
    return Extract("teams", source, day(number), rows, load_mode="full", rejected=rejected)


OTHER = {"team_id": "T2", "recorded_at": "2026-01-01T00:00:00Z"}
RECORDED = datetime(2026, 3, 1, 10)


def test_a_full_extract_every_day_does_not_multiply_versions(compiled):
    with_time = [full(n, team("North", extracted_at=f"{day(n)}T00:10:00Z")) for n in (1, 2, 3)]
    compiled.rebuild(with_time)
    assert compiled.versions() == [("North", RECORDED, FOREVER, False)]
    without = [full(n, team("North", None, extracted_at=f"{day(n)}T00:10:00Z")) for n in (1, 2, 3)]
    compiled.rebuild(without)
    assert compiled.versions() == [("North", datetime(2026, 3, 2, 0, 10), FOREVER, False)]


def test_content_that_changes_and_changes_back_is_three_versions(compiled):
    names = ["North", "South", "North"]
    compiled.rebuild([full(n, team(name, None)) for n, name in enumerate(names, start=1)])
    assert [version[0] for version in compiled.versions()] == names


def test_a_key_missing_from_a_full_extract_is_deleted_from_that_day_on(compiled):
    compiled.rebuild([full(1, team("North"), OTHER), full(2, OTHER), full(3, OTHER)])
    assert compiled.versions() == [
        ("North", RECORDED, just_before(day(2)), False),
        (None, just_before(day(2)), FOREVER, True),
    ]


def test_a_key_that_comes_back_is_a_new_version(compiled):
    compiled.rebuild(
        [full(1, team("North"), OTHER), full(2, OTHER), *(full(n, team("North")) for n in (3, 4))]
    )
    assert compiled.versions() == [
        ("North", RECORDED, just_before(day(2)), False),
        (None, just_before(day(2)), just_before(day(3)), True),
        ("North", just_before(day(3)), FOREVER, False),
    ]


@pytest.mark.parametrize(
    "second",
    [
        Extract("teams", "crm", day(2), (OTHER,)),
        full(2, OTHER, source="erp"),
        full(2, OTHER, rejected=1),
        full(2),
    ],
    ids=["incremental", "of another source", "with lines that could not be read", "empty"],
)
def test_absence_proves_nothing_in_an_extract(compiled, second):
    compiled.rebuild([full(1, team("North"), OTHER), second])
    assert compiled.versions() == [("North", RECORDED, FOREVER, False)]


def test_a_row_that_is_set_aside_is_present_and_the_good_version_stays(compiled):
    compiled.rebuild([full(1, team("North")), full(2, team("South", is_deleted="perhaps"))])
    assert compiled.versions() == [("North", RECORDED, FOREVER, False)]


def test_a_corrected_extract_replaces_what_it_said_before(compiled):
    wrong = [
        Extract("teams", "crm", day(1), (team("Wrong"), OTHER)),
        Extract("teams", "crm", day(2), (team("Later", "2026-03-02T10:00:00Z"),)),
    ]
    corrected = [replace(wrong[0], rows=(team("Right"),)), wrong[1]]
    compiled.rebuild(wrong)
    compiled.night(corrected, wrong, day(2))
    assert [version[0] for version in compiled.versions()] == ["Right", "Later"]
    assert compiled.versions("T2") == []


def test_a_version_inside_a_stretch_of_repeats_brings_the_dropped_row_back(compiled):
    """The table dropped the repeat of 3 March; the row of 2 March that comes after it needs it."""
    base = [
        full(1, team("North", None, extracted_at="2026-03-01T10:00:00Z")),
        full(2, team("North", None, extracted_at="2026-03-03T10:00:00Z")),
    ]
    news = full(3, team("Norr", "2026-03-02T10:00:00Z"))
    compiled.rebuild(base)
    assert len(compiled.versions()) == 1
    compiled.night([*base, news], base, day(2))
    assert [version[0] for version in compiled.versions()] == ["North", "Norr", "North"]


def test_a_version_remembers_the_first_extract_that_held_it(compiled):
    """A fault is resolved on the day the good row first came, however often it comes again."""
    daily = [full(number, team("North")) for number in range(1, 6)]
    assert_each_night_equals_a_rebuild(compiled, [daily[:3], daily[:4], daily])
    assert compiled.con.execute(
        "select first_extract_date, extract_date from staging.base_canonical__teams"
    ).fetchall() == [(day(1), day(5))]


def test_an_ordinary_night_rewrites_only_the_keys_it_was_told_about(compiled):
    base = [Extract("teams", "crm", day(1), (team("North"), OTHER))]
    compiled.rebuild(base)
    news = Extract("teams", "crm", day(2), (team("Norr", "2026-03-02T10:00:00Z"),))
    compiled.night([*base, news], base, day(1))
    assert compiled.con.execute("select distinct team_id from new_rows").fetchall() == [("T1",)]


def test_the_account_says_what_became_of_each_row_of_a_file(compiled):
    first = full(
        1,
        team("North"),
        team("North", "2026-02-01T10:00:00Z"),
        team("North"),
        OTHER,
        {"team_id": "T3", "recorded_at": "2026-02-01", "is_deleted": "true"},
        {"team_id": "T4", "is_deleted": "perhaps"},
    )
    second = full(2, team("North", "2026-03-02T10:00:00Z"))
    compiled.rebuild([first])
    assert compiled.accounts() == {first.file: (6, 2, 2, 1, 1)}
    compiled.night([first, second], [first], day(1))
    assert compiled.accounts() == {first.file: (6, 0, 3, 2, 1), second.file: (1, 1, 0, 0, 0)}


def test_a_row_that_a_model_loses_or_doubles_breaks_the_account(compiled):
    extract = full(1, team("North"), OTHER)
    compiled.rebuild([extract])
    compiled.con.execute("delete from staging.base_canonical__teams where team_id = 'T2'")
    assert sum(compiled.accounts()[extract.file][1:]) == 1, "of two"
    compiled.rebuild([extract])
    compiled.con.execute(
        "insert into staging.base_canonical__teams "
        "select * from staging.base_canonical__teams limit 1"
    )
    assert sum(compiled.accounts()[extract.file][1:]) == 3, "of two"


instants = st.sampled_from([None, *(f"2026-03-0{n}T10:00:00Z" for n in range(1, 8)), "2026-03-99"])
delivered_rows = st.fixed_dictionaries(
    {"team_id": st.sampled_from(["T1", "T2", "T2", None])},
    optional={
        "name": st.sampled_from(["a", "b"]),
        "recorded_at": instants,
        "extracted_at": instants,
        "created_recorded_at": instants,
        "is_deleted": st.sampled_from(["true", "false", "x"]),
    },
)
extracts = st.builds(
    Extract,
    entity=st.just("teams"),
    source=st.sampled_from(["crm", "crm", "erp"]),
    day=st.integers(1, 6).map(day),
    rows=st.lists(delivered_rows, min_size=1, max_size=3).map(tuple),
    load_mode=st.sampled_from(["full", "incremental"]),
    rejected=st.sampled_from([0, 0, 0, 1]),
)


def in_use_at(delivered: list[Extract], night: date) -> list[Extract]:
    """What is in use at S: the last delivery of each source and day, dated on or before S."""
    return list({e.partition: e for e in delivered if e.day <= night}.values())


def assert_each_night_equals_a_rebuild(compiled: Compiled, nights: list[list[Extract]]) -> None:
    """``nights``: what is in use on 4 March, the first and full one, and on the days after it."""
    base = nights[0]
    compiled.rebuild(base)
    for number, in_use in enumerate(nights[1:], start=3):
        got = compiled.night(in_use, base, day(number))
        assert got == compiled.rebuild(in_use)
        assert_every_row_has_a_fate(compiled, in_use)
        base = in_use


def assert_every_row_has_a_fate(compiled: Compiled, in_use: list[Extract]) -> None:
    accounts = compiled.accounts()
    assert {path: loaded for path, (loaded, *_) in accounts.items()} == {
        extract.file: len(extract.rows) for extract in in_use
    }
    for path, (loaded, *fates) in accounts.items():
        assert loaded == sum(fates), path
        assert min(fates) >= 0, path


random_nights = settings(max_examples=30, deadline=None, derandomize=True)


@random_nights
@given(deliveries=st.lists(extracts, min_size=3, max_size=9))
def test_incremental_equals_full_when_extracts_arrive_in_order(compiled, deliveries):
    in_order = in_use_at(deliveries, day(6))
    assert_each_night_equals_a_rebuild(
        compiled, [in_use_at(in_order, day(number)) for number in range(3, 7)]
    )


@random_nights
@given(
    deliveries=st.lists(st.tuples(extracts, st.sampled_from([0, 0, 1, 2])), min_size=3, max_size=9),
    withdrawn=st.integers(0, 8),
)
def test_incremental_equals_full_when_extracts_are_late_corrected_or_withdrawn(
    compiled, deliveries, withdrawn
):
    """An extract comes up to two days late; one of the same source and day replaces the former."""
    nights = []
    for number in range(3, 7):
        arrived = [e for e, delay in deliveries if e.day + timedelta(days=delay) <= day(number)]
        if number >= 5:
            del arrived[withdrawn : withdrawn + 1]
        nights.append(in_use_at(arrived, day(number)))
    assert_each_night_equals_a_rebuild(compiled, nights)


@cache
def described_models() -> dict[str, list[dict]]:
    document = yaml.safe_load((CANONICAL / "_canonical__models.yml").read_text(encoding="utf-8"))
    return {model["name"]: model["columns"] for model in document["models"]}


SQL_TYPES = {
    "text": "varchar",
    "int": "bigint",
    "decimal": "decimal(18,4)",
    "share": "decimal(18,10)",
    "date": "date",
    "timestamp": "timestamp",
    "bool": "boolean",
}


@pytest.mark.parametrize("entity", load_entities().values(), ids=lambda entity: entity.name)
def test_models_say_what_the_entity_schema_says(entity):
    """Columns, casts, requirements and allowed values of a base model, and its view's columns."""
    base = (CANONICAL / f"base_canonical__{entity.name}.sql").read_text(encoding="utf-8")
    columns = {name: column for name, column in entity.columns.items() if name != "source_system"}
    casts = {
        name: kind
        for kind, text, name in re.findall(r"\{\{ to_(\w+)\('(\w+)'\) \}\} as (\w+),?\n", base)
        if text == f"{name}_delivered"
    }
    assert casts == {name: column.data_type for name, column in columns.items()}
    assert tuple(re.findall(r"missing_key\('(\w+)'\)", base)) == entity.key
    required = {name for name, column in columns.items() if column.required}
    assert set(re.findall(r"missing_required\('(\w+)'\)", base)) == required - set(entity.key)
    assert set(re.findall(r"cast_fault\('(\w+)', '(\w+)'\)", base)) == {
        (column.data_type, name) for name, column in columns.items() if column.data_type != "text"
    }
    allowed = {
        name: tuple(re.findall(r"'([^']+)'", values))
        for name, values in re.findall(r"not_allowed\(\s*'(\w+)',\s*\[([^]]*)\]", base)
    }
    assert allowed == {name: column.allowed for name, column in columns.items() if column.allowed}
    least = re.findall(r"too_small\('(\w+)', (-?\d+)\)", base)
    assert {name: int(number) for name, number in least} == {
        name: column.least for name, column in columns.items() if column.least is not None
    }
    view = (CANONICAL / f"stg_canonical__{entity.name}.sql").read_text(encoding="utf-8")
    listed = re.findall(r"^ {8}(?:.* as )?(\w+),?$", view, flags=re.M)
    columns_in_yaml = described_models()[f"stg_canonical__{entity.name}"]
    described = [(column["name"], column["data_type"]) for column in columns_in_yaml]
    assert listed == [name for name, _ in described]
    versioned = {"known_from": "timestamp", "known_to": "timestamp", "source_system": "varchar"}
    versioned |= {"source_file": "varchar", "record_no": "bigint", "extract_date": "date"}
    assert dict(described) == {
        **{name: SQL_TYPES[column.data_type] for name, column in columns.items()},
        **versioned,
    }


def test_quarantine_covers_every_entity_and_every_reason_has_words():
    text = (PROJECT_ROOT / "dbt_project/macros/staging/entities.sql").read_text("utf-8")
    (block,) = re.findall(r"return\(\[([^]]*)\]", text)
    assert re.findall(r"'(\w+)'", block) == list(load_entities())
    seed = (PROJECT_ROOT / "seeds" / "quarantine_reasons.csv").read_text(encoding="utf-8")
    worded = {line.partition(",")[0] for line in seed.splitlines()[1:]}
    casts = {f"cast_{kind}" for kind in SQL_TYPES if kind != "text"}
    assert worded >= {"missing_key", "missing_required", "not_allowed"} | casts
    assert worded >= codes_of_ingest(), "ingest rejects for a reason that has no words"
    assert "other" not in worded


def codes_of_ingest() -> set[str]:
    """Every reason code that ingest's code can give a row or file that it does not use."""
    text = "".join(
        path.read_text("utf-8") for path in (PROJECT_ROOT / "orchestration/ingest").glob("*.py")
    )
    raised = re.findall(r"(?:UnreadableFile|_NotARecord|RejectedLine)\(\s*\"([a-z_]+)\"", text)
    assigned = re.findall(r"reason_code=\"([a-z_]+)\"", text)
    in_sql = re.findall(r"(?:then|else) '([a-z]+_[a-z_]+)'", text)
    rejected = re.findall(r"_rejected_row\([^\"]*\"([a-z_]+)\"", text)
    found = {*raised, *assigned, *in_sql, *rejected} - {"duplicate", "no_files"}
    assert found >= {"stray_quote", "invalid_json", "column_count", "incomplete_full"}
    return found
