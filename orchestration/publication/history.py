"""Rows frozen per night: written once, by publish, and never made again.

``history/snapshots/as_of=<S>/<publication id>.parquet`` holds the snapshot rows of ``outcomes``;
``history/_published/<publication id>.json`` says that the publication counts. A file without such a
record was left by a run that was killed, and is swept. Only the first publication of an S is
frozen: a restatement stands beside it in the releases and is not history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.ingest.engine import SPILL_FOLDER
from orchestration.publication.files import (
    READ_ONLY,
    fsync_file,
    fsync_folder,
    sha256_of,
    write_json,
)
from orchestration.settings import Settings

ORIGINAL = "original"
RESTATEMENT = "restatement"
SNAPSHOTS = "snapshots"


@dataclass(frozen=True)
class PublicationRecord:
    """One green publication. ``kind`` is ``original`` (the first of its S) or ``restatement``.

    ``computed_later`` marks an original whose S was already past when it was computed. ``frozen``
    maps a path below ``history`` to the sha256 of the file.
    """

    publication_id: str
    as_of: str
    kind: str
    computed_later: bool
    run_id: str
    published_at: str
    code_version: str
    ledger_hash: str
    history_hash: str
    release_sha: str
    frozen: Mapping[str, str]


def publication_records(settings: Settings) -> dict[str, PublicationRecord]:
    """All green publications ever made here, by publication id."""
    folder = settings.history / "_published"
    return {
        path.stem: PublicationRecord(**json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("*.json"))
        if not path.name.startswith(".")
    }


def original_nights(settings: Settings, before: date | None = None) -> list[PublicationRecord]:
    """The first publication of each S (earlier than ``before``), oldest S first."""
    return sorted(
        (
            record
            for record in publication_records(settings).values()
            if record.kind == ORIGINAL and (before is None or record.as_of < before.isoformat())
        ),
        key=lambda record: record.as_of,
    )


def frozen_snapshots(settings: Settings, before: date) -> list[Path]:
    """The frozen files of all published nights before ``before``, oldest first."""
    return [
        settings.history / path
        for record in original_nights(settings, before)
        for path in record.frozen
    ]


def history_hash(settings: Settings, as_of: date) -> str:
    """The hash of everything frozen on nights before ``as_of``; by content, not by name."""
    lines = [
        f"{record.as_of}\t{sha256}"
        for record in original_nights(settings, as_of)
        for sha256 in record.frozen.values()
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def freeze(
    settings: Settings, release: Path, as_of: date, publication_id: str, *, computed_later: bool
) -> dict[str, str]:
    """Write the snapshot rows of a release's ``outcomes`` to history; returns path → sha256.

    Each row says whether it was ``computed_later``, after its S was past.
    Nothing counts until :func:`record` names the file.
    """
    target = settings.history / SNAPSHOTS / f"as_of={as_of}" / f"{publication_id}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}")
    outcomes = release / "parquet" / "outcomes"
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.execute(f"set temp_directory = '{_quoted(settings.work / SPILL_FOLDER)}'")
        connection.execute("set preserve_insertion_order = true")
        connection.execute(
            f"copy (select *, {'true' if computed_later else 'false'} as computed_later "
            "from read_parquet($files, hive_partitioning = false) "
            f"where period_type = 'snapshot' order by all) to '{_quoted(temporary)}' "
            "(format parquet, compression zstd)",
            {"files": [str(path) for path in sorted(outcomes.glob("*.parquet"))]},
        )
    temporary.chmod(READ_ONLY)
    fsync_file(temporary)
    temporary.replace(target)
    fsync_folder(target.parent)
    return {str(target.relative_to(settings.history)): sha256_of(target)}


def record(settings: Settings, publication: PublicationRecord) -> None:
    """Make a publication count. From here on its S is published."""
    write_json(
        settings.history / "_published" / f"{publication.publication_id}.json",
        asdict(publication),
    )


def sweep(settings: Settings) -> int:
    """Delete frozen files that no publication names; returns the bytes freed."""
    named = {
        settings.history / path
        for publication in publication_records(settings).values()
        for path in publication.frozen
    }
    freed = 0
    for path in settings.history.glob(f"{SNAPSHOTS}/as_of=*/*.parquet"):
        if path not in named:
            freed += path.stat().st_size
            path.unlink()
    for folder in settings.history.glob(f"{SNAPSHOTS}/as_of=*"):
        if not any(folder.iterdir()):
            folder.rmdir()
    return freed


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
