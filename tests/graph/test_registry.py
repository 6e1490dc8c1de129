"""Registry, files and union are one thing, and a type is two files (C17, K9, G16, G17).

The toy types at the end are added to a copy of the project: nothing but their SQL and YAML is
written, and they come out in ``outcomes`` with a value.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from datetime import date
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.ingest import ingest_all
from orchestration.manifest import load_manifest
from orchestration.registry import (
    COMPONENT_COLUMNS,
    RegistryError,
    load_budget_types,
    render,
    write_registry,
)
from orchestration.schema import load_entities
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.warehouse import prepare_warehouse
from tests.unit.dbt_harness import run_dbt

FOLDERS = {
    "A": "volume",
    "B": "channel_volume",
    "C": "invoicing",
    "D": "channel_invoicing",
    "E": "margin",
    "F": "customers",
    "G": "activity",
    "H": "meeting_quality",
    "I": "retail_execution",
    "J": "contract_value",
    "K": "key_accounts",
    "L": "pipeline",
}

DIMENSIONS = {
    "product_category",
    "channel",
    "area_id",
    "business_category",
    "purchase_method",
    "campaign_id",
}

FIRST_SEVENTEEN = {
    "signed_volume",
    "renewal_volume",
    "upsell_volume",
    "win_back_volume",
    "new_business_volume",
    "invoiced_revenue",
    "renewal_invoicing",
    "upsell_invoicing",
    "win_back_invoicing",
    "new_business_invoicing",
    "contribution_margin",
    "meetings_held",
    "meetings_planned_next_14d",
    "kam_customers_met_90d",
    "average_deal_value",
    "customer_retention_rate",
    "margin_per_meeting",
}

TYPES = load_budget_types()
IDS = [budget_type.budget_type_id for budget_type in TYPES]


@lru_cache
def manifest() -> dict:
    return load_manifest()


def union_refs(sql: str) -> list[str]:
    return re.findall(r"ref\('bt_(\w+)'\)", sql)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_first_seventeen_are_there():
    assert set(IDS) >= FIRST_SEVENTEEN


def test_what_the_registry_writes_is_not_stale():
    stale = [str(path.relative_to(PROJECT_ROOT)) for path in write_registry(check=True)]
    assert not stale, f"run make types and commit {', '.join(stale)}"


def test_files_union_seed_and_manifest_name_the_same_types():
    written = render(TYPES)
    union = union_refs(written["models/budget_types/int_budget_types__components.sql"])
    seed = rows(written["seeds/registry/budget_type_registry.csv"])
    parents = manifest()["nodes"]["model.utfall.int_budget_types__components"]["depends_on"]
    assert union == IDS
    assert [row["budget_type_id"] for row in seed] == IDS
    assert parents["nodes"] == [f"model.utfall.bt_{name}" for name in IDS]


@pytest.mark.parametrize("budget_type", TYPES, ids=IDS)
def test_a_type_lies_in_the_folder_of_its_family(budget_type):
    assert budget_type.path.parent.name == FOLDERS[budget_type.fields["family"]]


@pytest.mark.parametrize("budget_type", TYPES, ids=IDS)
def test_a_type_says_what_it_needs_and_fills(budget_type):
    assert set(budget_type.reads) <= set(load_entities())
    assert set(budget_type.fields["fills"]) <= DIMENSIONS
    assert set(budget_type.fields["requires"]) <= set(budget_type.fields["fills"])
    for parameter in budget_type.parameters:
        assert re.match(r"\d{4}-\d{2}-\d{2}: ", parameter["reason"]), parameter


@pytest.mark.parametrize("budget_type", TYPES, ids=IDS)
def test_a_type_is_told_in_both_languages_and_says_why(budget_type):
    texts = [
        budget_type.fields[name] for name in ("definition_en", "definition_sv", "why_en", "why_sv")
    ]
    assert len({" ".join(text.split()) for text in texts}) == 4
    for text in texts[1], texts[3]:
        assert re.search("[åäöÅÄÖ]", text), f"not Swedish: {text}"


@pytest.mark.parametrize("budget_type", TYPES, ids=IDS)
def test_shape_aggregation_and_parts_agree(budget_type):
    fields, parts = budget_type.fields, budget_type.parts
    over_time = {rules["over_time"] for rules in parts.values()}
    if fields["time_shape"] == "flow":
        assert "last" not in over_time
    else:
        assert over_time == {"last"}
    if budget_type.formula:
        assert fields["aggregation"] == "DERIVED"
    elif fields["aggregation"] == "DERIVED":
        assert set(parts) == {"numerator"}
        assert fields["needs_target"]
    elif fields["aggregation"] in ("RATIO", "LAST_RATIO"):
        assert set(parts) >= {"numerator", "denominator"}
    else:
        assert set(parts) == {"numerator"}
    assert budget_type.is_divided == (
        fields["aggregation"] in ("RATIO", "LAST_RATIO") or "denominator" in budget_type.formula
    )


@pytest.mark.parametrize("name", IDS)
def test_a_type_returns_the_component_contract_in_order(name: str):
    sql = manifest()["nodes"][f"model.utfall.bt_{name}"]["raw_code"]
    selects = re.findall(r"(?:^|\n)select\n(.*?)\nfrom ", sql, flags=re.S)
    final = selects[-1]
    columns = [
        re.split(r"\s+as\s+|\.", line.strip().rstrip(","))[-1]
        for line in re.sub(r"\{\{.*?\}\}", "x", final).splitlines()
    ]
    assert columns == list(COMPONENT_COLUMNS)


@pytest.mark.parametrize("name", IDS)
def test_a_type_is_a_view_of_core_and_seeds_under_the_length_of_a_page(name: str):
    node = manifest()["nodes"][f"model.utfall.bt_{name}"]
    assert node["config"]["materialized"] == "view"
    for parent in node["depends_on"]["nodes"]:
        assert parent.startswith(("model.utfall.int_core__", "model.utfall.fct_", "seed.utfall."))


@pytest.mark.parametrize("name", IDS)
def test_a_type_has_the_worked_example_of_the_catalogue_under_its_own_name(name: str):
    tests = {
        test["name"] for test in manifest()["unit_tests"].values() if test["model"] == f"bt_{name}"
    }
    assert f"{name}__worked_example" in tests
    assert len(tests) >= 2, "the edge cases are missing"


@pytest.mark.parametrize("name", IDS)
def test_a_type_tests_rep_and_part(name: str):
    asked = [
        node["test_metadata"]
        for node in manifest()["nodes"].values()
        if node["resource_type"] == "test"
        and node.get("attached_node") == f"model.utfall.bt_{name}"
    ]
    (rows,) = (test["kwargs"] for test in asked if test["name"] == "sound_rows")
    assert {"rep_id", "part"} <= set(rows["filled"])
    assert rows["values"]["part"]


# Broken YAML ------------------------------------------------------------------------------------


TOY_SQL = """\
with meetings as (
    select * from {{ ref('fct_meeting_participations') }}
)

