"""Which models a change of code concerns."""

from __future__ import annotations

import copy
from typing import Any

from orchestration.logic import model_logic, project_logic


def model(name: str, code: str, above: list[str], macros: list[str] | None = None) -> dict:
    return {
        "name": name,
        "resource_type": "model",
        "raw_code": code,
        "description": "",
        "config": {"materialized": "table"},
        "contract": {"enforced": False},
        "columns": {"a": {"name": "a", "data_type": "int"}},
        "depends_on": {"nodes": above, "macros": macros or []},
    }


MANIFEST: dict[str, Any] = {
    "nodes": {
        "seed.utfall.rates": {
            "name": "rates",
            "resource_type": "seed",
            "checksum": {"checksum": "1"},
            "config": {"column_types": {}},
        },
        "model.utfall.base": model("base", "select 1", ["source.utfall.raw.reps"]),
        "model.utfall.fact": model(
            "fact", "select 2", ["model.utfall.base"], ["macro.utfall.outer", "macro.dbt.ref"]
        ),
        "model.utfall.mart": model("mart", "select 3", ["model.utfall.fact", "seed.utfall.rates"]),
        "model.utfall.aside": model("aside", "select 4", ["model.utfall.base"]),
        "test.utfall.t": {"name": "t", "resource_type": "test"},
    },
    "macros": {
        "macro.utfall.outer": {
            "macro_sql": "{{ inner() }}",
            "depends_on": {"macros": ["macro.utfall.inner"]},
        },
        "macro.utfall.inner": {"macro_sql": "x", "depends_on": {"macros": ["macro.dbt.y"]}},
    },
}


def changed(*path: str, to: Any) -> set[str]:
    """The models whose hash changes when the manifest changes at ``path``."""
    other = copy.deepcopy(MANIFEST)
    place = other
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    before, after = model_logic(MANIFEST), model_logic(other)
    return {name for name in before if before[name] != after[name]}


def test_a_change_concerns_the_model_and_what_is_below_it() -> None:
    assert changed("nodes", "model.utfall.fact", "raw_code", to="select 9") == {"fact", "mart"}
    assert changed("nodes", "model.utfall.base", "raw_code", to="select 9") == {
        *("base", "fact", "mart", "aside"),
    }


def test_a_macro_counts_where_it_is_called_also_through_another() -> None:
    assert changed("macros", "macro.utfall.inner", "macro_sql", to="y") == {"fact", "mart"}


def test_a_seed_counts_by_its_content_and_the_types_of_its_columns() -> None:
    seed = ("nodes", "seed.utfall.rates")
    assert changed(*seed, "checksum", to={"checksum": "2"}) == {"rates", "mart"}
    types = {"column_types": {"rate": "decimal(18, 10)"}}
    assert changed(*seed, "config", to=types) == {"rates", "mart"}


def test_words_do_not_count_but_contracts_and_materialisation_do() -> None:
    node = ("nodes", "model.utfall.mart")
    assert changed(*node, "description", to="new words") == set()
    assert changed(*node, "config", to={"materialized": "view"}) == {"mart"}
    assert changed(*node, "columns", to={}) == set()
    assert changed(*node, "contract", to={"enforced": True}) == {"mart"}


def test_libraries_and_project_file_count_for_everything(tmp_path) -> None:
    for name in ("dbt_project.yml", "requirements.lock"):
        (tmp_path / name).write_text("1")
    before = project_logic(tmp_path)
    (tmp_path / "requirements.lock").write_text("2")
    assert project_logic(tmp_path) != before
