"""Publishing: immutable numbered versions, material changes with notice, nothing held that is not declared (A2, A4)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from tests.declaration.wrong import FIXTURE, edited, line_of
from tests.support.world import person
from tillit.audit.models import Event
from tillit.declaration import queries
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.errors import DeclarationRefusedError, NotDeclaredError
from tillit.declaration.models import Controller, DeclarationVersion, Grant
from tillit.declaration.publish import publish_file
from tillit.declaration.statement import published
from tillit.declaration.statement.text import render_text
from tillit.declaration.vocabulary import category_id
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 10, 12, tzinfo=UTC)
LONGER = ("clock: relationship_ended\n    period: P3M", "clock: relationship_ended\n    period: P6M")
LATER = ("effective: 2026-09-01", "effective: 2026-10-10")


def first() -> DeclarationVersion:
    """The fixture as version 1."""
    return publish_file(path=FIXTURE, at=NOW)


def grant(category: str, activity: str = "newsletter") -> bool:
    """Whether the database grants the activity the category."""
    return Grant.objects.filter(activity=activity, category=category_id(category)).exists()


def test_a2_a_published_version_is_numbered_digested_and_kept_whole():
    version = first()
    assert (version.number, version.effective, version.material) == (1, date(2026, 9, 1), False)
    assert version.source_text == FIXTURE.read_text(encoding="utf-8")
    assert len(version.digest) == 64
    assert grant("contact")
    with Scope(system("test", {version.controller_id}), "security_log"):
        event = Event.objects.get(type="declaration.published")
    assert event.details["version"] == 1


def test_a4_the_same_text_again_is_a_no_op():
    version = first()
    again = publish_file(path=FIXTURE, at=NOW + timedelta(days=40))
    assert again.pk == version.pk
    assert [v.number for v in queries.versions(controller_id=version.controller_id)] == [1]


def test_a4_a_published_version_cannot_be_changed_or_removed():
    version = first()
    for statement in (
        "UPDATE declaration_version SET document = '{}'",
        "UPDATE declaration_version SET effective = '2020-01-01'",
        "DELETE FROM declaration_version",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as c:
            c.execute(statement)
    version.refresh_from_db()
    assert version.document["controller"]["name"] == "Liten Forening"


def test_a4_a_material_change_takes_effect_after_the_notice_promised(tmp_path: Path):
    version = first()
    soon = edited(tmp_path, LONGER, ("effective: 2026-09-01", "effective: 2026-10-09"))
    with pytest.raises(DeclarationRefusedError) as refused:
        publish_file(path=soon, at=NOW)
    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.code) == (str(soon), line_of(soon, "effective:"), "notice-too-short")
    assert "2026-10-10" in problem.message

    second = publish_file(path=edited(tmp_path, LONGER, LATER), at=NOW)
    assert (second.number, second.material) == (2, True)
    before = queries.current(controller_id=version.controller_id, on=date(2026, 10, 9))
    after = queries.current(controller_id=version.controller_id, on=date(2026, 10, 10))
    assert [next(r.period for r in d.retention if r.key == "member_identity") for d in (before, after)] == [
        "P3M",
        "P6M",
    ]


def test_a4_a_change_of_wording_needs_no_notice(tmp_path: Path):
    first()
    second = publish_file(path=edited(tmp_path, ("nb: Her leser du", "nb: Her ser du")), at=NOW)
    assert (second.number, second.material) == (2, False)


def test_a4_no_version_takes_effect_before_the_one_it_follows(tmp_path: Path):
    first()
    path = edited(tmp_path, ("effective: 2026-09-01", "effective: 2026-08-31"))
    with pytest.raises(DeclarationRefusedError) as refused:
        publish_file(path=path, at=NOW)
    assert [(p.line, p.code) for p in refused.value.problems] == [(line_of(path, "effective:"), "effective-order")]


def test_a4_what_a_version_allows_is_enforced_from_its_day_and_not_before(tmp_path: Path):
    first()
    path = edited(
        tmp_path,
        (
            "uses: [identity, contact]\n    channels: [email, sms]",
            "uses: [identity, contact, purchase]\n    channels: [email, sms]",
        ),
        LATER,
    )
    with clock.travel(NOW):
        assert publish_file(path=path, at=NOW).material
        assert grant("contact")
        assert not grant("purchase")
    with clock.travel(date(2026, 10, 10)):
        enforce_grants()
        assert grant("purchase")


def test_a2_a_category_is_not_dropped_while_rows_of_it_are_held(tmp_path: Path):
    version = first()
    controller = version.controller
    subject = person(controller, email="kari@post.example")
    path = edited(
        tmp_path,
        ('  - key: contact\n    fields: {nb: "Adresse, e-post og telefon", en: "Address, e-mail and phone"}\n', ""),
        ("uses: [identity, contact, relationship]", "uses: [identity, relationship]"),
        (
            "records: [identity, contact, relationship, call_recording]",
            "records: [identity, relationship, call_recording]",
        ),
        (
            "uses: [identity, contact, correspondence, call_recording]",
            "uses: [identity, correspondence, call_recording]",
        ),
        ("uses: [identity, contact]\n    channels: [email, sms]", "uses: [identity]\n    channels: [email, sms]"),
        (
            "  - key: member_contact\n"
            "    activity: membership_administration\n"
            "    category: contact\n"
            "    clock: relationship_ended\n"
            "    period: P0D\n"
            "    disposal: archive\n"
            "    ground: {nb: Vi trenger adressen bare mens du er medlem, en: We need the address only "
            "while you are a member}\n"
            "  - key: former_contact\n"
            "    activity: membership_administration\n"
            "    category: contact\n"
            "    clock: relationship_ended\n"
            "    period: P2Y\n"
            "    ground: {nb: I arkivet to år til hvis du kommer tilbake, en: In the archive two more years in "
            "case you return}\n",
            "",
        ),
        ("categories: [contact, paid_claim]", "categories: [paid_claim]"),
        ("categories: [identity, contact, purchase]", "categories: [identity, purchase]"),
        ("    categories: [contact]\n    country: US", "    country: US"),
        ("collects: [identity, contact]", "collects: [identity]"),
    )
    with pytest.raises(DeclarationRefusedError) as refused:
        publish_file(path=path, at=NOW)
    (problem,) = refused.value.problems
    assert (problem.line, problem.code) == (line_of(path, "categories:\n"), "category-still-held")
    assert "1 in parties_fact" in problem.message

    with Scope(system("test", {controller.pk}), "retention"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM parties_fact WHERE subject_id = %s AND kind = 'email'", [subject])
        assert cursor.rowcount == 1
    assert publish_file(path=path, at=NOW).number == 2


def test_a1_a_controller_never_changes_register(tmp_path: Path):
    first()
    path = edited(tmp_path, ("register: liten_forening", "register: another"))
    with pytest.raises(DeclarationRefusedError) as refused:
        publish_file(path=path, at=NOW)
    assert [(p.line, p.code) for p in refused.value.problems] == [
        (line_of(path, "register: another"), "register-moved")
    ]


def test_a2_a_faulty_declaration_is_not_published(tmp_path: Path):
    path = edited(tmp_path, ("clock: sent", "clock: moon_phase"))
    with pytest.raises(DeclarationRefusedError, match="moon_phase"):
        publish_file(path=path, at=NOW)
    path = edited(tmp_path, ("clock: fiscal_year_end(purchased)", "clock: fiscal_year_end(held)"))
    with pytest.raises(DeclarationRefusedError, match="purchases_purchase"):
        publish_file(path=path, at=NOW)
    assert not Controller.objects.filter(key="liten_forening").exists()


def test_a3_every_version_stays_readable_with_history_and_difference(tmp_path: Path):
    version = first()
    publish_file(path=edited(tmp_path, LONGER, LATER), at=NOW)
    controller = version.controller
    old = render_text(published.statement(controller=controller, number=1, language="nb"))
    new = render_text(published.statement(controller=controller, number=2, language="nb", version_at="/v/{number}"))
    assert "Slettes 3 måneder etter at" in " ".join(old.split())
    assert "Slettes 6 måneder etter at" in " ".join(new.split())
    assert "Versjon: 1\nPublisert: 10. september 2026" in old
    assert "Versjon: 2\nPublisert: 10. september 2026\nGjelder fra: 10. oktober 2026\nVesentlig endring: ja" in new
    change = render_text(published.difference(controller=controller, old=1, new=2, language="nb"))
    assert "Før: 3 måneder\nEtter: 6 måneder\nVesentlig?: Ja: opplysninger kan bli beholdt lenger" in change
    assert [c.path for c in queries.difference(controller_id=controller.pk, old=1, new=2) if c.material] == [
        "retention.member_identity.period"
    ]
    assert "Teller besøk" in render_text(published.cookie_policy(controller=controller, number=1, language="nb"))
    with pytest.raises(NotDeclaredError):
        published.statement(controller=controller, number=3, language="nb")


def test_a4_an_answer_rests_on_one_version_until_another_is_published(tmp_path, django_assert_num_queries):
    version = first()
    asked = {"controller_id": version.controller_id, "on": date(2026, 10, 20)}
    with queries.known():
        assert queries.current_version(**asked).number == 1
        with django_assert_num_queries(0):
            assert queries.current_version(**asked).number == 1
        publish_file(path=edited(tmp_path, LATER, LONGER), at=NOW)
        assert queries.current_version(**asked).number == 2
    with django_assert_num_queries(1):
        assert queries.current_version(**asked).number == 2
