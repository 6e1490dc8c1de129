"""Every defect of orchestration/ingest/defects.yml, delivered, and what the table says of it.

Each goes the whole way from landing to the rules on deliveries. Whatever it is, no row is lost; and
when the source has delivered again, the next night recovers by itself.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.ingest import load
from orchestration.schema import Format, load_sources
from orchestration.settings import PROJECT_ROOT
from tests.support.delivery_night import Compiled, DeliveryNights, Outcome, compile_staging

TABLE = yaml.safe_load((PROJECT_ROOT / "orchestration/ingest/defects.yml").read_text("utf-8"))
ENTITIES = ("customers", "reps", "credit_splits", "invoices", "invoice_lines")
CHECKS = ("managers_do_not_go_in_circles", "merged_customers_have_a_survivor")
BEFORE, DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)
GOOD = ("C1,Åke,2026-01-01", "C2,Öst,2026-01-02", "C3,Bo,2026-01-03")
HEADER = "customer_id,name,customer_since"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return compile_staging(tmp_path_factory.mktemp("staging"), ENTITIES, CHECKS)


@pytest.fixture
def nights(tmp_path: Path, compiled: Compiled) -> DeliveryNights:
    return DeliveryNights(tmp_path, compiled)


def text(*lines: str, header: str = HEADER, end: str = "\n") -> str:
    return end.join([header, *lines]) + end


def csv(*lines: str, **options) -> bytes:
    return text(*(lines or GOOD), **options).encode()


@dataclass(frozen=True)
class Delivery:
    """A defect as files, and what staging must make of them.

    ``expected``: rows of ``query`` after the night. ``rejected`` and ``set_aside``: rows in
    quarantine. ``options`` stand in for the source's, and ``before`` was delivered the day before.
    """

    content: bytes
    expected: list[tuple] | None = None
    name: str = "a.csv"
    source: str = "crm"
    entity: str = "customers"
    query: str = (
        "select customer_id, name from staging.stg_canonical__customers "
        "where known_to = '9999-12-31' order by all"
    )
    at_fault: int = 1
    options: Format | None = None
    before: bytes | None = None
    also: dict[str, bytes] = field(default_factory=dict)
    whole: bool = True


NAMES = [("C1", "Åke"), ("C2", "Öst"), ("C3", "Bo")]
SINCE = "select customer_id, customer_since from staging.stg_canonical__customers order by all"
DAYS = [("C1", date(2026, 1, 1)), ("C2", date(2026, 1, 2)), ("C3", date(2026, 1, 3))]
LINES = "select net_amount from staging.stg_canonical__invoice_lines order by invoice_line_id"
ERP_LINES = "Radnr;Fakturanr;Nettobelopp"
XML = '<a b="1">x; y,\n<!-- å --></a>'


def erp_lines(*amounts: str) -> bytes:
    lines = [f"L{n};F1;{amount}" for n, amount in enumerate(amounts)]
    return text(*lines, header=ERP_LINES).encode("cp1252", "strict")


def parquet(select: str) -> bytes:
    path = Path(_scratch()) / "file.parquet"
    with duckdb.connect() as con:
        con.execute(f"copy ({select}) to '{path}' (format parquet)")
    return path.read_bytes()


def _scratch() -> str:
    import tempfile

    return tempfile.mkdtemp(prefix="utfall-test-")


def zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as handle:
        handle.write(content)
    return out.getvalue()


def ids(names: Iterable[str]) -> list[tuple[str]]:
    return [(name,) for name in names]


KEYS = "select customer_id from staging.stg_canonical__customers order by all"
MANY = csv(*(f"C{n},name {n * 7919},2026-01-01" for n in range(5000)))

DEFECTS: dict[str, Callable[[], Delivery]] = {
    "byte_order_mark": lambda: Delivery(b"\xef\xbb\xbf" + csv(), NAMES),
    "utf_16": lambda: Delivery(text(*GOOD).encode("utf-16"), NAMES),
    "windows_1252": lambda: Delivery(
        text(*GOOD).encode("cp1252"), NAMES, options=Format(encoding="windows-1252")
    ),
    "wrong_encoding": lambda: Delivery(text(*GOOD).encode("cp1252")),
    "utf_8_called_windows_1252": lambda: Delivery(csv(), options=Format(encoding="windows-1252")),
    "semicolon": lambda: Delivery(
        text(*GOOD).replace(",", ";").encode(), NAMES, options=Format(delimiter=";")
    ),
    "tab": lambda: Delivery(
        text(*GOOD).replace(",", "\t").encode(), NAMES, options=Format(delimiter="\t")
    ),
    "undeclared_delimiter": lambda: Delivery(text(*GOOD).replace(",", ";").encode()),
    "decimal_comma": lambda: Delivery(
        erp_lines("1234,50", "-0,5", "7"),
        [(Decimal("1234.5"),), (Decimal("-0.5"),), (Decimal("7"),)],
        source="swedish_erp",
        entity="invoice_lines",
        query=LINES,
    ),
    "thousands_blanks": lambda: Delivery(
        text("L0;F1;1 234,50", "L1;F1;12\u00a0345\u00a0678,9", header=ERP_LINES).encode("cp1252"),
        [(Decimal("1234.5"),), (Decimal("12345678.9"),)],
        source="swedish_erp",
        entity="invoice_lines",
        query=LINES,
    ),
    "undeclared_decimal_comma": lambda: Delivery(
        csv('L0,F1,"1234,50"', "L1,F1,7", header="invoice_line_id,invoice_id,net_amount"),
        [(Decimal("7"),)],
        source="erp",
        entity="invoice_lines",
        query=LINES,
    ),
    "point_in_decimal_comma_source": lambda: Delivery(
        erp_lines("1.234", "1.234,50", "7"),
        [(Decimal("7"),)],
        source="swedish_erp",
        entity="invoice_lines",
        query=LINES,
        at_fault=2,
    ),
    "quoted_line_breaks": lambda: Delivery(
        csv('C1,"a\nb\n\nc",2026-01-01', "C2,x,2026-01-01"), [("C1", "a\nb\n\nc"), ("C2", "x")]
    ),
    "windows_line_ends": lambda: Delivery(
        csv("C1,a,2026-01-01", "", "C2,b,2026-01-01", end="\r\n"), [("C1", "a"), ("C2", "b")]
    ),
    "header_case_and_blanks": lambda: Delivery(
        csv(header=" Customer ID ,NAME,customer-since"), NAMES
    ),
    "reordered_columns": lambda: Delivery(
        csv("Åke,C1,2026-01-01", header="name,customer_id,customer_since"),
        [("C1", "Åke")],
        before=csv("C1,Åke,2026-01-01"),
    ),
    "added_column": lambda: Delivery(
        csv("C1,Åke,2026-01-01,44", header=HEADER + ",shoe_size"),
        [("C1", "Åke")],
        before=csv("C1,Åke,2026-01-01"),
    ),
    "removed_column": lambda: Delivery(
        csv("C1,Åke", header="customer_id,name"),
        [("C1", "Åke")],
        before=csv("C1,Åke,2026-01-01"),
    ),
    "missing_required_column": lambda: Delivery(csv("Åke", header="name")),
    "renamed_required_column": lambda: Delivery(csv("C1,Åke", header="customer_number,name")),
    "renamed_column_declared": lambda: Delivery(
        text(
            "F1;K1;20260302;Faktura;Bokförd", header="FAKTURANR;Kundnr;Fakturadatum;Typ;Status"
        ).encode("cp1252"),
        [("F1", "K1", "invoice", "posted")],
        source="swedish_erp",
        entity="invoices",
        query="select invoice_id, customer_id, doc_type, status "
        "from staging.stg_canonical__invoices",
    ),
    "doubled_column": lambda: Delivery(csv("C1,a,b", header="customer_id,name,Name")),
    "mixed_date_formats": lambda: Delivery(
        csv("C1,Åke,2026-01-01", "C2,Öst,01/02/2026", "C3,Bo,20260103"),
        DAYS[:1],
        query=SINCE,
        at_fault=2,
    ),
    "declared_date_format": lambda: Delivery(
        csv("C1,Åke,20260101", "C2,Öst,2.1.2026", "C3,Bo,2026-01-03"),
        DAYS,
        query=SINCE,
        options=Format(date_format=("%Y%m%d", "%d.%m.%Y")),
    ),
    "local_times": lambda: Delivery(
        csv(
            "C1,2026-03-01T12:00:00",
            "C2,2025-07-01 12:00",
            "C3,2026-03-01T12:00:00Z",
            header="customer_id,recorded_at",
        ),
        [
            ("C1", datetime(2026, 3, 1, 11)),
            ("C2", datetime(2025, 7, 1, 10)),
            ("C3", datetime(2026, 3, 1, 12)),
        ],
        query="select customer_id, recorded_at from staging.stg_canonical__customers order by all",
        options=Format(times="local"),
    ),
    "impossible_date": lambda: Delivery(
        csv("C1,Åke,2026-01-01", "C2,Öst,2026-02-30"), DAYS[:1], query=SINCE
    ),
    "end_of_time": lambda: Delivery(
        csv("C1,Åke,9999-12-31"), [("C1", date(9999, 12, 31))], query=SINCE
    ),
    "xml_in_a_column": lambda: Delivery(
        csv('C1,"' + XML.replace('"', '""') + '",2026-01-01', "C2,x,2026-01-01"),
        [("C1", XML), ("C2", "x")],
    ),
    "spreadsheet_formula": lambda: Delivery(
        csv('C1,"=HYPERLINK(""http://x"")",2026-01-01', "C2,@SUM(1),2026-01-01"),
        [("C1", '=HYPERLINK("http://x")'), ("C2", "@SUM(1)")],
    ),
    "huge_field": lambda: Delivery(
        csv("C1," + "x" * (10 << 20) + ",2026-01-01", "C2,y,2026-01-01"),
        [("C1", 10 << 20), ("C2", 1)],
        query="select customer_id, length(name) from staging.stg_canonical__customers order by all",
    ),
    "line_too_long": lambda: Delivery(csv("C1," + "x" * (65 << 20) + ",2026-01-01")),
    "truncated_gzip": lambda: Delivery(zipped(MANY)[:-2000], name="a.csv.gz"),
    "gzip_without_trailer": lambda: Delivery(zipped(MANY)[:-8], name="a.csv.gz"),
    "zero_bytes": lambda: Delivery(b""),
    "half_parquet": lambda: Delivery(
        parquet("select 'C' || n as customer_id from range(1000) as t(n)")[:-700], name="a.parquet"
    ),
    "empty_full_extract": lambda: Delivery(b"rep_id,name\n", entity="reps"),
    "half_uploaded": lambda: Delivery(csv(), [], name="a.csv.part", whole=False),
    "half_a_last_line": lambda: Delivery(
        csv("C1,Åke,2026-01-01", "C2,Öst,2026-01-02").removesuffix(b",2026-01-02\n"),
        [("C1", "Åke")],
    ),
    "half_a_json_line": lambda: Delivery(
        b'{"customer_id": "C1", "name": "a"}\n{"customer_id": "C2", "na',
        [("C1", "a")],
        name="a.jsonl",
    ),
    "stray_quote": lambda: Delivery(
        csv('C1,"Åke,2026-01-01', "C2,Öst,2026-01-02"), [("C2", "Öst")]
    ),
    "extra_field": lambda: Delivery(
        csv("C1,Åke, AB,2026-01-01", "C2,Öst,2026-01-02"), [("C2", "Öst")]
    ),
    "delivered_twice": lambda: Delivery(csv(), NAMES, also={"b.csv": csv()}),
    "overlapping_incrementals": lambda: Delivery(
        csv("C1,Åke,2026-01-01", "C2,Öst,2026-01-02"), NAMES[:2], before=csv("C1,Åke,2026-01-01")
    ),
    "repeated_key": lambda: Delivery(
        csv("C1,old,2026-01-01", "C1,new,2026-01-01"), [("C1", "new")]
    ),
    "empty_key": lambda: Delivery(csv(",Åke,2026-01-01", "C2,Öst,2026-01-02"), NAMES[1:2]),
    "keys_of_another_type": lambda: Delivery(
        csv("A-1,Åke,2026-01-01"), None, before=csv("1,Åke,2026-01-01")
    ),
    "key_as_floating_number": lambda: Delivery(
        parquet("select * from (values (7.0::double), (1234567890.0::double)) as t(customer_id)"),
        ids(["1234567890", "7"]),
        name="a.parquet",
        query=KEYS,
    ),
    "negative_share": lambda: Delivery(
        csv(
            "contract,K1,R1,revenue,1.5",
            "contract,K1,R2,revenue,-0.5",
            header="source_type,source_id,rep_id,credit_type,share",
        ),
        [("R1", Decimal("1.5"))],
        entity="credit_splits",
        query="select rep_id, share from staging.stg_canonical__credit_splits",
    ),
    "unknown_word": lambda: Delivery(
        csv("C1,customer", "C2,friend", header="customer_id,status"), ids(["C1"]), query=KEYS
    ),
    "managers_in_a_circle": lambda: Delivery(
        csv("R1,R2", "R2,R3", "R3,R1", "R4,R1", "R5,", header="rep_id,manager_rep_id"),
        ids(["R1", "R2", "R3", "R4", "R5"]),
        entity="reps",
        query="select rep_id from staging.stg_canonical__reps order by all",
    ),
    "merged_in_a_chain": lambda: Delivery(
        csv("C1,C2", "C2,C3", "C3,C4", "C4,", header="customer_id,merged_into_id"),
        ids(["C1", "C2", "C3", "C4"]),
        query=KEYS,
    ),
    "merged_in_a_circle": lambda: Delivery(
        csv("C1,C2", "C2,C1", "C3,", header="customer_id,merged_into_id"),
        ids(["C1", "C2", "C3"]),
        query=KEYS,
    ),
}


def test_every_defect_of_the_table_is_delivered_by_a_test() -> None:
    assert set(DEFECTS) == set(TABLE)
    kinds = {"read", "waits", "warns", "rejects_rows", "sets_aside", "refuses_file"}
    for name, entry in TABLE.items():
        assert entry["happens"] in kinds, name
        assert entry["what"], name
        assert ("code" in entry) == (entry["happens"] not in ("read", "waits")), name


def declare(monkeypatch: pytest.MonkeyPatch, source: str, **changes) -> None:
    sources = load_sources()
    changed = {**sources, source: replace(sources[source], **changes)}
    for module in (load, __import__("orchestration.ingest.contract", fromlist=["x"])):
        monkeypatch.setattr(module, "load_sources", lambda: changed)


def put(nights: DeliveryNights, defect: Delivery) -> None:
    if defect.before is not None:
        nights.deliver(defect.source, defect.entity, BEFORE, "a.csv", defect.before)
        nights.run(BEFORE)
    where = (defect.source, defect.entity, DAY)
    nights.deliver(*where, defect.name, defect.content, whole=defect.whole)
    for name, content in defect.also.items():
        nights.deliver(*where, name, content)


def assert_no_row_is_lost(outcome: Outcome) -> None:
    for row in outcome.ledger:
        assert row.rows_delivered == row.rows_loaded + row.rows_rejected
    for file in outcome.accounts:
        fates = [file[f"rows_{fate}"] for fate in ("current", "superseded", "deleted")]
        assert file["rows_loaded"] == sum(fates) + file["rows_quarantined"], file
    assert not outcome.blocking & {
        "delivery.rows_accounted_for",
        "delivery.rows_have_a_fate",
        "delivery.files_have_a_fate",
    }
    assert all(row["reason_text_en"] and row["reason_text_sv"] for row in outcome.quarantine)
    in_quarantine = sum(
        row["line"] is not None or row["record_no"] is not None for row in outcome.quarantine
    )
    rejected_lines = sum(row.rows_rejected for row in outcome.ledger if row.status == "loaded")
    assert in_quarantine >= rejected_lines


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_does_what_the_table_says_and_loses_no_row(
    nights: DeliveryNights, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    entry, defect = TABLE[name], DEFECTS[name]()
    if defect.options is not None:
        declare(monkeypatch, defect.source, format=defect.options)
    put(nights, defect)
    outcome = nights.run(DAY)
    assert_no_row_is_lost(outcome)
    happens, code = entry["happens"], entry.get("code")
    codes = [row["reason_code"] for row in outcome.quarantine]
    problems = {problem.code for problem in outcome.problems if problem.entity == defect.entity}
    if happens in ("read", "waits"):
        assert codes == []
        assert problems == set()
        assert {rule for rule in outcome.warnings if rule.startswith("delivery.")} <= {
            "delivery.fresh_sources"
        }
    if happens == "waits":
        assert outcome.ledger == []
    if happens in ("rejects_rows", "sets_aside"):
        assert codes == [code] * defect.at_fault
        assert all(row["raw_row"] for row in outcome.quarantine)
        assert all(row["line"] for row in outcome.quarantine)
    if happens == "refuses_file":
        assert code in problems
        assert code in outcome.blocking
        assert not any(row.is_in_use for row in outcome.ledger if row.extract_date == DAY)
    if happens == "warns":
        assert code in outcome.warnings
        assert code not in outcome.blocking
    if defect.expected is not None:
        assert outcome.rows(defect.query) == defect.expected


REFUSED = [name for name, entry in TABLE.items() if entry["happens"] == "refuses_file"]


@pytest.mark.parametrize("name", [name for name in REFUSED if name != "empty_full_extract"])
def test_a_refused_file_only_warns_where_the_entity_is_optional(
    nights: DeliveryNights, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    defect = DEFECTS[name]()
    source = load_sources()[defect.source]
    optional = {e: replace(d, required=False) for e, d in source.entities.items()}
    declare(monkeypatch, defect.source, entities=optional, format=defect.options or source.format)
    put(nights, defect)
    outcome = nights.run(DAY)
    code = TABLE[name]["code"]
    assert code in outcome.warnings
    assert code not in outcome.blocking


FULL = {
    "reps": ("crm", b"rep_id,name\nR1,x\nR2,y\n"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_correction_leaves_what_was_good_in_use_and_a_good_one_heals_it(
    nights: DeliveryNights, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The defect comes as the same day's second delivery, and is then delivered again, mended."""
    defect = DEFECTS[name]()
    if defect.options is not None:
        declare(monkeypatch, defect.source, format=defect.options)
    key = "rep_id" if defect.entity == "reps" else "customer_id"
    delimiter = (defect.options or Format()).delimiter
    good = f"{key}{delimiter}name\nX1{delimiter}x\n"
    where = (defect.source, defect.entity, DAY)
    nights.deliver(*where, "a.csv", good.encode())
    first = nights.run(DAY)
    query = f"select {key} from staging.stg_canonical__{defect.entity}"
    assert first.rows(query) == [("X1",)]
    (nights.settings.landing / Path(*map(str, where)) / "a.csv").unlink()
    nights.deliver(*where, defect.name, defect.content)
    spoiled = nights.run(DAY)
    assert_no_row_is_lost(spoiled)
    assert spoiled.rows(query) == [("X1",)], "the last good delivery stays in use"
    (nights.settings.landing / Path(*map(str, where)) / defect.name).unlink()
    nights.deliver(*where, "c.csv", good.replace("X1", "X2").encode())
    healed = nights.run(DAY)
    assert_no_row_is_lost(healed)
    assert healed.rows(query) == [("X2",)]
    assert not [problem for problem in healed.problems if problem.entity == defect.entity]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, entry in TABLE.items()
        if entry["happens"] == "sets_aside" and name not in ("empty_key",)
    ],
)
def test_a_row_set_aside_is_resolved_by_the_next_good_delivery(
    nights: DeliveryNights, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    defect = DEFECTS[name]()
    put(nights, defect)
    first = nights.run(DAY)
    assert {row["resolved_at"] for row in first.quarantine} == {None}
    source = load_sources()[defect.source]
    key_names = {fold_key(theirs): theirs for theirs in source.delivery(defect.entity).columns}
    header, *lines = defect.content.decode(source.format.encoding).splitlines()
    bad = {row["line"] for row in first.quarantine}
    mended = [line for number, line in enumerate(lines, start=2) if number in bad]
    assert mended, key_names
    values = {
        "cast_decimal": ('"1234,50"', "9"),
        "cast_date": ("", ""),
        "too_small": ("-0.5", "0.5"),
        "not_allowed": ("friend", "customer"),
    }
    code = TABLE[name]["code"]
    if code == "cast_date":
        mended = [line.rsplit(",", 1)[0] + ",2026-01-05" for line in mended]
    elif defect.source == "swedish_erp":
        mended = [line.rsplit(";", 1)[0] + ";9" for line in mended]
    else:
        mended = [line.replace(*values[code]) for line in mended]
    content = "\n".join([header, *mended]) + "\n"
    nights.deliver(
        defect.source, defect.entity, NEXT, "a.csv", content.encode(source.format.encoding)
    )
    second = nights.run(NEXT)
    assert_no_row_is_lost(second)
    assert [row["resolved_at"] for row in second.quarantine] == [NEXT] * defect.at_fault


def fold_key(name: str) -> str:
    from orchestration.ingest.readers import fold

    return fold(name)


def test_the_ledger_tells_old_and_new_columns_of_a_delivery_that_changed(
    nights: DeliveryNights,
) -> None:
    def changes(name: str) -> dict:
        put(nights, DEFECTS[name]())
        (row,) = [
            row
            for row in nights.run(DAY).ledger
            if row.extract_date == DAY and row.status == "loaded"
        ]
        return json.loads(row.schema_changes or "{}")

    before = ["customer_id", "name", "customer_since"]
    assert changes("reordered_columns") == {
        "reordered": True,
        "before": before,
        "now": ["name", "customer_id", "customer_since"],
    }
    assert changes("added_column") == {
        "unknown": ["shoe_size"],
        "added": ["shoe_size"],
        "before": before,
        "now": [*before, "shoe_size"],
    }
    assert changes("removed_column") == {
        "removed": ["customer_since"],
        "before": before,
        "now": ["customer_id", "name"],
    }
    assert changes("header_case_and_blanks")["renamed"] == {
        "Customer ID": "customer_id",
        "NAME": "name",
        "customer-since": "customer_since",
    }
