"""The daemon as it runs in production, with nobody at it: a backfill of several days in order, and
a night that starts with its deliveries, is red, and runs again with the corrected one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from orchestration.alerts import last_alert
from orchestration.demo import ensure_deliveries
from orchestration.instance import NightRun, last_runs, workspace_path
from orchestration.publication.history import publication_records
from orchestration.settings import PROJECT_ROOT
from tests.e2e.test_own_landing import S, deliver, invoices_csv
from tests.support.nights import Company, end_process_group, published, rows, wait_until

DAYS = (date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5))
SECONDS = 1800
"""How long nights through the daemon may take; a quiet machine needs about a minute for each."""


@dataclass(frozen=True)
class Daemon:
    """A running daemon of a company with deliveries and no night yet."""

    company: Company
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until_up(self) -> None:
        wait_until(lambda: self.log.stat().st_size > 0, "the daemon to be up", SECONDS)

    def wait_until_published(self, as_of: date) -> None:
        """Return when readers get S and its run has ended."""
        current = self.company.settings().published / "current"

        def is_published() -> bool:
            self._is_alive()
            return current.exists() and current.resolve().name.startswith(as_of.isoformat())

        wait_until(is_published, f"S = {as_of}, see {self.log}", SECONDS)
        self._wait_until_ended()

    def wait_until_red(self) -> str:
        """Return what is said of a night when it has failed."""
        settings = self.company.settings()

        def is_told() -> bool:
            self._is_alive()
            return last_alert(settings) is not None

        wait_until(is_told, f"the night to be red, see {self.log}", SECONDS)
        self._wait_until_ended()
        return last_alert(settings).sentence

    def nights(self, as_of: date) -> list[NightRun]:
        """The runs for S, oldest first."""
        home = str(self.company.settings().dagster_home)
        with dg.DagsterInstance.from_config(home) as instance:
            return last_runs(instance, as_of.isoformat(), limit=10)[::-1]

    def _is_alive(self) -> None:
        assert self.process.poll() is None, self.log.read_text()[-3000:]

    def _wait_until_ended(self) -> None:
        """Return when no run is under way: publication and alert come before a run's end."""
        home = str(self.company.settings().dagster_home)
        with dg.DagsterInstance.from_config(home) as instance:
            wait_until(
                lambda: not any(run.is_active for run in last_runs(instance, limit=10)),
                f"the run to end, see {self.log}",
                SECONDS,
            )


@contextmanager
def daemon_of(company: Company, log: Path) -> Iterator[Daemon]:
    """``make serve``'s daemon, started as the systemd unit starts it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.serve", "daemon"],
            cwd=PROJECT_ROOT,
            env=company.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Daemon(company, process, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
            end_process_group(process.pid)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path / "home", {"UTFALL_DEMO_SCALE": "0.02"})


def was_full(company: Company, as_of: date) -> bool:
    """Whether the night of a day was built in full, as its build file's materialization says."""
    home = str(company.settings().dagster_home)
    with dg.DagsterInstance.from_config(home) as instance:
        (found,) = instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=dg.AssetKey("build_file"), asset_partitions=[as_of.isoformat()]
            ),
            limit=1,
        ).records
    return bool(found.asset_materialization.metadata["is_full"].value)


def test_a_backfill_publishes_its_days_in_order(company: Company, tmp_path: Path):
    settings = company.settings()
    ensure_deliveries(settings.landing, DAYS[-1], seed=settings.seed, scale=settings.scale)
    with daemon_of(company, tmp_path / "daemon.log") as daemon:
        daemon.wait_until_up()
        asked = subprocess.run(
            [
                *(sys.executable, "-m", "dagster", "job", "backfill"),
                *("-w", str(workspace_path()), "-j", "nightly", "--noprompt"),
                *("--partitions", ",".join(day.isoformat() for day in DAYS)),
            ],
            cwd=PROJECT_ROOT,
            env={**company.environment(), "DAGSTER_HOME": str(settings.dagster_home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert asked.returncode == 0, asked.stdout + asked.stderr
        daemon.wait_until_published(DAYS[-1])
    records = sorted(publication_records(settings).values(), key=lambda r: r.published_at)
    assert [record.as_of for record in records] == [day.isoformat() for day in DAYS]
    assert [was_full(company, day) for day in DAYS] == [True, False, False]


def test_a_red_night_runs_again_by_itself_when_the_delivery_is_corrected(tmp_path: Path):
    deliver(tmp_path / "landing")
    (invoices,) = (tmp_path / "landing").glob("erp/invoices/*/invoices.csv")
    invoices.write_text(invoices_csv().replace("invoice_id,", "number,"), encoding="utf-8")
    company = Company(tmp_path / "home", {"UTFALL_LANDING": str(tmp_path / "landing")})
    with daemon_of(company, tmp_path / "daemon.log") as daemon:
        said = daemon.wait_until_red()
        assert "invoices" in said and not (company.home / "published" / "current").exists()
        invoices.write_text(invoices_csv(), encoding="utf-8")
        daemon.wait_until_published(S)
        red, green = daemon.nights(S)
    assert (red.status, green.status) == ("FAILURE", "SUCCESS")
    assert red.deliveries != green.deliveries
    with published(company.current) as connection:
        assert rows(
            connection,
            "select sum(value) > 0 from outcomes where budget_type_id = 'invoiced_revenue' "
            "and node_level = 'company' and period_type = 'month' and basis = 'reported'",
        ) == [(True,)]
