"""Ingest killed with -9 in the middle: nothing half stays, and the next run finishes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.ingest import ingest_entity, ledger_hash, read_ledger
from orchestration.ingest.engine import connect
from orchestration.settings import PROJECT_ROOT, Settings

DAY = date(2026, 3, 2)
FILES, ROWS = 4, 30_000

CHILD = """
import os, signal, sys
from datetime import date
from pathlib import Path
from orchestration.ingest import ingest_entity, load
from orchestration.settings import Settings

home, moment = Path(sys.argv[1]), sys.argv[2]
settings = Settings(home=home, landing=home / "landing", demo=False, memory_limit="1GB")

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

if moment == "after_first_raw_file":
    place, calls = load.put_in_place, []
    def placed(*args):
        calls.append(place(*args))
        if len(calls) == 2:
            die()
    load.put_in_place = placed
elif moment == "before_ledger":
    load.write_ledger = die
elif moment == "before_sweep":
    load._Ingest._sweep = die
print("started", flush=True)
ingest_entity(settings, "customers", date(2026, 3, 2))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, landing=tmp_path / "landing", demo=False, memory_limit="1GB")


def deliver(settings: Settings, name: str = "part", version: int = 1) -> None:
    folder = settings.landing / "crm/customers/2026-03-02"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        with (folder / f"{name}{number}.csv").open("w") as handle:
            handle.write("customer_id,name\n")
            for row in range(ROWS):
                handle.write(f"C{number}-{row},version {version}\n")
            handle.write("short\n")
    (folder / "_SUCCESS").touch()


def start(settings: Settings, moment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(settings.home), moment],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def in_use(settings: Settings):
    with connect(settings) as con:
        return [row for row in read_ledger(settings, con, "customers") if row.is_in_use]


def content(settings: Settings):
    files = [str(settings.raw / row.raw_path) for row in in_use(settings)]
    with duckdb.connect() as con:
        return con.execute(
            f"select count(*), count(distinct customer_id), min(name), max(name) "
            f"from read_parquet({files})"
        ).fetchall()[0]


def assert_healed(settings: Settings, version: int) -> None:
    ingest_entity(settings, "customers", DAY)
    total = FILES * ROWS
    assert content(settings) == (total, total, f"version {version}", f"version {version}")
    named = {settings.raw / str(row.raw_path) for row in in_use(settings)}
    assert set((settings.raw / "customers").rglob("*.parquet")) == named
    assert sum(row.rows_rejected for row in in_use(settings)) == FILES
    again = ingest_entity(settings, "customers", DAY)
    assert again.files == 0


@pytest.mark.parametrize("moment", ["after_first_raw_file", "before_ledger"])
def test_a_first_load_killed_before_the_ledger_is_loaded_whole_by_the_next_run(
    settings: Settings, moment: str
) -> None:
    deliver(settings)
    assert start(settings, moment).wait(timeout=120) == -signal.SIGKILL
    assert in_use(settings) == [], "nothing counts before the ledger says so"
    assert_healed(settings, 1)


@pytest.mark.parametrize("moment", ["after_first_raw_file", "before_ledger", "before_sweep"])
def test_a_correction_killed_at_any_moment_shows_the_old_or_the_new_whole(
    settings: Settings, moment: str
) -> None:
    deliver(settings, version=1)
    ingest_entity(settings, "customers", DAY)
    before = ledger_hash(settings, DAY)
    deliver(settings, version=2)
    assert start(settings, moment).wait(timeout=120) == -signal.SIGKILL
    version = 2 if moment == "before_sweep" else 1
    total = FILES * ROWS
    assert content(settings) == (total, total, f"version {version}", f"version {version}")
    assert (ledger_hash(settings, DAY) == before) == (version == 1)
    assert_healed(settings, 2)


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.5])
def test_a_kill_at_a_random_moment_heals(settings: Settings, delay: float) -> None:
    deliver(settings)
    child = start(settings, "random")
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(delay)
    child.kill()
    child.wait(timeout=60)
    assert len(in_use(settings)) in (0, FILES)
    assert_healed(settings, 1)


def test_scratch_files_of_dead_processes_are_swept(settings: Settings) -> None:
    from orchestration.ingest import ingest_all

    deliver(settings)
    scratch = settings.raw / "_tmp"
    scratch.mkdir(parents=True)
    dead = (
        subprocess.run(
            [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
        )
        .stdout.decode()
        .strip()
    )
    (scratch / f"{dead}-abc.parquet").write_bytes(b"half")
    (scratch / f"{os.getpid()}-mine.parquet").write_bytes(b"working")
    ingest_all(settings, DAY)
    assert [path.name for path in scratch.iterdir()] == [f"{os.getpid()}-mine.parquet"]
