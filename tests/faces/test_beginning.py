"""How one becomes something by one's own act: customer, enquirer (A5), on declared forms (A2)."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.faces.conftest import last_code, make_person, sign_in
from tests.support.world import TURID, person, publish_examples
from tillit.cases.models import Case
from tillit.declaration.forms import served
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys import person_facts
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import TermsAcceptance
from tillit.parties import lookup
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.services import advice

CUSTOMER = {**TURID, "national_number": "17054026641"}


@pytest.fixture
def everyone(db: Any) -> dict[str, Controller]:
    return publish_examples("power", "accounting", "loyalty_services", "union_benefits", "bonus")


def _through(client: Client, path: str, typed: dict[str, str]) -> Any:
    asked = client.post(path, typed)
    assert asked.status_code == 200
    pending = re.search(r'name="pending" value="([^"]+)"', asked.content.decode())
    assert pending is not None
    wrong = client.post(path, {"pending": pending.group(1), "code": "000000"})
    assert wrong.status_code == 422
    return client.post(path, {"pending": pending.group(1), "code": last_code()})


def test_a5_a_visitor_becomes_a_customer_with_a_code_and_what_the_form_collects(
    client: Client, everyone: dict[str, Controller]
) -> None:
    firm, path = everyone["fjordlys"], "/fjordlys/become-customer/"
    assert path in client.get("/fjordlys/").content.decode()
    assert 'data-form="become_customer"' in client.get(path).content.decode()
    bad = client.post(path, {**CUSTOMER, "national_number": "11111111111", "terms": ""})
    assert (bad.status_code, bad.content.decode().count('aria-invalid="true"')) == (422, 2)
    assert b"11111111111" not in bad.content
    assert lookup.by_address(register_id=firm.register_id, text=CUSTOMER["email"]) is None, "nothing before the code"
    done = _through(client, path, CUSTOMER)
    assert done.status_code == 200
    subject = lookup.by_address(register_id=firm.register_id, text=CUSTOMER["email"])
    assert subject is not None
    with Scope(system("test", {firm.pk}), "customer_administration"):
        tie = Relationship.objects.get(subject_id=subject)
        assert (tie.kind, tie.started, tie.ended) == ("customer", clock.today(), None)
        kept = set(Fact.objects.filter(subject_id=subject).values_list("kind", "value"))
        assert {("name.family", "Ås"), ("address.city", "Tromsø")} <= kept
        assert SealedFact.objects.filter(subject_id=subject, kind="national_number").count() == 1
        assert TermsAcceptance.objects.filter(subject_id=subject).count() == 1
    assert client.get("/fjordlys/min-side/").status_code == 200, "signed in"
    with Scope(system("test", {firm.pk}), "customer_administration"):
        waiting = Fact.objects.filter(subject_id=subject, kind__endswith="phone").values_list("kind", "value")
        assert list(waiting) == [("unconfirmed.phone", "+4740000451")], "the code proved the e-mail address only"
    assert lookup.by_address(register_id=firm.register_id, text=CUSTOMER["mobile"]) is None
    record_known(firm, CUSTOMER["mobile"], CUSTOMER["national_number"])
    assert lookup.by_address(register_id=firm.register_id, text=CUSTOMER["mobile"]) is not None
    other = {**CUSTOMER, "email": "en.annen@post.example"}
    same = _through(Client(), path, other)
    assert same.status_code == 200, "whose the number is, is not told"
    asked = lookup.by_address(register_id=firm.register_id, text=other["email"])
    assert asked not in {None, subject, lookup.by_address(register_id=firm.register_id, text=CUSTOMER["mobile"])}


def record_known(firm: Controller, mobile: str, number: str) -> int:
    """Somebody whose mobile and national number are proven theirs."""
    known = person(firm, "customer", given="Liv", family="Moe")
    with Scope(system("test", {firm.pk}), "customer_administration") as scope:
        for kind, text in (("phone", mobile), ("national_number", number)):
            person_facts.keep(
                scope=scope, subject_id=known, controller_id=firm.pk, register_id=firm.register_id, kind=kind,
                text=text, source="data_subject", at=clock.now(),
            )  # fmt: skip
    return known


def test_a5_somebody_asks_without_signing_in(client: Client, everyone: dict[str, Controller]) -> None:
    office = next(one for one in everyone.values() if one.key in _keys("examples/accounting"))
    asked = {"name": "Kari", "email": "kari@post.example", "subject": "Faktura", "text": "Når forfaller den?"}
    assert _through(client, f"/{office.key}/contact/", asked).status_code == 200
    asking = lookup.by_address(register_id=office.register_id, text=asked["email"])
    with Scope(system("test", {office.pk}), "customer_service"):
        assert Relationship.objects.get(subject_id=asking).kind == "enquirer"
        case = Case.objects.get(subject_id=asking)
        assert (case.kind, case.fields["subject"]) == ("enquiry", "Faktura")


def test_a2_every_declared_form_of_the_examples_has_its_page(everyone: dict[str, Controller]) -> None:
    asked = {
        (key, form.key)
        for key, one in everyone.items()
        for form in current(controller_id=one.pk, on=clock.today()).forms
    }
    assert len(asked) > 40
    assert [one for one in sorted(asked) if not served(one[1])] == []


def test_a2_advice_is_asked_on_its_own_page_and_taken_back_there(
    client: Client, everyone: dict[str, Controller]
) -> None:
    firm = everyone["trygghavn"]
    kari = make_person(firm, "Kari", "Li", "+47 400 00 471", "customer")
    advice.keep(
        controller=firm,
        key="alle",
        service="object_registration",
        texts={"nb": "Lås døren", "en": "Lock up"},
        gender="",
    )
    sign_in(client, kari)
    page = "/trygghavn/min-side/advice/"
    assert 'data-form="advice"' in client.get(page).content.decode()
    for said, stands in (("female", ["female"]), ("", [])):
        client.post(page, {"gender": said})
        with Scope(system("test", {firm.pk}), "tailored_advice"):
            rows = Fact.objects.filter(subject_id=kari.subject_id, kind="gender", superseded_at__isnull=True)
            assert list(rows.values_list("value", flat=True)) == stands


def _keys(folder: str) -> set[str]:
    from tillit.platform import paths

    return {one.stem for one in (paths.root() / folder).glob("[!_]*.yaml")}
