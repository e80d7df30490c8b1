"""What travels between two installations when people are handed over (A10): one person's parcel, and its receipt.

Both are signed by who writes them; a parcel is sealed for the receiver as well (`privacy.envelope`). The types below
are the schema (`docs/formats/handover.schema.json`). A parcel that is not final is tried and nothing of it is kept.
"""

import hashlib
import hmac
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tillit.platform.secrets import secret
from tillit.privacy import envelope
from tillit.privacy.errors import PackageError
from tillit.privacy.portable import Party

_OF_THE_WAY = frozenset({"final", "key", "signature"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(_Strict):
    """One choice of the person's, in the receiver's words if it has them."""

    activity: str
    channel: str
    kind: Literal["given", "withdrawn", "objected"]


class Parcel(_Strict):
    """One person on the way."""

    format: Literal["tillit-handover-1"] = "tillit-handover-1"
    ticket: str = Field(description="The invitation's.")
    reference: str = Field(pattern="^[0-9a-f]{64}$", description="The giver's word for the person; nobody's id.")
    sender: Party
    final: bool = Field(description="False: try it, say what would arrive, keep nothing.")
    account: bool = Field(description="Whether the person has a way to sign in at the giver.")
    tables: dict[str, list[dict[str, Any]]] = Field(description="Table → rows; sealed values in clear.")
    choices: list[Said]
    domains: dict[str, list[dict[str, Any]]] = Field(description="What hangs on books and agreements, by keys.")
    left: dict[str, int] = Field(description="Table or `table:unit` → what must arrive whole.")
    key: str = Field(description="Ed25519 public key of the sender, base64.")
    signature: str = Field(description="Ed25519 over the rest: sorted keys, no spaces, UTF-8; base64.")

    def digest(self) -> str:
        """SHA-256 of what is handed over, whether tried or final."""
        return hashlib.sha256(envelope.canonical(self.model_dump(exclude=set(_OF_THE_WAY)))).hexdigest()


class Receipt(_Strict):
    """What the receiver answers: what arrived (or would), of exactly this parcel; `safe`: a backup of its own that was
    made since holds the person, so that the giver may let the parcel go.
    """

    format: Literal["tillit-handover-receipt-1"] = "tillit-handover-receipt-1"
    reference: str
    digest: str
    taken: bool
    arrived: dict[str, int]
    safe: bool = False
    key: str
    signature: str


def reference(*, handover_id: int, subject_id: int) -> str:
    """The giver's word for a person on the way: the same however often it is tried, and without its secret nobody's."""
    return hmac.new(secret("envelope"), f"handover {handover_id} {subject_id}".encode(), hashlib.sha256).hexdigest()


def signed(parcel: Parcel) -> Parcel:
    """With this installation's key and signature."""
    keyed = parcel.model_copy(update={"key": envelope.signing_key()})
    return keyed.model_copy(update={"signature": envelope.sign(keyed.model_dump())})


def receipt(*, parcel: Parcel, taken: bool, arrived: dict[str, int], safe: bool = False) -> Receipt:
    """Our signed answer."""
    made = Receipt(
        reference=parcel.reference,
        digest=parcel.digest(),
        taken=taken,
        arrived=arrived,
        safe=safe,
        key=envelope.signing_key(),
        signature="",
    )
    return made.model_copy(update={"signature": envelope.sign(made.model_dump())})


def read(text: bytes) -> Parcel:
    """A parcel that its maker signed. Raises `PackageError`."""
    try:
        found = Parcel.model_validate_json(text)
    except ValidationError as error:
        raise PackageError("package-unreadable", _where(error)) from None
    envelope.verify(found.model_dump(), key=found.key, signature=found.signature)
    return found


def read_receipt(said: Any, *, key: str) -> Receipt:
    """A receipt signed by `key`. Raises `PackageError`."""
    try:
        found = Receipt.model_validate(said)
    except ValidationError as error:
        raise PackageError("package-unreadable", _where(error)) from None
    envelope.verify(found.model_dump(), key=key, signature=found.signature)
    return found


def _where(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the file'}: {first['msg']}"
