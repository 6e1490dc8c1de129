"""The demo company is deterministic, whole, plausible, and spoils exactly what it is asked to."""

from __future__ import annotations

import filecmp
import gzip
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.demo import (
    DEFECTS,
    FIRST_DELIVERY,
    HORIZON,
    DemoError,
    ensure_deliveries,
    write_delivery,
)
from orchestration.demo.defects import spoil
from orchestration.demo.generator import _Delivery
from orchestration.schema import Entity, load_entities, load_sources

SEED, SCALE = 7, 0.05
LAST = FIRST_DELIVERY + timedelta(days=3)

# (child, column, parent, parent's column); an empty reference is allowed, a dangling one is not.
REFERENCES = [
    ("reps", "manager_rep_id", "reps", "rep_id"),
    ("rep_team_assignments", "rep_id", "reps", "rep_id"),
    ("rep_team_assignments", "team_id", "teams", "team_id"),
    ("rep_managers", "rep_id", "reps", "rep_id"),
    ("rep_managers", "manager_rep_id", "reps", "rep_id"),
    ("rep_channels", "rep_id", "reps", "rep_id"),
    ("rep_costs", "rep_id", "reps", "rep_id"),
    ("rep_absences", "rep_id", "reps", "rep_id"),
    ("rep_profiles", "rep_id", "reps", "rep_id"),
    ("rep_profiles", "profile_id", "kpi_profiles", "profile_id"),
    ("training_events", "rep_id", "reps", "rep_id"),
    ("teams", "region_id", "regions", "region_id"),
    ("team_regions", "team_id", "teams", "team_id"),
    ("team_regions", "region_id", "regions", "region_id"),
    ("areas", "parent_id", "areas", "area_id"),
    ("customers", "parent_customer_id", "customers", "customer_id"),
    ("customers", "merged_into_id", "customers", "customer_id"),
    ("customers", "area_id", "areas", "area_id"),
    ("customers", "business_category", "business_categories", "business_category"),
    ("customers", "purchase_method", "purchase_methods", "purchase_method"),
    ("customer_assignments", "customer_id", "customers", "customer_id"),
    ("customer_assignments", "rep_id", "reps", "rep_id"),
    ("contacts", "customer_id", "customers", "customer_id"),
    ("contracts", "customer_id", "customers", "customer_id"),
    ("contracts", "owner_rep_id", "reps", "rep_id"),
    ("contracts", "opportunity_id", "opportunities", "opportunity_id"),
    ("contracts", "renews_contract_id", "contracts", "contract_id"),
    ("contract_lines", "contract_id", "contracts", "contract_id"),
    ("credit_splits", "rep_id", "reps", "rep_id"),
    ("invoices", "customer_id", "customers", "customer_id"),
    ("invoices", "credited_invoice_id", "invoices", "invoice_id"),
    ("invoice_lines", "invoice_id", "invoices", "invoice_id"),
    ("invoice_lines", "product_id", "products", "product_id"),
    ("invoice_lines", "contract_line_id", "contract_lines", "contract_line_id"),
    ("invoice_lines", "order_line_id", "order_lines", "order_line_id"),
    ("invoice_lines", "credited_invoice_line_id", "invoice_lines", "invoice_line_id"),
    ("orders", "customer_id", "customers", "customer_id"),
    ("orders", "store_id", "stores", "store_id"),
    ("orders", "rep_id", "reps", "rep_id"),
    ("orders", "activity_id", "activities", "activity_id"),
    ("orders", "campaign_id", "campaigns", "campaign_id"),
    ("order_lines", "order_id", "orders", "order_id"),
    ("order_lines", "product_id", "products", "product_id"),
    ("deliveries", "order_id", "orders", "order_id"),
    ("activities", "customer_id", "customers", "customer_id"),
    ("activities", "store_id", "stores", "store_id"),
    ("activities", "opportunity_id", "opportunities", "opportunity_id"),
    ("activities", "owner_rep_id", "reps", "rep_id"),
    ("activities", "contact_id", "contacts", "contact_id"),
    ("activity_participants", "activity_id", "activities", "activity_id"),
    ("opportunities", "customer_id", "customers", "customer_id"),
    ("opportunities", "owner_rep_id", "reps", "rep_id"),
    ("opportunities", "stage", "opportunity_stages", "stage"),
    ("opportunities", "merged_into_id", "opportunities", "opportunity_id"),
    ("opportunity_stage_history", "opportunity_id", "opportunities", "opportunity_id"),
    ("decision_ladder", "opportunity_id", "opportunities", "opportunity_id"),
    ("decision_ladder", "contact_id", "contacts", "contact_id"),
    ("target_lists", "customer_id", "customers", "customer_id"),
    ("survey_responses", "contact_id", "contacts", "contact_id"),
    ("stores", "customer_id", "customers", "customer_id"),
    ("stores", "chain", "customers", "customer_id"),
    ("store_category_turnover", "store_id", "stores", "store_id"),
    ("assortment_targets", "product_id", "products", "product_id"),
    ("store_audits", "store_id", "stores", "store_id"),
    ("store_audits", "activity_id", "activities", "activity_id"),
    ("store_audit_lines", "audit_id", "store_audits", "audit_id"),
    ("store_audit_lines", "product_id", "products", "product_id"),
    ("store_audit_facings", "audit_id", "store_audits", "audit_id"),
    ("store_audit_points", "audit_id", "store_audits", "audit_id"),
    ("store_audit_points", "planogram_id", "planograms", "planogram_id"),
    ("store_agreements", "store_id", "stores", "store_id"),
    ("campaign_stores", "campaign_id", "campaigns", "campaign_id"),
    ("campaign_stores", "store_id", "stores", "store_id"),
    ("retailer_prices", "product_id", "products", "product_id"),
    ("budgets", "campaign_id", "campaigns", "campaign_id"),
    ("budgets", "linked_budget_id", "budgets", "budget_id"),
    ("budget_targets", "budget_id", "budgets", "budget_id"),
    ("kpis", "budget_id", "budgets", "budget_id"),
    ("profile_kpis", "kpi_id", "kpis", "kpi_id"),
    ("profile_kpis", "profile_id", "kpi_profiles", "profile_id"),
    ("checkpoints", "kpi_id", "kpis", "kpi_id"),
    ("checkpoints", "sales_period_id", "sales_periods", "sales_period_id"),
]


