"""Ingest: every delivered row is loaded or rejected, whatever the file looks like."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.ingest import (
    delivery_problems,
    delivery_state,
    ingest_all,
    ingest_entity,
    ledger_hash,
    read_ledger,
)
from orchestration.ingest.engine import connect
from orchestration.settings import Settings

DAY = date(2026, 3, 2)
NEXT = date(2026, 3, 3)
HEADER = b"customer_id,name\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path, landing=tmp_path / "landing", demo=False, memory_limit="1GB", threads=2
    )


def deliver(
    settings: Settings,
    name: str,
    content: bytes,
    *,
    entity: str = "customers",
    day: date = DAY,
    source: str = "crm",
    complete: bool = True,
) -> Path:
    folder = settings.landing / source / entity / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    if complete:
        (folder / "_SUCCESS").touch()
    return path


def deliver_parquet(settings: Settings, select: str, **where) -> Path:
    path = deliver(settings, where.pop("name", "part.parquet"), b"", **where)
    with duckdb.connect() as con:
        con.execute(f"copy ({select}) to '{path}' (format parquet)")
    return path


def ledger(settings: Settings, entity: str | None = None):
    with connect(settings) as con:
        return read_ledger(settings, con, entity)


def query(settings: Settings, sql: str):
    with duckdb.connect() as con:
        return con.execute(sql).fetchall()


def rows(settings: Settings, columns: str = "customer_id, name", entity: str = "customers"):
    files = [str(settings.raw / r.raw_path) for r in ledger(settings, entity) if r.raw_path]
    if not files:
        return []
    return query(
        settings,
        f"select {columns} from read_parquet({files}, union_by_name = true) "
        "order by extract_date, source_file, record_no",
    )


def rejects(settings: Settings, columns: str = "line, raw_text, reason_code"):
    files = [str(settings.raw / r.rejects_path) for r in ledger(settings) if r.rejects_path]
    if not files:
        return []
    return query(settings, f"select {columns} from read_parquet({files}) order by line nulls first")


# -- every format gives the same rows --------------------------------------------------------------


def _csv(records: list[dict]) -> bytes:
    lines = ["customer_id,name"] + [f"{r['customer_id']},{r['name']}" for r in records]
    return ("\n".join(lines) + "\n").encode()


def _jsonl(records: list[dict]) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.csv", _csv),
        ("a.csv.gz", lambda r: gzip.compress(_csv(r))),
        ("a.csv.zst", lambda r: zstandard.compress(_csv(r))),
        ("a.jsonl", _jsonl),
        ("a.jsonl.gz", lambda r: gzip.compress(_jsonl(r))),
        ("a.jsonl.zst", lambda r: zstandard.compress(_jsonl(r))),
        ("WEIRD [1] näme.CSV", _csv),
    ],
)
def test_the_same_rows_come_out_of_every_text_format(
    settings: Settings, name: str, pack: Callable[[list[dict]], bytes]
) -> None:
    records = [{"customer_id": f"C{i}", "name": f"Åkes {i}"} for i in range(50)]
    deliver(settings, name, pack(records))
    result = ingest_entity(settings, "customers", DAY)
    assert (result.rows_delivered, result.rows_loaded, result.rows_rejected) == (50, 50, 0)
    assert rows(settings) == [(r["customer_id"], r["name"]) for r in records]
    lines = rows(settings, "line - record_no")
    assert set(lines) == {(0,)} if "jsonl" in name else set(lines) == {(1,)}


def test_parquet_is_loaded_as_text_with_the_row_numbers_of_the_delivery(settings: Settings) -> None:
    deliver_parquet(
        settings,
        "select 'C' || i as customer_id, cast(i as decimal(18,4)) as potential_amount, "
        "date '2026-01-01' as customer_since, i = 1 as is_deleted, 'other' as source_system, "
        "timestamp '2026-03-01 10:00' as recorded_at, timestamp '2026-03-02 01:00' as extracted_at "
        "from range(3) t(i)",
        name="x[1].parquet",
    )
    ingest_entity(settings, "customers", DAY)
    columns = "customer_id, potential_amount, customer_since, is_deleted, source_system"
    assert rows(settings, columns)[1] == ("C1", "1.0000", "2026-01-01", "true", "crm")
    assert rows(settings, "record_no, line, raw_row") == [
        (1, None, None),
        (2, None, None),
        (3, None, None),
    ]
    (row,) = ledger(settings)
    assert row.recorded_at_min == datetime(2026, 3, 1, 10)
    assert row.extracted_at_max == datetime(2026, 3, 2, 1)


def test_raw_files_have_every_canonical_column_and_their_provenance(settings: Settings) -> None:
    path = deliver(settings, "a.csv", HEADER + b"C1,x\n")
    ingest_entity(settings, "customers", DAY)
    (row,) = ledger(settings)
    assert row.raw_path == f"customers/extract_date=2026-03-02/crm-{row.sha256[:12]}.parquet"
    columns = "source_system, source_file, record_no, line, raw_row, file_id, extract_date, org_no"
    assert rows(settings, columns) == [
        (
            "crm",
            str(path.relative_to(settings.landing)),
            1,
            2,
            '{"customer_id":"C1","name":"x"}',
            row.sha256,
            DAY,
            None,
        )
    ]


# -- CSV -------------------------------------------------------------------------------------------


def test_quoted_line_breaks_stay_in_the_value_and_lines_are_counted(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b'C1,"one\ntwo\nthree"\nC2,x\nC3,"a\n""b"""\nC4,y\n')
    ingest_entity(settings, "customers", DAY)
    assert rows(settings, "customer_id, name, line") == [
        ("C1", "one\ntwo\nthree", 2),
        ("C2", "x", 5),
        ("C3", 'a\n"b"', 6),
        ("C4", "y", 8),
    ]
    assert rejects(settings) == []


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(settings: Settings) -> None:
    body = b'\xef\xbb\xbfcustomer_id,name\r\nC1,"a\r\nb"\r\nC2,x\r\n'
    deliver(settings, "a.csv", body)
    ingest_entity(settings, "customers", DAY)
    assert rows(settings, "customer_id, name, line") == [("C1", "a\r\nb", 2), ("C2", "x", 4)]


