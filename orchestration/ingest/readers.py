"""One delivered file → one raw Parquet file, one Parquet file of rejects, and the count of both.

A raw file holds every column of the canonical schema as text, in the schema's order, NULL where the
file has none, and then ``PROVENANCE``. ``raw_row`` is the row as delivered as JSON; it stays NULL
for Parquet deliveries, whose columns are the row as delivered: writing them twice takes four times
as long. DuckDB reads JSON numbers as doubles, so a decimal of 16 digits or more is taken from the
text instead; trailing zeros of shorter ones are lost, their value is not.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.ingest.engine import identifier, literal, literal_list, put_in_place
from orchestration.ingest.records import Record, RejectedLine, read_records
from orchestration.ingest.spool import Spool, UnreadableFile, spool
from orchestration.schema import Entity, Source

FORMATS = {
    ".csv": ("csv", ""),
    ".csv.gz": ("csv", "gzip"),
    ".csv.zst": ("csv", "zstd"),
    ".jsonl": ("jsonl", ""),
    ".jsonl.gz": ("jsonl", "gzip"),
    ".jsonl.zst": ("jsonl", "zstd"),
    ".parquet": ("parquet", ""),
}

PROVENANCE = {
    "source_file": "VARCHAR",
    "record_no": "BIGINT",
    "line": "BIGINT",
    "raw_row": "VARCHAR",
    "file_id": "VARCHAR",
}
"""Columns of a raw file beside the canonical ones; ``record_no`` counts delivered rows from 1."""

REJECT_COLUMNS = {
    "source_system": "VARCHAR",
    "entity": "VARCHAR",
    "extract_date": "DATE",
    "source_file": "VARCHAR",
    "line": "BIGINT",
    "line_to": "BIGINT",
    "raw_text": "VARCHAR",
    "reason_code": "VARCHAR",
    "reason_text": "VARCHAR",
    "rows_rejected": "BIGINT",
}

PARQUET = "(format parquet, compression zstd, compression_level 1)"
USUAL_LINE, LONGEST_LINE = 8 << 20, 64 << 20
"""Bytes: DuckDB keeps room for lines up to the usual one, or as long as a file needs; the longest
is where a file is refused, because a row of that size is a mistake and not a row."""

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
BLANKS = " \u00a0\u2009\u202f"
"""What stands between thousands where a source says that a blank does."""

LONG_NUMBER = r":\s*-?[0-9.]{17,}"
DECIMAL_VALUE = r"(:\s*)(-?[0-9]+\.[0-9]+)(\s*[,}])"


@dataclass(frozen=True)
class Delivery:
    """Where a file was delivered: what the reader must know beside the file itself.

    ``path`` is relative to the landing and is what messages name.
    """

    source: Source
    entity: Entity
    extract_date: date
    path: str


@dataclass(frozen=True)
class Reading:
    """What came of reading a file. ``parquet`` and ``rejects`` are scratch files, None if no rows.

    ``columns`` are the columns the file has by the schema's names, ``delivered_as`` by its own.
    ``key_shapes`` says of each text column of the key whether all of its values are whole numbers
    (``digits``), none (``text``) or some (``mixed``). ``recorded_at_min`` and ``extracted_at_max``
    are UTC.
    """

    sha256: str
    rows_delivered: int
    rows_loaded: int
    rows_rejected: int
    blank_lines: int
    columns: tuple[str, ...]
    delivered_as: tuple[str, ...]
    key_shapes: dict[str, str]
    parquet: Path | None
    rejects: Path | None
    recorded_at_min: datetime | None = None
    extracted_at_max: datetime | None = None


def file_format(name: str) -> tuple[str, str] | None:
    """Return (format, compression) by the name's ending, None for a format that is not read."""
    lowered = name.lower()
    endings = sorted(FORMATS, key=len, reverse=True)
    return next((FORMATS[ending] for ending in endings if lowered.endswith(ending)), None)


