"""Whoever received the data is told when it is corrected, erased or restricted; the person learns who (GDPR 19)."""

from datetime import timedelta

import pytest

from tests.journeys.rights.conftest import Asking
from tests.journeys.rights.test_handling import carry_out, known
from tillit.declaration.queries import current
from tillit.disclosure import queries as disclosures
from tillit.disclosure.models import Disclosure, Notice
from tillit.journeys import profile
from tillit.journeys.rights import handling, recipients
from tillit.journeys.rights.errors import RequestError
from tillit.kernel import clock
from tillit.messages.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def received(kari: Asking) -> str:
    """Somebody received Kari's name and address once; the name of who."""
    declared = current(controller_id=kari.controller.pk, on=clock.today())
    recipient = declared.recipients[0]
    with kari.scope():
        Disclosure.objects.create(
            subject_id=kari.subject,
            controller_id=kari.controller.pk,
            recipient=recipient.key,
            recipient_kind=recipient.kind,
            activity=declared.activities[0].key,
            ground=recipient.ground,
            fields={"identity": ["name"], "contact": ["address"]},
            country="NO",
            declaration_version=1,
            disclosed_at=clock.now() - timedelta(days=30),
        )
    return recipient.name


def owed(kari: Asking) -> list[tuple[str, list[str]]]:
    with kari.scope():
        return [(one.what, one.categories) for one in disclosures.owed(subject_id=kari.subject)]


def test_h2_a_correction_by_staff_is_told_to_whoever_received_that_kind_of_data(kari: Asking, received: str) -> None:
    case = carry_out(kari, known(kari, "rectification"), corrections={"gender": "female"})
    assert owed(kari) == []
    case = carry_out(kari, known(kari, "rectification"), corrections={"name.family": "Nordvik"})
    assert owed(kari) == [("rectified", ["identity"])]
    assert f"{received} får beskjed om dette." in kari.answer(case.id)


def test_h2_a_correction_on_the_own_page_is_told_too(kari: Asking, received: str) -> None:
    assert received
    with kari.scope("self_service") as scope:
        profile.correct_name(
            scope=scope, controller=kari.controller, subject_id=kari.subject, given="Kari", family="Nordvik"
        )
    assert owed(kari) == [("rectified", ["identity"])]


def test_h3_h4_erasure_restriction_and_its_lifting_are_told(kari: Asking, received: str) -> None:
    case = carry_out(kari, known(kari, "restriction", ground="claims"))
    assert [what for what, _ in owed(kari)] == ["restricted"]
    assert received in kari.answer(case.id)
    handling.lift(actor=kari.adviser, controller=kari.controller, case_id=case.id, reason="Kravet er avgjort.")
    assert {what for what, _ in owed(kari)} == {"restricted", "unrestricted"}
    carry_out(kari, known(kari, "erasure", ground="unlawful"))
    assert {what for what, _ in owed(kari)} == {"restricted", "unrestricted", "erased"}


def test_h2_the_notice_is_settled_once_with_how(kari: Asking, received: str) -> None:
    assert received
    case = carry_out(kari, known(kari, "rectification"), corrections={"name.family": "Nordvik"})
    with kari.scope():
        ((notice, name),) = recipients.of_case(case)
    assert name == received
    tell = {"actor": kari.adviser, "controller": kari.controller, "case_id": case.id, "notice_id": notice.id}
    with pytest.raises(RequestError):
        recipients.told(**tell, how="telepathy")
    with pytest.raises(RequestError):
        recipients.told(**(tell | {"notice_id": notice.id + 1}), how="email")
    assert recipients.told(**tell, how="email") == 1
    assert recipients.told(**tell, how="email") == 0
    assert owed(kari) == []
    with kari.scope():
        assert Notice.objects.get(id=notice.id).how == "email"
    assert [entry.step for entry in kari.entries(case.id)][-1] == "recipients_told"


def test_h3_the_answer_is_written_to_the_address_of_before_the_erasure(kari: Asking) -> None:
    carry_out(kari, known(kari, "erasure", ground="unlawful"))
    with kari.scope():
        (letter,) = Message.objects.filter(subject_id=kari.subject, content__subject__startswith="Svar på kravet ditt")
        assert letter.message_state == "queued"
        assert "Sikkerhetskopier slettes" in letter.content["text"]
        assert letter.sealed_address is not None
