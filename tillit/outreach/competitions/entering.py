"""Entering a competition (F8): a member under their own name, a stranger by name and an address they confirmed from it
(`confirming`); each once, as they entered first.

Whoever enters says yes to that and to nothing else: the entry is what the consent is for, and its wording is kept as
its proof. Nobody is told whether an address has entered already.
"""

import secrets as random_source

from django.db import transaction

from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.outreach.competitions import confirming
from tillit.outreach.competitions.confirming import Entrant
from tillit.outreach.competitions.errors import CompetitionError
from tillit.outreach.competitions.models import Competition, Entry, Stage
from tillit.outreach.competitions.operations import ACTIVITY, KIND
from tillit.parties import operations as parties


def enter(*, competition: Competition, who: Entrant, wording: str, subject_id: int | None = None) -> str:
    """Enter once, and be told the ticket; again: as it stands. `wording`: digest of what the form said. `subject_id`:
    the person signed in; without one the address was confirmed. '' for who is signed in and has entered by the address
    without being so: whose address it is was not confirmed now.

    Raises `CompetitionError`. Outside every scope.
    """
    with transaction.atomic():
        values = checked(competition=competition, who=who, signed_in=subject_id is not None)
        held = Competition.objects.select_for_update(of=("self",)).select_related("controller").get(pk=competition.pk)
        if not running(held):
            raise CompetitionError("over", "entering is over")
        with Scope(system("competitions", {held.controller_id}), ACTIVITY) as scope:
            mine = Entry.objects.filter(controller_id=held.controller_id, competition_id=held.pk)
            own = mine.filter(subject_id=subject_id).first() if subject_id is not None else None
            known = own or mine.filter(email__iexact=values["email"]).first()
            if known is not None:
                return known.ticket if subject_id in {None, known.subject_id} else ""
            person = subject_id if subject_id is not None else _stranger(scope, held)
            _says_yes(held, person, wording)
            state = parties.lock_subject(scope=scope, subject_id=person)
            ticket = random_source.token_hex(16)
            Entry.objects.create(
                subject_id=person,
                controller_id=held.controller_id,
                state=state,
                competition_id=held.pk,
                ticket=ticket,
                entered_at=clock.now(),
                **values,
            )
    confirming.tell_ticket(competition=held, address=values["email"], ticket=ticket)
    return ticket


def running(competition: Competition) -> bool:
    """Whether people may enter now."""
    over = competition.draw is not None and competition.draw.closed_at is not None
    return competition.stage == Stage.OPEN and clock.now() < competition.closes_at and not over


def checked(*, competition: Competition, who: Entrant, signed_in: bool) -> dict[str, str]:
    """What the entry will hold. Raises `CompetitionError`."""
    if not running(competition):
        raise CompetitionError("over", "entering is over")
    values = _read(competition, who)
    if competition.members_only and not signed_in:
        raise CompetitionError("members", "only members may enter")
    return values


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
