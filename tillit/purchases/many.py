"""Cards, accounts and web-shop pairs of new people by the hundred. Within an open scope; see `parties.many`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel.identifiers import card
from tillit.kernel.scope import Scope
from tillit.parties import carried, directories
from tillit.parties.digests import Kind, digest_many
from tillit.purchases.errors import InstrumentRefusedError
from tillit.purchases.models import PaymentInstrument
from tillit.purchases.operations import Acceptable, acceptable
from tillit.purchases.ownership import configured
from tillit.purchases.queries import enterprise_cards
from tillit.purchases.reading import contacts

_AT_ONCE = 2000


def register_instruments(
    *, scope: Scope, controller_id: int, numbers: Mapping[int, Sequence[str]], at: Mapping[int, datetime]
) -> tuple[int, dict[str, int]]:
    """Register the new subjects' numbers, each at the subject's moment: how many, and reason → how many were refused.

    A number that another person holds stays theirs (`taken`).
    """
    refused: dict[str, int] = {}
    accepted: list[tuple[int, Acceptable]] = []
    register_id = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    holder, check, enterprise = holder_of(controller_id=controller_id), configured(), enterprise_cards()
    for subject, mine in numbers.items():
        for number in mine:
            try:
                own = acceptable(subject_id=subject, number=number, ownership=check, enterprise=enterprise)
            except InstrumentRefusedError as error:
                refused[error.code] = refused.get(error.code, 0) + 1
                continue
            accepted.append((subject, own))
    rows = []
    for kind in (Kind.CARD, Kind.ACCOUNT):
        these = [(subject, own) for subject, own in accepted if own.kind is kind]
        if not these:
            continue
        digests = digest_many(register_id, kind, [own.number.encode() for _, own in these])
        wanted: dict[UUID, tuple[int, Acceptable]] = {}
        for digest, mine_of in zip(digests, these, strict=True):
            wanted.setdefault(UUID(bytes=digest), mine_of)
        if carried.ways(register_id=register_id):
            others = [
                key
                for key, (_, own) in wanted.items()
                if carried.held(register_id=register_id, kind=kind, number=own.number)
            ]
            refused["taken"] = refused.get("taken", 0) + len(others)
            wanted = {key: one for key, one in wanted.items() if key not in set(others)}
        claims = {known: subject for known, (subject, _) in wanted.items()}
        for known, owner in directories.claim_set(register_id=register_id, kind=kind, claims=claims, since=at).items():
            subject, own = wanted[known]
            if owner != subject:
                refused["taken"] = refused.get("taken", 0) + 1
                continue
            rows.append(
                PaymentInstrument(
                    subject_id=subject,
                    controller_id=holder,
                    kind=int(kind),
                    network=own.network.value,
                    last_four=card.last_four(own.number),
                    digest=known,
                    registered_at=at[subject],
                )
            )
    PaymentInstrument.objects.bulk_create(rows, batch_size=_AT_ONCE)
    return len(rows), refused


def recognise_in_web_shops(
    *, scope: Scope, register_id: int, pairs: Mapping[int, tuple[str, str]], at: Mapping[int, datetime]
) -> int:
    """Have purchases with these (mobile, e-mail) pairs counted for the subjects, from the subject's moment on; how many
    pairs are theirs now.
    """
    claims = {
        UUID(
            bytes=contacts.pair_digest(register_id, contacts.normal_mobile(mobile), contacts.normal_email(address))
        ): subject
        for subject, (mobile, address) in pairs.items()
    }
    holders = directories.claim_set(register_id=register_id, kind=Kind.PHONE_AND_EMAIL, claims=claims, since=at)
    return sum(holders[known] == subject for known, subject in claims.items())
