"""Members are told of bonus that is about to expire (C7), as a service message, once for each chain and day (F11)."""

from collections.abc import Iterator
from datetime import date, timedelta

from babel.dates import format_date

from tillit.bonus import programmes, queries
from tillit.bonus.models import Programme
from tillit.consent.queries import lawful_subjects
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message
from tillit.messages.rounds import send_round
from tillit.parties.merging import same_people

ACTIVITY = "important_notices"


def warn(*, programme: Programme, on: date) -> int:
    """Put a warning in for everyone whose bonus in the chain expires within the declared time; how many are new.

    A set is one transaction; run again, nobody is told twice.
    """
    chain = programme.chain
    acting = system("expiry_warning", {chain.controller_id, holder_of(controller_id=chain.controller_id)})
    language = current(controller_id=chain.controller_id, on=on).controller.languages[0]
    with Scope(acting, ACTIVITY):
        due = list(queries.to_warn(programme=programme, on=on))
    days = sorted({day for _, day, _ in due})
    told = 0
    for gone in days:
        people = {
            subject: {
                "amount": Money(amount, chain.currency).format(language),
                "chain": chain.name,
                "day": format_date(gone - timedelta(days=1), format="long", locale=language),
            }
            for subject, day, amount in due
            if day == gone
        }
        put = send_round(
            actor=acting,
            activity=ACTIVITY,
            controller_id=chain.controller_id,
            template="bonus_expiry",
            people=people,
            at=clock.now(),
            key=_key(programme, gone),
        )
        told += put.queued + put.shown
    return told


def warn_everywhere() -> int:
    """The warnings of every programme, each in its own zone's today; how many."""
    found = Programme.objects.select_related("chain").order_by("chain__key")
    return sum(warn(programme=one, on=clock.today(programmes.zone(one))) for one in found)


GRACE = timedelta(days=2)
"""Two nights in which a warning may still be put in."""


def unwarned(controller_id: int, on: date) -> Iterator[str]:
    """How many have bonus in a chain that has been about to expire for two nights, may be told, and were not (C7)."""
    found = Programme.objects.select_related("chain").filter(chain__controller_id=controller_id).order_by("id")
    for programme in found:
        due = [(subject, gone) for subject, gone, _ in queries.to_warn(programme=programme, on=on - GRACE) if gone > on]
        if not due:
            continue
        may_be_told = lawful_subjects(controller_id=controller_id, activity=ACTIVITY)
        known_by = same_people({subject for subject, _ in due})
        keys = {_key(programme, gone) for _, gone in due}
        told = Message.objects.filter(subject_id__in=list(known_by), key__in=list(keys)).values_list(
            "subject_id", "key"
        )
        have = {(known_by[subject], key) for subject, key in told}
        missed = {
            known_by[subject]
            for subject, gone in due
            if known_by[subject] in may_be_told and (known_by[subject], _key(programme, gone)) not in have
        }
        if missed:
            yield f"{len(missed)} people with bonus about to expire in chain {programme.chain_id} were not warned"


def _key(programme: Programme, gone: date) -> str:
    return f"bonus_expiry:{programme.chain_id}:{gone}"
