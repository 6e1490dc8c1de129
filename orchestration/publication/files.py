"""Files that must survive a power cut: hashes, fsync, hard links and the atomic switch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

READ_ONLY = 0o444
OWNER_ONLY = 0o400
OWNER_AND_GROUP = 0o440


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fsync_file(path: Path) -> None:
    """Bring a file's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


fsync_folder = fsync_file
"""A folder is synced as a file is; it makes the names in it last."""


def fsync_tree(folder: Path) -> None:
    """Bring all files below ``folder`` and the names of all folders to the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if not path.is_symlink():
            fsync_file(path)
    fsync_folder(folder)


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that a reader sees the whole file or none, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(
        json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    fsync_file(temporary)
    temporary.replace(path)
    fsync_folder(path.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Give ``source`` a second name; copy where the file system has no hard links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def switch_link(link: Path, target: Path) -> None:
    """Point ``link`` at ``target`` in one step: a reader sees the old one or the new one.

    The link is relative to its own folder, so the whole tree may be moved or mounted elsewhere.
    """
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, link.parent))
    temporary.replace(link)
    fsync_folder(link.parent)


def remove_tree(folder: Path) -> int:
    """Delete a folder and return the bytes this frees; files linked elsewhere free nothing."""
    freed = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            if path.is_file() and not path.is_symlink() and status.st_nlink == 1:
                freed += status.st_size
    shutil.rmtree(folder, ignore_errors=True)
    return freed