def test_line_feeds_inside_windows_line_ends_are_read_record_by_record(settings: Settings) -> None:
    deliver(settings, "a.csv", b'customer_id,name\r\nC1,"a\nb"\r\nC2,x\r\n')
    ingest_entity(settings, "customers", DAY)
    assert rows(settings, "customer_id, name, line") == [("C1", "a\nb", 2), ("C2", "x", 4)]


def test_a_stray_quote_costs_its_own_line_and_no_other(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b'C1,a\nC2,"b\nC3,c\nC4,d\nC5,"e"\n')
    result = ingest_entity(settings, "customers", DAY)
    assert [row[0] for row in rows(settings)] == ["C1", "C3", "C4", "C5"]
    assert rejects(settings) == [(3, 'C2,"b', "stray_quote")]
    assert (result.rows_delivered, result.rows_loaded, result.rows_rejected) == (5, 4, 1)


def test_stray_quotes_that_pair_up_over_lines_are_stray_all_the_same(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b'C1,"a\nC2,b\nC3,"c\nC4,d\n')
    ingest_entity(settings, "customers", DAY)
    assert [row[0] for row in rows(settings)] == ["C2", "C4"]
    assert rejects(settings) == [(2, 'C1,"a', "stray_quote"), (4, 'C3,"c', "stray_quote")]


def test_a_stray_quote_with_no_other_quote_after_it_costs_its_own_line(settings: Settings) -> None:
    body = b"".join(b"C%d,x\n" % i for i in range(3000))
    deliver(settings, "a.csv", HEADER + b'B,"open\n' + body)
    result = ingest_entity(settings, "customers", DAY)
    assert (result.rows_loaded, result.rows_rejected) == (3000, 1)
    assert rejects(settings) == [(2, 'B,"open', "stray_quote")]


