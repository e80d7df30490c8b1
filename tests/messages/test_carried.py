"""How messages travel: segments of SMS, opaque references, reports of mail servers, the way out in every message."""

import random
from email.message import EmailMessage
from typing import Any

import pytest
from django.core import mail
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messages.test_outbox import _put, _rows, _say, _scope
from tests.support import smtp
from tests.support.world import person, publish_examples
from tillit.consent.models import EventKind
from tillit.consent.queries import may
from tillit.declaration.models import Controller
from tillit.journeys import message_reports
from tillit.journeys.leave_messages import leave, receives
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import bounces, leaving, outbox, tokens
from tillit.messages.errors import MessageRefusedError
from tillit.messages.gsm import sized
from tillit.parties import dead, many
from tillit.parties.contacts import record_address
from tillit.parties.models import Fact
from tillit.parties.operations import NewFact


@pytest.fixture
def club(db: None) -> Controller:
    return publish_examples("bonus")["rundtur"]


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 100, "GSM-7", 2),
        ("æøåÆØÅé", "GSM-7", 1),
        ("«Hei» – sa hun", "GSM-7", 1),
        ("š" * 70, "UCS-2", 1),
        ("š" * 71, "UCS-2", 2),
        ("🙂" * 35, "UCS-2", 1),
        ("a" * 66 + "🙂" + "š", "UCS-2", 1),
        ("š" * 66 + "🙂" * 34, "UCS-2", 3),
    ],
)
def test_f1_an_sms_is_counted_as_the_network_counts(text: str, encoding: str, segments: int) -> None:
    found = sized(text)
    assert (found.encoding, found.segments) == (encoding, segments)


