"""The registry of budget types, written from the YAML beside each type's SQL.

``make types`` calls :func:`write_registry`. The YAML is the only place a person edits; what is
written from it (the union of all types' components and four seeds) is tracked, so that lineage and
review stay true, and ``check=True`` fails when it is stale.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import yaml

from orchestration.settings import PROJECT_ROOT

COMPONENT_COLUMNS: dict[str, str] = {
    "budget_type_id": "varchar",
    "part": "varchar",
    "parameter_set_id": "varchar",
    "as_of": "date",
    "period_type": "varchar",
    "period_start": "date",
    "event_date": "date",
    "booking_date": "date",
    "rep_id": "varchar",
    "customer_id": "varchar",
    "product_category": "varchar",
    "channel": "varchar",
    "area_id": "varchar",
    "business_category": "varchar",
    "purchase_method": "varchar",
    "campaign_id": "varchar",
    "amount": "decimal(18, 4)",
    "distinct_key": "varchar",
    "credit_type": "varchar",
    "record_type": "varchar",
    "record_id": "varchar",
}
"""The component contract: the columns every budget type returns, in order, with their types."""

TYPE_FIELDS: dict[str, set[str] | None] = {
    "family": set("ABCDEFGHIJKL"),
    "name_en": None,
    "name_sv": None,
    "definition_en": None,
    "definition_sv": None,
    "why_en": None,
    "why_sv": None,
    "unit": None,
    "aggregation": {"SUM", "RATIO", "DISTINCT", "LAST", "LAST_RATIO", "DERIVED"},
    "direction": {"higher", "lower", "band", "scale"},
    "target_mode": {"distribute", "per_rep", "same_level"},
    "priority": {"P1", "P2"},
    "measures": {"volume", "invoicing", "order", "margin", "activity", "quality", "other"},
    "time_shape": {"flow", "snapshot", "period"},
    "definition_version": None,
}
"""Required fields of ``config.meta.budget_type`` and, where closed, their allowed values."""

OPTIONAL_FIELDS: dict[str, Any] = {
    "accumulates": False,
    "scale": 1,
    "scale_min": None,
    "display_factor": 1,
    "min_n": 0,
    "rolling_months": None,
    "requires": [],
    "fills": [],
    "needs_target": False,
}
"""Optional fields with their defaults; lists are written joined by a blank."""

PART_RULES = {
    "over_reps": {"sum", "distinct"},
    "over_time": {"sum", "distinct", "last"},
}


class RegistryError(ValueError):
    """A type's YAML cannot be used; the text names file, type and field."""


@dataclass(frozen=True)
class BudgetType:
    """One budget type as its YAML states it."""

    budget_type_id: str
    path: Path
    fields: dict[str, Any]
    reads: tuple[str, ...]
    parts: dict[str, dict[str, str]]
    parameters: tuple[dict[str, Any], ...]


def load_budget_types(root: Path = PROJECT_ROOT) -> list[BudgetType]:
    """All budget types below ``models/budget_types``, ordered by id.

    Raises ``RegistryError`` where a YAML has no SQL beside it (or the other way round), lacks a
    field, or holds a value that is not allowed.
    """
    folder = root / "models" / "budget_types"
    sql = {path.stem: path for path in folder.rglob("bt_*.sql")}
    documents = {path.stem: path for path in folder.rglob("bt_*.yml")}
    for lone in sorted(sql.keys() ^ documents.keys()):
        has, lacks = ("SQL", "YAML") if lone in sql else ("YAML", "SQL")
        raise RegistryError(
            f"{lone} has {has} but no {lacks} file in {folder}; a budget type is both files."
        )
    return [_load(documents[name]) for name in sorted(documents)]


