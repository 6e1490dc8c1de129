"""The entity schema is complete and consistent, and a mistake in it is told in words."""

from __future__ import annotations

import re

import pytest
import yaml

from orchestration.schema import (
    COMMON_COLUMNS,
    DATA_TYPES,
    ENTITIES_PATH,
    SchemaError,
    load_entities,
    load_sources,
)

REQUIRED = {
    "reps",
    "customers",
    "contracts",
    "contract_lines",
    "invoices",
    "invoice_lines",
    "activities",
    "activity_participants",
    "products",
    "exchange_rates",
}


def _tables() -> list[dict]:
    return yaml.safe_load(ENTITIES_PATH.read_text(encoding="utf-8"))["sources"][0]["tables"]


def test_every_entity_has_its_key_and_the_common_columns():
    for entity in load_entities().values():
        assert entity.key, entity.name
        assert set(entity.key) <= set(entity.columns), entity.name
        assert set(COMMON_COLUMNS) <= set(entity.columns), entity.name
        assert {c.data_type for c in entity.columns.values()} <= DATA_TYPES, entity.name
        assert all(entity.columns[c].required for c in entity.key), entity.name


def test_exactly_the_entities_without_which_a_night_is_red_are_required():
    assert {e.name for e in load_entities().values() if e.required} == REQUIRED


def test_the_sources_agree_with_the_schema_on_what_is_required():
    for entity in load_entities().values():
        source = load_sources()[entity.home]
        assert source.delivery(entity.name).required == entity.required, entity.name
        # Ingest can only miss what it expects.
        assert not entity.required or source.delivery(entity.name).expected, entity.name


def test_every_table_and_column_is_described_and_says_who_needs_it():
    for table in _tables():
        assert re.match(r"One row is .+?\.", table["description"]), table["name"]
        assert table["config"]["meta"]["needed_by"], table["name"]
        for column in table["columns"]:
            assert column["description"].endswith("."), (table["name"], column["name"])


def test_no_column_is_called_sales():
    # C1: invoicing and volume are kept apart by name, from the first table on.
    for entity in load_entities().values():
        assert not {"sales", "sale", "försäljning"} & set(entity.columns), entity.name


def test_own_columns_leave_out_the_common_ones_unless_they_are_key():
    entities = load_entities()
    assert entities["regions"].own_columns == ("region_id", "name")
    assert "source_id" in entities["credit_splits"].own_columns
    assert "source_id" not in entities["contracts"].own_columns


def test_an_entity_that_a_source_does_not_list_is_incremental_and_optional():
    delivery = load_sources()["erp"].delivery("survey_responses")
    assert (delivery.load, delivery.expected, delivery.required) == ("incremental", (), False)
    assert load_sources()["erp"].delivery("products").is_full


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("entities: {no_such_entity: {load: full}}", "unknown entities: no_such_entity"),
        ("entities: {reps: {load: sometimes}}", "load 'sometimes'"),
        ("entities: {reps: {expected: [mon, someday]}}", "someday"),
        ("entities: {reps: {hurry: true}}", "unknown option(s) hurry"),
        ("entities: [", "cannot be read as YAML"),
    ],
)
def test_a_mistake_in_a_source_file_is_told_with_its_place(tmp_path, text, words):
    (tmp_path / "odd.yml").write_text(
        f"name: odd\ntimezone: Europe/Stockholm\ndeadline: '05:00'\n{text}\n", encoding="utf-8"
    )
    with pytest.raises(SchemaError, match=re.escape(words)) as error:
        load_sources(tmp_path)
    assert "odd.yml" in str(error.value)


def test_an_unknown_data_type_is_told_with_table_and_column(tmp_path):
    path = tmp_path / "sources.yml"
    path.write_text(
        "sources: [{name: raw, tables: [{name: t, config: {meta: {key: [a], home: crm, "
        "required: false}}, columns: [{name: a, data_type: money}]}]}]",
        encoding="utf-8",
    )
    with pytest.raises(SchemaError, match=r"t\.a has data_type 'money'"):
        load_entities(path)
