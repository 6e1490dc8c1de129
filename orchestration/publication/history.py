"""Rows frozen per night: written once, by publish, and never made again.

``history/<table>/as_of=<S>/<publication id>.parquet`` holds rows of one publication of S:

- ``snapshots``: the snapshot rows of ``outcomes``;
- ``scores``: the night's own rows of ``scores``. It is the file of the release under a second name,
  so that a night that was shown once is the same bytes in every later release;
- ``restatements``: what a later run for the same S would have shown instead, beside what was shown.

``history/_published/<publication id>.json`` says that the publication counts. A file without such a
record was left by a run that was killed, and is swept. Snapshots and scores are those of the first
publication of an S: a restatement stands beside it and takes nothing back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.ingest.engine import SPILL_FOLDER
from orchestration.publication.files import (
    READ_ONLY,
    fsync_file,
    fsync_folder,
    link_or_copy,
    sha256_of,
    write_json,
)
from orchestration.settings import Settings

ORIGINAL = "original"
RESTATEMENT = "restatement"
SNAPSHOTS = "snapshots"
SCORES = "scores"
RESTATEMENTS = "restatements"

SNAPSHOT_COLUMNS = {
    "budget_type_id": "VARCHAR",
    "node_level": "VARCHAR",
    "node_id": "VARCHAR",
    "basis": "VARCHAR",
    "parameter_set_id": "VARCHAR",
    "period_type": "VARCHAR",
    "period_start": "DATE",
    "period_end": "DATE",
    "numerator": "DECIMAL(28,4)",
    "denominator": "DECIMAL(28,4)",
    "value": "DECIMAL(28,10)",
    "record_count": "BIGINT",
    "reason_code": "VARCHAR",
    "frozen_as_of": "DATE",
    "computed_later": "BOOLEAN",
    "publication_id": "VARCHAR",
}

SCORE_COLUMNS = {
    "as_of": "DATE",
    "publication_id": "VARCHAR",
    "subject_type": "VARCHAR",
    "subject_id": "VARCHAR",
    "kpi_id": "VARCHAR",
    "budget_id": "VARCHAR",
    "node_level": "VARCHAR",
    "node_id": "VARCHAR",
    "budget_type_id": "VARCHAR",
    "parameter_set_id": "VARCHAR",
    "definition_version": "INTEGER",
    "period_start": "DATE",
    "period_end": "DATE",
    "is_rolling": "BOOLEAN",
    "numerator": "DECIMAL(28,4)",
    "denominator": "DECIMAL(28,4)",
    "value": "DECIMAL(28,10)",
    "value_yesterday": "DECIMAL(28,10)",
    "target": "DECIMAL(28,4)",
    "target_low": "DECIMAL(28,4)",
    "remaining_to_target": "DECIMAL(28,10)",
    "required_per_workday": "DECIMAL(28,10)",
    "attainment": "DECIMAL(28,10)",
    "score": "DECIMAL(28,10)",
    "days_met_share": "DECIMAL(28,10)",
    "expected_to_date": "DECIMAL(28,10)",
    "elapsed_share": "DECIMAL(28,10)",
    "pace": "DECIMAL(28,10)",
    "forecast": "DECIMAL(28,10)",
    "forecast_run_rate": "DECIMAL(28,10)",
    "forecast_pipeline": "DECIMAL(28,10)",
    "forecast_method": "VARCHAR",
    "status": "VARCHAR",
    "reason_code": "VARCHAR",
    "action_due": "VARCHAR",
    "reward_eligible": "BOOLEAN",
    "management_support": "BOOLEAN",
    "is_closed": "BOOLEAN",
}
"""The columns of the mart ``scores``, in its order."""

COMPARED = ("value", "target", "score", "forecast", "status", "reason_code")
"""What a restatement is told by: the columns of ``scores`` that a reader acts on."""

_SUBJECT = (
    *("as_of", "subject_type", "subject_id", "kpi_id", "budget_id", "node_level", "node_id"),
    *("budget_type_id", "period_start", "period_end"),
)
_KEY = ("subject_type", "subject_id", "node_level", "node_id")

RESTATEMENT_COLUMNS = {
    **{name: SCORE_COLUMNS[name] for name in _SUBJECT},
    "reported_publication_id": "VARCHAR",
    "publication_id": "VARCHAR",
    "cause": "VARCHAR",
    **{
        f"{name}_{which}": SCORE_COLUMNS[name]
        for name in COMPARED
        for which in ("reported", "restated")
    },
}
"""The columns of the mart ``score_restatements``, in its order."""

CAUSES = {"extracts": "ledger_hash", "code": "code_version", "history": "history_hash"}
"""Which of a publication's inputs differ, by the record's field; anything else is a setting."""


@dataclass(frozen=True)
class PublicationRecord:
    """One green publication. ``kind`` is ``original`` (the first of its S) or ``restatement``.

    ``computed_later`` marks an original whose S was already past when it was computed. ``frozen``
    maps a path below ``history`` to the sha256 of the file. ``published_after`` is the newest S
    that had been published when a restatement was made: nights after it know of the restatement,
    and a night up to it can still be run again to the same bytes.
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
    published_after: str = ""


