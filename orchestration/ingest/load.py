"""Bring what lies in the landing into raw: once, whole, and again where it was corrected.

The order makes a kill harmless at any moment: raw files are written under scratch names and moved
into place, then the entity's ledger is replaced in one step (from then on the delivery counts),
then files that no ledger row names are removed. A mark beside the ledger says that this is still
to be done, so that a run after a kill looks through all of the entity's dates.
"""

from __future__ import annotations

import errno
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.contract import Problem, file_problem
from orchestration.ingest.engine import connect, put_in_place
from orchestration.ingest.landing import Folder, LandedFile, landed_folders
from orchestration.ingest.ledger import (
    DUPLICATE,
    EMPTY,
    KEPT,
    LOADED,
    REJECTED,
    REPLACED,
    LedgerRow,
    ledger_folder,
    read_ledger,
    scratch_folder,
    scratch_token,
    sweep_scratch,
    write_ledger,
)
from orchestration.ingest.readers import (
    Delivery,
    Reading,
    raw_columns,
    read_file,
    required_columns,
    write_file_reject,
)
from orchestration.ingest.spool import UnreadableFile, sha256_of
from orchestration.schema import Entity, Source, load_delivered, load_sources
from orchestration.settings import Settings

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class IngestResult:
    """What one call read for one entity; files that were in the ledger already are not counted.

    ``rows_delivered`` = ``rows_loaded`` + ``rows_rejected``.
    """

    entity: str
    files: int
    rows_delivered: int
    rows_loaded: int
    rows_rejected: int
    problems: list[Problem] = field(default_factory=list)


def ingest_all(settings: Settings, as_of: date, now: float | None = None) -> list[IngestResult]:
    """``ingest_entity`` for every entity of the schema; one bad entity does not stop the others."""
    sweep_scratch(settings)
    with connect(settings) as con:
        return [
            _Ingest(settings, con, entity, now).run(as_of) for entity in load_delivered().values()
        ]


def ingest_entity(
    settings: Settings, entity: str, as_of: date, now: float | None = None
) -> IngestResult:
    """Load every complete delivery of ``entity`` dated ≤ ``as_of`` that is new or was corrected.

    Running it again changes nothing. A file delivered twice in a folder counts once. A folder whose
    files differ from the ledger's is taken as a correction: what it holds now replaces what was
    loaded for that source and date; a correction that cannot be read replaces nothing. A folder
    that lost all its files keeps what was loaded, so that the landing can be tidied. Files that
    cannot be used are rejected with a reason and reported in ``problems``. ``now`` (seconds since
    the epoch) decides which folders have been quiet long enough and nothing else. Raises
    ``KeyError`` for an entity the schema does not know.
    """
    with connect(settings) as con:
        return _Ingest(settings, con, load_delivered()[entity], now).run(as_of)


