"""The catalogue in the console (B3): draft, preview, publishing, validity, the file; use in figures (B11)."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.benefits.conftest import World, build
from tests.faces.conftest import staff_sign_in
from tillit.benefits import editing, use
from tillit.benefits.errors import CatalogueError
from tillit.benefits.models import Benefit, Edition, PoolCode, UseCount
from tillit.parties import staff as staffing

DESK = "/staff/lyngheim/benefits/"
FORM = {
    "act": "save",
    "key": "fly",
    "supplier": "kino",
    "category": "reise",
    "kind": "link",
    "title_nb": "Flyreiser",
    "url": "https://fly.example/",
    "member_price": "1 234,50",
}


@pytest.fixture
def world(db: Any) -> World:
    return build()


def colleague(world: World, client: Client, role: str = "administrator", *unions: str) -> None:
    email = f"{role}@samklang.example"
    for union in unions or ("lyngheim",):
        staffing.add(
            email=email,
            name="Siri Sand",
            controller=world.controllers[union],
            role=role,
            confidentiality=date(2026, 1, 1),
        )
    staff_sign_in(client, email)


def test_b3_a_benefit_is_written_looked_at_published_and_made_valid(world: World, client: Client) -> None:
    colleague(world, client)
    assert "Ingen fordeler" in client.get(DESK).text
    refused = client.post(f"{DESK}new/", {**FORM, "url": "http://fly.example"})
    assert (refused.status_code, "https://" in refused.text, "Flyreiser" in refused.text) == (422, True, True)
    assert client.post(f"{DESK}new/", FORM)["Location"] == f"{DESK}fly/"
    page = client.get(f"{DESK}fly/").text
    assert "Flyreiser" in page
    kari = world.member()
    client.post(f"{DESK}fly/", {"act": "valid", "valid_from": "2026-01-01"})
    assert world.sees(kari) == []
    client.post(f"{DESK}fly/", {"act": "publish"})
    assert world.sees(kari) == ["fly"]
    client.post(f"{DESK}fly/", {**FORM, "title_nb": "Fly og tog"})
    assert world.listed(kari)[0].text("nb", "title") == "Flyreiser"
    assert "har utkast" in client.get(DESK).text
    client.post(f"{DESK}fly/", {"act": "discard"})
    client.post(f"{DESK}fly/", {"act": "withdraw"})
    assert world.sees(kari) == []
    client.post(f"{DESK}fly/", {"act": "again"})
    row = Benefit.objects.get().validities.get()
    client.post(f"{DESK}fly/", {"act": "end", "validity": str(row.pk)})
    assert world.sees(kari) == []
    assert client.post(f"{DESK}fly/", {"act": "valid", "valid_from": "x"}).status_code == 422


def test_b3_who_may_edit_and_what_others_see(world: World, client: Client) -> None:
    world.benefit("begge", unions=("lyngheim", "steinlia"), title="Begge")
    world.benefit("andres", unions=("steinlia",))
    other = Client()
    colleague(world, other, "recruiter")
    assert other.get(DESK).status_code == 404
    colleague(world, client)
    assert client.get(f"{DESK}andres/").status_code == 404
    refused = client.post(f"{DESK}begge/", {**FORM, "title_nb": "Vår"})
    assert (refused.status_code, "andre forbund" in refused.text) == (422, True)
    assert Edition.objects.filter(benefit__key="begge").count() == 1


def test_b3_nobody_takes_another_union_s_benefit_over(world: World, client: Client) -> None:
    andres = world.benefit("andres", kind="single_code", unions=("steinlia",))
    begge = world.benefit("begge", unions=("lyngheim", "steinlia"))
    theirs = Client()
    colleague(world, theirs, "administrator", "steinlia")
    desk = DESK.replace("lyngheim", "steinlia")
    assert theirs.post(f"{desk}new/", {**FORM, "key": "utkast"}).status_code == 302
    assert theirs.get(f"{desk}utkast/").status_code == 200
    colleague(world, client, "administrator")
    before = list(Edition.objects.order_by("id").values())
    for key in ("andres", "begge", "utkast"):
        refused = client.post(f"{DESK}new/", {**FORM, "key": key})
        assert (refused.status_code, "i bruk" in refused.text) == (422, True)
    for act in ({"act": "valid", "valid_from": "2026-01-01"}, {"act": "codes", "codes": "X"}, {"act": "publish"}):
        assert client.post(f"{DESK}utkast/", act).status_code == 404, "a benefit of nobody's members has a maker"
    assert "benefits/utkast/" not in client.get(DESK).text
    assert "utkast" not in client.get(f"{DESK}file/").content.decode()
    refused = client.post(f"{DESK}begge/", {"act": "codes", "codes": "X"})
    assert (refused.status_code, "andre forbund" in refused.text) == (422, True)
    assert client.post(f"{DESK}begge/", {"act": "valid", "valid_from": "2027-01-01"}).status_code == 302, "its own"
    here = {world.controllers["lyngheim"].pk}
    for act in (
        lambda: editing.add_codes(controllers=here, benefit=andres, codes=["X"]),
        lambda: editing.make_valid(
            controllers=here, benefit=andres, controller=world.controllers["lyngheim"], starts=date(2026, 1, 1)
        ),
        lambda: editing.make_valid(
            controllers=here, benefit=begge, controller=world.controllers["steinlia"], starts=date(2026, 2, 1)
        ),
        lambda: editing.discard(controllers=here, benefit=andres),
    ):
        with pytest.raises(CatalogueError) as stopped:
            act()
        assert stopped.value.code == "other-unions"
    assert list(Edition.objects.order_by("id").values()) == before
    assert not PoolCode.objects.exists()


def test_b3_a_category_waits_for_publishing_as_the_rest_of_the_edition(world: World, client: Client) -> None:
    editing.add_category(key="film", names={"nb": "Film"})
    colleague(world, client)
    for act in (FORM, {"act": "valid", "valid_from": "2026-01-01"}, {"act": "publish"}):
        assert client.post(f"{DESK}{'new' if act is FORM else 'fly'}/", act).status_code == 302
    kari = world.member()
    client.post(f"{DESK}fly/", {**FORM, "category": "film"})
    assert (world.sees(kari, category="reise"), world.sees(kari, category="film")) == (["fly"], [])
    client.post(f"{DESK}fly/", {"act": "publish"})
    assert (world.sees(kari, category="reise"), world.sees(kari, category="film")) == ([], ["fly"])


def test_b3_the_file_goes_out_and_in(world: World, client: Client) -> None:
    colleague(world, client)
    world.benefit("alle", title="Alle")
    text = client.get(f"{DESK}file/").content.decode()
    sent = SimpleUploadedFile("benefits.csv", text.replace("Alle", "Alle sammen").encode())
    assert client.post(DESK, {"file": sent}).status_code == 302
    assert Edition.objects.filter(benefit__key="alle", published_at=None).exists()
    wrong = SimpleUploadedFile("benefits.csv", text.replace("hotell", "ingen").encode())
    refused = client.post(DESK, {"file": wrong})
    assert (refused.status_code, "linje 2, supplier" in refused.text) == (422, True)
    assert client.post(DESK).status_code == 422


def test_b11_staff_see_figures_of_at_least_the_minimum_group(world: World, client: Client) -> None:
    union = world.controllers["lyngheim"]
    for key, times in (("alle", 47), ("faa", 3)):
        UseCount.objects.create(
            controller=union, benefit=world.benefit(key), month=date(2026, 3, 1), what="shown", times=times
        )
    UseCount.objects.create(
        controller=union, benefit=world.benefit("sjelden"), month=date(2026, 3, 1), what="order", times=4
    )
    found = use.figures(controller_id=union.pk, on=date(2026, 5, 4))
    assert [(one.what, one.benefit, one.times) for one in found] == [("shown", "*", 50)]
    colleague(world, client)
    assert "Telt uten personer" in client.get(DESK).text
