"""One pipeline at a time, whoever starts it: schedule, sensor, UI, ``make`` or a person.

Dagster's pools and queue do not see ``dagster job execute``, so the pipeline keeps a lock of its
own: an advisory lock on a file, with the holder's details in it. The operating system releases it
when the holder ends, however it ends, so a dead holder never has to be cleaned up after.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.settings import Settings


@dataclass(frozen=True)
class Holder:
    """Who holds the pipeline: process, run and the S it works on."""

    pid: int
    host: str
    run_id: str
    as_of: str
    since: str

    def __str__(self) -> str:
        day = f" for {self.as_of}" if self.as_of else ""
        return f"run {self.run_id}{day} (process {self.pid} on {self.host}, since {self.since})"


class PipelineBusy(RuntimeError):
    """Another run holds the pipeline; the text names it and says what to do."""

    def __init__(self, holder: Holder | None):
        self.holder = holder
        if holder is None:
            super().__init__(
                "Another run has just taken the pipeline. Wait for it to end and start again."
            )
        else:
            super().__init__(
                f"The pipeline is busy: {holder}. Only one run may write at a time. Wait for it to "
                f"end and start again; `make status` shows it. If it hangs, stop process "
                f"{holder.pid} on {holder.host}: the lock is freed when the process ends."
            )


def lock_path(settings: Settings) -> Path:
    """The lock file. It stays between runs: that it exists says nothing."""
    return settings.home / "pipeline.lock"


@contextmanager
def single_writer(
    settings: Settings, holder: str, *, as_of: str = ""
) -> Generator[Holder, None, None]:
    """Hold the pipeline for the length of the block.

    ``holder`` is the run's id, ``as_of`` its S. Raises ``PipelineBusy`` at once when another
    process (or another block of this one) holds it.
    """
    path = lock_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _acquire(descriptor):
            raise PipelineBusy(_read_holder(path))
        me = Holder(
            pid=os.getpid(),
            host=socket.gethostname(),
            run_id=holder,
            as_of=str(as_of),
            since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(me)).encode(), 0)
        try:
            yield me
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int) -> bool:
    """Try for half a second: ``current_holder`` holds the lock for an instant when it looks."""
    for _ in range(5):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            return True
    return False


def current_holder(settings: Settings) -> Holder | None:
    """Who holds the pipeline now, or None. Takes nothing from the holder."""
    path = lock_path(settings)
    if not path.exists():
        return None
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(path)
    finally:
        os.close(descriptor)
    return None


def _read_holder(path: Path) -> Holder | None:
    """The details in the file, or None in the moment before the holder has written them."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