select
    'toy' as budget_type_id,
    'numerator' as part,
    'default' as parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    event_date,
    booking_date,
    rep_id,
    customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    cast(10 * meetings as decimal(18, 4)) as amount,
    cast(null as varchar) as distinct_key,
    'participant' as credit_type,
    'activity' as record_type,
    activity_id as record_id
from meetings
"""

TOY_YAML = """\
version: 2

models:
  - name: bt_toy
    description: One row is a rep's part in a held meeting. Ten points for each.
    config:
      meta:
        budget_type:
          family: G
          name_en: Meeting points
          name_sv: Mötespoäng
          definition_en: Ten points for every meeting.
          definition_sv: Tio poäng för varje möte.
          why_en: To show that a type is two files.
          why_sv: För att visa att en typ är två filer.
          unit: points
          aggregation: SUM
          direction: higher
          target_mode: distribute
          priority: P2
          measures: activity
          time_shape: flow
          definition_version: 1
          reads: [activities]
          fills: [area_id]
          parts:
            numerator: {over_reps: sum, over_time: sum}

unit_tests:
  - name: toy__worked_example
    model: bt_toy
    given:
      - input: ref('fct_meeting_participations')
        rows:
          - {activity_id: M1, rep_id: anna, meetings: 1}
    expect:
      rows:
        - {budget_type_id: toy, rep_id: anna, amount: 10, record_id: M1}
