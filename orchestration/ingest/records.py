"""CSV record by record, for files whose records do not reconcile with their lines.

Slow and patient: a stray quote costs the line it stands on, never the rows after it.
"""

from __future__ import annotations

import csv
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_RECORD = 500
"""Lines a quoted field may span before its opening quote is taken for a stray one."""


@dataclass(frozen=True)
class Record:
    """A row: its first physical line, and its fields as text."""

    line: int
    fields: list[str]


@dataclass(frozen=True)
class RejectedLine:
    """A physical line that is no record, with the reason as a sentence."""

    line: int
    text: str
    code: str
    reason: str


class _NotARecord(Exception):
    def __init__(self, code: str, reason: str, *, is_open: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.is_open = is_open


def _parse(texts: list[str], width: int, delimiter: str) -> list[str]:
    """Return the fields of the one record that ``texts`` holds; raise ``_NotARecord``."""
    try:
        rows = list(csv.reader(texts, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if str(error) == "unexpected end of data":
            raise _NotARecord(
                "stray_quote", "A quote is opened and not closed.", is_open=True
            ) from error
        raise _NotARecord("broken_csv", f"The line is not valid CSV ({error}).") from error
    if len(rows) != 1 or len(rows[0]) != width:
        found = len(rows[0]) if rows else 0
        raise _NotARecord(
            "column_count", f"The line has {found} fields and the header has {width}."
        )
    return rows[0]


def _with_following_lines(
    first: str, waiting: deque[tuple[int, str]], lines: Iterator[tuple[int, str]]
) -> Iterator[list[str]]:
    """Yield the record's candidates: the first line with one more of the following each time.

    Only candidates in which the quotes pair up are yielded. Lines read ahead stay in ``waiting``.
    """
    texts = [first]
    quotes = first.count('"')
    for ahead in range(LONGEST_RECORD):
        if ahead == len(waiting):
            following = next(lines, None)
            if following is None:
                return
            waiting.append(following)
        texts.append(waiting[ahead][1])
        quotes += texts[-1].count('"')
        if quotes % 2 == 0:
            yield texts


def read_records(
    numbered: Iterable[tuple[int, str]], width: int, delimiter: str
) -> Iterator[Record | RejectedLine | None]:
    """Yield a ``Record``, a ``RejectedLine`` or None (blank line) for the given lines, in order.

    ``numbered`` gives (physical line number, text with its line end). A record whose quoted field
    holds line breaks covers several lines; every other line is accounted for by exactly one item.
    """
    csv.field_size_limit(sys.maxsize)
    lines = iter(numbered)
    waiting: deque[tuple[int, str]] = deque()
    while True:
        current = waiting.popleft() if waiting else next(lines, None)
        if current is None:
            return
        number, text = current
        if not text.strip():
            yield None
            continue
        try:
            try:
                yield Record(number, _parse([text], width, delimiter))
                continue
            except _NotARecord as error:
                if not error.is_open:
                    raise
                stray = error
            candidate = next(_with_following_lines(text, waiting, lines), None)
            if candidate is None:
                raise stray
            try:
                fields = _parse(candidate, width, delimiter)
            except _NotARecord as error:
                raise stray from error
        except _NotARecord as error:
            yield RejectedLine(number, text.rstrip("\r\n"), error.code, error.reason)
            continue
        for _ in range(len(candidate) - 1):
            waiting.popleft()
        yield Record(number, fields)
