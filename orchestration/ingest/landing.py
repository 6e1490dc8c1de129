"""What lies in the landing: which folders are complete, and which are expected for a day.

``landing/<source>/<entity>/<YYYY-MM-DD>/`` is complete when it holds ``_SUCCESS`` or when its
newest file is older than the quiet time. Names that start with ``_`` or ``.`` and half-uploaded
names (``.tmp``, ``.part``, ``.filepart``) are never data.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestration.schema import (
    WEEKDAYS,
    Source,
    delivered_in,
    landing_folder,
    load_sources,
)
from orchestration.settings import Settings

SUCCESS = "_SUCCESS"
UPLOADING = (".tmp", ".part", ".filepart")


@dataclass(frozen=True)
class LandedFile:
    """A delivered file. ``path`` is relative to the landing; ``stamp`` changes when it is touched.

    ``stamp`` is size, modification and status-change time: equal stamps spare the hashing.
    """

    path: str
    size: int
    stamp: str


@dataclass(frozen=True)
class Folder:
    """One delivery: source, entity, extract date, its data files in order of their names."""

    source: str
    entity: str
    extract_date: date
    path: Path
    files: tuple[LandedFile, ...]
    has_success: bool
    is_uploading: bool
    newest_mtime: float

    def is_complete(self, quiet_minutes: float, now: float) -> bool:
        """True when the sender says so (``_SUCCESS``) or has been quiet long enough.

        ``now`` is in seconds since the epoch, like the files' modification times.
        """
        if self.has_success:
            return True
        quiet = now - self.newest_mtime >= quiet_minutes * 60
        return bool(self.files) and not self.is_uploading and quiet


@dataclass(frozen=True)
class DeliveryState:
    """The expected folders for S by the sources' calendars, as ``<source>/<entity>/<S>``.

    ``late`` are the missing ones whose source's deadline has passed. ``fingerprint`` changes when
    any complete folder dated ≤ S gains, loses or changes a file.
    """

    as_of: date
    complete: tuple[str, ...]
    missing: tuple[str, ...]
    late: tuple[str, ...]
    fingerprint: str

    @property
    def is_complete(self) -> bool:
        """True when something is expected for S and all of it has arrived."""
        return bool(self.complete) and not self.missing


def _subfolders(path: Path) -> list[os.DirEntry[str]]:
    if not path.is_dir():
        return []
    with os.scandir(path) as entries:
        found = [e for e in entries if e.is_dir() and not e.name.startswith((".", "_"))]
    return sorted(found, key=lambda entry: entry.name)


def _parse_date(name: str) -> date | None:
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None


def _read_folder(
    landing: Path, source: str, entity: str, day: date, entry: os.DirEntry[str]
) -> Folder:
    files: list[LandedFile] = []
    has_success = is_uploading = False
    newest = 0.0
    with os.scandir(entry.path) as entries:
        for item in entries:
            if not item.is_file():
                continue
            stat = item.stat()
            newest = max(newest, stat.st_mtime)
            if item.name == SUCCESS:
                has_success = True
            elif item.name.startswith((".", "_")):
                continue
            elif item.name.lower().endswith(UPLOADING):
                is_uploading = True
            else:
                path = "/".join((source, *Path(entry.path).parts[-2:], item.name))
                stamp = f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ctime_ns}"
                files.append(LandedFile(path, stat.st_size, stamp))
    files.sort(key=lambda file: file.path)
    return Folder(
        source,
        entity,
        day,
        Path(entry.path),
        tuple(files),
        has_success,
        is_uploading,
        newest,
    )


def landed_folders(landing: Path, as_of: date, entity: str | None = None) -> Iterator[Folder]:
    """Yield every delivery dated ≤ ``as_of``, in order of source, entity and date.

    Folders with other names than a source, an entity and an ISO date below them are left out;
    ``stray_folders`` lists them.
    """
    for source in _subfolders(landing):
        for entity_entry in _subfolders(Path(source.path)):
            name = delivered_in(source.name, entity_entry.name)
            if entity not in (None, name):
                continue
            for entry in _subfolders(Path(entity_entry.path)):
                day = _parse_date(entry.name)
                if day is not None and day <= as_of:
                    yield _read_folder(landing, source.name, name, day, entry)


def stray_folders(
    landing: Path, sources: dict[str, Source], entities: set[str]
) -> list[tuple[str, str]]:
    """Return (path relative to the landing, what is wrong with its name) of unreadable folders."""
    found: list[tuple[str, str]] = []
    for source in _subfolders(landing):
        if source.name not in sources:
            found.append((source.name, f"no orchestration/sources/{source.name}.yml declares it"))
            continue
        for entity in _subfolders(Path(source.path)):
            path = f"{source.name}/{entity.name}"
            if delivered_in(source.name, entity.name) not in entities:
                found.append((path, "the schema knows no entity of this name"))
                continue
            for day in _subfolders(Path(entity.path)):
                if _parse_date(day.name) is None:
                    found.append((f"{path}/{day.name}", "its name is not a date YYYY-MM-DD"))
    return found


def expected_deliveries(as_of: date) -> list[tuple[Source, str]]:
    """Return the (source, entity) pairs that the sources' calendars expect for ``as_of``."""
    weekday = WEEKDAYS[as_of.weekday()]
    return [
        (source, entity)
        for source in load_sources().values()
        for entity, delivery in source.entities.items()
        if weekday in delivery.expected
    ]


def deadline(source: Source, as_of: date) -> float:
    """Return the instant, in seconds since the epoch, by which ``source`` delivers for S."""
    hour, minute = (int(part) for part in source.deadline.split(":"))
    midnight = datetime(as_of.year, as_of.month, as_of.day, tzinfo=ZoneInfo(source.timezone))
    return midnight.replace(hour=hour, minute=minute).timestamp()


def delivery_state(settings: Settings, as_of: date, now: float | None = None) -> DeliveryState:
    """Say which expected folders for S have arrived, and fingerprint all deliveries dated ≤ S.

    A source or an optional entity that has never delivered anything is not waited for: it would
    hold back every night until the deadline. ``now`` (seconds since the epoch) is the sensor's
    clock; it decides only about quiet folders and lateness, never about a figure.
    """
    now = time.time() if now is None else now
    seen: set[tuple[str, str]] = set()
    silent_since: dict[str, bool] = {}
    complete_today: set[tuple[str, str]] = set()
    digest = hashlib.sha256()
    for folder in landed_folders(settings.landing, as_of):
        seen.add((folder.source, folder.entity))
        silent_since[folder.source] = False
        if not folder.is_complete(settings.quiet_minutes, now):
            continue
        if folder.extract_date == as_of:
            complete_today.add((folder.source, folder.entity))
        digest.update(f"{folder.source}/{folder.entity}/{folder.extract_date}\n".encode())
        for file in folder.files:
            digest.update(f"{file.path}\t{file.stamp}\n".encode())
    complete, missing, late = [], [], []
    for source, entity in expected_deliveries(as_of):
        name = f"{source.name}/{landing_folder(entity)}/{as_of}"
        required = source.delivery(entity).required
        if silent_since.get(source.name, True) or (
            not required and (source.name, entity) not in seen
        ):
            continue
        if (source.name, entity) in complete_today:
            complete.append(name)
            continue
        missing.append(name)
        if now > deadline(source, as_of):
            late.append(name)
    return DeliveryState(as_of, tuple(complete), tuple(missing), tuple(late), digest.hexdigest())
