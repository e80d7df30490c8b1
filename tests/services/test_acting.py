"""Acting under a mandate (D3, D4): nothing without one, whatever asks; letters, reminders; who sees ID cases."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from tests.support.world import person, publish_examples
from tillit.cases import operations as cases
from tillit.cases import queries
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.models import Disclosure
from tillit.disclosure.operations import disclose
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import operations as parties
from tillit.parties.actors import member_actor
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services.acting import letters, mandates, operations
from tillit.services.acting.errors import ActingError
from tillit.services.acting.models import ID_PROTECTION, WEB_CLEANUP, Counterpart, Letter, Mandate, Stage

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


@dataclass
class Client:
    """A customer whose identity was misused, and those who act."""

    controller: Controller
    subject: int

    def own(self, activity: str = "self_service") -> Scope:
        actor = member_actor(register_id=self.controller.register_id, subject_id=self.subject, login_id=7)
        return Scope(actor, activity, frozenset({self.subject}))

    def agent(self, activity: str = ID_PROTECTION) -> Scope:
        may = frozenset({ID_PROTECTION, WEB_CLEANUP})
        return Scope(Actor("staff", "3", frozenset({self.controller.pk}), may), activity, frozenset({self.subject}))

    def open(self, kind: str = ID_PROTECTION) -> Case:
        with self.own() as scope:
            return cases.open_case(
                scope=scope,
                subject_id=self.subject,
                controller_id=self.controller.pk,
                kind=kind,
                channel="self_service",
                at=clock.now(),
                fields={"text": "Noen har tatt opp lån i navnet mitt"},
            )

    def sign(self, case: Case) -> Mandate:
        with self.own() as scope:
            shown = mandates.wording(purpose=case.kind, controller_id=self.controller.pk, language="nb").digest
            return mandates.sign(scope=scope, case=case, shown=shown, language="nb", at=clock.now())

    def creditor(self, case: Case, **given: Any) -> Counterpart:
        with self.agent(case.kind) as scope:
            said = {"name": "Kredittbanken", "address": "Postboks 1\n0101 Oslo", "matter": "Lån 17", **given}
            return operations.add(scope=scope, case=case, at=clock.now(), **said)

    def write(self, case: Case, to: Counterpart, template: str = "dispute") -> Letter:
        with self.agent(case.kind) as scope:
            return letters.write(scope=scope, case=case, counterpart=to, template=template, at=clock.now())


@pytest.fixture
def kari(db: object) -> Client:
    clock.travel(NOW)
    trygghavn = publish_examples("loyalty_services")["trygghavn"]
    return Client(trygghavn, person(trygghavn, "customer", given="Kari", family="Nordmann", email="kari@post.example"))


def refused(call: Any, *args: Any, **given: Any) -> str:
    with pytest.raises(ActingError) as error:
        call(*args, **given)
    return error.value.code


def row(case: Case, to: Counterpart, mandate: Mandate, document: int, **given: Any) -> Letter:
    return Letter(
        subject_id=case.subject_id, controller_id=case.controller_id, category=case.category, case_id=case.id,
        counterpart_id=to.id, mandate_id=mandate.id, document_id=document, direction="in", at=clock.now(), **given,
    )  # fmt: skip


def test_d3_nothing_is_sent_or_taken_in_before_a_mandate_nor_after_it_whatever_asks(kari: Client) -> None:
    case = kari.open()
    bank = kari.creditor(case)
    assert refused(kari.write, case, bank) == "no-mandate"
    with kari.agent() as scope:
        assert refused(operations.take_in, scope=scope, case=case, counterpart=bank, body=PDF, at=NOW) == "no-mandate"
        told = {"name": "Kari"}
        given = {"subject_id": kari.subject, "controller_id": kari.controller.pk, "recipient": "creditor"}
        with pytest.raises(DisclosureRefusedError) as none:
            disclose(scope=scope, fields=told, at=NOW, case_id=case.id, **given)
        assert none.value.code == "no-mandate"
        direct = Disclosure(
            subject_id=kari.subject, controller_id=kari.controller.pk, recipient="creditor", recipient_kind="creditor",
            activity=ID_PROTECTION, ground="contract", fields={}, country="NO", declaration_version=1,
            disclosed_at=NOW, case_id=case.id,
        )  # fmt: skip
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            direct.save(force_insert=True)
    mandate = kari.sign(case)
    with kari.agent() as scope, transaction.atomic():
        direct.save(force_insert=True)
        direct.delete()
        kept = cases.attach(scope=scope, case=case, name="a.pdf", media_type="application/pdf", body=PDF, at=NOW)
        row(case, bank, mandate, kept.id).save(force_insert=True)
    clock.travel(NOW + timedelta(days=1))
    with kari.own() as scope:
        assert mandates.withdraw(scope=scope, case=case, at=clock.now())
    assert refused(kari.write, case, bank) == "no-mandate"
    with kari.agent() as scope:
        kept = cases.attach(scope=scope, case=case, name="b.pdf", media_type="application/pdf", body=PDF, at=NOW)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            row(case, bank, mandate, kept.id).save(force_insert=True)


def test_d3_a_mandate_is_signed_by_the_person_in_the_text_they_read_and_expires(kari: Client) -> None:
    case = kari.open()
    said = mandates.wording(purpose=ID_PROTECTION, controller_id=kari.controller.pk, language="nb")
    given: dict[str, Any] = {"case": case, "language": "nb", "at": clock.now()}
    with kari.agent() as scope:
        assert refused(mandates.sign, scope=scope, shown=said.digest, **given) == "not-theirs"
    with kari.own() as scope:
        assert refused(mandates.sign, scope=scope, shown="x", **given) == "wording"
    mandate = kari.sign(case)
    assert (mandate.version, mandate.wording, mandate.signed_by) == (1, said.digest, "member:7")
    assert mandate.expires_at == NOW.replace(year=2027)
    with kari.own() as scope:
        assert refused(mandates.sign, scope=scope, shown=said.digest, **given) == "mandate-stands"
    bank = kari.creditor(case)
    clock.travel(NOW.replace(year=2027) - timedelta(seconds=1))
    with kari.agent():
        assert mandates.standing(subject_id=kari.subject, case_id=case.id, at=clock.now())
    clock.travel(NOW.replace(year=2027))
    assert refused(kari.write, case, bank) == "no-mandate"
    assert kari.sign(case).id != mandate.id


def test_d3_a_letter_is_disclosed_sealed_reminded_by_the_clock_and_answered(kari: Client) -> None:
    case = kari.open()
    kari.sign(case)
    bank = kari.creditor(case, country="GB")
    letter = kari.write(case, bank)
    with kari.agent() as scope:
        (document,) = queries.documents(case=case)
        opened = cases.open_document(scope=scope, document=queries.document(case=case, document_id=document.id))
        assert opened.startswith(b"%PDF-")
        assert b"Nordmann" not in bytes(Document.objects.get(id=document.id).sealed)
        assert operations.one(case=case, counterpart_id=bank.id).next_on == date(2026, 3, 16)
    with Scope(system("test", {kari.controller.pk}), "rights_requests", frozenset({kari.subject})):
        (sent,) = Disclosure.objects.filter(subject_id=kari.subject)
        assert (sent.recipient, sent.reference, sent.case_id) == ("creditor", letter.reference, case.id)
        assert sent.fields == {"identity": ["name"], "id_case": ["id_case"], "mandate": ["mandate"]}
        assert (sent.ground, sent.transfer_ground) == ("contract", "contract_necessity")
    clock.travel(datetime(2026, 3, 16, 9, tzinfo=UTC))
    assert operations.remind() == 0  # nobody has posted it
    clock.travel(NOW)
    with kari.agent() as scope:
        letters.posted(scope=scope, letter=letter, at=clock.now())
    assert operations.remind() == 0
    clock.travel(datetime(2026, 3, 16, 9, tzinfo=UTC))
    assert operations.remind() == 1
    assert operations.remind() == 0
    with kari.agent() as scope:
        (reminder,) = [one for one in operations.letters_of(case=case) if one.template == "reminder"]
        letters.posted(scope=scope, letter=reminder, at=clock.now())
    with kari.own() as scope:
        mandates.withdraw(scope=scope, case=case, at=clock.now())
    clock.travel(datetime(2026, 3, 30, 9, tzinfo=UTC))
    assert operations.remind() == 0  # left to a colleague, and said so
    with kari.agent() as scope:
        assert [one.step for one in queries.entries(case=case)][-1] == "not_reminded"
    kari.sign(case)
    with kari.agent() as scope:
        operations.take_in(scope=scope, case=case, counterpart=bank, body=PDF, at=clock.now())
        bank = operations.one(case=case, counterpart_id=bank.id)
        assert (bank.stage, bank.next_on, bank.reminders) == (Stage.ANSWERED, None, 1)
        operations.settle(scope=scope, case=case, counterpart=bank, stage=Stage.DONE, at=clock.now())
        assert operations.one(case=case, counterpart_id=bank.id).next_on == date(2026, 4, 29)
        operations.looked_again(scope=scope, case=case, counterpart=bank, still_done=False, at=clock.now())
        assert operations.one(case=case, counterpart_id=bank.id).stage == Stage.NEW
        assert [one.direction for one in operations.letters_of(case=case)] == ["out", "out", "in"]


def test_d3_a_letter_is_not_posted_after_its_mandate_by_operation_nor_by_sql(kari: Client) -> None:
    case = kari.open()
    kari.sign(case)
    bank = kari.creditor(case)
    sent, waits = kari.write(case, bank), kari.write(case, bank)
    with kari.agent() as scope:
        letters.posted(scope=scope, letter=sent, at=clock.now())
    clock.travel(NOW + timedelta(days=1))
    with kari.own() as scope:
        mandates.withdraw(scope=scope, case=case, at=clock.now())
    for again in (False, True):
        if again:
            kari.sign(case)  # another mandate: the letter names the one that was withdrawn
        with kari.agent() as scope:
            assert refused(letters.posted, scope=scope, letter=waits, at=clock.now()) == "no-mandate"
            assert operations.letter(case=case, letter_id=waits.id).posted_at is None
            letters.may_leave(letter=operations.letter(case=case, letter_id=sent.id), at=clock.now())
    with kari.agent(), connection.cursor() as cursor:  # whatever asks, and past the operation
        again_posted = "UPDATE acting_letter SET posted_at = %s WHERE id = %s"
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            cursor.execute(again_posted, [clock.now(), waits.id])
        cursor.execute(again_posted, [NOW, waits.id])  # while it stood
        assert cursor.rowcount == 1


def _clean_up() -> tuple[str, str]:
    """What the proof finds of removal requests."""
    proofs = prove(kinds=["domains"], controllers=["trygghavn"])
    (found,) = [one.finding for one in proofs if one.promise.path == "activities.web_cleanup"]
    return found.status, found.why


def test_d4_a_site_is_asked_to_remove_under_the_mandate_and_looked_at_again(kari: Client) -> None:
    case = kari.open(WEB_CLEANUP)
    kari.sign(case)
    site = kari.creditor(case, name="Bildesiden", address="", url="https://bilder.example/17")
    assert refused(kari.write, case, site, "dispute") == "template"
    kari.write(case, site, "removal")
    assert _clean_up() == ("kept", "")
    with clock.travel(NOW + timedelta(days=60)):
        assert _clean_up() == ("broken", "1 sites that nobody followed up")
    with Scope(system("test", {kari.controller.pk}), "rights_requests", frozenset({kari.subject})):
        (sent,) = Disclosure.objects.filter(subject_id=kari.subject)
        assert (sent.recipient, sorted(sent.fields)) == ("web_site", ["identity", "mandate", "web_cleanup_case"])
    with kari.agent(WEB_CLEANUP) as scope:
        site = operations.one(case=case, counterpart_id=site.id)
        settled = date(2026, 5, 1)
        given: dict[str, Any] = {"scope": scope, "case": case, "counterpart": site, "at": clock.now()}
        assert refused(operations.settle, **given, stage=Stage.DONE, look_again=NOW.date()) == "day"
        operations.settle(**given, stage=Stage.DONE, look_again=settled)
        assert operations.one(case=case, counterpart_id=site.id).next_on == settled
        operations.looked_again(**given, still_done=True)
        assert operations.one(case=case, counterpart_id=site.id).next_on is None


def seen(kari: Client, scope: Scope) -> int:
    with scope:
        rows = [model.objects.filter(subject_id=kari.subject).count() for model in (Mandate, Counterpart, Letter)]
        return (
            sum(rows)
            + Case.objects.filter(kind=ID_PROTECTION).count()
            + Entry.objects.filter(subject_id=kari.subject).count()
        )


def test_d3_staff_see_an_id_case_as_id_agents_and_under_no_other_activity_live_or_archived(kari: Client) -> None:
    from tillit.declaration.vocabulary import vocabulary

    case = kari.open()
    kari.sign(case)
    kari.write(case, kari.creditor(case))
    here, people = frozenset({kari.controller.pk}), frozenset({kari.subject})
    asked = 0

    def others_see_nothing() -> None:
        nonlocal asked
        for role, word in vocabulary().roles.items():
            for activity in word.may:
                if activity not in (ID_PROTECTION, WEB_CLEANUP):
                    actor = Actor("staff", role, here, frozenset(word.may))
                    for subjects in (None, people):
                        assert seen(kari, Scope(actor, activity, subjects)) == 0, (role, activity)
                        asked += 1

    assert seen(kari, kari.agent()) > 5
    assert seen(kari, kari.own()) > 5
    others_see_nothing()
    with kari.agent() as scope:
        operations.close(scope=scope, case=case, at=clock.now())
    with Scope(system("test", here), "customer_administration", people) as scope:
        parties.end_relationship(
            scope=scope, subject_id=kari.subject, controller_id=kari.controller.pk, kind="customer",
            ended=date(2026, 3, 3), reason="own_wish",
        )  # fmt: skip
    clock.travel(NOW + timedelta(days=2))
    retention.run()
    with Scope(system("test", here), "retention"):
        assert Case.objects.get(id=case.id).state == 2
    assert seen(kari, kari.agent()) > 5
    others_see_nothing()
    assert asked > 100


def test_d3_an_id_case_goes_three_years_after_its_end_even_while_a_customer(kari: Client) -> None:
    case = kari.open()
    kari.sign(case)
    kari.write(case, kari.creditor(case))
    with kari.agent():
        assert (Mandate.objects.count(), Letter.objects.count()) == (1, 1)
    before = seen(kari, kari.agent())
    clock.travel(clock.now() + timedelta(days=1))
    retention.run()  # an open case keeps its mandate, and with it the letters
    assert seen(kari, kari.agent()) == before
    with kari.agent() as scope:
        assert (Mandate.objects.count(), Letter.objects.count()) == (1, 1)
        operations.close(
            scope=scope, case=operations.one_case(case_id=case.id), at=datetime(2026, 3, 2, 12, tzinfo=UTC)
        )
    clock.travel(datetime(2029, 3, 1, 12, tzinfo=UTC))
    retention.run()
    assert seen(kari, kari.agent()) > 5
    with kari.agent():
        assert (Mandate.objects.count(), Letter.objects.count()) == (1, 1)
    clock.travel(datetime(2029, 3, 2, 12, tzinfo=UTC))
    retention.run()
    assert seen(kari, kari.agent()) == 0


def test_d3_d4_a_letter_without_a_mandate_and_an_opened_door_are_seen(kari: Client, django_db_blocker: Any) -> None:
    def status() -> set[str]:
        found = prove(controllers=["trygghavn"], kinds=["domains"])
        return {one.finding.status for one in found if one.promise.path == "activities.id_protection"}

    case = kari.open()
    kari.sign(case)
    kari.write(case, kari.creditor(case))
    assert status() == {"kept"}
    with kari.agent():
        Mandate.objects.filter(subject_id=kari.subject).update(withdrawn_at=NOW)
    assert status() == {"broken"}
