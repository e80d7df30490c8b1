"""Taking on somebody the register knows: matched once they confirm, and who typed is told of nobody (H16)."""

import re
from datetime import date, timedelta

from django.core import mail
from django.test import Client

from tests.faces.conftest import last_code, staff_sign_in
from tests.office.conftest import NOW
from tests.office.test_employees import _DESK, ANNE, employed, faults, payroll, scope
from tests.support.world import person
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.messages.mail import wait
from tillit.office.employees.models import EmploymentRecord
from tillit.parties import contacts
from tillit.parties.merging import own
from tillit.parties.models import Fact, Relationship
from tillit.parties.operations import record_fact


def known_here(controller: Controller, given: str = "Anne") -> int:
    """A customer whose address is Anne's."""
    made = person(controller, "customer", given=given)
    with scope(controller, "customer_administration") as open_one:
        contacts.record_address(
            scope=open_one, register_id=controller.register_id, subject_id=made, controller_id=controller.pk,
            kind="email", text=ANNE["email"], source="data_subject", at=clock.now(),
        )  # fmt: skip
    return made


def link() -> str:
    """The link that went to Anne's address last."""
    wait()
    (*_, told) = [one for one in mail.outbox if one.to == [ANNE["email"]] and "/employment/" in one.body]
    found = re.search(r"/solvik/employment/\S+", str(told.body))
    assert found is not None
    assert "Lønnesen" not in told.body, "it may be somebody else's address"
    return found[0]


def page(desk: Client, here: str) -> str:
    """What payroll is shown, without what differs from page to page."""
    desk.get(here)  # what was just done is told once
    return re.sub(
        r'(csrfmiddlewaretoken" value="|nonce[-=]"?|employees/|record" value=")[\w-]+', r"\1", desk.get(here).text
    )


def signed_in() -> Client:
    one = Client(headers={"accept-language": "en"})
    one.post("/solvik/sign-in/", {"address": ANNE["email"]})
    one.post("/solvik/sign-in/code/", {"code": last_code()})
    return one


def test_h16_somebody_the_register_knows_is_taken_on_and_matched_once_they_confirm(solvik: Controller) -> None:
    known = known_here(solvik)
    desk = payroll(solvik)
    here = employed(desk)
    with scope(solvik):
        (subject,) = Relationship.objects.filter(kind="employee").values_list("subject_id", flat=True)
    assert subject != known
    before = page(desk, here)
    assert ANNE["email"] in before, "payroll sees what payroll wrote"
    way = link()
    assert "National identity number" in Client(headers={"accept-language": "en"}).get(way).text
    assert own(subject) == subject, "a look changes nothing"
    for wrong in ("", "13097248022", "x"):
        assert Client().post(way, {"act": "confirm", "national_number": wrong}).status_code == 422
    assert own(subject) == subject
    assert "Your employment" not in signed_in().get("/solvik/min-side/").text, "until then the customer sees none of it"
    answer = Client(headers={"accept-language": "en"}).post(way, {"national_number": ANNE["national_number"]})
    assert "Confirmed" in answer.text
    assert own(subject) == known
    me = signed_in()
    assert "43,210" in me.get("/solvik/min-side/employment/").text
    assert page(desk, here) == before, "payroll is told nothing of it"
    with scope(solvik, "security_log"):
        told = set(Event.objects.filter(subject_id=subject).values_list("type", flat=True))
    assert {"employment.confirmed", "person.merged"} <= told
    assert faults(solvik) == []


def test_h16_a_stranger_and_somebody_known_look_the_same_to_who_types_and_one_says_it_is_not_them(
    solvik: Controller,
) -> None:
    desk = payroll(solvik)
    here = employed(desk)
    before, way = page(desk, here), link()
    assert Client().post(way, {"act": "deny"}).status_code == 200
    assert ANNE["email"] not in desk.get(here).text, "the address is taken away, and payroll sees that"
    assert Client().post(way, {"national_number": ANNE["national_number"]}).status_code == 422
    with scope(solvik):
        assert not Fact.objects.filter(kind="email", superseded_at__isnull=True).exists()
    known_here(solvik)
    desk.post(here, {"act": "change", **ANNE, "national_number": "", "account": ""})
    assert page(desk, here) == before, "known here or not: the same page"
    later = link()
    desk.post(here, {"act": "change", **ANNE, "email": "ny@arbeid.example", "national_number": "", "account": ""})
    assert Client().post(later, {"act": "deny"}).status_code == 422, "a link holds for the address it went to"
    assert "ny@arbeid.example" in desk.get(here).text


def test_h16_a_mailbox_of_two_joins_nobody_and_an_end_to_come_hinders_nobody(solvik: Controller) -> None:
    spouse = known_here(solvik, "Ole")
    desk = payroll(solvik)
    here = employed(desk)
    with scope(solvik):
        (subject,) = Relationship.objects.filter(kind="employee").values_list("subject_id", flat=True)
    assert "has an end" in desk.post(here, {"act": "end", "ended": "2026-05-31"}, follow=True).text
    reader = Client(headers={"accept-language": "en"})
    answer = reader.post(link(), {"national_number": ANNE["national_number"]})
    assert (answer.status_code, "Another person is on record" in answer.text) == (422, True)
    assert (own(subject), own(spouse)) == (subject, spouse), "what Anne earns is none of Ole's"
    with scope(solvik, "customer_administration") as open_one:
        record_fact(
            scope=open_one, subject_id=spouse, controller_id=solvik.pk, category="identity", kind="name.given",
            value="Anne-Marie", source="data_subject", at=clock.now(),
        )  # fmt: skip
    assert reader.post(link(), {"national_number": ANNE["national_number"]}).status_code == 200
    assert own(subject) == spouse


def test_h16_an_earlier_employee_is_taken_on_again_with_what_is_kept_running_out_as_it_did(solvik: Controller) -> None:
    desk = payroll(solvik)
    here = employed(desk)
    for typed in (ANNE, ANNE | {"email": "annen@arbeid.example", "phone": ""}):  # by address, by name and number
        again = desk.post(f"{_DESK}new/", typed)
        assert again.status_code == 422
        assert "works here already" in again.text
        assert here in again.text, "the way to their page"
    assert desk.post(here, {"act": "again", "started": "2026-03-02"}).status_code == 422
    assert "has an end" in desk.post(here, {"act": "end", "ended": "2026-03-01"}, follow=True).text
    again = desk.post(f"{_DESK}new/", ANNE)
    assert (again.status_code, "has worked here before" in again.text) == (422, True)
    assert desk.post(here, {"act": "again", "started": "2026-02-01"}).status_code == 422, "not before the end"
    clock.travel(NOW + timedelta(days=30))
    staff_sign_in(desk, "lise@arbeid.example")
    assert (
        "new employment is registered" in desk.post(here, {"act": "again", "started": "2026-04-01"}, follow=True).text
    )
    desk.post(here, {"act": "salary", "first": "2026-04-01", "salary": "50 000"})
    with scope(solvik):
        ties = Relationship.objects.filter(kind="employee").order_by("started").values_list("started", "ended")
        assert list(ties) == [(date(2024, 5, 1), date(2026, 3, 2)), (date(2026, 4, 1), None)]
        ends = EmploymentRecord.objects.values_list("employment_ended", flat=True)
        assert sorted(ends, key=str) == [date(2026, 3, 2)] * 3 + [None]
    assert faults(solvik) == []
