"""A purchase as JSON: the model of the API, and rows given one by one, checked by the very rules that files are.

The model says the shape, and makes the JSON Schema in docs/formats; `checking.check` says whether it can be used.
"""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from tillit.files.chunks import LINE, Chunk
from tillit.purchases.reading.columns import COLUMNS

_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_AMOUNT = r"^-?[0-9]{1,12}([.,][0-9]{1,4})?$"


class PurchaseRow(BaseModel):
    """One purchase line. Who bought is told by `card`, `account`, `par`, or `mobile` and `email` together."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, title="Purchase", hide_input_in_errors=True)

    id: Annotated[str, Field(min_length=1, max_length=100, description="The sender's id of the line, used once.")]
    time: Annotated[str, Field(pattern=_TIME, description="When it was bought: ISO 8601 with seconds and offset.")]
    chain: Annotated[str, Field(min_length=1, max_length=60, description="The key of the chain.")]
    store: Annotated[str, Field(min_length=1, max_length=40, description="The store's number in the chain.")]
    amount: Annotated[
        str, Field(pattern=_AMOUNT, description="What was paid, in the major unit, as text; negative for a refund.")
    ]
    currency: Annotated[
        str | None, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217; if given, it must be the chain's.")
    ] = None
    card: Annotated[
        str | None,
        Field(max_length=40, repr=False, description="Card number, 12 to 19 digits; 11 are an account."),
    ] = None
    account: Annotated[str | None, Field(max_length=40, repr=False, description="Account number, 11 digits.")] = None
    par: Annotated[
        str | None,
        Field(max_length=29, repr=False, description="The card's payment account reference, where no number is given."),
    ] = None
    mobile: Annotated[str | None, Field(max_length=40, repr=False, description="With `email`, in web shops.")] = None
    email: Annotated[str | None, Field(max_length=254, repr=False, description="With `mobile`, in web shops.")] = None
    payment: Annotated[
        Literal["card", "cash"] | None, Field(description="`cash` earns nothing: counted and dropped.")
    ] = None
    product_group: Annotated[str | None, Field(max_length=60, description="The key of the product group.")] = None
    product: Annotated[str | None, Field(max_length=120, description="What was bought, as on the receipt.")] = None
    receipt: Annotated[
        str | None, Field(max_length=60, description="The receipt's number; its lines share store, day and number.")
    ] = None
    refund_of: Annotated[
        str | None, Field(max_length=100, description="A refund: the id of the line that is taken back.")
    ] = None
    event: Annotated[
        Literal["purchase", "authorisation"] | None,
        Field(description="`authorisation`: an amount set aside on a card; it earns when a purchase clears it."),
    ] = None
    authorisation: Annotated[
        str | None, Field(max_length=100, description="A purchase: the id of the authorisation that it clears.")
    ] = None


def chunk_of(rows: Sequence[Mapping[str, str | None]], lines: Iterable[int] | None = None) -> Chunk:
    """Rows by column as a chunk; `lines` numbers them (default from 1). Columns that are none are left out."""
    numbered = list(lines) if lines is not None else list(range(1, len(rows) + 1))
    frame = pl.DataFrame(
        {LINE: numbered} | {name: [row.get(name) or None for row in rows] for name in COLUMNS},
        schema={LINE: pl.Int64} | dict.fromkeys(COLUMNS, pl.String),
    )
    return Chunk(len(rows), frame)


def digest_of(rows: Sequence[Mapping[str, str | None]], *, key: bytes) -> str:
    """HMAC-SHA-256 of the rows as given, whatever the order of their fields.

    Keyed, unlike a file's digest: the card number of a single row, whose other fields are known, could be guessed.
    """
    text = json.dumps([{k: row[k] for k in sorted(row) if row[k] is not None} for row in rows], ensure_ascii=False)
    return hmac.digest(key, text.encode(), "sha256").hex()
