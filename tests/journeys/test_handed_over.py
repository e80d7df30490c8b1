"""What hangs on books, digests and other rows goes along with people who are handed over (A10)."""

import base64
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from tests.journeys.intake_world import NOW, START, World, bought, build, take_in
from tests.support.shops import card_number
from tests.support.world import person, publish_examples
from tillit.bonus import handing_over as bonus_along
from tillit.bonus import programmes, rates
from tillit.bonus import queries as bonus
from tillit.bonus.complaints import COMPLAINT
from tillit.bonus.models import Programme
from tillit.bonus.rates import When
from tillit.cases import operations
from tillit.cases.models import Case, Document, Entry
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.declaration.queries import current
from tillit.declaration.registry import Arriving, Leaving
from tillit.journeys.enquiries import opening
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, Scope, system
from tillit.ledger import queries as ledger
from tillit.ledger.models import Balance
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Relationship
from tillit.parties.operations import create_subject, record_fact
from tillit.privacy.errors import HandoverError
from tillit.privacy.handover import carrying, planning
from tillit.privacy.prove.run import prove
from tillit.purchases import operations as instruments
from tillit.purchases import reference_data
from tillit.purchases.errors import InstrumentRefusedError
from tillit.purchases.models import PaymentInstrument
from tillit.services import agreements, handing_over
from tillit.services import reference_data as services
from tillit.services.agreement_models import Agreement
from tillit.services.product_models import Payer

DAY = date(2026, 7, 15)
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def _buyer(world: World) -> Controller:
    """A controller of its own register that declares the same, with a chain, rates and a source."""
    made = _twin(world.controllers["nordkai"])
    chain = reference_data.keep_chain(key="lyng", name="Lyng", controller_id=made.pk)
    reference_data.keep_stores(chain=chain, stores={"1": ("Lyng 1", "Tromsø")})
    world.books["lyng"] = programmes.set_up(chain=chain, on=clock.today()).book_id
    world.controllers["lyngvik"] = made
    rates.add(chain_id=chain.pk, basis_points=300, when=When(START))
    reference_data.keep_source(key="lyngkasse", name="Kasse", register_id=made.register_id, accept_from=START.date())
    return made


def _twin(giver: Controller) -> Controller:
    same = current(controller_id=giver.pk, on=NOW.date())
    alone = same.controller.arrangement.model_copy(
        update={"register_key": "lyngvik", "holder": None, "kind": "sole", "division": None}
    )
    who = same.controller.model_copy(update={"key": "lyngvik", "name": "Lyngvik AS", "arrangement": alone})
    return publish(declaration=same.model_copy(update={"controller": who}), source_text="", at=clock.now()).controller


def _go(giver: Controller, buyer: Controller, chains: dict[str, str]) -> Any:
    actor = system("test", {giver.pk, buyer.pk})
    handover = planning.plan(
        actor=actor, giver=giver, receiver=buyer, day=DAY, consents=True, at=clock.now(), chains=chains
    )
    planning.announce(actor=actor, handover=handover, at=clock.now())
    return handover, actor


def _new(buyer: Controller) -> int:
    with Scope(system("test", {buyer.pk}), "retention"):
        return int(Relationship.objects.get(controller_id=buyer.pk).subject_id)


