"""Bonus goes along when a chain's people are handed over to another controller (A10).

The person's account in the giver's book is emptied into HANDED_OVER and the receiver's is filled out of it, lot by lot
with its expiry, debt as debt: each book still adds up to zero, and so do the two HANDED_OVER accounts together. What
was set aside in open vouchers goes back to its lots first; what has expired expires at the giver. Where the plan says
no chain, the bonus stays with the giver and goes by its rules. What may not be used yet keeps the day it was earned on,
and waits at the receiver as its programme says from that day.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from tillit.bonus import pooling, programmes, queries
from tillit.bonus.kinds import DEBT, EXPIRED, LOT
from tillit.bonus.models import Programme
from tillit.bonus.voucher_endings import release_all
from tillit.declaration.registry.going import Arriving, Counts, Going, Leaving, Packed
from tillit.kernel import clock
from tillit.kernel.scope import require
from tillit.ledger import operations as ledger
from tillit.ledger.kinds import HANDED_OVER, NEVER
from tillit.ledger.models import Balance
from tillit.ledger.operations import Account, Posting, natural_key
from tillit.parties.operations import lock_subjects

CATEGORY = "bonus"
Coming = defaultdict[tuple[int, date, date], int]
"""(kind of account, expiry, local day it was earned on where it still waits, else `NEVER`) → minor units."""


def undecided(giver: int, receiver: int, categories: frozenset[str], chains: Mapping[str, str]) -> str:
    """What a plan must still say of the giver's chains, or says wrongly; '' when nothing is."""
    own, theirs = (_programmes(one) if CATEGORY in categories else {} for one in (giver, receiver))
    if not receiver:  # of another installation, which says itself what it takes
        stray, silent = sorted(set(chains) - set(own)), sorted(set(own) - set(chains))
        if stray or silent:
            return f"say which chain of the receiver's the bonus of {(stray or silent)[0]} goes to, or that it stays"
        return ""
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


def pack(leaving: Leaving) -> Packed:
    """Carry the person's bonus out of the giver's books, for another installation. In the caller's scope."""
    if CATEGORY not in leaving.categories:
        return Packed([], {})
    own, said, left = _programmes(leaving.giver), [], defaultdict[str, int](int)
    for one, other in sorted(leaving.chains.items()):
        if other and one in own:
            coming = _out(leaving.subjects, leaving.handover, own[one], leaving.at)
            lots = [
                {"kind": kind, "expires": expires.isoformat(), "earned": earned.isoformat(), "amount": amount}
                for (kind, expires, earned), amount in sorted(coming.items())
            ]
            currency = own[one].chain.currency
            said.append({"chain": other, "currency": currency, "lots": lots})
            left[f"bonus:{currency}"] += _worth(coming)
    return Packed(said, dict(left))


def unpack(arriving: Arriving, said: list[dict[str, Any]]) -> dict[str, int]:
    """Fill the person's account in the receiver's books with what comes. In the caller's scope; minor units by unit."""
    if CATEGORY not in arriving.categories:
        return {}
    theirs, arrived = _programmes(arriving.receiver), defaultdict[str, int](int)
    for place, one in enumerate(said):
        target = theirs.get(str(one["chain"]))
        if target is None or target.chain.currency != one["currency"]:
            continue  # the giver sees that it does not arrive, and nothing leaves
        coming: Coming = defaultdict(int)
        for lot in one["lots"]:
            expires, earned = date.fromisoformat(lot["expires"]), date.fromisoformat(lot["earned"])
            coming[int(lot["kind"]), expires, earned] += int(lot["amount"])
        key = ("handover from elsewhere", arriving.expected, place)
        arrived[f"bonus:{target.chain.currency}"] += _in(arriving.new, key, target, coming, arriving.at)
    return dict(arrived)


def _one(going: Going, source: Programme, target: Programme) -> Counts:
    coming = _out(going.subjects, going.handover, source, going.at)
    arrived = _in(going.new, ("handover in", going.handover, source.book_id), target, coming, going.at)
    return {f"bonus:{source.chain.currency}": (_worth(coming), arrived)}


def _out(subjects: tuple[int, ...], handover: int, source: Programme, at: datetime) -> Coming:
    """Empty the person's account into what is between the books; what comes out, by kind and expiry."""
    scope = require()
    pooling.lock(scope=scope, subject_ids=subjects)
    states = lock_subjects(scope=scope, subject_ids=subjects)
    today = clock.local_date(at, programmes.zone(source))
    for one in subjects:
        release_all(scope=scope, subject_id=one, programme=source, at=at)
    pooling.settle(scope=scope, subject_ids=subjects, programme=source, at=at)
    sweep = partial(ledger.sweep, scope=scope, book_id=source.book_id, at=at, subjects=list(subjects))
    for _ in sweep(kind=LOT, credit=EXPIRED, on=today):
        pass
    rows = Balance.objects.filter(subject_id__in=subjects, book_id=source.book_id).exclude(balance=0)
    passing, postings, waits = Account(HANDED_OVER), [], queries.waiting(people=subjects, programme=source, at=at)
    coming: Coming = defaultdict(int)
    for row in rows.filter(kind__in=[LOT.id, DEBT.id]).order_by("kind", "-expires_on", "subject_id"):
        lot, amount = row.kind == LOT.id, abs(row.balance)
        account = Account(LOT, row.expires_on) if lot else Account(DEBT, NEVER)
        key = natural_key("handover out", handover, row.subject_id, source.book_id, row.kind, row.expires_on)
        sides = (account, passing) if lot else (passing, account)
        postings.append(Posting(row.subject_id, key, source.book_id, amount, *sides, at, None, states[row.subject_id]))
        while lot and waits and amount:
            day, waiting = waits.pop()  # the latest, which is in the lots that live longest
            part = min(amount, waiting)
            coming[LOT.id, row.expires_on, day] += part
            amount -= part
            if waiting > part:
                waits.append((day, waiting - part))
        if amount:
            coming[row.kind, account.expires or NEVER, NEVER] += amount
    ledger.post(scope=scope, postings=postings)
    return coming


def _in(new: int, key: tuple[object, ...], target: Programme, coming: Coming, at: datetime) -> int:
    """Fill the account in the target's book; minor units that arrived by it. `key`: what it comes by and out of.

    A transfer of what waits has the day it was earned on, and a reference: `bonus_waiting` counts it by those.
    """
    scope, passing, arriving = require(), Account(HANDED_OVER), []
    state = lock_subjects(scope=scope, subject_ids=[new])[new]
    zone = ZoneInfo(programmes.zone(target))
    for (kind, expires, earned), amount in sorted(coming.items()):
        natural = natural_key(*key, new, target.book_id, kind, expires, earned)
        account = Account(LOT if kind == LOT.id else DEBT, expires)
        sides = (passing, account) if kind == LOT.id else (account, passing)
        waits = earned != NEVER
        day = datetime.combine(earned, time(12), zone) if waits else at
        reference = natural_key("waits", natural) if waits else None
        arriving.append(Posting(new, natural, target.book_id, amount, *sides, day, reference, state))
    posted = ledger.post(scope=scope, postings=arriving)
    return sum(one.amount if one.credit.kind == LOT else -one.amount for one in arriving if one.id in posted)


def _worth(coming: Coming) -> int:
    return sum(amount if kind == LOT.id else -amount for (kind, _, _), amount in coming.items())
