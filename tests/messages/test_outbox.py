"""Messages reach whom they concern, once; marketing only on its ground, asked again as it leaves (F2, F6, F11, A8)."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from tests.conftest import TestDatabase
from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.consent.models import ConsentEvent, EventKind
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox, reports, transports
from tillit.messages.envelopes import Envelope
from tillit.messages.errors import MessageRefusedError, TransportError
from tillit.messages.models import Message
from tillit.messages.operations import Put, receive, send, send_many
from tillit.parties.operations import record_fact


@pytest.fixture
def club(db: None) -> Controller:
    return publish_examples("bonus")["rundtur"]


def _scope(club: Controller, activity: str = "important_notices") -> Scope:
    return Scope(system("test", {club.pk}), activity)


def _put(club: Controller, subject: int, activity: str = "important_notices", **more: Any) -> Message:
    with _scope(club, activity) as scope:
        return send(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            template="free_text",
            values={"subject": "Hei", "text": "Første avsnitt.\n\nDet <andre>."},
            at=clock.now(),
            **more,
        )


def _rows(club: Controller, subject: int) -> list[Message]:
    with _scope(club, "rights_requests"):
        return list(Message.objects.filter(subject_id=subject).order_by("queued_at", "id"))


def _say(club: Controller, subject: int, kind: EventKind) -> None:
    with _scope(club, "consent_management") as scope:
        consent.record(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            activity="marketing",
            kind=kind,
            route="web",
            wording="1" * 64,
            at=clock.now(),
        )


def test_f11_a_service_message_goes_out_once_with_text_and_html(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _put(club, kari, key="one")
    _put(club, kari, key="one")
    assert outbox.deliver().sent == 1
    assert outbox.deliver().sent == 0
    (sent,) = mail.outbox
    assert sent.to == ["kari@eksempel.example"]
    assert sent.subject == "Hei"
    assert "Det <andre>." in sent.body
    assert "&lt;andre&gt;" in sent.alternatives[0].content
    assert "src=" not in sent.alternatives[0].content, "nothing tells that it was opened"
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    (row,) = _rows(club, kari)
    assert (row.message_state, row.settled_at is not None) == ("sent", True)
    assert "kari@" not in str(row.content)


def test_f11_a_service_message_reaches_all_concerned_even_without_address_or_with_every_no(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    ola = person(club, given="Ola")
    _say(club, kari, EventKind.OBJECTED)
    with _scope(club) as scope:
        done = send_many(
            scope=scope,
            controller_id=club.pk,
            template="free_text",
            people={one: {"subject": "a", "text": "b"} for one in (kari, ola)},
            at=clock.now(),
        )
    assert done == Put(queued=1, shown=1)
    assert [row.channel for row in _rows(club, ola)] == ["web"]
    assert outbox.deliver().sent == 1


def test_f2_f6_marketing_needs_its_yes_also_as_it_leaves_and_moves_the_clock_of_the_proof(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    ola = person(club, given="Ola", email="ola@eksempel.example")
    assert _put(club, kari, "marketing").reason == "no-consent"
    _say(club, kari, EventKind.GIVEN)
    _say(club, ola, EventKind.GIVEN)
    _put(club, kari, "marketing")
    _put(club, ola, "marketing")
    _say(club, ola, EventKind.WITHDRAWN)
    with clock.travel(clock.now() + timedelta(hours=1)):
        done = outbox.deliver()
        moment = clock.now()
    assert (done.sent, done.withheld) == (1, 1)
    assert [one.to for one in mail.outbox] == [["kari@eksempel.example"]]
    with _scope(club, "consent_proof"):
        clocks = dict(ConsentEvent.objects.filter(kind="given").values_list("subject_id", "last_marketing_message"))
    assert clocks[kari] == moment
    assert clocks[ola] < moment


def test_h4_a_restricted_person_is_not_written_to(club: Controller) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _put(club, kari)
    with _scope(club, "rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=kari, controller_id=club.pk, ground="accuracy", at=clock.now())
    assert outbox.deliver().sent == 0
    with pytest.raises(MessageRefusedError):
        _put(club, kari)
    with _scope(club, "rights_requests") as scope:
        consent.lift(scope=scope, subject_id=kari, at=clock.now())
    assert outbox.deliver().sent == 1


class _Failing:
    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.left, self.sent = error, times, []  # type: ignore[var-annotated]

    def ready(self) -> bool:
        return True

    def abroad(self) -> bool:
        return False

    def send(self, envelope: Envelope) -> None:
        self.left -= 1
        if self.left >= 0:
            raise self.error
        self.sent.append(envelope)


def test_a_failure_that_may_pass_is_tried_again_later_and_at_last_given_up(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    failing = _Failing(OSError("kari@eksempel.example"), 2)
    monkeypatch.setitem(transports.TRANSPORTS, "email", failing)
    _put(club, kari)
    now = clock.now()
    for minutes, outcome in ((0, (0, 1)), (0, (0, 0)), (2, (0, 1)), (10, (1, 0))):
        with clock.travel(now + timedelta(minutes=minutes)):
            done = outbox.deliver()
            assert (done.sent, done.again) == outcome, minutes
    assert len(failing.sent) == 1
    never = _Failing(TransportError("address-refused", "no", permanent=True), 99)
    monkeypatch.setitem(transports.TRANSPORTS, "email", never)
    with clock.travel(now + timedelta(minutes=20)):
        _put(club, kari)
        assert outbox.deliver().failed == 1
    assert [row.reason for row in _rows(club, kari)] == ["", "address-refused"]


def test_a_worker_that_died_sends_service_again_under_the_same_id_and_marketing_never(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    _say(club, kari, EventKind.GIVEN)
    dying = _Failing(KeyboardInterrupt(), 2)  # type: ignore[arg-type]
    monkeypatch.setitem(transports.TRANSPORTS, "email", dying)
    seen: list[Any] = []
    send_ = dying.send
    monkeypatch.setattr(dying, "send", lambda e: (seen.append(e.id), send_(e)))
    _put(club, kari)
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver()
    _put(club, kari, "marketing")
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver()
    assert (outbox.deliver().sent, len(seen)) == (0, 2), "what is being sent is nobody else's"
    with clock.travel(clock.now() + outbox.LEASE + timedelta(minutes=1)):
        done = outbox.deliver()
    assert (done.sent, done.unknown) == (1, 1)
    assert seen[2] == seen[0]
    assert sorted(row.message_state for row in _rows(club, kari)) == ["sent", "unknown"]


class _Slow(_Failing):
    """One that lets wait before it takes the address; `meanwhile` is what happens then."""

    tells = True

    def __init__(self, meanwhile: Callable[[Envelope], None]) -> None:
        super().__init__(OSError(), 0)
        self.meanwhile = meanwhile

    def send(self, envelope: Envelope) -> None:
        self.meanwhile(envelope)
        envelope.going()
        super().send(envelope)


def test_f2_what_was_decided_long_ago_is_decided_again_as_the_other_side_takes_the_address(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = person(club, given="Kari", email="kari@eksempel.example")
    ola = person(club, given="Ola", email="ola@eksempel.example")
    for one in (kari, ola):
        _say(club, one, EventKind.GIVEN)
        _put(club, one, "marketing")

    def meanwhile(envelope: Envelope) -> None:
        if envelope.to.startswith("kari"):
            _say(club, kari, EventKind.WITHDRAWN)
        elif envelope.to == "ola@eksempel.example":
            with _scope(club, "membership_administration") as scope:
                record_fact(
                    scope=scope, subject_id=ola, controller_id=club.pk, category="contact", kind="email",
                    value="ny@eksempel.example", source="data_subject", at=clock.now(),
                )  # fmt: skip

    slow = _Slow(meanwhile)
    monkeypatch.setitem(transports.TRANSPORTS, "email", slow)
    monkeypatch.setattr(outbox, "FRESH", -1.0)
    done = outbox.deliver()
    assert [one.to for one in slow.sent] == ["ny@eksempel.example"]
    assert (done.sent, done.withheld) == (1, 1)
    assert [_rows(club, one)[0].reason for one in (kari, ola)] == ["no-consent", ""]


def test_f3_f5_what_is_reported_of_marketing_before_it_is_settled_stands(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [person(club, given=f"K{n}", email=f"k{n}@eksempel.example") for n in range(3)]
    for one in people:
        _say(club, one, EventKind.GIVEN)
        _put(club, one, "marketing")
    order = sorted((_rows(club, one)[0].id, one) for one in people)
    quick = _Failing(OSError(), 0)
    send_ = quick.send

    def reporting(envelope: Envelope) -> None:
        send_(envelope)
        about = {"controller_id": club.pk}
        if len(quick.sent) == 2:
            assert reports.failed(**about, subject_id=order[0][1], message_id=order[0][0], reason="gone")
        if len(quick.sent) == 3:
            assert reports.delivered(**about, subject_id=order[1][1], message_id=order[1][0], at=clock.now())
            assert not reports.delivered(**about, subject_id=order[0][1], message_id=order[0][0], at=clock.now())

    monkeypatch.setattr(quick, "send", reporting)
    monkeypatch.setitem(transports.TRANSPORTS, "email", quick)
    assert outbox.deliver().sent == 3
    rows = [_rows(club, one)[0] for _, one in order]
    assert [row.message_state for row in rows] == ["failed", "sent", "sent"]
    assert [row.delivered_at is None for row in rows] == [True, False, True]
    assert all(row.settled_at is not None and row.claimed_by is None for row in rows)


def test_a8_nothing_goes_through_a_server_that_no_declared_processor_runs(
    club: Controller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transports.Mail().abroad() is False
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "smtp.eksempel.example"
    declared = current(controller_id=club.pk, on=clock.today())
    assert transports.carrier(declared, "email") == "postvind"
    bare = tuple(p.model_copy(update={"carries": ()}) for p in declared.processors)
    with pytest.raises(TransportError, match="no declared processor"):
        transports.carrier(declared.model_copy(update={"processors": bare}), "email")
    settings.EMAIL_HOST = "127.0.0.1"
    assert transports.carrier(declared, "email") == ""


def test_an_address_that_is_not_on_record_is_sealed_and_gone_when_sent(club: Controller) -> None:
    kari = person(club, given="Kari")
    row = _put(club, kari, address="ny@eksempel.example")
    assert row.sealed_address is not None
    assert b"eksempel" not in bytes(row.sealed_address)
    assert outbox.deliver().sent == 1
    assert mail.outbox[0].to == ["ny@eksempel.example"]
    assert _rows(club, kari)[0].sealed_address is None


def test_d9_what_comes_in_is_noted_once(club: Controller) -> None:
    kari = person(club, given="Kari")
    for _ in range(2):
        with _scope(club, "customer_service") as scope:
            row = receive(
                scope=scope,
                subject_id=kari,
                controller_id=club.pk,
                channel="email",
                subject="Spørsmål",
                text="Hva skjer?",
                at=clock.now(),
                key="<1@x>",
            )
    assert [one.id for one in _rows(club, kari)] == [row.id]


def test_two_workers_never_send_the_same(fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    club = publish_examples("bonus")["rundtur"]
    for n in range(30):
        _put(club, person(club, given=f"K{n}", email=f"k{n}@eksempel.example"))
    slow = _Failing(OSError(), 0)
    monkeypatch.setitem(transports.TRANSPORTS, "email", slow)
    threads = [threading.Thread(target=lambda: (outbox.deliver(), connection.close())) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert sorted(e.to for e in slow.sent) == sorted(f"k{n}@eksempel.example" for n in range(30))
    connection.close()