def test_a10_bonus_goes_from_book_to_book_and_a_card_that_came_along_earns(world: World) -> None:
    kari = world.member()
    nordkai = world.controllers["nordkai"]
    with world.scope("self_service") as scope:
        instruments.register_instrument(
            scope=scope, subject_id=kari, controller_id=nordkai.pk, number=card_number(1), at=START
        )
    world.take_in([bought(1), bought(2, amount="250.50")])
    assert world.balances(kari) == {"lot": 351}
    buyer = _buyer(world)
    with pytest.raises(HandoverError) as undecided:
        _go(nordkai, buyer, {})
    assert undecided.value.code == "handover-undecided"
    handover, actor = _go(nordkai, buyer, {"mat": "lyng"})
    with clock.travel(NOW + timedelta(days=60)):
        done = carrying.carry_out(actor=actor, handover=handover, at=clock.now())
        assert done.moved == 1
        assert done.counts["bonus:NOK"] == [351, 351]
        assert done.counts["purchases_instrument"] == [1, 1]
        new = _new(buyer)
        assert world.balances(new, "lyng") == {"lot": 351}
        assert world.balances(kari) == {}
        with world.scope("retention"):
            expires = Balance.objects.filter(subject_id=new).values_list("expires_on", flat=True)
            assert list(expires) == [date(2028, 1, 1)], "it lives as long as it was to"
        between = [line.moved for line in ledger.trial_balance() if line.kind == "handed_over"]
        assert sorted(between) == [-351, 351]
        (proof,) = prove(kinds=["handover"], controllers=["nordkai"])
        assert (proof.finding.status, proof.finding.why) == ("kept", "")
        with world.scope("retention"):
            card = PaymentInstrument.objects.get(subject_id=new)
            before = card.digest
        assert before not in {
            digest(one, Kind.CARD, card_number(1)) for one in (nordkai.register_id, buyer.register_id)
        }
        time = clock.now().isoformat()
        take_in([bought(3, chain="lyng", time=time), bought(4, card=9, chain="lyng", time=time)], source="lyngkasse")
        assert world.balances(new, "lyng") == {"lot": 651}, "the card that came along earns at the new owner's rate"
        stranger = person(buyer, account=False)
        with pytest.raises(InstrumentRefusedError) as taken, world.scope("self_service") as scope:
            instruments.register_instrument(
                scope=scope, subject_id=stranger, controller_id=buyer.pk, number=card_number(1), at=clock.now()
            )
        assert taken.value.code == "taken"
        with world.scope("self_service") as scope:
            instruments.register_instrument(
                scope=scope, subject_id=new, controller_id=buyer.pk, number=card_number(1), at=clock.now()
            )
            assert PaymentInstrument.objects.get(subject_id=new).digest != before, "a digest of the receiver's own"
        take_in([bought(5, chain="lyng", time=time)], source="lyngkasse")
        assert world.balances(new, "lyng") == {"lot": 951}


def test_a10_value_that_left_one_book_and_reached_no_other_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = world.member(1)
    world.take_in([bought(1)])
    buyer = _buyer(world)
    handover, actor = _go(world.controllers["nordkai"], buyer, {"mat": "lyng"})
    monkeypatch.setattr(bonus_along, "_in", lambda *said: 0)
    with clock.travel(NOW + timedelta(days=60)):
        assert world.balances(kari) == {"lot": 100}
        carrying.carry_out(actor=actor, handover=handover, at=clock.now())
        assert world.balances(kari) == {}
        (proof,) = prove(kinds=["handover"], controllers=["nordkai"])
        assert proof.finding.status == "broken"
        assert "value in NOK left the books and did not arrive: 100" in proof.finding.faults


def _elsewhere(giver: Controller, buyer: Controller, subject: int) -> list[tuple[str, int, date, date | None]]:
    """The agreements that another installation makes of what is packed for it, as JSON; nothing of it stays."""
    goes, at = frozenset({"relationship"}), clock.now()
    with transaction.atomic(), Scope(system("test", {giver.pk, buyer.pk}), "retention") as scope:
        packed = handing_over.pack(Leaving(1, giver.pk, (subject,), goes, {}, at))
        new = create_subject(scope=scope, register_id=buyer.register_id)
        said = json.loads(json.dumps(packed.said))
        assert handing_over.unpack(Arriving(1, buyer.pk, new, goes, at), said) == {"services_agreement": 1}
        found = [(a.product.key, a.price, a.starts, a.ends) for a in Agreement.objects.filter(subject_id=new)]
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize(("other", "arrived"), [("100", 200), ("250", 350)])
def test_a10_two_chains_go_to_one(world: World, other: str, arrived: int) -> None:
    nordkai = world.controllers["nordkai"]
    chain = reference_data.keep_chain(key="kiosk", name="Kiosk", controller_id=nordkai.pk)
    reference_data.keep_stores(chain=chain, stores={"1": ("Kiosk 1", "Tromsø")})
    world.books["kiosk"] = programmes.set_up(chain=chain, on=clock.today()).book_id
    rates.add(chain_id=chain.pk, basis_points=100, when=When(START))
    kari = world.member(1)
    world.take_in([bought(1), bought(2, amount=other, chain="kiosk")])
    buyer = _buyer(world)
    handover, actor = _go(nordkai, buyer, {"mat": "lyng", "kiosk": "lyng"})
    with clock.travel(NOW + timedelta(days=60)):
        done = carrying.carry_out(actor=actor, handover=handover, at=clock.now())
        assert (done.moved, done.counts["bonus:NOK"]) == (1, [arrived, arrived])
        assert world.balances(_new(buyer), "lyng") == {"lot": arrived}
        assert world.balances(kari) == world.balances(kari, "kiosk") == {}
        (proof,) = prove(kinds=["handover"], controllers=["nordkai"])
        assert (proof.finding.status, proof.finding.why) == ("kept", "")


