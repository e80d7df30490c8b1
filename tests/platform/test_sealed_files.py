"""Sealed files: what is written comes back, and no key, byte or length but the right one does (H11, H18)."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tillit.platform import sealed_files
from tillit.platform.errors import SealedFileError

SEGMENT = sealed_files.SEGMENT


def _sealed(parts: list[bytes], context: str = "c") -> bytes:
    file = io.BytesIO()
    writer = sealed_files.Writer(file, name="backup", version=1, context=context)
    for part in parts:
        writer.write(part)
    writer.close()
    return file.getvalue()


def _read(sealed: bytes, context: str = "c") -> bytes:
    return b"".join(sealed_files.read(io.BytesIO(sealed), name="backup", context=context))


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 57, SEGMENT - 56, SEGMENT - 55, SEGMENT, 3 * SEGMENT + 7])
def test_what_is_written_comes_back(size: int) -> None:
    body = os.urandom(size)
    assert _read(_sealed([body])) == body
    assert body not in _sealed([body]) or size < 8


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_how_it_was_written_does_not_matter(parts: list[bytes]) -> None:
    assert _read(_sealed(parts)) == b"".join(parts)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_changed_byte_is_refused_wherever_it_stands(data: st.DataObject) -> None:
    sealed = bytearray(_sealed([b"x" * 300]))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealedFileError):
        _read(bytes(sealed))


@pytest.mark.parametrize("segments", [1, 2, 3])
def test_a_cut_is_refused_even_between_segments(segments: int) -> None:
    sealed = _sealed([os.urandom(3 * SEGMENT)])
    line = len(sealed.split(b"\n", 1)[0]) + 1
    for length in (0, line, line + 20, line + segments * SEGMENT, line + segments * SEGMENT - 1, len(sealed) - 1):
        with pytest.raises(SealedFileError):
            _read(sealed[:length])


def test_segments_may_not_change_places() -> None:
    sealed = _sealed([os.urandom(4 * SEGMENT)])
    line = len(sealed.split(b"\n", 1)[0]) + 1
    one, two = (sealed[line + n * SEGMENT : line + (n + 1) * SEGMENT] for n in (1, 2))
    swapped = sealed.replace(one, b"\0" * SEGMENT).replace(two, one).replace(b"\0" * SEGMENT, two)
    assert len(swapped) == len(sealed)
    with pytest.raises(SealedFileError):
        _read(swapped)


def test_a_wrong_key_and_another_kind_of_file_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = _sealed([b"secret"])
    with pytest.raises(SealedFileError, match="changed or cut short"):
        _read(sealed, context="another kind")
    with pytest.raises(SealedFileError, match="not a file that Tillit sealed"):
        _read(b"PGDMP" + b"\0" * 100)
    monkeypatch.setenv("TILLIT_SECRET_BACKUP", "A" * 43 + "=")
    with pytest.raises(SealedFileError, match="another key"):
        _read(sealed)


def test_an_older_key_still_opens_what_it_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    writer = sealed_files.Writer(file, name="backup", version=2, context="c")
    writer.write(b"newer")
    writer.close()
    assert _read(file.getvalue()) == b"newer"
    assert _read(_sealed([b"older"])) == b"older"


def test_it_is_the_format_of_tink() -> None:
    """Opened by an independent reading of the published format: header, HKDF key, numbered nonces."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    body = os.urandom(2 * SEGMENT)
    line, _, rest = _sealed([body]).partition(b"\n")
    assert rest[0] == 40
    salt, prefix = rest[1:33], rest[33:40]
    info = line + b"\n" + b"c"
    cipher = AESGCM(
        HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(sealed_files.key("backup", 1))
    )
    parts = [rest[40:SEGMENT], rest[SEGMENT : 2 * SEGMENT], rest[2 * SEGMENT :]]
    clear = [
        cipher.decrypt(prefix + number.to_bytes(4) + bytes([number == 2]), part, b"")
        for number, part in enumerate(parts)
    ]
    assert b"".join(clear) == body


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "place" / "a.dump"
    with pytest.raises(TypeError), _created(path) as sealed:
        sealed.write("half")
    assert list(path.parent.iterdir()) == []
    with _created(path) as sealed:
        sealed.write(b"whole")
    assert [one.name for one in path.parent.iterdir()] == ["a.dump"]
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open("rb") as file:
        assert b"".join(sealed_files.read(file, name="backup", context="c")) == b"whole"


def test_memory_stays_bounded(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "large"
    tracemalloc.start()
    with _created(path) as sealed:
        for _ in range(64):
            sealed.write(b"\0" * SEGMENT)
    with path.open("rb") as file:
        length = sum(map(len, sealed_files.read(file, name="backup", context="c")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length == 64 * SEGMENT
    assert peak < 12 * SEGMENT


def _created(path: Path):  # type: ignore[no-untyped-def]
    return sealed_files.created(path, name="backup", version=1, context="c")
