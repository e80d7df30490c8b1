"""Gift cards (C11): sold, activated, paid with in parts, returned, expired. Whoever has the code has the card.

A card is nobody's: its subject is a random number of its own, so a card bought over the counter tells of no person.
What it holds is one account in a book of the chain's gift cards; every movement locks the card and then moves value
that the ledger refuses to move twice, so there is no gap between looking and taking. Every call is idempotent by key.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tillit.bonus import codes
from tillit.bonus.errors import GiftCardError, NoProgrammeError
from tillit.bonus.kinds import CARD, EXPIRED, REDEEMED, REFUNDED, SOLD
from tillit.bonus.models import GiftCard, GiftCardStatus, Programme
from tillit.bonus.vouchers import Till
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Programme as Declared
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope, require, system
from tillit.ledger import operations as ledger
from tillit.ledger.errors import ConflictError
from tillit.ledger.models import Balance, Book, Transfer
from tillit.ledger.operations import Account, Posting, natural_key, open_book
from tillit.parties import directories
from tillit.parties.digests import Kind
from tillit.parties.operations import create_subject, lock_subject
from tillit.purchases.models import Chain

ACTIVITY = "gift_cards_and_offers"
_TRIES = 5


@dataclass(frozen=True)
class Held:
    """A gift card as it stands: `balance` is what may be paid with now, in minor units; 0 once it has expired."""

    card: GiftCard
    balance: int
    expired: bool


def sell(*, scope: Scope, till: Till, chain: Chain, amount: int, key: UUID, at: datetime) -> GiftCard:
    """A new card for `amount` minor units, which holds nothing before it is activated. The same `key`: the same card.

    Raises `GiftCardError` on an amount that is none, or `receipt-reused` on the key with another amount or on another
    day (receipts are numbered anew each year), and `NoProgrammeError`.
    """
    require(activity=ACTIVITY)
    if amount <= 0:
        raise GiftCardError("amount-unreadable", "a gift card is above zero")
    declared, book = terms(chain), book_of(chain)
    subject = None
    for turn in range(_TRIES):
        nonce = natural_key("gift-card", chain.pk, key, turn)
        code = codes.make(register_id=till.register_id, kind=Kind.GIFT_CARD, nonce=nonce, form=declared.voucher_barcode)
        known = codes.known_by(register_id=till.register_id, kind=Kind.GIFT_CARD, code=code)
        holder = directories.resolve(register_id=till.register_id, kind=Kind.GIFT_CARD, digest=known)
        if holder is None:
            subject = create_subject(scope=scope, register_id=till.register_id)
            claims = {known: subject}
            holder = directories.claim_set(register_id=till.register_id, kind=Kind.GIFT_CARD, claims=claims)[known]
        if holder != subject:
            standing = GiftCard.objects.filter(subject_id=holder, id=known).first()
            if standing is None or standing.nonce != nonce:
                continue
            days = {clock.local_date(moment, book.zone) for moment in (standing.sold_at, at)}
            if standing.amount != amount or len(days) > 1:
                raise GiftCardError("receipt-reused", "the key was used for another card")
            return standing
        life = IsoPeriod.parse(f"P{declared.gift_card_months}M")
        return GiftCard.objects.create(
            subject_id=subject,
            id=known,
            controller_id=chain.controller_id,
            chain_id=chain.pk,
            book_id=book.pk,
            store_id=till.store_id,
            client_id=till.client_id,
            amount=amount,
            currency=chain.currency,
            nonce=nonce,
            sold_at=at,
            expires_on=IsoPeriod.parse("P1D").add_to(life.add_to(clock.local_date(at, book.zone))),
        )
    raise GiftCardError("no-code", "no code is free")


def activate(*, scope: Scope, card: GiftCard, at: datetime) -> GiftCard:
    """The card is paid for: from now on it holds what it was sold for. Again: nothing more."""
    card = _locked(scope, card)
    if card.status == GiftCardStatus.SOLD:
        into = Account(CARD, card.expires_on)
        posting = Posting(
            card.subject_id, natural_key("gift-sold", card.id), card.book_id, card.amount, Account(SOLD), into, at
        )
        ledger.post(scope=scope, postings=[posting])
        card.status, card.activated_at = GiftCardStatus.ACTIVE, at
        card.save(update_fields=["status", "activated_at"])
    elif card.status != GiftCardStatus.ACTIVE:
        raise GiftCardError("gift-card-state", "the card has been returned")
    return card


def find(*, scope: Scope, till: Till, code: str) -> GiftCard:
    """The card of a code in the till's chain. Raises `GiftCardError` `gift-card-unknown`."""
    number = codes.known_by(register_id=till.register_id, kind=Kind.GIFT_CARD, code=code)
    return of_number(scope=scope, till=till, number=number)


