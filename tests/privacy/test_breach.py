"""The breach desk: register, assess, 72 hours, form, people told one by one, police, supplier, lessons, drill (H12)."""

import io
from datetime import UTC, datetime, timedelta

import pypdf
import pytest
from django.core import mail

from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.privacy.breach import form, operations, queries
from tillit.privacy.breach.errors import BreachError
from tillit.privacy.models import Breach

pytestmark = pytest.mark.django_db
KNOWN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def house() -> Controller:
    return publish_examples("accounting")["solvik"]


def _actor(controller: Controller) -> Actor:
    return system("test", {controller.pk})


def _breach(controller: Controller, **more: object) -> Breach:
    given: dict[str, object] = {"known_at": KNOWN, "categories": ["contact"], "nature": ["confidentiality"], **more}
    return operations.register(
        actor=_actor(controller),
        controller_id=controller.pk,
        what="En liste lå åpent på nettet.",
        at=clock.now(),
        **given,  # type: ignore[arg-type]
    )


def test_h12_the_clock_runs_from_when_it_was_known_and_late_must_say_why(house: Controller) -> None:
    with clock.travel(KNOWN + timedelta(hours=1)):
        breach = _breach(house)
        assert breach.reference == "2026-001"
        assert breach.due_at == KNOWN + timedelta(hours=72)
        assert queries.standing(breach).left == timedelta(hours=71)
        operations.assess(actor=_actor(house), breach=breach, risk="risk", at=clock.now(), persons=12)
        assert operations.owed(breach) == ["authority"]
    with clock.travel(KNOWN + timedelta(hours=73)):
        assert queries.standing(breach).late
        with pytest.raises(BreachError) as refused:
            operations.told_authority(actor=_actor(house), breach=breach, at=clock.now())
        assert refused.value.code == "say-why-late"
        told = operations.told_authority(
            actor=_actor(house), breach=breach, at=clock.now(), because="Omfanget var ukjent.", reference="26/123"
        )
        assert queries.standing(told).left is None
        with Scope(_actor(house), "security_log"):
            late = Event.objects.get(controller_id=house.pk, type="breach.notified").details
        assert late["late"] is True


def test_h12_a_suspicion_has_no_clock_until_it_is_confirmed(house: Controller) -> None:
    with clock.travel(KNOWN):
        breach = _breach(house, known_at=None, source="anomaly")
        assert (breach.due_at, queries.standing(breach).left) == (None, None)
        with pytest.raises(BreachError, match="confirm first"):
            operations.assess(actor=_actor(house), breach=breach, risk="high", at=clock.now())
        operations.confirm(actor=_actor(house), breach=breach, known_at=KNOWN, at=clock.now())
        assert breach.due_at == KNOWN + timedelta(hours=72)
        with pytest.raises(BreachError, match="cannot be unfounded"):
            operations.close(actor=_actor(house), breach=breach, at=clock.now(), lessons="", closed_as="unfounded")


def test_h12_people_are_told_one_by_one_in_messages_of_nothing_else(house: Controller) -> None:
    kari = person(house, "customer", given="Kari", email="kari@eksempel.example")
    ola = person(house, "customer", given="Ola")
    other = person(house, "customer", given="Per", email="per@eksempel.example")
    with clock.travel(KNOWN + timedelta(hours=2)):
        breach = _breach(house)
        assert operations.affect(actor=_actor(house), breach=breach, subject_ids=[kari, ola], at=clock.now()) == 2
        assert operations.affect(actor=_actor(house), breach=breach, subject_ids=[kari], at=clock.now()) == 0
        with pytest.raises(BreachError, match="never had anything"):
            operations.affect(actor=_actor(house), breach=breach, subject_ids=[1], at=clock.now())
        operations.assess(
            actor=_actor(house), breach=breach, risk="high", at=clock.now(), consequences="Du kan få søppelpost."
        )
        assert operations.owed(breach) == ["authority", "people"]
        tell = {"actor": _actor(house), "breach": breach, "at": clock.now(), "advice": "Vær på vakt."}
        assert operations.tell_people(**tell) == 2
        assert operations.tell_people(**tell) == 0
        outbox.deliver()
    (sent,) = mail.outbox
    assert sent.to == ["kari@eksempel.example"]
    for words in ("En liste lå åpent", "søppelpost", "Vær på vakt", "2026-03-02", "2026-001"):
        assert words in sent.body, words
    with Scope(_actor(house), "rights_requests"):
        told = set(Message.objects.filter(template="breach_notice").values_list("subject_id", "channel"))
        assert told == {(kari, "email"), (ola, "web")}
        assert not Case.objects.filter(subject_id=other).exists()
        assert set(Case.objects.filter(kind="breach").values_list("stage", flat=True)) == {"told"}


