"""Entering a competition (F8): a member under their own name, a stranger by name and address; each once.

Whoever enters says yes to that and to nothing else: the entry is what the consent is for, and its wording is kept as
its proof. Nobody is told whether an address has entered already.
"""

import secrets as random_source
from dataclasses import dataclass

from django.db import transaction

from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Entry, Stage
from tillit.outreach.competitions.operations import ACTIVITY, KIND
from tillit.parties import operations as parties


@dataclass(frozen=True)
class Entrant:
    """What somebody tells who enters."""

    name: str
    email: str
    phone: str = ""
    address: str = ""
    answer: str = ""


def enter(*, competition: Competition, who: Entrant, wording: str, subject_id: int | None = None) -> None:
    """Enter once; again: as it stands. `wording`: digest of what the form said. `subject_id`: the person signed in.

    Raises `CompetitionError`. Outside every scope.
    """
    with transaction.atomic():
        held = Competition.objects.select_for_update(of=("self",)).select_related("controller").get(pk=competition.pk)
        if held.stage != Stage.OPEN or clock.now() >= held.closes_at:
            raise CompetitionError("over", "entering is over")
        values = _read(held, who)
        if subject_id is None and held.members_only:
            raise CompetitionError("members", "only members may enter")
        with Scope(system("competitions", {held.controller_id}), ACTIVITY) as scope:
            mine = Entry.objects.filter(controller_id=held.controller_id, competition_id=held.pk)
            known = mine.filter(email__iexact=values["email"])
            if known.exists() or (subject_id is not None and mine.filter(subject_id=subject_id).exists()):
                return
            person = subject_id if subject_id is not None else _stranger(scope, held)
            _says_yes(held, person, wording)
            state = parties.lock_subject(scope=scope, subject_id=person)
            Entry.objects.create(
                subject_id=person,
                controller_id=held.controller_id,
                state=state,
                competition_id=held.pk,
                ticket=random_source.token_hex(16),
                entered_at=clock.now(),
                **values,
            )


def _read(competition: Competition, who: Entrant) -> dict[str, str]:
    try:
        name = names.normalise(who.name)
    except IdentifierError:
        raise CompetitionError("name", "a name is missing") from None
    try:
        address = emails.normalise(who.email)
    except IdentifierError:
        raise CompetitionError("email", "that is no e-mail address") from None
    try:
        phone = phones.normalise(who.phone) if who.phone.strip() else ""
    except IdentifierError:
        raise CompetitionError("phone", "that is no phone number") from None
    said = next(iter(competition.texts.values()))
    if said.get("question") and not who.answer.strip():
        raise CompetitionError("answer", "the question is not answered")
    return {
        "name": name,
        "email": address,
        "phone": phone,
        "address": " ".join(who.address.split())[:300],
        "answer": who.answer.strip()[:500],
    }


def _stranger(scope: Scope, competition: Competition) -> int:
    subject = parties.create_subject(scope=scope, register_id=competition.controller.register_id)
    parties.relate(
        scope=scope, subject_id=subject, controller_id=competition.controller_id, kind=KIND, started=clock.today()
    )
    return subject


def _says_yes(competition: Competition, subject_id: int, wording: str) -> None:
    with Scope(system("competitions", {competition.controller_id}), "consent_management") as scope:
        consent.record(
            scope=scope,
            subject_id=subject_id,
            controller_id=competition.controller_id,
            activity=ACTIVITY,
            kind=EventKind.GIVEN,
            route="web",
            wording=wording,
            at=clock.now(),
        )
