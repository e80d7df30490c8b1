"""Bonus goes along when a chain's people are handed over to another controller (A10).

The person's account in the giver's book is emptied into HANDED_OVER and the receiver's is filled out of it, lot by lot
with its expiry, debt as debt: each book still adds up to zero, and so do the two HANDED_OVER accounts together. What
was set aside in open vouchers goes back to its lots first; what has expired expires at the giver. Where the plan says
no chain, the bonus stays with the giver and goes by its rules.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import partial

from tillit.bonus import pooling, programmes
from tillit.bonus.kinds import DEBT, EXPIRED, LOT
from tillit.bonus.models import Programme
from tillit.bonus.voucher_endings import release_all
from tillit.declaration.registry.going import Counts, Going
from tillit.kernel import clock
from tillit.kernel.scope import require
from tillit.ledger import operations as ledger
from tillit.ledger.kinds import HANDED_OVER, NEVER
from tillit.ledger.models import Balance
from tillit.ledger.operations import Account, Posting, natural_key
from tillit.parties.operations import lock_subjects

CATEGORY = "bonus"


def undecided(giver: int, receiver: int, categories: frozenset[str], chains: Mapping[str, str]) -> str:
    """What a plan must still say of the giver's chains, or says wrongly; '' when nothing is."""
    own, theirs = (_programmes(one) if CATEGORY in categories else {} for one in (giver, receiver))
    if stray := sorted(set(chains) - set(own)) or sorted({one for one in chains.values() if one} - set(theirs)):
        return f"no bonus goes along from or to the chain {stray[0]}"
    if theirs and (open_ones := sorted(set(own) - set(chains))):
        return f"say which chain of the receiver's the bonus of {open_ones[0]} goes to, or that it stays"
    for one, other in chains.items():
        if other and own[one].chain.currency != theirs[other].chain.currency:
            return f"{one} and {other} are in two currencies"
    return ""


def carry(going: Going) -> Counts:
    """Carry the person's bonus over. In the caller's scope; accounts and minor units that left and arrived."""
    if CATEGORY not in going.categories:
        return {}
    own, theirs = _programmes(going.giver), _programmes(going.receiver)
    counts: Counts = {}
    for one, other in sorted(going.chains.items()):
        if other and one in own and other in theirs:
            for key, (left, arrived) in _one(going, own[one], theirs[other]).items():
                before = counts.get(key, (0, 0))
                counts[key] = (before[0] + left, before[1] + arrived)
    return counts


def _programmes(controller: int) -> dict[str, Programme]:
    found = Programme.objects.select_related("chain").filter(chain__controller_id=controller)
    return {one.chain.key: one for one in found}


def _one(going: Going, source: Programme, target: Programme) -> Counts:
    scope, at = require(), going.at
    pooling.lock(scope=scope, subject_ids=going.subjects)
    states = lock_subjects(scope=scope, subject_ids=[*going.subjects, going.new])
    today = clock.local_date(at, programmes.zone(source))
    for one in going.subjects:
        release_all(scope=scope, subject_id=one, programme=source, at=at)
    pooling.settle(scope=scope, subject_ids=going.subjects, programme=source, at=at)
    sweep = partial(ledger.sweep, scope=scope, book_id=source.book_id, at=at, subjects=list(going.subjects))
    for _ in sweep(kind=LOT, credit=EXPIRED, on=today):
        pass
    rows = Balance.objects.filter(subject_id__in=going.subjects, book_id=source.book_id).exclude(balance=0)
    passing, postings = Account(HANDED_OVER), []
    coming: dict[tuple[int, date], int] = defaultdict(int)
    for row in rows.filter(kind__in=[LOT.id, DEBT.id]).order_by("subject_id", "kind", "expires_on"):
        lot, amount = row.kind == LOT.id, abs(row.balance)
        account = Account(LOT, row.expires_on) if lot else Account(DEBT, NEVER)
        key = natural_key("handover out", going.handover, row.subject_id, source.book_id, row.kind, row.expires_on)
        sides = (account, passing) if lot else (passing, account)
        postings.append(Posting(row.subject_id, key, source.book_id, amount, *sides, at, None, states[row.subject_id]))
        coming[row.kind, account.expires or NEVER] += amount
    ledger.post(scope=scope, postings=postings)
    arriving = []
    for (kind, expires), amount in sorted(coming.items()):
        key = natural_key("handover in", going.handover, going.new, target.book_id, kind, expires)
        account = Account(LOT if kind == LOT.id else DEBT, expires)
        sides = (passing, account) if kind == LOT.id else (account, passing)
        arriving.append(Posting(going.new, key, target.book_id, amount, *sides, at, None, states[going.new]))
    ledger.post(scope=scope, postings=arriving)
    here = Balance.objects.filter(subject_id=going.new, book_id=target.book_id, kind__in=[LOT.id, DEBT.id])
    currency = source.chain.currency
    return {
        f"bonus:{currency}": (
            sum(one.amount if one.debit.kind == LOT else -one.amount for one in postings),
            sum(here.values_list("balance", flat=True)),
        )
    }
