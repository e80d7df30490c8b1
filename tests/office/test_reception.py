"""Reception: name and times and no more, badges, the host told without the name, the day's end, deletion (H17)."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pypdf import PdfReader

from tests.faces.test_staff import at_work, hire
from tests.office.conftest import NOW
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.messages import mail as outgoing
from tillit.office.reception import operations, queries
from tillit.office.reception.errors import ReceptionError
from tillit.office.reception.models import Desk, Visit
from tillit.parties.models import Fact, Relationship
from tillit.privacy import retention

_DESK = "/staff/fjordlys/reception/"


def visits(controller: Controller) -> list[Visit]:
    with operations.scope_at(controller):
        return list(Visit.objects.filter(controller_id=controller.pk).order_by("arrived_at", "badge"))


def faults(controller: Controller) -> list[str]:
    values = {"controller": controller.pk, "on": clock.today(), "now": clock.now()}
    with Scope(system("test", {controller.pk}), "proof"), connection.cursor() as cursor:
        cursor.execute(load(operations.__file__, "proof", "reception"), values)
        return [name for kind, name, number in cursor.fetchall() if kind and number]


def test_h17_the_name_is_kept_and_no_more_and_a_badge_is_one_person_s(fjordlys: Controller) -> None:
    kari, ola = (operations.check_in(controller=fjordlys, name=name) for name in ("  Kari   Lunde ", "Ola Vik"))
    assert (kari.badge, ola.badge) == (1, 2)
    assert [row.name for row in visits(fjordlys)] == ["Kari Lunde", "Ola Vik"]
    with Scope(system("test", {fjordlys.pk}), "rights_requests"):
        assert not Fact.objects.filter(subject_id__in=[kari.subject_id, ola.subject_id]).exists()
        assert not Relationship.objects.filter(subject_id__in=[kari.subject_id, ola.subject_id]).exists()
    assert {field.column for field in Visit._meta.concrete_fields} == {
        "subject_id", "id", "controller_id", "state", "recorded_at", "name", "badge", "arrived_at", "left_at",
    }  # fmt: skip
    for badge, name in ((1, "Ola Vik"), (3, "Kari Lunde")):
        with pytest.raises(ReceptionError) as refused:
            operations.check_out(controller=fjordlys, badge=badge, name=name)
        assert refused.value.code == "nobody"
    clock.advance(timedelta(hours=1))
    operations.check_out(controller=fjordlys, badge=1, name="kari  lunde")
    assert operations.check_in(controller=fjordlys, name="Kari Lunde").badge == 1, "the badge is free again"
    assert len({row.subject_id for row in visits(fjordlys)}) == 3, "nothing links one visit to another"
    with pytest.raises(IntegrityError), transaction.atomic(), operations.scope_at(fjordlys):
        Visit.objects.filter(controller_id=fjordlys.pk).update(left_at=NOW - timedelta(days=1))
    for name in (" ", "x" * 201, "Kari\nLunde"):
        with pytest.raises(ReceptionError):
            operations.check_in(controller=fjordlys, name=name)
    assert faults(fjordlys) == []


def test_h17_the_visit_ends_with_the_day_and_the_name_goes_thirty_days_after(fjordlys: Controller) -> None:
    gone = operations.check_in(controller=fjordlys, name="Kari Lunde")
    operations.check_out(controller=fjordlys, badge=gone.badge)
    forgot = operations.check_in(controller=fjordlys, name="Ola Vik")
    assert operations.end_the_day() == 0, "the day is not over"
    clock.travel(NOW + timedelta(days=3))
    assert faults(fjordlys) == ["visits are still open the day after, so that their period does not run"]
    assert operations.end_the_day() == 1
    assert faults(fjordlys) == []
    (left,) = [row.left_at for row in visits(fjordlys) if row.subject_id == forgot.subject_id]
    assert left is not None
    assert left.isoformat() == "2026-03-02T23:00:00+00:00", "midnight in Norway"
    clock.travel(NOW + timedelta(days=29))
    retention.run()
    assert len(visits(fjordlys)) == 2
    clock.travel(NOW + timedelta(days=32))
    retention.run()
    assert visits(fjordlys) == []


def test_h17_desk_and_screen_register_tell_print_and_list(fjordlys: Controller) -> None:
    host = hire(fjordlys, "customer_service", "Eva Vert")
    desk = at_work(hire(fjordlys, "reception", "Rita Bord"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = desk.get(_DESK).text
    assert "No visitor is in the house" in page
    assert "30 days after the visit" in page, "the declared words stand at the form"
    assert desk.post(_DESK, {"act": "in", "name": ""}).status_code == 422
    assert desk.post(_DESK, {"act": "in", "name": "Kari Lunde", "host": "999999"}).status_code == 422
    mail.outbox.clear()
    page = desk.post(_DESK, {"act": "in", "name": "Kari Lunde", "host": str(host.pk)}, follow=True).text
    assert "1 visitor in the house now" in page
    outgoing.wait()
    (told,) = mail.outbox
    assert told.to == [host.email]
    assert "nummer 1" in told.body
    assert "Lunde" not in told.body + told.subject, "a name in a mailbox would outlive its period"
    desk.post(_DESK, {"act": "screen"})
    found = re.search(r'href="[^"]*(/fjordlys/reception/[^"]+/)"', desk.get(_DESK).text)
    assert found is not None
    screen, here = Client(headers={"accept-language": "en"}), found.group(1)
    shown = screen.get(here).text
    assert "Kari Lunde" not in shown
    assert "Eva Vert" not in shown
    assert "visit.js" not in shown, "the address has a key"
    assert screen.post(here, {"act": "in", "name": " "}).status_code == 422
    for name, whom in (("Ola Vik", "eva  vert"), ("Per Dal", "Nobody Known")):
        answer = screen.post(here, {"act": "in", "name": name, "host": whom}, follow=True).text
        assert "Your badge has number" in answer
        assert name not in answer, "the next visitor sees nothing of it"
    outgoing.wait()
    assert [one.to for one in mail.outbox] == [[host.email], [host.email]]
    evacuation = desk.get(f"{_DESK}evacuation.pdf")
    text = PdfReader(BytesIO(evacuation.content)).pages[0].extract_text()
    assert all(name in text for name in ("Kari Lunde", "Ola Vik", "Per Dal"))
    assert "Ola Vik" in PdfReader(BytesIO(desk.get(f"{_DESK}badge/2.pdf").content)).pages[0].extract_text()
    assert desk.get(f"{_DESK}badge/9.pdf").status_code == 404
    assert screen.post(here, {"act": "out", "name": "Kari Lunde", "badge": "2"}).status_code == 422
    assert "checked out" in screen.post(here, {"act": "out", "name": "ola vik", "badge": "2"}, follow=True).text
    desk.post(_DESK, {"act": "out", "badge": "1"})
    page = desk.get(_DESK).text
    assert "Per Dal" in page
    assert "Kari Lunde" not in page
    assert "Kari Lunde" in desk.get(f"{_DESK}?day={clock.today()}").text
    (kari,) = [row.subject_id for row in visits(fjordlys) if row.name == "Kari Lunde"]
    with Scope(system("test", {fjordlys.pk}), "security_log"):
        assert {"person.read", "reception.arrived", "reception.left"} <= set(
            Event.objects.filter(subject_id=kari).values_list("type", flat=True)
        )
    desk.post(_DESK, {"act": "screen"})
    assert screen.get(here).status_code == 404, "a new address ends the old"
    assert queries.opens(controller=fjordlys, key=queries.screen_key(controller=fjordlys))
    assert not queries.opens(controller=fjordlys, key="")
    Desk.objects.update(screen=0)
    assert not queries.opens(controller=fjordlys, key=""), "without an address nothing opens"
    service = at_work(host)
    for path in ("", "evacuation.pdf", "badge/3.pdf"):
        assert service.get(_DESK + path).status_code == 404
