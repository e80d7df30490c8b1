"""The catalogue (B3): whose members see what and when, drafts, search, codes; counting without persons (B11)."""

import re
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from tests.benefits.conftest import START, World
from tillit.benefits import catalogue, codes, editing, proof
from tillit.benefits.editing import Content
from tillit.benefits.errors import CatalogueError, OrderError
from tillit.benefits.models import Edition, Kind, PoolCode, UseCount, What
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import CollectiveAgreement, Cover, Membership, MembershipType
from tillit.parties import operations as parties


def test_b3_a_member_sees_what_is_valid_for_the_own_union_agreements_and_type(world: World) -> None:
    kari, ola, eva = world.member(), world.member(), world.member("steinlia")
    world.benefit("alle")
    world.benefit("avtale", agreement="innbo")
    world.benefit("student", membership_type="student")
    world.benefit("begge", unions=("lyngheim", "steinlia"))
    world.benefit("gammel", ends=date(2026, 5, 4))
    world.benefit("ny", starts=date(2026, 5, 5))
    world.benefit("utkast", publish=False)
    assert world.sees(ola) == ["alle", "begge"]
    assert world.sees(eva, "steinlia") == ["begge"]
    assert world.sees(ola, "steinlia") == [], "no member there"
    union = world.controllers["lyngheim"]
    agreement = CollectiveAgreement.objects.create(controller=union, key="innbo", name="Innbo")
    student = MembershipType.objects.create(controller=union, key="student", name="Student")
    dated = {"subject_id": kari, "controller_id": union.pk, "source": "union", "collected_under": "register_import"}
    with Scope(system("test", {union.pk}), "register_import"):
        Cover.objects.create(agreement=agreement, starts=START, **dated)
        Membership.objects.create(type=student, joined=START, starts=START, **dated)
    assert world.sees(kari) == ["alle", "avtale", "begge", "student"]
    clock.advance(timedelta(days=1))
    assert world.sees(ola) == ["alle", "begge", "ny"]


def test_b3_who_has_left_sees_nothing(world: World) -> None:
    kari = world.member()
    world.benefit("alle")
    assert world.sees(kari) == ["alle"]
    with world.scope(kari, activity="membership_administration") as scope:
        parties.end_relationship(
            scope=scope,
            subject_id=kari,
            controller_id=world.controllers["lyngheim"].pk,
            kind="member",
            ended=clock.today(),
            reason="resigned",
        )
    assert world.sees(kari) == []


def test_b3_members_see_what_was_published_and_staff_the_draft(world: World) -> None:
    kari = world.member()
    benefit = world.benefit("hotell", title="Hotell")
    world.benefit("hotell", title="Hotell med frokost", publish=False)
    assert world.listed(kari)[0].text("nb", "title") == "Hotell"
    assert world.listed(kari)[0].text("en", "title") == "Hotell", "a language it lacks falls back"
    at = clock.now()
    editing.publish(actor=world.staff, controller_id=1, benefit=benefit, at=at)
    assert world.listed(kari)[0].text("nb", "title") == "Hotell med frokost"
    assert [e.number for e in Edition.objects.filter(benefit=benefit).order_by("number")] == [1, 2]
    with pytest.raises(CatalogueError, match="no draft"):
        editing.publish(actor=world.staff, controller_id=1, benefit=benefit, at=at)
    world.benefit("hotell", title="Hotell med frokost", publish=False)
    assert not editing.discard(controllers=world.staff.controllers, benefit=benefit), "the same again is no draft"
    editing.withdraw(actor=world.staff, controller_id=1, benefit=benefit, on=clock.today())
    assert world.sees(kari) == []
    editing.withdraw(actor=world.staff, controller_id=1, benefit=benefit, on=None)
    assert world.sees(kari) == ["hotell"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content("train", {"nb": {"title": "x"}}), "kind"),
        (Content(Kind.CARD, {}), "texts"),
        (Content(Kind.CARD, {"nb": {"title": " "}}), "title"),
        (Content(Kind.CARD, {"nb": {"title": "x", "summary": "x" * 301}}), "summary"),
        (Content(Kind.LINK, {"nb": {"title": "x"}}), "url"),
        (Content(Kind.LINK, {"nb": {"title": "x"}}, url="http://x.example"), "url"),
        (Content(Kind.LINK, {"nb": {"title": "x"}}, url="javascript:alert(1)"), "url"),
        (Content(Kind.SHARED_CODE, {"nb": {"title": "x"}}), "code"),
        (Content(Kind.CARD, {"nb": {"title": "x"}}, member_price=-1), "price"),
        (Content(Kind.ORDER, {"nb": {"title": "x"}}, needs=("email",)), "needs"),
        (Content(Kind.CARD, {"nb": {"title": "x"}}, needs=("order_name",)), "needs"),
    ],
)
def test_b3_what_cannot_be_is_refused_with_its_field(world: World, content: Content, code: str) -> None:
    of = {
        "key": "x",
        "supplier": world.suppliers["hotell"],
        "category": world.categories["reise"],
    }
    with pytest.raises(CatalogueError) as refused:
        editing.write_draft(controllers=world.staff.controllers, content=content, **of)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_b3_search_finds_parts_of_words_and_what_is_nearly_written_so(world: World) -> None:
    kari = world.member()
    world.benefit("fjellhotell", title="Fjellhotell i Åsane", summary="Overnatting med frokost")
    world.benefit("bensin", title="Drivstoff", summary="Rabatt på bensin")
    assert world.sees(kari, text="FJELL") == ["fjellhotell"]
    assert world.sees(kari, text="åsane") == ["fjellhotell"]
    assert world.sees(kari, text="frokkost") == ["fjellhotell"], "a slip of the finger"
    assert world.sees(kari, text="hotell frokost") == ["fjellhotell"]
    assert world.sees(kari, text="hotell bensin") == []
    assert world.sees(kari, text="100% _ '") == []
    assert world.sees(kari, category="reise") == ["bensin", "fjellhotell"]
    assert world.sees(kari, category="bil") == []