def test_a10_bonus_that_waits_goes_on_waiting(world: World) -> None:
    Programme.objects.filter(chain=world.chains["mat"]).update(available_after_days=90)
    world.member(1)
    early = "2026-03-02T12:00:00+01:00"
    world.take_in([bought(1, amount="300", time=early), bought(2, time="2026-05-31T12:00:00+02:00")])
    buyer = _buyer(world)
    Programme.objects.filter(chain__key="lyng").update(available_after_days=75)
    handover, actor = _go(world.controllers["nordkai"], buyer, {"mat": "lyng"})
    with clock.travel(NOW + timedelta(days=60)):
        carrying.carry_out(actor=actor, handover=handover, at=clock.now())
        new = _new(buyer)
        assert world.balances(new, "lyng") == {"lot": 400}

        def standing() -> tuple[int, int, tuple[tuple[date, int], ...]]:
            with Scope(system("test", {buyer.pk}), "self_service"):
                (found,) = bonus.overview(subject_id=new, on=clock.today())
            return found.available, found.pending, found.waiting

        assert standing() == (300, 100, ((date(2026, 8, 14), 100),)), "the receiver's days, from the purchase"
        clock.travel(NOW + timedelta(days=76))
        assert standing() == (400, 0, ())


def test_a10_who_had_the_card_at_the_receiver_already_goes_on_earning(world: World) -> None:
    nordkai = world.controllers["nordkai"]
    kari, buyer = world.member(), _buyer(world)
    was = person(buyer, account=False)
    with world.scope("self_service") as scope:
        for subject, controller in ((kari, nordkai), (was, buyer)):
            instruments.register_instrument(
                scope=scope, subject_id=subject, controller_id=controller.pk, number=card_number(1), at=START
            )
    take_in([bought(1, chain="lyng", time=NOW.isoformat())], source="lyngkasse")
    assert world.balances(was, "lyng") == {"lot": 300}
    handover, actor = _go(nordkai, buyer, {"mat": "lyng"})
    with clock.travel(NOW + timedelta(days=60)):
        carrying.carry_out(actor=actor, handover=handover, at=clock.now())
        take_in([bought(2, chain="lyng", time=clock.now().isoformat())], source="lyngkasse")
        with Scope(system("test", {buyer.pk}), "retention"):
            people = set(Relationship.objects.filter(controller_id=buyer.pk).values_list("subject_id", flat=True))
        assert world.balances(was, "lyng") == {"lot": 600}
        assert len(people) == 2
        assert [world.balances(one, "lyng") for one in people - {was}] == [{}]


