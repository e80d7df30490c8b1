"""AES-CMAC of many messages is that of the library, and of the published vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillit.kernel.cmac import Cmac

# RFC 4493, section 4; NIST SP 800-38B, appendix D.3.
MESSAGE = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
SHORT = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
LONG = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
VECTORS = [
    (SHORT, 0, "bb1d6929e95937287fa37d129b756746"),
    (SHORT, 16, "070a16b46b4d4144f79bdd9dd04a287c"),
    (SHORT, 40, "dfa66747de9ae63030ca32611497c827"),
    (SHORT, 64, "51f0bebf7e3b9d92fc49741779363cfe"),
    (LONG, 0, "028962f61b7bf89efc6b551f4667d983"),
    (LONG, 16, "28a7023f452e8f82bd4bf28d8c37c35c"),
    (LONG, 40, "aaf3d8f1de5640c232f5b169b9c911e6"),
    (LONG, 64, "e1992190549f6ed5696a2c056c315410"),
]


def _many(key: bytes, messages: list[bytes]) -> list[bytes]:
    lengths = np.array([len(message) for message in messages], dtype=np.int64)
    data = np.frombuffer(b"".join(messages) or b"\0", dtype=np.uint8)
    return [tag.tobytes() for tag in Cmac(key).many(data, np.cumsum(lengths) - lengths, lengths)]


@pytest.mark.parametrize(("key", "length", "tag"), VECTORS)
def test_published_vectors(key: bytes, length: int, tag: str) -> None:
    message = MESSAGE[:length]
    assert Cmac(key).one(message).hex() == tag
    assert _many(key, [b"before", message, b"after"])[1].hex() == tag


@given(st.binary(min_size=32, max_size=32), st.lists(st.binary(max_size=70), min_size=1, max_size=40))
def test_many_are_those_of_one(key: bytes, messages: list[bytes]) -> None:
    assert _many(key, messages) == [Cmac(key).one(message) for message in messages]


def test_more_messages_than_one_step() -> None:
    messages = [b"%d" % n * (n % 9) for n in range(20_000)]
    one = Cmac(LONG)
    assert _many(LONG, messages)[::997] == [one.one(message) for message in messages[::997]]
