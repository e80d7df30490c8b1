"""Systems of a controller's: people as far as declared, choices, requests about rights, and what each may not (H13)."""

import json
from typing import Any

import pytest
from django.core import mail

from tests.faces.api.outside import ACTIVITY, SYSTEM, Caller, Union, said
from tillit.cases.models import Case
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.disclosure.models import Disclosure
from tillit.faces.api import keys, people
from tillit.faces.api.keys import KeyRefusedError
from tillit.faces.api.models import ApiClient
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox
from tillit.parties.models import Fact


def test_h13_a_system_is_told_what_is_declared_for_it_on_record_and_nothing_of_others(union: Union) -> None:
    found = union.find(address="kari@eksempel.example")
    assert (found["fields"]["name"], found["fields"]["email"]) == ("Kari Lund", "kari@eksempel.example")
    assert found["fields"]["relationship"]["kind"] == "member"
    only = union.system.get(f"members/{found['member']}?fields=name").json()
    assert only == {"member": found["member"], "fields": {"name": "Kari Lund"}, "withheld": []}
    with union.scope(union.kari):
        rows = list(Disclosure.objects.filter(subject_id=union.kari).order_by("disclosed_at", "id"))
    assert {(one.recipient, one.activity) for one in rows} == {(SYSTEM, ACTIVITY)}
    assert sorted(sum(map(len, one.fields.values())) for one in rows) == [1, len(people.READABLE)]
    for whom in ({"address": "per@eksempel.example"}, {"number": "999"}, {"address": "nobody"}, {"member": "x"}):
        assert union.find(**whom)["code"] == "person-unknown"
    assert union.find(name="Kari")["code"] == "body-shape"
    assert union.find(number="1", address="x")["code"] == "body-shape"
    _, other = keys.add(
        controller=union.controller, system_key="fjellhall_drift", activity=ACTIVITY, name="x", scopes=["members:read"]
    )
    assert Caller(other).get(f"members/{found['member']}").json()["code"] == "person-unknown", (
        "a reference is one key's"
    )
    _, cut = keys.add(
        controller=union.controller,
        system_key="brevdue_utsending",
        activity=ACTIVITY,
        name="x",
        scopes=["members:read"],
    )
    post = Caller(cut)
    known = post.send("members/find?fields=name,birth_date", {"address": "ola@eksempel.example"}).json()
    assert (known["fields"], known["withheld"]) == ({"name": "Ola Vik"}, ["birth_date"])
    assert post.get(f"members/{known['member']}?fields=birth_date").json()["code"] == "field-undeclared"
    assert post.get(f"members/{known['member']}?fields=shoe").json()["code"] == "field-undeclared"
    assert post.get(f"members/{known['member']}/consents").json()["code"] == "scope-missing"


def test_h13_people_are_listed_in_parts_and_who_may_not_be_processed_is_left_out(union: Union) -> None:
    first = union.system.get("members?fields=name&limit=1").json()
    (one,) = first["members"]
    rest = union.system.get(first["next"].removeprefix("/api/v1/")).json()
    assert rest["next"] is None
    assert {one["fields"]["name"], rest["members"][0]["fields"]["name"]} == {"Kari Lund", "Ola Vik"}
    with Scope(system("test", {union.controller.pk}), "rights_requests", frozenset({union.ola})) as scope:
        consent.restrict(
            scope=scope, subject_id=union.ola, controller_id=union.controller.pk, ground="accuracy", at=clock.now()
        )
    names = [one["fields"]["name"] for one in union.system.get("members?fields=name").json()["members"]]
    assert names == ["Kari Lund"]
    assert union.find(address="ola@eksempel.example")["code"] == "person-unknown"
    assert union.system.get("members?after=x").json()["code"] == "body-shape"
    assert union.system.get("members?limit=101").json()["code"] == "body-shape"


def test_h13_who_is_nobody_cannot_be_found_by_trying(union: Union, monkeypatch: pytest.MonkeyPatch) -> None:
    from tillit.faces.api import systems
    from tillit.parties.rates import Limit

    monkeypatch.setattr(systems, "UNKNOWN", Limit("api-unknown", 2, systems.UNKNOWN.every))
    assert [union.find(number=str(number))["code"] for number in range(2)] == ["person-unknown"] * 2
    assert union.find(number="3")["code"] == "too-many-unknown"
    assert union.find(address="kari@eksempel.example")["code"] == "too-many-unknown", "a hit would tell, too"