class _Ingest:
    """One entity's ingest."""

    def __init__(
        self,
        settings: Settings,
        con: duckdb.DuckDBPyConnection,
        entity: Entity,
        now: float | None,
    ) -> None:
        self.settings = settings
        self.con = con
        self.entity = entity
        self.now = time.time() if now is None else now
        self.scratch = scratch_folder(settings)
        self._unswept = ledger_folder(settings) / f"{entity.name}.unswept"

    def run(self, as_of: date) -> IngestResult:
        sources = load_sources()
        ledger = read_ledger(self.settings, self.con, self.entity.name)
        by_partition: dict[tuple[str, date], list[LedgerRow]] = defaultdict(list)
        for row in ledger:
            by_partition[row.partition].append(row)
        was_killed = self._unswept.exists()
        touched: list[tuple[str, date]] = []
        fresh: list[LedgerRow] = []
        for folder in landed_folders(self.settings.landing, as_of, self.entity.name):
            source = sources.get(folder.source)
            if source is None or not folder.is_complete(self.settings.quiet_minutes, self.now):
                continue
            former = by_partition[folder.source, folder.extract_date]
            current = [row for row in former if row.status != REPLACED]
            if not self._needs_reading(folder, source, current):
                continue
            self._unswept.parent.mkdir(parents=True, exist_ok=True)
            self._unswept.touch()
            previous = _before(by_partition, folder)
            loaded, read_now = self._load_folder(folder, source, current, previous)
            kept = {(row.path, row.sha256) for row in loaded}
            reason = "A corrected delivery of the same date has replaced this file."
            by_partition[folder.source, folder.extract_date] = [
                *(row for row in former if row.status == REPLACED),
                *(
                    row.as_replaced(reason)
                    for row in current
                    if (row.path, row.sha256) not in kept and row.reason_code != "no_files"
                ),
                *loaded,
            ]
            touched.append((folder.source, folder.extract_date))
            fresh += read_now
        rows = [row for partition in by_partition.values() for row in partition]
        if touched:
            write_ledger(self.settings, self.con, self.entity.name, rows)
        if touched or was_killed:
            days = None if was_killed else {day for _, day in touched}
            self._sweep(days, rows)
            self._unswept.unlink(missing_ok=True)
        problems = [file_problem(row, sources[row.source]) for row in fresh]
        return IngestResult(
            entity=self.entity.name,
            files=len(fresh),
            rows_delivered=sum(row.rows_delivered for row in fresh),
            rows_loaded=sum(row.rows_loaded for row in fresh),
            rows_rejected=sum(row.rows_rejected for row in fresh),
            problems=[problem for problem in problems if problem],
        )

    def _read_as(self, source: Source) -> str:
        """What a rejected file was tried with; it is tried again when this changes."""
        options = (
            *(str(value) for value in astuple(source.format)),
            str(source.delivery(self.entity.name)),
            *required_columns(self.entity),
        )
        return hashlib.sha256("\t".join(options).encode()).hexdigest()[:12]

    def _needs_reading(self, folder: Folder, source: Source, current: list[LedgerRow]) -> bool:
        if not folder.files:
            return not current
        if {file.path: file.stamp for file in folder.files} != {
            row.path: row.file_stamp for row in current if row.file_stamp != KEPT
        }:
            return True
        read_as = self._read_as(source)
        return any(row.status == REJECTED and row.read_as != read_as for row in current)

    def _load_folder(
        self,
        folder: Folder,
        source: Source,
        current: list[LedgerRow],
        previous: _Before | None,
    ) -> tuple[list[LedgerRow], list[LedgerRow]]:
        """Return the folder's ledger rows, and those of them that were read now."""
        if not folder.files:
            row = self._row_without_file(folder, source)
            return [row], [row]
        usable = {
            (row.path, row.sha256): row
            for row in current
            if row.status in (LOADED, EMPTY) and self._has_raw(row)
        }
        rows: list[LedgerRow] = []
        read_now: set[str] = set()
        seen: dict[str, str] = {}
        for file in folder.files:
            delivery = Delivery(source, self.entity, folder.extract_date, file.path)
            row = self._load_file(file, delivery, seen, usable, previous)
            known = usable.get((row.path, row.sha256))
            if known is None or row.status == DUPLICATE:
                read_now.add(row.path)
            rows.append(row)
        is_refused = any(row.status == REJECTED for row in rows)
        is_emptied = source.delivery(self.entity.name).is_full and not any(
            row.rows_loaded for row in rows
        )
        if is_refused or is_emptied:
            rows = self._keep_last_good(rows, usable, source)
        return rows, [
            row for row in rows if row.path in read_now and (row.path, row.sha256) not in usable
        ]

    def _has_raw(self, row: LedgerRow) -> bool:
        return row.raw_path is None or (self.settings.raw / row.raw_path).is_file()

    def _load_file(
        self,
        file: LandedFile,
        delivery: Delivery,
        seen: dict[str, str],
        usable: dict[tuple[str, str], LedgerRow],
        previous: _Before | None,
    ) -> LedgerRow:
        path = self.settings.landing / file.path
        token = scratch_token()
        sha256 = ""
        blank = self._blank_row(delivery, file)
        try:
            sha256 = sha256_of(path)
            blank = replace(blank, sha256=sha256)
            if sha256 in seen:
                return replace(
                    blank,
                    status=DUPLICATE,
                    reason_code="duplicate",
                    reason=f"{file.path} holds the same bytes as {seen[sha256]} and counts once.",
                )
            seen[sha256] = file.path
            known = usable.get((file.path, sha256))
            if known is not None:
                return replace(known, file_stamp=file.stamp, reason=None)
            reading = read_file(self.con, path, delivery, sha256, self.scratch, token)
            if _stamp(path) != file.stamp:
                raise UnreadableFile(
                    "still_changing",
                    "it changed while it was being read; it is read again by the next run. Write "
                    "under another name and rename, or write _SUCCESS last",
                )
            return self._row_of_reading(blank, reading, delivery, previous)
        except UnreadableFile as error:
            stamp = "" if error.code == "still_changing" else file.stamp
            return self._rejected_row(
                replace(blank, file_stamp=stamp), delivery, error.code, str(error), error.rows
            )
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
            return self._rejected_row(
                replace(blank, file_stamp=""),
                delivery,
                "unreadable",
                f"the operating system refuses to read it ({error.strerror}); make it readable for "
                "the user that runs the pipeline, or deliver it again",
                0,
            )
        finally:
            for leftover in self.scratch.glob(f"{token}*"):
                leftover.unlink()

    def _blank_row(self, delivery: Delivery, file: LandedFile) -> LedgerRow:
        return LedgerRow(
            source=delivery.source.name,
            entity=self.entity.name,
            extract_date=delivery.extract_date,
            path=file.path,
            sha256="",
            bytes=file.size,
            rows_delivered=0,
            rows_loaded=0,
            rows_rejected=0,
            blank_lines=0,
            status=EMPTY,
            reason_code=None,
            reason=None,
            schema_changes=None,
            columns_delivered=None,
            key_shapes=None,
            raw_path=None,
            raw_columns=None,
            rejects_path=None,
            recorded_at_min=None,
            extracted_at_max=None,
            load_mode=delivery.source.delivery(self.entity.name).load,
            read_as=self._read_as(delivery.source),
            file_stamp=file.stamp,
        )

    def _row_without_file(self, folder: Folder, source: Source) -> LedgerRow:
        path = f"{folder.source}/{self.entity.folder}/{folder.extract_date}"
        delivery = Delivery(source, self.entity, folder.extract_date, path)
        return replace(
            self._blank_row(delivery, LandedFile(path, 0, "")),
            sha256=hashlib.sha256(b"").hexdigest(),
            reason_code="no_files",
            reason=f"{path} is complete and holds no data file: no rows were delivered.",
        )

    def _target(self, delivery: Delivery, name: str, *, rejects: bool = False) -> Path:
        root = Path("_rejects") if rejects else Path()
        day = f"extract_date={delivery.extract_date}"
        return root / self.entity.name / day / f"{delivery.source.name}-{name}.parquet"

    def _row_of_reading(
        self,
        blank: LedgerRow,
        reading: Reading,
        delivery: Delivery,
        previous: _Before | None,
    ) -> LedgerRow:
        raw_path = rejects_path = None
        if reading.rejects:
            rejects_path = self._target(delivery, blank.sha256[:12], rejects=True)
            put_in_place(reading.rejects, self.settings.raw / rejects_path)
        if reading.parquet:
            raw_path = self._target(delivery, blank.sha256[:12])
            put_in_place(reading.parquet, self.settings.raw / raw_path)
        row = replace(
            blank,
            rows_delivered=reading.rows_delivered,
            rows_loaded=reading.rows_loaded,
            rows_rejected=reading.rows_rejected,
            blank_lines=reading.blank_lines,
            status=LOADED if reading.rows_loaded else EMPTY,
            schema_changes=_schema_changes(reading, previous, delivery),
            columns_delivered=json.dumps(reading.columns) if reading.columns else None,
            key_shapes=json.dumps(reading.key_shapes) if reading.key_shapes else None,
            raw_path=str(raw_path) if raw_path else None,
            raw_columns=json.dumps(raw_columns(self.entity)) if raw_path else None,
            rejects_path=str(rejects_path) if rejects_path else None,
            recorded_at_min=reading.recorded_at_min,
            extracted_at_max=reading.extracted_at_max,
        )
        if reading.rows_rejected and not reading.rows_loaded:
            return replace(
                row,
                status=REJECTED,
                reason_code="no_usable_row",
                reason=_sentence(
                    delivery,
                    f"none of its {reading.rows_delivered} rows could be read; see the rejects, "
                    "mend the export and deliver it again",
                ),
            )
        return row

    def _rejected_row(
        self, blank: LedgerRow, delivery: Delivery, code: str, text: str, rows: int
    ) -> LedgerRow:
        reason = _sentence(delivery, text)
        name = blank.sha256[:12] or hashlib.sha256(delivery.path.encode()).hexdigest()[:12]
        rejects_path = self._target(delivery, name, rejects=True)
        target = self.settings.raw / rejects_path
        write_file_reject(self.con, delivery, target, self.scratch, code, reason, rows)
        return replace(
            blank,
            status=REJECTED,
            reason_code=code,
            reason=reason,
            rows_delivered=rows,
            rows_loaded=0,
            rows_rejected=rows,
            raw_path=None,
            raw_columns=None,
            rejects_path=str(rejects_path),
            recorded_at_min=None,
            extracted_at_max=None,
        )

    def _keep_last_good(
        self,
        rows: list[LedgerRow],
        usable: dict[tuple[str, str], LedgerRow],
        source: Source,
    ) -> list[LedgerRow]:
        """Where a delivery cannot be used, what was loaded for its date before stays in use.

        A full extract is used whole or not at all: half of it would delete the other half's keys.
        """
        bad = next((row.path for row in rows if row.status == REJECTED), None)
        if source.delivery(self.entity.name).is_full and bad:
            rows = [
                self._rejected_row(
                    row,
                    Delivery(source, self.entity, row.extract_date, row.path),
                    "incomplete_full",
                    f"{bad}, another file of the same full extract, could not be read, and a full "
                    "extract is used whole or not at all; deliver that one again",
                    row.rows_delivered,
                )
                if row.status == LOADED and (row.path, row.sha256) not in usable
                else row
                for row in rows
            ]
        delivered = {(row.path, row.sha256) for row in rows}
        stays = "It stays in use: the delivery that corrects it cannot be used."
        return rows + [
            replace(row, file_stamp=KEPT, reason=stays)
            for identity, row in usable.items()
            if identity not in delivered and row.status == LOADED
        ]

    def _sweep(self, days: Iterable[date] | None, rows: list[LedgerRow]) -> None:
        """Remove Parquet that no ledger row names, of the given extract dates (None: of all)."""
        named = {row.raw_path for row in rows} | {row.rejects_path for row in rows}
        folders = ["extract_date=*"] if days is None else [f"extract_date={day}" for day in days]
        for root in (self.settings.raw, self.settings.raw / "_rejects"):
            for folder in folders:
                for path in (root / self.entity.name).glob(f"{folder}/*.parquet"):
                    if str(path.relative_to(self.settings.raw)) not in named:
                        path.unlink()


