"""Whoever is outside the EEA stands in a transfer with a ground that holds (GDPR chapter V, H13)."""

from collections.abc import Iterator

from tillit.declaration.checking.context import Context, Path
from tillit.declaration.countries import adequate, in_eea, known
from tillit.declaration.errors import Problem

RECIPIENT_GROUNDS = frozenset({"adequacy", "contract_necessity", "legal_claims", "legal_duty", "consent"})
"""Grounds on which a recipient outside may receive; standard clauses are for processors (H13)."""


def problems(context: Context) -> Iterator[Problem]:
    """Parties and cookies outside the EEA without a transfer, and transfers that name nobody or lack ground."""
    for name in ("recipients", "processors"):
        for i, party in enumerate(getattr(context.declaration, name)):
            yield from _country(context, (name, i, "country"), party.country)
            if not in_eea(party.country) and not _covered(context, party.key, party.country):
                message = f"'{party.key}' is outside the EEA ({party.country}) and needs a transfer"
                yield context.problem((name, i, "country"), "missing-transfer", message)
    yield from _cookies(context)
    yield from _transfers(context)


def _covered(context: Context, key: str, country: str) -> bool:
    return any(item.to == key and item.country in {country, "*"} for item in context.declaration.transfers)


def _country(context: Context, path: Path, code: str) -> Iterator[Problem]:
    if code != "*" and not known(code):
        yield context.problem(path, "unknown-country", f"'{code}' is no country code (ISO 3166-1)")


def _cookies(context: Context) -> Iterator[Problem]:
    parties = {**context.recipients, **context.processors}
    for i, cookie in enumerate(context.declaration.cookies.items):
        at: Path = ("cookies", "items", i)
        yield from _country(context, (*at, "country"), cookie.country)
        if cookie.processor is not None and cookie.processor not in parties:
            message = f"'{cookie.processor}' is declared neither under processors nor recipients"
            yield context.problem((*at, "processor"), "undeclared-processor", message)
        elif not in_eea(cookie.country):
            if cookie.processor is None:
                message = f"cookie '{cookie.name}' goes outside the EEA: name the processor or recipient behind it"
                yield context.problem((*at, "country"), "cookie-abroad", message)
            elif not _covered(context, cookie.processor, cookie.country):
                message = f"cookie '{cookie.name}' goes to {cookie.country}: '{cookie.processor}' needs a transfer"
                yield context.problem((*at, "country"), "missing-transfer", message)


def _transfers(context: Context) -> Iterator[Problem]:
    for i, transfer in enumerate(context.declaration.transfers):
        at: Path = ("transfers", i)
        yield from _country(context, (*at, "country"), transfer.country)
        if transfer.to not in context.recipients and transfer.to not in context.processors:
            message = f"'{transfer.to}' is declared neither under recipients nor processors"
            yield context.problem((*at, "to"), "undeclared-party", message)
        if transfer.ground == "adequacy" and transfer.country != "*" and not adequate(transfer.country):
            message = f"there is no adequacy decision for {transfer.country}"
            yield context.problem((*at, "ground"), "not-adequate", message)
        if transfer.to in context.recipients and transfer.ground not in RECIPIENT_GROUNDS:
            message = f"a recipient outside the EEA receives on {', '.join(sorted(RECIPIENT_GROUNDS))} only"
            yield context.problem((*at, "ground"), "recipient-transfer", message)
        if transfer.country != "*" and in_eea(transfer.country):
            message = f"{transfer.country} lies in the EEA, so this is no transfer"
            yield context.problem((*at, "country"), "not-abroad", message)
