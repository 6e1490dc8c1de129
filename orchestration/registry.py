"""The registry of budget types, written from the YAML beside each type's SQL.

``make types`` calls :func:`write_registry`. The YAML is the only place a person edits; what is
written from it (the union of all types' components, the formulas of derived types and five seeds)
is tracked, so that lineage and review stay true, and ``check=True`` fails when it is stale.
"""

from __future__ import annotations

import ast
import csv
import io
import re
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
    "channel": None,
    "requires": [],
    "fills": [],
    "needs_target": False,
    "min_n_part": None,
}
"""Optional fields with their defaults; lists are written joined by a blank."""

CALENDAR_PERIODS = ["month", "quarter", "year"]

PERIOD_TYPES = ["week", *CALENDAR_PERIODS, "sales_period", "campaign"]
"""The periods a type may have figures for, in the order in which they are written."""

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
    period_types: tuple[str, ...]
    formula: dict[str, str]

    @property
    def is_divided(self) -> bool:
        """Whether the value is a numerator divided by a denominator."""
        return "denominator" in (self.formula or self.parts)


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
    known = {
        *TYPE_FIELDS,
        *OPTIONAL_FIELDS,
        "reads",
        "parts",
        "parameters",
        "period_types",
        "formula",
    }
    if unknown := sorted(set(meta) - known):
        raise RegistryError(f"{path.name}: unknown field {unknown[0]!r} in budget_type.")
    parts = meta.get("parts") or {}
    formula = _formula(path, fields, parts, meta.get("formula"))
    if not formula and "numerator" not in parts:
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
        period_types=_period_types(path, fields, parts, meta.get("period_types")),
        formula=formula,
    )


def _period_types(
    path: Path, fields: dict[str, Any], parts: dict[str, Any], named: list[str] | None
) -> tuple[str, ...]:
    """The periods the type has figures for: those it names, else those of its time shape.

    Only rows of a campaign count in its period, so a type without them has none. A flow is summed
    by campaign; its distinct keys are not told apart by campaign.
    """
    has_campaigns = "campaign_id" in fields["fills"]
    if named is None:
        if fields["time_shape"] == "period" or fields["rolling_months"]:
            named = CALENDAR_PERIODS
        else:
            named = [
                name
                for name in PERIOD_TYPES
                if name != "campaign" or (fields["time_shape"] == "flow" and has_campaigns)
            ]
    if not named or (unknown := sorted(set(named) - set(PERIOD_TYPES))):
        raise RegistryError(
            f"{path.name}: period_types has {unknown[0] if named else 'nothing'!r}; it must be "
            f"some of {', '.join(PERIOD_TYPES)}."
        )
    if fields["rolling_months"] and set(named) - set(CALENDAR_PERIODS):
        raise RegistryError(
            f"{path.name}: a rolling window ends with whole months; period_types can be "
            f"{', '.join(CALENDAR_PERIODS)}."
        )
    if "campaign" in named:
        if fields["time_shape"] == "snapshot" or not has_campaigns:
            raise RegistryError(
                f"{path.name}: period_types has campaign; only flow and period types whose rows "
                "name their campaign (fills: [campaign_id]) have figures by campaign."
            )
        if any(rules.get("over_time") == "distinct" for rules in parts.values()):
            raise RegistryError(
                f"{path.name}: period_types has campaign and a part is distinct over time; a flow "
                "is told apart by campaign where it is summed."
            )
    return tuple(name for name in PERIOD_TYPES if name in named)


def _formula(
    path: Path, fields: dict[str, Any], parts: dict[str, Any], formula: Any
) -> dict[str, str]:
    """The formulas of a derived type by what they give, each checked; empty for other types."""
    where = f"{path.name}: formula"
    is_derived = fields["aggregation"] == "DERIVED"
    if formula is None:
        if is_derived and not fields["needs_target"]:
            raise RegistryError(f"{where} is missing; a DERIVED type has one, or needs_target.")
        if fields["min_n_part"]:
            raise RegistryError(f"{path.name}: min_n_part goes with a formula.")
        return {}
    if not is_derived:
        raise RegistryError(f"{where} goes with aggregation DERIVED.")
    if (
        not isinstance(formula, dict)
        or "numerator" not in formula
        or set(formula) - {"numerator", "denominator"}
    ):
        raise RegistryError(f"{where} must give a numerator and may give a denominator.")
    for part in parts:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", part) or part in ("numerator", "denominator", "n"):
            raise RegistryError(
                f"{path.name}: part {part!r} of a formula must be lower-case letters, digits and "
                "underscores, and not numerator, denominator or n."
            )
    used = set()
    for text in formula.values():
        used |= {node.id for node in ast.walk(_parsed(where, text)) if isinstance(node, ast.Name)}
        formula_sql(text, where)
    if min_n_part := fields["min_n_part"]:
        used.add(min_n_part)
    if unknown := sorted(used - set(parts)):
        raise RegistryError(f"{where} names {unknown[0]!r}, which is no part.")
    if idle := sorted(set(parts) - used):
        raise RegistryError(f"{path.name}: part {idle[0]!r} is in no formula.")
    return {part: formula[part] for part in ("numerator", "denominator") if part in formula}


