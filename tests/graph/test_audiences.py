"""Who may read: every published table and column says it, and what is restricted stays apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from orchestration.manifest import load_manifest
from orchestration.publication.audiences import (
    AudienceError,
    column_audiences,
    is_free_text,
    is_personal,
    meta_of,
    table_audience,
)

COSTS_BY_TYPE = "stg_canonical__rep_costs"
READERS_OF_COSTS = {
    "stg_canonical__rep_costs": {"fct_rep_costs_by_type"},
    "fct_rep_costs_by_type": {"fct_rep_costs", "rep_costs"},
    "fct_rep_costs": {"int_core__rep_yearly_costs", "meeting_quality"},
}


def marts() -> list[Mapping[str, Any]]:
    return [
        node
        for node in load_manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]


def columns() -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    for mart in marts():
        for name, column in mart["columns"].items():
            yield mart["name"], name, meta_of(column), mart


def unstated(found: Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]) -> list[str]:
    """Personal columns whose YAML does not say itself who may read them."""
    return [
        f"{table}.{column}: add config.meta audience (all, owner, manager, restricted) and "
        "personal: true"
        for table, column, meta, _ in found
        if is_personal(table, column, meta) and not (meta.get("audience") and meta.get("personal"))
    ]


def test_every_published_table_and_column_has_an_audience():
    for mart in marts():
        assert table_audience(mart["name"], mart)
        assert set(column_audiences(mart["name"], mart)) == set(mart["columns"])


def test_a_column_about_a_person_says_itself_who_may_read_it():
    missing = unstated(columns())
    assert not missing, "\n".join(missing)


def test_a_personal_column_without_an_audience_is_found():
    mart = {"config": {"meta": {"audience": "all"}}, "columns": {}}
    new = iter([("visits", "owner_rep_id", {}, mart), ("visits", "note", {"personal": True}, mart)])
    assert [line.split(":")[0] for line in unstated(new)] == ["visits.owner_rep_id", "visits.note"]


def test_free_text_about_persons_is_restricted():
    open_texts = [
        f"{table}.{column}"
        for table, column, meta, mart in columns()
        if is_free_text(column, meta)
        and "restricted" not in (meta.get("audience"), table_audience(table, mart))
    ]
    assert not open_texts


def test_costs_by_type_are_read_by_the_restricted_table_and_their_sum_only():
    manifest = load_manifest()
    for name, expected in READERS_OF_COSTS.items():
        children = manifest["child_map"][f"model.{manifest['metadata']['project_name']}.{name}"]
        readers = {child.split(".")[2] for child in children if child.startswith("model.")}
        assert readers == expected, name
    (mart,) = [mart for mart in marts() if mart["name"] == "rep_costs"]
    assert set(column_audiences("rep_costs", mart).values()) == {"restricted"}


@pytest.mark.parametrize("audience", [None, "everybody"])
def test_a_table_whose_audience_nobody_stated_is_refused(audience):
    with pytest.raises(AudienceError, match="visits has no audience"):
        table_audience("visits", {"config": {"meta": {"audience": audience}}})
