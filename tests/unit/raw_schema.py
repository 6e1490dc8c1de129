"""Hand-made deliveries as the schema ``raw`` of a build file, the way ingest prepares it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb

from orchestration.schema import load_entities

PROVENANCE = {
    "source_file": "varchar",
    "record_no": "bigint",
    "line": "bigint",
    "raw_row": "varchar",
    "file_id": "varchar",
    "extract_date": "date",
}


@dataclass(frozen=True)
class Extract:
    """One delivered file: rows are text by canonical column name; ``rejected`` lines are lost.

    A file of typed columns (``is_typed``, as Parquet) has neither lines nor rows as text.
    """

    entity: str
    source: str
    day: date
    rows: tuple[dict[str, str | None], ...]
    load_mode: str = "incremental"
    rejected: int = 0
    is_typed: bool = False

    @property
    def partition(self) -> tuple[str, str, date]:
        return (self.entity, self.source, self.day)

    @property
    def file(self) -> str:
        return f"{self.source}/{self.entity}/{self.day}/data.jsonl"


@dataclass
class RawSchema:
    """Writes the schema ``raw`` for a night, given the extracts in use and those of its base."""

    con: duckdb.DuckDBPyConnection
    entities: tuple[str, ...]
    known: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        schema = load_entities()
        self.known = {name: tuple(schema[name].columns) for name in self.entities}

    def write(self, in_use: list[Extract], base: list[Extract] | None, base_as_of: date | None):
        """``base`` None is a full build: the delta is everything."""
        before = {e.partition: e for e in base or []}
        now = {e.partition: e for e in in_use}
        assert len(now) == len(in_use), "one extract per entity, source and day"
        changed = sorted(p for p in before.keys() | now.keys() if before.get(p) != now.get(p))
        self.con.execute("drop schema if exists raw cascade")
        self.con.execute("create schema raw")
        for entity, columns in self.known.items():
            kinds = {**dict.fromkeys(columns, "varchar"), **PROVENANCE}
            body = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            mine = [e for e in in_use if e.entity == entity]
            self._table(entity, body, [row for e in mine for row in self._rows(e, columns)])
            delta = [row for e in mine if e.partition in changed for row in self._rows(e, columns)]
            self._table(f"{entity}__delta", body, delta)
        self._table(
            "extracts",
            "entity varchar, source_system varchar, extract_date date, load_mode varchar, "
            "file_id varchar, rows_loaded bigint, status varchar",
            [(*e.partition, e.load_mode, e.file, len(e.rows), "loaded") for e in in_use],
        )
        self._table(
            "changed_extracts",
            "entity varchar, source_system varchar, extract_date date",
            changed,
        )
        self._table(
            "rejects",
            "source_system varchar, entity varchar, extract_date date, source_file varchar, "
            "line bigint, line_to bigint, raw_text varchar, reason_code varchar, "
            "reason_text varchar",
            [
                (e.source, e.entity, e.day, e.file, 1, 1, "{", "invalid_json", "Not JSON.")
                for e in in_use
                for _ in range(e.rejected)
            ],
        )
        self._table(
            "ledger",
            "source varchar, entity varchar, extract_date date, path varchar, sha256 varchar, "
            "status varchar, rows_loaded bigint",
            [(e.source, e.entity, e.day, e.file, e.file, "loaded", len(e.rows)) for e in in_use],
        )
        self._table(
            "feeds",
            "delivered varchar, entity varchar, is_counted boolean",
            [(entity, entity, True) for entity in self.known],
        )
        self._table("run_context", "base_as_of date", [(base_as_of,)])

    @staticmethod
    def _rows(extract: Extract, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
        unknown = {name for row in extract.rows for name in row} - set(columns)
        assert not unknown, f"{extract.entity} has no column {unknown}"
        return [
            (
                *(extract.source if name == "source_system" else row.get(name) for name in columns),
                extract.file,
                number,
                None if extract.is_typed else number,
                None if extract.is_typed else str(row),
                extract.file,
                extract.day,
            )
            for number, row in enumerate(extract.rows, start=1)
        ]

    def _table(self, name: str, body: str, rows: list[tuple[Any, ...]]) -> None:
        self.con.execute(f'create table raw."{name}" ({body})')
        if rows:
            places = ", ".join("?" * len(rows[0]))
            self.con.executemany(f'insert into raw."{name}" values ({places})', rows)
