"""The case engine: opening, steps, stages, documents, and how all of it lapses together."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.cases import operations, queries
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.models import Case, Document, Entry
from tillit.cases.rights import REQUEST
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy import retention

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def fjordlys() -> Controller:
    """The power retailer, on a day of its own."""
    clock.travel(NOW)
    return publish_examples("power")["fjordlys"]


def scope(controller: Controller, subject: int) -> Scope:
    return Scope(system("test", {controller.pk}), "rights_requests", frozenset({subject}))


def opened(controller: Controller, subject: int, **given: object) -> Case:
    values = {"fields": {"right": "access"}, "channel": "email", "at": clock.now()} | given
    with scope(controller, subject) as open_scope:
        return operations.open_case(
            scope=open_scope,
            subject_id=subject,
            controller_id=controller.pk,
            kind=REQUEST,
            **values,  # type: ignore[arg-type]
        )


def take(case: Case, name: str, **given: object) -> Entry:
    with Scope(system("test", {case.controller_id}), "rights_requests", frozenset({case.subject_id})) as open_scope:
        return operations.take(scope=open_scope, case=case, step=name, at=clock.now(), **given)  # type: ignore[arg-type]


def test_h8_a_case_counts_down_from_its_reception_and_is_late_at_midnight(fjordlys: Controller) -> None:
    case = opened(fjordlys, person(fjordlys, "customer"), received_at=NOW - timedelta(days=2))
    stand = queries.standing(case)
    assert (stand.last_day, stand.days_left, stand.late) == (date(2026, 3, 28), 26, False)
    assert case.due_at is not None
    last = queries.standing(case, now=case.due_at - timedelta(seconds=1))
    assert (last.days_left, last.late) == (0, False)
    late = queries.standing(case, now=case.due_at)
    assert (late.days_left, late.late) == (-1, True)


def test_h8_a_step_that_gives_data_away_needs_a_verified_identity(fjordlys: Controller) -> None:
    case = opened(fjordlys, person(fjordlys, "customer"))
    with pytest.raises(CaseError) as refused:
        take(case, "answered")
    assert refused.value.code == "not-verified"
    with pytest.raises(CaseError) as unsaid:
        take(case, "verified")
    assert unsaid.value.code == "no-how"
    take(case, "verified", how="passport_seen")
    assert (case.stage, case.verified_how, case.verified_at) == ("verified", "passport_seen", NOW)
    take(case, "answered", outcome="carried_out", details={"said": {}})
    assert (case.stage, case.answered_at, case.closed_at, case.outcome) == ("closed", NOW, NOW, "carried_out")
    with pytest.raises(CaseError) as over:
        take(case, "refused")
    assert over.value.code == "step-not-now"


def test_the_steps_are_told_in_order_and_on_record(fjordlys: Controller) -> None:
    subject = person(fjordlys, "customer")
    case = opened(fjordlys, subject)
    clock.advance(timedelta(hours=1))
    take(case, "note", text="Ringte tilbake")
    clock.advance(timedelta(hours=1))
    take(case, "verified", how="code")
    with scope(fjordlys, subject):
        assert [entry.step for entry in queries.entries(case=case)] == ["received", "note", "verified"]
        assert [entry.step for entry in queries.entries(case=case, shown_only=True)] == ["received", "verified"]
        told = Event.objects.filter(subject_id=subject, type__startswith="case.").order_by("at", "id")
        assert [event.type for event in told] == ["case.opened", "case.advanced", "case.advanced"]
        assert {event.details["case"] for event in told} == {case.id}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "field-missing"),
        ({"right": "access", "shoe_size": "44"}, "field-unknown"),
        ({"right": "immortality"}, "field-value"),
        ({"right": "access", "text": "x" * 4001}, "field-value"),
        ({"right": "access", "text": "a\0b"}, "field-value"),
        ({"right": "erasure", "categories": [1]}, "field-value"),
    ],
)
def test_fields_are_what_the_kind_says(fjordlys: Controller, fields: dict[str, object], code: str) -> None:
    with pytest.raises(CaseError) as refused:
        opened(fjordlys, person(fjordlys, "customer"), fields=fields)
    assert refused.value.code == code


def test_nothing_comes_in_later_than_now(fjordlys: Controller) -> None:
    with pytest.raises(CaseError) as refused:
        opened(fjordlys, person(fjordlys, "customer"), received_at=NOW + timedelta(seconds=1))
    assert refused.value.code == "received-later"


def test_h8_the_deadline_moves_only_forward_and_only_by_an_interim_answer(fjordlys: Controller) -> None:
    case = opened(fjordlys, person(fjordlys, "customer"))
    before = case.due_at
    assert before is not None
    for wrong in (None, before, before - timedelta(days=1)):
        with pytest.raises(CaseError) as refused:
            take(case, "extended", due_at=wrong)
        assert refused.value.code == "no-new-deadline"
    take(case, "extended", due_at=before + timedelta(days=20), text="Mange krav på én gang")
    assert case.due_at == before + timedelta(days=20)


def test_the_queue_puts_the_most_urgent_first(fjordlys: Controller) -> None:
    old = opened(fjordlys, person(fjordlys, "customer"), received_at=NOW - timedelta(days=40))
    soon = opened(fjordlys, person(fjordlys, "customer"), received_at=NOW - timedelta(days=26))
    new = opened(fjordlys, person(fjordlys, "customer"))
    done = opened(fjordlys, person(fjordlys, "customer"))
    take(done, "refused", outcome="unfounded")
    expected = {
        "open": [old, soon, new],
        "late": [old],
        "soon": [soon],
        "unverified": [old, soon, new],
        "closed": [done],
        "all": [old, soon, new, done],
    }
    with Scope(system("test", {fjordlys.pk}), "rights_requests"):
        for show, cases in expected.items():
            rows = queries.queue(controller_ids={fjordlys.pk}, kind=REQUEST, show=show)
            assert [row.id for row in rows] == [case.id for case in cases], show
        operations_assigned = Case.objects.filter(id=new.id).update(handler=7)
        assert operations_assigned == 1
        mine = queries.queue(controller_ids={fjordlys.pk}, kind=REQUEST, handler=7)
        assert [row.id for row in mine] == [new.id]


def test_a_file_is_sealed_and_opens_only_with_the_persons_key(fjordlys: Controller) -> None:
    subject = person(fjordlys, "customer")
    case = opened(fjordlys, subject)
    body = "Alt om Kari Nordmann på Fjordlys".encode() * 50
    with scope(fjordlys, subject) as open_scope:
        made = operations.attach(
            scope=open_scope,
            case=case,
            name="access",
            media_type="application/json",
            body=body,
            at=NOW,
            category="rights_copy",
        )
        stored = queries.document(case=case, document_id=made.id)
        assert operations.open_document(scope=open_scope, document=stored) == body
        assert b"Kari" not in bytes(stored.sealed)
        with pytest.raises(UnknownCaseError):
            queries.document(case=case, document_id=made.id + 1)


def test_h10_a_closed_case_lapses_whole_and_its_copy_long_before(fjordlys: Controller) -> None:
    subject = person(fjordlys, "customer")
    case = opened(fjordlys, subject)
    take(case, "verified", how="code")
    with scope(fjordlys, subject) as open_scope:
        operations.attach(
            scope=open_scope, case=case, name="a", media_type="t/p", body=b"x", at=NOW, category="rights_copy"
        )
    take(case, "answered")

    def left() -> tuple[int, int, int]:
        with scope(fjordlys, subject):
            mine = [model.objects.filter(subject_id=subject).count() for model in (Case, Entry, Document)]
            return mine[0], mine[1], mine[2]

    assert left() == (1, 3, 1)
    clock.travel(datetime(2026, 3, 31, 12, tzinfo=UTC))
    retention.run()
    assert left() == (1, 3, 1)
    clock.travel(datetime(2026, 4, 1, 12, tzinfo=UTC))
    retention.run()
    assert left() == (1, 3, 0)
    clock.travel(datetime(2029, 3, 1, 12, tzinfo=UTC))
    retention.run()
    assert left() == (1, 3, 0)
    clock.travel(datetime(2029, 3, 2, 12, tzinfo=UTC))
    retention.run()
    assert left() == (0, 0, 0)


def test_h10_an_open_case_is_kept_however_old(fjordlys: Controller) -> None:
    subject = person(fjordlys, "customer")
    case = opened(fjordlys, subject)
    clock.travel(datetime(2046, 3, 2, tzinfo=UTC))
    retention.run()
    with scope(fjordlys, subject):
        assert queries.case(case_id=case.id).stage == "received"


def test_one_persons_case_is_not_found_by_another(fjordlys: Controller) -> None:
    case, other = opened(fjordlys, person(fjordlys, "customer")), person(fjordlys, "customer")
    with scope(fjordlys, case.subject_id):
        assert queries.case(case_id=case.id).id == case.id
    with scope(fjordlys, other), pytest.raises(UnknownCaseError):
        queries.case(case_id=case.id)
