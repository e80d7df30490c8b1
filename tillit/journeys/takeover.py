"""Taking a register of members over from another system: the rules of joining, a set at a time.

Each set is one transaction and can be given again: who is known by e-mail and mobile is left as they are. A person of
whom only one of the two is known, or whom another row of the set contradicts, is refused and told by place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys.join import ACTIVITY, Applicant, JoinRefusedError, checked, facts_of, keys_of, minimum_age
from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.membership import bonus_ids, events
from tillit.membership.operations import accept_terms_of_new
from tillit.parties import directories, many
from tillit.parties.digests import Kind
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.many import Tie
from tillit.purchases import many as instruments

SET = 500


@dataclass(frozen=True)
class Member:
    """Somebody to take over: what they stated, the clubs (controller ids) they are in, since when, and their cards."""

    applicant: Applicant
    clubs: tuple[int, ...]
    since: datetime
    numbers: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class TakenOver:
    """How many are new, how many were known, how many cards; place in the list → why that person was refused.

    `numbers_refused`: reason → how many cards or accounts were not registered.
    """

    new: int
    known: int
    instruments: int
    refused: dict[int, str]
    numbers_refused: dict[str, int]


def take_over(*, members: Sequence[Member], at: datetime) -> TakenOver:
    """Enrol a set of at most `SET` people of one register, and the coalition with their clubs. Outside every scope.

    Raises `AlreadyClaimedError` when somebody joins by another way at the same moment: give the set again.
    """
    if not members:
        return TakenOver(0, 0, 0, {}, {})
    clubs = {club for member in members for club in member.clubs}
    register_id, *others = set(Controller.objects.filter(pk__in=clubs).values_list("register_id", flat=True))
    if others or len(members) > SET:
        raise JoinRefusedError("takeover-set", f"a set is at most {SET} people of one register")
    holder = holder_of(controller_id=min(clubs))
    stated, refused = _stated(members, at)
    new, known, more = _sorted(stated, register_id)
    refused |= more
    with Scope(system("takeover", clubs | {holder}), ACTIVITY) as scope:
        ids = many.create_subjects(scope=scope, register_id=register_id, count=len(new))
        subject = dict(zip(new, ids, strict=True))
        since = {subject[place]: members[place].since for place in new}
        _identify(scope, register_id, {subject[place]: stated[place] for place in new}, since)
        many.record_facts(
            scope=scope,
            controller_id=holder,
            facts={subject[place]: facts_of(stated[place]) for place in new},
            source="data_subject",
            at=since,
        )
        ties = [
            Tie(subject[place], one, clock.local_date(members[place].since))
            for place in new
            for one in dict.fromkeys((*members[place].clubs, holder))
        ]
        many.relate(scope=scope, ties=ties, kind="member")
        accept_terms_of_new(
            scope=scope, accepted=[(tie.subject_id, tie.controller_id, since[tie.subject_id]) for tie in ties]
        )
        if bonus_ids.issued_by(controller_id=holder):
            bonus_ids.issue_new(scope=scope, register_id=register_id, holder=holder, at=since)
        many.open_accounts(scope=scope, register_id=register_id, at=since)
        for one in sorted(clubs | {holder}):
            count = sum(tie.controller_id == one for tie in ties)
            append(type=events.TAKEN_OVER, scope=scope, controller=one, details={"people": count})
        with Scope(system("takeover", clubs | {holder}), "bonus_earning") as earning:
            numbers = {subject[place]: members[place].numbers for place in new}
            registered, not_registered = instruments.register_instruments(
                scope=earning, controller_id=holder, numbers=numbers, at=since
            )
    return TakenOver(len(new), known, registered, refused, not_registered)


def _stated(members: Sequence[Member], at: datetime) -> tuple[dict[int, Applicant], dict[int, str]]:
    """Place → the applicant in normal form, and place → why not."""
    stated, refused = {}, {}
    ages = {club: minimum_age(controller_id=club, at=at) for club in {m.clubs[0] for m in members}}
    for place, member in enumerate(members):
        try:
            stated[place] = checked(member.applicant, minimum_age=ages[member.clubs[0]], at=at)
        except (JoinRefusedError, IdentifierError) as error:
            refused[place] = error.code
    return stated, refused


def _sorted(stated: dict[int, Applicant], register_id: int) -> tuple[list[int], int, dict[int, str]]:
    """The places of people who are new, how many are known, and the places of those who are neither."""
    keys = {place: keys_of(applicant, register_id=register_id) for place, applicant in stated.items()}
    holders = {
        kind: directories.resolve_set(
            register_id=register_id, kind=kind, digests=[mine[kind] for mine in keys.values()]
        )
        for kind in (Kind.EMAIL, Kind.PHONE)
    }
    new, known, refused = [], 0, {}
    taken: set[tuple[Kind, object]] = set()
    for place, mine in keys.items():
        found = {holders[kind].get(key) for kind, key in mine.items()}
        if found == {None} and not taken & set(mine.items()):
            taken |= set(mine.items())
            new.append(place)
        elif len(found) == 1 and None not in found:
            known += 1
        else:
            refused[place] = "other-person"
    return new, known, refused


def _identify(scope: Scope, register_id: int, people: dict[int, Applicant], since: dict[int, datetime]) -> None:
    """Claim e-mail, mobile and the pair of both for each; all of them or none."""
    keys = {subject: keys_of(applicant, register_id=register_id) for subject, applicant in people.items()}
    for kind in (Kind.EMAIL, Kind.PHONE):
        claims = {mine[kind]: subject for subject, mine in keys.items()}
        if directories.claim_set(register_id=register_id, kind=kind, claims=claims) != claims:
            raise AlreadyClaimedError("already-claimed", "somebody joined meanwhile")
    pairs = {subject: (applicant.mobile, applicant.email) for subject, applicant in people.items()}
    instruments.recognise_in_web_shops(scope=scope, register_id=register_id, pairs=pairs, at=since)
