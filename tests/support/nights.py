"""A company in a folder of its own, and nights run on it the way a person runs them: as a command.

Every night is ``python -m orchestration.nightly`` in a process of its own, with settings from the
environment alone. What a test reads afterwards is what BI reads: files below ``published``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psutil

from orchestration.progress import STAGE_WORDS
from orchestration.publication.files import sha256_of
from orchestration.publication.release import DATABASE
from orchestration.quality.suites import AUDIT_TABLES
from orchestration.settings import PROJECT_ROOT, Settings, load_settings

DEMO_SCALE = "0.05"
"""A twentieth of the demo company: 16 reps and 10,000 invoice lines, whole in every entity."""

NIGHT_SECONDS = 900
"""How long a night may take before a test gives it up; a quiet machine needs about 75 seconds."""


@dataclass(frozen=True)
class Night:
    """A night that has ended: exit code and what it said on the screen."""

    as_of: date
    exit_code: int
    said: str
    complained: str

    @property
    def is_green(self) -> bool:
        """Whether the command ended with success."""
        return self.exit_code == 0


@dataclass(frozen=True)
class Company:
    """A folder with landing, raw, work, published and history, and the settings to run nights on.

    ``variables`` are added to the environment of each of its nights.
    """

    home: Path
    variables: Mapping[str, str] = field(default_factory=lambda: {"UTFALL_DEMO_SCALE": DEMO_SCALE})

    def environment(self, **variables: str) -> dict[str, str]:
        """The environment of a night: without any setting that this machine may have of its own."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("UTFALL_", "DAGSTER_"))
        }
        return {**inherited, "UTFALL_HOME": str(self.home), **self.variables, **variables}

    def settings(self, **variables: str) -> Settings:
        """The settings a night of this company gets."""
        return load_settings(self.environment(**variables))

    def start(self, as_of: date, **variables: str) -> RunningNight:
        """Start a night and return at once."""
        return RunningNight(as_of, self.environment(**variables))

    def run(self, as_of: date, **variables: str) -> Night:
        """Run a night to its end, whatever it comes to."""
        return self.start(as_of, **variables).finish()

    def run_green(self, as_of: date, **variables: str) -> Night:
        """Run a night that must be green; the assertion shows what it said where it is not."""
        night = self.run(as_of, **variables)
        assert night.is_green, f"{as_of} failed:\n{night.said}\n{night.complained}"
        return night

    def copy_to(self, home: Path) -> Company:
        """The same company in another folder, so that a test may spoil it."""
        shutil.copytree(self.home, home, symlinks=True)
        return Company(home, self.variables)

    def release_of(self, as_of: date) -> Path:
        """The only release of an S."""
        (release,) = (self.home / "published" / "releases").glob(f"{as_of}-*")
        return release

    @property
    def current(self) -> Path:
        """The release readers get now, resolved as a client does."""
        return (self.home / "published" / "current").resolve(strict=True)

    def handover(self, as_of: date) -> dict[str, dict[str, Any]]:
        """What the stages of the last run for an S left for each other."""
        return json.loads((self.home / "work" / f"{as_of}.handover.json").read_text())

    def quality(self) -> duckdb.DuckDBPyConnection:
        """The audit's tables as a reader of ``published/quality`` gets them."""
        folder = (self.home / "published" / "quality" / "current").resolve(strict=True)
        return duckdb.connect(str(folder / "utfall_quality.duckdb"), read_only=True)


class RunningNight:
    """A night in a process of its own; its lines are read as they come."""

    def __init__(self, as_of: date, environment: Mapping[str, str]) -> None:
        self.as_of = as_of
        self._lines: list[str] = []
        self._complaints: list[str] = []
        self._came = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.nightly", "--as-of", as_of.isoformat()],
            cwd=PROJECT_ROOT,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in (
                (self.process.stdout, self._lines),
                (self.process.stderr, self._complaints),
            )
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._came:
                lines.append(line)
                self._came.notify_all()
        with self._came:
            self._came.notify_all()

    def wait_for_stage(self, stage: str) -> None:
        """Return as soon as the night says that ``stage`` (a key of STAGE_WORDS) has begun."""
        wanted = f"{STAGE_WORDS[stage]} …"
        deadline = time.monotonic() + NIGHT_SECONDS
        with self._came:
            while not any(line.startswith(wanted) for line in self._lines):
                assert self.process.poll() is None, f"ended before {stage}:\n{self._text()}"
                assert time.monotonic() < deadline, f"never reached {stage}:\n{self._text()}"
                self._came.wait(timeout=1)

    def stages_done(self) -> list[str]:
        """The stages the night said it had finished, in order."""
        by_words = {f"{words} done": stage for stage, words in STAGE_WORDS.items()}
        return [
            stage
            for line in self._lines
            for words, stage in by_words.items()
            if line.startswith(words)
        ]

    def kill(self) -> None:
        """Kill the night with -9, and only it: what it started stays, as after a real kill."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def finish(self) -> Night:
        """Wait for the end of the night."""
        try:
            self.process.wait(timeout=NIGHT_SECONDS)
        except subprocess.TimeoutExpired:
            end_process_group(self.process.pid)
            raise
        for reader in self._readers:
            reader.join(timeout=10)
        return Night(
            self.as_of, self.process.returncode, "".join(self._lines), "".join(self._complaints)
        )

    def _text(self) -> str:
        return "".join(self._lines + self._complaints)


def end_process_group(leader: int) -> None:
    """End what a killed night left running: the processes of its own session, and no others."""
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader:
                process.kill()
        except (psutil.Error, ProcessLookupError):
            continue


def parquet_hashes(release: Path) -> dict[str, str]:
    """sha256 per Parquet file of a release, all tables but the audit's five, from the bytes."""
    folder = release / "parquet"
    return {
        str(path.relative_to(folder)): sha256_of(path)
        for path in sorted(folder.rglob("*.parquet"))
        if path.relative_to(folder).parts[0].removesuffix(".parquet") not in AUDIT_TABLES
    }


def tree_hashes(folder: Path) -> dict[str, str]:
    """sha256 per file below a folder."""
    return {
        str(path.relative_to(folder)): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def published(release: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The release as BI reads it: its DuckDB file, read-only, and all evidence from the Parquet.

    The DuckDB file holds the evidence of the current year; the view ``all_evidence`` reads every
    month's file.
    """
    with duckdb.connect(str(release / DATABASE), read_only=True) as connection:
        connection.execute(
            "create temp view all_evidence as select * from read_parquet("
            f"'{release}/parquet/outcome_evidence/*.parquet', hive_partitioning = false)"
        )
        yield connection


def see_delivered(
    connection: duckdb.DuckDBPyConnection, company: Company, entity: str, as_of: date
) -> None:
    """Create the temp view ``delivered_<entity>``: the last version of each row delivered up to S.

    It reads the raw files alone, as text, and knows nothing of staging.
    """
    files = f"{company.home}/raw/{entity}/extract_date=*/*.parquet"
    connection.execute(
        f"""
        create or replace temp view delivered_{entity} as
        select * exclude (recency)
        from (
            select *, row_number() over (
                partition by source_id
                order by cast(recorded_at as timestamptz) desc, extract_date desc, record_no desc
            ) as recency
            from read_parquet('{files}', union_by_name = true, hive_partitioning = true,
                hive_types = {{'extract_date': date}})
            where extract_date <= date '{as_of}'
        )
        where recency = 1 and not cast(is_deleted as boolean)
        """
    )


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Any = None
) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return connection.execute(query, parameters).fetchall()


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Look until something is so; the assertion says what was waited for."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.1)
