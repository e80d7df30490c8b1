"""A mail as bytes (RFC 5322, RFC 2046): a text and an HTML part.

Headings are made safe and encoded by Django (`forbid_multi_line_headers`). A body goes as it is where the server takes
8-bit bodies and no line is longer than 998 octets, else as quoted-printable.
"""

from binascii import b2a_qp
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from secrets import token_hex

from django.core.mail.message import forbid_multi_line_headers

_LONGEST = 998
_TYPICAL = 78
_SAME = frozenset({"Subject", "From", "Reply-To", "Content-Language"})


def written(*, headings: Mapping[str, str], text: str, html: str, eight: bool) -> bytes:
    """The mail, with CRLF. eight: whether 8-bit bodies may be handed over. Raises `BadHeaderError` for a heading that
    holds a line break.
    """
    boundary = f"=_{token_hex(16)}"
    lines = [_heading(name, value) for name, value in headings.items()]
    lines += [f"Date: {formatdate()}", "MIME-Version: 1.0"]
    lines += [f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"', "", ""]
    head, rule = "\r\n".join(lines).encode("ascii"), f"--{boundary}".encode()
    parts = [head + rule, *_part("plain", text, eight=eight), rule, *_part("html", html, eight=eight)]
    return b"\r\n".join([*parts, rule + b"--", b""])


def _heading(name: str, value: str) -> str:
    safe = _safe(name, value) if name in _SAME else _encoded(name, value)
    if "\r\n" in safe or len(name) + len(safe) + 2 <= _TYPICAL:  # encoded words are folded already
        return f"{name}: {safe}"
    return f"{name}:\r\n {safe}"


@lru_cache(maxsize=64)
def _safe(name: str, value: str) -> str:
    """Of what is the same in every mail of a campaign: no address of a recipient stays in memory."""
    return _encoded(name, value)


def _encoded(name: str, value: str) -> str:
    return "\r\n".join(str(forbid_multi_line_headers(name, value, "utf-8")[1]).splitlines())


def _part(kind: str, said: str, *, eight: bool) -> list[bytes]:
    body = said.replace("\r\n", "\n").replace("\r", "\n").encode()
    short = max(map(len, body.split(b"\n"))) <= _LONGEST
    if short and (eight or body.isascii()):
        how = "7bit" if body.isascii() else "8bit"
    else:
        body, how = b2a_qp(body, istext=True), "quoted-printable"
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {how}\r\n'
    return [head.encode(), body.replace(b"\n", b"\r\n")]