PLAN_COLUMNS = (
    "budget_type_id",
    "company_target",
    "status",
    "over_assignment",
    "allocation_method",
    "weight_params",
    "target_mode",
    "filters",
    "linked_budget_id",
    "distribution_id",
)


def _files(landing: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(landing)): p.read_bytes()
        for p in sorted(landing.rglob("*"))
        if p.is_file()
    }


def _read(db: duckdb.DuckDBPyConnection, name: str, entity: Entity, files: list[Path]) -> None:
    """Make table ``name`` of the delivered files, typed by the schema."""
    types = {
        "text": "varchar",
        "int": "integer",
        "decimal": "decimal(18, 4)",
        "share": "decimal(18, 10)",
        "date": "date",
        "timestamp": "timestamp",
        "bool": "boolean",
    }
    columns = {c.name: types[c.data_type] for c in entity.columns.values()}
    names = ", ".join(f"'{f}'" for f in files)
    if files[0].suffix == ".parquet":
        source = f"read_parquet([{names}], union_by_name = true)"
    elif files[0].suffix == ".jsonl":
        source = f"read_json([{names}], format = 'newline_delimited', columns = {columns})"
    else:
        source = f"read_csv([{names}], header = true, all_varchar = true, union_by_name = true)"
    casts = ", ".join(f'cast("{c}" as {t}) as "{c}"' for c, t in columns.items())
    db.execute(f'create or replace table "{name}" as select {casts} from {source}')