@dataclass(frozen=True)
class FrozenFile:
    """A file of history that counts: the night it is about, who wrote it, and its hash."""

    as_of: date
    publication_id: str
    path: Path
    sha256: str


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


def frozen_files(settings: Settings, table: str, before: date) -> list[FrozenFile]:
    """The files of a table of history that the night ``before`` knows of, oldest night first.

    Snapshots and scores: one of each S before it that was published. Restatements: those made
    before any night from it on was published.
    """
    return [
        FrozenFile(
            date.fromisoformat(record.as_of),
            record.publication_id,
            settings.history / path,
            sha256,
        )
        for record in _known_to(settings, before)
        for path, sha256 in sorted(record.frozen.items())
        if path.startswith(f"{table}/")
    ]


def history_hash(settings: Settings, as_of: date) -> str:
    """The hash of everything frozen that the night ``as_of`` knows; by content, not by name."""
    lines = [
        f"{record.as_of}\t{sha256}"
        for record in _known_to(settings, as_of)
        for _, sha256 in sorted(record.frozen.items())
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _known_to(settings: Settings, as_of: date) -> list[PublicationRecord]:
    restatements = [
        record
        for record in publication_records(settings).values()
        if record.kind == RESTATEMENT and record.published_after < as_of.isoformat()
    ]
    return [
        *original_nights(settings, as_of),
        *sorted(restatements, key=lambda record: (record.as_of, record.publication_id)),
    ]


def nights_file(table: str, as_of: date) -> Path:
    """Where a release keeps a night's own rows of a table of nights, below its Parquet folder."""
    return Path(table) / f"{as_of.isoformat()}.parquet"


def freeze(
    settings: Settings, release: Path, as_of: date, publication_id: str, *, computed_later: bool
) -> dict[str, str]:
    """Write what is frozen of an original to history; returns path → sha256.

    Each snapshot says whether it was ``computed_later``, after its S was past.
    Nothing counts until :func:`record` names the files.
    """
    outcomes = sorted((release / "parquet" / "outcomes").glob("*.parquet"))
    snapshots = _write(
        settings,
        _path(settings, SNAPSHOTS, as_of, publication_id),
        f"select *, {'true' if computed_later else 'false'} as computed_later "
        "from read_parquet($files, hive_partitioning = false) "
        "where period_type = 'snapshot' order by all",
        {"files": [str(path) for path in outcomes]},
    )
    scores = release / "parquet" / nights_file(SCORES, as_of)
    if not scores.exists():
        return snapshots
    target = _path(settings, SCORES, as_of, publication_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    link_or_copy(scores, target)
    fsync_file(target)
    fsync_folder(target.parent)
    return {**snapshots, str(target.relative_to(settings.history)): sha256_of(target)}


def freeze_restatement(
    settings: Settings, release: Path, restatement: PublicationRecord
) -> dict[str, str]:
    """Write what a restatement shows otherwise than the original of its S; path → sha256.

    A row is a score that differs in anything that is ``COMPARED``, or that only one of the two has.
    Nothing is written where neither has scores.
    """
    as_of = date.fromisoformat(restatement.as_of)
    (original,) = (night for night in original_nights(settings) if night.as_of == restatement.as_of)
    reported = [settings.history / p for p in original.frozen if p.startswith(f"{SCORES}/")]
    restated = [p for p in [release / "parquet" / nights_file(SCORES, as_of)] if p.exists()]
    if not reported and not restated:
        return {}
    both = {
        "reported": typed_rows(SCORE_COLUMNS, reported),
        "restated": typed_rows(SCORE_COLUMNS, restated),
    }
    same = " and ".join(
        f"reported.{name} is not distinct from restated.{name}" for name in COMPARED
    )
    facts = {
        "reported_publication_id": "$reported_id",
        "publication_id": "$restated_id",
        "cause": "$cause",
        **{name: f"coalesce(reported.{name}, restated.{name})" for name in _SUBJECT},
        **{
            f"{name}_{which}": f"{which}.{name}"
            for name in COMPARED
            for which in ("reported", "restated")
        },
    }
    columns = ", ".join(
        f"cast({facts[name]} as {kind}) as {name}" for name, kind in RESTATEMENT_COLUMNS.items()
    )
    return _write(
        settings,
        _path(settings, RESTATEMENTS, as_of, restatement.publication_id),
        f"select {columns} from ({both['reported']}) as reported "
        f"full join ({both['restated']}) as restated using ({', '.join(_KEY)}) "
        f"where reported.as_of is null or restated.as_of is null or not ({same}) order by all",
        {
            "reported_id": original.publication_id,
            "restated_id": restatement.publication_id,
            "cause": cause_of(original, restatement),
        },
    )


def cause_of(original: PublicationRecord, restatement: PublicationRecord) -> str:
    """Which inputs of the two differ: extracts, code, history, else the company's settings."""
    differing = [
        cause
        for cause, name in CAUSES.items()
        if getattr(original, name) != getattr(restatement, name)
    ]
    return ", ".join(differing) or "settings"


def typed_rows(columns: Mapping[str, str], paths: Iterable[Path]) -> str:
    """SQL over frozen files: the columns as they are named now, whatever an old file has."""
    nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
    files = ", ".join(f"'{_quoted(path)}'" for path in paths)
    if not files:
        return f"select {nothing} where false"
    select = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in columns.items())
    return (
        f"select {select} from (select * from read_parquet([{files}], union_by_name = true, "
        f"hive_partitioning = false) union all by name select {nothing} where false)"
    )


def _path(settings: Settings, table: str, as_of: date, publication_id: str) -> Path:
    return settings.history / table / f"as_of={as_of}" / f"{publication_id}.parquet"


def _write(
    settings: Settings, target: Path, query: str, values: Mapping[str, object]
) -> dict[str, str]:
    """Write the rows of a query as one file of history; returns its path and hash."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}")
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.execute(f"set temp_directory = '{_quoted(settings.work / SPILL_FOLDER)}'")
        connection.execute("set preserve_insertion_order = true")
        connection.execute(
            f"copy ({query}) to '{_quoted(temporary)}' (format parquet, compression zstd)", values
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
    for path in settings.history.glob("*/as_of=*/*.parquet"):
        if path not in named:
            status = path.stat()
            freed += status.st_size if status.st_nlink == 1 else 0
            path.unlink()
    for folder in settings.history.glob("*/as_of=*"):
        if not any(folder.iterdir()):
            folder.rmdir()
    return freed


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
