"""A campaign that is stopped sends nothing more, and one whose server falls silent sends nobody the same twice (F3)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from tests.outreach.test_campaigns import actor, approved, club, member, rows
from tests.support.smtp import Sink, serving
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.messages import outbox, transports
from tillit.messages.envelopes import Envelope
from tillit.messages.errors import TransportError
from tillit.outreach.campaigns import operations, running
from tillit.outreach.campaigns.models import Campaign, State

__all__ = ["club"]
pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=2)


def put_out(club: Controller, people: int) -> Campaign:
    for n in range(people):
        member(club, f"P{n}")
    campaign = approved(club)
    running.start(campaign=campaign)
    running.put_next(campaign=campaign)
    return campaign


def at_first(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something as the first mail is with the transport."""
    real, seen = transports.Mail.send, []

    def send(self: transports.Mail, envelope: Envelope) -> None:
        seen.append(1)
        if len(seen) == 1:
            act()
        real(self, envelope)

    monkeypatch.setattr(transports.Mail, "send", send)


class Silent(Sink):
    """Takes the text and hangs up instead of saying so."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        said = await super().handle_DATA(server, session, envelope)
        if self.taken.total() == 1:
            server.transport.close()
        return said


def test_f3_f6_marketing_that_may_have_gone_is_not_sent_again_and_counts_as_sent(
    club: Controller, settings: Any
) -> None:
    from tillit.consent.models import ConsentEvent
    from tillit.kernel.scope import Scope, system

    kari = member(club, "Kari")
    campaign = approved(club)
    with serving(sink := Silent()) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        running.run_everywhere()
        with clock.travel(clock.now() + LATER):
            running.run_everywhere()
    assert dict(sink.taken) == {"kari@eksempel.example": 1}
    (row,) = rows(club)
    assert (row.message_state, row.reason) == ("unknown", "no-answer")
    with Scope(system("test", {club.pk}), "consent_proof"):
        (said,) = ConsentEvent.objects.filter(subject_id=kari, activity="marketing")
    assert said.last_marketing_message == row.settled_at, "what may have gone counts for the proof"
    campaign.refresh_from_db()
    assert campaign.status == State.SENT


@pytest.mark.parametrize("to", [State.CANCELLED, State.PAUSED])
def test_f3_what_a_worker_has_already_taken_is_stopped_too(
    club: Controller, monkeypatch: pytest.MonkeyPatch, to: State
) -> None:
    campaign = put_out(club, 5)
    at_first(monkeypatch, lambda: operations.move(actor=actor(club), campaign=campaign, to=to) and None)
    outbox.deliver()
    assert mail.outbox == [], "not even the one that was about to be handed over"
    with clock.travel(clock.now() + LATER):
        outbox.deliver()
    assert mail.outbox == []
    states = {(row.message_state, row.reason, row.attempts) for row in rows(club)}
    if to == State.CANCELLED:
        assert {state[:2] for state in states} == {("withheld", "cancelled")}
        return
    assert states == {("queued", "", 0)}
    operations.move(actor=actor(club), campaign=campaign, to=State.SENDING)
    assert outbox.deliver().sent == 5


def test_f3_what_failed_after_the_campaign_was_cancelled_is_not_tried_again(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = put_out(club, 1)

    def greylisted(self: transports.Mail, envelope: Envelope) -> None:
        envelope.going()
        operations.move(actor=actor(club), campaign=campaign, to=State.CANCELLED)
        raise TransportError("server-refused", "451 later", answered=True)

    with monkeypatch.context() as patch:
        patch.setattr(transports.Mail, "send", greylisted)
        outbox.deliver()
    with clock.travel(clock.now() + LATER):
        outbox.deliver()
    assert mail.outbox == []
    assert [(row.message_state, row.reason) for row in rows(club)] == [("withheld", "cancelled")]