"""


def write_type(root: Path, sql: str | None = TOY_SQL, document: str | None = TOY_YAML) -> Path:
    folder = root / "models" / "budget_types" / "activity"
    folder.mkdir(parents=True, exist_ok=True)
    if sql is not None:
        (folder / "bt_toy.sql").write_text(sql)
    if document is not None:
        (folder / "bt_toy.yml").write_text(document)
    return folder


def changed(**fields) -> str:
    document = yaml.safe_load(TOY_YAML)
    meta = document["models"][0]["config"]["meta"]["budget_type"]
    for name, value in fields.items():
        if value is None:
            del meta[name]
        else:
            meta[name] = value
    return yaml.safe_dump(document)


def derived(names=("a", "b"), **fields) -> str:
    rules = {"over_reps": "sum", "over_time": "sum"}
    return changed(aggregation="DERIVED", parts={name: rules for name in names}, **fields)


@pytest.mark.parametrize(
    ("sql", "document", "said"),
    [
        (TOY_SQL, None, "bt_toy has SQL but no YAML"),
        (None, TOY_YAML, "bt_toy has YAML but no SQL"),
        (TOY_SQL, TOY_YAML.replace("name: bt_toy", "name: bt_other", 1), "does not describe"),
        (TOY_SQL, changed(why_sv=None), "why_sv is missing"),
        (TOY_SQL, changed(family="Z"), "family is 'Z'"),
        (TOY_SQL, changed(colour="red"), "unknown field 'colour'"),
        (TOY_SQL, changed(reads=[]), "reads must name"),
        (TOY_SQL, changed(parts={"denominator": {}}), "at least the numerator"),
        (
            TOY_SQL,
            changed(parts={"numerator": {"over_reps": "mean", "over_time": "sum"}}),
            "over_reps='mean'",
        ),
        (TOY_SQL, changed(parameters=[{"parameter": "days"}]), "a parameter lacks"),
        (TOY_SQL, changed(period_types=["decade"]), "period_types has 'decade'"),
        (TOY_SQL, changed(period_types=[]), "period_types has 'nothing'"),
        (TOY_SQL, changed(period_types=["campaign"]), "rows name their campaign"),
        (
            TOY_SQL,
            changed(rolling_months=3, period_types=["week"]),
            "a rolling window ends with whole months",
        ),
        (
            TOY_SQL,
            changed(
                fills=["campaign_id"],
                parts={"numerator": {"over_reps": "distinct", "over_time": "distinct"}},
            ),
            "a part is distinct over time",
        ),
        (TOY_SQL, changed(formula={"numerator": "a"}), "goes with aggregation DERIVED"),
        (TOY_SQL, changed(min_n_part="numerator"), "min_n_part goes with a formula"),
        (TOY_SQL, changed(aggregation="DERIVED"), "formula is missing"),
        (TOY_SQL, derived(formula={"denominator": "a"}), "must give a numerator"),
        (TOY_SQL, derived(formula={"numerator": "a * c"}), "names 'c', which is no part"),
        (TOY_SQL, derived(formula={"numerator": "a"}), "part 'b' is in no formula"),
        (TOY_SQL, derived(formula={"numerator": "a *"}), "cannot be read"),
        (TOY_SQL, derived(formula={"numerator": "a / b"}), "numbers, +, -, * and brackets only"),
        (TOY_SQL, derived(formula={"numerator": "max(a, b)"}), "+, -, * and brackets only"),
        (TOY_SQL, derived(formula={"numerator": "a * 'b'"}), "+, -, * and brackets only"),
        (TOY_SQL, derived(formula={"numerator": "a + b"}, min_n_part="c"), "names 'c'"),
        (TOY_SQL, derived(names=("a", "n"), formula={"numerator": "a + n"}), "part 'n' of a"),
        (TOY_SQL, derived(names=("a", "b c"), formula={"numerator": "a"}), "part 'b c' of a"),
    ],
)
def test_a_type_that_cannot_be_used_is_refused_in_words(tmp_path, sql, document, said):
    write_type(tmp_path, sql, document)
    with pytest.raises(RegistryError, match=re.escape(said)):
        load_budget_types(tmp_path)


@pytest.mark.parametrize(
    ("fields", "periods"),
    [
        ({}, ["week", "month", "quarter", "year", "sales_period"]),
        (
            {"fills": ["campaign_id"]},
            ["week", "month", "quarter", "year", "sales_period", "campaign"],
        ),
        ({"rolling_months": 12}, ["month", "quarter", "year"]),
        ({"time_shape": "period"}, ["month", "quarter", "year"]),
        (
            {"time_shape": "period", "period_types": ["campaign", "sales_period"]}
            | {"fills": ["campaign_id"]},
            ["sales_period", "campaign"],
        ),
        (
            {"time_shape": "snapshot", "fills": ["campaign_id"]},
            ["week", "month", "quarter", "year", "sales_period"],
        ),
    ],
)
def test_a_type_has_the_periods_of_its_shape_or_those_it_names(tmp_path, fields, periods):
    write_type(tmp_path, document=changed(**fields))
    written = render(load_budget_types(tmp_path))
    assert [
        row["period_type"] for row in rows(written["seeds/registry/budget_type_periods.csv"])
    ] == periods


def test_a_formula_becomes_sql_over_parts_that_are_zero_without_rows(tmp_path):
    formula = {"numerator": "2.5 * (a + b) - a", "denominator": "b"}
    write_type(tmp_path, document=derived(formula=formula, min_n=5, min_n_part="a"))
    (toy,) = load_budget_types(tmp_path)
    written = render([toy])
    model = written["models/outcomes/int_outcomes__derived_parts.sql"]
    (seed,) = rows(written["seeds/registry/budget_type_registry.csv"])
    nested = "calculated(calculated('2.5', '*', calculated('a', '+', 'b')), '-', 'a')"
    assert f"cast(\n        {{{{ {nested} }}}}\n        as decimal(28, 4)\n    ) as amount" in model
    assert "coalesce(max(case when part = 'b' then amount end), 0) as b" in model
    assert "'n' as part,\n    cast(\n        a\n        as decimal(28, 4)\n    ) as amount" in model
    assert seed["formula"] == "(2.5 * (a + b) - a) / (b)"
    assert seed["is_divided"] == "true"
    assert toy.is_divided


def test_check_reports_stale_files_and_writes_nothing(tmp_path):
    write_type(tmp_path)
    stale = write_registry(tmp_path, check=True)
    assert len(stale) == len(render(load_budget_types(tmp_path))) == 7
    assert not any(path.exists() for path in stale)
    assert write_registry(tmp_path) == stale
    assert write_registry(tmp_path, check=True) == []


# A toy type in a copy of the project -------------------------------------------------------------


AS_OF = date(2026, 3, 3)
COMMON = {
    "recorded_at": "2026-02-10T12:00:00Z",
    "created_recorded_at": "2026-02-10T12:00:00Z",
    "extracted_at": "2026-03-02T01:00:00Z",
}
LANDING = {
    "reps": [{"rep_id": "anna", "name": "Anna", "role": "rep"}],
    "customers": [{"customer_id": "C1", "name": "Kund", "status": "customer"}],
    "activities": [
        {
            "activity_id": name,
            "type": "visit",
            "customer_id": "C1",
            "owner_rep_id": "anna",
            "start_at": start,
            "status": "held",
        }
        for name, start in (("M1", "2026-02-09T09:00:00Z"), ("M2", "2026-02-10T09:00:00Z"))
    ],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the project with the two files of the toy type, and the registry written anew."""
    root = tmp_path_factory.mktemp("project")
    for name in ("models", "seeds", "dbt_project"):
        shutil.copytree(PROJECT_ROOT / name, root / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_ROOT / name, root / name)
    write_type(root)
    write_registry(root)
    return root


