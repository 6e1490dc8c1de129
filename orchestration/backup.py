"""``make backup`` and ``make restore``: what cannot be made again, in one file that proves itself.

Raw rows with their ledger, the history frozen per night, the audit records, the quality record and
the current publication. Builds are left out: the first night after a restore makes one from raw.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.lock import PipelineBusy, single_writer
from orchestration.publication.files import (
    fsync_file,
    fsync_folder,
    fsync_tree,
    sha256_of,
    switch_link,
)
from orchestration.settings import Settings, SettingsError, load_settings

CONTENTS = "backup.json"
FOLDERS = ("raw", "history", "audit")
LINKS = ("published/current", "published/quality/current")
"""Links whose folders are kept and that point to them again after a restore."""

MEGABYTE = 1e6
OWNER_ONLY = 0o600
"""A backup holds rows as delivered and costs of persons."""


class BackupError(RuntimeError):
    """A backup or restore that cannot be done as asked; the text says what to do."""


@dataclass(frozen=True)
class Backup:
    """What was written or restored: the file, how many files it holds and their bytes."""

    path: Path
    files: int
    size: int


def _kept_files(settings: Settings) -> Iterator[Path]:
    """Every file to keep, below home."""
    folders = [settings.home / name for name in FOLDERS]
    folders += [link.resolve() for link in _links(settings).values()]
    for folder in folders:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _links(settings: Settings) -> dict[str, Path]:
    return {name: settings.home / name for name in LINKS if (settings.home / name).exists()}


def backup(settings: Settings, target: Path) -> Backup:
    """Write the backup file ``target``; it appears whole or not at all.

    The caller holds the pipeline. Raises ``BackupError`` where nothing was ever ingested or the
    file is there already.
    """
    if not any((settings.home / name).is_dir() for name in FOLDERS):
        raise BackupError(f"There is nothing to keep in {settings.home}: no night has been run.")
    if target.exists():
        raise BackupError(f"{target} is there already; name another file with TO=.")
    files = list(_kept_files(settings))
    entries = {
        str(path.relative_to(settings.home)): {
            "sha256": sha256_of(path),
            "mode": path.stat().st_mode & 0o777,
        }
        for path in files
    }
    links = {
        name: os.path.relpath(link.resolve(), settings.home)
        for name, link in _links(settings).items()
    }
    contents = json.dumps({"files": entries, "links": links}, indent=1).encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        # Files that share their bytes by hard link are each kept whole.
        with (
            open(draft, "xb", opener=_private) as out,
            tarfile.open(fileobj=out, mode="w|", dereference=True) as tar,
        ):
            info = tarfile.TarInfo(CONTENTS)
            info.size = len(contents)
            tar.addfile(info, io.BytesIO(contents))
            for path in files:
                tar.add(path, arcname=str(path.relative_to(settings.home)), recursive=False)
        fsync_file(draft)
        draft.replace(target)
        fsync_folder(target.parent)
    finally:
        draft.unlink(missing_ok=True)
    return Backup(target, len(files), target.stat().st_size)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, OWNER_ONLY)


def restore(settings: Settings, source: Path) -> Backup:
    """Bring back what the file ``source`` holds into an empty home.

    Every file is compared with its hash before anything is put in its place. The caller holds the
    pipeline. Raises ``BackupError`` where the home is not empty or the file is not whole.
    """
    if not source.is_file():
        raise BackupError(f"There is no backup {source}; name one with FROM=.")
    present = [name for name in (*FOLDERS, "published") if any_file(settings.home / name)]
    if present:
        raise BackupError(
            f"{settings.home} already holds {', '.join(present)}; nothing was changed. Restore "
            "into an empty folder (HOME_DIR=), or move these away first."
        )
    stage = settings.home / f".restoring-{os.getpid()}"
    shutil.rmtree(stage, ignore_errors=True)
    try:
        contents = _unpack(source, stage)
        for name, entry in contents["files"].items():
            (stage / name).chmod(entry["mode"])
        fsync_tree(stage)
        for name in (*FOLDERS, "published"):
            if (stage / name).exists():
                shutil.rmtree(settings.home / name, ignore_errors=True)
                (stage / name).rename(settings.home / name)
        for name, folder in contents["links"].items():
            switch_link(settings.home / name, settings.home / folder)
        fsync_folder(settings.home)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return Backup(source, len(contents["files"]), source.stat().st_size)


def any_file(folder: Path) -> bool:
    """Whether there is a file anywhere in a folder."""
    return folder.is_dir() and any(path.is_file() for path in folder.rglob("*"))


def _unpack(source: Path, stage: Path) -> Mapping[str, Any]:
    """Unpack into ``stage`` and compare everything with the hashes at the head of the file."""
    seen = set()
    try:
        with tarfile.open(source, mode="r|") as tar:
            head = tar.next()
            if head is None or head.name != CONTENTS:
                raise BackupError(
                    f"{source} is no backup of Utfall: it does not say what it holds."
                )
            with closing(tar.extractfile(head)) as file:
                contents = json.load(file)
            while (member := tar.next()) is not None:
                known = contents["files"].get(member.name)
                if known is None or not member.isfile():
                    raise BackupError(f"{source} holds {member.name}, which its list does not.")
                path = stage / member.name
                if not path.resolve().is_relative_to(stage.resolve()):
                    raise BackupError(f"{source} would write outside of its folder: {member.name}.")
                path.parent.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256()
                with closing(tar.extractfile(member)) as file, path.open("wb") as out:
                    while block := file.read(1 << 20):
                        digest.update(block)
                        out.write(block)
                if digest.hexdigest() != known["sha256"]:
                    raise BackupError(f"{source} is damaged: {member.name} is not what was kept.")
                seen.add(member.name)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BackupError(f"{source} cannot be read ({error}); nothing was restored.") from error
    missing = sorted(set(contents["files"]) - seen)
    if missing:
        raise BackupError(f"{source} is cut off: {missing[0]} and {len(missing) - 1} more miss.")
    return contents


def main(arguments: Sequence[str] | None = None) -> int:
    """Back up or restore from the command line; 1 with a sentence where it cannot be done."""
    parser = argparse.ArgumentParser(prog="make backup", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["backup", "restore"])
    parser.add_argument("--file", type=Path, default=None)
    given = parser.parse_args(arguments)
    try:
        settings = load_settings()
        settings.home.mkdir(parents=True, exist_ok=True)
        with single_writer(settings, given.what):
            if given.what == "backup":
                stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
                target = given.file or settings.home / "backups" / f"utfall-{stamp}.tar"
                done = backup(settings, target.resolve())
                print(f"Kept {done.files:,} files, {done.size / MEGABYTE:,.1f} MB, in {done.path}.")
                print("Copy it to another machine. Bring it back with: make restore FROM=<file>")
            else:
                if given.file is None:
                    raise BackupError("Name the backup: make restore FROM=<file> HOME_DIR=<folder>")
                done = restore(settings, given.file.resolve())
                print(f"Restored {done.files:,} files from {done.path} to {settings.home}.")
                print("Readers have the last publication; `make nightly` goes on from there.")
    except (SettingsError, PipelineBusy, BackupError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
