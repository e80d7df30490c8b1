"""The insurances of a member on Min side, with their terms as dated files (B6)."""

from datetime import date

import pytest
from django.test import Client

from tests.faces.conftest import make_person, sign_in
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.journeys.demo import union_members
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership import agreement_terms, enrolment
from tillit.membership.errors import MembershipError

pytestmark = pytest.mark.django_db
PAGE = "/lyngheim/min-side/insurances/"
EN = {"Accept-Language": "en"}


@pytest.fixture
def union() -> Controller:
    found = publish_examples("union_benefits")["lyngheim"]
    union_members.found(controller_id=found.pk)
    return found


def test_b6_a_member_sees_own_insurances_and_reads_the_terms_that_hold(union: Controller, client: Client) -> None:
    ada = make_person(union, "Ada", "Strand", "+47 400 00 114")
    for starts, text in ((date(2024, 1, 1), b"old"), (date(2026, 1, 1), b"new"), (date(2031, 1, 1), b"later")):
        assert agreement_terms.keep(controller_id=union.pk, agreement="KH", starts=starts, document=b"%PDF-1.7 " + text)
    agreement_terms.keep(controller_id=union.pk, agreement="KG", starts=date(2025, 1, 1), document=b"%PDF-1.7 other")
    sign_in(client, ada)
    assert "No agreement covers you now" in client.get(PAGE, headers=EN).text
    with Scope(system("test", {union.pk}), "membership_administration") as scope:
        enrolment.cover(
            scope=scope, subject_id=ada.subject_id, controller_id=union.pk, agreement="KH", starts=date(2025, 3, 1),
            source="union",
        )  # fmt: skip
    page = client.get(PAGE, headers=EN).text
    assert "Kollektiv hjemforsikring" in page
    assert "Varselhorn Forsikring" in page
    assert "Kollektiv grunnforsikring" not in page
    found = agreement_terms.versions(agreement_ids=range(100))
    by_text = {
        bytes(body): version.id
        for rows in found.values()
        for version in rows
        for _, body in [agreement_terms.document(version=version.id, agreement_ids=list(found)) or ("", b"")]
    }
    for text in (b"new", b"old", b"later"):
        answer = client.get(f"{PAGE}{by_text[b'%PDF-1.7 ' + text]}/terms.pdf")
        assert (answer.status_code, answer.content) == (200, b"%PDF-1.7 " + text)
    assert client.get(f"{PAGE}{by_text[b'%PDF-1.7 other']}/terms.pdf").status_code == 404, "of another agreement"


def test_b6_terms_that_hold_are_never_replaced(union: Controller) -> None:
    given = {"controller_id": union.pk, "agreement": "KH"}
    with clock.travel(date(2026, 6, 1)):
        held = given | {"starts": date(2026, 1, 1)}
        assert agreement_terms.keep(**held, document=b"%PDF-1.7 a")
        assert not agreement_terms.keep(**held, document=b"%PDF-1.7 a")
        with pytest.raises(MembershipError, match="hold already"):
            agreement_terms.keep(**held, document=b"%PDF-1.7 b")
        with pytest.raises(MembershipError, match="no PDF"):
            agreement_terms.keep(**held, document=b"<html>")
        to_come = given | {"starts": date(2027, 1, 1)}
        assert agreement_terms.keep(**to_come, document=b"%PDF-1.7 c")
        assert agreement_terms.keep(**to_come, document=b"%PDF-1.7 d"), "those to come may be replaced"
