"""Five hundred spoiled deliveries, by seed: none crashes ingest, hangs it, or loses a row.

A sound file of some format is spoiled once to three times: bytes flipped, put in or cut out, lines
doubled, broken or dropped, columns shuffled, another encoding, cut-off compression. What fails is
made as small as it will go and printed.
"""

from __future__ import annotations

import faulthandler
import gzip
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
import zstandard

from orchestration.ingest import ingest_entity, read_ledger
from orchestration.ingest.engine import connect
from orchestration.settings import Settings

DAY = date(2026, 3, 2)
CASES, BATCHES = 500, 20
HANGS_AFTER = 180
"""Seconds after which a batch counts as hanging and ends the process with its stack."""

COLUMNS = ("customer_id", "name", "org_no", "potential_amount", "customer_since", "is_internal")
WORDS = ("Åkes", 'a "quoted" text', "two\nlines", "x;y,z", "", "=1+1", "1 234,50", "<a b='c'/>")


def records(rng: random.Random) -> list[dict[str, str]]:
    return [
        {
            "customer_id": f"C{number}",
            "name": rng.choice(WORDS),
            "org_no": str(rng.randrange(10**10)),
            "potential_amount": f"{rng.uniform(-1e6, 1e6):.2f}",
            "customer_since": f"20{rng.randrange(10, 30)}-0{rng.randrange(1, 10)}-11",
            "is_internal": rng.choice(("true", "false", "")),
        }
        for number in range(rng.randrange(1, 40))
    ]


def as_csv(rng: random.Random) -> bytes:
    def quoted(value: str) -> str:
        wants = any(mark in value for mark in '",\n') or rng.random() < 0.1
        return '"' + value.replace('"', '""') + '"' if wants else value

    columns = list(COLUMNS)
    rng.shuffle(columns)
    lines = [",".join(columns)]
    lines += [",".join(quoted(record[name]) for name in columns) for record in records(rng)]
    return (rng.choice(("\n", "\r\n")).join(lines) + rng.choice(("", "\n"))).encode()


def as_jsonl(rng: random.Random) -> bytes:
    return "".join(
        json.dumps(dict(rng.sample(list(record.items()), len(record))), ensure_ascii=False) + "\n"
        for record in records(rng)
    ).encode()


def as_parquet(rng: random.Random) -> bytes:
    folder = Path(tempfile.mkdtemp(prefix="utfall-fuzz-"))
    try:
        with duckdb.connect() as con:
            con.execute(
                f"copy (select 'C' || n as customer_id, n::double as org_no from "
                f"range({rng.randrange(1, 200)}) as t(n)) to '{folder}/a.parquet' (format parquet)"
            )
        return (folder / "a.parquet").read_bytes()
    finally:
        shutil.rmtree(folder)


FORMATS: dict[str, Callable[[random.Random], bytes]] = {
    "a.csv": as_csv,
    "a.jsonl": as_jsonl,
    "a.parquet": as_parquet,
    "a.csv.gz": lambda rng: gzip.compress(as_csv(rng), mtime=0),
    "a.jsonl.zst": lambda rng: zstandard.compress(as_jsonl(rng)),
}


def flip(rng: random.Random, content: bytes) -> bytes:
    spoiled = bytearray(content)
    for _ in range(rng.randrange(1, 6)):
        if spoiled:
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


def put_in(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content) + 1)
    piece = rng.choice(
        (
            rng.randbytes(rng.randrange(1, 9)),
            b'"',
            b",",
            b"\n",
            b"\r",
            b"\r\n",
            b"\x00",
            b"\xff",
            b"\\",
        )
    )
    return content[:place] + piece + content[place:]