def test_lines_with_too_few_or_too_many_fields_are_rejected_by_number(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,a\nC2\nC3,b\n\nC4,c,d\nC5,e")
    result = ingest_entity(settings, "customers", DAY)
    assert rows(settings, "customer_id, line, record_no") == [
        ("C1", 2, 1),
        ("C3", 4, 3),
        ("C5", 7, 5),
    ]
    assert rejects(settings) == [(3, "C2", "column_count"), (6, "C4,c,d", "column_count")]
    assert (result.rows_delivered, result.rows_loaded, result.rows_rejected) == (5, 3, 2)
    assert ledger(settings)[0].blank_lines == 1


def test_empty_fields_are_null(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b'C1,\nC2,""\nC3," "\n')
    ingest_entity(settings, "customers", DAY)
    assert rows(settings) == [("C1", None), ("C2", None), ("C3", " ")]


FIELD = st.text(st.sampled_from('ab",;\n\r\t å€'), max_size=6)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    records=st.lists(st.tuples(st.sampled_from(["C1", "C2"]), FIELD), min_size=1, max_size=12),
    line_end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_any_properly_quoted_csv_is_loaded_whole_and_exact(
    tmp_path_factory: pytest.TempPathFactory, records, line_end: str, last: bool
) -> None:
    home = tmp_path_factory.mktemp("csv")
    settings = Settings(home=home, landing=home / "landing", demo=False, memory_limit="1GB")
    body = line_end.join(
        ["customer_id,name"]
        + [f'{key},"{text.replace(chr(34), chr(34) * 2)}"' for key, text in records]
    ) + (line_end if last else "")
    deliver(settings, "a.csv", body.encode())
    result = ingest_entity(settings, "customers", DAY)
    assert result.rows_rejected == 0
    assert rows(settings) == [(key, text or None) for key, text in records]
    physical = 2
    for (line,), (_, text) in zip(rows(settings, "line"), records, strict=True):
        assert line == physical
        physical += 1 + text.count("\n")


@hypothesis_settings(max_examples=80, deadline=None)
@given(
    lines=st.lists(
        st.sampled_from(
            [
                "C1,a",
                'C2,"b"',
                'C3,"c',
                "C4",
                "C5,e,f",
                "",
                "  ",
                'C6,"x""y"',
                'C7,27" tv',
                'end"',
                '"',
                "C8,å",
            ]
        ),
        min_size=1,
        max_size=25,
    )
)
def test_whatever_the_lines_are_each_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    home = tmp_path_factory.mktemp("lines")
    settings = Settings(home=home, landing=home / "landing", demo=False, memory_limit="1GB")
    deliver(settings, "a.csv", HEADER + ("\n".join(lines) + "\n").encode())
    result = ingest_entity(settings, "customers", DAY)
    (row,) = ledger(settings)
    assert result.rows_delivered == result.rows_loaded + result.rows_rejected
    spans = [1 + (name or "").count("\n") for _, name in rows(settings)]
    assert len(spans) == row.rows_loaded
    assert len(rejects(settings)) == row.rows_rejected
    assert len(lines) == sum(spans) + row.rows_rejected + row.blank_lines
    for line, text, _ in rejects(settings):
        assert lines[line - 2] == text


# -- JSON Lines ------------------------------------------------------------------------------------


def test_garbage_lines_are_rejected_with_their_number(settings: Settings) -> None:
    deliver(
        settings,
        "a.jsonl",
        b'{"customer_id": "C1", "name": "x"}\r\n\n{"customer_id": \nnull\n[1, 2]\n'
        b'{"customer_id": "C2", "name": "a\\nb"}\n{"customer_id": "C\r3"}',
    )
    result = ingest_entity(settings, "customers", DAY)
    assert rows(settings, "customer_id, name, line") == [("C1", "x", 1), ("C2", "a\nb", 6)]
    assert rejects(settings) == [
        (3, '{"customer_id": ', "invalid_json"),
        (4, "null", "not_an_object"),
        (5, "[1, 2]", "not_an_object"),
        (7, '{"customer_id": "C\r3"}', "invalid_json"),
    ]
    assert (result.rows_delivered, result.rows_loaded, result.rows_rejected) == (6, 2, 4)


def test_numbers_and_nested_values_of_json_arrive_as_text(settings: Settings) -> None:
    deliver(
        settings,
        "a.jsonl",
        b'{"customer_id": 7, "potential_amount": 12345678901234.1234, "is_deleted": false}\n'
        b'{"customer_id": "a: 1.5, 1234567890123456789", "potential_amount": 0.5, "name": null}\n'
        b'{"customer_id": {"x": [1]}}\n',
    )
    ingest_entity(settings, "customers", DAY)
    assert rows(settings, "customer_id, potential_amount, is_deleted, name") == [
        ("7", "12345678901234.1234", "false", None),
        ("a: 1.5, 1234567890123456789", "0.5", None, None),
        ('{"x":[1]}', None, None, None),
    ]


# -- files that cannot be used ---------------------------------------------------------------------

ROWS = HEADER + b"".join(b"C%d,name %d\n" % (i, i * 7919) for i in range(20000))


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("a.csv.gz", gzip.compress(ROWS)[:30000], "damaged_compression", "cut off"),
        ("a.csv.gz", gzip.compress(ROWS)[:-8], "damaged_compression", "deliver the file again"),
        ("a.csv.gz", gzip.compress(ROWS) + b"junk", "damaged_compression", "gzip"),
        ("a.csv.gz", b"", "damaged_compression", "zero bytes"),
        ("a.csv.zst", zstandard.compress(ROWS)[:-9], "damaged_compression", "zstd"),
        ("a.jsonl.zst", b"not zstd", "damaged_compression", "zstd"),
        ("a.csv", b"", "no_header", "zero bytes"),
        ("a.csv", HEADER + "C1,Å\n".encode("latin-1"), "wrong_encoding", "not valid utf-8"),
        ("a.jsonl", '{"customer_id": "Å"}'.encode("utf-16-le"), "wrong_encoding", "YAML"),
        ("a.csv", b"name,org_no\nx,1\ny,2\n", "missing_column", "customer_id"),
        ("a.csv", b"customer_id,name,name\nx,1,2\n", "doubled_column", "name"),
        ("a.jsonl", b'{"name": "x"}\n{"name": "y"}\n', "missing_column", "customer_id"),
        ("a.jsonl", b"garbage\nmore\n", "no_usable_row", "none of its 2 rows"),
        ("a.parquet", b"PAR1 but not really", "damaged_parquet", "Parquet"),
        ("a.parquet", b"", "damaged_parquet", "deliver it again"),
        ("a.xlsx", b"PK", "unknown_format", "deliver one of"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_rejected_whole_with_a_sentence(
    settings: Settings, name: str, content: bytes, code: str, words: str
) -> None:
    deliver(settings, name, content)
    deliver(settings, "good.csv", HEADER + b"C1,x\n")
    result = ingest_entity(settings, "customers", DAY)
    bad = next(row for row in ledger(settings) if row.path.endswith(name))
    assert (bad.status, bad.reason_code, bad.rows_loaded, bad.raw_path) == (
        "rejected",
        code,
        0,
        None,
    )
    assert bad.rows_delivered == bad.rows_rejected
    assert rows(settings) == [("C1", "x")]
    (problem,) = result.problems
    assert (problem.severity, problem.entity, problem.source) == ("critical", "customers", "crm")
    assert f"crm/customers/2026-03-02/{name} (entity customers)" in problem.text
    assert words in problem.text
    assert (
        code in {reason for (reason,) in rejects(settings, "reason_code")}
        or code == "no_usable_row"
    )
    assert list((settings.raw / "_tmp").iterdir()) == []


def test_rows_of_a_file_without_a_required_column_are_delivered_and_rejected(
    settings: Settings,
) -> None:
    deliver(settings, "a.csv", b"name\nx\ny\n")
    result = ingest_entity(settings, "customers", DAY)
    assert (result.rows_delivered, result.rows_loaded, result.rows_rejected) == (2, 0, 2)
    assert rejects(settings, "line, reason_code, rows_rejected") == [(None, "missing_column", 2)]


def test_a_parquet_file_damaged_in_the_middle_is_rejected_whole(settings: Settings) -> None:
    path = deliver_parquet(settings, "select 'C' || hash(i) as customer_id from range(300000) t(i)")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = b"\xff" * 4000
    path.write_bytes(content)
    ingest_entity(settings, "customers", DAY)
    (row,) = ledger(settings)
    assert (row.status, row.raw_path) == ("rejected", None)
    assert rows(settings) == []


def test_an_unreadable_file_is_reported_and_read_once_it_is_readable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,x\n")

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("orchestration.ingest.load.sha256_of", refuse)
        result = ingest_entity(settings, "customers", DAY)
    assert result.problems[0].code == "unreadable"
    assert "Permission denied" in result.problems[0].text
    assert ingest_entity(settings, "customers", DAY).rows_loaded == 1
    assert [row.status for row in ledger(settings) if row.status != "replaced"] == ["loaded"]


def test_other_entities_go_on_when_one_is_broken(settings: Settings) -> None:
    deliver(settings, "a.csv.gz", b"broken")
    deliver(settings, "a.csv", b"rep_id,name\nR1,x\n", entity="reps")
    results = {result.entity: result for result in ingest_all(settings, DAY)}
    assert results["reps"].rows_loaded == 1
    assert results["customers"].rows_loaded == 0
    assert [problem.code for problem in results["customers"].problems] == ["damaged_compression"]


def test_the_declared_encoding_and_delimiter_are_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from orchestration.schema import Format, load_sources

    deliver(settings, "a.csv", "customer_id;name\nC1;Åke, \x80\n".encode("latin-1"))
    assert ingest_entity(settings, "customers", DAY).rows_loaded == 0
    declared = {"crm": replace(load_sources()["crm"], format=Format("cp1252", ";"))}
    monkeypatch.setattr("orchestration.ingest.load.load_sources", lambda: declared)
    assert ingest_entity(settings, "customers", DAY).rows_loaded == 1, "a mended option is tried"
    assert rows(settings) == [("C1", "Åke, €")]


# -- again, twice, corrected -----------------------------------------------------------------------


def test_a_second_run_reads_nothing_and_changes_nothing(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,x\nC2\n")
    deliver(settings, "b.csv.gz", b"broken")
    ingest_entity(settings, "customers", DAY)
    before = {p: p.stat().st_mtime_ns for p in settings.raw.rglob("*.parquet")}
    again = ingest_entity(settings, "customers", DAY)
    assert (again.files, again.rows_delivered, again.problems) == (0, 0, [])
    assert {p: p.stat().st_mtime_ns for p in settings.raw.rglob("*.parquet")} == before


def test_a_touched_but_unchanged_file_is_not_read_again(settings: Settings) -> None:
    path = deliver(settings, "a.csv", HEADER + b"C1,x\n")
    ingest_entity(settings, "customers", DAY)
    os.utime(path, (1, 1))
    assert ingest_entity(settings, "customers", DAY).files == 0
    assert len(ledger(settings)) == 1


def test_the_same_bytes_twice_in_a_folder_count_once(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,x\n")
    deliver(settings, "b.csv", HEADER + b"C1,x\n")
    result = ingest_entity(settings, "customers", DAY)
    assert (result.rows_delivered, result.rows_loaded) == (1, 1)
    assert [(row.status, row.rows_delivered) for row in ledger(settings)] == [
        ("loaded", 1),
        ("duplicate", 0),
    ]
    assert rows(settings) == [("C1", "x")]


def test_the_same_bytes_on_another_day_are_another_extract(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,x\n")
    deliver(settings, "a.csv", HEADER + b"C1,x\n", day=NEXT)
    ingest_entity(settings, "customers", NEXT)
    assert rows(settings, "extract_date, customer_id") == [(DAY, "C1"), (NEXT, "C1")]


def test_a_corrected_file_replaces_the_former_one(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,old\nC2,old\n")
    deliver(settings, "b.csv", HEADER + b"C3,stays\n")
    ingest_entity(settings, "customers", DAY)
    hash_before = ledger_hash(settings, DAY)
    deliver(settings, "a.csv", HEADER + b"C1,new\n")
    result = ingest_entity(settings, "customers", DAY)
    assert (result.files, result.rows_loaded) == (1, 1)
    assert rows(settings) == [("C1", "new"), ("C3", "stays")]
    assert [
        (row.status, row.rows_loaded) for row in ledger(settings) if row.path.endswith("a.csv")
    ] in (
        [("loaded", 1), ("replaced", 2)],
        [("replaced", 2), ("loaded", 1)],
    )
    assert len(list((settings.raw / "customers").rglob("*.parquet"))) == 2
    assert ledger_hash(settings, DAY) != hash_before


def test_a_correction_under_another_name_replaces_what_is_gone(settings: Settings) -> None:
    old = deliver(settings, "a.csv", HEADER + b"C1,old\n")
    ingest_entity(settings, "customers", DAY)
    old.unlink()
    deliver(settings, "a_v2.csv", HEADER + b"C1,new\n")
    ingest_entity(settings, "customers", DAY)
    assert rows(settings) == [("C1", "new")]


def test_a_correction_that_cannot_be_read_replaces_nothing(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,good\n")
    ingest_entity(settings, "customers", DAY)
    deliver(settings, "a.csv", b"")
    assert ingest_entity(settings, "customers", DAY).problems[0].severity == "critical"
    assert rows(settings) == [("C1", "good")]
    assert ingest_entity(settings, "customers", DAY).files == 0
    deliver(settings, "a.csv", HEADER + b"C1,better\n")
    ingest_entity(settings, "customers", DAY)
    assert rows(settings) == [("C1", "better")]
    assert delivery_problems_of(settings, "customers") == []


def test_a_tidied_landing_takes_nothing_away(settings: Settings) -> None:
    path = deliver(settings, "a.csv", HEADER + b"C1,x\n")
    ingest_entity(settings, "customers", DAY)
    path.unlink()
    ingest_entity(settings, "customers", DAY)
    assert rows(settings) == [("C1", "x")]


def test_a_full_extract_is_used_whole_or_not_at_all(settings: Settings) -> None:
    deliver(settings, "1.csv", b"rep_id\nR1\nR2\n", entity="reps")
    deliver(settings, "2.csv.gz", gzip.compress(b"rep_id\nR3\n")[:-4], entity="reps")
    result = ingest_entity(settings, "reps", DAY)
    assert (result.rows_loaded, result.rows_rejected, result.rows_delivered) == (0, 2, 2)
    assert {row.reason_code for row in ledger(settings)} == {
        "incomplete_full",
        "damaged_compression",
    }
    deliver(settings, "2.csv.gz", gzip.compress(b"rep_id\nR3\n"), entity="reps")
    assert ingest_entity(settings, "reps", DAY).rows_loaded == 3
    assert rows(settings, "rep_id", "reps") == [("R1",), ("R2",), ("R3",)]


def test_only_extracts_up_to_the_day_are_taken(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,x\n")
    deliver(settings, "a.csv", HEADER + b"C2,y\n", day=NEXT)
    assert ingest_entity(settings, "customers", DAY).rows_loaded == 1
    assert ingest_entity(settings, "customers", NEXT).rows_loaded == 1


# -- schema changes --------------------------------------------------------------------------------


def test_unknown_new_and_lost_columns_are_recorded(settings: Settings) -> None:
    deliver(settings, "a.csv", b"customer_id,name,shoe_size\nC1,x,44\n")
    deliver(settings, "a.csv", b"customer_id,org_no\nC1,5\n", day=NEXT)
    ingest_entity(settings, "customers", NEXT)
    first, second = ledger(settings)
    assert json.loads(first.schema_changes) == {"unknown": ["shoe_size"]}
    assert json.loads(second.schema_changes) == {
        "added": ["org_no"],
        "removed": ["name", "shoe_size"],
        "before": ["customer_id", "name", "shoe_size"],
        "now": ["customer_id", "org_no"],
    }
    assert rows(settings, "raw_row")[0] == ('{"customer_id":"C1","name":"x","shoe_size":"44"}',)


# -- complete folders and the calendar -------------------------------------------------------------


def test_a_folder_without_success_is_taken_when_it_has_been_quiet(settings: Settings) -> None:
    path = deliver(settings, "a.csv", HEADER + b"C1,x\n", complete=False)
    written = path.stat().st_mtime
    assert ingest_entity(settings, "customers", DAY, now=written + 29 * 60).files == 0
    (path.parent / "b.csv.part").write_bytes(b"cust")
    assert ingest_entity(settings, "customers", DAY, now=written + 40 * 60).files == 0
    (path.parent / "b.csv.part").unlink()
    assert ingest_entity(settings, "customers", DAY, now=written + 40 * 60).files == 1


def test_delivery_state_names_complete_missing_and_late_folders(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,x\n")
    deliver(settings, "a.csv", b"region_id,name\nR1,x\n", entity="regions", day=date(2026, 3, 1))
    early = datetime.fromisoformat("2026-03-02T04:59:00+01:00").timestamp()
    state = delivery_state(settings, DAY, now=early)
    assert state.complete == ("crm/customers/2026-03-02",)
    assert "crm/regions/2026-03-02" in state.missing
    assert "crm/reps/2026-03-02" in state.missing, "required"
    assert "crm/campaigns/2026-03-02" not in state.missing, "optional and never delivered"
    assert not any(name.startswith("erp/") for name in state.missing), "has never delivered"
    assert state.late == ()
    assert not state.is_complete
    late = delivery_state(settings, DAY, now=early + 120)
    assert late.late == late.missing
    assert late.fingerprint == state.fingerprint
    deliver(settings, "a.csv", HEADER + b"C1,corrected\n")
    assert delivery_state(settings, DAY, now=early).fingerprint != state.fingerprint


# -- the landing contract --------------------------------------------------------------------------


def delivery_problems_of(settings: Settings, entity: str, as_of: date = DAY):
    return [
        (problem.severity, problem.code)
        for problem in delivery_problems(settings, as_of)
        if problem.entity == entity
    ]


def test_an_incremental_delivery_without_rows_is_normal(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER)
    deliver(settings, "a.jsonl", b"", entity="contracts")
    (settings.landing / "crm/activities/2026-03-02").mkdir(parents=True)
    (settings.landing / "crm/activities/2026-03-02/_SUCCESS").touch()
    ingest_all(settings, DAY)
    assert {row.status for row in ledger(settings)} == {"empty"}
    for entity in ("customers", "contracts", "activities"):
        assert delivery_problems_of(settings, entity) == []


def test_a_full_delivery_without_rows_leaves_the_last_good_one_in_use(settings: Settings) -> None:
    deliver(settings, "a.csv", b"rep_id\nR1\n", entity="reps")
    deliver(settings, "a.csv", b"region_id,name\nR1,x\n", entity="regions")
    deliver(settings, "a.csv", b"rep_id\n", entity="reps", day=NEXT)
    deliver(settings, "a.csv", b"region_id,name\n", entity="regions", day=NEXT)
    ingest_all(settings, NEXT)
    assert delivery_problems_of(settings, "reps", NEXT) == [("critical", "empty_full")]
    assert delivery_problems_of(settings, "regions", NEXT) == [("warning", "empty_full")]
    assert {row.extract_date for row in ledger(settings) if row.is_in_use} == {DAY}
    text = next(p.text for p in delivery_problems(settings, NEXT) if p.entity == "reps")
    assert "crm/reps/2026-03-03" in text
    assert "the extract of 2026-03-02 stays in use" in text


def test_an_expected_extract_that_is_missing_is_a_problem(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,x\n")
    deliver(settings, "a.csv", b"region_id,name\nR1,x\n", entity="regions")
    deliver(settings, "a.csv", b"area_id,name\nA1,x\n", entity="areas", day=NEXT)
    ingest_all(settings, NEXT)
    assert delivery_problems_of(settings, "customers", NEXT) == [("critical", "missing")]
    assert delivery_problems_of(settings, "regions", NEXT) == [("warning", "missing")]
    assert delivery_problems_of(settings, "campaigns", NEXT) == [], "never delivered, optional"
    assert delivery_problems_of(settings, "contracts", NEXT) == [("warning", "never_delivered")]
    assert delivery_problems_of(settings, "invoices", NEXT) == [], "the source has never spoken"
    assert delivery_problems_of(settings, "customers", DAY) == []


def test_an_empty_landing_is_critical(settings: Settings) -> None:
    ingest_all(settings, DAY)
    assert [(p.severity, p.code) for p in delivery_problems(settings, DAY)] == [
        ("critical", "nothing_delivered")
    ]


def test_an_unreadable_incremental_file_counts_until_it_is_corrected(settings: Settings) -> None:
    deliver(settings, "a.csv.gz", b"broken")
    deliver(settings, "a.csv", HEADER + b"C2,x\n", day=NEXT)
    ingest_all(settings, NEXT)
    assert delivery_problems_of(settings, "customers", NEXT) == [
        ("critical", "damaged_compression")
    ]
    deliver(settings, "a.csv.gz", gzip.compress(HEADER + b"C1,x\n"))
    ingest_all(settings, NEXT)
    assert delivery_problems_of(settings, "customers", NEXT) == []


def test_a_bad_full_extract_counts_until_a_good_newer_one_arrives(settings: Settings) -> None:
    deliver(settings, "a.csv.gz", b"broken", entity="reps")
    ingest_all(settings, DAY)
    assert delivery_problems_of(settings, "reps") == [("critical", "damaged_compression")]
    deliver(settings, "a.csv", b"rep_id\nR1\n", entity="reps", day=NEXT)
    ingest_all(settings, NEXT)
    assert delivery_problems_of(settings, "reps", NEXT) == []


def test_folders_nobody_reads_are_named(settings: Settings) -> None:
    deliver(settings, "a.csv", HEADER + b"C1,x\n")
    deliver(settings, "a.csv", b"x\n", entity="custommers")
    deliver(settings, "a.csv", b"x\n", source="salesfarce")
    (settings.landing / "crm/customers/yesterday").mkdir()
    ingest_all(settings, DAY)
    stray = [p.text for p in delivery_problems(settings, DAY) if p.code == "stray_folder"]
    assert len(stray) == 3
    assert any("custommers" in text for text in stray)
    assert any("salesfarce" in text for text in stray)
    assert any("yesterday" in text for text in stray)


def test_the_ledger_hash_depends_on_content_and_day_only(
    settings: Settings, tmp_path: Path
) -> None:
    other = Settings(home=tmp_path / "b", landing=tmp_path / "b/landing", demo=False)
    for home in (settings, other):
        deliver(home, "a.csv", HEADER + b"C1,x\n")
        ingest_all(home, DAY)
    before = ledger_hash(settings, DAY)
    assert before == ledger_hash(other, DAY)
    deliver(settings, "a.csv", HEADER + b"C2,x\n", day=NEXT)
    ingest_all(settings, NEXT)
    assert ledger_hash(settings, DAY) == before
    assert ledger_hash(settings, NEXT) != before
