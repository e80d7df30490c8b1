"""Whether the declaration lets these fields go to this recipient for this activity (H13, A8). Pure: no person yet."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from tillit.declaration.countries import in_eea
from tillit.declaration.schema import Activity, Declaration, Processor, Recipient
from tillit.declaration.vocabulary import vocabulary
from tillit.disclosure.errors import DisclosureRefusedError

INSTRUCTION = "instruction"
"""The ground of a disclosure to a processor: it acts on instruction (GDPR 28)."""


@dataclass(frozen=True)
class Permit:
    """What may go, and on what ground. withheld: fields asked for that are not the recipient's to have.

    ask_first: the person's own yes to this very disclosure is the ground.
    """

    kind: str
    ground: str
    country: str
    transfer_ground: str
    fields: tuple[str, ...]
    withheld: tuple[str, ...]
    ask_first: bool


def permit(
    *,
    declaration: Declaration,
    activity: str,
    recipient: str,
    fields: Collection[str],
    country: str | None = None,
    on: date,
) -> Permit:
    """The permit for `fields` (fields of the vocabulary, or whole categories) to `recipient`, a recipient's or a
    processor's key. `country`: where the party at hand is, when the declared recipient is a kind of party.

    Raises `DisclosureRefusedError`: see there. A category the recipient is not declared for is refused; a field of a
    declared category that is not among its fields is withheld.
    """
    declared = declaration.activity(activity)
    if declared is None:
        raise DisclosureRefusedError("undeclared-activity", f"'{activity}' is not declared")
    found = next((r for r in declaration.recipients if r.key == recipient), None)
    if found is not None:
        return _to_recipient(declaration, declared, found, fields, country)
    processor = next((p for p in declaration.processors if p.key == recipient), None)
    if processor is not None:
        return _to_processor(declaration, declared, processor, fields, on)
    raise DisclosureRefusedError(
        "undeclared-recipient", f"'{recipient}' is declared neither as recipient nor processor"
    )


def _to_recipient(
    declaration: Declaration, activity: Activity, recipient: Recipient, fields: Collection[str], country: str | None
) -> Permit:
    if recipient.key not in activity.recipients:
        message = f"'{activity.key}' does not disclose to '{recipient.key}'"
        raise DisclosureRefusedError("undeclared-recipient", message)
    if recipient.only_aggregated:
        raise DisclosureRefusedError("only-aggregated", f"'{recipient.key}' receives totals only")
    _categories(declaration, activity, recipient.key, frozenset(recipient.categories), fields)
    words = vocabulary()
    limited = {words.category_of(name) for name in recipient.only}
    kept = tuple(f for f in fields if f in recipient.only or words.category_of(f) not in limited)
    place = country or recipient.country
    return Permit(
        kind=recipient.kind,
        ground=recipient.ground,
        country=place,
        transfer_ground=_transfer(declaration, recipient.key, place),
        fields=kept,
        withheld=tuple(f for f in fields if f not in kept),
        ask_first=recipient.ground == "consent" and {basis.ground for basis in activity.basis} != {"consent"},
    )


def _to_processor(
    declaration: Declaration, activity: Activity, processor: Processor, fields: Collection[str], on: date
) -> Permit:
    if processor.agreement > on:
        raise DisclosureRefusedError("no-agreement", f"the agreement with '{processor.key}' is not in force yet")
    _categories(declaration, activity, processor.key, frozenset(processor.categories), fields)
    return Permit(
        kind="processor",
        ground=INSTRUCTION,
        country=processor.country,
        transfer_ground=_transfer(declaration, processor.key, processor.country),
        fields=tuple(fields),
        withheld=(),
        ask_first=False,
    )


def _categories(
    declaration: Declaration, activity: Activity, to: str, allowed: frozenset[str], fields: Collection[str]
) -> None:
    words, has = vocabulary(), declaration.named(activity)
    for field in fields:
        try:
            category = words.category_of(field)
        except KeyError:
            raise DisclosureRefusedError("undeclared-field", f"there is no field '{field}'") from None
        if category not in allowed:
            raise DisclosureRefusedError("undeclared-category", f"'{to}' may not receive '{category}'")
        if category not in has:
            raise DisclosureRefusedError("activity-lacks-category", f"'{activity.key}' does not use '{category}'")


def _transfer(declaration: Declaration, to: str, country: str) -> str:
    """The declared ground for going outside the EEA; '' inside."""
    if in_eea(country):
        return ""
    for transfer in declaration.transfers:
        if transfer.to == to and transfer.country in {country, "*"}:
            return transfer.ground
    raise DisclosureRefusedError("no-transfer-ground", f"'{to}' is in {country}, and no transfer there is declared")