def _state(landing: Path, last: date) -> duckdb.DuckDBPyConnection:
    """The newest version of every row, as known from the deliveries up to ``last``."""
    db = duckdb.connect(config={"threads": 2})
    for entity in load_entities().values():
        folder = landing / entity.home / entity.name
        is_full = load_sources()[entity.home].delivery(entity.name).is_full
        days = sorted(d for d in folder.iterdir() if d.name <= last.isoformat())
        chosen = days[-1:] if is_full else days
        files = [f for day in chosen for f in sorted(day.iterdir()) if f.name != "_SUCCESS"]
        _read(db, "all_versions", entity, files)
        key = ", ".join(f'"{c}"' for c in entity.key)
        db.execute(
            f'create table "{entity.name}" as select * from (select * from all_versions qualify '
            f"row_number() over (partition by {key} order by recorded_at desc) = 1) "
            "where not is_deleted"
        )
    return db


def _one(db: duckdb.DuckDBPyConnection, sql: str):
    return db.execute(sql).fetchall()[0][0]


@pytest.fixture(scope="module")
def landing(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    days = ensure_deliveries(folder, LAST, seed=SEED, scale=SCALE)
    assert days == [FIRST_DELIVERY + timedelta(days=n) for n in range(4)]
    return folder


@pytest.fixture(scope="module")
def state(landing) -> duckdb.DuckDBPyConnection:
    return _state(landing, LAST)


def test_the_same_seed_scale_and_day_give_the_same_bytes_alone_and_on_one_thread(landing, tmp_path):
    for day in (FIRST_DELIVERY, LAST):
        for path in write_delivery(tmp_path, day, seed=SEED, scale=SCALE, threads=1):
            twin = landing / path.relative_to(tmp_path)
            assert filecmp.cmp(path, twin, shallow=False), path.relative_to(tmp_path)


def test_a_delivery_leaves_nothing_in_the_landing_but_the_sources(landing):
    assert sorted(path.name for path in landing.iterdir()) == ["crm", "erp"]


def test_another_seed_gives_another_company(landing, tmp_path):
    write_delivery(tmp_path, LAST, seed=SEED + 1, scale=SCALE)
    name = f"crm/reps/{LAST}/reps.csv"
    assert (tmp_path / name).read_bytes() != (landing / name).read_bytes()


def test_a_delivery_cut_into_parts_holds_the_same_rows(landing, tmp_path, monkeypatch):
    monkeypatch.setattr("orchestration.demo.generator.LINES_PER_PART", 4000)
    write_delivery(tmp_path, FIRST_DELIVERY, seed=SEED, scale=SCALE)
    for name in ("invoice_lines", "activities", "orders"):
        entity, db = load_entities()[name], duckdb.connect()
        for table, root in (("whole", landing), ("parts", tmp_path)):
            folder = root / entity.home / name / FIRST_DELIVERY.isoformat()
            files = [f for f in folder.iterdir() if f.name != "_SUCCESS"]
            assert (len(files) > 1) == (table == "parts")
            _read(db, table, entity, files)
        assert _one(db, "select count(*) from (from whole except all from parts)") == 0
        assert _one(db, "select count(*) from (from parts except all from whole)") == 0


def test_full_and_increments_add_up_to_what_a_full_delivery_would_hold(landing, state, tmp_path):
    # Proves that every change of a row is delivered on its day, and that the look-back is long
    # enough. Payments are the exception: the daily feed does not carry them.
    late = _Delivery(tmp_path, LAST, SEED, SCALE, 2, is_first=True)
    late.write_all()
    late.db.close()
    for entity in load_entities().values():
        own = ", ".join(f'"{c}"' for c in entity.own_columns if c != "payment_status")
        _read(
            state,
            "at_once",
            entity,
            [p for p in late.written if p.parent.parent.name == entity.name],
        )
        both = [
            state.execute(f'select count(*), sum(hash(row({own}))) from "{name}"').fetchall()
            for name in ("at_once", entity.name)
        ]
        if both[0] != both[1]:
            surplus = state.execute(
                f'select {own} from "at_once" except all select {own} from "{entity.name}" limit 3'
            ).fetchall()
            pytest.fail(f"{entity.name}: only in the full delivery: {surplus}")


def test_no_reference_dangles(state):
    for child, column, parent, key in REFERENCES:
        dangling = state.execute(
            f'select "{column}" from "{child}" where "{column}" is not null '
            f'and "{column}" not in (select "{key}" from "{parent}") limit 3'
        ).fetchall()
        assert not dangling, (child, column, dangling)


def test_keys_are_unique_and_values_allowed(state):
    for entity in load_entities().values():
        key = ", ".join(f'"{c}"' for c in entity.key)
        doubles = f'select {key} from "{entity.name}" group by all having count(*) > 1'
        assert not state.execute(doubles).fetchall(), entity.name
        assert _one(state, f'select count(*) from "{entity.name}"') > 0, entity.name
        for column in entity.columns.values():
            values = f'from "{entity.name}" where "{column.name}"'
            if column.required:
                assert _one(state, f"select count(*) {values} is null") == 0, column.name
            if column.allowed:
                allowed = ", ".join(f"'{v}'" for v in column.allowed)
                found = _one(
                    state, f'select list(distinct "{column.name}") {values} not in ({allowed})'
                )
                assert not found, (entity.name, column.name, found)


def test_recording_is_honest(state):
    for entity in load_entities().values():
        assert (
            _one(
                state,
                f'select count(*) from "{entity.name}" where recorded_at is null '
                "or recorded_at >= extracted_at or created_recorded_at > recorded_at",
            )
            == 0
        ), entity.name
    signed = "from contracts where signed_at >= date '2023-01-01'"
    assert (
        _one(state, f"select count(*) {signed} and cast(created_recorded_at as date) < signed_at")
        == 0
    )
    late = f"select avg(cast(cast(created_recorded_at as date) - signed_at >= 10 as int)) {signed}"
    assert 0.005 < _one(state, late) < 0.08
    assert _one(state, "select count(*) from activities where held_reported_at < end_at") == 0


def test_the_books_balance(state):
    assert (
        _one(
            state,
            "select count(*) from invoices left join (select invoice_id, sum(net_amount) as net "
            "from invoice_lines group by invoice_id) using (invoice_id) "
            "where net is distinct from net_total",
        )
        == 0
    )
    assert (
        _one(
            state,
            "select count(*) from (select sum(share) as total from credit_splits "
            "where credit_type = 'revenue' group by source_type, source_id) "
            "where abs(total - 1) > 0.0001",
        )
        == 0
    )
    assert (
        _one(
            state,
            "select count(*) from invoice_lines join invoices using (invoice_id) "
            "where doc_type = 'credit_note' and (net_amount > 0 or credited_invoice_id is null)",
        )
        == 0
    )
    share = _one(
        state,
        "select sum(net_amount) filter (where cost_amount is null) / sum(net_amount) "
        "from invoice_lines",
    )
    assert 0 < share < 0.02


@pytest.mark.parametrize(
    ("table", "node", "extra"),
    [
        ("customer_assignments", "customer_id", "and a.role = 'owner' and b.role = 'owner'"),
        ("rep_team_assignments", "rep_id", ""),
        ("rep_profiles", "rep_id", ""),
    ],
)
def test_no_intervals_overlap(state, table, node, extra):
    assert (
        _one(
            state,
            f"select count(*) from {table} as a join {table} as b on a.{node} = b.{node} "
            f"and (a.valid_from, a.source_id) < (b.valid_from, b.source_id) "
            f"and coalesce(a.valid_to, date '2999-01-01') > b.valid_from {extra}",
        )
        == 0
    )


def test_every_amount_can_be_converted(state):
    # At most seven days between a document and the last rate before it.
    for table, day in (("invoices", "invoice_date"), ("contracts", "signed_at")):
        assert (
            _one(
                state,
                f"select count(*) from {table} where currency <> 'SEK' and {day} is not null "
                f"and not exists (select 1 from exchange_rates as r where r.rate_type = 'daily' "
                f"and r.currency = {table}.currency and r.date between {day} - 7 and {day})",
            )
            == 0
        )
    weekend = "select count(*) from exchange_rates where isodow(date) > 5 and rate_type = 'daily'"
    assert _one(state, weekend) == 0


def test_volumes_follow_the_scale(state):
    # A company this small still has two teams of five and three region managers: more activities
    # than its scale says.
    staff = 13 / 80
    for table, expected in (
        ("customers", 5000 * SCALE),
        ("contracts", 4000 * SCALE),
        ("invoice_lines", 200_000 * SCALE),
        ("activities", 40_000 * staff),
        ("store_audit_lines", 70_000 * staff),
    ):
        count = _one(state, f"select count(*) from {table}")
        assert 0.6 < count / expected < 1.6, (table, count)


def test_every_kind_of_business_that_the_budget_types_speak_of_occurs(state):
    def some(table: str, condition: str) -> None:
        assert _one(state, f"select count(*) from {table} where {condition}") > 0, condition

    some("contracts", "term_months is null")
    some("contracts", "auto_renewal")
    some("contracts", "term_months > 12")
    some("contracts", "status = 'terminated'")
    some("contracts", "renews_contract_id is not null")
    some("contracts", "first_free_exit_date is not null")
    some("invoices", "doc_type = 'credit_note'")
    some("invoices", "status = 'cancelled'")
    some("invoice_lines", "credited_invoice_line_id is not null")
    some("invoice_lines", "contract_line_id is null")
    some("credit_splits", "share < 1")
    some("customers", "merged_into_id is not null")
    some("customers", "is_internal")
    some("customers", "parent_customer_id is not null")
    some("customers", "customer_since < date '2023-01-01'")
    some("reps", "leave_date is not null")
    some("customer_assignments", "role = 'kam'")
    some("activity_participants", "participant_type = 'rep' and role = 'manager'")
    some("activities", "status = 'planned' and start_at > timestamp '2026-03-06'")
    for calendar in ("SE", "DK", "NO"):
        some("calendar", f"calendar_id = '{calendar}' and not is_workday and isodow(date) < 6")
    some("invoices", "currency = 'NOK'")


def test_the_year_has_a_plan_with_a_budget_of_every_kind(state):
    budgets = {
        row[0].removeprefix("BU-2026-"): dict(zip(PLAN_COLUMNS, row[1:], strict=True))
        for row in state.execute(
            f"select budget_id, {', '.join(PLAN_COLUMNS)} from budgets "
            "where budget_id like 'BU-2026-%'"
        ).fetchall()
    }
    channels = {
        b["budget_type_id"]: b["company_target"]
        for b in budgets.values()
        if b["linked_budget_id"] == "BU-2026-VOL"
    }
    assert channels.keys() == {
        "renewal_volume",
        "upsell_volume",
        "win_back_volume",
        "new_business_volume",
    }
    given = [target for target in channels.values() if target is not None]
    assert len(given) == 2 and sum(given) < budgets["VOL"]["company_target"]
    assert budgets["MOTE"]["company_target"] is None, "it follows from the margin"
    assert {b["status"] for b in budgets.values()} == {"approved", "locked"}
    # By working days is how reps work; every other way of spreading a year is delivered.
    delivered = {
        row[0]
        for row in state.execute("select distribution_id from monthly_distributions").fetchall()
    }
    assert {b["distribution_id"] for b in budgets.values()} == {None, "working_days", *delivered}
    assert any(b["over_assignment"] > 0 for b in budgets.values())
    assert any("ramp" in (b["weight_params"] or "") for b in budgets.values())
    assert {b["target_mode"] for b in budgets.values()} == {"distribute", "per_rep", "same_level"}
    assert {b["allocation_method"] for b in budgets.values()} >= {
        "equal",
        "customers",
        "customer_revenue",
        "prior_outcome",
        "potential",
        "working_days",
        "composite",
        "manual",
    }
    assert sum("team_id" in (b["filters"] or "") for b in budgets.values()) == 4
    for b in budgets.values():
        for text in (b["filters"], b["weight_params"]):
            assert text is None or json.loads(text)


def test_hand_set_targets_fit_the_plan_but_for_the_deals_that_were_promised(state):
    locked = dict(
        state.execute(
            "select budget_id, sum(target) from budget_targets where version = 1 "
            "and budget_id like 'BU-2026-%' group by budget_id"
        ).fetchall()
    )
    targets = dict(state.execute("select budget_id, company_target from budgets").fetchall())
    too_much = {budget_id for budget_id, lock in locked.items() if lock > targets[budget_id]}
    assert too_much == {"BU-2026-AFFAR"}
    assert locked.keys() == {"BU-2026-VOL", "BU-2026-NYKUND", "BU-2026-AFFAR"}


def test_profiles_are_few_weighed_and_answered_but_for_those_that_are_to_be_found(state):
    kpis_of = dict(
        state.execute(
            "select profile_id, count(distinct kpi_id) from profile_kpis "
            "where valid_from <= date '2026-03-01' group by profile_id"
        ).fetchall()
    )
    assert {name for name, n in kpis_of.items() if not 3 <= n <= 5} == {"PR-ALLT"}
    assert kpis_of["PR-ALLT"] == 11
    # Of each key figure of a profile the newest weight counts.
    weights = state.execute(
        "select profile_id, sum(weight) from (select *, row_number() over (partition by "
        "profile_id, kpi_id order by valid_from desc) as newest from profile_kpis "
        "where valid_from <= date '2026-03-01') where newest = 1 group by profile_id"
    ).fetchall()
    assert {weight for _, weight in weights} == {1}
    members = dict(
        state.execute(
            "select profile_id, count(*) from rep_profiles where valid_to is null group by all"
        ).fetchall()
    )
    assert set(kpis_of) - set(members) == {"PR-KAMNY"}, "a draft that nobody has"
    assert members["PR-ALLT"] == 1
    answers = (
        "success_driver",
        "conclusion_rule",
        "plan_text",
        "action_if_met",
        "action_if_not_met",
    )
    empty = " or ".join(f"{answer} is null" for answer in answers)
    without = f"select distinct kpi_id from kpis where status = 'draft' or {empty}"
    assert state.execute(without).fetchall() == [("KPI-NKI",)]
    for column in answers:
        texts = f"select count(distinct {column}) = count(distinct kpi_id) from kpis "
        assert _one(state, f"{texts} where {column} is not null"), f"{column} says the same twice"


def test_check_points_are_set_before_their_period_and_followed_by_what_was_decided(state):
    late = "select count(*) from checkpoints where cast(created_at as date) >= date"
    assert _one(state, late) == 0
    past = "select count(*) from checkpoints where date < date '2026-03-01'"
    assert _one(state, f"{past} and status is null") == 0
    for behind in ("behind", "at_risk"):
        assert _one(state, f"{past} and status = '{behind}' and action_text is not null") > 0
        without = f"select distinct kpi_id from checkpoints where status = '{behind}' and "
        assert state.execute(f"{without} decision is null").fetchall() == [("KPI-TBMOTE",)]
    assert _one(state, f"{past} and done_at is not null and feedback_text is null") == 0


def test_one_seller_fills_up_the_months_with_the_oldest_customers(state):
    meetings = state.execute(
        """
        select owner_rep_id, date_trunc('month', start_at) as month,
            count(*) filter (where date_diff('minute', start_at, end_at) < 15) as short_ones,
            count(distinct customer_id) filter (
                where date_diff('minute', start_at, end_at) < 15
            ) as customers
        from activities
        where type = 'sales_meeting' and status = 'held' and start_at >= timestamp '2025-12-01'
            and start_at < timestamp '2026-03-01'
        group by all
        having short_ones > 0
        """
    ).fetchall()
    assert len({rep_id for rep_id, *_ in meetings}) == 1
    assert {month.month for _, month, *_ in meetings} == {12, 1, 2}
    assert all(short > 5 and customers <= 2 for *_, short, customers in meetings)


def test_a_training_is_held_on_one_day_for_some_sellers_of_a_kind(state):
    trainings = state.execute(
        "select training_id, count(distinct date), count(distinct topic), count(*) "
        "from training_events group by training_id"
    ).fetchall()
    assert trainings and all(row[1:3] == (1, 1) for row in trainings)
    sellers = _one(state, "select count(*) from reps where role in ('rep', 'kam')")
    assert max(row[3] for row in trainings) < sellers


def test_increments_bring_new_late_and_changed_rows(landing):
    db = duckdb.connect()
    entity = load_entities()["activities"]
    days = [FIRST_DELIVERY + timedelta(days=n) for n in range(1, 4)]
    _read(
        db,
        "increments",
        entity,
        [landing / "crm" / "activities" / str(d) / "activities.jsonl" for d in days],
    )
    assert _one(db, "select count(*) from increments where recorded_at = created_recorded_at") > 0
    assert _one(db, "select count(*) from increments where recorded_at > created_recorded_at") > 0
    assert (
        _one(
            db,
            "select count(*) from increments where cast(recorded_at as date) "
            "not between cast(extracted_at as date) - 1 and cast(extracted_at as date)",
        )
        == 0
    )


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_a_defect_changes_exactly_its_own_files(landing, tmp_path, name):
    spoiled = tmp_path / "landing"
    shutil.copytree(
        landing,
        spoiled,
        ignore=lambda d, names: [
            n for n in names if n.startswith("2026") and n != str(FIRST_DELIVERY)
        ],
    )
    before = _files(spoiled)
    with duckdb.connect() as db:
        changed = spoil(name, spoiled, FIRST_DELIVERY, db)
    after = _files(spoiled)
    assert {p for p in before if after.get(p) != before[p]} == {
        str(p.relative_to(spoiled)) for p in changed
    }
    assert before.keys() == after.keys()
    assert {p.parent.parent.name for p in changed} == set(DEFECTS[name].entities)
    assert DEFECTS[name].description


def test_the_defects_do_what_they_say(landing, tmp_path):
    defects = [
        "truncated_gzip",
        "decimal_comma",
        "missing_column",
        "wrong_encoding",
        "invalid_json",
    ]
    write_delivery(tmp_path, FIRST_DELIVERY, seed=SEED, scale=SCALE, defects=defects)
    day = FIRST_DELIVERY.isoformat()
    with pytest.raises(EOFError):
        gzip.decompress(
            (tmp_path / "erp/exchange_rates" / day / "exchange_rates.csv.gz").read_bytes()
        )
    lines = (
        (tmp_path / "crm/contract_lines" / day / "contract_lines.jsonl").read_text().splitlines()
    )
    assert "," in json.loads(lines[0])["annual_value"]
    with pytest.raises(UnicodeDecodeError):
        (tmp_path / "crm/reps" / day / "reps.csv").read_text(encoding="utf-8")
    with pytest.raises(json.JSONDecodeError):
        json.loads(
            (tmp_path / "crm/activities" / day / "activities.jsonl").read_text().splitlines()[0]
        )
    invoice_lines = tmp_path / "erp/invoice_lines" / day / "invoice_lines.parquet"
    columns = duckdb.execute(f"describe from '{invoice_lines}'").fetchall()
    assert "net_amount" not in {c[0] for c in columns}
    assert "invoice_line_id" in {c[0] for c in columns}


def test_a_gap_is_filled_and_what_is_there_stays(landing, tmp_path):
    gap = FIRST_DELIVERY + timedelta(days=1)
    folder = tmp_path / "landing"
    shutil.copytree(landing, folder)
    (folder / "crm" / "reps" / gap.isoformat() / "_SUCCESS").unlink()
    before = _files(landing)
    assert ensure_deliveries(folder, LAST, seed=SEED, scale=SCALE) == [gap]
    assert _files(folder) == before


def test_what_cannot_be_delivered_is_refused_in_words(tmp_path):
    with pytest.raises(DemoError, match="delivers from 2026-03-02"):
        write_delivery(tmp_path, FIRST_DELIVERY - timedelta(days=1), seed=1, scale=1)
    with pytest.raises(DemoError, match="lies outside"):
        write_delivery(tmp_path, HORIZON + timedelta(days=1), seed=1, scale=1)
    with pytest.raises(DemoError, match="Unknown demo defect typo"):
        write_delivery(tmp_path, LAST, seed=1, scale=1, defects=["typo"])
    with pytest.raises(DemoError, match="scale must lie"):
        write_delivery(tmp_path, LAST, seed=1, scale=0)
