"""What left is told a second time: a log that was tampered with, an undeclared party, a notice that waits (H13, A8)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.privacy.prove.conftest import Installation
from tillit.disclosure import notices
from tillit.disclosure.models import What
from tillit.disclosure.operations import disclose
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.operations import send
from tillit.privacy.prove import disclosure as check


@contextmanager
def _disclosed(live: Installation) -> Iterator[None]:
    """Something left about Kari, as declared; and it is owed a notice."""
    controller, kari = live.controllers["trygghavn"], live.people["trygghavn", "Kari"]
    with live.undone("disclosure_notice", "disclosure_disclosure", "audit_queue", "audit_event"):
        with Scope(system("test", {controller.pk}), "concierge") as scope:
            disclose(
                scope=scope,
                subject_id=kari,
                controller_id=controller.pk,
                recipient="concierge_supplier",
                fields={"name": "x", "booked": "y"},
                country="JP",
                at=clock.now(),
            )
        with Scope(system("test", {controller.pk}), "rights_requests") as scope:
            notices.owe(scope=scope, subject_id=kari, what=What.RECTIFIED, at=clock.now())
        yield


@pytest.mark.parametrize(
    ("kind", "path", "change", "back", "why"),
    [
        ("recipients", "recipients.concierge_supplier", "ground = 'consent'", "ground = 'contract'", "declared is"),
        (
            "recipients",
            "recipients.concierge_supplier",
            """fields = '{"identity": ["name", "customer_number"]}'""",
            """fields = '{"identity": ["name"], "booking": ["booked"]}'""",
            "more of identity",
        ),
        (
            "recipients",
            "recipients.concierge_supplier",
            """fields = '{"bank_account": ["bank_account"]}'""",
            """fields = '{"identity": ["name"], "booking": ["booked"]}'""",
            "may not have it",
        ),
        (
            "recipients",
            "recipients.concierge_supplier",
            "activity = 'card_blocking'",
            "activity = 'concierge'",
            "does not disclose to it",
        ),
        (
            "transfers",
            "transfers.booking_abroad",
            "transfer_ground = ''",
            "transfer_ground = 'contract_necessity'",
            "no",
        ),
        ("disclosures", "recipients", "recipient = 'somebody'", "recipient = 'concierge_supplier'", "does not declare"),
        ("disclosures", "recipients", "transfer_ground = ''", "transfer_ground = 'contract_necessity'", "ground"),
        ("disclosures", "recipients", "batch = 1", "batch = NULL", "the log does not hold"),
    ],
)
def test_h13_a_transfer_that_is_not_as_declared_is_seen(
    live: Installation, kind: str, path: str, change: str, back: str, why: str
) -> None:
    with _disclosed(live):
        update = "UPDATE disclosure_disclosure SET "
        assert why in live.sees(kind, "trygghavn", path, update + change, update + back)


def test_h2_h13_a_notice_that_waits_is_seen(live: Installation) -> None:
    with _disclosed(live):
        late = "UPDATE disclosure_notice SET owed_at = owed_at {} interval '16 days'"
        why = live.sees("disclosures", "trygghavn", "recipients", late.format("-"), late.format("+"))
        assert "1 notices to recipients have waited" in why


def test_a8_h13_a_process_that_lets_connections_out_is_seen(
    live: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tillit.disclosure import outward

    assert check.guarded()
    token = outward._open.set("email")
    try:
        assert live.states("disclosures", "solvik") == {"broken"}
    finally:
        outward._open.reset(token)
    assert live.states("disclosures", "solvik") == {"kept"}


def test_a8_f11_messages_carried_by_nobody_declared_or_waiting_are_seen(live: Installation) -> None:
    controller, kari = live.controllers["rundtur"], live.people["rundtur", "Kari"]
    with live.undone("messages_message"):
        with Scope(system("test", {controller.pk}), "important_notices") as scope:
            send(
                scope=scope,
                subject_id=kari,
                controller_id=controller.pk,
                template="free_text",
                values={"subject": "a", "text": "b"},
                at=clock.now(),
            )
        late = "UPDATE messages_message SET due_at = due_at {} interval '4 days'"
        path = "activities.important_notices.channels"
        assert "have waited" in live.sees("messages", "rundtur", path, late.format("-"), late.format("+"))
        sent = "UPDATE messages_message SET message_state = 'sent', settled_at = queued_at, carrier = '{}'"
        live.owner.execute(sent.format("postvind"))
        assert live.proofs("processors", controller="rundtur")
        why = live.sees("disclosures", "rundtur", None, sent.format("somebody"), sent.format("postvind"))
        assert why == "1 messages were carried by somebody, who is not declared"


def test_f3_a_message_that_came_too_soon_is_seen(live: Installation) -> None:
    cadences = [p for p in live.proofs("cadence") if p.finding.status == "kept"]
    assert cadences
    promise = cadences[0].promise
    controller, activity = live.controllers[promise.controller], promise.path.split(".")[1]
    kari = live.people[promise.controller, "Kari"]
    with live.undone("messages_message"):
        insert = (
            "INSERT INTO messages_message (subject_id, controller_id, category, direction, channel, activity, template,"
            " language, content, message_state, reason, queued_at, due_at, settled_at, attempts, answering, carrier)"
            " SELECT %s, %s, 53, 'out', 'email', %s, 'free_text', 'nb', '{}', 'sent', '', now(), now(),"
            " now() - n * interval '2 days', 1, false, '' FROM generate_series(1, %s) n"
        )
        live.owner.execute(insert, [kari, controller.pk, activity, 1])
        assert live.states("cadence", promise.controller, promise.path) == {"kept"}
        live.owner.execute(insert, [kari, controller.pk, activity, 1])
        assert live.states("cadence", promise.controller, promise.path) == {"broken"}
