"""Changes of a chain's terms, from a draft over its preview to the day they hold (C6, C11, A4).

A draft says which rules end, and which rates and offers begin, at the midnight of a day to come. It is tried on past
purchases before it is published, so that whoever publishes knows what it does to whom. Where members get less, they are
told, as long before as the declaration promises for changes (`terms_judged`). Where the declaration says that another
approves what somebody wrote (`changes.four_eyes`), nobody publishes what they wrote. Until the day comes, it can be
undone.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from django.db import transaction
from pydantic import ValidationError

from tillit.audit.operations import append
from tillit.bonus import rates
from tillit.bonus.errors import BonusError
from tillit.bonus.models import Offer, OfferAudience, RateRule, TermsDraft
from tillit.bonus.preview import Preview
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys import programme_setup
from tillit.journeys.events import PROGRAMME_CHANGED
from tillit.journeys.programme_file import OfferEntry, RateEntry
from tillit.journeys.terms_judged import digest_of, figures, midnight, setup_of, simulated, standing_rules, worse
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.messages.models import Message
from tillit.messages.rounds import send_round
from tillit.parties.models import Relationship
from tillit.purchases.models import Chain

ACTIVITY, NOTICES = "gift_cards_and_offers", "important_notices"
PREVIEWED = timedelta(days=90)
WORSE, STAYS = "bonus_terms_worse", "bonus_terms_stay"


class TermsError(BonusError):
    """A draft cannot be changed, published or undone as asked. `earliest`: the first day that would do; `field`: which
    of an entry cannot be used.
    """

    def __init__(self, code: str, message: str, earliest: date | None = None, field: str = "") -> None:
        self.earliest, self.field = earliest, field
        super().__init__(code, message)


def may_edit(*, actor: Actor, controller: Controller) -> bool:
    """Whether the actor changes the terms of the controller's chains."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return declared.programme is not None and ACTIVITY in (actor.activities or ())


def set_alone(*, actor: Actor, controller: Controller, chain_key: str, amount: Decimal) -> str:
    """The largest missing purchase that one of the staff posts alone in a chain (C12), on record: a lower one at once
    (`set`), a higher one when another asks for the same (`asked`). No term of the members.
    Raises `TermsError` `unknown-chain`, `ReferenceDataError` `alone-amount`.
    """
    _may(actor, controller)
    return programme_setup.alone_up_to(chain=_chain(controller, chain_key), amount=amount, actor=actor)


def drafts(*, controller: Controller) -> list[TermsDraft]:
    """The controller's drafts and what became of them, the newest first."""
    found = TermsDraft.objects.filter(chain__controller=controller).exclude(state="dropped")
    return list(found.select_related("chain").order_by("-made_at", "-pk")[:200])


def begin(*, actor: Actor, controller: Controller, chain_key: str, starts: date) -> TermsDraft:
    """An empty draft for a chain of the controller. Raises `TermsError` `not-coming`, `unknown-chain`."""
    _may(actor, controller)
    chain = _chain(controller, chain_key)
    _coming(starts)
    document: dict[str, Any] = {"ends": [], "rates": [], "offers": []}
    wrote = {"made_at": clock.now(), "writers": [str(actor)]}
    return TermsDraft.objects.create(chain=chain, starts=starts, document=document, **wrote)


def draft(*, actor: Actor, controller: Controller, number: int) -> TermsDraft:
    """A draft of the controller's. Raises `TermsError` `no-draft`."""
    _may(actor, controller)
    found = TermsDraft.objects.filter(pk=number, chain__controller=controller).select_related("chain").first()
    if found is None or found.state == "dropped":
        raise TermsError("no-draft", "there is no such draft")
    return found


def add_rate(*, actor: Actor, controller: Controller, number: int, said: Mapping[str, Any]) -> TermsDraft:
    """Add a rate, as in a programme file without `from`. Raises `TermsError` `rate-unreadable`, and as `_changed`."""
    given = _read(RateEntry, said, "rate-unreadable")
    return _changed(actor, controller, number, "rates", given)


