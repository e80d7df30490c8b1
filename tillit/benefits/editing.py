"""The catalogue as staff keep it (B3): suppliers and their frames, drafts, preview, publishing, validity.

A benefit is changed by writing its draft, which nobody but staff sees, and publishing it: the draft becomes the edition
that members see from that moment, and stays as it was said. One catalogue serves the operator's unions: who edits what
a union's members see must work for that union (`may_edit`), which every change asks of the row it changes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlsplit

from django.db import transaction

from tillit.audit.operations import append
from tillit.benefits import events
from tillit.benefits.codes import fill
from tillit.benefits.errors import CatalogueError
from tillit.benefits.models import Benefit, Category, Edition, Frame, Kind, Supplier, Validity
from tillit.benefits.order_models import FIELDS
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Actor

ACTIVITY = "membership_administration"
TEXT_PARTS = {"title": 120, "summary": 300, "body": 4000}
"""What a benefit says in each language, with the longest of each."""


@dataclass(frozen=True)
class Content:
    """What an edition says. texts: language → title, summary, body; prices in minor units."""

    kind: str
    texts: Mapping[str, Mapping[str, str]]
    url: str = ""
    code: str = ""
    member_price: int | None = None
    ordinary_price: int | None = None
    currency: str = "NOK"
    needs: tuple[str, ...] = field(default=())


def add_supplier(*, key: str, name: str, organisation_number: str = "", web: str = "") -> Supplier:
    """A supplier, or the one of that key with these facts. Raises `CatalogueError`."""
    _say(name.strip() and len(name) <= 120, "name", "a supplier has a name")
    _key(key)
    _address(web)
    made, _ = Supplier.objects.update_or_create(
        key=key, defaults={"name": name.strip(), "organisation_number": organisation_number, "web": web}
    )
    return made


def add_category(*, key: str, names: Mapping[str, str], position: int = 0) -> Category:
    """A category, or the one of that key with these names. Raises `CatalogueError`."""
    _key(key)
    _say(names and all(name.strip() for name in names.values()), "names", "a category has a name in each language")
    made, _ = Category.objects.update_or_create(key=key, defaults={"names": dict(names), "position": position})
    return made


def frame(
    *,
    actor: Actor,
    supplier: Supplier,
    controller: Controller,
    recipient: str = "",
    asked_recipient: str = "",
    starts: date,
) -> Frame:
    """From `starts` on the union lets the supplier do this; what stood before ends there.

    Raises `CatalogueError` `frame-undeclared` when a recipient is not one that the declaration lets benefits go to.
    """
    for one in filter(None, (recipient, asked_recipient)):
        _say(
            one in _recipients(controller, starts),
            "frame-undeclared",
            f"'{one}' receives no orders of {controller.key}",
        )
    with transaction.atomic():
        standing = Frame.objects.select_for_update().filter(supplier=supplier, controller=controller, ends=None).first()
        if standing is not None:
            if (standing.recipient, standing.asked_recipient) == (recipient, asked_recipient):
                return standing
            _say(standing.starts <= starts, "frame-time", "an earlier frame stands")
            standing.ends = starts
            standing.save(update_fields=["ends"])
        made = Frame.objects.create(
            supplier=supplier,
            controller=controller,
            recipient=recipient,
            asked_recipient=asked_recipient,
            starts=starts,
        )
        append(
            type=events.FRAMED,
            actor=actor,
            activity=ACTIVITY,
            controller=controller.pk,
            details={"supplier": supplier.pk, **({"recipient": recipient} if recipient else {})},
        )
    return made


def end_frame(*, actor: Actor, standing: Frame, on: date) -> None:
    """The union's supplier does nothing more from `on`: its keys verify no card and see no order of the union."""
    with transaction.atomic():
        Frame.objects.filter(pk=standing.pk, ends=None).update(ends=max(on, standing.starts))
        append(
            type=events.FRAMED,
            actor=actor,
            activity=ACTIVITY,
            controller=standing.controller_id,
            details={"supplier": standing.supplier_id},
        )


def owners(*, benefit: Benefit) -> set[int]:
    """Whose the benefit is: the controllers whose members have it, had or will have it; while there are none the union
    that made it, and what the operator made, everybody's together.
    """
    seen_by = set(Validity.objects.filter(benefit=benefit).values_list("controller_id", flat=True))
    made_by = {benefit.maker_id} if benefit.maker_id else set(Controller.objects.values_list("pk", flat=True))
    return seen_by or made_by


