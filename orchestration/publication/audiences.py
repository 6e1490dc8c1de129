"""Who may read a published table or column, as its YAML says in ``config.meta.audience``.

``all``: everybody who may open the publication. ``owner``: the person whose ``rep_id`` the row
bears, and that person's managers. ``manager``: managers and those who plan for them.
``restricted``: named persons only; it lies in a file of its own with permissions of its own
(``release.RESTRICTED_DATABASE``), so that no tool that reads the open files can show it.

A column has the audience of its table unless it states its own; a column about a person must.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

AUDIENCES = ("all", "owner", "manager", "restricted")
RESTRICTED = "restricted"

_PERSONAL_NAMES = re.compile(
    r"(^|_)rep_id$|^node_id$|^org_no$|e_?mail|phone"
    r"|^(hire_date|leave_date|fte|is_employed)$"
    r"|^(evaluation_score|skill_gap|management_support|reward_eligible|cost_type)$"
    r"|^(feedback|action)_(text|by|owner)$|^(done|changed|created|set)_by$|^comment|^notes?$"
    r"|^raw_row$"
)
"""Names of columns that say who somebody is, what they earn or how they are judged."""

_TABLES_OF_PERSONS = frozenset({"reps", "customers"})
"""Tables whose ``name`` is that of a person; a customer may be a sole trader."""

_FREE_TEXT_NAMES = re.compile(r"^feedback_text$|^comment|^notes?$|^raw_row$")
"""Names of columns in which anything may be written about a person."""


class AudienceError(RuntimeError):
    """A published table or column of which nobody has said who may read it."""


def is_personal(table: str, column: str, meta: Mapping[str, Any]) -> bool:
    """Whether a column is about a person: its YAML says so, or its name does."""
    return (
        bool(meta.get("personal"))
        or (column == "name" and table in _TABLES_OF_PERSONS)
        or bool(_PERSONAL_NAMES.search(column))
    )


def is_free_text(column: str, meta: Mapping[str, Any]) -> bool:
    """Whether anything may be written about a person in the column."""
    return bool(meta.get("free_text")) or bool(_FREE_TEXT_NAMES.search(column))


def meta_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The meta of a model or column of dbt's manifest or YAML."""
    return (node.get("config") or {}).get("meta") or node.get("meta") or {}


def table_audience(name: str, node: Mapping[str, Any]) -> str:
    """Who may read a table. Raises ``AudienceError`` where its YAML does not say."""
    return _known(meta_of(node).get("audience"), name)


def column_audiences(name: str, node: Mapping[str, Any]) -> dict[str, str]:
    """Who may read each described column: its own audience, else the table's."""
    of_table = table_audience(name, node)
    return {
        column: _known(meta_of(content).get("audience", of_table), f"{name}.{column}")
        for column, content in (node.get("columns") or {}).items()
    }


def _known(audience: Any, where: str) -> str:
    if audience not in AUDIENCES:
        said = f"{audience!r} is none" if audience else "none is stated"
        raise AudienceError(
            f"{where} has no audience ({said}), and what nobody may read is not published. "
            f"Write config.meta.audience in its YAML: {', '.join(AUDIENCES)}."
        )
    return audience