def _stamp(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ctime_ns}"


def _sentence(delivery: Delivery, text: str) -> str:
    return f"{delivery.path} (entity {delivery.entity.name}) was not loaded: {text}."


@dataclass(frozen=True)
class _Before:
    """What the source's newest earlier delivery looked like."""

    columns: tuple[str, ...]
    key_shapes: dict[str, str]


def _before(
    by_partition: dict[tuple[str, date], list[LedgerRow]], folder: Folder
) -> _Before | None:
    """Return the shape of the source's newest earlier delivery, None for the first one."""
    earlier = [
        row
        for (source, day), rows in by_partition.items()
        if source == folder.source and day < folder.extract_date
        for row in rows
        if row.is_in_use and row.columns_delivered
    ]
    if not earlier:
        return None
    newest = max(earlier, key=lambda row: (row.extract_date, row.path))
    return _Before(
        tuple(json.loads(newest.columns_delivered or "[]")), json.loads(newest.key_shapes or "{}")
    )


def _schema_changes(reading: Reading, previous: _Before | None, delivery: Delivery) -> str | None:
    """Return as JSON what is new about the columns of a delivery, None for nothing.

    ``unknown``: columns that the schema does not have. ``renamed``: spelt otherwise than in the
    schema, and read all the same. Against the delivery before: ``added``, ``removed``,
    ``reordered``, with ``before`` and ``now`` in full, and ``keys_retyped``: keys of which all
    values were whole numbers and now none is, or the other way round. JSON Lines may leave out what
    is empty and have no order, so that they are not compared.
    """
    now = reading.columns
    known = set(delivery.entity.columns)
    changes: dict[str, Any] = {
        "unknown": [name for name in now if name not in known],
        "renamed": {
            theirs: ours
            for theirs, ours in zip(reading.delivered_as, now, strict=True)
            if theirs != ours and ours in known
        },
    }
    if previous is not None:
        if now and ".jsonl" not in delivery.path.lower():
            changes["added"] = [name for name in now if name not in previous.columns]
            changes["removed"] = [name for name in previous.columns if name not in now]
            changes["reordered"] = now != previous.columns and set(now) == set(previous.columns)
            if changes["added"] or changes["removed"] or changes["reordered"]:
                changes |= {"before": list(previous.columns), "now": list(now)}
        changes["keys_retyped"] = {
            name: [previous.key_shapes[name], shape]
            for name, shape in reading.key_shapes.items()
            if {previous.key_shapes.get(name), shape} == {"digits", "text"}
        }
    told = {kind: what for kind, what in changes.items() if what}
    return json.dumps(told, ensure_ascii=False) if told else None
