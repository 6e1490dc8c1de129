"""A source in a shape of its own: Salesforce's objects become canonical rows, and nothing else in
the project changes for it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.manifest import load_manifest
from orchestration.schema import load_entities, load_objects, load_sources
from orchestration.settings import PROJECT_ROOT
from tests.support.delivery_night import Compiled, DeliveryNights, Outcome, compile_staging
from tests.unit.dbt_harness import run_dbt

SALESFORCE = PROJECT_ROOT / "models" / "staging" / "salesforce"
ENTITIES = tuple(
    sorted(p.stem.removeprefix("base_salesforce__") for p in SALESFORCE.glob("base_*.sql"))
)
DAY, NEXT, THIRD = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 12)

ANNA, BO = "005000000000001AAA", "005000000000002AAA"
ACME, OLD = "001000000000001AAA", "001000000000002AAA"
EVA = "003000000000001AAA"
DEAL = "006000000000001AAA"
DEED = "800000000000001AAA"
TALK = "00U000000000001AAA"
STORED = {"CreatedDate": "2026-01-10T08:00:00.000Z", "SystemModstamp": "2026-03-01T10:00:00.000Z"}


def rows(*records: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, dict.fromkeys(name for record in records for name in record))
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()


def stored(moment: str = "2026-03-01T10:00:00.000Z", **values: str) -> dict[str, str]:
    return {"IsDeleted": "false", **STORED, "SystemModstamp": moment, **values}


OBJECTS = {
    "User": [
        {"Id": ANNA, "Name": "Anna", "IsActive": "true", "UserRole.Name": "Sales Rep", **STORED},
        {
            "Id": BO,
            "Name": "Bo",
            "IsActive": "false",
            "UserRole.Name": "CEO",
            "ManagerId": ANNA,
            **STORED,
        },
    ],
    "Account": [
        stored(Id=ACME[:15], Name="Acme", Type="Customer - Direct", OwnerId=ANNA),
        stored(Id=OLD, Name="Acme AB", OwnerId=ANNA, IsDeleted="true", MasterRecordId=ACME),
    ],
    "Contact": [stored(Id=EVA, AccountId=ACME, FirstName="Eva", LastName="Ek", Title="CFO")],
    "Opportunity": [
        stored(
            Id=DEAL,
            AccountId=ACME,
            OwnerId=ANNA,
            StageName="Proposal",
            Amount="1200000",
            Probability="55",
            CloseDate="2026-03-30",
            IsClosed="false",
            IsWon="false",
        )
    ],
    "OpportunityLineItem": [
        stored(Id="00k000000000001AAA", OpportunityId=DEAL, TotalPrice="1000000"),
        stored(Id="00k000000000002AAA", OpportunityId=DEAL, TotalPrice="200000.50"),
    ],
    "OpportunityHistory": [
        stored(Id="008000000000001AAA", OpportunityId=DEAL, StageName="Proposal", Probability="55")
    ],
    "OpportunityContactRole": [
        stored(
            Id="00K000000000001AAA",
            OpportunityId=DEAL,
            ContactId=EVA,
            Role="Economic Decision Maker",
        )
    ],
    "OpportunitySplit": [
        stored(
            Id="1Ls000000000001AAA",
            OpportunityId=DEAL,
            SplitOwnerId=owner,
            SplitPercentage=percent,
            **{"SplitType.DeveloperName": kind},
        )
        for owner, percent, kind in ((ANNA, "70", "Revenue"), (BO, "30", ""), (BO, "50", "Overlay"))
    ],
    "Contract": [
        stored(
            Id=DEED,
            AccountId=ACME,
            OwnerId=ANNA,
            Status="Activated",
            CompanySignedDate="2026-02-27",
            StartDate="2026-03-01",
            EndDate="2027-02-28",
            ContractTerm="12",
        )
    ],
    "Event": [
        stored(
            Id=TALK,
            AccountId=ACME,
            WhoId=EVA,
            WhatId=DEAL,
            OwnerId=ANNA,
            Type="Meeting",
            StartDateTime="2026-03-10T09:00:00.000Z",
            EndDateTime="2026-03-10T10:00:00.000Z",
        )
    ],
    "EventRelation": [
        stored(Id="0RE000000000001AAA", EventId=TALK, RelationId=EVA, Status="Accepted"),
        stored(Id="0RE000000000002AAA", EventId=TALK, RelationId=BO, Status="Declined"),
        stored(Id="0RE000000000003AAA", EventId=TALK, RelationId="023000000000001AAA"),
    ],
    "Task": [
        stored(
            Id="00T000000000001AAA",
            AccountId=ACME,
            OwnerId=BO,
            TaskSubtype="Call",
            IsClosed="true",
            CompletedDateTime="2026-02-20T12:00:00.000+0000",
        )
    ],
    "Territory2": [
        {"Id": "0MI000000000001AAA", "Name": "North", "SystemModstamp": "2026-03-01T10:00:00.000Z"}
    ],
    "ForecastingQuota": [
        {
            "Id": "0J9000000000001AAA",
            "QuotaOwnerId": ANNA,
            "StartDate": "2026-03-01",
            "QuotaAmount": "500000",
            **STORED,
        }
    ],
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    mapped = {entity: ("salesforce",) for entity in ENTITIES}
    return compile_staging(tmp_path_factory.mktemp("salesforce"), ENTITIES, mapped=mapped)


@pytest.fixture
def nights(tmp_path: Path, compiled: Compiled) -> DeliveryNights:
    return DeliveryNights(tmp_path, compiled)


def deliver(nights: DeliveryNights, day: date, objects: dict[str, list[dict[str, str]]]) -> None:
    for name, records in objects.items():
        nights.deliver("salesforce", name, day, f"{name}.csv", rows(*records))


def assert_adds_up(outcome: Outcome) -> None:
    assert outcome.quarantine == []
    for file in outcome.accounts:
        fates = [file[f"rows_{fate}"] for fate in ("current", "superseded", "deleted")]
        assert file["rows_loaded"] == sum(fates), file
        assert min(fates) >= 0
    assert outcome.blocking <= {"missing"}, "not every object comes on every day"


def newest(outcome: Outcome, entity: str, columns: str) -> list[tuple]:
    return outcome.rows(
        f"select {columns} from staging.stg_canonical__{entity} "
        "where known_to = '9999-12-31' and not is_deleted order by all"
    )


def test_every_object_of_the_source_becomes_rows_of_entities(nights: DeliveryNights) -> None:
    assert set(OBJECTS) == {entity.folder for entity in load_objects().values()}
    deliver(nights, DAY, OBJECTS)
    outcome = nights.run(DAY)
    assert_adds_up(outcome)
    got = {
        "reps": newest(outcome, "reps", "rep_id, role, manager_rep_id, leave_date"),
        "customers": newest(outcome, "customers", "customer_id, status, currency, merged_into_id"),
        "customer_assignments": newest(
            outcome, "customer_assignments", "customer_id, rep_id, role, valid_from, valid_to"
        ),
        "contacts": newest(outcome, "contacts", "contact_id, customer_id, name, title"),
        "decision_ladder": newest(outcome, "decision_ladder", "step_role, contact_id"),
        "opportunities": newest(
            outcome, "opportunities", "opportunity_id, probability, amount, currency, outcome"
        ),
        "contracts": newest(
            outcome, "contracts", "contract_id, signed_at, end_date, term_months, status, currency"
        ),
        "contract_lines": newest(outcome, "contract_lines", "contract_line_id"),
        "credit_splits": newest(outcome, "credit_splits", "rep_id, credit_type, share"),
        "participants": newest(
            outcome, "activity_participants", "participant_type, participant_id, attended"
        ),
        "budgets": newest(outcome, "budgets", "budget_id, budget_type_id, period_end_excl"),
        "targets": newest(outcome, "budget_targets", "budget_id, node_id, month, target"),
        "teams": newest(outcome, "teams", "name"),
    }
    assert got == {
        "reps": [(ANNA, "rep", None, None), (BO, None, ANNA, date(2026, 3, 1))],
        "customers": [(ACME, "customer", "SEK", None), (OLD, None, "SEK", ACME)],
        "customer_assignments": [(ACME, ANNA, "owner", date(2026, 1, 10), None)],
        "contacts": [(EVA, ACME, "Eva Ek", "CFO")],
        "decision_ladder": [("decider", EVA)],
        "opportunities": [(DEAL, Decimal("0.55"), Decimal("1200000"), "SEK", "open")],
        "contracts": [(DEED, date(2026, 2, 27), date(2027, 3, 1), 12, "active", "SEK")],
        "contract_lines": [],
        "credit_splits": [
            (ANNA, "revenue", Decimal("0.7")),
            (BO, "overlay", Decimal("0.5")),
            (BO, "revenue", Decimal("0.3")),
        ],
        "participants": [("contact", EVA, True), ("rep", ANNA, True), ("rep", BO, False)],
        "budgets": [("salesforce-signed_volume-2026", "signed_volume", date(2027, 1, 1))],
        "targets": [("salesforce-signed_volume-2026", ANNA, date(2026, 3, 1), Decimal("500000"))],
        "teams": [("North",)],
    }


def won(moment: str = "2026-03-02T15:00:00.000Z") -> dict[str, str]:
    changes = {"StageName": "Won", "Probability": "100", "IsClosed": "true", "IsWon": "true"}
    changes |= {"ContractId": DEED, "LastStageChangeDate": moment, "SystemModstamp": moment}
    return {**OBJECTS["Opportunity"][0], **changes}


def test_line_items_become_lines_of_the_contract_that_the_opportunity_leads_to(
    nights: DeliveryNights,
) -> None:
    """The opportunity names its contract a day after its line items have been delivered."""
    deliver(nights, DAY, OBJECTS)
    nights.run(DAY)
    deliver(nights, NEXT, {"Opportunity": [won()]})
    outcome = nights.run(NEXT)
    assert_adds_up(outcome)
    lines = newest(outcome, "contract_lines", "contract_id, annual_value")
    assert lines == [(DEED, Decimal("200000.5")), (DEED, Decimal("1000000"))]
    assert newest(outcome, "contracts", "contract_id, opportunity_id") == [(DEED, DEAL)]
    assert newest(outcome, "opportunities", "outcome, probability") == [("won", Decimal("1"))]


def test_a_new_owner_ends_the_assignment_of_the_one_before(nights: DeliveryNights) -> None:
    deliver(nights, DAY, OBJECTS)
    account = {**OBJECTS["Account"][0], "OwnerId": BO, "SystemModstamp": "2026-03-02T23:30:00.000Z"}
    deliver(nights, NEXT, {"Account": [account]})
    outcome = nights.run(NEXT)
    assert_adds_up(outcome)
    assert newest(outcome, "customer_assignments", "rep_id, valid_from, valid_to") == [
        (ANNA, date(2026, 1, 10), date(2026, 3, 3)),
        (BO, date(2026, 3, 3), None),
    ]


def meeting(outcome: Outcome, moment: str) -> list[tuple]:
    return outcome.rows(
        "select status, start_at, is_deleted from staging.stg_canonical__activities "
        f"where activity_id = '{TALK}' and known_from < '{moment}' and '{moment}' <= known_to"
    )


def test_an_event_is_held_when_it_has_ended_unless_it_was_moved_or_taken_away(
    nights: DeliveryNights,
) -> None:
    deliver(nights, DAY, OBJECTS)
    outcome = nights.run(DAY)
    at = datetime(2026, 3, 10, 9)
    assert meeting(outcome, "2026-03-10 09:30:00") == [("planned", at, False)]
    assert meeting(outcome, "2026-03-10 10:30:00") == [("held", at, False)]
    moved = {
        **OBJECTS["Event"][0],
        "StartDateTime": "2026-03-11T09:00:00.000Z",
        "EndDateTime": "2026-03-11T10:00:00.000Z",
        "SystemModstamp": "2026-03-02T12:00:00.000Z",
    }
    deliver(nights, NEXT, {"Event": [moved]})
    outcome = nights.run(NEXT)
    assert_adds_up(outcome)
    later = datetime(2026, 3, 11, 9)
    assert meeting(outcome, "2026-03-10 10:30:00") == [("planned", later, False)]
    assert meeting(outcome, "2026-03-11 10:30:00") == [("held", later, False)]
    gone = {**moved, "IsDeleted": "true", "SystemModstamp": "2026-03-10T12:00:00.000Z"}
    deliver(nights, THIRD, {"Event": [gone]})
    outcome = nights.run(THIRD)
    assert_adds_up(outcome)
    assert meeting(outcome, "2026-03-11 10:30:00")[0][2] is True


def test_what_cannot_be_read_is_set_aside_once_and_the_account_adds_up(
    nights: DeliveryNights,
) -> None:
    spoiled = {
        "Event": [{**OBJECTS["Event"][0], "StartDateTime": "tomorrow"}],
        "Opportunity": [{**OBJECTS["Opportunity"][0], "Probability": "likely"}],
        "Contract": [{**OBJECTS["Contract"][0], "Status": "Framed"}],
    }
    deliver(nights, DAY, {**OBJECTS, **spoiled})
    outcome = nights.run(DAY)
    assert sorted((row["entity"], row["reason_code"]) for row in outcome.quarantine) == [
        ("activities", "cast_timestamp"),
        ("contracts", "not_allowed"),
        ("opportunities", "cast_share"),
    ]
    assert "likely" in next(
        r["raw_row"] for r in outcome.quarantine if r["column_name"] == "probability"
    )
    for file in outcome.accounts:
        fates = ("current", "superseded", "deleted", "quarantined")
        assert file["rows_loaded"] == sum(file[f"rows_{fate}"] for fate in fates), file
    assert outcome.blocking <= {"missing"}, "not every object comes on every day"


def test_an_ordinary_night_gives_what_a_full_rebuild_gives(
    nights: DeliveryNights, compiled: Compiled, tmp_path: Path
) -> None:
    """dbt's own incremental run after the first night, on the objects that came since."""
    build = tmp_path / "build.duckdb"
    arguments = ("run", "--select", "path:models/staging/canonical")
    where = {"build_file": build, "project": compiled.project, "target_path": tmp_path / "target"}
    deliver(nights, DAY, OBJECTS)
    nights.run(DAY)
    nights.write_raw(build, DAY)
    run_dbt(*arguments, "--full-refresh", **where)
    moved = {**OBJECTS["Event"][0], "EndDateTime": "2026-03-11T10:00:00.000Z"}
    account = {**OBJECTS["Account"][0], "OwnerId": BO}
    later = {"SystemModstamp": "2026-03-02T12:00:00.000Z"}
    deliver(
        nights,
        NEXT,
        {"Opportunity": [won()], "Event": [{**moved, **later}], "Account": [{**account, **later}]},
    )
    rebuilt = nights.run(NEXT)
    nights.write_raw(build, NEXT, base_as_of=DAY)
    run_dbt(*arguments, **where)
    for entity in ENTITIES:
        table = f"select * from staging.base_canonical__{entity}"
        with duckdb.connect(str(build), read_only=True) as con:
            by_increment = con.execute(table).fetchall()
        assert sorted(by_increment, key=repr) == sorted(rebuilt.rows(table), key=repr), entity


