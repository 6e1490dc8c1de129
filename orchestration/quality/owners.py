"""Who puts data right, by id, from ``expectations/_owners.yml``."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from orchestration.settings import PROJECT_ROOT

OWNERS_FILE = PROJECT_ROOT / "expectations" / "_owners.yml"
FALLBACK = "data-engineering"
"""Owner of the deliveries of a source that nobody has claimed yet."""


class OwnerError(ValueError):
    """The list of owners cannot be used as written; the text says what to write."""


@dataclass(frozen=True)
class Owner:
    """Somebody who puts data right: what readers call them, and the sources that are theirs."""

    id: str
    name_en: str
    name_sv: str
    sources: tuple[str, ...] = field(default=())

    def name(self, language: str) -> str:
        """The owner's name in ``sv`` or ``en``."""
        return self.name_sv if language == "sv" else self.name_en


@lru_cache
def load_owners(path: Path = OWNERS_FILE) -> dict[str, Owner]:
    """All owners by id. Raises ``OwnerError`` for one without a name in both languages."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["owners"]
    found = {}
    for owner_id, values in content.items():
        missing = [key for key in ("name_en", "name_sv") if not (values or {}).get(key)]
        if missing:
            raise OwnerError(f"{path.name}: {owner_id} has no {' and no '.join(missing)}.")
        found[owner_id] = Owner(
            owner_id, values["name_en"], values["name_sv"], tuple(values.get("sources", ()))
        )
    return found


def owner_of_source(source: str) -> str:
    """The id of the owner of what ``source`` delivers."""
    for owner in load_owners().values():
        if source in owner.sources:
            return owner.id
    return FALLBACK


def owner_name(owner_id: str, language: str) -> str:
    """What readers call an owner; the id where an earlier night knew one who is gone."""
    owner = load_owners().get(owner_id)
    return owner.name(language) if owner else owner_id
