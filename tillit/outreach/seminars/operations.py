"""Signing up, leaving, ticking who was there; ending what strangers left behind (F10). Keyword-only."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers import name as names
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.outreach.seminars import events, places
from tillit.outreach.seminars.errors import SeminarError
from tillit.outreach.seminars.models import Seminar, Signup, Stage, Standing
from tillit.parties import operations as parties
from tillit.parties.models import Fact, Relationship

ACTIVITY, KIND = "seminars", "seminar_participant"


@dataclass(frozen=True)
class Participant:
    """What somebody tells who signs up without an account."""

    name: str
    email: str
    phone: str = ""


def sign_up(*, seminar: Seminar, subject_id: int, digital: bool = False, language: str = "nb") -> Signup:
    """The person has a place, or waits for one; again: as it stands. Raises `SeminarError` `closed`, `stage`."""
    with _scope(seminar.controller_id, subject_id) as scope:
        return _sign_up(scope, places.locked(seminar), subject_id, digital=digital, language=language)


def sign_up_stranger(*, seminar: Seminar, who: Participant, digital: bool = False, language: str = "nb") -> Signup:
    """Somebody without an account who has confirmed it from the address (`confirming`): kept as a participant, with
    name and address. The same address twice is one person, as they signed up first.

    Raises `SeminarError` `name`, `email`, `phone`, `closed`, `stage`.
    """
    facts = _facts(who)
    with transaction.atomic():
        held = places.locked(seminar)
        with Scope(system("seminars", {held.controller_id}), ACTIVITY) as scope:
            _open(held)
            address = next(fact.value for fact in facts if fact.kind == "email")
            mine = Signup.objects.filter(controller_id=held.controller_id, seminar_id=held.pk)
            known = Fact.objects.filter(
                subject_id__in=list(mine.values_list("subject_id", flat=True)),
                kind="email",
                value=address,
                superseded_at__isnull=True,
            ).first()
            subject = known.subject_id if known else _participant(scope, held, facts)
            return _sign_up(scope, held, subject, digital=digital, language=language)


def checked(*, seminar: Seminar, who: Participant) -> str:
    """The address of who asks for a place, as it will be kept. Raises as `sign_up_stranger`."""
    facts = _facts(who)
    _open(seminar)
    return next(fact.value for fact in facts if fact.kind == "email")


def leave(*, seminar: Seminar, subject_id: int) -> None:
    """The person gives the sign-up up; whoever has waited longest takes the place. Raises `SeminarError`."""
    with Scope(system("seminars", {seminar.controller_id}), ACTIVITY) as scope:
        held = places.locked(seminar)
        if held.ends_at <= clock.now():
            raise SeminarError("stage", "it is over")
        row = mine(seminar=held, subject_id=subject_id)
        if row.standing == Standing.LEFT:
            return
        Signup.objects.filter(subject_id=subject_id, id=row.id).update(standing=Standing.LEFT)
        _record(scope, held, subject_id, Standing.LEFT)
        if row.standing == Standing.PLACE and held.stage == Stage.OPEN:
            places.move_up(scope=scope, seminar=held)


def mine(*, seminar: Seminar, subject_id: int) -> Signup:
    """The person's sign-up, as the open scope sees it. Raises `SeminarError` `link`."""
    row = Signup.objects.filter(subject_id=subject_id, seminar_id=seminar.pk).first()
    if row is None:
        raise SeminarError("link", "there is no such sign-up")
    return row


def tick(*, scope: Scope, seminar: Seminar, there: set[int], shown: set[int]) -> int:
    """Of the sign-ups that were shown (their ids), these were there and the others were not; how many changed."""
    if seminar.stage != Stage.OPEN or seminar.starts_at > clock.now():
        raise SeminarError("stage", "nobody can have been there yet")
    changed = 0
    for row in places.rows(seminar):
        if row.id not in shown or row.standing != Standing.PLACE or row.attended is (row.id in there):
            continue
        Signup.objects.filter(subject_id=row.subject_id, id=row.id).update(attended=row.id in there)
        details = {"seminar": seminar.pk, "there": row.id in there}
        append(type=events.ATTENDED, scope=scope, controller=seminar.controller_id, subject=row.subject_id,
               details=details)  # fmt: skip
        changed += 1
    return changed


