"""From a delivered text file to plain UTF-8 text on local disk, tested whole before it is read.

A compressed file is decompressed to its very end first: DuckDB loads half of a truncated gzip, and
takes one without its trailer for whole. Line ends are found here, because the readers disagree with
each other, and with the sender, as soon as a file mixes them.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import itertools
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import zstandard

CHUNK = 1 << 20
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks, the longer ones first."""

DELIMITER_CANDIDATES = (1, 2, 3, 4, 5, 6, 7, 8)


class UnreadableFile(Exception):
    """A delivered file cannot be used at all. ``code`` is for rules, the text for a person.

    ``rows`` is the number of rows in it where that can be told, else 0.
    """

    def __init__(self, code: str, text: str, rows: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.rows = rows


@dataclass(frozen=True)
class Spool:
    """Plain text ready to be read.

    ``lines``: physical lines, a last one without line end included. ``line_end``: ``lf``, ``crlf``,
    ``mixed`` (a carriage return or line feed stands alone somewhere) or ``none`` (one line).
    ``free_byte``: a control character that occurs nowhere in the file, None when there is none.
    ``longest_line``: bytes of the longest physical line.
    """

    path: Path
    lines: int
    line_end: str
    has_quotes: bool
    free_byte: int | None
    longest_line: int


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file as hex digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            yield chunk


def _gunzipped(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as handle:
            while chunk := handle.read(CHUNK):
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged("gzip", error) from error


def _unzstd(path: Path) -> Iterator[bytes]:
    frame = zstandard.ZstdDecompressor().decompressobj()
    started = False
    try:
        for chunk in _plain(path):
            while chunk:
                if frame.eof:
                    frame = zstandard.ZstdDecompressor().decompressobj()
                started = True
                yield frame.decompress(chunk)
                chunk = frame.unused_data if frame.eof else b""
    except zstandard.ZstdError as error:
        raise _damaged("zstd", error) from error
    if not started or not frame.eof:
        raise _damaged("zstd", "the stream ends too early")


def _damaged(kind: str, error: object) -> UnreadableFile:
    return UnreadableFile(
        "damaged_compression",
        f"the {kind} stream is damaged or cut off ({error}), so nothing of the file is used; "
        "deliver the file again",
    )


def _decompressed(path: Path, compression: str) -> Iterator[bytes]:
    if path.stat().st_size == 0 and compression:
        raise UnreadableFile(
            "damaged_compression",
            f"the file has zero bytes and is not a {compression} stream; deliver the file again",
        )
    if compression == "gzip":
        return _gunzipped(path)
    if compression == "zstd":
        return _unzstd(path)
    return _plain(path)


def _with_start(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes of a file, and all of its chunks."""
    start, first = b"", []
    for chunk in chunks:
        first.append(chunk)
        start += chunk[:4]
        if len(start) >= 4:
            break
    return start[:4], itertools.chain(first, chunks)


def _wrong_encoding(text: str) -> UnreadableFile:
    return UnreadableFile("wrong_encoding", text)


def _as_utf8(chunks: Iterator[bytes], declared: str) -> Iterator[bytes]:
    """Yield the text as UTF-8 without its byte order mark; raise where it is not in ``declared``.

    A byte order mark says what a file is better than the source's YAML does. Any bytes are text in
    a one-byte encoding, so one that is UTF-8 throughout is taken for a wrong declaration.
    """
    start, chunks = _with_start(chunks)
    encoding = next((name for mark, name in MARKS.items() if start.startswith(mark)), declared)
    decoder = codecs.getincrementaldecoder(codecs.lookup(encoding).name)()
    as_declared = codecs.lookup(encoding) == codecs.lookup(declared)
    doubt = None
    if as_declared and len("é".encode(declared, "replace")) == 1:
        doubt = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    passed = 0
    try:
        for chunk in chunks:
            text = decoder.decode(chunk)
            passed += len(chunk)
            is_ascii = is_ascii and chunk.isascii()
            if doubt and not is_ascii:
                try:
                    doubt.decode(chunk)
                except UnicodeError:
                    doubt = None
            yield text.encode("utf-8")
        yield decoder.decode(b"", final=True).encode("utf-8")
    except UnicodeError as error:
        raise _wrong_encoding(
            f"the text is not valid {encoding} (after about {passed} bytes: {error}); deliver it "
            f"as {declared}, or set format.encoding in the source's YAML to what it is"
        ) from error
    if doubt and not is_ascii:
        with suppress(UnicodeError):
            doubt.decode(b"", final=True)
            raise _wrong_encoding(
                f"it is declared as {declared} but is UTF-8 to its last byte, so its letters would "
                f"be mangled; deliver it as {declared}, or set format.encoding to utf-8"
            )


def _whole_pairs(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in chunks that never end between a carriage return and a line feed."""
    held = b""
    for piece in chunks:
        chunk = held + piece
        held = b"\r" if chunk.endswith(b"\r") else b""
        yield chunk[:-1] if held else chunk
    yield held


def spool(path: Path, compression: str, encoding: str, target: Path, *, is_json: bool) -> Spool:
    """Write the text of ``path`` to ``target`` as UTF-8 and say what its lines are like.

    For JSON Lines the line ends become plain line feeds, and a lone carriage return, which JSON
    allows nowhere inside a line, becomes the control character 0x1D, so that its line is rejected
    and not split. Raises ``UnreadableFile`` for damaged compression, wrong encoding and NUL bytes.
    """
    feeds = returns = pairs = 0
    has_quotes = False
    free = list(DELIMITER_CANDIDATES)
    last = b"\n"
    longest = open_line = 0
    with target.open("wb") as handle:
        for chunk in _whole_pairs(_as_utf8(_decompressed(path, compression), encoding)):
            if not chunk:
                continue
            if b"\x00" in chunk:
                raise UnreadableFile(
                    "wrong_encoding",
                    "the text holds NUL bytes, so it is UTF-16 or damaged; deliver it as UTF-8, or "
                    "set format.encoding in the source's YAML",
                )
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n")
            has_quotes = has_quotes or b'"' in chunk
            free = [byte for byte in free if bytes((byte,)) not in chunk]
            if is_json and b"\r" in chunk:
                chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\x1d")
            handle.write(chunk)
            last = chunk[-1:]
            lengths = [len(piece) for piece in chunk.split(b"\n")]
            lengths[0] += open_line
            longest, open_line = max(longest, *lengths), lengths[-1]
    if feeds == returns == 0:
        line_end = "none"
    elif returns == 0 or (is_json and returns == pairs):
        line_end = "lf"
    elif returns == pairs == feeds:
        line_end = "crlf"
    else:
        line_end = "mixed"
    return Spool(
        path=target,
        lines=feeds + (last != b"\n"),
        line_end=line_end,
        has_quotes=has_quotes,
        free_byte=free[0] if free else None,
        longest_line=longest,
    )