def _load(path: Path) -> BudgetType:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    models = {model["name"]: model for model in document.get("models", [])}
    if path.stem not in models:
        raise RegistryError(f"{path.name} does not describe the model {path.stem}.")
    meta = models[path.stem].get("config", {}).get("meta", {}).get("budget_type")
    if not meta:
        raise RegistryError(f"{path.name}: config.meta.budget_type is missing.")
    fields: dict[str, Any] = {}
    for name, allowed in TYPE_FIELDS.items():
        value = meta.get(name)
        if value in (None, ""):
            raise RegistryError(f"{path.name}: config.meta.budget_type.{name} is missing.")
        if allowed and value not in allowed:
            raise RegistryError(
                f"{path.name}: {name} is {value!r}; it must be one of {', '.join(sorted(allowed))}."
            )
        fields[name] = value
    for name, default in OPTIONAL_FIELDS.items():
        fields[name] = meta.get(name, default)
    known = {*TYPE_FIELDS, *OPTIONAL_FIELDS, "reads", "parts", "parameters"}
    if unknown := sorted(set(meta) - known):
        raise RegistryError(f"{path.name}: unknown field {unknown[0]!r} in budget_type.")
    parts = meta.get("parts") or {}
    if "numerator" not in parts:
        raise RegistryError(f"{path.name}: parts must name at least the numerator.")
    for part, rules in parts.items():
        for rule, allowed in PART_RULES.items():
            if rules.get(rule) not in allowed:
                raise RegistryError(
                    f"{path.name}: part {part} has {rule}={rules.get(rule)!r}; it must be one of "
                    f"{', '.join(sorted(allowed))}."
                )
    reads = tuple(meta.get("reads") or ())
    if not reads:
        raise RegistryError(f"{path.name}: reads must name the entities the type needs.")
    parameters = tuple(meta.get("parameters") or ())
    for parameter in parameters:
        if missing := {"parameter", "value", "unit", "valid_from", "reason"} - parameter.keys():
            raise RegistryError(f"{path.name}: a parameter lacks {sorted(missing)[0]}.")
    return BudgetType(
        budget_type_id=path.stem.removeprefix("bt_"),
        path=path,
        fields=fields,
        reads=reads,
        parts=parts,
        parameters=parameters,
    )


def _csv(header: list[str], rows: list[list[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else " ".join(value.split()) if isinstance(value, str) else value


def _union(types: list[BudgetType]) -> str:
    lines = [
        "-- Written by `make types` from the YAML of the budget types; edit those instead.",
    ]
    for number, budget_type in enumerate(types):
        if number:
            lines += ["", "union all", ""]
        lines.append("select")
        columns = [
            f"    cast({name} as {data_type}) as {name}"
            for name, data_type in COMPONENT_COLUMNS.items()
        ]
        lines.append(",\n".join(columns))
        lines.append(f"from {{{{ ref('bt_{budget_type.budget_type_id}') }}}}")
    return "\n".join(lines) + "\n"


def render(types: list[BudgetType]) -> dict[str, str]:
    """What the registry writes: path relative to the root → content."""
    fields = [*TYPE_FIELDS, *OPTIONAL_FIELDS]
    seeds = "seeds/registry"
    return {
        "models/budget_types/int_budget_types__components.sql": _union(types),
        f"{seeds}/budget_type_registry.csv": _csv(
            ["budget_type_id", *fields],
            [[t.budget_type_id, *(t.fields[name] for name in fields)] for t in types],
        ),
        f"{seeds}/budget_type_parts.csv": _csv(
            ["budget_type_id", "part", "over_reps", "over_time"],
            [
                [t.budget_type_id, part, rules["over_reps"], rules["over_time"]]
                for t in types
                for part, rules in t.parts.items()
            ],
        ),
        f"{seeds}/budget_type_parameters.csv": _csv(
            [
                "budget_type_id",
                "parameter_set_id",
                "parameter",
                "value",
                "unit",
                "valid_from",
                "valid_to",
                "reason",
            ],
            [
                [
                    t.budget_type_id,
                    p.get("parameter_set_id", "default"),
                    p["parameter"],
                    p["value"],
                    p["unit"],
                    p["valid_from"],
                    p.get("valid_to", "9999-12-31"),
                    p["reason"],
                ]
                for t in types
                for p in t.parameters
            ],
        ),
        f"{seeds}/budget_type_reads.csv": _csv(
            ["budget_type_id", "entity"],
            [[t.budget_type_id, entity] for t in types for entity in t.reads],
        ),
    }


def write_registry(root: Path = PROJECT_ROOT, check: bool = False) -> list[Path]:
    """Write the union model and the registry seeds; return the files that changed.

    With ``check`` nothing is written, and the files that would change are returned.
    """
    changed = []
    for name, content in render(load_budget_types(root)).items():
        path = root / name
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        changed.append(path)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    return changed


def main(check: bool = typer.Option(False, help="Write nothing; fail when files are stale.")):
    """Write registry seeds and union model from the types' YAML."""
    try:
        changed = write_registry(check=check)
    except RegistryError as error:
        typer.echo(f"Budget types: {error}", err=True)
        raise typer.Exit(1) from error
    for path in changed:
        typer.echo(f"{'stale' if check else 'written'}: {path.relative_to(PROJECT_ROOT)}")
    if check and changed:
        typer.echo("Run `make types` and commit what it writes.", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