def _parsed(where: str, text: Any) -> ast.expr:
    try:
        return ast.parse(str(text), mode="eval").body
    except SyntaxError as error:
        raise RegistryError(f"{where} {text!r} cannot be read.") from error


def formula_sql(text: str, where: str = "formula") -> str:
    """A formula over part names, numbers, +, -, * and brackets, as Jinja that gives SQL.

    Every operation is the macro ``calculated``, which keeps each step an exact ``decimal(28, 4)``.
    Raises ``RegistryError``, beginning with ``where``, for anything else.
    """
    operators = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}

    def written(node: ast.expr) -> str:
        if isinstance(node, ast.BinOp) and type(node.op) in operators:
            left, right = written(node.left), written(node.right)
            return f"calculated({left}, '{operators[type(node.op)]}', {right})"
        if isinstance(node, ast.Name):
            return f"'{node.id}'"
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return f"'{ast.get_source_segment(str(text), node)}'"
        raise RegistryError(
            f"{where} {text!r} may hold part names, numbers, +, -, * and brackets only."
        )

    return written(_parsed(where, text))


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


PERIOD_KEY = [
    "budget_type_id",
    "parameter_set_id",
    "node_level",
    "node_id",
    "basis",
    "period_type",
    "period_start",
    "campaign_id",
]
"""What identifies a figure; the columns of ``int_outcomes__derived_parts`` before the part."""


def _derived(types: list[BudgetType]) -> str:
    """The model that evaluates the formulas: per type its parts side by side, then what they give.

    A part without rows is nothing, so it is zero. ``n`` is the part that ``min_n`` looks at.
    """
    key = ",\n    ".join(PERIOD_KEY)
    lines = [
        "-- Written by `make types` from the formulas of the derived budget types; edit those "
        "instead.",
        "with parts as (",
        "    select * from {{ ref('int_outcomes__parts') }}",
        ")",
    ]
    selects = []
    for budget_type in (t for t in types if t.formula):
        name = budget_type.budget_type_id
        amounts = ",\n".join(
            f"        coalesce(max(case when part = '{part}' then amount end), 0) as {part}"
            for part in budget_type.parts
        )
        numbers = ", ".join(str(number) for number in range(1, len(PERIOD_KEY) + 1))
        lines[-1] += ","
        lines += [
            "",
            f"{name} as (",
            "    select",
            "        " + ",\n        ".join(PERIOD_KEY) + ",",
            amounts,
            "    from parts",
            f"    where budget_type_id = '{name}'",
            f"    group by {numbers}",
            ")",
        ]
        given = {
            part: "{{ " + formula_sql(text) + " }}" for part, text in budget_type.formula.items()
        }
        if budget_type.fields["min_n_part"]:
            given["n"] = budget_type.fields["min_n_part"]
        selects += [
            f"select\n    {key},\n    '{part}' as part,\n"
            f"    cast(\n        {sql}\n        as decimal(28, 4)\n    ) as amount\nfrom {name}"
            for part, sql in given.items()
        ]
    if not selects:
        selects = [f"select\n    {key},\n    part,\n    amount\nfrom parts\nwhere 1 = 0"]
    return "\n".join([*lines, "", "\n\nunion all\n\n".join(selects)]) + "\n"


def _formula_text(budget_type: BudgetType) -> str:
    """The formula as a reader sees it; empty for types whose parts are not calculated with."""
    if not budget_type.formula:
        return ""
    return " / ".join(
        f"({text})" if budget_type.is_divided else text for text in budget_type.formula.values()
    )


def render(types: list[BudgetType]) -> dict[str, str]:
    """What the registry writes: path relative to the root → content."""
    fields = [*TYPE_FIELDS, *OPTIONAL_FIELDS]
    seeds = "seeds/registry"
    return {
        "models/budget_types/int_budget_types__components.sql": _union(types),
        "models/outcomes/int_outcomes__derived_parts.sql": _derived(types),
        f"{seeds}/budget_type_registry.csv": _csv(
            ["budget_type_id", *fields, "period_types", "is_divided", "formula"],
            [
                [
                    t.budget_type_id,
                    *(t.fields[name] for name in fields),
                    list(t.period_types),
                    t.is_divided,
                    _formula_text(t),
                ]
                for t in types
            ],
        ),
        f"{seeds}/budget_type_periods.csv": _csv(
            ["budget_type_id", "period_type"],
            [[t.budget_type_id, period_type] for t in types for period_type in t.period_types],
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
