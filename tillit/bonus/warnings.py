"""Members are told of bonus that is about to expire (C7), as a service message, once for each chain and day (F11)."""

from datetime import date, timedelta

from babel.dates import format_date

from tillit.bonus import programmes, queries
from tillit.bonus.models import Programme
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import Scope, system
from tillit.messages.rounds import send_round

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
            key=f"bonus_expiry:{programme.chain_id}:{gone}",
        )
        told += put.queued + put.shown
    return told


def warn_everywhere() -> int:
    """The warnings of every programme, each in its own zone's today; how many."""
    found = Programme.objects.select_related("chain").order_by("chain__key")
    return sum(warn(programme=one, on=clock.today(programmes.zone(one))) for one in found)
