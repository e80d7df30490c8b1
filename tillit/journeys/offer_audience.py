"""Whom a targeted offer is made to, and telling them (C11, C16): who may be approached now, who not and why, counted.

The audience is put together anew each time, from consent and objection as they stand; picking by purchases is
profiling, and leaves out whoever objected to it. The message goes through the outbox as marketing does: with the
person's yes, over the ways they chose, no more often than declared, with a way out.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from django.db import connection

from tillit.bonus import offers
from tillit.bonus.errors import OfferRefusedError
from tillit.bonus.models import Offer, OfferAudience
from tillit.consent.queries import reasons
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.kernel.sql import load
from tillit.messages.models import Message
from tillit.messages.operations import Put
from tillit.messages.rounds import send_round
from tillit.parties.merging import same_people

ACTIVITY, PROFILING, TEMPLATE = "marketing", "profiling", "bonus_offer"
PICKS = ("everybody", "bought", "absent")


@dataclass(frozen=True)
class Pick:
    """Who is meant: everybody, who bought for at least `spent` (minor units) in the last `days`, or who bought before
    them and not since.
    """

    how: str = "everybody"
    days: int = 90
    spent: int = 0


@dataclass(frozen=True)
class Audience:
    """How many are meant, how many of them may be approached, and reason → how many may not. Nobody is named."""

    meant: int
    reached: int
    left_out: Mapping[str, int]
    subjects: frozenset[int] = field(repr=False, default=frozenset())


@dataclass(frozen=True)
class Standing:
    """A targeted offer, how many it is made to, and how many were told so."""

    offer: Offer
    people: int
    told: int


def may_target(*, actor: Actor, controller: Controller) -> bool:
    """Whether the actor approaches the controller's members with offers."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return declared.activity(ACTIVITY) is not None and ACTIVITY in (actor.activities or ())


def standing(*, actor: Actor, controller: Controller) -> list[Standing]:
    """The controller's targeted offers that have not ended, the newest first."""
    _may(actor, controller)
    now = clock.now()
    found = Offer.objects.filter(chain__controller=controller, targeted=True).exclude(ends__lte=now)
    with Scope(_acting(controller), ACTIVITY):
        return [
            Standing(
                one,
                OfferAudience.objects.filter(offer_id=one.pk).count(),
                Message.objects.filter(controller_id=controller.pk, key=_key(one)).exclude(reason__gt="").count(),
            )
            for one in found.select_related("chain").order_by("-starts", "key")[:200]
        ]


def weigh(*, actor: Actor, controller: Controller, offer_id: int, pick: Pick) -> Audience:
    """Whom the offer would be made to, counted. Nothing is kept. Raises `OfferRefusedError`, `ScopeError`."""
    _may(actor, controller)
    one = _offer(controller, offer_id)
    open_to = reasons(controller_id=controller.pk, activity=ACTIVITY)
    meant, profiled = set(open_to), dict.fromkeys(open_to, "")
    if pick.how != "everybody":
        meant = _matched(controller, one, pick)
        profiled = reasons(controller_id=controller.pk, activity=PROFILING)
    said = {person: open_to.get(person, "not-applicable") or _profiled(profiled, person) for person in meant}
    left_out = Counter(reason for reason in said.values() if reason)
    reached = frozenset(person for person, reason in said.items() if not reason)
    return Audience(len(meant), len(reached), dict(sorted(left_out.items())), reached)


def make(*, actor: Actor, controller: Controller, offer_id: int, pick: Pick) -> tuple[int, Put]:
    """Make the offer to those who may be approached now, and write to them: (how many are new, what was put out).

    Again: whoever has the offer keeps it and is not told twice.
    """
    found = weigh(actor=actor, controller=controller, offer_id=offer_id, pick=pick)
    one, acting = _offer(controller, offer_id), _acting(controller)
    with Scope(acting, ACTIVITY) as scope:
        new = offers.aim(scope=scope, offer=one, subject_ids=found.subjects, because=pick.how)
        known = Message.objects.filter(controller_id=controller.pk, key=_key(one)).values_list("subject_id", flat=True)
        untold = sorted(found.subjects - set(same_people(set(known)).values()) - set(known))
    language = current(controller_id=controller.pk, on=clock.today()).controller.languages[0]
    until = format_date(_last_day(one.ends), "long", locale=language) if one.ends else "–"
    values = {"name": one.name, "chain": one.chain.name, "day": until}
    put = send_round(
        actor=acting,
        activity=ACTIVITY,
        controller_id=controller.pk,
        template=TEMPLATE,
        people=dict.fromkeys(untold, values),
        at=clock.now(),
        key=_key(one),
    )
    return new, put


def _matched(controller: Controller, one: Offer, pick: Pick) -> set[int]:
    since = clock.now() - timedelta(days=pick.days)
    given: dict[str, Any] = {"chain": one.chain_id, "since": since, "spent": pick.spent, "absent": pick.how == "absent"}
    with Scope(_acting(controller), PROFILING), connection.cursor() as cursor:
        cursor.execute(load(offers.__file__, "audience", "matched"), given)
        return {int(row[0]) for row in cursor.fetchall()}


def _profiled(found: Mapping[int, str], person: int) -> str:
    reason = found.get(person, "not-applicable")
    return f"profiling-{reason}" if reason else ""


def _offer(controller: Controller, offer_id: int) -> Offer:
    found = Offer.objects.filter(pk=offer_id, chain__controller=controller, targeted=True).select_related("chain")
    one = found.exclude(ends__lte=clock.now()).first()
    if one is None:
        raise OfferRefusedError("offer-unknown", "there is no such offer for an audience")
    return one


def _may(actor: Actor, controller: Controller) -> None:
    if not may_target(actor=actor, controller=controller):
        raise ScopeError("scope-activity", f"{actor.kind} may not approach members")


def _acting(controller: Controller) -> Actor:
    return system("audience", {controller.pk, holder_of(controller_id=controller.pk)})


def _key(one: Offer) -> str:
    return f"offer-{one.pk}"


def _last_day(ends: datetime) -> date:
    return clock.local_date(ends - timedelta(seconds=1))