def of_number(*, scope: Scope, till: Till, number: UUID) -> GiftCard:
    """The card with that number (its code's digest) in the till's chain. Raises as `find`."""
    holder = directories.resolve(register_id=till.register_id, kind=Kind.GIFT_CARD, digest=number)
    card = GiftCard.objects.filter(subject_id=holder, id=number).first() if holder else None
    if card is None or card.chain_id != till.chain_id:
        raise GiftCardError("gift-card-unknown", "there is no such gift card")
    return card


def holds(*, card: GiftCard, at: datetime) -> Held:
    """What a card holds."""
    today = clock.local_date(at, str(Book.objects.values_list("zone", flat=True).get(pk=card.book_id)))
    row = Balance.objects.filter(subject_id=card.subject_id, book_id=card.book_id, kind=CARD.id).first()
    expired = card.expires_on <= today
    return Held(card, 0 if row is None or expired else row.balance, expired)


def redeem(*, scope: Scope, card: GiftCard, till: Till, amount: int, receipt: str, at: datetime) -> Held:
    """Pay `amount` minor units with the card; the same till, store and receipt again, that day, is the same payment.

    Raises `InsufficientFundsError`, `GiftCardError` `gift-card-state` or `receipt-reused`.
    """
    card = _locked(scope, card)
    if card.status != GiftCardStatus.ACTIVE:
        raise GiftCardError("gift-card-state", "the card holds nothing")
    key = _use_key(card, till, receipt)
    zone = str(Book.objects.values_list("zone", flat=True).get(pk=card.book_id))
    today = clock.local_date(at, zone)
    paid = Transfer.objects.filter(subject_id=card.subject_id, reference=key).values_list("event_at", flat=True)
    if any(clock.local_date(moment, zone) != today for moment in paid):
        raise GiftCardError("receipt-reused", "the receipt was used on another day")
    try:
        parts = ledger.draw(
            scope=scope,
            subject_id=card.subject_id,
            key=key,
            book_id=card.book_id,
            amount=amount,
            source=CARD,
            credit=REDEEMED,
            on=today,
            at=at,
        )
    except ConflictError:
        raise GiftCardError("receipt-reused", "the receipt was used with another amount") from None
    if Transfer.objects.filter(subject_id=card.subject_id, reference__in=[part.id for part in parts]).exists():
        raise GiftCardError("receipt-reused", "the payment was undone")
    return holds(card=card, at=at)


def undo(*, scope: Scope, card: GiftCard, till: Till, receipt: str, at: datetime) -> Held:
    """Undo the payment of a receipt: the value goes back to the card. Again: nothing more."""
    card = _locked(scope, card)
    rows = Transfer.objects.filter(
        subject_id=card.subject_id, reference=_use_key(card, till, receipt), credit_kind=REDEEMED.id
    )
    for transfer in rows.values_list("id", flat=True):
        ledger.reverse(scope=scope, subject_id=card.subject_id, transfer_id=transfer, at=at)
    return holds(card=card, at=at)


