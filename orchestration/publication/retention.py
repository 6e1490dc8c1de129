"""What is kept and for how long, counted in S and never by the clock.

Readers resolve ``current`` once and keep what they opened, so a release must outlive the longest
query: the newest ones are kept by number and by days of S. Files of a kept release that are shared
with a deleted one stay, because they are hard links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.publication import history
from orchestration.publication.files import remove_tree
from orchestration.publication.publish import recover
from orchestration.publication.release import releases_folder
from orchestration.settings import Settings


@dataclass(frozen=True)
class CleanupReport:
    """What was removed, by path below ``published``, and the bytes that became free."""

    removed: tuple[str, ...]
    freed_bytes: int

    def __str__(self) -> str:
        if not self.removed:
            return "Nothing to clean up."
        return f"Removed {len(self.removed)} folders, {self.freed_bytes / 1e6:,.1f} MB freed."


def cleanup(settings: Settings, *, keep_run: str | None = None) -> CleanupReport:
    """Apply retention to releases, quality folders, leftovers of dead runs and unnamed history.

    Keeps the release readers get, the ``keep_releases`` newest S, and every S within
    ``keep_release_days`` days of it. The candidate of run ``keep_run`` stays: a red one is what
    somebody wants to look at. The caller holds the pipeline.
    """
    current = recover(settings)
    removed: list[str] = []
    freed = 0
    doomed = [
        *_leftovers(releases_folder(settings), keep_run),
        *_expired(settings, releases_folder(settings), current),
        *_leftovers(settings.published / "quality", None),
        *_expired(settings, settings.published / "quality", _resolved_quality(settings)),
    ]
    for folder in doomed:
        freed += remove_tree(folder)
        removed.append(str(folder.relative_to(settings.published)))
    freed += history.sweep(settings)
    return CleanupReport(tuple(removed), freed)


def _leftovers(folder: Path, keep_run: str | None) -> Iterable[Path]:
    kept = {f".building-{keep_run}"}
    return [
        path
        for pattern in (".building-*", ".publishing-*")
        for path in sorted(folder.glob(pattern))
        if path.name not in kept
    ]


def _expired(settings: Settings, folder: Path, current: Path | None) -> Iterable[Path]:
    dated = sorted(
        (
            (as_of, path)
            for path in folder.glob("*-*")
            if not path.is_symlink() and (as_of := _as_of(path)) is not None
        ),
        reverse=True,
    )
    if not dated:
        return []
    newest = [as_of for as_of, _ in dated]
    by_number = sorted(set(newest), reverse=True)[: max(1, settings.keep_releases)]
    oldest_kept = min(by_number[-1], newest[0] - timedelta(days=settings.keep_release_days))
    return [path for as_of, path in dated if as_of < oldest_kept and path.resolve() != current]


def _as_of(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.name[:10])
    except ValueError:
        return None


def _resolved_quality(settings: Settings) -> Path | None:
    link = settings.published / "quality" / "current"
    return link.resolve() if link.exists() else None
