"""The catalogue as staff keep it (B3): suppliers and their frames, drafts, preview, publishing, validity.

A benefit is changed by writing its draft, which nobody but staff sees, and publishing it: the draft becomes the edition
that members see from that moment, and stays as it was said. One catalogue serves the operator's unions: who edits what
a union's members see must work for that union (`may_edit`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlsplit

from django.db import transaction

from tillit.audit.operations import append
from tillit.benefits import events
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


def may_edit(*, benefit: Benefit | None, controllers: Collection[int]) -> bool:
    """Whether staff of these controllers may change what the benefit says: all of whose members see it are theirs."""
    if benefit is None:
        return True
    seen_by = set(Validity.objects.filter(benefit=benefit).values_list("controller_id", flat=True))
    return seen_by <= set(controllers)


def write_draft(*, key: str, supplier: Supplier, category: Category, content: Content) -> Edition:
    """The benefit's draft says this from now on; members see what was published. Raises `CatalogueError`."""
    _key(key)
    checked = _checked(content)
    with transaction.atomic():
        benefit, _ = Benefit.objects.get_or_create(key=key, defaults={"supplier": supplier, "category": category})
        Benefit.objects.select_for_update().get(pk=benefit.pk)
        _say(
            benefit.supplier_id == supplier.pk or not benefit.editions.filter(published_at__isnull=False).exists(),
            "supplier",
            "a benefit that was published stays with its supplier",
        )
        Benefit.objects.filter(pk=benefit.pk).update(supplier=supplier, category=category)
        latest = benefit.editions.order_by("-number").first()
        if latest is not None and latest.published_at is None:
            Edition.objects.filter(pk=latest.pk).update(**checked)
            return Edition.objects.get(pk=latest.pk)
        if latest is not None and all(getattr(latest, name) == value for name, value in checked.items()):
            return latest
        return Edition.objects.create(benefit=benefit, number=(latest.number if latest else 0) + 1, **checked)


def publish(*, actor: Actor, controller_id: int, benefit: Benefit, at: datetime) -> Edition:
    """Members see the draft from now on. Raises `CatalogueError` `no-draft`."""
    with transaction.atomic():
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


def discard(*, benefit: Benefit) -> bool:
    """Throw the draft away; whether there was one."""
    return bool(Edition.objects.filter(benefit=benefit, published_at=None).delete()[0])


def withdraw(*, actor: Actor, controller_id: int, benefit: Benefit, on: date | None) -> None:
    """Nobody sees the benefit from `on`; None: they do again. Orders that were placed go on."""
    with transaction.atomic():
        Benefit.objects.filter(pk=benefit.pk).update(withdrawn_on=on)
        append(
            type=events.WITHDRAWN,
            actor=actor,
            activity=ACTIVITY,
            controller=controller_id,
            details={"benefit": benefit.pk},
        )


def make_valid(
    *,
    benefit: Benefit,
    controller: Controller,
    starts: date,
    ends: date | None = None,
    agreement: str = "",
    membership_type: str = "",
) -> Validity:
    """The union's members have the benefit in [starts, ends); the same start again with another end moves the end.

    Raises `CatalogueError` `validity` when it would end before it starts.
    """
    _say(ends is None or ends > starts, "validity", "a validity ends after it starts")
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
