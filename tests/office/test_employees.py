"""Employees: sealed, payroll's alone, the person's own, kept as declared (H16)."""

import re
from datetime import date, timedelta

from django.core import mail
from django.db import connection
from django.test import Client

from tests.faces.conftest import last_code, staff_sign_in
from tests.faces.test_staff import at_work, hire
from tests.office.conftest import NOW
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.office.employees import operations
from tillit.office.employees.models import EmploymentRecord
from tillit.parties.journal_models import JournalEntry
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.privacy import holds, retention
from tillit.privacy.models import Hold

_DESK = "/staff/solvik/employees/"
ANNE = {
    "name": "Anne Lønnesen",
    "email": "anne@arbeid.example",
    "phone": "400 00 222",
    "street": "Bakken 1",
    "postal_code": "4001",
    "city": "Stavanger",
    "national_number": "20877130054",
    "account": "1234.56.78903",
    "started": "2024-05-01",
}


def scope(controller: Controller, activity: str = "employment") -> Scope:
    return Scope(system("test", {controller.pk}), activity)


def payroll(controller: Controller) -> Client:
    desk = at_work(hire(controller, "payroll", "Lise Lønn"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return desk


def employed(desk: Client) -> str:
    """Anne, taken on through the pages, with a position, a salary and an absence; the address of her page."""
    assert desk.post(f"{_DESK}new/", ANNE | {"account": "1"}).status_code == 422
    answer = desk.post(f"{_DESK}new/", ANNE)
    assert answer.status_code == 302, answer.text
    here = str(answer["Location"])
    for act, said in (
        ("position", {"first": "2024-05-01", "title": "Accountant", "percent": "80"}),
        ("salary", {"first": "2024-05-01", "salary": "43 210"}),
        ("absence", {"first": "2025-01-07", "last": "2025-01-09", "reason": "self_certified"}),
    ):
        assert desk.post(here, {"act": act} | said).status_code == 302, act
    assert desk.post(here, {"act": "absence", "first": "2025-01-07", "last": "2025-01-01"}).status_code == 422
    return here


def faults(controller: Controller) -> list[str]:
    values = {"controller": controller.pk, "on": clock.today(), "now": clock.now()}
    with scope(controller, "proof"), connection.cursor() as cursor:
        cursor.execute(load(operations.__file__, "proof", "employment"), values)
        return [name for kind, name, number in cursor.fetchall() if kind and number]


def test_h16_payroll_keeps_employees_sealed_nobody_else_sees_them_and_they_see_their_own(solvik: Controller) -> None:
    desk = payroll(solvik)
    here = employed(desk)
    page = desk.get(here).text
    for said in ("Accountant, 80 %", "43,210", "Self-certified", "ends with 8903", "Bakken 1"):
        assert said in page, said
    assert ANNE["national_number"] not in page
    with connection.cursor() as cursor, scope(solvik):
        cursor.execute("SELECT row_to_json(r)::text FROM employees_record r")
        rows = " ".join(row[0] for row in cursor.fetchall())
        assert rows.count("subject_id") == 3
        assert not re.search(r"4321000|Accountant|self_certified|2025-01", rows), "kind, sums and days are sealed"
        (subject,) = Relationship.objects.filter(kind="employee").values_list("subject_id", flat=True)
    for activity in ("customer_service", "customer_administration", "recruitment", "newsletter", "supplier_contact"):
        with scope(solvik, activity):
            assert not EmploymentRecord.objects.exists(), activity
            assert not SealedFact.objects.exists(), activity
    for role in ("customer_service", "administrator", "recruiter", "privacy_adviser", "marketing"):
        other = at_work(hire(solvik, role, f"{role.title().replace('_', '')} Annen"))
        assert [other.get(path).status_code for path in (_DESK, f"{_DESK}new/", here)] == [404] * 3, role
    record = re.search(r'name="record" value="(\d+)"', page)
    assert record is not None
    desk.post(here, {"act": "remove", "record": record[1]})
    desk.post(here, {"act": "change", **ANNE, "city": "Sandnes", "national_number": "", "account": ""})
    assert "Sandnes" in desk.get(here).text
    own = Client(headers={"accept-language": "en"})
    own.post("/solvik/sign-in/", {"address": ANNE["email"]})
    own.post("/solvik/sign-in/code/", {"code": last_code()})
    assert "Your employment" in own.get("/solvik/min-side/").text
    mine = own.get("/solvik/min-side/employment/").text
    assert "43,210" in mine
    assert "Sandnes" in mine
    assert Client().get("/solvik/min-side/employment/").status_code == 302
    with scope(solvik, "security_log"):
        seen = set(Event.objects.filter(subject_id=subject).values_list("type", flat=True))
    assert {"person.read", "employment.begun", "employment.noted", "employment.removed", "employment.changed"} <= seen
    assert faults(solvik) == []
    assert len(mail.outbox) > 0


def test_h16_a_record_is_deleted_on_its_first_day_and_under_no_hold_else_it_is_kept_and_counts_no_more(
    solvik: Controller,
) -> None:
    desk = payroll(solvik)
    here = employed(desk)

    def take_back() -> tuple[int, int]:
        """(records kept, records that count) after the newest shown was taken back."""
        record = re.search(r'name="record" value="(\d+)"', desk.get(here).text)
        assert record is not None
        assert desk.post(here, {"act": "remove", "record": record[1]}).status_code == 302
        with scope(solvik):
            rows = EmploymentRecord.objects.all()
            return rows.count(), rows.filter(superseded_at__isnull=True).count()

    assert take_back() == (2, 2), "a mistake of today leaves nothing"
    with Scope(system("test", {solvik.pk}), "retention"):
        assert JournalEntry.objects.filter(relation="employees_record", kind="gone").count() == 1, "nor in a restore"
    with scope(solvik):
        (subject,) = Relationship.objects.filter(kind="employee").values_list("subject_id", flat=True)
    given = {"subject_id": subject, "controller_id": solvik.pk, "at": clock.now()}
    with Scope(system("test", {solvik.pk}), "rights_requests") as held:
        holds.place(scope=held, **given, reason="legal_order", reference="T-1", categories=["employment"])
    assert take_back() == (2, 1), "a hold keeps it"
    with Scope(system("test", {solvik.pk}), "rights_requests") as held:
        (hold,) = Hold.objects.all()
        holds.release(scope=held, subject_id=subject, hold_id=hold.id, at=clock.now())
    clock.travel(NOW + timedelta(days=1))
    staff_sign_in(desk, "lise@arbeid.example")
    assert take_back() == (2, 0), "so does the day after: what was paid is kept as declared"
    assert "43,210" not in desk.get(here).text
    assert faults(solvik) == []


def test_h16_an_end_that_is_still_to_come_is_taken_back(solvik: Controller) -> None:
    desk = payroll(solvik)
    here = employed(desk)
    last = clock.today() + timedelta(days=30)
    assert "Take the end back" in desk.post(here, {"act": "end", "ended": f"{last}"}, follow=True).text
    with scope(solvik):
        assert EmploymentRecord.objects.filter(employment_ended=last + timedelta(days=1)).count() == 3
    assert "goes on" in desk.post(here, {"act": "stay"}, follow=True).text
    assert desk.post(here, {"act": "stay"}).status_code == 422
    with scope(solvik):
        assert EmploymentRecord.objects.filter(employment_ended__isnull=True).count() == 3
        assert Relationship.objects.get(kind="employee").ended is None
    assert faults(solvik) == []
    desk.post(here, {"act": "end", "ended": f"{clock.today() - timedelta(days=1)}"})
    assert desk.post(here, {"act": "stay"}).status_code == 422, "what has ended has ended"


def test_h16_an_employees_data_goes_as_declared_for_each_kind(solvik: Controller) -> None:
    desk = payroll(solvik)
    here = employed(desk)
    clock.travel(NOW + timedelta(days=5))
    staff_sign_in(desk, "lise@arbeid.example")
    assert desk.post(here, {"act": "end", "ended": "2024-04-30"}).status_code == 422
    assert "has an end" in desk.post(here, {"act": "end", "ended": "2026-03-06"}, follow=True).text
    assert desk.post(here, {"act": "end", "ended": "2026-03-06"}).status_code == 422
    desk.post(here, {"act": "salary", "first": "2026-03-01", "salary": "9 000"})
    with scope(solvik):
        assert set(EmploymentRecord.objects.values_list("employment_ended", flat=True)) == {date(2026, 3, 7)}
    assert faults(solvik) == []

    def left() -> tuple[int, int, int, set[str]]:
        with Scope(system("test", {solvik.pk}), "proof"):
            return (
                EmploymentRecord.objects.count(),
                SealedFact.objects.filter(kind="bank_account").count(),
                SealedFact.objects.filter(kind="national_number").count(),
                set(Fact.objects.values_list("kind", flat=True)),
            )

    names = {"name.given", "name.family"}
    everything = names | {"email", "phone", "address.street", "address.postal_code", "address.city"}
    assert left() == (4, 1, 1, everything)
    for day, expected in (
        (date(2026, 6, 5), (4, 1, 1, everything)),
        (date(2026, 6, 9), (4, 0, 1, names)),
        (date(2031, 12, 30), (4, 0, 1, names)),
        (date(2032, 1, 3), (0, 0, 0, set())),
    ):
        for later in (0, 1, 2):
            clock.travel(day + timedelta(days=later))
            retention.run()
            if expected != (0, 0, 0, set()):
                break
        assert left() == expected, day
