"""Joining a union again by one's own act (B7): shown to be a former member, told what comes back, terms of today, back.

What we kept lies in an archive that joining again alone reads. Who asks shows both numbers and reads a code at each of
two addresses, one of them on record where any is; nothing is said before that. Who was excluded, has died or went
elsewhere with their data does not come back by themselves. Past the ceiling of the archive nobody is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, current_version
from tillit.journeys import recovery, registration
from tillit.journeys.joining import Codes, Words
from tillit.journeys.sign_in import TRIES_PER_NETWORK, admitted, from_network
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.identifiers import email, phone
from tillit.kernel.scope import Scope, system
from tillit.membership import enrolment, events
from tillit.membership.enrolment import Terms
from tillit.membership.models import Cover, MembershipType, Unit
from tillit.membership.operations import accept_terms
from tillit.membership.standing import Standing, history
from tillit.parties import codes
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, Login, Relationship
from tillit.parties.operations import open_account
from tillit.privacy import archive

PAGE = PURPOSE = "rejoin"
ACTIVITY, WRITES = "rejoining", "membership_administration"
NOT_BY_ONESELF = frozenset({"excluded", "breach", "died", "deceased", "handed_over"})


class RejoinRefusedError(TillitError):
    """The person cannot join again as asked: `not-former`, `not-by-oneself`, `terms-changed`."""

    exit_code = 2


@dataclass(frozen=True)
class Offer:
    """What comes back: who it is, the last stretch of the membership, agreements by key → name that still hold, which
    categories lie in the archive; `version`: the terms of today.
    """

    name: str = field(repr=False)
    last: Standing | None = field(repr=False)
    ended: date
    agreements: dict[str, str]
    categories: tuple[str, ...]
    version: int


def offered(*, controller: Controller) -> bool:
    """Whether the controller declares joining again, with an archive that is read for it, and registration."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return (
        declared.activity(ACTIVITY) is not None
        and any(archive.REJOINING in one.readers for one in declared.archives)
        and "registration" in registration.offered(declared)
    )


def ask(*, controller: Controller, typed: Mapping[str, str], network_address: str, words: Words) -> Codes:
    """Send a code to each address when the two numbers are one former member's; the codes' ids either way.

    `typed` has no faults (`registration.faults`). Raises `TooManyTriesError` for the network.
    """
    given = _addresses(typed)
    return registration.ask(
        controller=controller,
        typed=typed,
        network_address=network_address,
        words=words,
        purpose=PURPOSE,
        may=lambda subject: _may(controller, subject, given),
    )


def confirm(
    *, controller: Controller, sent: Codes, email_code: str, mobile_code: str, network_address: str
) -> int | None:
    """Whose codes they are; None when they are not right, and never which."""
    from_network(TRIES_PER_NETWORK, str(controller.register_id), network_address)
    tried = {sent.email: codes.digits(email_code)}
    if sent.mobile is not None:
        tried[sent.mobile] = codes.digits(mobile_code)
    subject = codes.subject_of(code_id=sent.email)
    if len(tried) < 2 or codes.redeem_all(typed=tried, purpose=PURPOSE):
        return None
    return subject


def offer(*, controller: Controller, subject_id: int) -> Offer:
    """What a former member gets back. Raises `RejoinRefusedError` (`not-former`, `not-by-oneself`)."""
    declared = current(controller_id=controller.pk, on=clock.today())
    with _archived(controller, subject_id):
        ties = _ties(controller, subject_id)
        ended = ties[-1].ended if ties else None
        if ended is None:
            raise RejoinRefusedError("not-former", "that person is no former member")
        tie = ties[-1]
        if tie.end_reason in NOT_BY_ONESELF:
            raise RejoinRefusedError("not-by-oneself", "the union decides whether that person comes back")
        stretches = history(subject_id=subject_id, controller_id=controller.pk)
        last = stretches[-1] if stretches else None
        mine = {"subject_id__in": same_person(subject_id), "controller_id": controller.pk}
        names = dict(
            Fact.objects.filter(**mine, kind__startswith="name.", superseded_at=None).values_list("kind", "value")
        )
        covers = Cover.objects.filter(**mine, ends__gte=ended).select_related("agreement")
        agreements = {
            one.agreement.key: one.agreement.name
            for one in covers
            if one.agreement.ends is None or one.agreement.ends > clock.today()
        }
    kept = [key for one in declared.archives if archive.REJOINING in one.readers for key in one.categories]
    return Offer(
        name=" ".join(names[kind] for kind in ("name.given", "name.family") if kind in names),
        last=last,
        ended=ended,
        agreements=dict(sorted(agreements.items())),
        categories=tuple(kept),
        version=current_version(controller_id=controller.pk, on=clock.today()).number,
    )