def follow_everywhere() -> int:
    """The worker's run: who was kept as a participant only, and has no sign-up left, is one no longer; how many."""
    ended = 0
    for controller in Controller.objects.filter(pk__in=Seminar.objects.values("controller")).order_by("pk"):
        with Scope(system("seminars", {controller.pk}), ACTIVITY) as scope:
            kept = Signup.objects.filter(controller_id=controller.pk).values("subject_id")
            rows = Relationship.objects.filter(controller_id=controller.pk, kind=KIND, ended__isnull=True)
            for subject in list(rows.exclude(subject_id__in=kept).values_list("subject_id", flat=True)):
                ended += parties.end_relationship(
                    scope=scope, subject_id=subject, controller_id=controller.pk, kind=KIND, ended=clock.today(),
                    reason="seminar_over",
                )  # fmt: skip
    return ended


def _sign_up(scope: Scope, seminar: Seminar, subject_id: int, *, digital: bool, language: str) -> Signup:
    _open(seminar)
    state = parties.lock_subject(scope=scope, subject_id=subject_id)
    row = Signup.objects.filter(subject_id=subject_id, seminar_id=seminar.pk).first()
    if row is not None and row.standing != Standing.LEFT:
        return row
    with Scope(system("seminars", {seminar.controller_id}), ACTIVITY):  # places are counted over everybody
        standing = Standing.PLACE if places.free(seminar) else Standing.WAITING
    values = {"standing": standing, "signed_at": clock.now(), "digital": digital or not seminar.place,
              "language": language, "attended": None}  # fmt: skip
    if row is None:
        row = Signup.objects.create(
            subject_id=subject_id, controller_id=seminar.controller_id, state=state, seminar_id=seminar.pk,
            held_at=seminar.ends_at, **values,
        )  # fmt: skip
    else:
        Signup.objects.filter(subject_id=subject_id, id=row.id).update(**values, turn=F("turn") + 1)
        row = mine(seminar=seminar, subject_id=subject_id)
    _record(scope, seminar, subject_id, standing)
    template = "seminar_signed" if standing == Standing.PLACE else "seminar_waiting"
    places.tell_one(scope=scope, seminar=seminar, row=row, template=template)
    return row


def _open(seminar: Seminar) -> None:
    if seminar.stage != Stage.OPEN:
        raise SeminarError("stage", "nobody can sign up for it")
    if clock.now() > seminar.signup_until:
        raise SeminarError("closed", "sign-up is over")


def _facts(who: Participant) -> list[parties.NewFact]:
    try:
        given, _, family = names.normalise(who.name).rpartition(" ")
    except IdentifierError:
        raise SeminarError("name", "a name is missing") from None
    try:
        address = emails.normalise(who.email)
    except IdentifierError:
        raise SeminarError("email", "that is no e-mail address") from None
    found = [parties.NewFact("identity", "name.given", given or family)]
    found += [parties.NewFact("identity", "name.family", family)] if given else []
    found.append(parties.NewFact("contact", "email", address))
    if who.phone.strip():
        try:
            found.append(parties.NewFact("contact", "phone", phones.normalise(who.phone)))
        except IdentifierError:
            raise SeminarError("phone", "that is no phone number") from None
    return found


def _participant(scope: Scope, seminar: Seminar, facts: list[parties.NewFact]) -> int:
    at = clock.now()
    subject = parties.create_subject(scope=scope, register_id=seminar.controller.register_id)
    parties.relate(
        scope=scope, subject_id=subject, controller_id=seminar.controller_id, kind=KIND, started=clock.local_date(at)
    )
    parties.record_facts(
        scope=scope, subject_id=subject, controller_id=seminar.controller_id, facts=facts, source="data_subject", at=at
    )
    return subject


def _record(scope: Scope, seminar: Seminar, subject_id: int, standing: Standing) -> None:
    details = {"seminar": seminar.pk, "standing": str(standing)}
    append(type=events.SIGNED, scope=scope, controller=seminar.controller_id, subject=subject_id, details=details)


def _scope(controller_id: int, subject_id: int) -> Scope:
    return Scope(system("seminars", {controller_id}), ACTIVITY, frozenset({subject_id}))
