"""The codes of vouchers and gift cards: random digits that stand nowhere (C9, C11).

A code is made from the row's random nonce with a key that is not in the database (AES-CMAC), so the page can show
it again, and a copy of the database cannot. It is found by its keyed digest, which is the row's id. `code128`: 15
digits and a check digit (Luhn); `ean13`: the prefix 2 of numbers for use within a company (GS1), 11 digits, a check
digit. The check digit tells a slip of the finger from a code that is not there; guessing meets a limit in the face
that asks.
"""

import re
from functools import cache
from io import BytesIO
from uuid import UUID

from barcode import EAN13, Code128
from barcode.writer import SVGWriter
from cryptography.hazmat.primitives import cmac, hashes
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillit.bonus.errors import CodeError
from tillit.parties.digests import Kind, digest
from tillit.platform.secrets import secret

_SEPARATORS = re.compile(r"[\s-]+")
_SIZE = re.compile(r'width="([0-9.]+)mm" height="([0-9.]+)mm"')
_PER_MM = 96 / 25.4  # an SVG's own units: 96 an inch
_FILL = re.compile(r'style="fill:(\w+);?"')


def make(*, register_id: int, kind: Kind, nonce: UUID, form: str) -> str:
    """The code of a nonce, as digits; `form`: `code128` or `ean13`."""
    made = cmac.CMAC(algorithms.AES(_key(register_id, kind)))
    made.update(nonce.bytes)
    number = int.from_bytes(made.finalize())
    if form == "ean13":
        body = f"2{number % 10**11:011d}"
        return body + _ean(body)
    body = f"{number % 10**15:015d}"
    return body + _luhn(body)


def read(text: str) -> str:
    """The digits of a code as it was scanned or keyed: spaces and hyphens do not count. `CodeError` when it is none."""
    digits = _SEPARATORS.sub("", text)
    if not (digits.isascii() and digits.isdigit() and len(digits) in (13, 16)):
        raise CodeError("code-malformed", "a code has 13 or 16 digits")
    check = _ean if len(digits) == 13 else _luhn
    if check(digits[:-1]) != digits[-1]:
        raise CodeError("code-check-digit", "the check digit does not fit: a digit is wrong")
    return digits


def known_by(*, register_id: int, kind: Kind, code: str) -> UUID:
    """The keyed digest that finds a code."""
    return digest(register_id, kind, code)


def again(*, register_id: int, kind: Kind, nonce: UUID, known: UUID) -> str | None:
    """The code of a nonce, made anew, in the form that its digest `known` finds; None when its key is gone."""
    for form in ("code128", "ean13"):
        code = make(register_id=register_id, kind=kind, nonce=nonce, form=form)
        if known_by(register_id=register_id, kind=kind, code=code) == known:
            return code
    return None


def grouped(code: str) -> str:
    """The code as people read it out: `1234 5678 9012 3456`, `2 123456 789012`."""
    if len(code) == 13:
        return f"{code[0]} {code[1:7]} {code[7:]}"
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def bars(code: str) -> str:
    """The bar code as an SVG element, drawn here; sized by the page, with nothing but shapes in it."""
    made = EAN13(code, writer=SVGWriter()) if len(code) == 13 else Code128(code, writer=SVGWriter())
    out = BytesIO()
    made.write(out, {"write_text": False, "module_width": 0.4, "module_height": 18.0, "quiet_zone": 5.0})
    drawn = out.getvalue().decode()
    drawn = _FILL.sub(r'fill="\1"', drawn[drawn.index("<svg") :])  # a page's policy lets no style stand in an element
    width, height = (float(side) * _PER_MM for side in _SIZE.search(drawn).groups())  # type: ignore[union-attr]
    box = f'<svg aria-hidden="true" focusable="false" viewBox="0 0 {width:.2f} {height:.2f}" '
    return drawn.replace("<svg ", box, 1)


@cache
def _key(register_id: int, kind: Kind) -> bytes:
    info = f"tillit codes {int(kind)} register={register_id}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret("digest_root"))


def _luhn(body: str) -> str:
    """The check digit of ISO/IEC 7812-1 annex B."""
    doubled = (int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(body)))
    return str(-sum(d // 10 + d % 10 for d in doubled) % 10)


def _ean(body: str) -> str:
    """The check digit of GS1 numbers."""
    return str(-sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(reversed(body))) % 10)