def test_a10_a_complaint_goes_along_as_the_receiver_reads_it_and_never_with_the_digest_of_a_card(world: World) -> None:
    nordkai = world.controllers["nordkai"]
    kari = world.member(1)
    world.take_in([bought(1)])
    buyer = _buyer(world)
    stated = {"instrument": str(digest(nordkai.register_id, Kind.CARD, card_number(7))), "last_four": "1234"}
    for said in (
        {"about": "missing", "chain": "mat", "text": "Mangler"},
        {"about": "card_taken", **stated, "instrument_kind": str(int(Kind.CARD)), "network": "visa"},
    ):
        with world.scope("self_service") as scope:
            operations.open_case(
                scope=scope, subject_id=kari, controller_id=nordkai.pk, kind=COMPLAINT, channel="self_service",
                at=clock.now(), fields=said, language="nb",
            )  # fmt: skip
    handover, actor = _go(nordkai, buyer, {"mat": "lyng"})
    with clock.travel(NOW + timedelta(days=60)):
        carrying.carry_out(actor=actor, handover=handover, at=clock.now())
        with Scope(system("test", {nordkai.pk, buyer.pk}), "retention"):
            rows = Case.objects.filter(controller_id=buyer.pk).order_by("fields__about")
            came = list(rows.values_list("fields", flat=True))
    card, missing = came
    assert (missing["about"], missing["chain"]) == ("missing", "lyng")
    assert card == {"about": "card_taken", "last_four": "1234", "network": "visa"}


def test_a10_agreements_and_open_cases_go_along_with_their_clocks(db: Any) -> None:
    with clock.travel(NOW):
        giver = publish_examples("loyalty_services")["trygghavn"]
        buyer = _twin(giver)
        for one in (giver, buyer):
            product = services.keep_product(
                controller=one,
                key="sperr",
                names={"nb": "Sperretjeneste", "en": "Blocking"},
                services=["card_blocking"],
                payers=["customer"],
                starts=date(2026, 1, 1),
            )
            services.set_price(product=product, price=Money(4900, "NOK"), starts=date(2026, 1, 1))
        kari = person(giver, "customer", given="Kari")
        acting = {giver.pk, buyer.pk}
        own = agreements.orderable(controller_id=giver.pk, on=clock.today()).get()
        with Scope(system("test", acting), "retention") as scope:
            record_fact(
                scope=scope,
                subject_id=kari,
                controller_id=giver.pk,
                category="birth_date",
                kind="birth_date",
                value="1980-02-03",
                source="data_subject",
                at=clock.now(),
            )
            agreements.subscribe(scope=scope, subject_id=kari, product=own, payer=Payer.CUSTOMER, at=clock.now())
        member = Actor("member", str(kari), frozenset({giver.pk}))
        fields = {"subject": "Sperring", "text": "Hvordan sperrer jeg?"}
        asked = opening.ask(actor=member, controller=giver, subject_id=kari, kind="enquiry", fields=fields, files=[PNG])
        with Scope(system("test", acting), "customer_service") as scope:
            was = operations.open_document(scope=scope, document=Document.objects.get(subject_id=kari))
        handover, actor = _go(giver, buyer, {})
        assert _elsewhere(giver, buyer, kari) == [("sperr", 4900, date(2026, 6, 1), None)]
    with clock.travel(NOW + timedelta(days=60)):
        done = carrying.carry_out(actor=actor, handover=handover, at=clock.now())
        assert done.moved == 1
        new = _new(buyer)
        with Scope(system("test", acting), "retention"):
            assert not Case.objects.filter(subject_id=kari).exists()
            case = Case.objects.get(subject_id=new)
            assert (case.kind, case.received_at, case.due_at) == (asked.kind, asked.received_at, asked.due_at)
            assert (case.fields, case.closed_at, case.handler) == (asked.fields, None, None)
            assert Entry.objects.filter(subject_id=new, case_id=case.id).exists()
            file = Document.objects.get(subject_id=new, case_id=case.id)
            went = Agreement.objects.get(subject_id=new)
            assert (went.product.key, went.price, went.starts, went.ends) == ("sperr", 4900, date(2026, 6, 1), None)
        with Scope(system("test", acting), "customer_service") as scope:
            assert operations.open_document(scope=scope, document=file) == was
        (proof,) = prove(kinds=["handover"], controllers=[giver.key])
        assert (proof.finding.status, proof.finding.why) == ("kept", "")
