"""What a system is told of a no, and that it never says a yes for somebody who has said no (F1, F2)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from tests.faces.api.outside import SYSTEM, Bank, Caller, Union, permission, said
from tests.services.products import Company
from tillit.cases.models import Case
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.consent.queries import may
from tillit.faces.api import keys, systems, webhook_events, webhooks
from tillit.faces.api.models import ApiClient, WebhookDelivery
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as waiting
from tillit.messages import outbox
from tillit.parties import lookup
from tillit.parties.models import Fact
from tillit.parties.operations import open_account
from tillit.parties.rates import Limit
from tillit.privacy.prove.run import prove

ADS = "advertising"


@pytest.fixture
def ads(union: Union) -> Caller:
    """The system of an activity that goes on by a yes for each channel, told of what changes."""
    with Scope(system("test", {union.controller.pk}), "sign_in", frozenset({union.kari})) as scope:
        open_account(scope=scope, subject_id=union.kari, register_id=union.controller.register_id, at=clock.now())
    scopes = ["consents:read", "members:read"]
    client, text = keys.add(controller=union.controller, system_key=SYSTEM, activity=ADS, name="ads", scopes=scopes)
    webhooks.add(client=client, url="https://crm.example/hook")
    return Caller(text)


def test_f2_a_system_is_told_of_the_yes_and_of_the_no_that_keeps_it_from_somebody(
    union: Union,
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


def test_f2_a_no_is_told_of_who_is_restricted_and_of_who_has_left(union: Union) -> None:
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
    union: Union,
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
    trygghavn: Company,
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


def test_f1_a_permission_without_what_shows_it_is_found_wherever_it_stands(union: Union) -> None:
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


def test_h8_whether_a_stranger_is_on_record_is_not_told_and_nobody_is_taken_over(
    union: Union,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def handed_in(email: str, **more: str) -> Any:
        asked = {"stranger": {"name": "Liv Strand", "email": email}, "right": "access"} | more
        return union.system.send("rights", asked)

    known, unknown = handed_in("kari@eksempel.example"), handed_in("liv@post.example")
    assert (known.status_code, unknown.status_code) == (201, 201)
    alike = [{key: one.json()[key] for key in one.json() if key != "request"} for one in (known, unknown)]
    assert alike[0] == alike[1]
    with union.scope(union.kari):
        assert Case.objects.filter(subject_id=union.kari).count() == 1, "who reads the address has asked"
    register = union.controller.register_id
    assert lookup.by_address(register_id=register, text="kari@eksempel.example") == union.kari
    assert lookup.by_address(register_id=register, text="liv@post.example") is None, "nobody has shown to read it"
    mail.outbox.clear()
    outbox.deliver()
    assert {one.to[0] for one in mail.outbox} == {"kari@eksempel.example", "liv@post.example"}
    refused = [
        handed_in(one, right="objection", activity="nothing").json()["code"]
        for one in ("kari@eksempel.example", "ane@post.example")
    ]
    assert refused == ["request-refused"] * 2
    monkeypatch.setattr(systems, "UNKNOWN", Limit("api-unknown", 4, systems.UNKNOWN.every))
    assert handed_in("kari@eksempel.example").json()["code"] == "too-many-unknown", "each was a try"


def test_h8_a_paying_partner_hands_in_nothing_for_strangers(trygghavn: Company) -> None:
    bank = Bank(trygghavn.bank)
    asked = {"stranger": {"name": "Liv Strand", "email": "liv@post.example"}, "right": "access"}
    assert bank.send("rights", asked).json()["code"] == "request-refused"


def test_h13_an_address_that_a_system_states_is_no_way_in_and_tells_of_nobody_else(union: Union) -> None:
    kari, ola = (union.find(address=f"{one}@eksempel.example")["member"] for one in ("kari", "ola"))
    register = union.controller.register_id
    mail.outbox.clear()
    assert union.system.send(f"members/{ola}", {"facts": {"phone": "40000077"}}, verb="PATCH").json()["changed"]
    same = union.system.send(f"members/{kari}", {"facts": {"phone": "40000077", "birth_date": "x"}}, verb="PATCH")
    other = union.system.send(f"members/{kari}", {"facts": {"phone": "40000078", "birth_date": "x"}}, verb="PATCH")
    assert same.json() == other.json()
    assert same.json()["code"] == "value-unreadable"
    assert union.system.send(f"members/{kari}", {"facts": {"phone": "40000077"}}, verb="PATCH").json()["changed"]
    assert lookup.by_address(register_id=register, text="40000077") is None
    with union.scope(union.kari):
        assert Fact.objects.get(subject_id=union.kari, kind="phone").source == SYSTEM
    waiting.wait()
    assert [one.to for one in mail.outbox] == [["ola@eksempel.example"], ["kari@eksempel.example"]]


def test_h13_a_systems_own_references_are_no_tries(
    union: Union,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(systems, "UNKNOWN", Limit("api-unknown", 2, systems.UNKNOWN.every))
    ola, kari = (union.find(address=f"{one}@eksempel.example")["member"] for one in ("ola", "kari"))
    with Scope(system("test", {union.controller.pk}), "rights_requests", frozenset({union.ola})) as scope:
        consent.restrict(
            scope=scope, subject_id=union.ola, controller_id=union.controller.pk, ground="accuracy", at=clock.now()
        )
    assert {union.system.get(f"members/{ola}").json()["code"] for _ in range(4)} == {"person-unknown"}
    assert union.system.get(f"members/{kari}").status_code == 200
    assert [union.find(member="x")["code"] for _ in range(3)] == ["person-unknown"] * 2 + ["too-many-unknown"]
    assert union.system.get(f"members/{kari}").status_code == 200, "a reference is good, whatever was tried"
    assert union.find(address="kari@eksempel.example")["code"] == "too-many-unknown"
