"""Changed terms are tried on past purchases before they are decided: `tillit bonus simulate` and a page for staff."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from tillit.bonus import preview
from tillit.bonus.models import Programme, RateRule
from tillit.bonus.preview import Preview
from tillit.declaration.queries import holder_of
from tillit.journeys import programme_setup
from tillit.journeys.programme_file import Setup
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.purchases.intake import prepare_tables
from tillit.purchases.models import Chain

LONGEST_WAIT = 90
"""Days, as the declaration may say (`programme.available_after_days`)."""


def simulate(
    *,
    setup: Setup,
    start: date,
    end: date,
    stacking: str | None = None,
    available_after: int | None = None,
    without: Collection[int] = (),
    standing: Collection[int] | None = None,
) -> Preview:
    """What the purchases made in [start, end) earned by the terms that stand, and with those of `setup` added and the
    rules `without` (ids) gone. `standing`: compare with these rules of the chains alone, as if they had always held.

    Only rates and offers of chains that are there count; everything is taken back. `stacking`: try another rule for
    offers; `available_after`: another number of days for which bonus waits. Raises `SetupRefusedError` where a rate or
    offer cannot be, `TillitError` `unknown-chain`, `preview-period`, `preview-wait`.
    """
    if end <= start:
        raise TillitError("preview-period", "the period ends after it starts")
    if available_after is not None and not 0 <= available_after <= LONGEST_WAIT:
        raise TillitError("preview-wait", f"bonus waits 0 to {LONGEST_WAIT} days")
    keys = [entry.key for entry in setup.chains]
    chains = {chain.key: chain for chain in Chain.objects.filter(key__in=keys)}
    if not keys or set(keys) - set(chains):
        raise TillitError("unknown-chain", f"no chain '{next(iter(set(keys) - set(chains)), '')}'")
    controllers = {chain.controller_id for chain in chains.values()}
    holders = {holder_of(controller_id=one) for one in controllers}

    def stand() -> None:
        if standing is not None:
            rules = RateRule.objects.filter(chain__in=chains.values())
            rules.exclude(pk__in=standing).delete()
            held = list(rules.values_list("pk", "starts"))
            moments = sorted({moment for _, moment in held})
            for rule, moment in held:  # in their order, which decides between two of a rank
                before = timedelta(days=len(moments) - moments.index(moment))
                RateRule.objects.filter(pk=rule).update(starts=_midnight(start) - before, ends=None)

    def change() -> None:
        if stacking:
            Programme.objects.filter(chain__in=chains.values()).update(stacking=stacking)
        if available_after is not None:
            Programme.objects.filter(chain__in=chains.values()).update(
                available_after_days=available_after, waits_from=None
            )
        RateRule.objects.filter(pk__in=without).delete()
        programme_setup.keep_terms(setup)

    prepare_tables()
    with transaction.atomic():
        with Scope(system("preview", controllers | holders), preview.ACTIVITY):
            found = preview.tried(
                chain_ids=[chain.pk for chain in chains.values()],
                starts=_midnight(start),
                ends=_midnight(end),
                change=change,
                stand=stand,
            )
        transaction.set_rollback(True)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(DEFAULT_ZONE))
