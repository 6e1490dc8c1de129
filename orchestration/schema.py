"""The canonical entities and the sources that deliver them, read from their two kinds of YAML.

``models/staging/canonical/_canonical__sources.yml`` says what an entity is: columns, types, key.
``models/staging/<source>/_<source>__sources.yml`` says it of the objects of a source that has its
own shape, and which entities its models make of them. ``orchestration/sources/<source>.yml`` says
how a source delivers them: format, full or incremental, on which weekdays. All are read once per
process.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from orchestration.settings import PROJECT_ROOT

STAGING_PATH = PROJECT_ROOT / "models" / "staging"
ENTITIES_PATH = STAGING_PATH / "canonical" / "_canonical__sources.yml"
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
    ``least``: the smallest number allowed, None when every one is.
    """

    name: str
    data_type: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    least: int | None = None


@dataclass(frozen=True)
class Entity:
    """A canonical entity, or an object of a source that has its own shape.

    ``columns`` holds its own and the common columns, in order. Of an object: ``folder`` is what its
    folder in the landing of ``home`` is called, ``feeds`` the entities that staging makes of it,
    first the one that gets exactly one row for each of its rows, and ``recorded_at`` the column
    that says when a version was stored.
    """

    name: str
    key: tuple[str, ...]
    columns: MappingProxyType[str, Column]
    home: str
    required: bool
    folder: str
    feeds: tuple[str, ...] = ()
    recorded_at: str = "recorded_at"

    @property
    def is_object(self) -> bool:
        """True for an object of one source, False for a canonical entity."""
        return bool(self.feeds)

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The columns of the entity itself: without the common ones that are not in its key."""
        return tuple(c for c in self.columns if c not in COMMON_COLUMNS or c in self.key)


@dataclass(frozen=True)
class EntityDelivery:
    """How a source delivers an entity; the defaults hold for entities a source does not list.

    ``columns`` maps the source's own names of columns to those of the schema, ``values`` a column
    of the schema to the source's words and what the schema calls them.
    """

    load: str = "incremental"
    expected: tuple[str, ...] = ()
    required: bool = False
    columns: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    values: MappingProxyType[str, MappingProxyType[str, str]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    @property
    def is_full(self) -> bool:
        """True when a key that is missing from a delivery has been deleted."""
        return self.load == "full"


@dataclass(frozen=True)
class Format:
    """How a source writes: the options of its YAML under ``format``.

    ``decimal_mark`` and ``thousands`` (a character between groups of three digits; a blank stands
    for every kind of blank) hold for numbers in CSV. ``date_format`` and ``timestamp_format`` are
    strptime patterns tried before ISO 8601, which is always understood. ``times`` says what a
    timestamp without offset is: ``utc``, or ``local`` in the source's time zone.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal_mark: str = "."
    thousands: str = ""
    date_format: tuple[str, ...] = ()
    timestamp_format: tuple[str, ...] = ()
    times: str = "utc"


@dataclass(frozen=True)
class Source:
    """A source: reading options, time zone, deadline (local ``HH:MM``) and its entities."""

    name: str
    timezone: str
    deadline: str
    format: Format = field(default_factory=Format)
    entities: MappingProxyType[str, EntityDelivery] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def delivery(self, entity: str) -> EntityDelivery:
        """How this source delivers ``entity``."""
        return self.entities.get(entity, EntityDelivery())


def _read(path: Path) -> Any:
    try:
        # libyaml reads the same in a tenth of the time.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
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
        least=meta.get("least"),
    )