def test_b3_a_single_use_code_is_the_person_s_own_and_the_pool_runs_out(world: World) -> None:
    kari, ola, eva = (world.member() for _ in range(3))
    benefit = world.benefit("kino", kind=Kind.SINGLE_CODE, supplier="kino")
    assert codes.fill(benefit=benefit, codes=["A1", "B2", "A1"]) == 2
    assert codes.fill(benefit=benefit, codes=["A1"]) == 0
    with pytest.raises(CatalogueError):
        codes.fill(benefit=benefit, codes=["C3", " "])

    def draw(subject: int) -> str:
        with world.scope(subject) as scope:
            return codes.draw(
                scope=scope,
                subject_id=subject,
                controller_id=world.controllers["lyngheim"].pk,
                benefit=world.listed(subject)[0],
                at=clock.now(),
            ).text

    assert draw(kari) == draw(kari) == "A1"
    assert draw(ola) == "B2"
    with pytest.raises(OrderError) as refused:
        draw(eva)
    assert refused.value.code == "no-codes"
    assert not PoolCode.objects.exists()
    union = world.controllers["lyngheim"]
    with Scope(system("test", {union.pk}), "proof"):
        assert list(proof.catalogue(union.pk, clock.today())) == []


def test_b11_use_is_counted_as_a_number_a_month_and_holds_nobody(world: World) -> None:
    benefit, union = world.benefit("alle"), world.controllers["lyngheim"]
    for _ in range(3):
        catalogue.count(controller_id=union.pk, benefit_id=benefit.pk, what=What.LEFT_FOR, at=clock.now())
    (row,) = catalogue.counts(controller_id=union.pk, start=date(2026, 5, 1), end=date(2026, 6, 1))
    assert (row.times, row.month) == (3, date(2026, 5, 1))
    columns = {f.column for f in UseCount._meta.concrete_fields}
    assert columns == {"controller_id", "benefit_id", "month", "what", "times"}
    assert list(proof.counts(union.pk, clock.today())) == []
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE benefits_use_count SET month = %s", [date(2026, 5, 4)])


def test_b3_only_staff_of_every_union_that_shows_a_benefit_edit_it(world: World) -> None:
    benefit = world.benefit("begge", unions=("lyngheim", "steinlia"))
    here, there = world.controllers["lyngheim"].pk, world.controllers["steinlia"].pk
    assert editing.may_edit(benefit=benefit, controllers={here, there})
    assert not editing.may_edit(benefit=benefit, controllers={here})
    assert editing.may_edit(benefit=None, controllers={here})


def test_b5_a_frame_names_only_recipients_that_the_declaration_lets_benefits_go_to(world: World) -> None:
    of = {"actor": world.staff, "supplier": world.suppliers["kino"], "controller": world.controllers["tangvik"]}
    with pytest.raises(CatalogueError) as refused:
        editing.frame(recipient="kobberkista_bank", starts=START, **of)  # type: ignore[arg-type]
    assert refused.value.code == "frame-undeclared"
    first = editing.frame(recipient="vidderaas_varer", starts=START, **of)  # type: ignore[arg-type]
    assert editing.frame(recipient="vidderaas_varer", starts=START, **of).pk == first.pk  # type: ignore[arg-type]
    later = editing.frame(starts=date(2026, 6, 1), **of)  # type: ignore[arg-type]
    first.refresh_from_db()
    assert (first.ends, later.recipient) == (date(2026, 6, 1), "")


def test_g5_what_every_member_has_is_a_public_page_to_share_without_codes_or_ways_out(world: World) -> None:
    world.benefit("alle")
    world.benefit("avtale", agreement="innbo")
    world.benefit("student", membership_type="student")
    world.benefit("utkast", publish=False)
    anybody = Client(headers={"accept-language": "en"})
    shown = re.findall(r"/lyngheim/benefits/([a-z]+)/", anybody.get("/lyngheim/benefits/").text)
    assert shown == ["alle"]
    assert "No benefits fit" in anybody.get("/lyngheim/benefits/?q=zzzz").text
    page = anybody.get("/lyngheim/benefits/alle/?from=reader").text
    outside = re.findall(r'href="(https://[^"]+)" rel="external noopener noreferrer"', page[page.index('id="share"') :])
    assert len(outside) == 4
    assert all("%2Flyngheim%2Fbenefits%2Falle%2F" in link and "reader" not in link for link in outside)
    for hidden in ("avtale", "student", "utkast"):
        assert anybody.get(f"/lyngheim/benefits/{hidden}/").status_code == 404, hidden
    assert anybody.get("/lyngheim/min-side/benefits/alle/").status_code == 302, "used by members alone"