@pytest.fixture(scope="module")
def build(project: Path, tmp_path_factory) -> Path:
    """The build file of a night over a landing of three entities, with the toy type built in."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(
        home=home, landing=home / "landing", demo=False, memory_limit="1GB", threads=2
    )
    for entity, records in LANDING.items():
        folder = settings.landing / "crm" / entity / "2026-03-02"
        folder.mkdir(parents=True)
        lines = [json.dumps(record | COMMON) for record in records]
        (folder / f"{entity}.jsonl").write_text("\n".join(lines) + "\n")
        (folder / "_SUCCESS").touch()
    ingest_all(settings, AS_OF)
    path = prepare_warehouse(settings, AS_OF, "toy", mode="full").path
    run_dbt(
        "build",
        "--exclude",
        "resource_type:unit_test",
        "resource_type:test",
        build_file=path,
        project=project,
        target_path=home / "target",
    )
    return path


def test_a_toy_type_is_two_files_and_reaches_union_and_seed(project: Path, tmp_path: Path):
    before = {path.relative_to(PROJECT_ROOT) for path in (PROJECT_ROOT / "models").rglob("*.*")}
    after = {path.relative_to(project) for path in (project / "models").rglob("*.*")}
    assert {path.name for path in after - before} == {"bt_toy.sql", "bt_toy.yml"}

    run_dbt("parse", build_file=tmp_path / "x.duckdb", project=project, target_path=tmp_path)
    graph = json.loads((tmp_path / "manifest.json").read_text())
    union = graph["nodes"]["model.utfall.int_budget_types__components"]
    seed = rows((project / "seeds/registry/budget_type_registry.csv").read_text())
    assert "model.utfall.bt_toy" in union["depends_on"]["nodes"]
    assert "toy" in {row["budget_type_id"] for row in seed}
    assert (
        "model.utfall.fct_meeting_participations"
        in (graph["nodes"]["model.utfall.bt_toy"]["depends_on"]["nodes"])
    )


def test_a_toy_type_has_figures_in_outcomes(build: Path):
    with duckdb.connect(str(build), read_only=True) as con:
        figures = con.execute(
            "select node_level, node_id, value from marts.outcomes where budget_type_id = 'toy' "
            "and basis = 'reported' and period_type = 'month' and period_start = '2026-02-01' "
            "and node_level in ('rep', 'company') order by 1, 2"
        ).fetchall()
    assert [(level, node, float(value)) for level, node, value in figures] == [
        ("company", "company", 20.0),
        ("rep", "anna", 20.0),
    ]


def test_a_type_whose_entity_was_never_delivered_says_so(build: Path):
    with duckdb.connect(str(build), read_only=True) as con:
        found = con.execute(
            "select distinct value, reason_code from marts.outcomes "
            "where budget_type_id = 'invoiced_revenue' and node_level = 'company'"
        ).fetchall()
    assert found == [(None, "no_source")]


def test_the_toy_types_rows_can_be_taken_apart(build: Path):
    with duckdb.connect(str(build), read_only=True) as con:
        evidence = con.execute(
            "select record_id, rep_id, event_date from marts.outcome_evidence "
            "where budget_type_id = 'toy' order by 1"
        ).fetchall()
    assert evidence == [("M1", "anna", date(2026, 2, 9)), ("M2", "anna", date(2026, 2, 10))]
