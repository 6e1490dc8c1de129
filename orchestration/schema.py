"""The canonical entities and the sources that deliver them, read from their two kinds of YAML.

``models/staging/canonical/_canonical__sources.yml`` says what an entity is: columns, types, key.
``orchestration/sources/<source>.yml`` says how a source delivers it: format, full or incremental,
on which weekdays. Both are read once per process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from orchestration.settings import PROJECT_ROOT

ENTITIES_PATH = PROJECT_ROOT / "models" / "staging" / "canonical" / "_canonical__sources.yml"
SOURCES_PATH = PROJECT_ROOT / "orchestration" / "sources"

COMMON_COLUMNS = (
    "source_system",
    "source_id",
    "recorded_at",
    "created_recorded_at",
    "extracted_at",
    "is_deleted",
)
"""Columns that every entity carries beside its own."""

DATA_TYPES = frozenset({"text", "int", "decimal", "share", "date", "timestamp", "bool"})
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOAD_MODES = frozenset({"full", "incremental"})


class SchemaError(ValueError):
    """A schema or source file says something that cannot be used; the text names file and place."""


@dataclass(frozen=True)
class Column:
    """A column of an entity: its type (one of ``DATA_TYPES``) and what is allowed in it.

    ``required``: a row without a value is unusable. ``allowed``: empty when every value is.
    """

    name: str
    data_type: str
    required: bool = False
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """A canonical entity. ``columns`` holds its own and the common columns, in order."""

    name: str
    key: tuple[str, ...]
    columns: MappingProxyType[str, Column]
    home: str
    required: bool

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The columns of the entity itself: without the common ones that are not in its key."""
        return tuple(c for c in self.columns if c not in COMMON_COLUMNS or c in self.key)


@dataclass(frozen=True)
class EntityDelivery:
    """How a source delivers an entity; the defaults hold for entities a source does not list."""

    load: str = "incremental"
    expected: tuple[str, ...] = ()
    required: bool = False

    @property
    def is_full(self) -> bool:
        """True when a key that is missing from a delivery has been deleted."""
        return self.load == "full"


@dataclass(frozen=True)
class Source:
    """A source: reading options, time zone, deadline (local ``HH:MM``) and its entities."""

    name: str
    timezone: str
    deadline: str
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal_mark: str = "."
    entities: MappingProxyType[str, EntityDelivery] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def delivery(self, entity: str) -> EntityDelivery:
        """How this source delivers ``entity``."""
        return self.entities.get(entity, EntityDelivery())


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SchemaError(f"{path} cannot be read as YAML: {error}") from error


def _column(table: str, spec: dict[str, Any], path: Path) -> Column:
    meta = spec.get("config", {}).get("meta", {})
    if spec.get("data_type") not in DATA_TYPES:
        raise SchemaError(
            f"{path}: {table}.{spec.get('name')} has data_type {spec.get('data_type')!r}; "
            f"use one of {', '.join(sorted(DATA_TYPES))}."
        )
    return Column(
        name=spec["name"],
        data_type=spec["data_type"],
        required=bool(meta.get("required", False)),
        allowed=tuple(str(value) for value in meta.get("allowed", ())),
    )


def _entity(spec: dict[str, Any], path: Path) -> Entity:
    name, meta = spec["name"], spec["config"]["meta"]
    columns = [_column(name, column, path) for column in spec["columns"]]
    by_name = {column.name: column for column in columns}
    if len(by_name) != len(columns):
        raise SchemaError(f"{path}: {name} lists a column twice.")
    missing = [c for c in (*meta["key"], *COMMON_COLUMNS) if c not in by_name]
    if missing:
        raise SchemaError(f"{path}: {name} lacks the column(s) {', '.join(missing)}.")
    return Entity(
        name=name,
        key=tuple(meta["key"]),
        columns=MappingProxyType(by_name),
        home=meta["home"],
        required=bool(meta["required"]),
    )


@cache
def load_entities(path: Path = ENTITIES_PATH) -> dict[str, Entity]:
    """All canonical entities by name, in the order of the YAML.

    Raises ``SchemaError`` for unknown data types, columns listed twice, and keys or common columns
    that are not listed.
    """
    document = _read(path)
    tables = [t for s in document["sources"] if s["name"] == "raw" for t in s["tables"]]
    return {table["name"]: _entity(table, path) for table in tables}


def _delivery(name: str, spec: dict[str, Any], path: Path) -> EntityDelivery:
    delivery = EntityDelivery(
        load=spec.get("load", "incremental"),
        expected=tuple(spec.get("expected", ())),
        required=bool(spec.get("required", False)),
    )
    unknown = sorted(set(spec) - {"load", "expected", "required"})
    if unknown:
        raise SchemaError(f"{path}: {name} has the unknown option(s) {', '.join(unknown)}.")
    if delivery.load not in LOAD_MODES:
        raise SchemaError(f"{path}: {name} has load {delivery.load!r}; use full or incremental.")
    strange = [day for day in delivery.expected if day not in WEEKDAYS]
    if strange:
        raise SchemaError(
            f"{path}: {name} is expected on {', '.join(strange)}; use {', '.join(WEEKDAYS)}."
        )
    return delivery


@cache
def load_sources(folder: Path = SOURCES_PATH) -> dict[str, Source]:
    """All declared sources by name.

    Raises ``SchemaError`` when a source lists an entity that the schema does not know, an unknown
    option, load mode or weekday.
    """
    known = load_entities()
    sources: dict[str, Source] = {}
    for path in sorted(folder.glob("*.yml")):
        document = _read(path)
        strange = sorted(set(document.get("entities", {})) - set(known))
        if strange:
            raise SchemaError(f"{path} lists unknown entities: {', '.join(strange)}.")
        sources[document["name"]] = Source(
            name=document["name"],
            timezone=document["timezone"],
            deadline=document["deadline"],
            **document.get("format", {}),
            entities=MappingProxyType(
                {
                    name: _delivery(name, spec, path)
                    for name, spec in document.get("entities", {}).items()
                }
            ),
        )
    return sources
