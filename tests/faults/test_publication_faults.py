"""Kills with -9 in and between the steps of publishing, and readers while it happens.

Whatever is killed, the last publication stays whole, nothing half is ever shown or counted as
history, and the next run finishes without help.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.publication import history
from orchestration.publication.audit import write_audit
from orchestration.publication.files import sha256_of
from orchestration.publication.publish import publish, recover
from orchestration.publication.release import read_manifest
from orchestration.publication.retention import cleanup
from orchestration.settings import PROJECT_ROOT
from tests.publication_support import (
    GREEN,
    S,
    candidate,
    publish_night,
    settings_for,
)

NEXT = S + timedelta(days=1)
AFTER = S + timedelta(days=2)

PUBLISH = """
import os, signal, sys
from pathlib import Path
from tests.publication_support import settings_for
from orchestration.publication import history, publish as module

home, folder, audit, step, moment = sys.argv[1:]
if step:
    owner = history if hasattr(history, step) else module
    original = getattr(owner, step)
    calls = []

    def killed(*arguments, **options):
        calls.append(step)
        # recover() also runs first thing; the second call is the switch.
        due = step != "recover" or len(calls) == 2
        if due and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **options)
        if due:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, step, killed)
print("ready", flush=True)
module.publish(settings_for(Path(home)), Path(folder), Path(audit))
print("done", flush=True)
"""

READ = """
import json, sys, time
from pathlib import Path
import duckdb

published, stop = Path(sys.argv[1]), Path(sys.argv[2])
reads, seen, torn = 0, set(), []
while not stop.exists():
    release = (published / "current").resolve()
    with duckdb.connect(str(release / "utfall.duckdb"), read_only=True) as connection:
        (facts,) = connection.execute(
            "select publication_id, as_of, (select sum(value) from outcomes), "
            "(select any_value(publication_id) from outcomes) from publication"
        ).fetchall()
        in_files = connection.execute(
            f"select sum(value) from read_parquet('{release}/parquet/outcomes/*.parquet')"
        ).fetchone()[0]
    manifest = json.loads((release / "manifest.json").read_text())
    reads += 1
    time.sleep(0.02)
    seen.add(facts[0])
    if facts[2] != in_files or facts[3] != facts[0] or manifest["publication_id"] != facts[0]:
        torn.append(str(facts))
print(json.dumps({"reads": reads, "seen": len(seen), "torn": torn}))
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch):
    # Somebody may edit a source while the tests run; that is another publication, rightly.
    monkeypatch.setattr("orchestration.publication.identity.code_version", lambda root: "code")
    return settings_for(tmp_path / "home")


def assert_whole(settings, as_of: date | None = None) -> str:
    """Assert that what readers get is complete and is what its manifest says; returns its S."""
    release = (settings.published / "current").resolve()
    manifest = read_manifest(release)
    for entry in manifest["tables"].values():
        for file in entry["files"]:
            assert sha256_of(release / "parquet" / file["path"]) == file["sha256"]
    assert sha256_of(release / "utfall.duckdb") == manifest["database"]["sha256"]
    with duckdb.connect(str(release / "utfall.duckdb"), read_only=True) as connection:
        (shown,) = connection.execute("select as_of from publication").fetchall()
    assert shown[0].isoformat() == manifest["as_of"]
    if as_of is not None:
        assert manifest["as_of"] == as_of.isoformat()
    return manifest["as_of"]


def start(settings, built, audit: Path, step: str = "", moment: str = "") -> subprocess.Popen:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PUBLISH,
            str(settings.home),
            str(built.folder),
            str(audit),
            step,
            moment,
        ],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "ready"
    return process


