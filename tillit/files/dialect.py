"""What kind of file it is: encoding, delimiter, columns. Found from the head and shown, never assumed silently."""

import codecs
import csv
import re
from collections.abc import Callable
from dataclasses import dataclass

from tillit.files.errors import FileRefusedError

LONGEST_LINE = 64 * 1024
DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab", "|": "pipe"}
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
# Letters of Windows-1252 in Norwegian, Danish and Swedish words. Only a head whose every high byte is one of them, and
# none of whose bytes make sense as UTF-8, is read as Windows-1252.
_NORDIC = frozenset("ÆØÅæøåÄÖäöÉéÈèÊêÓóÒòÔôÀàÜü".encode("cp1252"))
SHOWABLE = re.compile(r"[A-Za-zÆØÅæøå_ -]{1,40}\Z")


@dataclass(frozen=True)
class Layout:
    """What a kind of file has: its column names in lower case, and a check that refuses other ones.

    `check` takes the names as they stand and where they stand, for its message; it raises `FileRefusedError`.
    """

    known: frozenset[str]
    check: Callable[[list[str], str], None]


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written. `start`: bytes before the first row; its line is number 2 (or later)."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    start: int
    first_line: int

    def describe(self) -> str:
        """For the person who imports, e.g. `CSV, utf-8, semicolon, 9 columns`."""
        return f"CSV, {self.encoding}, {DELIMITERS[self.delimiter]}, {len(self.columns)} columns"


def refuse_compressed(head: bytes) -> None:
    """Refuse compressed input: a few kilobytes of it may hold any amount."""
    for magic, name in _COMPRESSED.items():
        if head.startswith(magic):
            raise FileRefusedError("compressed", f"the file is compressed ({name}): unpack it first")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileRefusedError("encoding", "the file is UTF-16: save it as UTF-8")


def sniff(head: bytes, layout: Layout, *, whole: bool, encoding: str | None = None) -> Dialect:
    """The dialect of a CSV file of that layout from its first bytes (at least a line, `whole` when they are all of it).

    Raises `FileRefusedError`: empty, compressed, header-too-long, header-unreadable, columns-…
    """
    refuse_compressed(head)
    start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    body = head[start:]
    if not body.strip():
        raise FileRefusedError("empty", "the file is empty")
    lines = 1
    while body[:1] in {b"\r", b"\n"}:
        cut = 2 if body[:2] == b"\r\n" else 1
        body, start, lines = body[cut:], start + cut, lines + 1
    ends = [at for at in (body.find(b"\n"), body.find(b"\r")) if at >= 0]
    end = min(ends) if ends else len(body)
    if end > LONGEST_LINE or (not ends and not whole):
        raise FileRefusedError("header-too-long", f"line {lines}: the header is longer than 64 kB")
    chosen = encoding or encoding_of(head, whole=whole)
    try:
        header = body[:end].decode(chosen)
    except UnicodeDecodeError:
        raise FileRefusedError("header-unreadable", f"line {lines}: the header is not valid {chosen}") from None
    delimiter, names = _columns(header, lines, layout)
    end += 2 if body[end : end + 2] == b"\r\n" else 1
    return Dialect(chosen, delimiter, names, start + end, lines + 1)


def _columns(header: str, line: int, layout: Layout) -> tuple[str, tuple[str, ...]]:
    best: tuple[int, str, list[str]] = (0, ",", [""])
    for delimiter in DELIMITERS:
        try:
            names = [name.strip().lower() for name in next(csv.reader((header,), delimiter=delimiter, strict=True))]
        except (csv.Error, StopIteration):
            continue
        known = len(layout.known & set(names))
        if known > best[0]:
            best = (known, delimiter, names)
    layout.check(best[2], f"line {line}")
    return best[1], tuple(best[2])


def encoding_of(head: bytes, *, whole: bool) -> str:
    """The encoding that a file's first bytes tell."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        high = [byte for byte in head if byte >= 0x80]
        multibyte = re.search(rb"[\xc3-\xf4][\x80-\xbf]", head)
        if multibyte is None and _NORDIC.issuperset(high):
            return "cp1252"
    return "utf-8"
