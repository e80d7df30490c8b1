"""What a system is told of a no, and that it never says a yes for somebody who has said no (F1, F2)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.faces.api.test_permissions import Bank, permission, trygghavn  # noqa: F401
from tests.faces.api.test_systems import SYSTEM, Caller, Union, union  # noqa: F401
from tests.services.products import Company
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.consent.queries import may
from tillit.faces.api import keys, webhook_events, webhooks
from tillit.faces.api.models import ApiClient, WebhookDelivery
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import open_account
from tillit.privacy.prove.run import prove

ADS = "advertising"


def said(controller: Any, subject: int, kind: EventKind, activity: str, channel: str = "") -> None:
    clock.advance(timedelta(minutes=1))
    with Scope(system("test", {controller.pk}), "consent_management", frozenset({subject})) as scope:
        consent.record(
            scope=scope,
            subject_id=subject,
            controller_id=controller.pk,
            activity=activity,
            channel=channel,
            kind=kind,
            route="min_side",
            wording="0" * 64,
            at=clock.now(),
        )


@pytest.fixture
def ads(union: Union) -> Caller:  # noqa: F811
    """The system of an activity that goes on by a yes for each channel, told of what changes."""
    with Scope(system("test", {union.controller.pk}), "sign_in", frozenset({union.kari})) as scope:
        open_account(scope=scope, subject_id=union.kari, register_id=union.controller.register_id, at=clock.now())
    scopes = ["consents:read", "members:read"]
    client, text = keys.add(controller=union.controller, system_key=SYSTEM, activity=ADS, name="ads", scopes=scopes)
    webhooks.add(client=client, url="https://crm.example/hook")
    return Caller(text)


def test_f2_a_system_is_told_of_the_yes_and_of_the_no_that_keeps_it_from_somebody(
    union: Union,  # noqa: F811
    ads: Caller,
) -> None:
    whom = {"address": "kari@eksempel.example"}
    assert ads.send("members/find", whom).json()["code"] == "person-unknown", "nothing was said yet"
    assert not ads.get("members").json()["members"]
    said(union.controller, union.kari, EventKind.GIVEN, ADS, "ads")
    assert webhook_events.gather() == 1
    assert ads.send("members/find", whom).status_code == 200, "a yes for one channel"
    assert len(ads.get("members").json()["members"]) == 1
    said(union.controller, union.kari, EventKind.WITHDRAWN, ADS, "ads")
    assert webhook_events.gather() == 1
    assert ads.send("members/find", whom).json()["code"] == "person-unknown"
    assert not ads.get("members").json()["members"]
    assert len(set(WebhookDelivery.objects.values_list("body", flat=True))) <= 2


def test_f2_a_no_is_told_of_who_is_restricted_and_of_who_has_left(union: Union) -> None:  # noqa: F811
    webhooks.add(client=ApiClient.objects.get(system=SYSTEM), url="https://crm.example/hook")
    with Scope(system("test", {union.controller.pk}), "rights_requests", frozenset({union.ola})) as scope:
        consent.restrict(
            scope=scope, subject_id=union.ola, controller_id=union.controller.pk, ground="accuracy", at=clock.now()
        )
    said(union.controller, union.ola, EventKind.OBJECTED, "newsletter", "email")
    assert webhook_events.gather() == 1
    said(union.controller, union.kari, EventKind.OBJECTED, "newsletter", "email")
    leave(subject_id=union.kari, controller_id=union.controller.pk, at=clock.now())
    assert webhook_events.gather() >= 1


def _sources(monkeypatch: pytest.MonkeyPatch, activity: str) -> None:
    """As if the declaration had the activity from partners, too."""
    from tillit.declaration.queries import current
    from tillit.journeys.systems import permissions

    def changed(**asked: Any) -> Any:
        found = current(**asked)
        others = tuple(
            one.model_copy(update={"sources": (*one.sources, "partner")}) if one.key == activity else one
            for one in found.activities
        )
        return found.model_copy(update={"activities": others})

    monkeypatch.setattr(permissions, "current", changed)


def test_f1_a_yes_is_taken_from_whom_the_declaration_has_it_from(
    union: Union,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yes = permission(address="kari@eksempel.example")
    yes.pop("number")
    assert union.system.send("consents", yes).json()["code"] == "choice-unknown", "declared as the person's own alone"
    _sources(monkeypatch, "newsletter")
    assert union.system.send("consents", yes).json()["recorded"] is True
    bare = yes | {"evidence": {"reference": "."}}
    assert union.system.send("consents", bare).json()["code"] == "evidence-missing"
    _, text = keys.add(
        controller=union.controller,
        system_key="brevdue_utsending",
        activity="membership_administration",
        name="post",
        scopes=["consents:write"],
    )
    assert Caller(text).send("consents", yes).json()["code"] == "system-undeclared", "it only sends"


@pytest.mark.parametrize("no", [EventKind.OBJECTED, EventKind.WITHDRAWN])
def test_f2_nobody_else_takes_back_a_no_that_the_person_said(
    trygghavn: Company,  # noqa: F811
    no: EventKind,
) -> None:
    bank = Bank(trygghavn.union)
    row = {"given": "Kari", "family": "Fjell", "product": "trygg", "customer_number": "K-1"}
    bank.send("entitlements", {"rows": [row]})
    kari = trygghavn.entitled()[0].subject_id
    allowed: dict[str, Any] = {"controller_id": trygghavn.controller.pk, "activity": "newsletter", "channel": "email"}
    assert bank.send("consents", permission()).json()["in_effect"] is True
    said(trygghavn.controller, kari, no, "newsletter", "email")
    clock.advance(timedelta(minutes=1))
    refused = bank.send("consents", permission())
    assert (refused.status_code, refused.json()["code"]) == (409, "own-no-stands")
    assert not may(subject_id=kari, **allowed)
    back = EventKind.OBJECTION_LIFTED if no is EventKind.OBJECTED else EventKind.GIVEN
    said(trygghavn.controller, kari, back, "newsletter", "email")
    clock.advance(timedelta(minutes=1))
    assert bank.send("consents", permission()).json()["in_effect"] is True, "they have taken it back"


def test_f1_a_permission_without_what_shows_it_is_found_wherever_it_stands(union: Union) -> None:  # noqa: F811
    def proven() -> set[str]:
        found = prove(controllers=["lyngheim"], kinds=["domains"])
        return {one.finding.status for one in found if one.promise.text["en"].startswith("A partner has a yes")}

    assert "broken" not in proven()
    with Scope(system("test", {union.controller.pk}), "consent_management", frozenset({union.kari})) as scope:
        consent.record(
            scope=scope,
            subject_id=union.kari,
            controller_id=union.controller.pk,
            activity="newsletter",
            channel="email",
            kind=EventKind.GIVEN,
            route="partner",
            wording="0" * 64,
            evidence="samklang_fordel: .",
            at=clock.now(),
        )
    assert proven() == {"broken"}
