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
LONGEST_LINE = 8 << 20
READ_OPTIONS = (
    f"auto_detect = false, header = false, hive_partitioning = false, "
    f"max_line_size = {LONGEST_LINE}, buffer_size = {4 * LONGEST_LINE}"
)
"""The buffer is given because DuckDB would take sixteen times the longest line, for each thread."""

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

    ``columns`` are the columns the file has; ``recorded_at_min`` and ``extracted_at_max`` are UTC.
    """

    sha256: str
    rows_delivered: int
    rows_loaded: int
    rows_rejected: int
    blank_lines: int
    columns: tuple[str, ...]
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
            delivery.source.encoding,
            job.scratch_file("text"),
            is_json=kind == "jsonl",
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
        self.scratch = scratch
        self.token = token
        self.sha256 = sha256

    def scratch_file(self, ending: str) -> Path:
        return self.scratch / f"{self.token}.{ending}"

    def _one(self, query: str) -> tuple:
        return self.con.execute(query).fetchall()[0]

    # -- what all formats share ------------------------------------------------------------------

    def check_columns(self, columns: list[str], rows: int) -> None:
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
                f"{', '.join(missing)}, named exactly so",
                rows,
            )

    def write_rows(
        self, columns: dict[str, str], record_no: str, line: str, raw_row: str, source: str
    ) -> tuple[Path, int]:
        """Write the raw Parquet: ``columns`` maps delivered columns to SQL over ``source``."""
        delivered = {**columns, "source_system": literal(self.delivery.source.name)}
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
            recorded, extracted = self._one(
                "select min(least(try_cast(recorded_at as timestamp), "
                "try_cast(extracted_at as timestamp))), max(try_cast(extracted_at as timestamp)) "
                f"from {times_from or f'read_parquet({literal(parquet)})'}"
            )
        return Reading(
            sha256=self.sha256,
            rows_delivered=delivered,
            rows_loaded=rows_loaded,
            rows_rejected=rows_rejected,
            blank_lines=blank_lines,
            columns=tuple(columns),
            parquet=parquet if rows_loaded else None,
            rejects=rejects if rows_rejected else None,
            recorded_at_min=recorded,
            extracted_at_max=extracted,
        )

    def lines_of(self, text: Spool, *, skip: int = 0) -> str:
        """SQL: the file as one text column ``t`` with its ``line``, in the file's order."""
        return (
            f"(select t, row_number() over () + {skip} as line "
            f"from read_csv({literal(text.path)}, delim = chr({text.free_byte}), quote = '', "
            f"escape = '', columns = {{'t': 'VARCHAR'}}, skip = {skip}, {READ_OPTIONS}))"
        )

    # -- Parquet ---------------------------------------------------------------------------------

    def read_parquet(self) -> Reading:
        """Stream a Parquet delivery; the file is read to its end or rejected whole."""
        plain = self.scratch_file("link.parquet")
        plain.symlink_to(self.file)
        relation = f"read_parquet({literal(plain)}, hive_partitioning = false"
        try:
            (rows,) = self._one(f"select num_rows from parquet_file_metadata({literal(plain)})")
            names = [
                row[0] for row in self.con.execute(f"describe select * from {relation})").fetchall()
            ]
            self.check_columns(names, rows)
            if rows == 0:
                return self.reading(names, delivered=0, loaded=None)
            loaded = self.write_rows(
                {name: identifier(name) for name in names},
                "file_row_number + 1",
                "null",
                "null",
                f"{relation}, file_row_number = true)",
            )
            typed = {"recorded_at", "extracted_at"} <= set(names)
            return self.reading(
                names,
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

    # -- JSON Lines ------------------------------------------------------------------------------

    def read_json_lines(self, text: Spool) -> Reading:
        """Split the lines by ``json_valid``: objects are rows, anything else is a reject."""
        if text.lines == 0:
            return self.reading([], delivered=0, loaded=None)
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
        names = sorted({name for _, keys, _, _ in shapes for name in keys or ()})
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
            wanted = [name for name in self.delivery.entity.columns if name in names]
            paths = literal_list('$."' + name + '"' for name in wanted)
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
            names, delivered=delivered, loaded=loaded, rejected=rejected, blank_lines=blank
        )

    # -- CSV -------------------------------------------------------------------------------------

    def read_csv(self, text: Spool) -> Reading:
        """Read with DuckDB where records reconcile with lines, else record by record.

        Reconciled means: physical lines = header + lines of loaded records + lines of rejects +
        blank lines.
        """
        names = self._header(text)
        self.check_columns(names, max(text.lines - 1, 0))
        if text.lines == 1:
            return self.reading(names, delivered=0, loaded=None)
        if text.line_end != "mixed":
            with suppress(duckdb.InvalidInputException, duckdb.ConversionException):
                reading = self._read_csv_in_duckdb(text, names)
                if reading is not None:
                    return reading
        return self._read_csv_by_record(text, names)

    def _header(self, text: Spool) -> list[str]:
        if text.lines == 0:
            raise UnreadableFile(
                "no_header",
                "the file has zero bytes, not even a header; a delivery without rows still has its "
                "header line, deliver it again",
            )
        with text.path.open(encoding="utf-8", newline="\n") as handle:
            first = handle.readline()
        try:
            fields = next(csv.reader([first], delimiter=self.delivery.source.delimiter), [])
        except csv.Error as error:
            raise UnreadableFile(
                "no_header", f"its first line is not a header ({error})", text.lines - 1
            ) from error
        return [name.strip() for name in fields]

    def _records_of(self, text: Spool, names: list[str], options: str) -> str:
        columns = "{" + ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(names))) + "}"
        return (
            f"read_csv({literal(text.path)}, delim = {literal(self.delivery.source.delimiter)}, "
            f"quote = '\"', escape = '\"', skip = 1, columns = {columns}, strict_mode = true, "
            f"{READ_OPTIONS}{options})"
        )

    def _csv_columns(self, names: list[str]) -> tuple[dict[str, str], str]:
        """SQL of each delivered column, and of the row as JSON, over columns c0, c1, …"""
        values = {name: f"nullif(c{place}, '')" for place, name in enumerate(names)}
        pairs = ", ".join(f"{literal(name)}, {value}" for name, value in values.items())
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
            return self.reading(names, delivered=records, loaded=loaded)
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
                _numbered_lines(text.path), len(names), self.delivery.source.delimiter
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
            rejected = self.write_rejects(
                "select line, line as line_to, raw_text, reason_code, reason_text from "
                f"read_json({literal(rejects_path)}, format = 'newline_delimited', columns = "
                "{line: 'BIGINT', raw_text: 'VARCHAR', reason_code: 'VARCHAR', "
                f"reason_text: 'VARCHAR'}}, maximum_object_size = {LONGEST_LINE})"
            )
        loaded = None
        if rows:
            fields = literal_list(
                ["$[0]", "$[1]", *(f"$[2][{place}]" for place in range(len(names)))]
            )
            columns = ", ".join(f"parsed[{place + 3}] as c{place}" for place in range(len(names)))
            values, row_as_json = self._csv_columns(names)
            lines = self.lines_of(Spool(rows_path, rows, "lf", True, 1))
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
