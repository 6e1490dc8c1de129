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

from orchestration.postgres.server import PostgresError
from orchestration.publication import history, to_postgres
from orchestration.publication.audit import PublicationRefused
from orchestration.publication.files import remove_tree
from orchestration.publication.postgres_parts import NOTHING, Removed
from orchestration.publication.publish import recover
from orchestration.publication.release import current_release, releases_folder
from orchestration.settings import Settings


@dataclass(frozen=True)
class CleanupReport:
    """What was removed, by path below ``published``, and the bytes that became free.

    ``in_postgres`` counts partitions; ``problem`` says why Postgres was left for the next time.
    """

    removed: tuple[str, ...]
    freed_bytes: int
    in_postgres: Removed = NOTHING
    problem: str = ""

    def __str__(self) -> str:
        said = []
        if self.removed:
            said.append(
                f"Removed {len(self.removed)} folders, {self.freed_bytes / 1e6:,.1f} MB freed."
            )
        if self.in_postgres.parts:
            said.append(f"Removed {self.in_postgres.parts} partitions in Postgres.")
        if self.in_postgres.waiting:
            said.append(
                f"Readers hold up {self.in_postgres.waiting} partitions in Postgres; they are "
                "removed the next time."
            )
        if self.problem:
            said.append(self.problem)
        return " ".join(said) or "Nothing to clean up."


def cleanup(settings: Settings, *, keep_run: str | None = None) -> CleanupReport:
    """Apply retention to releases, quality folders, leftovers of dead runs and unnamed history.

    Keeps the release readers get, the ``keep_releases`` newest S, and every S within
    ``keep_release_days`` days of it. The candidate of run ``keep_run`` stays: a red one is what
    somebody wants to look at. Postgres keeps the same publications; where it does not answer, the
    files are cleaned up all the same. The caller holds the pipeline.
    """
    problem, in_postgres = "", NOTHING
    try:
        current = recover(settings)
    except PublicationRefused as refused:
        problem, current = str(refused), current_release(settings)
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
    if not problem:
        try:
            in_postgres = to_postgres.remove_expired(settings, _kept(settings))
        except PostgresError as failed:
            problem = f"Nothing was cleaned up in Postgres: {failed}"
    return CleanupReport(tuple(removed), freed, in_postgres, problem)


def _kept(settings: Settings) -> list[str]:
    """The ids of the publications whose releases are kept."""
    return [
        path.name[len("2026-01-01-") :]
        for path in releases_folder(settings).glob("*-*")
        if _as_of(path) is not None
    ]


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
