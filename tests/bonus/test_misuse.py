"""Signs of misuse, exclusion (C13), and claims for what is owed (C8)."""

from datetime import timedelta

import pytest

from tests.bonus.conftest import NOW, Y28, World
from tests.bonus.test_corrections import correct
from tests.bonus.test_reports import buy
from tests.bonus.test_use import use
from tests.faces.test_staff import hire
from tillit.bonus import rates
from tillit.bonus.misuse import CLAIM, Limits
from tillit.cases.errors import CaseError
from tillit.cases.models import Case, Document
from tillit.disclosure.models import Disclosure
from tillit.journeys import bonus_claims, misuse
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, ScopeError
from tillit.ledger import queries as ledger
from tillit.messages.models import Message
from tillit.parties.actors import staff_actor
from tillit.parties.models import Relationship
from tillit.purchases.models import Chain

LIMITS = Limits(volume=100_00, velocity=3, cards=8, shared_receipt=3, refunds=60)


def actor(world: World, role: str, name: str = "Ada Admin"):  # type: ignore[no-untyped-def]
    club = world.controllers["nordkai"]
    return staff_actor(staff=hire(club, role=role, name=name), controller=club)


def test_c13_signs_are_raised_with_their_evidence_heard_decided_and_keep_the_person_out(world: World) -> None:
    club, member, quiet = world.controllers["nordkai"], world.member(), world.member()
    for minutes in range(5):
        buy(world, member, 30_00, at=NOW - timedelta(hours=3, minutes=minutes))
    buy(world, quiet, 50_00)
    world.earn(member, 9_00)
    span = {"controller": club, "start": NOW - timedelta(days=1), "end": NOW + timedelta(days=1), "limits": LIMITS}
    (case,) = misuse.raise_signs(**span)
    assert (case.subject_id, case.fields["evidence"]) == (member, {"velocity": "5 > 3", "volume": "15000 > 10000"})
    assert misuse.raise_signs(**span) == []
    admin = actor(world, "administrator")
    assert [one.id for one in misuse.queue(actor=admin, controller=club)] == [case.id]
    with pytest.raises(ScopeError):
        misuse.queue(actor=actor(world, "reception", "Per Port"), controller=club)
    step = {"actor": admin, "controller": club, "case_id": case.id}
    misuse.take(**step, step="heard", text="Hva gjelder kjøpene?")
    for wrong in ({"step": "decided", "text": "x"}, {"step": "decided", "text": "", "outcome": "terminated"}):
        with pytest.raises(CaseError):
            misuse.take(**step, **wrong)
    assert not misuse.refused(subject_id=member, controller_id=club.pk)
    misuse.take(**step, step="decided", text="Videresalg.", outcome="terminated")
    misuse.take(**step, step="claimed", text="Krav 1")
    misuse.take(**step, step="reported", text="Anmeldt, journal 7")
    with world.scope("abuse_control"):
        sent = Disclosure.objects.get(subject_id=member, recipient="police")
        assert (sent.case_id, "misuse_case" in sent.fields) == (case.id, True)
        report = Document.objects.get(subject_id=member, case_id=case.id, name="police-report.pdf")
    name, _, body = misuse.document(actor=admin, controller=club, case_id=case.id, document_id=report.id)
    assert (name, body[:5]) == ("police-report.pdf", b"%PDF-")
    shown = misuse.look(actor=admin, controller=club, case_id=case.id)
    assert ("appealed" in shown.steps, "heard" in shown.steps, len(shown.receipts) > 0) == (True, False, True)
    assert misuse.refused(subject_id=member, controller_id=club.pk)
    assert not misuse.refused(subject_id=quiet, controller_id=club.pk)
    with world.scope("abuse_control"):
        assert not Relationship.objects.filter(subject_id=member, controller_id=club.pk, ended__isnull=True).exists()
    with world.scope("important_notices"):
        told = list(
            Message.objects.filter(subject_id=member).order_by("queued_at", "id").values_list("template", flat=True)
        )
        assert sorted(told) == ["misuse_claimed", "misuse_heard", "misuse_terminated"]
    misuse.take(**step, step="appealed", text="Uenig")
    misuse.take(**step, step="appeal_decided", text="Feil person", outcome="cleared")
    assert not misuse.refused(subject_id=member, controller_id=club.pk)


def test_c8_what_is_owed_is_claimed_by_letter_and_settled_by_payment_or_by_later_earning(world: World) -> None:
    chain, club = world.chains["nordkai"], world.controllers["nordkai"]
    rates.add(chain_id=chain.pk, basis_points=200, when=rates.When(NOW - timedelta(days=400)))
    desk, second = (actor(world, "customer_service", name) for name in ("Kaja Service", "Knut Kollega"))
    members = world.member(), world.member()
    for member in members:
        world.earn(member, 10_00, expires=Y28)
        use(world, member, 10_00)
        correct(world, member, -6_00)
    claims = [bonus_claims.claim(actor=desk, chain=chain, subject_id=one) for one in members]
    assert bonus_claims.claim(actor=desk, chain=chain, subject_id=members[0]).id == claims[0].id
    assert (claims[0].fields["amount"], claims[0].fields["due"]) == ("600", "2026-05-18")
    with world.scope("bonus_correction"):
        letters = Document.objects.filter(subject_id=members[0], case_id=claims[0].id)
        assert [one.media_type for one in letters] == ["application/pdf"]
    with world.scope("important_notices"):
        assert Message.objects.filter(template="bonus_claim", subject_id__in=members).count() == 2

    def pay(amount: int, reference: str, by: Actor = desk) -> Case | None:
        return bonus_claims.pay(actor=by, controller=club, case_id=claims[0].id, amount=amount, reference=reference)

    for _ in range(2):
        assert (noted := pay(2_00, "B1")) is not None
        assert noted.closed_at is None
    for wrong in ((7_00, "B2"), (3_00, "B1")):
        with pytest.raises(bonus_claims.ClaimError):
            pay(*wrong)
    Chain.objects.update(alone_up_to=100_00)  # by two per cent: what was noted alone is all that one may
    for by, given in ((desk, (4_00, "B2")), (desk, (4_00, "B2")), (second, (4_00, "B3")), (second, (3_00, "B2"))):
        assert pay(*given, by=by) is None
    rows, _ = bonus_claims.listed(actor=desk, controller=club, first=0, count=2)
    assert [(one.owed.minor, one.proposed) for one in rows] == [(6_00, None), (4_00, (Money(3_00, "NOK"), "B2"))]
    assert (noted := pay(4_00, "B2", by=second)) is not None
    assert noted.outcome == "settled"
    correct(world, members[1], 6_00)
    assert bonus_claims.review(controller_id=chain.controller_id) == 1
    with world.scope("bonus_correction"):
        assert not Case.objects.filter(kind=CLAIM, closed_at__isnull=True).exists()
        assert ledger.unexplained() == 0
    with pytest.raises(bonus_claims.ClaimError):
        bonus_claims.claim(actor=desk, chain=chain, subject_id=members[0])