def may_see(*, benefit: Benefit, controllers: Collection[int]) -> bool:
    """Whether staff of these controllers see the benefit as it is kept: it is theirs, perhaps with others."""
    theirs = owners(benefit=benefit)
    if benefit.maker_id or Validity.objects.filter(benefit=benefit).exists():
        return not theirs.isdisjoint(controllers)
    return theirs <= set(controllers)


def may_edit(*, benefit: Benefit | None, controllers: Collection[int]) -> bool:
    """Whether staff of these controllers may change what the benefit says: all of whose it is are theirs."""
    return benefit is None or owners(benefit=benefit) <= set(controllers)


def write_draft(
    *,
    controllers: Collection[int],
    key: str,
    supplier: Supplier,
    category: Category,
    content: Content,
    maker: Controller | None = None,
    new: bool = False,
) -> Edition:
    """The benefit's draft says this from now on; members see what was published.

    controllers: whom the writer works for. maker: the union whose a new benefit is; without one, the only one that the
    writer works for, else nobody's but the operator's. new: it must not be there yet.
    Raises `CatalogueError`: `key-taken`, `other-unions`, or the field that cannot be.
    """
    _key(key)
    checked = {"category_id": category.pk, **_checked(content)}
    whose = maker.pk if maker else next(iter(controllers)) if len(controllers) == 1 else None
    with transaction.atomic():
        benefit, made = Benefit.objects.get_or_create(key=key, defaults={"supplier": supplier, "maker_id": whose})
        benefit = benefit if made else _locked(benefit, controllers, "key-taken" if new else "other-unions")
        _say(not new or not benefit.editions.exists(), "key-taken", "a benefit of that key is there already")
        _say(
            benefit.supplier_id == supplier.pk or not benefit.editions.filter(published_at__isnull=False).exists(),
            "supplier",
            "a benefit that was published stays with its supplier",
        )
        Benefit.objects.filter(pk=benefit.pk).update(supplier=supplier)
        latest = benefit.editions.order_by("-number").first()
        if latest is not None and latest.published_at is None:
            Edition.objects.filter(pk=latest.pk).update(**checked)
            return Edition.objects.get(pk=latest.pk)
        if latest is not None and all(getattr(latest, name) == value for name, value in checked.items()):
            return latest
        return Edition.objects.create(benefit=benefit, number=(latest.number if latest else 0) + 1, **checked)


def publish(*, actor: Actor, controller_id: int, benefit: Benefit, at: datetime) -> Edition:
    """Members see the draft from now on. Raises `CatalogueError`: `no-draft`, `other-unions`."""
    with transaction.atomic():
        _locked(benefit, actor.controllers)
        draft = Edition.objects.select_for_update().filter(benefit=benefit, published_at=None).first()
        if draft is None:
            raise CatalogueError("no-draft", "there is no draft to publish")
        draft.published_at = at
        draft.save(update_fields=["published_at"])
        append(
            type=events.PUBLISHED,
            actor=actor,
            activity=ACTIVITY,
            controller=controller_id,
            details={"benefit": benefit.pk, "edition": draft.number},
        )
    return draft


def discard(*, controllers: Collection[int], benefit: Benefit) -> bool:
    """Throw the draft away; whether there was one. Raises `CatalogueError` `other-unions`."""
    with transaction.atomic():
        _locked(benefit, controllers)
        return bool(Edition.objects.filter(benefit=benefit, published_at=None).delete()[0])


def withdraw(*, actor: Actor, controller_id: int, benefit: Benefit, on: date | None) -> None:
    """Nobody sees the benefit from `on`; None: they do again. Orders that were placed go on.

    Raises `CatalogueError` `other-unions`.
    """
    with transaction.atomic():
        _locked(benefit, actor.controllers)
        Benefit.objects.filter(pk=benefit.pk).update(withdrawn_on=on)
        append(
            type=events.WITHDRAWN,
            actor=actor,
            activity=ACTIVITY,
            controller=controller_id,
            details={"benefit": benefit.pk},
        )


def add_codes(*, controllers: Collection[int], benefit: Benefit, codes: Iterable[str]) -> int:
    """Put single-use codes into the pool, as `codes.fill` does. Raises `CatalogueError`, also `other-unions`."""
    with transaction.atomic():
        _locked(benefit, controllers)
        return fill(benefit=benefit, codes=codes)