def rejoin(
    *, controller: Controller, subject_id: int, typed: Mapping[str, str], version: int, warning: recovery.Letter
) -> Login | None:
    """Make the person a member again, with what was archived, on the terms in `version`; the login to sign in with. An
    e-mail address that was on record is told that another took its place (`warning`).

    One transaction. The day that the union counts from and the agreements that still hold come back; who pays is asked
    of the union's next file. Raises `RejoinRefusedError` (`terms-changed` too), and `AlreadyClaimedError` for an
    address that is another person's.
    """
    at, today, person = clock.now(), clock.today(), frozenset(same_person(subject_id))
    actor = system(ACTIVITY, {controller.pk})
    with transaction.atomic():
        found = offer(controller=controller, subject_id=subject_id)
        if version != found.version:
            raise RejoinRefusedError("terms-changed", "the terms have changed meanwhile")
        mine: dict[str, Any] = {"subject_id": subject_id, "controller_id": controller.pk}
        with Scope(actor, WRITES, person) as scope:
            starts = max(today, found.ended)
            enrolment.begin(
                scope=scope,
                **mine,
                terms=_terms(controller, found.last),
                joined=found.last.joined if found.last else starts,
                starts=starts,
                source="data_subject",
            )
        before = _archived_addresses(controller, subject_id)
        archive.restore(**mine)
        with Scope(actor, WRITES, person) as scope:
            for key in found.agreements:
                enrolment.cover(scope=scope, **mine, agreement=key, starts=starts, source="data_subject")
            accept_terms(scope=scope, **mine, route=PAGE, at=at)
            append(
                type=events.JOINED,
                scope=scope,
                controller=controller.pk,
                subject=subject_id,
                details={"route": PAGE, "version": version},
            )
        with Scope(actor, "self_service", person) as scope:
            registration.take_addresses(
                scope=scope, controller=controller, subject_id=subject_id, given=_addresses(typed), at=at
            )
            login = open_account(scope=scope, subject_id=subject_id, register_id=controller.register_id, at=at)
        for one in before["email"]:
            recovery.tell_replaced({"email": one}, _addresses(typed), warning)
    return admitted(controller, login, "registration")


def _terms(controller: Controller, last: Standing | None) -> Terms:
    """What the membership consisted of, as far as the union still has it."""
    if last is None:
        kind = MembershipType.objects.filter(controller=controller).order_by("id").values_list("key", flat=True).first()
        if kind is None:
            raise RejoinRefusedError("not-by-oneself", "the union has no type of membership to come back to")
        return Terms(type=kind)
    units = Unit.objects.filter(controller=controller).exclude(ends__lte=clock.today())
    open_units = set(units.values_list("kind", "key"))
    return Terms(
        type=last.type,
        section=last.section if ("section", last.section) in open_units else None,
        workplace=last.workplace if ("workplace", last.workplace) in open_units else None,
    )


def _may(controller: Controller, subject_id: int, given: Mapping[str, str]) -> bool:
    """Whether a code may go to these addresses: a former member's, one of them on record where any is."""
    with _archived(controller, subject_id):
        ties = _ties(controller, subject_id)
    on_record = {
        (kind, value) for kind, values in _archived_addresses(controller, subject_id).items() for value in values
    }
    former = bool(ties) and all(tie.ended is not None for tie in ties)
    return former and (not on_record or bool(on_record & set(given.items())))


def _archived_addresses(controller: Controller, subject_id: int) -> dict[str, list[str]]:
    """Kind (`email`, `phone`) → the addresses on record of a former member."""
    with _archived(controller, subject_id):
        known = Fact.objects.filter(
            subject_id__in=same_person(subject_id), kind__in=["email", "phone"], superseded_at__isnull=True
        )
        found: dict[str, list[str]] = {"email": [], "phone": []}
        for kind, value in sorted(set(known.values_list("kind", "value"))):
            found[kind].append(value)
    return found


def _ties(controller: Controller, subject_id: int) -> list[Relationship]:
    ties = Relationship.objects.filter(
        subject_id__in=same_person(subject_id), controller_id=controller.pk, kind="member"
    )
    return sorted(ties, key=lambda tie: tie.ended or date.max)


def _archived(controller: Controller, subject_id: int) -> Scope:
    return Scope(system(ACTIVITY, {controller.pk}), ACTIVITY, frozenset(same_person(subject_id)))


def _addresses(typed: Mapping[str, str]) -> dict[str, str]:
    return {"email": email.normalise(typed["email"]), "phone": phone.normalise(typed["mobile"])}