def test_h12_it_is_closed_when_everything_owed_is_done_and_something_was_learnt(house: Controller) -> None:
    kari = person(house, "customer", given="Kari")
    with clock.travel(KNOWN + timedelta(hours=2)):
        actor, at = _actor(house), clock.now()
        breach = _breach(house, crime=True)
        operations.affect(actor=actor, breach=breach, subject_ids=[kari], at=at)
        operations.assess(actor=actor, breach=breach, risk="high", at=at)
        with pytest.raises(BreachError, match="authority, people, police, supplier"):
            operations.close(actor=actor, breach=breach, at=at, lessons="x")
        operations.told_authority(actor=actor, breach=breach, at=at)
        operations.tell_people(actor=actor, breach=breach, at=at, advice="Bytt passord.")
        operations.told_police(actor=actor, breach=breach, at=at, reference="15987654")
        operations.supplier_report(actor=actor, breach=breach, intrusion="phishing", text="Falsk innlogging", at=at)
        operations.close(actor=actor, breach=breach, at=at, lessons="Totrinnsinnlogging for alle.")
        steps = list(breach.steps.order_by("number").values_list("step", flat=True))
        assert steps[0] == "registered"
        assert steps[-1] == "closed"
        with Scope(actor, "rights_requests"):
            assert Case.objects.get(subject_id=kari).closed_at == at, "its retention runs from now"
        with pytest.raises(BreachError, match="is closed"):
            operations.assess(actor=actor, breach=breach, risk="none", at=at)


def test_h12_customers_are_told_where_sensitive_business_information_may_be_stolen(house: Controller) -> None:
    with clock.travel(KNOWN + timedelta(hours=2)):
        actor, at = _actor(house), clock.now()
        breach = _breach(house)
        operations.assess(actor=actor, breach=breach, risk="none", at=at, business=True)
        with pytest.raises(BreachError, match="business"):
            operations.close(actor=actor, breach=breach, at=at, lessons="x")
        operations.told_business(actor=actor, breach=breach, at=at, text="Ringt til alle tre.")
        operations.close(actor=actor, breach=breach, at=at, lessons="Skilte nøkler.")
        assert breach.closed_at == at


@pytest.mark.parametrize("language", form.languages())
def test_h12_the_form_for_the_authority_is_a_pdf_that_says_what_article_33_asks(
    house: Controller, language: str
) -> None:
    with clock.travel(KNOWN + timedelta(hours=80)):
        breach = _breach(house, persons=1200, happened=(KNOWN - timedelta(days=1), None))
        operations.assess(
            actor=_actor(house), breach=breach, risk="high", at=clock.now(), consequences="C-1", measures="M-1"
        )
        breach.late_because = "L-1"
        pdf = form.as_pdf(breach=breach, language=language, made=clock.now())
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    for words in ("2026-001", "En liste lå åpent", "1200", "C-1", "M-1", "L-1", house.name):
        assert words in " ".join(text.split()), words
    assert form.languages() == ("en", "nb")


def test_h12_a_drill_is_practice_and_tells_nobody(house: Controller) -> None:
    kari = person(house, "customer", given="Kari", email="kari@eksempel.example")
    with clock.travel(KNOWN + timedelta(hours=1)):
        breach = _breach(house, source="drill")
        operations.affect(actor=_actor(house), breach=breach, subject_ids=[kari], at=clock.now())
        operations.assess(actor=_actor(house), breach=breach, risk="high", at=clock.now())
        assert operations.tell_people(actor=_actor(house), breach=breach, at=clock.now(), advice="x") == 0
        outbox.deliver()
    assert mail.outbox == []
    assert breach.drill


def test_h12_staff_without_the_role_may_not_touch_it(house: Controller) -> None:
    from tillit.kernel.scope import ScopeError

    clerk = Actor("staff", "1", frozenset({house.pk}), frozenset({"customer_service"}))
    with pytest.raises(ScopeError):
        operations.register(actor=clerk, controller_id=house.pk, what="x", at=clock.now())
    assert not Breach.objects.exists()
