"""Defects that a delivery may have, by name: off unless asked for.

Each defect rewrites the files of one or two entities of one day, in the way real exports go wrong,
and leaves every other file as it was. The rows that are hit are chosen by position, so that a
spoiled delivery is as deterministic as a sound one.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.schema import load_entities


@dataclass(frozen=True)
class Defect:
    """A defect: what it does in words, and the entities whose files it changes."""

    name: str
    description: str
    entities: tuple[str, ...]
    apply: Callable[[Path, duckdb.DuckDBPyConnection], None]


DEFECTS: dict[str, Defect] = {}


def _defect(name: str, description: str, *entities: str):
    """Register a function that spoils one file as the defect ``name``."""

    def register(apply: Callable[[Path, duckdb.DuckDBPyConnection], None]):
        DEFECTS[name] = Defect(name, description, entities, apply)
        return apply

    return register


def spoil(name: str, landing: Path, day: date, db: duckdb.DuckDBPyConnection) -> list[Path]:
    """Apply the defect ``name`` to the files of ``day`` below ``landing``; returns those changed.

    ``db`` is any connection: Parquet files are rewritten with it.
    """
    changed = []
    for entity in DEFECTS[name].entities:
        folder = landing / load_entities()[entity].home / entity / day.isoformat()
        # The first part stands for the file: a defect seldom hits all parts of an export.
        path = min(p for p in folder.iterdir() if p.name.startswith(entity))
        DEFECTS[name].apply(path, db)
        changed.append(path)
    return changed


def _is_hit(position: int) -> bool:
    """True for the first row and every fiftieth after it: a small delivery is hit too."""
    return position % 50 == 0


def _edit_lines(path: Path, edit: Callable[[int, dict], dict]) -> None:
    """Apply ``edit(position, row)`` to each hit row of a JSON Lines file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(
        "".join(
            (
                json.dumps(edit(n, json.loads(line)), ensure_ascii=False, separators=(",", ":"))
                if _is_hit(n)
                else line
            )
            + "\n"
            for n, line in enumerate(lines)
        ),
        encoding="utf-8",
    )


def _rewrite_parquet(path: Path, db: duckdb.DuckDBPyConnection, columns: str) -> None:
    """Write the Parquet file anew with ``columns``; ``n`` is the row's position from 0."""
    source, aside = str(path).replace("'", "''"), path.with_suffix(".new")
    target = str(aside).replace("'", "''")
    db.execute(
        f"copy (select {columns} from (select *, file_row_number as n "
        f"from read_parquet('{source}', file_row_number = true)) order by n) "
        f"to '{target}' (format parquet, compression zstd)"
    )
    aside.replace(path)


@_defect(
    "duplicate_keys",
    "every fiftieth contract is delivered twice, the second time with another customer's area",
    "contracts",
)
def _duplicate_keys(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    out = []
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        out.append(line)
        if _is_hit(n):
            again = json.loads(line) | {"area_id": "SE-N"}
            out.append(json.dumps(again, ensure_ascii=False, separators=(",", ":")))
    path.write_text("".join(line + "\n" for line in out), encoding="utf-8")


@_defect(
    "orphaned_references",
    "every fiftieth contract line belongs to a contract that does not exist",
    "contract_lines",
)
def _orphaned_references(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    _edit_lines(path, lambda n, row: row | {"contract_id": f"K-MISSING-{n}"})


@_defect(
    "decimal_comma",
    "every fiftieth contract line has its yearly value with a decimal comma and a space",
    "contract_lines",
)
def _decimal_comma(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    def edit(n: int, row: dict) -> dict:
        swedish = f"{float(row['annual_value']):,.2f}".replace(",", " ").replace(".", ",")
        return row | {"annual_value": swedish}

    _edit_lines(path, edit)


@_defect("wrong_encoding", "the file of reps is Latin-1 instead of UTF-8", "reps")
def _wrong_encoding(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1", errors="replace"))


@_defect("truncated_gzip", "the file of exchange rates is cut off in the middle", "exchange_rates")
def _truncated_gzip(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: max(1, len(content) // 2)])


@_defect("missing_column", "the file of invoice lines lacks net_amount", "invoice_lines")
def _missing_column(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    _rewrite_parquet(path, db, "* exclude (n, file_row_number, net_amount)")


@_defect("extra_column", "the file of products has a column nobody has heard of", "products")
def _extra_column(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    _rewrite_parquet(
        path, db, "* exclude (n, file_row_number), 'ny ' || sku as colour_of_packaging"
    )


@_defect(
    "impossible_dates",
    "every fiftieth contract was signed on 30 February",
    "contracts",
)
def _impossible_dates(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    _edit_lines(path, lambda n, row: row | {"signed_at": "2026-02-30"})


@_defect(
    "missing_exchange_rates",
    "no rate of the Norwegian krone is delivered",
    "exchange_rates",
)
def _missing_exchange_rates(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith("NOK,"))
    path.write_bytes(gzip.compress(kept.encode("utf-8"), mtime=0))


@_defect(
    "split_shares_not_one",
    "every fiftieth contract's revenue shares add up to more than 1",
    "credit_splits",
)
def _split_shares_not_one(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    def edit(n: int, row: dict) -> dict:
        return row | {"credit_type": "revenue", "share": float(row["share"]) + 0.25}

    _edit_lines(path, edit)


@_defect(
    "stray_quote",
    "every fiftieth participant's role has a quote that is never closed",
    "activity_participants",
)
def _stray_quote(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("role")
    for n in range(1, len(lines)):
        if _is_hit(n - 1):
            values = next(csv.reader(io.StringIO(lines[n])))
            values[column] = '"' + values[column]
            lines[n] = ",".join(values)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


@_defect(
    "invalid_json",
    "every fiftieth activity is cut off in the middle of its line",
    "activities",
)
def _invalid_json(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(
        "".join(
            (line[: len(line) // 2] if _is_hit(n) else line) + "\n" for n, line in enumerate(lines)
        ),
        encoding="utf-8",
    )


@_defect(
    "net_total_differs",
    "every fiftieth invoice's control total is not the sum of its lines",
    "invoices",
)
def _net_total_differs(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    _rewrite_parquet(
        path,
        db,
        "* exclude (n, file_row_number) replace (cast("
        "net_total + case when n % 50 = 0 then 100 else 0 end as decimal(18, 4)) as net_total)",
    )


@_defect("empty_full_extract", "the file of teams, a full extract, holds no row", "teams")
def _empty_full_extract(path: Path, db: duckdb.DuckDBPyConnection) -> None:
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
