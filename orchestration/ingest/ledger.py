"""The ledger: one row per delivered file, one Parquet file per entity, written in one step.

The ledger is the only truth about what is in use. Raw Parquet that no row names is left over from
a run that was killed, and is ignored and removed.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.ingest.engine import literal, process_is_alive, put_in_place
from orchestration.settings import Settings

LOADED, DUPLICATE, REPLACED = "loaded", "duplicate", "replaced"
REJECTED, EMPTY = "rejected", "empty"

KEPT = "kept"
"""``file_stamp`` of a file that stays in use because its correction cannot be used."""

COLUMN_TYPES = {
    "source": "VARCHAR",
    "entity": "VARCHAR",
    "extract_date": "DATE",
    "path": "VARCHAR",
    "sha256": "VARCHAR",
    "bytes": "BIGINT",
    "rows_delivered": "BIGINT",
    "rows_loaded": "BIGINT",
    "rows_rejected": "BIGINT",
    "blank_lines": "BIGINT",
    "status": "VARCHAR",
    "reason_code": "VARCHAR",
    "reason": "VARCHAR",
    "schema_changes": "VARCHAR",
    "columns_delivered": "VARCHAR",
    "key_shapes": "VARCHAR",
    "raw_path": "VARCHAR",
    "raw_columns": "VARCHAR",
    "rejects_path": "VARCHAR",
    "recorded_at_min": "TIMESTAMP",
    "extracted_at_max": "TIMESTAMP",
    "load_mode": "VARCHAR",
    "read_as": "VARCHAR",
    "file_stamp": "VARCHAR",
}


@dataclass(frozen=True)
class LedgerRow:
    """One delivered file.

    ``path`` is relative to the landing, ``raw_path`` and ``rejects_path`` to ``raw/``. ``status``:
    loaded, duplicate (same bytes twice in one folder), replaced (by a corrected delivery of the
    same date), rejected (nothing of it is used), empty (no rows). ``recorded_at_min`` is the
    smallest instant a row of the file became known, ``extracted_at_max`` the newest extraction
    (both UTC). ``schema_changes``, ``columns_delivered``, ``key_shapes`` and ``raw_columns`` are
    JSON. ``read_as`` and ``file_stamp`` say when a file must be looked at again.
    """

    source: str
    entity: str
    extract_date: date
    path: str
    sha256: str
    bytes: int
    rows_delivered: int
    rows_loaded: int
    rows_rejected: int
    blank_lines: int
    status: str
    reason_code: str | None
    reason: str | None
    schema_changes: str | None
    columns_delivered: str | None
    key_shapes: str | None
    raw_path: str | None
    raw_columns: str | None
    rejects_path: str | None
    recorded_at_min: datetime | None
    extracted_at_max: datetime | None
    load_mode: str
    read_as: str
    file_stamp: str

    @property
    def is_in_use(self) -> bool:
        """True for files that figures may rest on: loaded, or an incremental one without rows."""
        return self.status == LOADED or (self.status == EMPTY and self.load_mode == "incremental")

    @property
    def partition(self) -> tuple[str, date]:
        """The delivery the file belongs to, within its entity."""
        return self.source, self.extract_date

    def as_replaced(self, reason: str) -> LedgerRow:
        """Return the row of a file whose delivery has been corrected; it names no Parquet."""
        return replace(self, status=REPLACED, reason=reason, raw_path=None, rejects_path=None)


def ledger_folder(settings: Settings) -> Path:
    """Where the ledger lies: ``raw/_ledger/<entity>.parquet``."""
    return settings.raw / "_ledger"


NOTHING = (
    "select "
    + ", ".join(f"cast(null as {kind}) as {name}" for name, kind in COLUMN_TYPES.items())
    + " where false"
)


def _select(paths: str) -> str:
    """All columns, NULL where a ledger was written before there was one."""
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in COLUMN_TYPES.items())
    return (
        f"select {columns} from (select * from read_parquet({paths}, union_by_name = true) "
        f"union all by name {NOTHING})"
    )


def ledger_query(settings: Settings) -> str:
    """Return SQL that yields all ledger rows of all entities, with ``COLUMN_TYPES`` as columns."""
    folder = ledger_folder(settings)
    if any(folder.glob("*.parquet")):
        return _select(literal(folder / "*.parquet"))
    return NOTHING


def read_ledger(
    settings: Settings, con: duckdb.DuckDBPyConnection, entity: str | None = None
) -> list[LedgerRow]:
    """Return the ledger rows of ``entity`` (None: all) by source, extract date and path."""
    if entity is None:
        query = ledger_query(settings)
    else:
        path = ledger_folder(settings) / f"{entity}.parquet"
        if not path.is_file():
            return []
        query = _select(literal(path))
    names = ", ".join(field.name for field in fields(LedgerRow))
    rows = con.execute(
        f"select {names} from ({query}) order by source, entity, extract_date, path, sha256, status"
    ).fetchall()
    return [LedgerRow(*row) for row in rows]


def write_ledger(
    settings: Settings, con: duckdb.DuckDBPyConnection, entity: str, rows: Iterable[LedgerRow]
) -> None:
    """Replace the ledger of ``entity`` in one step. This is the moment a delivery counts."""
    names = list(COLUMN_TYPES)
    scratch = scratch_folder(settings)
    text = scratch / f"{scratch_token()}.ledger.jsonl"
    finished = text.with_suffix(".parquet")
    ordered = sorted(rows, key=lambda r: (r.source, r.extract_date, r.path, r.sha256, r.status))
    with text.open("w", encoding="utf-8") as handle:
        for row in ordered:
            values = dict(zip(names, astuple(row), strict=True))
            handle.write(json.dumps(values, default=str) + "\n")
    types = "{" + ", ".join(f"{name}: '{kind}'" for name, kind in COLUMN_TYPES.items()) + "}"
    con.execute(
        f"copy (select * from read_json({literal(text)}, columns = {types}, "
        f"format = 'newline_delimited')) to {literal(finished)} (format parquet)"
    )
    put_in_place(finished, ledger_folder(settings) / f"{entity}.parquet")
    text.unlink()


def scratch_folder(settings: Settings) -> Path:
    """Return the folder for half-written files, on the same file system as raw."""
    folder = settings.raw / "_tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def scratch_token() -> str:
    """Return a new start for names of scratch files: it carries this process's id."""
    return f"{os.getpid()}-{uuid.uuid4().hex[:12]}"


def sweep_scratch(settings: Settings) -> None:
    """Remove the scratch files of processes that are no more."""
    for path in scratch_folder(settings).iterdir():
        pid = path.name.partition("-")[0]
        if not pid.isdigit() or not process_is_alive(int(pid)):
            path.unlink(missing_ok=True)
