"""The landing contract: which of its rules are broken as of S, for the gate to judge.

A bad delivery never stops ingest. The last good extract stays in use, the problem is said in a
sentence that names file and entity, and the gate decides: critical for entities that the source
declares required, warning for the others.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from orchestration.ingest.engine import connect
from orchestration.ingest.landing import expected_deliveries, stray_folders
from orchestration.ingest.ledger import KEPT, REJECTED, REPLACED, LedgerRow, read_ledger
from orchestration.schema import Source, landing_folder, load_delivered, load_sources
from orchestration.settings import Settings

CRITICAL, WARNING = "critical", "warning"


@dataclass(frozen=True)
class Problem:
    """A broken rule. ``severity`` is critical or warning; ``code`` is for rules, ``text`` for a
    person; ``entity`` and ``source`` are empty where the problem is nobody's in particular."""

    entity: str
    source: str
    severity: str
    code: str
    text: str


def severity_of(source: Source, entity: str) -> str:
    """Critical for an entity that ``source`` declares required, else warning."""
    return CRITICAL if source.delivery(entity).required else WARNING


def file_problem(row: LedgerRow, source: Source) -> Problem | None:
    """Say what is wrong with one delivered file, None when all of it is in use."""
    if row.status == REJECTED:
        return Problem(
            row.entity,
            row.source,
            severity_of(source, row.entity),
            row.reason_code or "unreadable",
            row.reason or f"{row.path} could not be read.",
        )
    if row.rows_rejected:
        consequence = (
            " A full extract with unread rows does not tell which keys have been deleted, so none "
            "is taken as deleted by it."
            if row.load_mode == "full"
            else ""
        )
        return Problem(
            row.entity,
            row.source,
            WARNING,
            "rows_rejected",
            f"{row.path} (entity {row.entity}): {row.rows_rejected} of {row.rows_delivered} rows "
            f"could not be read and were rejected; quarantine lists them.{consequence}",
        )
    return None


def _last_good(rows: Iterable[LedgerRow]) -> str:
    days = [row.extract_date for row in rows if row.is_in_use]
    return (
        f"the extract of {max(days)} stays in use" if days else "there is no earlier good extract"
    )


def _full_problems(source: Source, entity: str, rows: list[LedgerRow]) -> list[Problem]:
    """Of a full load only the newest delivery matters: it says what exists."""
    newest = max(row.extract_date for row in rows)
    delivered = [row for row in rows if row.extract_date == newest]
    problems = [
        replace(problem, text=f"{problem.text} Meanwhile {_last_good(rows)}.")
        if row.status == REJECTED
        else problem
        for row in delivered
        if (problem := file_problem(row, source))
    ]
    if not any(row.status == REJECTED for row in delivered) and not any(
        row.rows_loaded for row in delivered if row.file_stamp != KEPT
    ):
        problems.append(
            Problem(
                entity,
                source.name,
                severity_of(source, entity),
                "empty_full",
                f"The full extract {source.name}/{landing_folder(entity)}/{newest} has no rows, "
                f"which would mean that every one of the {entity} was deleted; it is not used and "
                f"{_last_good(rows)}. Deliver {entity} again, or declare it incremental in "
                f"orchestration/sources/{source.name}.yml.",
            )
        )
    return problems


def _delivered_problems(
    source: Source, entity: str, rows: list[LedgerRow], as_of: date
) -> list[Problem]:
    """Problems with what was delivered. A bad incremental file is missed until it is corrected."""
    if source.delivery(entity).is_full:
        return _full_problems(source, entity, rows)
    return [
        problem
        for row in rows
        if (row.status == REJECTED or row.extract_date == as_of)
        and (problem := file_problem(row, source))
    ]


def _missing_problem(
    settings: Settings, source: Source, entity: str, rows: list[LedgerRow], as_of: date
) -> Problem | None:
    if any(row.extract_date == as_of for row in rows):
        return None
    required = source.delivery(entity).required
    if not rows:
        if not required:
            return None
        return Problem(
            entity,
            source.name,
            WARNING,
            "never_delivered",
            f"{source.name} has never delivered {entity}, which its YAML calls required: the types "
            "that read it have no source. Deliver "
            f"{source.name}/{landing_folder(entity)}/{as_of}/, or set "
            f"required: false in orchestration/sources/{source.name}.yml.",
        )
    name = f"{source.name}/{landing_folder(entity)}/{as_of}"
    folder = settings.landing / name
    arrived = (
        "its folder is there but neither holds _SUCCESS nor has been quiet long enough"
        if folder.is_dir()
        else "there is no such folder"
    )
    return Problem(
        entity,
        source.name,
        severity_of(source, entity),
        "missing",
        f"The extract {name} is expected and has not arrived: {arrived}; "
        f"{_last_good(rows)}. Deliver it and run the night again.",
    )


def delivery_problems(settings: Settings, as_of: date) -> list[Problem]:
    """Return every broken rule of the landing contract as of S, critical ones first.

    Rules: expected but missing, unreadable, without a required column, a full extract without rows.
    A bad full delivery counts until a good newer one arrives, a bad incremental one until it is
    corrected. An optional entity that was never delivered is no problem; a required one is a
    warning, because there are no earlier figures it could spoil and the types that read it say
    ``no_source``. A source that has never delivered anything is not waited for, unless none has.
    """
    sources = load_sources()
    with connect(settings) as con:
        ledger = read_ledger(settings, con)
    rows: dict[tuple[str, str], list[LedgerRow]] = defaultdict(list)
    for row in ledger:
        if row.extract_date <= as_of and row.status != REPLACED:
            rows[row.source, row.entity].append(row)
    speaking = {source for source, _ in rows}
    problems: list[Problem] = []
    if not speaking:
        problems.append(
            Problem(
                "",
                "",
                CRITICAL,
                "nothing_delivered",
                f"Nothing dated {as_of} or earlier has been delivered to {settings.landing}; "
                "deliver files as <source>/<entity>/<extract date>/<file>.",
            )
        )
    for (name, entity), delivered in rows.items():
        if name in sources:
            problems += _delivered_problems(sources[name], entity, delivered, as_of)
    for source, entity in expected_deliveries(as_of):
        if source.name in speaking:
            problem = _missing_problem(
                settings, source, entity, rows.get((source.name, entity), []), as_of
            )
            problems += [problem] if problem else []
    for path, why in stray_folders(settings.landing, sources, set(load_delivered())):
        problems.append(
            Problem(
                "",
                path.partition("/")[0],
                WARNING,
                "stray_folder",
                f"{settings.landing / path} is not read: {why}. Rename or remove it.",
            )
        )
    return sorted(
        problems, key=lambda p: (p.severity != CRITICAL, p.source, p.entity, p.code, p.text)
    )


def ledger_hash(settings: Settings, as_of: date) -> str:
    """Return the sha256 over (source, entity, extract date, sha256) of all files in use ≤ S."""
    with connect(settings) as con:
        ledger = read_ledger(settings, con)
    digest = hashlib.sha256()
    for line in sorted(
        f"{row.source}\t{row.entity}\t{row.extract_date}\t{row.sha256}\n"
        for row in ledger
        if row.is_in_use and row.extract_date <= as_of
    ):
        digest.update(line.encode())
    return digest.hexdigest()
