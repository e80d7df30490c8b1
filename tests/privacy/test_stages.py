"""Rules that change a row before another rule ends it: archived with named readers, pseudonymised (H10, D10)."""

from datetime import UTC, date, datetime

import pytest

from tests.support.world import person, publish_examples
from tillit.consent.models import ConsentEvent
from tillit.declaration.models import Controller
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.parties.models import Fact
from tillit.privacy import archive
from tillit.privacy.compiler import Party
from tillit.privacy.models import Hold, RetentionRun
from tillit.privacy.records import Recorder

pytestmark = pytest.mark.django_db


@pytest.fixture
def union() -> Controller:
    return publish_examples("union_benefits")["lyngheim"]


def _changed(controller: Controller, on: date, **rules: dict[str, object]) -> Declaration:
    from tillit.declaration.queries import current

    said = current(controller_id=controller.pk, on=on)
    changed = tuple(r.model_copy(update=rules.get(r.key, {})) for r in said.retention)
    assert changed != said.retention
    return said.model_copy(update={"retention": changed, "archives": said.archives})


def _enter(controller: Controller, declared: Declaration, on: date) -> list[tuple[str, int]]:
    run = RetentionRun.objects.create(started_at=clock.now(), as_of=on)
    party = Party(controller.pk, controller.pk, declared)
    archive.enter({controller.register_id: [party]}, on, recorder=Recorder(run))
    return sorted(run.results.values_list("disposal", "rows"))


def _said(union: Controller, subject: int, at: datetime) -> None:
    with Scope(system("test", {union.pk}), "consent_proof"):
        ConsentEvent.objects.create(
            subject_id=subject,
            controller_id=union.pk,
            activity="newsletter",
            kind="given",
            at=at,
            route="phone",
            wording="0" * 64,
            declaration_version=1,
            evidence="Ring tilbake til Kari",
            last_marketing_message=at,
        )


def _evidence(union: Controller) -> list[tuple[int, str]]:
    with Scope(system("test", {union.pk}), "consent_proof"):
        return list(ConsentEvent.objects.values_list("subject_id", "evidence"))


def test_h10_pseudonymise_keeps_the_subject_and_drops_who_it_is_on_its_day(union: Controller) -> None:
    kari = person(union, given="Kari")
    _said(union, kari, datetime(2026, 1, 10, 12, tzinfo=UTC))
    proof = {"disposal": "pseudonymise", "period": "P1M"}
    assert _evidence(union) == [(kari, "Ring tilbake til Kari")]
    for on, expected in ((date(2026, 2, 9), []), (date(2026, 2, 10), [("pseudonymise", 1)]), (date(2026, 2, 11), [])):
        declared = _changed(union, on, consent_proof=proof)
        assert _enter(union, declared, on) == expected
    assert _evidence(union) == [(kari, "")], "once, and the act itself stays"


def test_h10_d11_a_hold_keeps_a_row_from_being_pseudonymised(union: Controller) -> None:
    kari = person(union, given="Kari")
    _said(union, kari, datetime(2026, 1, 10, 12, tzinfo=UTC))
    with Scope(system("test", {union.pk}), "rights_requests"):
        Hold.objects.create(
            subject_id=kari, controller_id=union.pk, reason="legal_order", since=datetime(2026, 1, 11, tzinfo=UTC)
        )
    on = date(2026, 3, 1)
    declared = _changed(union, on, consent_proof={"disposal": "pseudonymise", "period": "P1M"})
    assert _enter(union, declared, on) == []
    assert _evidence(union) == [(kari, "Ring tilbake til Kari")]


def test_h10_d10_a_rule_that_archives_moves_the_row_to_the_archives_readers_on_its_day(union: Controller) -> None:
    kari = person(union, given="Kari")
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        parties.end_relationship(
            scope=scope,
            subject_id=kari,
            controller_id=union.pk,
            kind="member",
            ended=date(2026, 2, 1),
            reason="left",
        )

    def late(on: date) -> Declaration:
        declared = _changed(union, on, register_identity={"disposal": "archive", "period": "P1M"})
        archives = tuple(a.model_copy(update={"period": "P9Y", "categories": ("identity",)}) for a in declared.archives)
        return declared.model_copy(update={"archives": archives})

    def seen(activity: str) -> int:
        with Scope(system("test", {union.pk}), activity):
            return Fact.objects.filter(kind="name.given").count()

    assert _enter(union, late(date(2026, 2, 28)), date(2026, 2, 28)) == []
    assert (seen("membership_administration"), seen("rejoining")) == (1, 1)
    assert _enter(union, late(date(2026, 3, 1)), date(2026, 3, 1)) == [("archive", 1)]
    assert (seen("membership_administration"), seen("rejoining")) == (0, 1)