def refund(*, scope: Scope, card: GiftCard, at: datetime) -> GiftCard:
    """Take back an unused card, where the programme declares it: the buyer is paid outside. Again: nothing more.

    Raises `GiftCardError` `gift-card-state` on a card that was used, has expired or may not be returned.
    """
    card = _locked(scope, card)
    if card.status == GiftCardStatus.RETURNED:
        return card
    held = holds(card=card, at=at)
    declared = terms(Chain.objects.get(pk=card.chain_id))
    if card.status != GiftCardStatus.ACTIVE or not declared.gift_card_refund or held.balance != card.amount:
        raise GiftCardError("gift-card-state", "only an unused card is taken back")
    out = Account(CARD, card.expires_on)
    posting = Posting(
        card.subject_id, natural_key("gift-returned", card.id), card.book_id, card.amount, out, Account(REFUNDED), at
    )
    ledger.post(scope=scope, postings=[posting])
    card.status = GiftCardStatus.RETURNED
    card.save(update_fields=["status"])
    return card


def expire_everywhere(*, on: date | None = None) -> int:
    """Empty every card that has expired, in every chain; the amount."""
    gone = 0
    for chain in Chain.objects.filter(programme__isnull=False).order_by("key"):
        book = Book.objects.filter(controller_id=chain.controller_id, key=f"gift:{chain.key}").first()
        if book is None:
            continue
        with Scope(system("gift_card_expiry", {chain.controller_id}), ACTIVITY) as scope:
            today = on or clock.today(book.zone)
            run = ledger.sweep(scope=scope, book_id=book.pk, kind=CARD, credit=EXPIRED, on=today, at=clock.now())
            gone += sum(amount for _, amount in run)
    return gone


def code_of(*, card: GiftCard, register_id: int) -> str:
    """The code of a card, made anew, for the receipt or the card it is printed on."""
    code = codes.again(register_id=register_id, kind=Kind.GIFT_CARD, nonce=card.nonce, known=card.id)
    if code is None:
        raise GiftCardError("no-code", "the code cannot be made: the key it was made with is gone")
    return code


def terms(chain: Chain) -> Declared:
    """What the chain's controller declares of gift cards. Raises `NoProgrammeError`."""
    declared = current(controller_id=chain.controller_id, on=clock.today()).programme
    if declared is None or not Programme.objects.filter(chain=chain).exists():
        raise NoProgrammeError("no-programme", "the chain has no bonus programme")
    return declared


def book_of(chain: Chain) -> Book:
    """The book of a chain's gift cards."""
    return open_book(
        controller_id=chain.controller_id, key=f"gift:{chain.key}", currency=chain.currency, category="gift_card"
    )


def _use_key(card: GiftCard, till: Till, receipt: str) -> UUID:
    return natural_key("gift-use", card.id, till.client_id, till.store_id, receipt)


def _locked(scope: Scope, card: GiftCard) -> GiftCard:
    require(activity=ACTIVITY)
    lock_subject(scope=scope, subject_id=card.subject_id)
    return GiftCard.objects.select_for_update().get(subject_id=card.subject_id, id=card.id)


def looked_at(*, controller: Controller, code: str, at: datetime) -> Held:
    """What the card of a code holds, for whoever has the code. Raises `GiftCardError` `gift-card-unknown`."""
    register = controller.register_id
    everyone = Controller.objects.filter(register_id=register).values_list("pk", flat=True)
    known = codes.known_by(register_id=register, kind=Kind.GIFT_CARD, code=code)
    with Scope(system("gift_card_look", everyone), ACTIVITY):
        holder = directories.resolve(register_id=register, kind=Kind.GIFT_CARD, digest=known)
        card = GiftCard.objects.filter(subject_id=holder, id=known).first() if holder else None
        if card is None:
            raise GiftCardError("gift-card-unknown", "there is no such gift card")
        return holds(card=card, at=at)
