"""Defects that a delivery may have, by name: off unless asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Defect:
    """A defect: what it does in words, and the entities whose files it changes."""

    name: str
    description: str
    entities: tuple[str, ...]
    apply: Callable[[Path, duckdb.DuckDBPyConnection], None]


DEFECTS: dict[str, Defect] = {}


def spoil(name: str, landing: Path, day: date, db: duckdb.DuckDBPyConnection) -> list[Path]:
    """Apply the defect ``name`` to the files of ``day`` below ``landing``; returns those changed."""
    return []
