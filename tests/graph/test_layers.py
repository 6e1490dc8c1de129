"""The dbt graph keeps its layers, says what it holds, and publishes no column with a vague name.

Requirement C1: volume and invoicing are two families, and nothing is just "sales".
"""

from __future__ import annotations

from functools import lru_cache

import pytest
import yaml

from orchestration.manifest import load_manifest
from orchestration.settings import PROJECT_ROOT

MAY_READ: dict[str, set[str]] = {
    "staging": {"staging", "seeds", "source raw", "source raw_delta", "source run"},
    "core": {"core", "staging", "seeds", "source run"},
    "budget_types": {"budget_types", "core", "seeds"},
    "outcomes": {"outcomes", "budget_types", "core", "seeds", "source run"},
    "planning": {"planning", "outcomes", "budget_types", "core", "staging", "seeds"},
    "scoring": {
        *("scoring", "planning", "outcomes", "budget_types", "core", "staging", "seeds"),
        "source run",
    },
    "marts": {"marts", "scoring", "planning", "outcomes", "budget_types", "core", "seeds"},
}
"""Data only moves down: a layer reads itself, those above it, and what a night knows of itself.

Budgets, key figures, and what is only there to plan and score by, come to planning and scoring
straight from staging.
"""

READS_STAGING = {
    "quarantine": {"int_staging__quarantine"},
}
"""Marts that show records as staging has them: the rows that were set aside."""

VAGUE_NAMES = {"sales", "sale", "försäljning", "forsaljning"}


@lru_cache
def nodes() -> dict[str, dict]:
    manifest = load_manifest()
    return manifest["nodes"] | manifest["sources"]


def models() -> list[dict]:
    return [node for node in nodes().values() if node["resource_type"] == "model"]


def layer(node: dict) -> str:
    """The layer of a node: its top folder, ``seeds``, or ``source <name>``.

    Objects of a source that has its own shape are raw rows like any other.
    """
    if node["resource_type"] == "source":
        is_object = bool(node["config"].get("meta", {}).get("feeds"))
        return f"source {'raw' if is_object else node['source_name']}"
    if node["resource_type"] == "seed":
        return "seeds"
    return node["path"].split("/")[0]


def parents(model: dict) -> list[dict]:
    return [nodes()[unique_id] for unique_id in model["depends_on"]["nodes"]]


def first_sentence(text: str) -> str:
    return " ".join(text.split()).split(". ")[0]


def test_every_model_stands_in_a_layer():
    assert {layer(model) for model in models()} == set(MAY_READ)


def test_a_model_reads_its_own_layer_or_one_above():
    wrong = [
        f"{model['name']} ({layer(model)}) reads {parent['name']} ({layer(parent)})"
        for model in models()
        for parent in parents(model)
        if layer(parent) not in MAY_READ[layer(model)]
        and parent["name"] not in READS_STAGING.get(model["name"], set())
    ]
    assert not wrong, "\n".join(wrong)


def test_every_exception_from_the_layers_is_still_needed():
    used = {
        (model["name"], parent["name"])
        for model in models()
        for parent in parents(model)
        if model["name"] in READS_STAGING and layer(parent) == "staging"
    }
    assert used == {(mart, parent) for mart, names in READS_STAGING.items() for parent in names}


def test_staging_is_read_from_raw_by_base_models_only():
    wrong = [
        model["name"]
        for model in models()
        for parent in parents(model)
        if layer(parent) in ("source raw", "source raw_delta")
        and not model["name"].startswith("base_")
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("name", sorted(MAY_READ))
def test_every_description_begins_with_the_grain(name: str):
    wrong = [
        f"{model['name']}: {first_sentence(model['description']) or 'no description'}"
        for model in models()
        if layer(model) == name and not model["description"].strip().startswith("One row ")
    ]
    assert not wrong, "\n".join(wrong)


def test_every_seed_is_described():
    wrong = [
        node["name"]
        for node in nodes().values()
        if node["resource_type"] == "seed"
        and not node["description"].strip().startswith("One row ")
    ]
    assert not wrong, wrong


def test_what_is_published_has_a_contract_and_describes_every_column():
    marts = [model for model in models() if layer(model) == "marts"]
    assert marts
    for mart in marts:
        assert mart["config"]["contract"]["enforced"], f"{mart['name']} has no enforced contract"
        undescribed = [c for c, column in mart["columns"].items() if not column["description"]]
        assert not undescribed, f"{mart['name']}: no description of {', '.join(undescribed)}"


def test_c1_no_published_column_is_just_called_sales():
    wrong = [
        f"{model['name']}.{column}"
        for model in models()
        if layer(model) in ("marts", "outcomes", "budget_types")
        for column in model["columns"]
        if column.lower() in VAGUE_NAMES
    ]
    assert not wrong, wrong


def test_c1_no_budget_type_is_just_called_sales():
    for path in (PROJECT_ROOT / "models" / "budget_types").rglob("bt_*.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        meta = document["models"][0]["config"]["meta"]["budget_type"]
        for field in ("name_en", "name_sv"):
            assert meta[field].lower() not in VAGUE_NAMES, f"{path.name}: {field}"


def test_macros_and_tests_name_no_node_that_is_not_there():
    missing = {
        parent
        for node in nodes().values()
        if node["resource_type"] in ("model", "test")
        for parent in node["depends_on"]["nodes"]
        if parent not in nodes()
    }
    assert not missing, missing