def suffix(short: str) -> str:
    """The checksum as Salesforce describes it, in plain Python."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    blocks = (short[place : place + 5] for place in (0, 5, 10))
    return "".join(
        letters[sum(2**n for n, letter in enumerate(block) if "A" <= letter <= "Z")]
        for block in blocks
    )


def test_ids_of_fifteen_characters_are_those_of_eighteen(
    nights: DeliveryNights, compiled: Compiled
) -> None:
    assert suffix("00570000001ZwTi") == "AAK"
    shorts = ["00570000001ZwTi", "005D0000001Zabc", "005aBcDeFgHiJkL"]
    users = [{"Id": short, "Name": "x", "IsActive": "true", **STORED} for short in shorts]
    deliver(nights, DAY, {"User": users})
    got = newest(nights.run(DAY), "reps", "rep_id")
    assert got == sorted((short + suffix(short),) for short in shorts)


# -- a source changes nothing outside its own folder -----------------------------------------------


def test_only_the_base_models_of_its_entities_read_a_source_of_another_shape() -> None:
    models = {
        name: node
        for name, node in load_manifest()["nodes"].items()
        if node["resource_type"] == "model"
    }
    others = {
        name: node["name"]
        for name, node in models.items()
        if node["name"].startswith("base_") and "base_canonical__" not in node["name"]
    }
    assert others
    for node in models.values():
        for above in set(node["depends_on"]["nodes"]) & set(others):
            entity = others[above].split("__")[1]
            assert node["name"] == f"base_canonical__{entity}"


def test_no_sql_outside_its_folder_knows_a_source_by_name() -> None:
    names = {entity.home for entity in load_objects().values()}
    own = {PROJECT_ROOT / "models" / "staging" / name for name in names}
    wrong = [
        path
        for path in (PROJECT_ROOT / "models").rglob("*.sql")
        if path.parent not in own and re.search("|".join(names), path.read_text("utf-8"))
    ]
    assert names == {"salesforce"}
    assert wrong == []


TOY_SOURCES = """
version: 2
sources:
  - name: raw_toy
    schema: raw
    tables:
      - name: toy__district
        config:
          meta: {key: [number], home: toy, folder: District, required: false, recorded_at: changed,
                 feeds: [regions]}
        columns:
          - {name: number, data_type: text}
          - {name: label, data_type: text}
          - {name: changed, data_type: text}
