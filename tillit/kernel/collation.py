"""Norwegian alphabetical order, the same in Python and in a PostgreSQL that has no Norwegian collation.

The default database has only the C collation, which sorts å before æ before ø and every capital first. So names
are sorted by a key whose plain code points are in order: capitals and accents folded away (é as e, ü as y, ð as
d, þ as th), æ and ä after z, then ø and ö, then å, and in names aa counts as å (Aasen stands by Åsen). Hyphens,
full stops and commas count as spaces, apostrophes do not count; digits stand before letters. Texts with
equal keys are ordered by the text itself, so an order is always total.

One table makes both forms, and a test holds them equal.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from django.db.models import Func, TextField

from tillit.kernel.errors import TillitError

_AE, _OE, _AA = "{|}"  # the three code points that follow z
_COLUMN = re.compile(r'(?:[a-z_][a-z0-9_]*|"[a-z_][a-z0-9_]*")(?:\.(?:[a-z_][a-z0-9_]*|"[a-z_][a-z0-9_]*"))?')

# What folding accents away does not tell.
_OWN_PLACE = {
    **dict.fromkeys("æäǽǣ", _AE),
    **dict.fromkeys("øöőœǿȫ", _OE),
    **dict.fromkeys("åǻ", _AA),
    **dict.fromkeys("üűǖǘǚǜ", "y"),
    **dict.fromkeys("đðɖ", "d"),
    "ł": "l",
    "ŋ": "n",
    "ŧ": "t",
    "ħ": "h",
    "ı": "i",
    "ƀ": "b",
    "ɨ": "i",
    "þ": "þ",
    "ß": "ß",
}
_TWO_LETTERS = {"þ": "th", "ß": "ss"}
_DROPPED = "'’‘ʼ`´" + "".join(map(chr, range(0x300, 0x370)))
_BLANK = "-‐‑‒–.,\u00a0\u202f\t{|}"


def _folding() -> dict[str, str]:
    """One character to one character, or to nothing."""
    table: dict[str, str] = {}
    for code in [*range(0x41, 0x5B), *range(0xC0, 0x250), *range(0x1E00, 0x1F00)]:
        char = chr(code)
        lower = char.lower() if len(char.lower()) == 1 else unicodedata.normalize("NFD", char)[0].lower()
        folded = _OWN_PLACE.get(lower) or unicodedata.normalize("NFD", lower)[0]
        if folded != char and unicodedata.category(char) in {"Lu", "Ll"}:
            table[char] = folded
    return table | dict.fromkeys(_BLANK, " ") | dict.fromkeys(_DROPPED, "")


_FOLDING: Final = _folding()
_TABLE: Final = str.maketrans(_FOLDING)
_USUAL: Final = {
    char: folded
    for char, folded in _FOLDING.items()
    if char in "ÆæØøÅåÄäÖöÉéÜü" or (char.isascii() and not char.isupper())
}


class CollationError(TillitError):
    """The column asked for is not a plain column name."""


def sort_key(text: str, *, names: bool = True) -> tuple[str, str]:
    """Key for `sorted`: Norwegian order, ties by the text. `names=False` leaves aa as two letters."""
    key = unicodedata.normalize("NFC", text).translate(_TABLE)
    for one, two in _TWO_LETTERS.items():
        key = key.replace(one, two)
    return (key.replace("aa", _AA) if names else key), text


def sort_key_sql(column: str, *, names: bool = True) -> str:
    """The first part of `sort_key` as an immutable SQL expression over a text column, under COLLATE "C".

    `column` is a column name of the code's own (`name`, `member.name`), never input; anything else raises
    CollationError. The expression may be indexed, and holds no `%`.
    """
    if not _COLUMN.fullmatch(column):
        raise CollationError("not-a-column", "A sort key is made over a plain column name.")
    # `translate` costs its table's length for every letter, so the usual letters have a short table of their own;
    # what is plain ASCII after it had no other letter, and is what the whole table would give.
    usual = _translate(f'lower({column} COLLATE "C")', _USUAL)
    whole = _translate(f"normalize({column}, NFC)", _FOLDING)
    key = f"CASE WHEN octet_length({usual}) = length({usual}) THEN {usual} ELSE {whole} END"
    for one, two in _TWO_LETTERS.items():
        key = f"replace({key}, '{one}', '{two}')"
    return (f"replace({key}, 'aa', '{_AA}')" if names else key) + ' COLLATE "C"'


class Ordered(Func):
    """A text column as it is ordered: what `order_by` is given where people read a list. Ties need another column."""

    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, tuple[str | int, ...]]:
        """The key over the column, which stands in it several times and has no parameters of its own."""
        return sort_key_sql(compiler.compile(self.source_expressions[0])[0]), ()


def _translate(expression: str, table: dict[str, str]) -> str:
    kept = [char for char, folded in table.items() if folded]
    dropped = [char for char, folded in table.items() if not folded]
    to_chars = "".join(table[char] for char in kept)
    return f"translate({expression}, {_literal(''.join(kept + dropped))}, {_literal(to_chars)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