def required_columns(entity: Entity) -> list[str]:
    """The columns without which a file of ``entity`` is useless: key and required ones."""
    return [
        name for name, column in entity.columns.items() if name in entity.key or column.required
    ]


def raw_columns(entity: Entity) -> list[str]:
    """The columns of a raw file of ``entity``, in order."""
    return [*entity.columns, *PROVENANCE]


def read_file(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    delivery: Delivery,
    sha256: str,
    scratch: Path,
    token: str,
) -> Reading:
    """Read one delivered file into scratch files whose names start with ``token``.

    Raises ``UnreadableFile`` when nothing of the file can be used: damaged compression, wrong
    encoding, no header, a required column missing, not Parquet. Rows delivered are rows loaded plus
    rows rejected, or ``AssertionError`` is raised: that would be a fault of this module.
    """
    known = file_format(file.name)
    if known is None:
        raise UnreadableFile(
            "unknown_format",
            f"files of this kind are not read; deliver one of {', '.join(FORMATS)}",
        )
    kind, compression = known
    job = _Job(con, file, delivery, scratch, token, sha256)
    if kind == "parquet":
        reading = job.read_parquet()
    else:
        text = spool(
            file,
            compression,
            delivery.source.format.encoding,
            job.scratch_file("text"),
            is_json=kind == "jsonl",
        )
        if text.longest_line > LONGEST_LINE:
            raise UnreadableFile(
                "line_too_long",
                f"its longest line has {text.longest_line >> 20} MB and {LONGEST_LINE >> 20} MB "
                "are read; leave the large content out of the export and deliver it again",
            )
        reading = job.read_json_lines(text) if kind == "jsonl" else job.read_csv(text)
    if reading.rows_delivered != reading.rows_loaded + reading.rows_rejected:
        raise AssertionError(
            f"{delivery.path}: {reading.rows_delivered} rows delivered, but {reading.rows_loaded} "
            f"loaded and {reading.rows_rejected} rejected. Ingest has lost a row: report this."
        )
    return reading