"""

TOY_MODEL = """
{%- set filled = ['region_id', 'name', 'source_id', 'recorded_at'] -%}
with

mapped as (
    select
        number as region_id,
        label as name,
        number as source_id,
        changed as recorded_at,
        'toy' as source_system,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        cast(1 as bigint) as counted_rows
    from {{ source('raw_toy', 'toy__district') }}
),

final as (
    {{ canonical_rows('regions', filled, 'mapped') }}
)

select * from final
"""


def test_adding_a_source_changes_no_model_but_the_base_model_of_its_entity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A toy source: objects, one model, its name in one list, and the night reads its files."""
    from orchestration import schema
    from tests.unit import dbt_harness

    without = compile_staging(tmp_path / "without", ("regions", "teams"))
    root = tmp_path / "root"
    staging = root / "models" / "staging"
    (staging / "toy").mkdir(parents=True)
    (staging / "toy" / "_toy__sources.yml").write_text(TOY_SOURCES, "utf-8")
    (staging / "toy" / "base_toy__regions.sql").write_text(TOY_MODEL, "utf-8")
    for path in (PROJECT_ROOT / "models" / "staging").rglob("*.*"):
        if path.parent.name != "salesforce":
            target = root / path.relative_to(PROJECT_ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    for name in ("dbt_project", "seeds", "dbt_project.yml"):
        (root / name).symlink_to(PROJECT_ROOT / name)
    sources = root / "orchestration" / "sources"
    sources.mkdir(parents=True)
    (sources / "toy.yml").write_text(
        "name: toy\ntimezone: Europe/Stockholm\ndeadline: '05:00'\nentities: {District: {}}\n"
    )
    objects = schema.load_objects.__wrapped__(staging)
    monkeypatch.setattr(schema, "load_objects", lambda: objects)
    monkeypatch.setattr("tests.support.delivery_night.load_objects", lambda: objects)
    monkeypatch.setattr("orchestration.warehouse.load_objects", lambda: objects)
    toy = schema.load_sources.__wrapped__(sources)
    for module in ("load", "contract", "landing"):
        monkeypatch.setattr(f"orchestration.ingest.{module}.load_sources", lambda: toy)
    monkeypatch.setattr(dbt_harness, "PROJECT_ROOT", root)
    (root / "profiles.yml").symlink_to(PROJECT_ROOT / "profiles.yml")
    with_toy = compile_staging(
        tmp_path / "with", ("regions", "teams"), mapped={"regions": ("toy",)}
    )
    changed = {
        name
        for name in without.models.keys() | with_toy.models.keys()
        if _plain(without.models.get(name)) != _plain(with_toy.models.get(name))
    }
    assert changed == {"base_toy__regions", "base_canonical__regions"}

    nights = DeliveryNights(tmp_path / "home", with_toy)
    content = b"Number,Label,Changed\n7,North,2026-03-01\n8,South,2026-03-01\n"
    nights.deliver("toy", "district", DAY, "a.csv", content)
    outcome = nights.run(DAY)
    assert newest(outcome, "regions", "region_id, name") == [("7", "North"), ("8", "South")]
    assert [file["rows_current"] for file in outcome.accounts] == [2]
    assert not {problem.code for problem in outcome.problems} & {"stray_folder"}


def _plain(sql: str | None) -> str | None:
    return sql and " ".join(sql.split())


def test_the_files_of_a_source_name_objects_and_entities_that_exist() -> None:
    source = load_sources()["salesforce"]
    assert set(source.entities) == {
        name for name, entity in load_objects().items() if entity.home == "salesforce"
    }
    fed = {entity for object_ in load_objects().values() for entity in object_.feeds}
    assert fed == set(ENTITIES)
    assert fed <= set(load_entities())