def add_offer(*, actor: Actor, controller: Controller, number: int, said: Mapping[str, Any]) -> TermsDraft:
    """Add an offer, as in a programme file without `from`. Raises `TermsError` `offer-unreadable`, `offer-exists`."""
    given = _read(OfferEntry, said, "offer-unreadable")
    one = draft(actor=actor, controller=controller, number=number)
    keys = {entry["key"] for entry in one.document["offers"]}
    if given["key"] in keys or Offer.objects.filter(chain=one.chain, key=given["key"]).exists():
        raise TermsError("offer-exists", "an offer of the chain has that key already")
    return _changed(actor, controller, number, "offers", given)


def end_rule(*, actor: Actor, controller: Controller, number: int, rule_id: int) -> TermsDraft:
    """Let a rule of the chain end when the draft holds. Raises `TermsError` `no-rule`."""
    one = draft(actor=actor, controller=controller, number=number)
    if not standing_rules(chain=one.chain, at=one.starts).filter(pk=rule_id).exists():
        raise TermsError("no-rule", "no such rule holds on that day")
    if rule_id in one.document["ends"]:
        return one
    return _changed(actor, controller, number, "ends", rule_id)


def take_out(*, actor: Actor, controller: Controller, number: int, part: str, place: int) -> TermsDraft:
    """Take the entry at `place` of a part (ends, rates, offers) out again."""
    with transaction.atomic():
        one = _open(actor, controller, number)
        if part not in one.document or not 0 <= place < len(one.document[part]):
            raise TermsError("no-entry", "there is no such entry")
        del one.document[part][place]
        return _keep(one, actor)


def move(*, actor: Actor, controller: Controller, number: int, starts: date) -> TermsDraft:
    """Let the draft hold from another day to come."""
    _coming(starts)
    with transaction.atomic():
        one = _open(actor, controller, number)
        one.starts = starts
        return _keep(one, actor)


def drop(*, actor: Actor, controller: Controller, number: int) -> None:
    """Throw a draft away."""
    with transaction.atomic():
        one = _open(actor, controller, number)
        one.state, one.ended_at = "dropped", clock.now()
        one.save(update_fields=["state", "ended_at"])


def try_out(*, actor: Actor, controller: Controller, number: int, start: date, end: date) -> tuple[TermsDraft, Preview]:
    """What the purchases of [start, end) would have earned by the draft; its figures are kept with it. Posts nothing.

    The draft is judged besides (`terms_judged.figures`). Raises what `terms_preview.simulate` does, and `TermsError`
    `empty`, `changed-since` (the draft, or what stands on its day, was changed while it was tried).
    """
    one = _open(actor, controller, number, lock=False)
    if not any(one.document.values()):
        raise TermsError("empty", "the draft changes nothing")
    digest = digest_of(one)
    found = simulated(one, start, end)
    judged = figures(one)
    with transaction.atomic():
        one = _open(actor, controller, number)
        if digest_of(one) != digest:
            raise TermsError("changed-since", "the draft was changed while it was tried")
        one.tried = {
            "digest": digest,
            "judged": judged,
            "from": start.isoformat(),
            "to": end.isoformat(),
            "purchases": found.purchases,
            "less": sum(each.less for each in found.members),
            "same": sum(each.same for each in found.members),
            "more": sum(each.more for each in found.members),
            "before": sum(each.before for each in found.stores),
            "after": sum(each.after for each in found.stores),
            "stores": [[each.store, each.members, each.before, each.after] for each in found.stores],
            "spread": [list(each.spread) for each in found.members],
            "waits": [[each.days_before, each.days_after, each.before, each.after] for each in found.waits],
        }
        one.save(update_fields=["tried"])
    return one, found


def earliest(one: TermsDraft) -> date:
    """The first day from which the draft may hold: tomorrow, or after the notice that is declared for changes."""
    declared = current(controller_id=one.chain.controller_id, on=clock.today())
    if not worse(one):
        return clock.today() + timedelta(days=1)
    return max(IsoPeriod.parse(declared.changes.notice).add_to(clock.today()), clock.today() + timedelta(days=1))