class _Job:
    """One file on its way; every SQL statement about it is put together here."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        file: Path,
        delivery: Delivery,
        scratch: Path,
        token: str,
        sha256: str,
    ) -> None:
        self.con = con
        self.file = file
        self.delivery = delivery
        self.options = delivery.source.format
        self.how = delivery.source.delivery(delivery.entity.name)
        self.scratch = scratch
        self.token = token
        self.sha256 = sha256
        self.is_csv = False
        self.theirs: list[str] = []

    def scratch_file(self, ending: str) -> Path:
        return self.scratch / f"{self.token}.{ending}"

    def _one(self, query: str) -> tuple:
        return self.con.execute(query).fetchall()[0]

    # -- what all formats share ------------------------------------------------------------------

    def names_of(self, delivered: list[str]) -> list[str]:
        """The delivered columns by the schema's names: its own, whatever their case and blanks,
        and those that the source's YAML maps. Unknown ones keep the name they have."""
        ours = {fold(name): name for name in self.delivery.entity.columns}
        ours |= {fold(theirs): name for theirs, name in self.how.columns.items()}
        return [ours.get(fold(name), name.strip()) for name in delivered]

    def check_columns(self, columns: list[str], rows: int, hint: str = "") -> None:
        """Raise ``UnreadableFile`` when ``columns`` cannot be this entity's."""
        doubled = sorted({name for name in columns if columns.count(name) > 1})
        if doubled:
            raise UnreadableFile(
                "doubled_column",
                f"the column(s) {', '.join(doubled)} appear twice; deliver each column once",
                rows,
            )
        missing = [name for name in required_columns(self.delivery.entity) if name not in columns]
        if missing:
            raise UnreadableFile(
                "missing_column",
                f"the required column(s) {', '.join(missing)} are missing (found: "
                f"{', '.join(columns[:40]) or 'none'}); deliver the file with "
                f"{', '.join(missing)}, or say under columns in the source's YAML what they are "
                f"called{hint}",
                rows,
            )

    def write_rows(
        self, columns: dict[str, str], record_no: str, line: str, raw_row: str, source: str
    ) -> tuple[Path, int]:
        """Write the raw Parquet: ``columns`` maps columns of the schema to SQL over ``source``."""
        delivered = {name: self.in_our_words(name, sql) for name, sql in columns.items()}
        delivered["source_system"] = literal(self.delivery.source.name)
        select = [
            f"cast({delivered.get(name, 'null')} as varchar) as {identifier(name)}"
            for name in self.delivery.entity.columns
        ]
        select += [
            f"cast({literal(self.delivery.path)} as varchar) as source_file",
            f"cast({record_no} as bigint) as record_no",
            f"cast({line} as bigint) as line",
            f"cast({raw_row} as varchar) as raw_row",
            f"cast({literal(self.sha256)} as varchar) as file_id",
        ]
        target = self.scratch_file("parquet")
        (rows,) = self._one(
            f"copy (select {', '.join(select)} from {source}) to {literal(target)} {PARQUET}"
        )
        return target, rows

    def in_our_words(self, name: str, value: str) -> str:
        """SQL of a delivered value as the schema writes it, by the options of the source.

        What does not have the declared form stays as it came, or has its marks exchanged, so that
        staging sets the row aside instead of guessing.
        """
        column = self.delivery.entity.columns.get(name)
        if column is None:
            return value
        kind = column.data_type
        if kind in ("int", "decimal", "share") and self.is_csv:
            value = self._number(value)
        elif kind == "date" and self.options.date_format:
            value = _by_pattern(value, self.options.date_format, "%Y-%m-%d")
        elif kind == "timestamp":
            if self.options.timestamp_format:
                value = _by_pattern(value, self.options.timestamp_format, "%Y-%m-%dT%H:%M:%S.%f")
            if self.options.times == "local":
                value = self._in_utc(value)
        words = self.how.values.get(name, {})
        if words:
            cases = " ".join(
                f"when {literal(theirs)} then {literal(ours)}" for theirs, ours in words.items()
            )
            value = f"case trim(cast({value} as varchar)) {cases} else {value} end"
        return value

    def _number(self, value: str) -> str:
        mark, thousands = self.options.decimal_mark, self.options.thousands
        if thousands:
            group = f"[{BLANKS}]" if thousands == " " else re.escape(thousands)
            form = rf"\s*[+\-\x{{2212}}]?[0-9]{{1,3}}({group}[0-9]{{3}})+([{mark}][0-9]*)?\s*"
            value = (
                f"case when regexp_full_match({value}, {literal(form)}) "
                f"then regexp_replace({value}, {literal(group)}, '', 'g') else {value} end"
            )
        if mark == ",":
            value = f"translate({value}, ',.\u2212', '.,-')"
        return value

    def _in_utc(self, value: str) -> str:
        """A moment that says no offset, as the same moment in UTC."""
        local = f"try_cast({value} as timestamp)"
        zone = literal(self.delivery.source.timezone)
        return (
            f"case when regexp_full_match(trim(cast({value} as varchar)), "
            r"'[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)?') "
            f"and {local} is not null "
            f"then strftime(timezone('UTC', timezone({zone}, {local})), '%Y-%m-%dT%H:%M:%S.%fZ') "
            f"else cast({value} as varchar) end"
        )

    def write_rejects(self, query: str) -> tuple[Path, int]:
        """Write rejects from SQL yielding line, line_to, raw_text, reason_code, reason_text."""
        target = self.scratch_file("rejects.parquet")
        (rows,) = self._one(
            f"copy (select {literal(self.delivery.source.name)} as source_system, "
            f"{literal(self.delivery.entity.name)} as entity, "
            f"date {literal(self.delivery.extract_date)} as extract_date, "
            f"{literal(self.delivery.path)} as source_file, "
            "cast(line as bigint) as line, cast(line_to as bigint) as line_to, raw_text, "
            "reason_code, reason_text, cast(1 as bigint) as rows_rejected "
            f"from ({query})) to {literal(target)} {PARQUET}"
        )
        return target, rows

    def reading(
        self,
        columns: list[str],
        *,
        delivered_as: list[str],
        delivered: int,
        loaded: tuple[Path, int] | None,
        rejected: tuple[Path, int] | None = None,
        blank_lines: int = 0,
        times_from: str | None = None,
    ) -> Reading:
        """Put the outcome together; files without rows are dropped.

        ``times_from``: the delivery itself where its columns are typed, which is read faster than
        the text of the raw file.
        """
        parquet, rows_loaded = loaded or (None, 0)
        rejects, rows_rejected = rejected or (None, 0)
        recorded = extracted = None
        if parquet and rows_loaded:
            recorded_at = f"try_cast({identifier(self.delivery.entity.recorded_at)} as timestamp)"
            times = f"min({recorded_at}), max({recorded_at})"
            if not self.delivery.entity.is_object:
                extracted_at = "try_cast(extracted_at as timestamp)"
                times = f"min(least({recorded_at}, {extracted_at})), max({extracted_at})"
            recorded, extracted = self._one(
                f"select {times} from {times_from or f'read_parquet({literal(parquet)})'}"
            )
        return Reading(
            sha256=self.sha256,
            rows_delivered=delivered,
            rows_loaded=rows_loaded,
            rows_rejected=rows_rejected,
            blank_lines=blank_lines,
            columns=tuple(columns),
            delivered_as=tuple(delivered_as),
            key_shapes=self._key_shapes(parquet) if parquet and rows_loaded else {},
            parquet=parquet if rows_loaded else None,
            rejects=rejects if rows_rejected else None,
            recorded_at_min=recorded,
            extracted_at_max=extracted,
        )

    def _key_shapes(self, parquet: Path) -> dict[str, str]:
        entity = self.delivery.entity
        names = [name for name in entity.key if entity.columns[name].data_type == "text"]
        if not names:
            return {}
        is_whole = "try_cast({} as hugeint) is not null"
        counted = self._one(
            "select "
            + ", ".join(
                f"count(*) filter ({is_whole.format(identifier(name))}), count({identifier(name)})"
                for name in names
            )
            + f" from read_parquet({literal(parquet)})"
        )
        shapes = {}
        for place, name in enumerate(names):
            whole, values = counted[2 * place : 2 * place + 2]
            if values:
                shapes[name] = {0: "text", values: "digits"}.get(whole, "mixed")
        return shapes

    def read_options(self, text: Spool) -> str:
        """Options of every ``read_csv``: the buffer is given because DuckDB would take sixteen
        times the longest line, for each thread."""
        line = max(USUAL_LINE, text.longest_line + 2)
        return (
            "auto_detect = false, header = false, hive_partitioning = false, "
            f"max_line_size = {line}, buffer_size = {4 * line}"
        )

    def lines_of(self, text: Spool, *, skip: int = 0) -> str:
        """SQL: the file as one text column ``t`` with its ``line``, in the file's order."""
        return (
            f"(select t, row_number() over () + {skip} as line "
            f"from read_csv({literal(text.path)}, delim = chr({text.free_byte}), quote = '', "
            f"escape = '', columns = {{'t': 'VARCHAR'}}, skip = {skip}, {self.read_options(text)}))"
        )

    # -- Parquet ---------------------------------------------------------------------------------

    def read_parquet(self) -> Reading:
        """Stream a Parquet delivery; the file is read to its end or rejected whole."""
        plain = self.scratch_file("link.parquet")
        plain.symlink_to(self.file)
        relation = f"read_parquet({literal(plain)}, hive_partitioning = false"
        try:
            (rows,) = self._one(f"select num_rows from parquet_file_metadata({literal(plain)})")
            described = self.con.execute(f"describe select * from {relation})").fetchall()
            delivered = [row[0] for row in described]
            names = self.names_of(delivered)
            self.check_columns(names, rows)
            if rows == 0:
                return self.reading(names, delivered_as=delivered, delivered=0, loaded=None)
            columns = {
                name: self._typed(name, identifier(theirs), kind)
                for name, (theirs, kind, *_) in zip(names, described, strict=True)
            }
            loaded = self.write_rows(
                columns,
                "file_row_number + 1",
                "null",
                "null",
                f"{relation}, file_row_number = true)",
            )
            typed = {"recorded_at", "extracted_at"} <= set(delivered)
            typed = typed and self.options.times == "utc" and not self.delivery.entity.is_object
            return self.reading(
                names,
                delivered_as=delivered,
                delivered=rows,
                loaded=loaded,
                times_from=f"{relation})" if typed else None,
            )
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise UnreadableFile(
                "damaged_parquet",
                f"it cannot be read to its end as Parquet ({_first_line(error)}); deliver it again",
            ) from error
        finally:
            plain.unlink()

    def _typed(self, name: str, value: str, kind: str) -> str:
        """A whole number that came as a floating one, as identifiers do where one was missing."""
        column = self.delivery.entity.columns.get(name)
        if column and column.data_type in ("text", "int") and kind in ("FLOAT", "DOUBLE"):
            whole = f"{value} = trunc({value}) and abs({value}) < 9007199254740992"
            return (
                f"case when {whole} then cast(cast({value} as bigint) as varchar) "
                f"else cast({value} as varchar) end"
            )
        return value

    # -- JSON Lines ------------------------------------------------------------------------------

    def read_json_lines(self, text: Spool) -> Reading:
        """Split the lines by ``json_valid``: objects are rows, anything else is a reject."""
        if text.lines == 0:
            return self.reading([], delivered_as=[], delivered=0, loaded=None)
        if text.free_byte is None:
            raise UnreadableFile(
                "not_text", "it is full of control characters; deliver JSON Lines", text.lines
            )
        rows_of_text = (
            "(select line, t, row_number() over () as record_no, json_valid(t) as is_json, "
            "json_valid(t) and starts_with(ltrim(t, ' \t\r'), '{') as is_row "
            f"from {self.lines_of(text)} where trim(t, ' \t\r') <> '')"
        )
        long_number = f"regexp_matches(t, {literal(LONG_NUMBER)})"
        try:
            shapes = self.con.execute(
                "select is_row, case when is_row then json_keys(t) end as names, count(*), "
                f"count(*) filter ({long_number}) from {rows_of_text} group by all"
            ).fetchall()
            (lines, blank) = self._one(
                "select count(*), count(*) filter (coalesce(trim(t, ' \t\r'), '') = '') "
                f"from {self.lines_of(text)}"
            )
        except duckdb.InvalidInputException as error:
            raise UnreadableFile(
                "line_too_long",
                f"it cannot be read as lines ({_first_line(error)}); deliver one JSON object on "
                f"each line, none longer than {LONGEST_LINE >> 20} MB",
            ) from error
        if lines != text.lines:
            raise UnreadableFile(
                "lines_do_not_add_up",
                f"it has {text.lines} physical lines but {lines} could be read; deliver it again",
                text.lines,
            )
        delivered = lines - blank
        bad = sum(count for is_row, _, count, _ in shapes if not is_row)
        theirs = sorted({name for _, keys, _, _ in shapes for name in keys or ()})
        names = self.names_of(theirs)
        if bad < delivered:
            self.check_columns(names, delivered)
        rejected = loaded = None
        if bad:
            rejected = self.write_rejects(
                "select line, line as line_to, replace(t, chr(29), chr(13)) as raw_text, "
                "case when is_json then 'not_an_object' else 'invalid_json' end as reason_code, "
                "case when is_json then 'The line is JSON but not an object with columns.' "
                "else 'The line is not valid JSON.' end as reason_text "
                f"from {rows_of_text} where not is_row"
            )
        if bad < delivered:
            places = dict(zip(names, theirs, strict=True))
            wanted = [name for name in self.delivery.entity.columns if name in places]
            paths = literal_list('$."' + places[name].replace('"', r"\"") + '"' for name in wanted)
            exact = f"regexp_replace(t, {literal(DECIMAL_VALUE)}, '\\1\"\\2\"\\3', 'g')"
            exactly = (
                f"case when {long_number} and json_valid({exact}) then {exact} else t end"
                if any(long_numbers for _, _, _, long_numbers in shapes)
                else "t"
            )
            loaded = self.write_rows(
                {name: f"extracted[{place}]" for place, name in enumerate(wanted, start=1)},
                "record_no",
                "line",
                "t",
                f"(select line, record_no, t, json_extract_string({exactly}, {paths}) as extracted "
                f"from {rows_of_text}{' where is_row' if bad else ''})",
            )
        return self.reading(
            names,
            delivered_as=theirs,
            delivered=delivered,
            loaded=loaded,
            rejected=rejected,
            blank_lines=blank,
        )

    # -- CSV -------------------------------------------------------------------------------------

    def read_csv(self, text: Spool) -> Reading:
        """Read with DuckDB where records reconcile with lines, else record by record.

        Reconciled means: physical lines = header + lines of loaded records + lines of rejects +
        blank lines.
        """
        self.is_csv = True
        self.theirs = self._header(text)
        names = self.names_of(self.theirs)
        self.check_columns(names, max(text.lines - 1, 0), self._other_delimiter(text))
        if text.lines == 1:
            return self.reading(names, delivered_as=self.theirs, delivered=0, loaded=None)
        if text.line_end != "mixed":
            with suppress(duckdb.InvalidInputException, duckdb.ConversionException):
                reading = self._read_csv_in_duckdb(text, names)
                if reading is not None:
                    return reading
        return self._read_csv_by_record(text, names)

    def _other_delimiter(self, text: Spool) -> str:
        """Say so where another delimiter than the declared one makes sense of the header."""
        wanted = set(required_columns(self.delivery.entity))
        for delimiter, words in DELIMITERS.items():
            if delimiter == self.options.delimiter:
                continue
            with suppress(UnreadableFile):
                if wanted <= set(self.names_of(self._header(text, delimiter))):
                    return (
                        f". Its header is complete where {words} is the delimiter: deliver it with "
                        f"{DELIMITERS.get(self.options.delimiter, 'the declared one')}, or set "
                        "format.delimiter in the source's YAML"
                    )
        return ""

    def _header(self, text: Spool, delimiter: str | None = None) -> list[str]:
        if text.lines == 0:
            raise UnreadableFile(
                "no_header",
                "the file has zero bytes, not even a header; a delivery without rows still has its "
                "header line, deliver it again",
            )
        with text.path.open(encoding="utf-8", newline="\n") as handle:
            first = handle.readline()
        try:
            fields = next(csv.reader([first], delimiter=delimiter or self.options.delimiter), [])
        except csv.Error as error:
            raise UnreadableFile(
                "no_header", f"its first line is not a header ({error})", text.lines - 1
            ) from error
        return [name.strip() or f"column {place}" for place, name in enumerate(fields, start=1)]

    def _records_of(self, text: Spool, names: list[str], options: str) -> str:
        columns = "{" + ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(names))) + "}"
        return (
            f"read_csv({literal(text.path)}, delim = {literal(self.options.delimiter)}, "
            f"quote = '\"', escape = '\"', skip = 1, columns = {columns}, strict_mode = true, "
            f"{self.read_options(text)}{options})"
        )

    def _csv_columns(self, names: list[str]) -> tuple[dict[str, str], str]:
        """SQL of each delivered column, and of the row as JSON, over columns c0, c1, …"""
        values = {name: f"nullif(c{place}, '')" for place, name in enumerate(names)}
        pairs = ", ".join(
            f"{literal(theirs)}, {value}"
            for theirs, value in zip(self.theirs, values.values(), strict=True)
        )
        return values, f"json_object({pairs})"

    def _read_csv_in_duckdb(self, text: Spool, names: list[str]) -> Reading | None:
        """Return None where the parse does not reconcile with the physical lines."""
        self.con.execute("drop table if exists csv_errors")
        self.con.execute("drop table if exists csv_scans")
        joined = "concat(" + ", ".join(f"c{place}" for place in range(len(names))) + ")"
        breaks = (
            f"(length({joined}) - length(replace({joined}, chr(10), '')))"
            if text.has_quotes
            else "0"
        )
        judged = self._records_of(
            text,
            names,
            ", store_rejects = true, rejects_table = 'csv_errors', rejects_scan = 'csv_scans', "
            "rejects_limit = 0",
        )
        records, broken_lines = self._one(
            f"select count(*), coalesce(sum({breaks}), 0) from {judged}"
        )
        (errors,) = self._one("select count(distinct line) from csv_errors")
        values, row_as_json = self._csv_columns(names)
        data_lines = text.lines - 1
        if errors == 0 and records + broken_lines == data_lines:
            before = (
                f"sum({breaks}) over (rows between unbounded preceding and current row) - {breaks}"
                if broken_lines
                else "0"
            )
            loaded = self.write_rows(
                values,
                "record_no",
                "1 + record_no + breaks_before",
                row_as_json,
                f"(select *, row_number() over () as record_no, {before} as breaks_before "
                f"from {self._records_of(text, names, '')})",
            )
            if loaded[1] != records:
                return None
            return self.reading(names, delivered_as=self.theirs, delivered=records, loaded=loaded)
        if broken_lines or text.free_byte is None:
            return None
        return self._read_csv_around_rejects(text, names, records)

    def _read_csv_around_rejects(
        self, text: Spool, names: list[str], records: int
    ) -> Reading | None:
        """One record on each line, some rejected or blank: records take the lines that remain.

        Return None unless every reject is exactly one physical line and the rest adds up.
        """
        lines = self.lines_of(text, skip=1)
        errors = (
            "(select line, min(csv_line) as csv_line, min(error_type::varchar) as error_type, "
            "min(error_message) as error_message from csv_errors group by line)"
        )
        counted, blank, rejects, matching = self._one(
            "select count(*), count(*) filter (coalesce(trim(t), '') = ''), count(errors.line), "
            "count(*) filter (errors.line is not null and trim(t) <> '' "
            "and rtrim(errors.csv_line, chr(10) || chr(13)) = t) "
            f"from {lines} as lines left join {errors} as errors using (line)"
        )
        adds_up = counted == text.lines - 1 and counted - blank - rejects == records
        if not adds_up or rejects != matching:
            return None
        rejected = self.write_rejects(
            "select line, line as line_to, t as raw_text, "
            "case when error_type in ('MISSING COLUMNS', 'TOO MANY COLUMNS') then 'column_count' "
            "else 'broken_csv' end as reason_code, "
            "case error_type when 'MISSING COLUMNS' then 'The line has fewer fields than the "
            f"header ({len(names)}).' when 'TOO MANY COLUMNS' then 'The line has more fields than "
            f"the header ({len(names)}).' else error_message end as reason_text "
            f"from {lines} join {errors} as errors using (line)"
        )
        values, row_as_json = self._csv_columns(names)
        loaded = self.write_rows(
            values,
            "kept.record_no",
            "kept.line",
            row_as_json,
            f"(select *, row_number() over () as place from "
            f"{self._records_of(text, names, ', ignore_errors = true')}) as records "
            "join (select line, record_no, row_number() over (order by line) as place from "
            "(select line, errors.line as rejected_line, row_number() over (order by line) "
            f"as record_no from {lines} as lines left join {errors} as errors using (line) "
            "where trim(t) <> '') where rejected_line is null) as kept using (place)",
        )
        if loaded[1] != records:
            return None
        return self.reading(
            names,
            delivered_as=self.theirs,
            delivered=counted - blank,
            loaded=loaded,
            rejected=rejected,
            blank_lines=blank,
        )

    def _read_csv_by_record(self, text: Spool, names: list[str]) -> Reading:
        rows_path, rejects_path = self.scratch_file("rows.jsonl"), self.scratch_file("lines.jsonl")
        rows = rejects = blank = record_no = 0
        with (
            rows_path.open("w", encoding="utf-8") as rows_file,
            rejects_path.open("w", encoding="utf-8") as rejects_file,
        ):
            for item in read_records(
                _numbered_lines(text.path), len(names), self.options.delimiter
            ):
                if item is None:
                    blank += 1
                    continue
                record_no += 1
                if isinstance(item, Record):
                    rows += 1
                    rows_file.write(json.dumps([item.line, record_no, item.fields]) + "\n")
                else:
                    rejects += 1
                    rejects_file.write(_as_json(item) + "\n")
        rejected = None
        if rejects:
            longest = max(map(len, rejects_path.open("rb"))) + (1 << 20)
            rejected = self.write_rejects(
                "select line, line as line_to, raw_text, reason_code, reason_text from "
                f"read_json({literal(rejects_path)}, format = 'newline_delimited', columns = "
                "{line: 'BIGINT', raw_text: 'VARCHAR', reason_code: 'VARCHAR', "
                f"reason_text: 'VARCHAR'}}, maximum_object_size = {longest})"
            )
        loaded = None
        if rows:
            fields = literal_list(
                ["$[0]", "$[1]", *(f"$[2][{place}]" for place in range(len(names)))]
            )
            columns = ", ".join(f"parsed[{place + 3}] as c{place}" for place in range(len(names)))
            values, row_as_json = self._csv_columns(names)
            longest = max(map(len, rows_path.open("rb")))
            lines = self.lines_of(Spool(rows_path, rows, "lf", True, 1, longest))
            loaded = self.write_rows(
                values,
                "record_no",
                "line",
                row_as_json,
                f"(select parsed[1] as line, parsed[2] as record_no, {columns} from "
                f"(select json_extract_string(t, {fields}) as parsed from {lines}))",
            )
        return self.reading(
            names,
            delivered_as=self.theirs,
            delivered=record_no,
            loaded=loaded,
            rejected=rejected,
            blank_lines=blank,
        )


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (physical line number, text) of the lines after the header."""
    with path.open(encoding="utf-8", newline="\n") as handle:
        handle.readline()
        yield from enumerate(handle, start=2)


def _as_json(item: RejectedLine) -> str:
    return json.dumps(
        {
            "line": item.line,
            "raw_text": item.text,
            "reason_code": item.code,
            "reason_text": item.reason,
        }
    )


def fold(name: str) -> str:
    """A column's name without what tells ``Customer ID``, ``CUSTOMER_ID`` and ``customerId``
    apart."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _by_pattern(value: str, patterns: tuple[str, ...], form: str) -> str:
    """SQL of a text in one of the ``patterns`` as ISO; any other text stays what it is."""
    text = f"cast({value} as varchar)"
    read = f"try_strptime(trim({text}), {literal_list(patterns)})"
    return f"coalesce(strftime({read}, {literal(form)}), {text})"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def write_file_reject(
    con: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    target: Path,
    scratch: Path,
    code: str,
    text: str,
    rows: int,
) -> None:
    """Write the one reject row that stands for a whole file, straight to its place."""
    values = [
        delivery.source.name,
        delivery.entity.name,
        delivery.extract_date,
        delivery.path,
        None,
        None,
        None,
        code,
        text,
        rows,
    ]
    select = ", ".join(f"cast(? as {kind}) as {name}" for name, kind in REJECT_COLUMNS.items())
    finished = scratch / f"file-{target.stem}.rejects.parquet"
    con.execute(f"copy (select {select}) to {literal(finished)} {PARQUET}", values)
    put_in_place(finished, target)
