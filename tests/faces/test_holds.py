"""The staff page of holds: placed for a person, listed without names, released; with its case, by itself (D11)."""

import re
from datetime import timedelta

from tests.faces.conftest import Person
from tests.faces.test_staff import at_work, find, hire, link
from tillit.cases import operations as cases
from tillit.declaration.queries import holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy import holds

BASE = "/staff/rundtur/holds/"


def _standing(kari: Person) -> list[holds.Held]:
    with Scope(system("test", {kari.controller.pk}), "rights_requests", frozenset({kari.subject_id})):
        return holds.listed(subject_id=kari.subject_id)


def test_d11_staff_place_list_and_release_holds_also_secret_ones(kari: Person) -> None:
    desk = at_work(hire(kari.controller, "privacy_adviser", "Ada Vern"))
    assert "Ingenting holdes tilbake" in desk.get(BASE).text
    place = f"{link(find(desk, 'Kari', purpose='rights_requests'))}hold/"
    assert "Hold tilbake" in desk.get(place).text
    form = {"act": "place", "reason": "claim", "reference": "K-1", "until": "2027-01-01"}
    for wrong in ({"reason": "x"}, {"secret": "1"}, {"category": "gender"}, {"until": "soon"}):
        assert desk.post(place, form | wrong).status_code == 422, wrong
    assert _standing(kari) == []
    assert desk.post(place, form).status_code == 302
    assert (
        desk.post(place, {"act": "place", "reason": "legal_order", "reference": "P-2", "secret": "1"}).status_code
        == 302
    )
    page = desk.get(BASE).text
    assert all(words in page for words in ("K-1", "P-2", "får ikke vite", "1. januar 2027"))
    assert "Nordseth" not in page
    assert [one.told for one in _standing(kari)] == [True, False]
    number = re.findall(r'name="hold" value="(\d+)"', page)[0]
    assert desk.post(BASE, {"hold": number}).status_code == 302
    assert "K-1" not in desk.get(BASE).text
    assert "Sluppet" in desk.get(f"{BASE}?released=1").text
    assert desk.post(BASE, {"hold": "1"}).status_code == 404
    clerk = at_work(hire(kari.controller, "customer_service", "Mona Lie"))
    assert clerk.get(BASE).status_code == 404
    assert clerk.post(BASE, {"hold": number}).status_code == 404


def test_d11_a_case_that_closes_releases_the_hold_that_is_for_it_and_no_other(kari: Person) -> None:
    club = kari.controller
    assert holder_of(controller_id=club.pk) == club.pk
    with Scope(system("test", {club.pk}), "customer_service", frozenset({kari.subject_id})) as scope:
        case = cases.open_case(
            scope=scope,
            subject_id=kari.subject_id,
            controller_id=club.pk,
            kind="complaint",
            channel="phone",
            at=clock.now(),
            fields={"subject": "Krav"},
        )
    for reference, case_id in (("A", case.id), ("B", None)):
        with Scope(system("test", {club.pk}), "rights_requests", frozenset({kari.subject_id})) as scope:
            holds.place(
                scope=scope,
                subject_id=kari.subject_id,
                controller_id=club.pk,
                reason="claim",
                reference=reference,
                at=clock.now(),
                case_id=case_id,
            )
    assert [one.reference for one in _standing(kari)] == ["A", "B"]
    with (
        clock.travel(clock.now() + timedelta(hours=1)),
        Scope(system("test", {club.pk}), "customer_service", frozenset({kari.subject_id})) as scope,
    ):
        cases.take(scope=scope, case=case, step="note", at=clock.now(), text="x")
        assert len(_standing(kari)) == 2
        cases.take(scope=scope, case=case, step="closed", at=clock.now(), outcome="rejected")
    assert [one.reference for one in _standing(kari)] == ["B"]