def another_s(*, actor: Actor, one: TermsDraft) -> bool:
    """Whether the draft is for another to publish: the actor wrote of it, and the declaration has `four_eyes`."""
    declared = current(controller_id=one.chain.controller_id, on=clock.today())
    return declared.changes.four_eyes and str(actor) in one.writers


def publish(*, actor: Actor, controller: Controller, number: int) -> tuple[TermsDraft, int]:
    """Put the draft's terms in force from its day; the draft, and how many members were told that they get less.

    Raises `TermsError`: `not-tried`, `not-coming`, `notice` (too early after the declared notice), `terms-own`
    (another publishes what the actor wrote), and what adding a rate or an offer raises.
    """
    with transaction.atomic():
        one = _open(actor, controller, number)
        if another_s(actor=actor, one=one):
            raise TermsError("terms-own", "another than who wrote the draft publishes it")
        Chain.objects.select_for_update().get(pk=one.chain_id)
        if (one.tried or {}).get("digest") != digest_of(one):
            raise TermsError("not-tried", "try the draft, as it is, on past purchases first")
        _coming(one.starts)
        first = earliest(one)
        if one.starts < first:
            raise TermsError("notice", f"members are told first: from {first} at the earliest", first)
        one.applied = _apply(one)
        one.state, one.published_at = "published", clock.now()
        one.save(update_fields=["applied", "state", "published_at"])
        _record(actor, one)
    return one, _tell(one, WORSE) if worse(one) else 0


def undo(*, actor: Actor, controller: Controller, number: int) -> tuple[TermsDraft, int]:
    """Take published terms back before their day; the draft, and how many members were told that all stays.

    Raises `TermsError` `too-late`, `not-published`, `audience-made` (an offer of it was promised to people), and
    `changed-since` (a rule that it ended or made was ended by another draft since, which is undone first).
    """
    with transaction.atomic():
        one = draft(actor=actor, controller=controller, number=number)
        one = TermsDraft.objects.select_for_update(of=("self",)).select_related("chain").get(pk=one.pk)
        if one.state != "published":
            raise TermsError("not-published", "the draft is not published")
        if one.starts <= clock.today():
            raise TermsError("too-late", "the terms hold already: change them by another draft")
        with Scope(system("terms", {one.chain.controller_id}), ACTIVITY):
            if OfferAudience.objects.filter(offer_id__in=one.applied["offers"]).exists():
                raise TermsError("audience-made", "an offer of it was promised to people already")
        Chain.objects.select_for_update().get(pk=one.chain_id)
        if _changed_since(one):
            raise TermsError("changed-since", "another draft builds on it: undo that first")
        RateRule.objects.filter(pk__in=one.applied["rates"]).delete()
        Offer.objects.filter(pk__in=one.applied["offers"], given=0).delete()
        for rule, before in one.applied["ended"]:
            RateRule.objects.filter(pk=rule).update(ends=datetime.fromisoformat(before) if before else None)
        one.state, one.ended_at = "undone", clock.now()
        one.save(update_fields=["state", "ended_at"])
        _record(actor, one)
    return one, _tell(one, STAYS) if worse(one) else 0


def _changed_since(one: TermsDraft) -> bool:
    """Whether what the draft ended does not end when it said, or what it made was ended by another."""
    moment, ended = midnight(one.starts), {rule for rule, _ in one.applied["ended"]}
    if RateRule.objects.filter(pk__in=ended, ends=moment).count() != len(ended):
        return True
    others = TermsDraft.objects.filter(chain_id=one.chain_id, state="published").exclude(pk=one.pk)
    made = set(one.applied["rates"])
    return any(rule in made for other in others for rule, _ in other.applied["ended"])


def _apply(one: TermsDraft) -> dict[str, Any]:
    """End the rules and make the rest; what was ended (with its end before) and made."""
    Chain.objects.select_for_update().get(pk=one.chain_id)
    moment, ended = midnight(one.starts), []
    for rule in standing_rules(chain=one.chain, at=one.starts).filter(pk__in=one.document["ends"]):
        ended.append([rule.pk, rule.ends.isoformat() if rule.ends else ""])
        rates.end(rule_id=rule.pk, at=moment)
    before = set(_ids(RateRule, one)), set(_ids(Offer, one))
    programme_setup.keep_terms(setup_of(one, one.starts, tried=False))
    after = set(_ids(RateRule, one)), set(_ids(Offer, one))
    return {"ended": ended, "rates": sorted(after[0] - before[0]), "offers": sorted(after[1] - before[1])}