def make_valid(
    *,
    controllers: Collection[int],
    benefit: Benefit,
    controller: Controller,
    starts: date,
    ends: date | None = None,
    agreement: str = "",
    membership_type: str = "",
) -> Validity:
    """The union's members have the benefit in [starts, ends); the same start again with another end moves the end.

    A union whose members have the benefit already moves its own validity; who gives it to a union anew must be allowed
    to edit it. Raises `CatalogueError`: `validity` when it would end before it starts, `other-unions`.
    """
    _say(ends is None or ends > starts, "validity", "a validity ends after it starts")
    with transaction.atomic():
        standing = Validity.objects.filter(benefit=benefit, controller=controller).exists()
        if not (standing and controller.pk in controllers):
            _locked(benefit, controllers)
            _say(controller.pk in controllers, "other-unions", "that is another union")
        made, _ = Validity.objects.update_or_create(
            benefit=benefit,
            controller=controller,
            agreement=agreement,
            membership_type=membership_type,
            starts=starts,
            defaults={"ends": ends},
        )
    return made


def end_validity(*, validity: Validity, on: date) -> None:
    """The validity ends on `on`; one that has not begun goes."""
    if on <= validity.starts:
        Validity.objects.filter(pk=validity.pk).delete()
    else:
        Validity.objects.filter(pk=validity.pk).update(ends=on)


def _locked(benefit: Benefit, controllers: Collection[int], refusal: str = "other-unions") -> Benefit:
    """The benefit's row, held, if staff of these controllers may edit it. Raises `CatalogueError` with `refusal`."""
    found = Benefit.objects.select_for_update().get(pk=benefit.pk)
    _say(may_edit(benefit=found, controllers=controllers), refusal, f"'{found.key}' is another union's benefit, too")
    return found


def _recipients(controller: Controller, on: date) -> tuple[str, ...]:
    declared = current(controller_id=controller.pk, on=max(on, clock.today())).activity("benefit_delivery")
    return declared.recipients if declared else ()


def _checked(content: Content) -> dict[str, object]:
    """The content as its columns. Raises `CatalogueError` with the first that cannot be."""
    _say(content.kind in Kind.values, "kind", f"a benefit is one of {', '.join(Kind.values)}")
    _say(content.texts, "texts", "a benefit says something in a language")
    texts = {
        language: {part: str(said.get(part, "")).strip() for part in TEXT_PARTS}
        for language, said in sorted(content.texts.items())
    }
    for language, said in texts.items():
        _say(said["title"], "title", f"{language}: a benefit has a title")
        for part, longest in TEXT_PARTS.items():
            _say(len(said[part]) <= longest, part, f"{language}: {part} has at most {longest} characters")
    _address(content.url)
    _say(content.kind != Kind.LINK or content.url, "url", "a link leads somewhere")
    _say(
        content.kind != Kind.SHARED_CODE or 0 < len(content.code) <= 60, "code", "a shared code has 1 to 60 characters"
    )
    for price in (content.member_price, content.ordinary_price):
        _say(price is None or 0 <= price < 10**12, "price", "a price is zero or more")
    _say(set(content.needs) <= set(FIELDS), "needs", f"an order's fields are {', '.join(FIELDS)}")
    _say(not content.needs or content.kind == Kind.ORDER, "needs", "only an order needs fields")
    return {
        "kind": content.kind,
        "texts": texts,
        "search": " ".join(said[part] for said in texts.values() for part in TEXT_PARTS).casefold(),
        "url": content.url,
        "code": content.code if content.kind == Kind.SHARED_CODE else "",
        "member_price": content.member_price,
        "ordinary_price": content.ordinary_price,
        "currency": content.currency,
        "needs": [name for name in FIELDS if name in content.needs],
    }


def _key(text: str) -> None:
    fits = 0 < len(text) <= 60 and text.isascii() and text.replace("-", "a").replace("_", "a").isalnum()
    _say(
        fits and text == text.lower() and text[0] not in "-_",
        "key",
        f"'{text[:60]}' is no key: small letters, digits, - _",
    )


def _address(text: str) -> None:
    parts = urlsplit(text) if text else None
    _say(
        parts is None or (parts.scheme == "https" and parts.hostname and len(text) <= 500),
        "url",
        "an address begins with https://",
    )


def _say(fits: object, code: str, message: str) -> None:
    if not fits:
        raise CatalogueError(code, message)
