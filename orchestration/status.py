"""``make status``: one screen on whether today's figures are out, and if not, why.

Exit code 1 when the publication is older than today's S. Today's S is the newest extract date
delivered (not after today); for the demo company, whose clock is its deliveries, the newest day it
has delivered.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestration import alerts
from orchestration.as_of import delivered_days, published_as_of
from orchestration.instance import NightRun, last_runs, prepare_home
from orchestration.lock import Holder, current_holder
from orchestration.settings import Settings, SettingsError, load_settings

GIGABYTE = 1024**3
ENDED_WELL = "SUCCESS"


@dataclass(frozen=True)
class Status:
    """What the screen shows. Sizes are bytes, times are local, ``due`` is today's S."""

    published: date | None
    publication_id: str
    published_at: str
    due: date | None
    last_run: NightRun | None
    alert: alerts.Alert | None
    holder: Holder | None
    next_run: datetime
    used: dict[str, int]
    free: int

    @property
    def is_stale(self) -> bool:
        """Whether the publication is older than today's S (or there is none)."""
        return self.published is None or (self.due is not None and self.published < self.due)


def render(status: Status) -> str:
    """Return the screen as text, one fact per line."""
    lines = [("publication", _publication(status)), ("last run", _last_run(status.last_run))]
    if status.alert is not None and (
        status.last_run is None or status.alert.run_id == status.last_run.run_id
    ):
        lines.append(("why", status.alert.sentence))
    lines.append(("running", str(status.holder) if status.holder else "nothing; the lock is free"))
    lines.append(("next run", f"{status.next_run:%Y-%m-%d %H:%M} ({status.next_run.tzname()})"))
    used = ", ".join(f"{name} {size / GIGABYTE:.2f}" for name, size in status.used.items())
    lines.append(("disk (GB)", f"{used}; free {status.free / GIGABYTE:.1f}"))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in lines)


def _publication(status: Status) -> str:
    if status.published is None:
        return "none yet; start one with `make nightly`"
    text = f"S = {status.published}, id {status.publication_id}, published {status.published_at}"
    if status.is_stale:
        late = (status.due - status.published).days
        return f"{text}; {late} day{'s' if late != 1 else ''} behind today's S = {status.due}"
    return f"{text}; up to date"


def _last_run(run: NightRun | None) -> str:
    if run is None:
        return "none yet"
    verdict = "green" if run.status == ENDED_WELL else run.status.lower()
    when = f", ended {run.ended:%Y-%m-%d %H:%M} UTC" if run.ended else ""
    took = (
        f" after {(run.ended - run.started).total_seconds():.0f} s"
        if run.ended and run.started
        else ""
    )
    return f"S = {run.as_of}: {verdict}{when}{took} (run {run.run_id[:8]})"


def next_start(now: datetime) -> datetime:
    """Return the next 02:30 after ``now``, in the zone of ``now`` (which follows summer time)."""
    today = now.replace(hour=2, minute=30, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def size_of(folder: Path) -> int:
    """Return the bytes below ``folder``; a file that several releases share counts once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            stat = (Path(root) / name).lstat()
            if (stat.st_dev, stat.st_ino) not in seen:
                seen.add((stat.st_dev, stat.st_ino))
                total += stat.st_size
    return total


def gather(settings: Settings, now: datetime) -> Status:
    """Read what the screen shows from disk and from Dagster's run storage."""
    import dagster as dg

    prepare_home(settings)
    manifest = settings.published / "current" / "manifest.json"
    current = json.loads(manifest.read_text()) if manifest.is_file() else {}
    days = [day for day in delivered_days(settings.landing) if day <= now.date()]
    with dg.DagsterInstance.get() as instance:
        runs = last_runs(instance)
    return Status(
        published=published_as_of(settings),
        publication_id=current.get("publication_id", ""),
        published_at=_published_at(settings),
        due=days[-1] if days else None,
        last_run=runs[0] if runs else None,
        alert=alerts.last_alert(settings),
        holder=current_holder(settings),
        next_run=next_start(now),
        used={
            name: size_of(path)
            for name, path in (
                ("raw", settings.raw),
                ("work", settings.work),
                ("published", settings.published),
                ("dagster", settings.dagster_home),
            )
        },
        free=shutil.disk_usage(settings.home).free,
    )


def _published_at(settings: Settings) -> str:
    link = settings.published / "current"
    if not link.is_symlink():
        return ""
    return datetime.fromtimestamp(link.lstat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the screen; 1 when the publication is older than today's S."""
    try:
        settings = load_settings()
        status = gather(settings, datetime.now(ZoneInfo(settings.timezone)))
    except SettingsError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(render(status))
    return 1 if status.is_stale else 0


if __name__ == "__main__":
    sys.exit(main())