def test_h13_a_system_records_what_its_activity_records_and_never_the_way_in(union: Union) -> None:
    member = union.find(address="kari@eksempel.example")["member"]
    at = f"members/{member}"
    new = {"facts": {"address.street": "Nygata 4", "name.family": "Berg"}}
    assert union.system.send(at, new, verb="PATCH").json()["changed"] == ["address.street", "name.family"]
    assert union.system.send(at, new, verb="PATCH").json()["changed"] == []
    assert union.system.get(f"{at}?fields=name,address").json()["fields"] == {
        "name": "Kari Berg",
        "address": "Nygata 4",
    }
    for facts, code in (
        ({"email": "thief@eksempel.example"}, "way-in"),
        ({"national_number": "05819000000"}, "field-undeclared"),
        ({"phone": "12"}, "value-unreadable"),
        ({}, "body-shape"),
    ):
        assert union.system.send(at, {"facts": facts}, verb="PATCH").json()["code"] == code, facts
    assert union.system.send(at, {"facts": {"phone": "40000077"}}, verb="PATCH").json()["changed"] == ["phone"]
    assert union.system.send(at, {"facts": {"phone": "40000078"}}, verb="PATCH").json()["code"] == "way-in"
    with union.scope(union.kari):
        kinds = {"name.family", "address.street"}
        said = Fact.objects.filter(subject_id=union.kari, kind__in=kinds, superseded_at=None).values_list(
            "source", "collected_under"
        )
        assert set(said) == {(SYSTEM, ACTIVITY)}, "its word, and not the person's"


def test_h8_a_request_is_handed_in_unverified_followed_and_answered_to_the_person_alone(union: Union) -> None:
    whom = {"address": "kari@eksempel.example"}
    mail.outbox.clear()
    made = union.system.send("rights", {"whom": whom, "right": "access"}, once="r1")
    assert made.status_code == 201
    told = made.json()
    assert (told["stage"], told["verified"], told["answered_at"]) == ("received", False, None)
    again = union.system.send("rights", {"whom": whom, "right": "access"}, once="r1")
    assert (again.json(), again["Idempotent-Replayed"]) == (told, "true")
    with union.scope(union.kari):
        (case,) = Case.objects.filter(subject_id=union.kari)
        assert (case.channel, case.verified_at) == ("partner", None)
    outbox.deliver()
    assert [one.to for one in mail.outbox] == [["kari@eksempel.example"]], "the person is told"
    assert union.system.get(f"rights/{told['request']}").json() == told
    _, other = keys.add(
        controller=union.controller, system_key="fjellhall_drift", activity=ACTIVITY, name="x", scopes=["rights:read"]
    )
    assert Caller(other).get(f"rights/{told['request']}").json()["code"] == "request-unknown"
    assert union.system.get("rights/x").json()["code"] == "request-unknown"
    stranger = {"name": "Liv Strand", "email": "liv@post.example"}
    assert union.system.send("rights", {"stranger": stranger, "right": "erasure"}).status_code == 201
    assert union.system.send("rights", {"stranger": stranger, "right": "erasure"}).status_code == 201
    for body, code in (
        ({"right": "access"}, "body-shape"),
        ({"whom": whom, "stranger": stranger, "right": "access"}, "body-shape"),
        ({"whom": whom, "right": "fame"}, "body-shape"),
        ({"whom": whom, "right": "objection", "activity": "nothing"}, "request-refused"),
    ):
        assert union.system.send("rights", body).json()["code"] == code, body


def test_f1_a_system_reads_choices_where_declared_and_is_told_of_changes_by_reference_alone(union: Union) -> None:
    from tillit.faces.api import webhook_events, webhooks
    from tillit.faces.api.models import WebhookDelivery

    member = union.find(address="kari@eksempel.example")["member"]
    found = union.system.get(f"members/{member}/consents").json()
    newsletter = {(one["activity"], one["channel"]): one["on"] for one in found["consents"]}
    assert newsletter["newsletter", "email"] is False
    webhooks.add(client=ApiClient.objects.get(system=SYSTEM), url="https://crm.example/hook")
    said(union.controller, union.kari, EventKind.GIVEN, "newsletter", "email")
    assert webhook_events.gather() == 1
    event = WebhookDelivery.objects.get()
    assert json.loads(event.body)["data"] == {"member": member}
    found = union.system.get(f"members/{member}/consents").json()
    assert {(one["activity"], one["channel"]): one["on"] for one in found["consents"]}["newsletter", "email"] is True
    with union.scope(union.kari):
        told = Disclosure.objects.filter(subject_id=union.kari, activity="consent_management")
        assert {category for one in told for category in one.fields} == {"consent_record"}


def test_h13_a_key_of_a_system_needs_a_declaration_that_names_it_and_keeps_a_log(union: Union) -> None:
    given: dict[str, Any] = {"controller": union.controller, "name": "x", "scopes": ["members:read"]}
    for party, activity in (("nobody", ACTIVITY), (SYSTEM, "nothing"), (SYSTEM, "newsletter")):
        with pytest.raises(KeyRefusedError):
            keys.add(**given, system_key=party, activity=activity)
    with pytest.raises(KeyRefusedError):
        keys.add(**{**given, "scopes": ["purchases:write"]}, system_key=SYSTEM, activity=ACTIVITY)
