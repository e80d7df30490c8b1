"""Whatever the bytes: no line disappears, nothing but a refusal is raised, and blocks do not matter."""

import contextlib
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.purchases.reading import HEADER, good, read
from tests.support.examples import tried
from tillit.files.errors import FileRefusedError

LINES = st.one_of(
    st.integers(0, 99).map(good),
    st.integers(0, 99).map(lambda n: good(n, '"Kaffe; ""mørk"""')),
    st.integers(0, 99).map(lambda n: good(n, '"Kaffe\nmørk"')),
    st.integers(0, 99).map(lambda n: good(n) + b";;"),
    st.binary(max_size=60),
    st.sampled_from([b"", b" ", b"\t", b'"', b'""', b";;;;;;", b"\0", b"\xff", b'T;"', b"T1;2026", b"\xef\xbb\xbf"]),
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


def whole(lines: list[bytes], ends: list[bytes]) -> bytes:
    return HEADER + b"".join(line + end for line, end in zip(lines, ends * len(lines), strict=False))


def outcome(data: bytes, block: int) -> tuple[list[tuple[int, str]], list[tuple[int, str, str]]]:
    """(line, id) of every purchase and (line, field, code) of every reject."""
    checked, rejects = read(data, block=block)
    taken = [
        (line, name)
        for one in checked
        for line, name in zip(one.purchases.line.tolist(), one.purchases.id.to_list(), strict=True)
    ]
    return sorted(taken), [(r.line, r.field, r.code) for r in rejects]


@settings(max_examples=tried(300), deadline=None)
@given(st.lists(LINES, max_size=12), st.lists(ENDS, min_size=1, max_size=3), st.sampled_from([16, 77, 1 << 16]))
@example([b'T;"', good(1), good(2, 'x"')], [b"\n"], 16)
def test_every_line_is_a_purchase_a_reject_or_blank(lines: list[bytes], ends: list[bytes], block: int) -> None:
    data = whole(lines, ends)
    taken, rejects = outcome(data, block)
    body = re.split(rb"\r\n|\r|\n", data[len(HEADER) :])
    told = {line for line, _ in taken} | {line for line, _, _ in rejects}
    assert len(told) == len(taken) + len(rejects)
    for number, line in enumerate(body, 2):
        if line.strip() and number not in told:
            # Only a line inside a quoted field stands for no row of its own.
            assert any(b'"' in earlier for earlier in body[: number - 1])
    assert all(2 <= number <= len(body) + 1 for number in told)


@settings(max_examples=tried(200), deadline=None)
@given(st.lists(LINES, max_size=12), st.lists(ENDS, min_size=1, max_size=3))
def test_the_size_of_blocks_changes_nothing(lines: list[bytes], ends: list[bytes]) -> None:
    data = whole(lines, ends)
    assert outcome(data, 24) == outcome(data, 1 << 20)


@settings(max_examples=tried(300), deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    with contextlib.suppress(FileRefusedError):
        read(data)
