"""Who has neither e-mail nor mobile gets a letter that staff send (F11); bounces know their message (F2)."""

import csv
import io
import zipfile
from datetime import UTC, datetime

import pypdf
import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages import outbox, tokens
from tillit.messages.errors import MessageRefusedError
from tillit.messages.letters import operations as letters
from tillit.messages.letters.pdf import Letter, letters_pdf
from tillit.messages.models import LetterBatch, Message
from tillit.messages.operations import Put, send_many
from tillit.messages.templates import Sender
from tillit.parties import operations as parties
from tillit.privacy.erasure import erase
from tillit.privacy.prove.run import prove

ADDRESS = {"address.street": "=Havnegata 4", "address.postal_code": "8006", "address.city": "Bodø"}


@pytest.fixture
def club(db: None, settings: object) -> Controller:
    settings.POST_IN_BATCHES = True
    return publish_examples("bonus")["rundtur"]


def _lives(club: Controller, subject: int, address: dict[str, str]) -> None:
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.record_facts(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            facts=[parties.NewFact("contact", kind, value) for kind, value in address.items()],
            source="data_subject",
            at=clock.now(),
        )


def _tell(club: Controller, people: list[int]) -> Put:
    with Scope(system("test", {club.pk}), "important_notices") as scope:
        return send_many(
            scope=scope,
            controller_id=club.pk,
            template="free_text",
            people={
                one: {"subject": "Nye vilkår", "text": "Fra mai gjelder nye vilkår.\n\nHilsen oss"} for one in people
            },
            at=clock.now(),
        )


def _desk(club: Controller) -> Actor:
    return Actor("staff", "7", frozenset({club.pk}), frozenset({"customer_service"}))


def _state(club: Controller, subject: int) -> list[tuple[str, str]]:
    with Scope(system("test", {club.pk}), "rights_requests"):
        return list(Message.objects.filter(subject_id=subject).values_list("channel", "message_state"))


def test_f11_who_has_neither_mail_nor_mobile_gets_a_letter_that_staff_send(club: Controller) -> None:
    kari, ola, gone, nowhere = (
        person(club, given="Kari", family="Li", email="kari@eksempel.example"),
        person(club, given="Ola", family="Nes"),
        person(club, given="Gunn", family="Vik"),
        person(club, given="Per", family="Ask"),
    )
    for one in (kari, ola, gone):
        _lives(club, one, ADDRESS)
    put = _tell(club, [kari, ola, gone, nowhere])
    assert (put.queued, put.shown) == (3, 1)
    assert (_state(club, kari), _state(club, ola), _state(club, nowhere)) == (
        [("email", "queued")],
        [("post", "queued")],
        [("web", "sent")],
    )
    assert outbox.deliver().sent == 1  # the mail: letters wait for staff
    assert (letters.collect(), letters.collect()) == (2, 0)
    batch = LetterBatch.objects.get()
    with pytest.raises(MessageRefusedError, match="fetched"):
        letters.sent(actor=_desk(club), batch=batch, at=clock.now())
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        parties.end_relationship(
            scope=scope, subject_id=gone, controller_id=club.pk, kind="member", ended=clock.today(), reason="left"
        )
    erase(actor=system("rights", {club.pk}), subject_id=gone, ground="no_longer_needed", at=clock.now())
    fetched = letters.fetch(actor=_desk(club), batch=batch, at=clock.now())
    assert fetched.letters == 1
    with zipfile.ZipFile(io.BytesIO(fetched.body)) as archive:
        assert archive.read("letters.pdf").startswith(b"%PDF-")
        rows = list(csv.reader(io.StringIO(archive.read("addresses.csv").decode("utf-8-sig")), delimiter=";"))
    assert rows[1:] == [["1", "Ola Nes", "'=Havnegata 4", "8006", "Bodø", ""]]
    assert _state(club, ola) == [("post", "queued")]
    assert letters.sent(actor=_desk(club), batch=batch, at=clock.now()) == 1
    assert _state(club, ola) == [("post", "sent")]
    with pytest.raises(MessageRefusedError, match="with the post"):
        letters.fetch(actor=_desk(club), batch=batch, at=clock.now())
    with Scope(system("test", {club.pk}), "security_log"):
        told = Event.objects.filter(type__startswith="letters.").order_by("recorded_at", "id")
        assert [(one.type, one.actor_kind, one.details) for one in told] == [
            ("letters.fetched", "staff", {"letters": 1}),
            ("letters.sent", "staff", {"letters": 1}),
        ]


def test_f11_letters_posted_off_the_record_are_seen(club: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    def proof() -> tuple[str, str]:
        proofs = prove(kinds=["domains"], controllers=[club.key])
        (found,) = [one for one in proofs if one.promise.text["en"].startswith("Letters go in batches")]
        return found.finding.status, found.finding.why

    for off_the_record in (False, True):
        _lives(club, ola := person(club, given="Ola", family="Nes"), ADDRESS)
        _tell(club, [ola])
        letters.collect()
        if off_the_record:
            monkeypatch.setattr(letters, "_record", lambda *said: None)
        batch = LetterBatch.objects.get(sent_at=None)
        letters.fetch(actor=_desk(club), batch=batch, at=clock.now())
        if off_the_record:
            assert "fetched off the record" in proof()[1]
        letters.sent(actor=_desk(club), batch=batch, at=clock.now())
        assert _state(club, ola) == [("post", "sent")]
        assert proof()[0] == ("broken" if off_the_record else "kept")
    assert "posted off the record" in proof()[1]


def test_f11_nobody_gets_a_letter_where_the_installation_sends_none(club: Controller, settings: object) -> None:
    ola = person(club, given="Ola", family="Nes")
    _lives(club, ola, ADDRESS)
    assert _tell(club, [ola]).queued == 1
    settings.POST_IN_BATCHES = False
    assert letters.collect() == 0
    assert _tell(club, [ola]).shown == 1


def test_f11_the_address_bounces_come_to_fits_a_mail_server_and_cannot_be_made_up(
    club: Controller, settings: object
) -> None:
    settings.BOUNCE_ADDRESS = "bounces@post.example"
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _tell(club, [kari])
    assert outbox.deliver().sent == 1
    sent = mail.outbox[0]
    assert isinstance(sent, EmailMultiAlternatives)
    local = sent.from_email.partition("@")[0]
    assert len(local) <= 64  # RFC 5321 4.5.3.1.1
    token = local.partition("+")[2]
    named = tokens.returned_message_of(token)
    assert named is not None
    assert named[:2] == (kari, club.pk)
    for place, sign in enumerate(token):
        other = "a" if sign != "a" else "b"
        changed = tokens.returned_message_of(token[:place] + other + token[place + 1 :])
        assert changed is None or (changed == named and place == len(token) - 1)  # the last sign has spare bits
    assert tokens.message_of(token) is None
    assert tokens.returned_message_of(tokens._sealed(b"bounce", *named)) == named  # of mail sent before


def test_f11_letters_are_set_with_whatever_a_name_holds() -> None:
    odd = Letter(1, ("#let x = 1 *Ola*", "Gate 1", "8006 Bodø"), "= $x$ #emit", ("[a](b) \\ #pagebreak()",), "nb")
    late = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)  # half past midnight in Oslo
    made = letters_pdf([odd, odd], sender=Sender("Rundtur", "", "", ""), made=late)
    assert made.startswith(b"%PDF-")
    text = " ".join(pypdf.PdfReader(io.BytesIO(made)).pages[0].extract_text().split())
    assert "2026-05-02" in text, "dated as it is where people are"
