"""Seminars: places, the waiting list, attendance, certificates, calendar files, deletion (F10)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from icalendar import Calendar
from pypdf import PdfReader

from tests.outreach.conftest import Furnished
from tests.support.world import person
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.outreach.seminars import editing, links, operations, queries
from tillit.outreach.seminars.certificate import certificate
from tillit.outreach.seminars.editing import Content
from tillit.outreach.seminars.errors import SeminarError
from tillit.outreach.seminars.models import Seminar, Signup, Standing
from tillit.outreach.seminars.operations import Participant
from tillit.parties.models import Fact, Relationship
from tillit.privacy import retention


@dataclass
class World:
    """A department of an accounting group that holds seminars."""

    controller: Controller

    def content(self, **more: object) -> Content:
        start = clock.now().replace(microsecond=0) + timedelta(days=10)
        values: dict[str, object] = {
            "texts": {"nb": {"title": "Mva i praksis", "about": "Nye regler."}},
            "place": "Storgata 1", "link": "https://mote.example/mva", "material": "https://fil.example/mva",
            "starts_at": start, "ends_at": start + timedelta(hours=3), "signup_until": start, "capacity": 2,
        }  # fmt: skip
        return Content(**(values | more))  # type: ignore[arg-type]

    def seminar(self, **more: object) -> Seminar:
        with self.scope() as scope:
            made = editing.create(scope=scope, controller=self.controller, content=self.content(**more))
            editing.publish(scope=scope, seminar=made)
        return made

    def scope(self, activity: str = "seminars") -> Scope:
        return Scope(system("test", {self.controller.pk}), activity)

    def comes(self, seminar: Seminar, name: str) -> Signup:
        who = Participant(f"{name} Lunde", f"{name.lower()}@post.example")
        return operations.sign_up_stranger(seminar=seminar, who=who)

    def standing(self, row: Signup) -> str:
        with self.scope():
            return Signup.objects.get(subject_id=row.subject_id, id=row.id).standing

    def faults(self) -> list[str]:
        values = {"controller": self.controller.pk, "on": clock.today(), "now": clock.now()}
        with self.scope("proof"), connection.cursor() as cursor:
            cursor.execute(load(operations.__file__, "proof", "seminars"), values)
            return [name for kind, name, number in cursor.fetchall() if kind and number]


@pytest.fixture
def world(forms: Furnished) -> World:
    return World(forms.controllers["solvik"])


def test_f10_places_are_given_once_and_who_waits_moves_up_by_themselves(world: World) -> None:
    seminar = world.seminar()
    kari, ola, eva, liv = (world.comes(seminar, name) for name in ("Kari", "Ola", "Eva", "Liv"))
    assert [one.standing for one in (kari, ola, eva, liv)] == ["place", "place", "waiting", "waiting"]
    assert world.comes(seminar, "Kari").id == kari.id, "the same address is one person"
    assert queries.full(seminar)
    operations.leave(seminar=seminar, subject_id=ola.subject_id)
    assert (world.standing(ola), world.standing(eva), world.standing(liv)) == ("left", "place", "waiting")
    with world.scope() as scope:
        editing.change(scope=scope, seminar=seminar, content=world.content(capacity=3))
    assert world.standing(liv) == "place"
    assert world.comes(seminar, "Ola").standing == Standing.WAITING, "who left comes last"
    with world.scope() as scope, pytest.raises(SeminarError):
        editing.change(scope=scope, seminar=seminar, content=world.content(capacity=2))
    customer = person(world.controller, "customer", given="Nils", email="nils@post.example")
    assert operations.sign_up(seminar=seminar, subject_id=customer).standing == Standing.WAITING
    assert world.faults() == []
    with world.scope():
        told = set(Message.objects.values_list("subject_id", "template"))
    assert (eva.subject_id, "seminar_place") in told
    assert (customer, "seminar_waiting") in told


def test_f10_who_left_and_moves_up_again_is_told_again(world: World) -> None:
    seminar = world.seminar(capacity=1)
    kari, ola = world.comes(seminar, "Kari"), world.comes(seminar, "Ola")
    for leaving in (kari, ola):
        operations.leave(seminar=seminar, subject_id=leaving.subject_id)
    eva = world.comes(seminar, "Eva")
    assert world.comes(seminar, "Ola").standing == Standing.WAITING
    operations.leave(seminar=seminar, subject_id=eva.subject_id)
    assert world.standing(ola) == "place"
    with world.scope():
        told = Message.objects.filter(subject_id=ola.subject_id).values_list("template", flat=True)
        assert sorted(told) == ["seminar_place", "seminar_place", "seminar_waiting", "seminar_waiting"]


def test_f10_what_cannot_be_is_refused(world: World) -> None:
    seminar = world.seminar()
    for name, email, code in (("", "a@post.example", "name"), ("Kari", "a", "email")):
        with pytest.raises(SeminarError) as refused:
            operations.sign_up_stranger(seminar=seminar, who=Participant(name, email))
        assert refused.value.code == code
    begins = world.content().starts_at
    for wrong in (
        {"place": "", "link": ""}, {"ends_at": begins}, {"texts": {"nb": {"title": "X", "about": ""}}},
        {"capacity": -1}, {"signup_until": begins + timedelta(days=2)},
    ):  # fmt: skip
        with world.scope() as scope, pytest.raises(SeminarError):
            editing.create(scope=scope, controller=world.controller, content=world.content(**wrong))
    with pytest.raises(IntegrityError), transaction.atomic():
        Seminar.objects.filter(pk=seminar.pk).update(ends_at=seminar.starts_at)
    clock.travel(seminar.signup_until + timedelta(minutes=1))
    with pytest.raises(SeminarError, match="over"):
        world.comes(seminar, "Sen")


def test_f10_who_was_there_gets_a_certificate_and_everybody_a_calendar_file(world: World) -> None:
    seminar = world.seminar()
    kari, ola = world.comes(seminar, "Kari"), world.comes(seminar, "Ola")
    file = Calendar.from_ical(links.calendar(seminar, "nb", private=False))
    (event,) = file.walk("VEVENT")
    assert (event["summary"], event.decoded("dtstart")) == ("Mva i praksis", seminar.starts_at)
    assert b"mote.example" not in links.calendar(seminar, "nb", private=False)
    assert b"mote.example" in links.calendar(seminar, "nb", private=True)
    with world.scope() as scope:
        with pytest.raises(SeminarError):
            operations.tick(scope=scope, seminar=seminar, there={kari.id}, shown={kari.id})
        clock.travel(seminar.ends_at)
        shown = {kari.id, ola.id}
        assert operations.tick(scope=scope, seminar=seminar, there={kari.id}, shown=shown) == 2
        assert operations.tick(scope=scope, seminar=seminar, there={kari.id}, shown=shown) == 0
        listed = {one.name: one for one in queries.attendance(seminar)}
    assert (listed["Kari Lunde"].row.attended, listed["Ola Lunde"].row.attended) == (True, False)
    made = certificate(seminar=seminar, row=listed["Kari Lunde"].row, name="Kari Lunde", language="nb")
    text = PdfReader(BytesIO(made)).pages[0].extract_text()
    assert all(said in text for said in ("Kursbevis", "Kari Lunde", "Mva i praksis", "3 timer", "Solvik"))
    with pytest.raises(SeminarError):
        certificate(seminar=seminar, row=listed["Ola Lunde"].row, name="Ola", language="nb")


def test_f10_sign_ups_go_a_year_after_and_strangers_with_them(world: World) -> None:
    seminar = world.seminar()
    kari = world.comes(seminar, "Kari")

    def left() -> tuple[int, int, int]:
        with world.scope():
            here = {"subject_id": kari.subject_id}
            kept = Relationship.objects.filter(**here, ended__isnull=True)
            return Signup.objects.filter(**here).count(), kept.count(), Fact.objects.filter(**here).count()

    assert left() == (1, 1, 3)
    for after, expected in ((timedelta(days=360), (1, 1, 3)), (timedelta(days=370), (0, 0, 0))):
        clock.travel(seminar.ends_at + after)
        retention.run()
        operations.follow_everywhere()
        clock.travel(clock.now() + timedelta(days=1))
        retention.run()
        assert left() == expected


def test_f10_a_new_time_or_cancelling_is_told_and_moves_the_period(world: World) -> None:
    seminar = world.seminar()
    kari = world.comes(seminar, "Kari")
    later: datetime = seminar.starts_at + timedelta(days=7)
    moved = {"starts_at": later, "ends_at": later + timedelta(hours=3), "signup_until": later}
    with world.scope() as scope:
        editing.change(scope=scope, seminar=seminar, content=world.content(**moved))
        row = Signup.objects.get(subject_id=kari.subject_id)
        assert row.held_at == later + timedelta(hours=3)
        assert editing.cancel(scope=scope, seminar=seminar) == 1
        with pytest.raises(SeminarError):
            editing.cancel(scope=scope, seminar=seminar)
    outbox.deliver()
    told = {one.subject.split(":")[0]: str(one.body) for one in mail.outbox}
    assert {"Du har plass", "Endret", "Avlyst"} <= set(told)
    assert links.address(seminar, kari.subject_id) in told["Endret"]
    seminar.refresh_from_db()
    assert b"CANCELLED" in links.calendar(seminar, "nb", private=True)
