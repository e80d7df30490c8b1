"""Applications for work: sealed files, strict access, stages and answers, deletion as declared (H16)."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from PIL import Image

from tests.faces.test_staff import at_work, hire
from tests.office.conftest import NOW
from tillit.audit.models import Event
from tillit.consent.models import ConsentEvent, Wording
from tillit.declaration.models import Controller
from tillit.journeys import keeping_applications
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.messages import outbox
from tillit.office.recruitment import keeping, operations, queries
from tillit.office.recruitment.errors import ApplicationError
from tillit.office.recruitment.models import Application, ApplicationFile
from tillit.office.recruitment.operations import Applied
from tillit.parties.models import Fact, Relationship
from tillit.privacy import retention

_DESK, _FORM = "/staff/solvik/applications/", "/solvik/jobs/"
CV = b"%PDF-1.7\nKari kan regnskap\n%%EOF\n"


def scope(controller: Controller, activity: str = "recruitment") -> Scope:
    return Scope(system("test", {controller.pk}), activity)


def applied(controller: Controller, *files: bytes, **more: str) -> Application:
    said = {"name": "Kari Lunde", "email": "kari@post.example", "phone": "", "position": "Revisor", "letter": "Meg."}
    return operations.apply(controller=controller, sent=Applied(**(said | more), files=files))


def faults(controller: Controller) -> list[str]:
    values = {"controller": controller.pk, "on": clock.today(), "now": clock.now()}
    with scope(controller, "proof"), connection.cursor() as cursor:
        cursor.execute(load(operations.__file__, "proof", "recruitment"), values)
        return [name for kind, name, number in cursor.fetchall() if kind and number]


def test_h16_an_application_is_recruitment_s_alone_and_its_files_are_sealed(solvik: Controller) -> None:
    mine = applied(solvik, CV)
    other = applied(solvik, CV)
    assert mine.subject_id != other.subject_id, "the form finds nobody who applied before"
    with scope(solvik) as opened:
        (file,) = queries.files_of(mine)
        assert b"regnskap" not in bytes(file.sealed)
        assert operations.contents(scope=opened, file=file) == CV
        assert queries.file_of(application=other, file_id=file.id) is None, "another's"
    for activity in ("customer_service", "customer_administration", "supplier_contact", "employment", "seminars"):
        with scope(solvik, activity):
            assert not Application.objects.exists(), activity
            assert not ApplicationFile.objects.exists(), activity
    for wrong in ({"name": " "}, {"email": "x"}, {"phone": "1"}, {"position": ""}, {"letter": " "}):
        with pytest.raises(ApplicationError) as refused:
            applied(solvik, **wrong)
        assert refused.value.code in wrong
    for files, code in (((b"MZ\x90",), "file-type"), ((CV,) * 6, "file-many"), ((CV * 200_000,), "file-large")):
        with pytest.raises(ApplicationError) as refused:
            applied(solvik, *files)
        assert refused.value.code == code
    with pytest.raises(IntegrityError), transaction.atomic(), scope(solvik):
        Application.objects.filter(controller_id=solvik.pk).update(stage="declined")
    assert faults(solvik) == []


def test_h16_an_application_goes_six_months_after_the_decision_with_files_and_applicant(solvik: Controller) -> None:
    row = applied(solvik, CV)
    here = {"subject_id": row.subject_id}
    clock.travel(NOW + timedelta(days=400))
    assert faults(solvik) == ["applications have waited for a decision for more than a year"]
    retention.run()
    with scope(solvik) as opened:
        assert ApplicationFile.objects.filter(**here).exists(), "the period runs from the decision"
        operations.move(scope=opened, application=row, stage="interview")
        operations.move(scope=opened, application=row, stage="declined")
        with pytest.raises(ApplicationError):
            operations.move(scope=opened, application=row, stage="hired")
    decided = clock.now()

    def left() -> tuple[int, int, int, int]:
        with scope(solvik):
            related = Relationship.objects.filter(**here, ended__isnull=True)
            rows = Application.objects.filter(**here), ApplicationFile.objects.filter(**here), related
            return (*(found.count() for found in rows), Fact.objects.filter(**here).count())

    for after, expected in ((timedelta(days=175), (1, 1, 1, 3)), (timedelta(days=190), (0, 0, 0, 0))):
        clock.travel(decided + after)
        retention.run()
        operations.follow_everywhere()
        clock.travel(clock.now() + timedelta(days=1))
        retention.run()
        assert left() == expected
    assert faults(solvik) == []


def test_h16_applying_assessing_and_answering_through_pages(solvik: Controller) -> None:
    public = Client(headers={"accept-language": "en"})
    assert "erase it six months after the decision" in public.get(_FORM).text
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG", pnginfo=None)
    sent = {"name": "Kari Lunde", "email": "kari@post.example", "phone": "", "position": "Auditor", "letter": "I can."}
    assert public.post(_FORM, sent | {"email": "x"}).status_code == 422
    wrong = {"file": SimpleUploadedFile("cv.exe", b"MZ\x90\x00")}
    assert "neither PDF nor picture" in public.post(_FORM, sent | wrong).text
    files = [SimpleUploadedFile("cv.pdf", CV), SimpleUploadedFile("me.png", picture.getvalue())]
    assert "The application is sent" in public.post(_FORM, sent | {"file": files}, follow=True).text
    outbox.deliver()
    assert [one.subject for one in mail.outbox][-1] == "We have your application: Auditor"
    desk = at_work(hire(solvik, "recruiter", "Rune Rekrutt"))
    desk.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    here = re.search(rf'href="({_DESK}\d+/)"', desk.get(_DESK).text)
    assert here is not None
    page = desk.get(here[1]).text
    assert "I can." in page
    links = re.findall(rf'href="({here[1]}\d+/)"', page)
    assert len(links) == 2
    got = [desk.get(link) for link in links]
    assert {one["Content-Type"] for one in got} == {"application/pdf", "image/png"}
    assert CV in [one.content for one in got]
    assert all(one["Content-Disposition"].startswith("attachment") for one in got)
    desk.post(here[1], {"act": "note", "assessment": "Knows the books."})
    assert "Knows the books." in desk.get(here[1]).text
    desk.post(here[1], {"act": "interview"})
    assert desk.post(here[1], {"act": "no-such"}).status_code == 422
    assert "Declined" in desk.post(here[1], {"act": "declined"}, follow=True).text
    assert desk.post(here[1], {"act": "hired"}).status_code == 422
    outbox.deliver()
    assert "The answer to your application: Auditor" in [one.subject for one in mail.outbox]
    with scope(solvik):
        (row,) = Application.objects.all()
    with scope(solvik, "security_log"):
        seen = set(Event.objects.filter(subject_id=row.subject_id).values_list("type", flat=True))
    assert {"person.read", "application.received", "application.moved"} <= seen
    for role in ("customer_service", "administrator", "payroll"):
        other = at_work(hire(solvik, role, f"{role.title().replace('_', '')} Annen"))
        for path in (_DESK, here[1], links[0]):
            assert other.get(path).status_code == 404, role


def test_h16_an_applicant_agrees_to_be_kept_longer_and_taking_it_back_deletes(solvik: Controller) -> None:
    kept, forgotten = applied(solvik, CV), applied(solvik, email="ola@post.example")
    with scope(solvik) as opened:
        for row in (kept, forgotten):
            operations.move(scope=opened, application=row, stage="declined")
    outbox.deliver()
    (told,) = [one for one in mail.outbox if one.to == ["kari@post.example"] and "/jobs/keep/" in one.body]
    link = re.search(r"/solvik/jobs/keep/\S+", str(told.body))
    assert link is not None
    with scope(solvik, "proof"), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(content::text, '') FROM messages_message")
        assert "jobs/keep" not in cursor.fetchone()[0], "the link stands in no row"
    own = Client(headers={"accept-language": "en"})
    assert own.get(link[0][:-5] + "xxx/").status_code == 404
    assert "You have not said yes" in own.get(link[0]).text, "a GET changes nothing"
    assert "1 year" in own.get(link[0]).text
    own.post(link[0], {"on": "1"})
    with scope(solvik, "consent_proof"):
        (event,) = ConsentEvent.objects.filter(subject_id=kept.subject_id)
        assert (event.activity, event.kind, event.route) == ("candidate_pool", "given", "link")
        assert Wording.objects.filter(digest=event.wording).exists()

    def there() -> list[bool]:
        with scope(solvik):
            return [Application.objects.filter(subject_id=row.subject_id).exists() for row in (kept, forgotten)]

    agreed = clock.now()
    for days, expected in ((150, [True, True]), (200, [True, False]), (360, [True, False])):
        clock.travel(agreed + timedelta(days=days))
        retention.run()
        operations.follow_everywhere()
        assert there() == expected, days
    assert "You have said yes" in own.get(link[0]).text
    own.post(link[0], {"on": "0"})
    clock.travel(clock.now() + timedelta(days=1))
    retention.run()
    assert there() == [False, False]
    assert "no application left" in own.get(link[0]).text
    again = applied(solvik)
    with scope(solvik) as opened:
        operations.move(scope=opened, application=again, stage="declined")
    keeping_applications.say(asked=keeping.Asked(solvik, again.subject_id), on=True)
    for days, expected_one in ((360, True), (8, False)):
        clock.travel(clock.now() + timedelta(days=days))
        retention.run()
        with scope(solvik):
            assert Application.objects.filter(subject_id=again.subject_id).exists() is expected_one