@given(st.text(alphabet="aæ€š🙂", max_size=400))
@settings(max_examples=60, deadline=None)
def test_segments_hold_whole_characters_and_no_fewer_would_do(text: str) -> None:
    """Oracle: fill segments one by one, greedily, with whole characters."""
    seven = set(text) <= set("aæ€")
    width = (lambda one: 2 if one == "€" else 1) if seven else (lambda one: len(one.encode("utf-16-le")) // 2)
    total, single, part = sum(map(width, text)), 160 if seven else 70, 153 if seven else 67
    filled, segments = 0, 1
    for one in text:
        if filled + width(one) > part:
            filled, segments = 0, segments + 1
        filled += width(one)
    assert sized(text).segments == (1 if total <= single else segments)


def test_references_are_opaque_the_same_every_time_and_cannot_be_made_or_changed() -> None:
    one = tokens.reference(7, 3, 2**62)
    assert one == tokens.reference(7, 3, 2**62)
    assert tokens.message_of(one) == (7, 3, 2**62)
    assert tokens.message_of(one.upper()) == (7, 3, 2**62), "mail servers may fold an address's case"
    assert len(one) <= 60
    for place in range(0, len(one), 7):
        other = "a" if one[place] != "a" else "b"
        assert tokens.message_of(one[:place] + other + one[place + 1 :]) is None
    back = tokens.return_path(7, 3, 2**62)
    assert tokens.returned_message_of(back.upper()) == (7, 3, 2**62)
    assert tokens.message_of(back) is None
    assert tokens.returned_message_of(one) is None, "what everybody reads in a reply is no return path"
    rng = random.Random(1)  # noqa: S311
    assert all(tokens.message_of("".join(rng.choices("abcdefghij234567", k=60))) is None for _ in range(50))
    link = tokens.make("unsubscribe", 7, 3, "marketing", "email")
    assert tokens.read("unsubscribe", link) == [7, 3, "marketing", "email"]
    assert tokens.read("message", link) is None
    assert tokens.read("unsubscribe", link[:-2] + "AA") is None
    assert all(tokens.read("unsubscribe", wrong) is None for wrong in ("", "æ", "=", "x" * 601, "AQ"))


def test_f2_marketing_carries_the_way_out_and_service_messages_none(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _say(club, kari, EventKind.GIVEN)
    _put(club, kari, "marketing")
    _put(club, kari)
    assert outbox.deliver().sent == 2
    offer, notice = sorted(mail.outbox, key=lambda one: "List-Unsubscribe" not in one.extra_headers)
    address = offer.extra_headers["List-Unsubscribe"].strip("<>")
    assert offer.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address in offer.body
    assert f'href="{address}"' in offer.alternatives[0].content
    assert str(kari) not in address
    assert "List-Unsubscribe" not in notice.extra_headers
    assert "/u/" not in notice.body
    read = leaving.read(address.rstrip("/").rpartition("/")[2])
    assert read == leaving.Leaving(kari, club.pk, "marketing", "email")


def test_f2_leaving_holds_for_the_very_next_message_and_again_changes_nothing(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _say(club, kari, EventKind.GIVEN)
    link = leaving.Leaving(kari, club.pk, "marketing", "email")
    _put(club, kari, "marketing")
    assert receives(link)
    leave(link=link, route="one_click")
    assert not receives(link)
    assert outbox.deliver().sent == 0
    assert [row.message_state for row in _rows(club, kari)] == ["withheld"]
    leave(link=link, route="one_click")
    with _scope(club, "consent_management"):
        assert not may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="email")
    leave(link=leaving.Leaving(kari + 1, club.pk, "marketing", "email"), route="one_click")  # nobody: nothing happens


def _report(reference: str, *, status: str = "5.1.1", action: str = "failed", address: str = "", to: str = "") -> bytes:
    blocks = f"Reporting-MTA: dns; mx.eksempel.example\n\nFinal-Recipient: rfc822; {address}\nAction: {action}\n"
    boundary = "=_b"
    returned = f"Message-ID: <{reference}@tillit.example>\nSubject: Hei\n" if reference else "Subject: Hei\n"
    return (
        f"From: postmaster@eksempel.example\nTo: {to or 'bounces@tillit.example'}\nAuto-Submitted: auto-replied\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"\nMIME-Version: 1.0\n\n'
        f"--{boundary}\nContent-Type: text/plain\n\nSorry.\n--{boundary}\nContent-Type: message/delivery-status\n\n"
        f"{blocks}Status: {status}\n\n--{boundary}\nContent-Type: text/rfc822-headers\n\n{returned}\n--{boundary}--\n"
    ).encode()


def _sent(club: Controller, subject: int, activity: str = "important_notices") -> tuple[str, str]:
    """(what its Message-ID says, where reports of it come to)."""
    row = _put(club, subject, activity)
    outbox.deliver()
    named = (row.subject_id, row.controller_id, row.id)
    return tokens.reference(*named), f"bounces+{tokens.return_path(*named)}@tillit.example"


def _failed(subject: int, club: Controller) -> dict[str, bool]:
    with Scope(system("test", {club.pk}), "retention", frozenset({subject})):
        rows = Fact.objects.filter(subject_id=subject, superseded_at__isnull=True)
        return {row.kind: row.failed_at is not None for row in rows if row.kind.endswith("email")}


def test_f5_a_hard_bounce_takes_the_dead_address_away_wherever_it_stands_and_a_soft_one_does_not(
    club: Controller,
) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    reference, back = _sent(club, kari)
    for soft in ({"status": "4.2.2", "action": "delayed"}, {"status": "5.2.2"}, {"status": "5.7.1"}):
        done = message_reports.mail(raw=_report(reference, address="kari@eksempel.example", **soft), at=clock.now())
        assert (done.soft, done.removed) == (1, 0)
    assert _failed(kari, club) == {"email": False}
    other = message_reports.mail(raw=_report("", address="en.annen@eksempel.example", to=back), at=clock.now())
    assert (other.hard, other.removed) == (1, 0), "the address has changed since: the new one lives"
    done = message_reports.mail(raw=_report(reference, address="Kari@Eksempel.example", to=back), at=clock.now())
    assert (done.hard, done.removed) == (1, 1)
    assert _failed(kari, club) == {"email": True}
    assert [row.reason for row in _rows(club, kari)] == ["bounced-5.1.1"]
    dead_ones = dead.among(register_id=club.register_id, addresses=["KARI@eksempel.example", "ola@eksempel.example"])
    assert dead_ones == {"KARI@eksempel.example"}
    _put(club, kari)
    assert [row.channel for row in _rows(club, kari)][-1] == "web", "the next one is shown on Min side"
    dead.revive(register_id=club.register_id, address="kari@eksempel.example")
    assert not dead.among(register_id=club.register_id, addresses=["kari@eksempel.example"])


def test_f5_the_report_may_name_the_message_in_the_address_it_comes_to(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _, back = _sent(club, kari)
    raw = _report("", address="kari@eksempel.example").replace(b"From:", f"X-Original-To: {back}\nFrom:".encode(), 1)
    assert message_reports.mail(raw=raw, at=clock.now()).removed == 1


def _complaint(reference: str, to: str) -> bytes:
    return _report(reference, to=to).replace(b"report-type=delivery-status", b"report-type=feedback-report")


def test_f2_a_complaint_to_the_mail_provider_is_a_no_to_marketing(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _say(club, kari, EventKind.GIVEN)
    _, back = _sent(club, kari, "marketing")
    assert receives(leaving.Leaving(kari, club.pk, "marketing", "email"))
    assert message_reports.mail(raw=_complaint("", back), at=clock.now()).complaints == 1
    assert not receives(leaving.Leaving(kari, club.pk, "marketing", "email"))
    assert _failed(kari, club) == {"email": False}


def test_f2_f5_who_got_a_reply_or_a_copy_can_neither_kill_the_address_nor_withdraw_the_consent(
    club: Controller,
) -> None:
    """The Message-ID stands in every reply and forward; a report that knows no more takes nothing away."""
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _say(club, kari, EventKind.GIVEN)
    reference, _ = _sent(club, kari, "marketing")
    guessed = f"bounces+{reference}@tillit.example"
    forged = _report(reference, address="kari@eksempel.example", to=guessed)
    heads = f"Delivered-To: {guessed}\nIn-Reply-To: <{reference}@tillit.example>\nReferences: <{reference}@x>\nFrom:"
    done = message_reports.mail(raw=forged.replace(b"From:", heads.encode(), 1), at=clock.now())
    assert (done.soft, done.hard, done.removed) == (1, 0, 0)
    assert _failed(kari, club) == {"email": False}
    with pytest.raises(MessageRefusedError, match="names no message"):
        bounces.read(_complaint(reference, guessed).replace(b"From:", heads.encode(), 1))
    assert receives(leaving.Leaving(kari, club.pk, "marketing", "email"))
    arrived = _report(reference, status="2.0.0", action="delivered", address="kari@eksempel.example")
    assert message_reports.mail(raw=arrived, at=clock.now()).delivered == 1


def test_f5_nobody_can_report_without_our_reference(club: Controller) -> None:
    plain = EmailMessage()
    plain["From"], plain["Subject"] = "kari@eksempel.example", "Undelivered Mail"
    plain.set_content("550 5.1.1")
    for raw, code in (
        (plain.as_bytes(), "no-report"),
        (b"", "no-report"),
        (b"\xff\xfe\x00" * 50, "no-report"),
        (_report("a" * 60, address="kari@eksempel.example"), "no-reference"),
    ):
        with pytest.raises(MessageRefusedError) as refused:
            bounces.read(raw)
        assert refused.value.code == code
    stranger = tokens.reference(2**40, club.pk, 5)
    assert message_reports.mail(raw=_report(stranger), at=clock.now()).unknown == 1


def test_f2_f5_real_smtp_carries_the_headings_and_the_address_for_bounces(club: Controller, settings: Any) -> None:
    taken: list[Any] = []

    class Handler:
        async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
            if address.startswith("dod"):
                return "550 5.1.1 no such mailbox"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            taken.append(envelope)
            return "250 taken"

    kari = person(club, given="Kari", email="kari@eksempel.example")
    ola = person(club, given="Ola", email="dod@eksempel.example")
    _say(club, kari, EventKind.GIVEN)
    with smtp.serving(Handler()) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.BOUNCE_ADDRESS = "bounces@tillit.example"
        row = _put(club, kari, "marketing")
        _put(club, ola)
        done = outbox.deliver()
    assert (done.sent, done.failed) == (1, 1)
    (envelope,) = taken
    reference, back = tokens.reference(kari, club.pk, row.id), tokens.return_path(kari, club.pk, row.id)
    assert envelope.mail_from == f"bounces+{back}@tillit.example"
    text = envelope.content.decode().replace("\r\n ", " ")
    for heading in (
        f"Message-ID: <{reference}@",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Auto-Submitted: auto-generated",
        "From: ",
    ):
        assert heading in text
    assert "bounces+" not in text
    assert back not in text
    assert _failed(ola, club) == {"email": True}, "a refusal on the spot is as hard as one that comes back"


def test_f5_a_dead_address_is_not_imported_again_until_the_person_gives_it(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _, back = _sent(club, kari)
    message_reports.mail(raw=_report("", address="kari@eksempel.example", to=back), at=clock.now())
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        (ola,) = many.create_subjects(scope=scope, register_id=club.register_id, count=1)
        facts = [NewFact("contact", "email", "Kari@eksempel.example"), NewFact("contact", "phone", "+4741234510")]
        given: dict[str, Any] = {"facts": {ola: facts}, "source": "union", "at": {ola: clock.now()}}
        assert many.record_facts(scope=scope, controller_id=club.pk, **given) == 1, "the address is left out"
        assert list(Fact.objects.filter(subject_id=ola).values_list("kind", flat=True)) == ["phone"]
        record_address(
            scope=scope,
            register_id=club.register_id,
            subject_id=kari,
            controller_id=club.pk,
            kind="email",
            text="kari@eksempel.example",
            source="data_subject",
            at=clock.now(),
        )
    assert not dead.among(register_id=club.register_id, addresses=["kari@eksempel.example"])
