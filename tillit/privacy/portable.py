"""The package a person takes to another controller (H6, GDPR 20): one JSON, versioned, with a published schema.

It holds what the person gave or what came of using the service, of categories collected on consent or a contract; the
rest is named with the reason. The types below are the schema (`docs/formats/portable.schema.json`).
"""

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.wording import Words
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.privacy import access, envelope
from tillit.privacy.errors import PackageError

PORTABLE = frozenset({"consent", "contract"})
DERIVED = "derived"
_FACTS = "parties_fact"
Model = TypeVar("Model", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Party(_Strict):
    """A controller as it is known outside."""

    name: str
    organisation_number: str
    country: str = Field(pattern="^[A-Z]{2}$")


class Invitation(_Strict):
    """What the receiving installation gives the person, to be given to the sender. Says nothing about the person."""

    format: Literal["tillit-invitation-1"] = "tillit-invitation-1"
    receiver: Party
    seal_for: str = Field(description="X25519 public key, base64: the package is sealed for its owner.")
    ticket: str = Field(description="The receiver's own note of who asked and until when; sealed, only it can read it.")
    expires_at: str = Field(description="ISO 8601 with offset.")
    key: str = Field(description="Ed25519 public key of the receiver, base64.")
    signature: str = Field(description="Ed25519 over the rest: sorted keys, no spaces, UTF-8; base64.")


class PortableFact(_Strict):
    """One fact in the words of the vocabulary, to be taken in as it is."""

    category: str
    kind: str
    value: str
    source: str = Field(description="Where the sender had it from.")
    collected_at: str


class Part(_Strict):
    """The rows of one category and table, as in the answer to an access request."""

    controller: str
    category: str
    name: str
    grounds: list[str] = Field(description="Keys: consent, contract.")
    table: str
    rows: list[dict[str, Any]]


class LeftOut(_Strict):
    """A category that does not travel."""

    category: str
    name: str
    because: Literal["other_ground"]


class Package(_Strict):
    """The package. `ticket` is the invitation's."""

    format: Literal["tillit-portable-1"] = "tillit-portable-1"
    made_at: str
    language: str
    sender: Party
    receiver: Party
    ticket: str
    facts: list[PortableFact]
    data: list[Part]
    left_out: list[LeftOut]
    key: str = Field(description="Ed25519 public key of the sender, base64.")
    signature: str = Field(description="Ed25519 over the rest: sorted keys, no spaces, UTF-8; base64.")


def party(declaration: Declaration) -> Party:
    """The controller of a declaration."""
    said = declaration.controller
    return Party(name=said.name, organisation_number=said.organisation_number, country=said.postal_address.country)


def number(party: Party) -> str:
    """The organisation number, digits and letters only, lower case."""
    return "".join(sign for sign in party.organisation_number.lower() if sign.isascii() and sign.isalnum())


def grounds(declaration: Declaration, category: str) -> list[str]:
    """The grounds of GDPR 20 on which the controller collects a category; none where others are the only ones."""
    uses = [a for a in declaration.activities if category in declaration.named(a, only_recorded=True)]
    return sorted({basis.ground for activity in uses for basis in activity.basis} & PORTABLE)


def package(*, actor: Actor, subject_id: int, controller_id: int, language: str, invitation: Invitation) -> Package:
    """Everything portable about the person, signed. Collecting it is an event of the audit trail, as for access.

    Raises `PackageError` `nothing-portable`.
    """
    answer = access.collect(actor=actor, subject_id=subject_id, language=language)
    names = dict(Controller.objects.values_list("name", "id"))
    parts, left, facts = [], {}, []
    for part in answer["data"]:
        declaration = current(controller_id=names[part["controller"]], on=clock.today())
        found = grounds(declaration, part["category"])
        rows = [row for row in part["rows"] if row.get("source") != DERIVED]
        if not found or not rows:
            left[part["category"]] = part["name"]
            continue
        parts.append(
            Part(**{k: part[k] for k in ("controller", "category", "name", "table")}, grounds=found, rows=rows)
        )
        if part["table"] == _FACTS:
            facts += [_fact(part["category"], row) for row in rows if row["superseded_at"] is None]
    if not parts:
        raise PackageError("nothing-portable", "nothing is held on consent or a contract")
    taken = {part.category for part in parts}
    made = Package(
        made_at=clock.now().isoformat(),
        language=language,
        sender=party(current(controller_id=controller_id, on=clock.today())),
        receiver=invitation.receiver,
        ticket=invitation.ticket,
        facts=facts,
        data=parts,
        left_out=[LeftOut(category=c, name=n, because="other_ground") for c, n in left.items() if c not in taken],
        key=envelope.signing_key(),
        signature="",
    )
    return made.model_copy(update={"signature": envelope.sign(made.model_dump())})


def _fact(category: str, row: dict[str, Any]) -> PortableFact:
    return PortableFact(category=category, **{k: row[k] for k in ("kind", "value", "source", "collected_at")})


def invitation_of(text: bytes) -> Invitation:
    """An invitation that its maker signed. Raises `PackageError`."""
    found = _read(Invitation, text)
    envelope.verify(found.model_dump(), key=found.key, signature=found.signature)
    return found


def package_of(text: bytes) -> Package:
    """A package that its maker signed. Raises `PackageError`."""
    found = _read(Package, text)
    envelope.verify(found.model_dump(), key=found.key, signature=found.signature)
    return found


def described(language: str, package: Package, controller_id: int) -> list[tuple[str, int]]:
    """Category by name → rows that travel, to be shown before anybody confirms."""
    words = Words(current(controller_id=controller_id, on=clock.today()), language)
    counts: dict[str, int] = {}
    for part in package.data:
        name = words.word("categories", part.category)
        counts[name] = counts.get(name, 0) + len(part.rows)
    return list(counts.items())


def _read(kind: type[Model], text: bytes) -> Model:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PackageError("package-unreadable", f"{where or 'the file'}: {first['msg']}") from None
