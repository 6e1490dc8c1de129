"""The DuckDB file of a release is made from that of the release before, as far as that goes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.publication import database
from orchestration.publication.audit import write_audit
from orchestration.publication.database import DATA_SCHEMA, PIECES_SCHEMA
from orchestration.publication.files import write_json
from orchestration.publication.publish import publish
from orchestration.publication.release import read_manifest
from orchestration.quality.judge import Verdict
from tests.publication_support import (
    GREEN,
    S,
    candidate,
    publish_night,
    result_for,
    settings_for,
)

NEXT = S + timedelta(days=1)
NEXT_YEAR = date(S.year + 1, 1, 2)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("orchestration.publication.identity.code_version", lambda root: "code")
    return settings_for(tmp_path / "home")


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """The tables that were written, by full name."""
    names: list[str] = []
    load = database._load

    def noted(connection, parquet, piece):
        names.append(piece.full_name)
        load(connection, parquet, piece)

    monkeypatch.setattr(database, "_load", noted)
    return names


def content(folder: Path) -> dict[str, list[tuple]]:
    """All rows of every view and table of a release file, sorted."""
    with duckdb.connect(str(folder / "utfall.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select schema_name, view_name from duckdb_views() where not internal union all "
            "select schema_name, table_name from duckdb_tables() order by all"
        ).fetchall()
        return {
            f"{schema}.{name}": connection.execute(
                f"select * from {schema}.{name} order by all"
            ).fetchall()
            for schema, name in names
        }


def spans(folder: Path, table: str) -> list[str]:
    """The pieces of a table: month or year."""
    found = content(folder)
    return [
        name.split("__")[1]
        for name in sorted(found)
        if name.startswith(f"{PIECES_SCHEMA}.{table}__")
    ]


def test_only_what_has_other_files_is_written_again(settings, made):
    publish_night(settings, "a")
    made.clear()
    second = candidate(settings, "b", as_of=NEXT, factor="1.50")
    assert sorted(set(made) - {f"{DATA_SCHEMA}.rep_costs", f"{DATA_SCHEMA}.quarantine"}) == [
        f"{PIECES_SCHEMA}.outcome_evidence__2026_02",
        f"{PIECES_SCHEMA}.outcomes__2026_02",
        f"{PIECES_SCHEMA}.outcomes__2026_03",
        f"{PIECES_SCHEMA}.scores__2026_03",
    ]
    taken_over = content(second.folder)
    (settings.published / "current").unlink()
    from_the_start = candidate(settings, "c", as_of=NEXT, factor="1.50")
    assert taken_over == content(from_the_start.folder)
    assert taken_over[f"{DATA_SCHEMA}.outcomes"] and taken_over["main.outcomes"]


def test_what_publish_added_is_not_taken_over(settings):
    warning = result_for("reps", rule_id="reps.odd", severity="warning", success=False)
    first = candidate(settings, "a")
    verdict = Verdict((*GREEN.results, warning))
    publish(settings, first.folder, write_audit(settings, first.folder, verdict, "a"))
    shown = content((settings.published / "current").resolve())
    assert shown[f"{DATA_SCHEMA}.quality_marks"] and "main.publication" in shown
    second = content(candidate(settings, "b", as_of=NEXT).folder)
    assert second[f"{DATA_SCHEMA}.quality_marks"] == [] and "main.publication" not in second
    # The candidate's quarantine is as the build has it, not as publish left it.
    assert {len(row) for row in second[f"{DATA_SCHEMA}.quarantine"]} == {9}


@pytest.mark.parametrize("fault", ["rotten", "gone", "before there were pieces", "mostly free"])
def test_a_file_that_cannot_be_taken_over_is_written_from_the_start(
    settings, made, fault, monkeypatch
):
    release = publish_night(settings, "a").release
    file, entry = release / "utfall.duckdb", release / "manifest.json"
    file.chmod(0o644)
    entry.chmod(0o644)
    if fault == "rotten":
        file.write_bytes(file.read_bytes()[:-4096])
    elif fault == "gone":
        file.unlink()
    elif fault == "before there were pieces":
        manifest = read_manifest(release)
        del manifest["database"]["tables"]
        write_json(entry, manifest)
    else:
        monkeypatch.setattr(database, "MOST_FREE", -1)
    made.clear()
    second = candidate(settings, "b", as_of=NEXT)
    assert f"{PIECES_SCHEMA}.outcome_evidence__2026_01" in made
    assert f"{DATA_SCHEMA}.reps" in made
    assert len(content(second.folder)["main.outcome_evidence"]) == 2000


def test_pieces_are_months_of_two_years_and_years_before(settings):
    first = candidate(settings, "a")
    assert spans(first.folder, "outcomes") == [
        "2025_11",
        "2025_12",
        "2026_01",
        "2026_02",
        "2026_03",
    ]
    assert spans(first.folder, "outcome_evidence") == ["2026_01", "2026_02"]
    publish_night(settings, "a")
    later = candidate(settings, "b", as_of=NEXT_YEAR)
    assert spans(later.folder, "outcomes")[0] == "2025"
    assert spans(later.folder, "outcomes")[1:3] == ["2026_01", "2026_02"]
    assert spans(later.folder, "outcome_evidence") == ["nothing"]
    found = content(later.folder)
    assert found["main.outcome_evidence"] == []
    assert len(found[f"{PIECES_SCHEMA}.outcomes__2025"]) == 10


def test_no_file_grows_from_night_to_night(settings):
    sizes = []
    for n in range(6):
        release = publish_night(
            settings, f"n{n}", as_of=S + timedelta(days=n), factor=f"1.{n}0"
        ).release
        sizes.append((release / "utfall.duckdb").stat().st_size)
    assert sizes[-1] <= 1.3 * sizes[0], sizes


def test_nobody_else_reads_the_restricted_file_while_it_is_written(settings, monkeypatch):
    modes: dict[str, set[int]] = {}
    load = database._load

    def noted(connection, parquet, piece):
        (path,) = connection.execute(
            "select path from duckdb_databases() where database_name = current_database()"
        ).fetchone()
        modes.setdefault(Path(path).name, set()).add(Path(path).stat().st_mode & 0o777)
        load(connection, parquet, piece)

    monkeypatch.setattr(database, "_load", noted)
    candidate(settings, "a")
    assert modes["utfall_restricted.duckdb"] == {0o600}