def _ids(model: type[RateRule] | type[Offer], one: TermsDraft) -> Iterable[int]:
    return model.objects.filter(chain_id=one.chain_id).values_list("pk", flat=True)


def _read(model: type[RateEntry] | type[OfferEntry], said: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The entry as JSON, checked; the day it begins is the draft's."""
    given = {key: value for key, value in said.items() if value not in ("", None, [])}
    try:
        found = model.model_validate({**given, "from": "2000-01-01"})
    except ValidationError as error:
        field = str(next(iter(error.errors(include_url=False)))["loc"][0]) if error.errors() else ""
        raise TermsError(code, f"{field} cannot be used", field=field) from None
    loaded = found.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {key: value for key, value in loaded.items() if key != "from"}


def _changed(actor: Actor, controller: Controller, number: int, part: str, entry: Any) -> TermsDraft:
    with transaction.atomic():
        one = _open(actor, controller, number)
        one.document[part].append(entry)
        _keep(one, actor)
        with transaction.atomic():  # whether it could be published, without doing it
            try:
                _apply(one)
            except TillitError as error:
                raise TermsError(error.code, error.message) from None
            transaction.set_rollback(True)
    return one


def _keep(one: TermsDraft, actor: Actor) -> TermsDraft:
    one.tried, one.writers = None, sorted({*one.writers, str(actor)})
    one.save(update_fields=["document", "starts", "tried", "writers"])
    return one


def _open(actor: Actor, controller: Controller, number: int, *, lock: bool = True) -> TermsDraft:
    one = draft(actor=actor, controller=controller, number=number)
    if lock:
        one = TermsDraft.objects.select_for_update(of=("self",)).select_related("chain").get(pk=one.pk)
    if one.state != "draft":
        raise TermsError("published", "the draft was published: it is changed by another")
    return one


def _may(actor: Actor, controller: Controller) -> None:
    if not may_edit(actor=actor, controller=controller):
        raise ScopeError("scope-activity", f"{actor.kind} may not change terms")


def _chain(controller: Controller, key: str) -> Chain:
    found = Chain.objects.filter(key=key, controller=controller, programme__isnull=False).first()
    if found is None:
        raise TermsError("unknown-chain", "the controller has no such chain")
    return found


def _coming(day: date) -> None:
    if day <= clock.today():
        raise TermsError("not-coming", "terms change from a day to come", clock.today() + timedelta(days=1))


def _tell(one: TermsDraft, template: str) -> int:
    """Tell the chain's members; how many. With the draft, and so once."""
    chain = one.chain
    declared = current(controller_id=chain.controller_id, on=clock.today())
    if declared.activity(NOTICES) is None:
        return 0
    acting = system("terms", {chain.controller_id, holder_of(controller_id=chain.controller_id)})
    language, key = declared.controller.languages[0], f"{template}-{one.pk}"
    with Scope(acting, NOTICES):
        related = Relationship.objects.filter(controller_id=chain.controller_id, kind="member", ended__isnull=True)
        known = Message.objects.filter(controller_id=chain.controller_id, key=key).values_list("subject_id", flat=True)
        people = sorted(set(related.values_list("subject_id", flat=True)) - set(known))
    values = {"chain": chain.name, "day": format_date(one.starts, "long", locale=language)}
    put = send_round(
        actor=acting,
        activity=NOTICES,
        controller_id=chain.controller_id,
        template=template,
        people=dict.fromkeys(people, values),
        at=clock.now(),
        key=key,
    )
    return put.queued + put.shown


def _record(actor: Actor, one: TermsDraft) -> None:
    append(
        type=PROGRAMME_CHANGED,
        actor=actor,
        activity="security_log",
        controller=one.chain.controller_id,
        details={"changes": sum(map(len, one.document.values()))},
        at=clock.now(),
    )
