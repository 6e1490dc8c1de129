"""Every path and knob of a run, read once from the environment.

Nothing else in the project reads an environment variable or builds a path of its own; the README
lists the variables. Run-time data never lands in the source tree: it all lies below ``home``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The repository root, which is also the dbt project."""

REPORT_LANGUAGES = ("sv", "en")
"""Languages of the quality report; the first is shown unless another is asked for."""

TARGETS = ("duckdb", "postgres")
"""The engines a night can be computed on; they are targets of profiles.yml."""


class SettingsError(ValueError):
    """An environment variable holds a value that cannot be used; the text names it."""


def _number(env: Mapping[str, str], name: str, default: float, kind: type = float):
    raw = env.get(name, "").strip()
    if not raw:
        return kind(default)
    try:
        return kind(raw)
    except ValueError:
        raise SettingsError(
            f"{name}={raw!r} is not a number; unset it to use {default} or give a number."
        ) from None


def _one_of(env: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    """The value of a variable that knows few words; the first of them where it is not set."""
    value = env.get(name, "").strip() or known[0]
    if value not in known:
        raise SettingsError(f"{name}={value!r} is not known; use {' or '.join(known)}.")
    return value


@dataclass(frozen=True)
class Settings:
    """All knobs of one run.

    Paths are absolute. ``scale`` multiplies the demo company (1.0 = 200,000 invoice lines);
    times are minutes unless the name says otherwise.
    """

    home: Path
    landing: Path
    demo: bool
    target: str = "duckdb"
    postgres_url: str | None = None
    publish_postgres_url: str | None = field(default=None, repr=False)
    threads: int = 2
    memory_limit: str = "4500MB"
    gate_memory_limit: str = "2GB"
    seed: int = 20260302
    scale: float = 1.0
    defects: tuple[str, ...] = ()
    company_currency: str = "SEK"
    company_calendar_id: str = "SE"
    timezone: str = "Europe/Stockholm"
    quiet_minutes: int = 30
    keep_releases: int = 7
    keep_release_days: int = 7
    keep_quality_days: int = 400
    keep_report_days: int = 90
    report_language: str = "sv"
    run_timeout_factor: float = 3.0
    disk_headroom_factor: float = 2.0
    restricted_group: str | None = None
    webhook_url: str | None = None
    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    smtp_tls: bool = True
    mail_from: str = "utfall@localhost"
    mail_to: tuple[str, ...] = ()
    dagster_port: int = 3000

    @property
    def raw(self) -> Path:
        """Delivered rows as Parquet, the ledger and the rejects."""
        return self.home / "raw"

    @property
    def work(self) -> Path:
        """Build files of runs, and ``base.json``, which names the last green one."""
        return self.home / "work"

    @property
    def published(self) -> Path:
        """What BI reads: ``current``, ``releases/`` and ``quality/``."""
        return self.home / "published"

    @property
    def history(self) -> Path:
        """Rows frozen per night; the one thing that cannot be made again."""
        return self.home / "history"

    @property
    def audit(self) -> Path:
        """Run records: verdicts bound to the content that was judged."""
        return self.home / "audit"

    @property
    def postgres(self) -> Path:
        """The data of the embedded Postgres server, where no other one is named."""
        return self.home / "postgres"

    @property
    def dagster_home(self) -> Path:
        """Dagster's run storage, event logs and schedules."""
        return self.home / "dagster"


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``env`` (default: the process environment).

    Raises ``SettingsError`` with the variable's name where a value cannot be used.
    """
    env = os.environ if env is None else env
    home = Path(env.get("UTFALL_HOME") or PROJECT_ROOT / ".utfall").expanduser().resolve()
    landing = env.get("UTFALL_LANDING", "").strip()
    return Settings(
        home=home,
        landing=Path(landing).expanduser().resolve() if landing else home / "landing",
        demo=not landing,
        target=_one_of(env, "UTFALL_TARGET", TARGETS),
        postgres_url=env.get("UTFALL_POSTGRES_URL", "").strip() or None,
        publish_postgres_url=env.get("UTFALL_PUBLISH_POSTGRES_URL", "").strip() or None,
        threads=_number(env, "UTFALL_THREADS", 2, int),
        memory_limit=env.get("UTFALL_MEMORY_LIMIT", "").strip() or "4500MB",
        gate_memory_limit=env.get("UTFALL_GATE_MEMORY_LIMIT", "").strip() or "2GB",
        seed=_number(env, "UTFALL_DEMO_SEED", 20260302, int),
        scale=_number(env, "UTFALL_DEMO_SCALE", 1.0),
        defects=tuple(d for d in env.get("UTFALL_DEMO_DEFECTS", "").replace(",", " ").split() if d),
        company_currency=env.get("UTFALL_COMPANY_CURRENCY", "").strip() or "SEK",
        company_calendar_id=env.get("UTFALL_COMPANY_CALENDAR", "").strip() or "SE",
        timezone=env.get("UTFALL_TIMEZONE", "").strip() or "Europe/Stockholm",
        quiet_minutes=_number(env, "UTFALL_QUIET_MINUTES", 30, int),
        keep_releases=_number(env, "UTFALL_KEEP_RELEASES", 7, int),
        keep_release_days=_number(env, "UTFALL_KEEP_RELEASE_DAYS", 7, int),
        keep_quality_days=_number(env, "UTFALL_KEEP_QUALITY_DAYS", 400, int),
        keep_report_days=_number(env, "UTFALL_KEEP_REPORT_DAYS", 90, int),
        report_language=_one_of(env, "UTFALL_REPORT_LANGUAGE", REPORT_LANGUAGES),
        run_timeout_factor=_number(env, "UTFALL_RUN_TIMEOUT_FACTOR", 3.0),
        disk_headroom_factor=_number(env, "UTFALL_DISK_HEADROOM_FACTOR", 2.0),
        restricted_group=env.get("UTFALL_RESTRICTED_GROUP", "").strip() or None,
        webhook_url=env.get("UTFALL_WEBHOOK_URL", "").strip() or None,
        smtp_host=env.get("UTFALL_SMTP_HOST", "").strip() or None,
        smtp_port=_number(env, "UTFALL_SMTP_PORT", 587, int),
        smtp_user=env.get("UTFALL_SMTP_USER", "").strip() or None,
        smtp_password=env.get("UTFALL_SMTP_PASSWORD") or None,
        smtp_tls=_one_of(env, "UTFALL_SMTP_TLS", ("on", "off")) == "on",
        mail_from=env.get("UTFALL_MAIL_FROM", "").strip() or "utfall@localhost",
        mail_to=tuple(env.get("UTFALL_MAIL_TO", "").replace(",", " ").split()),
        dagster_port=_number(env, "UTFALL_DAGSTER_PORT", 3000, int),
    )
