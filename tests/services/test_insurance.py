"""Insurance (D7): cover, claims, what is kept of them field by field and to the day, insurer and broker told once."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site

from tests.conftest import TestDatabase
from tests.services.conftest import paid_out
from tests.services.test_blocking import found_anywhere
from tests.support.world import person, publish_examples
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.disclosure import queries as disclosures
from tillit.journeys import insurance, insurance_told
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.ledger.models import Transfer
from tillit.parties import operations as parties
from tillit.parties.models import Fact
from tillit.platform import paths
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services import accounts, claims, covers, insurers
from tillit.services.errors import ServiceError
from tillit.services.insurance_models import ClaimNotice, Cover, PaidClaim, RefusedClaim

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ACCOUNT = "12345678903"
PDF = b"%PDF-1.4\nkvittering fra butikken\n%%EOF\n"


@dataclass
class Insured:
    """A customer with a cover from 1 January 2026."""

    controller: Controller
    subject: int
    cover: Cover

    @property
    def staff(self) -> Any:
        return system("test", {self.controller.pk})

    def scope(self, activity: str = claims.ACTIVITY) -> Scope:
        return Scope(self.staff, activity, frozenset({self.subject}))

    def claim(self, item: str = "Sykkelen", files: tuple[bytes, ...] = (), **given: Any) -> Case:
        return insurance.claim(
            actor=self.staff,
            controller=self.controller,
            subject_id=self.subject,
            cover_id=self.cover.id,
            item=item,
            loss_kind="stolen",
            loss_on=given.get("loss_on", date(2026, 2, 27)),
            text="Den sto låst i kjelleren, og nabolaget er utrygt",
            claimed=900_000,
            files=files,
        )

    def decide(self, case: Case, amount: int, reasons: str = "") -> None:
        insurance.decide(actor=self.staff, controller=self.controller, case_id=case.id, amount=amount, reasons=reasons)

    def pay(self, case: Case) -> PaidClaim:
        return insurance.pay(
            actor=self.staff, controller=self.controller, case_id=case.id, method="bank", to_account=ACCOUNT
        )

    def left(self, model: Any, **where: Any) -> int:
        with Scope(self.staff, "retention", frozenset({self.subject})):
            return int(model.objects.filter(subject_id=self.subject, **where).count())


@pytest.fixture
def insured(fresh_db: TestDatabase) -> Insured:
    clock.travel(NOW)
    trygghavn = publish_examples("loyalty_services")["trygghavn"]
    who = person(trygghavn, "customer", given="Kari", family="Nordmann", email="kari@post.example")
    terms = covers.keep_terms(
        controller=trygghavn,
        product="trygg",
        policy="TH-100",
        insures={"nb": "Sykkel og telefon", "en": "Bicycle and phone"},
        most=2_000_000,
        own_share=50_000,
        starts=date(2025, 1, 1),
    )
    with Scope(system("test", {trygghavn.pk}), covers.ACTIVITY, frozenset({who})) as scope:
        made = covers.insure(
            scope=scope, subject_id=who, terms=terms, starts=date(2026, 1, 1), ends=None, at=clock.now()
        )
    return Insured(trygghavn, who, made)


@dataclass
class InsurerProcess:
    port: int

    def call(self, verb: str, path: str, said: Any = None) -> Any:
        link = HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request(verb, path, json.dumps(said) if said is not None else None)
        answer = json.loads(link.getresponse().read())
        link.close()
        return answer


@pytest.fixture
def insurer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InsurerProcess]:
    certificate = str(tmp_path / "insurer.pem")
    command = [sys.executable, "-m", "tillit.faces.cli", "simulator", "insurer", "--port", "0"]
    command += ["--certificate", certificate]
    process = subprocess.Popen(command, cwd=paths.root(), stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        here = f"http://simulator@127.0.0.1:{port}"
        monkeypatch.setattr(site, "INSURERS", f"insurer={here} insurance_broker={here}")
        monkeypatch.setattr(site, "INSURER_CERTIFICATES", f"insurer={certificate}")
        yield InsurerProcess(port)
    finally:
        process.kill()
        process.wait(timeout=60)
        process.stdout.close()


def test_d7_insurer_and_broker_are_told_of_a_claim_and_its_decision_each_once(
    insured: Insured, insurer: InsurerProcess
) -> None:
    insurer.call("POST", "/play", {"fail": ["lost", "busy"]})
    case = insured.claim()
    assert insurance_told.tell_everywhere() == 0  # one answer is lost, the other is busy
    for _ in range(2):
        clock.travel(clock.now() + timedelta(minutes=6))
        insurance_told.tell_everywhere()
    told = insurer.call("GET", "/told").values()
    assert [(one["about"], one["times"]) for one in told] == [("claim", 1), ("claim", 1)]
    first = next(iter(told))
    assert (first["name"], first["insurance_claim"]["item"]) == ("Kari Nordmann", "Sykkelen")
    assert first["insurance_cover"]["policy"] == "TH-100"
    insured.decide(case, 600_000, "Verdifallet er trukket fra")
    insured.pay(case)
    clock.travel(clock.now() + timedelta(minutes=6))
    assert insurance_told.tell_everywhere() == 4
    assert insurance_told.tell_everywhere() == 0
    told = insurer.call("GET", "/told").values()
    assert sorted((one["about"], one["times"]) for one in told) == [
        *[("claim", 1)] * 2, *[("paid", 1)] * 2, *[("refused", 1)] * 2,
    ]  # fmt: skip
    assert ACCOUNT not in json.dumps(list(told))
    with insured.scope("rights_requests"):
        given = disclosures.about(subject_id=insured.subject)
    assert {one.recipient for one in given} == {"insurer", "insurance_broker"}


def test_d7_files_leave_with_their_claim_sealed_for_the_insurer_s_certificate_alone(
    insured: Insured, insurer: InsurerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = insured.claim(files=(PDF,))
    insurance.write(actor=insured.staff, subject_id=insured.subject, case_id=case.id, text="", files=(PDF + b"mer",))
    sent: list[bytes] = []
    through = insurers.call

    def seen(**given: Any) -> Any:
        sent.append(json.dumps(given.get("body")).encode())
        return through(**given)

    monkeypatch.setattr(insurers, "call", seen)
    assert insurance_told.tell_everywhere() == 4  # the broker, whose certificate nobody has, gets the claim alone
    told = list(insurer.call("GET", "/told").values())
    files = [one["insurance_claim"] for one in told if one["about"] == "file"]
    assert sorted(one["bytes"] for one in files) == [len(PDF), len(PDF) + 3], "opened with its key, and the same bytes"
    assert {one["case"] for one in files} == {str(case.id)}
    assert any(b"sealed" in one for one in sent)
    assert not any(base64.b64encode(PDF)[:40] in one for one in sent), "nobody else can read it on its way"
    with insured.scope("rights_requests"):
        assert len(disclosures.about(subject_id=insured.subject)) == 4
    assert insurance_told.tell_everywhere() == 0


def test_d7_of_a_decided_claim_only_the_declared_fields_are_left_the_night_after(
    insured: Insured, fresh_db: TestDatabase, insurer: InsurerProcess
) -> None:
    case = insured.claim(files=(PDF,))
    assert insured.left(Document, case_id=case.id) == 1
    insured.decide(case, 600_000, "Verdifallet er trukket fra")
    row = insured.pay(case)
    insurance_told.tell_everywhere()
    with fresh_db.connect("owner") as owner:
        assert "cases_case" in found_anywhere(owner, "nabolaget er utrygt")
    clock.travel(clock.now() + timedelta(days=1))
    retention.run()
    assert [insured.left(model) for model in (Case, Entry, Document, ClaimNotice)] == [0, 0, 0, 0]
    with fresh_db.connect("owner") as owner:
        assert found_anywhere(owner, "nabolaget er utrygt") == []
        assert found_anywhere(owner, ACCOUNT) == []
    with insured.scope() as scope:
        paid, refused = claims.decided(subject_id=insured.subject)
        assert claims.open_account(scope=scope, claim=PaidClaim.objects.get(id=row.id)) == ACCOUNT
    assert [(one.amount, one.method, one.item, one.loss_on, one.claimed_on, one.status) for one in paid] == [
        (600_000, "bank", "Sykkelen", date(2026, 2, 27), date(2026, 3, 2), "partly_paid")
    ]
    assert [(one.reasons, one.partly, one.item) for one in refused] == [
        ("Verdifallet er trukket fra", True, "Sykkelen")
    ]
    frame = {"pk", "subject_id", "id", "controller_id", "state", "recorded_at"}
    kept = {field.name for field in PaidClaim._meta.concrete_fields} - frame
    assert kept == {
        "amount", "currency", "method", "account", "item", "loss_kind", "loss_on", "claimed_on", "status", "paid_at",
    }  # fmt: skip
    kept = {field.name for field in RefusedClaim._meta.concrete_fields} - frame
    assert kept == {"item", "loss_kind", "loss_on", "claimed_on", "partly", "reasons", "refused_at"}


def test_d7_cover_paid_and_refused_claims_each_go_on_their_day(insured: Insured, insurer: InsurerProcess) -> None:
    paid, refused = insured.claim("Telefonen"), insured.claim("Ringen")
    insured.decide(paid, 500_000)
    insured.decide(refused, 0, "Ringen var ikke omfattet")
    insurance_told.tell_everywhere()
    clock.travel(datetime(2027, 1, 4, 9, tzinfo=UTC))  # paid the year after it was decided
    insured.pay(paid)
    assert paid_out(insured.controller) == 1
    insurance_told.tell_everywhere()
    clock.travel(datetime(2027, 2, 1, 9, tzinfo=UTC))
    with insured.scope(covers.ACTIVITY) as scope:
        covers.end(scope=scope, cover=insured.cover, ends=date(2027, 2, 1))
    with insured.scope("customer_administration") as scope:
        parties.end_relationship(
            scope=scope, subject_id=insured.subject, controller_id=insured.controller.pk, kind="customer",
            ended=date(2027, 2, 1), reason="own_wish",
        )  # fmt: skip

    def after(day: date) -> tuple[int, ...]:
        clock.travel(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
        retention.run()
        models = (Cover, PaidClaim, RefusedClaim)
        return (*(insured.left(one) for one in models), int(insured.left(Fact, kind="name.family") > 0))

    assert after(date(2028, 7, 31)) == (1, 1, 1, 1)
    assert after(date(2028, 8, 1)) == (0, 1, 1, 1)  # eighteen months after the cover ended
    assert after(date(2033, 12, 31)) == (0, 1, 1, 1)
    assert after(date(2034, 1, 1)) == (0, 1, 0, 1)  # three years after the year of the refusal, and four more
    assert after(date(2034, 12, 31)) == (0, 1, 0, 1)
    assert insured.left(Transfer) == 2  # the payout, ordered and paid; the decision was booked the year before
    assert after(date(2035, 1, 1)) == (0, 0, 0, 0)  # five after the financial year of payment, and two more
    assert insured.left(Transfer) == 0


def test_d7_a_claim_needs_a_cover_that_held_and_a_decision_its_reasons(insured: Insured) -> None:
    for given, code in (
        ({"loss_on": date(2025, 12, 31)}, "not-covered"),
        ({"loss_on": date(2026, 3, 3)}, "loss-later"),
        ({"item": " "}, "item"),
    ):
        with pytest.raises(ServiceError) as none:
            insured.claim(**given)
        assert none.value.code == code
    case = insured.claim()
    for amount, reasons, code in ((0, " ", "decision"), (2_000_001, "", "too-much"), (-1, "nei", "decision")):
        with pytest.raises(ServiceError) as none:
            insured.decide(case, amount, reasons)
        assert none.value.code == code
    with pytest.raises(ServiceError) as early:
        insured.pay(case)
    assert early.value.code == "not-approved"
    insured.decide(case, 700_000)
    with insured.scope() as scope:
        book = accounts.book(controller_id=insured.controller.pk, category=accounts.CLAIMS)
        assert accounts.standing(subject_id=insured.subject, of=book, kind=accounts.DUE) == 700_000
        assert scope.activity == claims.ACTIVITY
    insured.pay(case)
    with insured.scope():
        assert accounts.standing(subject_id=insured.subject, of=book, kind=accounts.DUE) == 0


def test_d7_a_notice_nobody_carries_and_an_approval_the_books_do_not_know_are_seen(
    insured: Insured, insurer: InsurerProcess, fresh_db: TestDatabase
) -> None:
    def status() -> set[str]:
        found = prove(controllers=["trygghavn"], kinds=["domains"])
        return {one.finding.status for one in found if one.promise.path == "activities.insurance_claims"}

    case = insured.claim()
    insured.decide(case, 600_000)
    assert status() == {"kept"}
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE services_claim_notice SET recorded_at = recorded_at - interval '2 days'")
        assert status() == {"broken"}
        insurance_told.tell_everywhere()
        assert status() == {"kept"}
        owner.execute("UPDATE cases_case SET fields = fields || '{\"approved\": 700000}' WHERE stage = 'approved'")
        assert status() == {"broken"}


def test_d7_a_claim_taken_back_is_told_to_nobody_and_a_bad_notice_holds_up_no_other(
    insured: Insured, monkeypatch: pytest.MonkeyPatch, insurer: InsurerProcess
) -> None:
    first = insured.claim()
    insurance.withdraw(actor=insured.staff, subject_id=insured.subject, case_id=first.id)
    assert insurance_told.tell_everywhere() == 0
    assert insurer.call("GET", "/told") == {}
    insurer.call("POST", "/play", {"fail": ["busy", "busy"]})
    again = insured.claim("Telefonen")
    insurance_told.tell_everywhere()
    insurance.withdraw(actor=insured.staff, subject_id=insured.subject, case_id=again.id)
    clock.travel(clock.now() + timedelta(days=2))
    retention.run()
    assert insured.left(Case, id=again.id) == 0
    assert insured.left(ClaimNotice, case_id=again.id, told_at=None) == 2
    bad, good = insured.claim("Ringen"), insured.claim("Uret")
    named = insurance_told.called

    def once(subject: int) -> str:
        monkeypatch.setattr(insurance_told, "called", named)
        raise RuntimeError

    monkeypatch.setattr(insurance_told, "called", once)
    assert insurance_told.tell_everywhere() == 3
    assert insured.left(ClaimNotice, case_id=again.id, told_at=None) == 0
    clock.travel(clock.now() + timedelta(minutes=6))
    assert insurance_told.tell_everywhere() == 1
    told = insurer.call("GET", "/told").values()
    assert sorted(one["insurance_claim"]["item"] for one in told) == ["Ringen", "Ringen", "Uret", "Uret"]
    assert {bad.subject_id, good.subject_id} == {insured.subject}