def _entity(spec: dict[str, Any], path: Path) -> Entity:
    name, meta = spec["name"], spec["config"]["meta"]
    columns = [_column(name, column, path) for column in spec["columns"]]
    by_name = {column.name: column for column in columns}
    if len(by_name) != len(columns):
        raise SchemaError(f"{path}: {name} lists a column twice.")
    feeds = tuple(meta.get("feeds", ()))
    needed = (meta["recorded_at"],) if feeds else COMMON_COLUMNS
    missing = [c for c in (*meta["key"], *needed) if c not in by_name]
    if missing:
        raise SchemaError(f"{path}: {name} lacks the column(s) {', '.join(missing)}.")
    return Entity(
        name=name,
        key=tuple(meta["key"]),
        columns=MappingProxyType(by_name),
        home=meta["home"],
        required=bool(meta["required"]),
        folder=meta.get("folder", name),
        feeds=feeds,
        recorded_at=meta.get("recorded_at", "recorded_at"),
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


@cache
def load_objects(folder: Path = STAGING_PATH) -> dict[str, Entity]:
    """The objects of sources that have their own shape, by the names of their raw tables.

    Raises ``SchemaError`` as ``load_entities``, and when one feeds an unknown entity.
    """
    objects: dict[str, Entity] = {}
    for path in sorted(folder.glob("*/_*__sources.yml")):
        for source in _read(path)["sources"]:
            tables = [
                t for t in source["tables"] if t.get("config", {}).get("meta", {}).get("feeds")
            ]
            objects |= {table["name"]: _entity(table, path) for table in tables}
    for name, entity in objects.items():
        strange = sorted(set(entity.feeds) - set(load_entities()))
        if strange:
            raise SchemaError(f"{name} feeds unknown entities: {', '.join(strange)}.")
    return objects


def load_delivered() -> dict[str, Entity]:
    """Everything that a source may deliver: the canonical entities, then the objects."""
    return load_entities() | load_objects()


def delivered_in(source: str, folder: str) -> str:
    """What a folder of ``source`` in the landing holds: an object, or the entity of that name."""
    return next(
        (
            name
            for name, entity in load_objects().items()
            if entity.home == source and entity.folder.lower() == folder.lower()
        ),
        folder,
    )


def landing_folder(name: str) -> str:
    """What the landing folder of an entity or object is called."""
    delivered = load_delivered().get(name)
    return delivered.folder if delivered else name


def _delivery(name: str, spec: dict[str, Any], path: Path) -> EntityDelivery:
    delivery = EntityDelivery(
        load=spec.get("load", "incremental"),
        expected=tuple(spec.get("expected", ())),
        required=bool(spec.get("required", False)),
        columns=MappingProxyType(dict(spec.get("columns", {}))),
        values=MappingProxyType(
            {
                column: MappingProxyType({str(word): str(ours) for word, ours in words.items()})
                for column, words in spec.get("values", {}).items()
            }
        ),
    )
    unknown = sorted(set(spec) - {"load", "expected", "required", "columns", "values"})
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


def _check_names(source: str, entity: Entity, delivery: EntityDelivery, path: Path) -> None:
    for option, names in (("columns", delivery.columns.values()), ("values", delivery.values)):
        strange = sorted(set(names) - set(entity.columns))
        if strange:
            raise SchemaError(
                f"{path}: {option} of {entity.name} names {', '.join(strange)}, which the schema "
                f"of {entity.name} does not have ({source})."
            )


def _format(spec: dict[str, Any], path: Path) -> Format:
    unknown = sorted(set(spec) - {option.name for option in fields(Format)})
    if unknown:
        raise SchemaError(f"{path}: format has the unknown option(s) {', '.join(unknown)}.")
    patterns = {
        name: (spec[name],) if isinstance(spec[name], str) else tuple(spec[name])
        for name in ("date_format", "timestamp_format")
        if name in spec
    }
    options = Format(**{**spec, **patterns})
    try:
        codecs.lookup(options.encoding)
    except LookupError as error:
        raise SchemaError(f"{path}: format.encoding {options.encoding!r} is not known.") from error
    if len(options.delimiter) != 1 or options.delimiter in '"\r\n':
        raise SchemaError(f"{path}: format.delimiter is one character and no quote.")
    if options.decimal_mark not in (".", ","):
        raise SchemaError(f"{path}: format.decimal_mark is a point or a comma.")
    if len(options.thousands) > 1 or options.thousands == options.decimal_mark:
        raise SchemaError(f"{path}: format.thousands is one character, not the decimal mark.")
    if options.times not in ("utc", "local"):
        raise SchemaError(f"{path}: format.times is utc or local.")
    return options


@cache
def load_sources(folder: Path = SOURCES_PATH) -> dict[str, Source]:
    """All declared sources by name.

    Raises ``SchemaError`` when a source lists an entity that the schema does not know, an unknown
    option, load mode or weekday.
    """
    known = load_delivered()
    sources: dict[str, Source] = {}
    for path in sorted(folder.glob("*.yml")):
        document = _read(path)
        listed = {
            delivered_in(document["name"], name): spec
            for name, spec in document.get("entities", {}).items()
        }
        strange = sorted(set(listed) - set(known))
        if strange:
            raise SchemaError(f"{path} lists unknown entities: {', '.join(strange)}.")
        deliveries = {name: _delivery(name, spec, path) for name, spec in listed.items()}
        for name, delivery in deliveries.items():
            _check_names(document["name"], known[name], delivery, path)
        sources[document["name"]] = Source(
            name=document["name"],
            timezone=document["timezone"],
            deadline=document["deadline"],
            format=_format(document.get("format", {}), path),
            entities=MappingProxyType(deliveries),
        )
    return sources
