"""How a text travels as SMS: GSM 7-bit (3GPP TS 23.038) or UCS-2, in how many segments (TS 23.040)."""

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_PLAIN = {"«": '"', "»": '"', "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ",
          "\u2009": " ", "\u202f": " ", "•": "-", "−": "-", "\t": " "}  # fmt: skip
_SINGLE = {"GSM-7": 160, "UCS-2": 70}
_PART = {"GSM-7": 153, "UCS-2": 67}
LONGEST = 10
"""Segments a message may have."""


@dataclass(frozen=True)
class Sized:
    """A text as it is sent. units: septets or UTF-16 code units."""

    text: str
    encoding: str
    units: int
    segments: int


def sized(text: str) -> Sized:
    """The text as it goes: quotation marks, dashes and blanks that alone would make it UCS-2 are made plain.

    An escaped character or a surrogate pair never falls on both sides of a segment's end.
    """
    plain = "".join(_PLAIN.get(one, one) for one in text)
    seven = all(one in _BASIC or one in _EXTENDED for one in plain)
    sent, encoding = (plain, "GSM-7") if seven else (text, "UCS-2")
    widths = [1 + (one in _EXTENDED) if seven else 1 + (ord(one) > 0xFFFF) for one in sent]
    units = sum(widths)
    if units <= _SINGLE[encoding]:
        return Sized(sent, encoding, units, 1)
    segments, left = 1, _PART[encoding]
    for width in widths:
        if width > left:
            segments, left = segments + 1, _PART[encoding]
        left -= width
    return Sized(sent, encoding, units, segments)