@pytest.mark.parametrize(
    ("step", "moment"),
    [
        (step, moment)
        for step in ("_complete", "freeze", "record", "recover")
        for moment in ("before", "after")
    ],
)
def test_a_publish_killed_between_steps_leaves_one_whole_publication(settings, step, moment):
    publish_night(settings, "a", as_of=S)
    built = candidate(settings, "b", as_of=NEXT, factor="1.10")
    audit = write_audit(settings, built.folder, GREEN, "b")
    process = start(settings, built, audit, step, moment)
    assert process.wait(timeout=60) == -signal.SIGKILL

    switched = (step, moment) == ("recover", "after")
    assert_whole(settings, NEXT if switched else S)
    counted = {night.as_of for night in history.original_nights(settings)}
    recorded = switched or (step, moment) in {("record", "after"), ("recover", "before")}
    assert (NEXT.isoformat() in counted) == recorded

    publish(settings, built.folder, audit)
    assert_whole(settings, NEXT)
    publish_night(settings, "c", as_of=AFTER, factor="1.20")
    assert_whole(settings, AFTER)
    cleanup(settings)
    left = [path.name for path in (settings.published / "releases").iterdir()]
    assert len(left) == 3 and not [name for name in left if name.startswith(".")]
    for table in (history.SNAPSHOTS, history.SCORES):
        assert len(history.frozen_files(settings, table, date(2027, 1, 1))) == 3


def test_a_night_killed_before_its_record_may_be_published_with_other_content(settings):
    """The corrected delivery of S is then the first publication of S, not a restatement."""
    publish_night(settings, "a", as_of=S)
    built = candidate(settings, "b", as_of=NEXT)
    audit = write_audit(settings, built.folder, GREEN, "b")
    assert start(settings, built, audit, "record", "before").wait(timeout=60) == -signal.SIGKILL
    corrected = publish_night(settings, "c", as_of=NEXT, factor="2.00")
    assert (corrected.kind, corrected.is_current) == ("original", True)
    cleanup(settings)
    for table in (history.SNAPSHOTS, history.SCORES):
        frozen = history.frozen_files(settings, table, AFTER)
        assert [file.publication_id for file in frozen][1:] == [corrected.publication_id]
        assert len(list(settings.history.glob(f"{table}/as_of=*/*.parquet"))) == 2


def test_a_switch_that_was_never_made_is_made_up_for(settings):
    first = publish_night(settings, "a", as_of=S)
    publish_night(settings, "b", as_of=NEXT)
    link = settings.published / "current"
    link.unlink()
    link.symlink_to(first.release.relative_to(settings.published))
    recover(settings)
    assert_whole(settings, NEXT)


def test_publishing_killed_at_any_moment_leaves_the_last_publication_whole(settings):
    publish_night(settings, "a", as_of=S)
    shown = S.isoformat()
    moments = random.Random(20260302)
    duration = 0.5
    for number in range(8):
        as_of = S + timedelta(days=number + 1)
        built = candidate(settings, f"k{number}", as_of=as_of, factor=f"1.{number}0")
        audit = write_audit(settings, built.folder, GREEN, f"k{number}")
        process = start(settings, built, audit)
        begun = time.monotonic()
        if number == 0:
            # The first is left alone, to learn how long publishing takes on this machine.
            assert process.wait(timeout=60) == 0
            duration = time.monotonic() - begun
        else:
            time.sleep(moments.uniform(0, duration))
            process.kill()
            process.wait()
        after = assert_whole(settings)
        assert after in (shown, as_of.isoformat())
        shown = after
        if number % 2:
            publish(settings, built.folder, audit)
            shown = assert_whole(settings, as_of)
    cleanup(settings)
    names = [path.name for path in (settings.published / "releases").iterdir()]
    assert names and not [name for name in names if name.startswith(".")]


def test_readers_during_twenty_publications_see_no_torn_state(settings, tmp_path):
    publish_night(settings, "n0", as_of=S)
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(settings.published), str(stop)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for number in range(1, 21):
        publish_night(
            settings, f"n{number}", as_of=S + timedelta(days=number), factor=f"1.{number:02}"
        )
        cleanup(settings)
    stop.touch()
    for reader in readers:
        out, errors = reader.communicate(timeout=60)
        assert reader.returncode == 0, errors
        report = json.loads(out)
        assert report["torn"] == [] and report["seen"] > 2 and report["reads"] > 20, report
    assert_whole(settings, S + timedelta(days=20))