def cut_off(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def cut_out(rng: random.Random, content: bytes) -> bytes:
    start = rng.randrange(len(content) + 1)
    return content[:start] + content[start + rng.randrange(40) :]


def shuffle_lines(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def double_a_line(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    place = rng.randrange(len(lines))
    return b"\n".join([*lines[:place], lines[place], *lines[place:]])


def shuffle_a_line(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    place = rng.randrange(len(lines))
    fields = lines[place].split(b",")
    rng.shuffle(fields)
    lines[place] = b",".join(fields)
    return b"\n".join(lines)


def encode_otherwise(rng: random.Random, content: bytes) -> bytes:
    encoding = rng.choice(("utf-16", "utf-16-le", "cp1252", "utf-8-sig", "utf-32"))
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def only_noise(rng: random.Random, content: bytes) -> bytes:
    return rng.randbytes(rng.randrange(400))


SPOIL = (
    flip,
    flip,
    put_in,
    put_in,
    cut_off,
    cut_out,
    shuffle_lines,
    double_a_line,
    shuffle_a_line,
    encode_otherwise,
    only_noise,
)


def spoiled(seed: int) -> tuple[str, bytes]:
    """Name and content of case ``seed``."""
    rng = random.Random(seed)
    name = rng.choice(list(FORMATS))
    content = FORMATS[name](rng)
    for _ in range(rng.randrange(1, 4)):
        content = rng.choice(SPOIL)(rng, content)
    return name, content


def what_is_wrong(name: str, content: bytes) -> str | None:
    """Ingest the file in a home of its own; None when every row of it is accounted for."""
    home = Path(tempfile.mkdtemp(prefix="utfall-fuzz-"))
    settings = Settings(
        home=home, landing=home / "landing", demo=False, memory_limit="1GB", threads=1
    )
    folder = settings.landing / "crm" / "customers" / DAY.isoformat()
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    (folder / "_SUCCESS").touch()
    try:
        ingest_entity(settings, "customers", DAY)
        return lost_rows(settings)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(home)


def lost_rows(settings: Settings) -> str | None:
    with connect(settings) as con:
        (row,) = read_ledger(settings, con, "customers")

        def ask(path: str | None, query: str) -> int:
            file = settings.raw / path if path else None
            return (
                con.execute(f"select {query} from read_parquet('{file}')").fetchall()[0][0]
                if file
                else 0
            )

        loaded = ask(row.raw_path, "count(*)")
        rejected = ask(row.rejects_path, "coalesce(sum(rows_rejected), 0)")
        breaks = 0
        if row.raw_path and ".csv" in row.path:
            breaks = ask(
                row.raw_path,
                "coalesce(sum(list_sum([length(v) - length(replace(v, chr(10), '')) "
                "for v in json_extract_string(raw_row, '$.*')])), 0)",
            )
    if row.rows_delivered != row.rows_loaded + row.rows_rejected:
        return f"{row.rows_delivered} delivered, {row.rows_loaded} and {row.rows_rejected} told"
    if (loaded, rejected) != (row.rows_loaded, row.rows_rejected):
        return f"the ledger tells {row.rows_loaded} and {row.rows_rejected}: {loaded}, {rejected}"
    if row.status == "rejected" and row.reason_code != "no_usable_row":
        return None if row.reason else "rejected without a reason"
    lines = physical_lines(settings.landing / row.path)
    if lines is not None:
        told = row.rows_delivered + row.blank_lines + int(breaks) + (".csv" in row.path)
        if told != lines:
            return f"{lines} lines, of which {told} are accounted for"
    return None


def physical_lines(path: Path) -> int | None:
    """Lines of a text file, a last one without line end included; None for Parquet."""
    content = path.read_bytes()
    if path.name.endswith(".parquet"):
        return None
    if path.name.endswith(".gz"):
        content = gzip.decompress(content)
    elif path.name.endswith(".zst"):
        content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    marks = {b"\xff\xfe\x00\x00": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    encoding = next((name for mark, name in marks.items() if content.startswith(mark)), "utf-8-sig")
    text = content.decode(encoding)
    return text.count("\n") + (text != "" and not text.endswith("\n"))


def smallest(name: str, content: bytes) -> bytes:
    """A part of ``content`` that is wrong still, found by leaving out pieces."""
    piece = len(content) // 2
    while piece >= 1:
        place = 0
        while place < len(content):
            shorter = content[:place] + content[place + piece :]
            if what_is_wrong(name, shorter):
                content = shorter
            else:
                place += piece
        piece //= 2
    return content


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_spoiled_delivery_neither_crashes_nor_hangs_nor_loses_a_row(batch: int) -> None:
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
    try:
        for seed in range(batch, CASES, BATCHES):
            name, content = spoiled(seed)
            wrong = what_is_wrong(name, content)
            if wrong:
                small = smallest(name, content)
                pytest.fail(
                    f"seed {seed}, {name}: {wrong}\nsmallest: {small[:600]!r} → "
                    f"{what_is_wrong(name, small)}"
                )
    finally:
        faulthandler.cancel_dump_traceback_later()


def test_the_fuzz_notices_a_reader_that_loses_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from orchestration.ingest import load

    read = load.read_file

    def careless(*args):
        reading = read(*args)
        return replace(
            reading, rows_delivered=reading.rows_delivered - 1, rows_loaded=reading.rows_loaded - 1
        )

    monkeypatch.setattr(load, "read_file", careless)
    assert what_is_wrong("a.csv", b"customer_id\nC1\nC2\n")
