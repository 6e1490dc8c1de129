"""What decides a figure beside the extracts: the SQL of every model, hashed model by model.

A night compares these hashes with those of the build it starts from. A model that differs is
rebuilt in full, with everything below it, before the day's increment; the rest goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.settings import PROJECT_ROOT

PROJECT = "utfall"


def project_logic(root: Path = PROJECT_ROOT) -> str:
    """Return the sha256 of what every model rests on: the project file and the locked libraries.

    A base that was built on others is no base.
    """
    digest = hashlib.sha256()
    for name in ("dbt_project.yml", "requirements.lock"):
        digest.update(hashlib.sha256((root / name).read_bytes()).digest())
    return digest.hexdigest()


def model_logic(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return model or seed → sha256 of its code, the macros it calls, and all that is above it.

    ``manifest`` is dbt's. Documentation and tests are not part of it; how a model is materialised
    and which columns its contract has, is.
    """
    nodes, macros = manifest["nodes"], manifest["macros"]

    @cache
    def macro(name: str) -> str:
        content = macros[name]
        # dbt's own macros come with the locked libraries.
        above = sorted(
            m for m in content["depends_on"]["macros"] if m.startswith(f"macro.{PROJECT}.")
        )
        return _sha256([content["macro_sql"], *(macro(m) for m in above if m != name)])

    @cache
    def node(name: str) -> str:
        content = nodes[name]
        if content["resource_type"] == "seed":
            types = json.dumps(content["config"].get("column_types") or {}, sort_keys=True)
            return _sha256([content["checksum"]["checksum"], types])
        called = sorted(
            m for m in content["depends_on"]["macros"] if m.startswith(f"macro.{PROJECT}.")
        )
        columns = [
            [column["name"], column.get("data_type")] for column in content["columns"].values()
        ]
        return _sha256(
            [
                content["raw_code"],
                content["config"]["materialized"],
                json.dumps(columns if content["contract"]["enforced"] else []),
                *(macro(m) for m in called),
                *(node(n) for n in sorted(content["depends_on"]["nodes"]) if n in nodes),
            ]
        )

    return {
        content["name"]: node(name)
        for name, content in sorted(nodes.items())
        if content["resource_type"] in ("model", "seed")
    }


def _sha256(parts: list[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()
