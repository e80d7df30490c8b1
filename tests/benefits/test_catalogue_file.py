"""The catalogue as a file (B3): out and in again is nothing new; a wrong row takes nothing in, and says why."""

import csv
import io
from datetime import date

import pytest

from tests.benefits.conftest import World
from tillit.benefits.catalogue_file import COLUMNS, taken_in, written
from tillit.benefits.errors import CatalogueError
from tillit.benefits.models import Benefit, Edition, Kind, Validity
from tillit.declaration.models import Controller

ROW = {
    "key": "fly",
    "supplier": "kino",
    "category": "reise",
    "kind": "link",
    "title_nb": "Fly",
    "title_en": "=Flights",
    "url": "https://fly.example/",
    "member_price": "1 234,50",
    "union": "lyngheim",
    "valid_from": "2026-01-01",
    "valid_to": "2026-12-31",
}


def file_of(*rows: dict[str, str]) -> str:
    out = io.StringIO()
    sheet = csv.DictWriter(out, COLUMNS, delimiter=";", restval="")
    sheet.writeheader()
    sheet.writerows(rows)
    return out.getvalue()


def unions(world: World) -> list[Controller]:
    return [world.controllers["lyngheim"], world.controllers["steinlia"]]


def test_b3_a_file_is_taken_in_as_drafts_and_the_same_again_changes_nothing(world: World) -> None:
    text = file_of(ROW, {**ROW, "union": "steinlia", "valid_to": ""})
    assert taken_in(text=text, controllers=unions(world), dry=True).drafts == ("fly",)
    assert not Benefit.objects.exists(), "a dry run"
    done = taken_in(text=text, controllers=unions(world))
    assert (done.benefits, done.drafts, done.validities, done.wrong) == (("fly",), ("fly",), 2, ())
    draft = Edition.objects.get()
    assert (draft.published_at, draft.member_price, draft.texts["en"]["title"]) == (None, 123_450, "=Flights")
    assert Validity.objects.get(controller=world.controllers["lyngheim"]).ends == date(2027, 1, 1)
    again = taken_in(text=text, controllers=unions(world))
    assert (again.drafts, again.validities, Edition.objects.count()) == ((), 0, 1)
    out = written(controllers=[one.pk for one in unions(world)])
    assert "'=Flights" in out, "no spreadsheet takes it for a formula"
    back = taken_in(text="\ufeff" + out, controllers=unions(world))
    assert (back.drafts, back.validities, back.wrong, Edition.objects.count()) == ((), 0, (), 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"supplier": "nobody"}, "supplier"),
        ({"category": "x"}, "category"),
        ({"kind": "train"}, "kind"),
        ({"title_nb": "", "summary_nb": "x"}, "title"),
        ({"url": "http://x.example"}, "url"),
        ({"member_price": "1,2345"}, "member_price"),
        ({"union": "tangvik"}, "union"),
        ({"valid_from": "01.01.2026"}, "valid_from"),
        ({"valid_to": "2025-01-01"}, "validity"),
        ({"key": "Fly!"}, "key"),
        ({"needs": "order_name"}, "needs"),
    ],
)
def test_b3_a_row_that_cannot_be_used_is_named_and_nothing_is_taken_in(
    world: World, change: dict[str, str], field: str
) -> None:
    done = taken_in(text=file_of(ROW, {**ROW, "key": "tog", **change}), controllers=unions(world))
    assert [(one.line, one.field) for one in done.wrong] == [(3, field)]
    assert not Benefit.objects.exists()


WHOLE = file_of(ROW)


@pytest.mark.parametrize("text", ["", "a;b\n1;2\n", WHOLE.replace("lyngheim", "lyngheim;more"), WHOLE[:-40]])
def test_b3_what_is_no_catalogue_is_refused(world: World, text: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        taken_in(text=text, controllers=unions(world))
    assert refused.value.code == "file"


def test_b3_one_union_s_staff_see_and_change_no_other_union_s_benefits(world: World) -> None:
    world.benefit("andres", kind=Kind.CARD, unions=("steinlia",), title="Andres")
    here = [world.controllers["lyngheim"]]
    assert "andres" not in written(controllers=[here[0].pk])
    done = taken_in(text=file_of({**ROW, "key": "andres"}), controllers=here)
    assert [one.field for one in done.wrong] == ["key"]
