"""Joining a union again on the page (B7): who one was, what comes back, terms of today; and who does not get in."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests.faces.conftest import Gateway
from tests.support.union import lines_of, subject_of, take
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.journeys.demo import union_members
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import Cover, Membership, TermsAcceptance
from tillit.messages import mail as outbox
from tillit.parties.contacts import record_address
from tillit.parties.models import Fact, Relationship
from tillit.privacy import retention

pytestmark = pytest.mark.django_db
PAGE = "/lyngheim/rejoin/"
EN = {"Accept-Language": "en"}
NEW = {"email": "kaia@post.example", "mobile": "400 00 321"}


@pytest.fixture
def union(tmp_path: Path) -> Controller:
    found = publish_examples("union_benefits")["lyngheim"]
    union_members.found(controller_id=found.pk)
    take(union_members.write(tmp_path / "all.csv", members=12), found)
    return found


def _numbers(tmp_path: Path, member: int) -> dict[str, str]:
    cells = lines_of(tmp_path / "all.csv")[member].split(";")
    return {"member_number": cells[0], "national_number": cells[1]}


def _ask(client: Client, typed: dict[str, str], sms: Gateway) -> tuple[Any, dict[str, str] | None]:
    """The page that asks for the codes, and what to answer where any were sent."""
    mail.outbox.clear()
    before = len(sms.sent)
    page = client.post(PAGE, typed, headers=EN)
    outbox.wait()
    if len(sms.sent) == before:
        assert not mail.outbox
        return page, None
    pending = re.findall(r'name="pending" value="([^"]+)"', page.text)[0]
    by_mail = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert by_mail is not None
    return page, {"pending": pending, "email_code": by_mail.group(), "mobile_code": sms.code()}


def _shown(page: Any) -> str:
    return str(re.findall(r'name="shown" value="([^"]+)"', page.text)[0])


def test_b7_a_former_member_sees_what_comes_back_accepts_and_is_back(
    client: Client,
    union: Controller,
    tmp_path: Path,
    gateway: Gateway,
) -> None:
    numbers, subject = _numbers(tmp_path, 6), subject_of(union, 6)
    assert _ask(client, numbers | NEW, gateway)[1] is None, "who is a member joins nothing again"
    leave(subject_id=subject, controller_id=union.pk, at=clock.now())
    left = clock.today()
    with clock.travel(clock.now() + timedelta(days=400)):
        retention.run()
        with Scope(system("test", {union.pk}), "membership_administration"):
            assert not Fact.objects.filter(subject_id=subject).exists()
        assert (
            _ask(client, numbers | NEW | {"national_number": _numbers(tmp_path, 5)["national_number"]}, gateway)[1]
            is None
        )
        page, answer = _ask(client, numbers | NEW, gateway)
        assert answer is not None
        assert "Iben" not in page.text
        assert client.post(PAGE, answer | {"mobile_code": "000000"}, headers=EN).status_code == 422
        page, answer = _ask(client, numbers | NEW, gateway)
        assert answer is not None
        offer = client.post(PAGE, answer, headers=EN)
        cells = lines_of(tmp_path / "all.csv")[6].split(";")
        for said in (cells[2], "Kollektiv hjemforsikring", "Yrkesaktiv", "Insurance agreements"):
            assert said.lower() in offer.text.lower(), said
        with Scope(system("test", {union.pk}), "membership_administration"):
            assert not Fact.objects.filter(subject_id=subject).exists(), "looking brings nothing back"
        unticked = client.post(PAGE, {"shown": _shown(offer)}, headers=EN)
        assert (unticked.status_code, "Tick that you accept" in unticked.text) == (422, True)
        done = client.post(PAGE, {"shown": _shown(unticked), "terms": "1"}, headers=EN)
        assert done["Location"] == "/lyngheim/min-side/"
        assert client.get("/lyngheim/min-side/", headers=EN).status_code == 200
        with Scope(system("test", {union.pk}), "membership_administration"):
            facts = dict(Fact.objects.filter(subject_id=subject, superseded_at=None).values_list("kind", "value"))
            assert (facts["name.given"], facts["email"], facts["phone"]) == (cells[2], NEW["email"], "+4740000321")
            stretches = Membership.objects.filter(subject_id=subject).order_by("starts")
            assert [(one.ends, one.joined == stretches[0].joined) for one in stretches] == [(left, True), (None, True)]
            assert Relationship.objects.filter(subject_id=subject, ended=None).get().started == clock.today()
            assert Cover.objects.filter(subject_id=subject, ends=None).exists()
            assert TermsAcceptance.objects.filter(subject_id=subject).get().route == "rejoin"
        assert client.post(PAGE, {"shown": _shown(unticked), "terms": "1"}, headers=EN).status_code == 422, "once"
        again = take(tmp_path / "all.csv", union).difference
        assert (again.changed, again.returns, again.ending) == (0, 0, 0), "the union's file says the same"


def test_b7_an_address_on_record_is_asked_for_and_an_excluded_member_does_not_come_back_alone(
    client: Client,
    union: Controller,
    tmp_path: Path,
    gateway: Gateway,
) -> None:
    known, barred = subject_of(union, 4), subject_of(union, 8)
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        record_address(
            scope=scope, register_id=union.register_id, subject_id=known, controller_id=union.pk, kind="email",
            text="gyda@post.example", source="data_subject", at=clock.now(),
        )  # fmt: skip
    leave(subject_id=known, controller_id=union.pk, at=clock.now())
    leave(subject_id=barred, controller_id=union.pk, at=clock.now(), reason="excluded")
    assert _ask(client, _numbers(tmp_path, 4) | NEW, gateway)[1] is None
    assert _ask(client, _numbers(tmp_path, 4) | NEW | {"email": "gyda@post.example"}, gateway)[1] is not None
    _, answer = _ask(client, _numbers(tmp_path, 8) | NEW, gateway)
    assert answer is not None
    refused = client.post(PAGE, answer, headers=EN)
    assert (refused.status_code, "The union decides" in refused.text) == (422, True)


def test_b7_past_the_ceiling_of_the_archive_nobody_is_known(
    client: Client,
    union: Controller,
    tmp_path: Path,
    gateway: Gateway,
) -> None:
    subject = subject_of(union, 3)
    leave(subject_id=subject, controller_id=union.pk, at=clock.now())
    with clock.travel(clock.now() + timedelta(days=3600)):
        retention.run()
        assert _ask(client, _numbers(tmp_path, 3) | NEW, gateway)[1] is not None
    with clock.travel(clock.now() + timedelta(days=3700)):
        retention.run()
        assert _ask(client, _numbers(tmp_path, 3) | NEW, gateway)[1] is None


def test_b7_the_address_on_record_is_told_that_another_took_its_place(
    client: Client, union: Controller, tmp_path: Path, gateway: Gateway
) -> None:
    numbers, subject = _numbers(tmp_path, 6), subject_of(union, 6)
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        for kind, text in (("email", "old@post.example"), ("phone", NEW["mobile"])):
            record_address(
                scope=scope,
                register_id=union.register_id,
                subject_id=subject,
                controller_id=union.pk,
                kind=kind,
                text=text,
                source="data_subject",
                at=clock.now(),
            )
    leave(subject_id=subject, controller_id=union.pk, at=clock.now())
    with clock.travel(clock.now() + timedelta(days=400)):
        retention.run()
        _, answer = _ask(client, numbers | NEW, gateway)
        assert answer is not None
        offer = client.post(PAGE, answer, headers=EN)
        mail.outbox.clear()
        client.post(PAGE, {"shown": _shown(offer), "terms": "1"}, headers=EN)
        outbox.wait()
        assert [one.to for one in mail.outbox] == [["old@post.example"]]
