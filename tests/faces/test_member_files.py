"""A union's file in the console: looked through, approved, taken in, what was put aside mended (B1)."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.faces.test_staff import at_work, hire
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.journeys.demo import union_members
from tillit.journeys.files import sending
from tillit.journeys.models import FileState, SentFile
from tillit.journeys.register.importing import import_file
from tillit.kernel.scope import Scope, system
from tillit.membership import register_files
from tillit.membership.models import Membership, QuarantinedMember, RegisterFile
from tillit.membership.reading.columns import COLUMNS

pytestmark = pytest.mark.django_db
PATH = "/staff/lyngheim/files/"
NB = {"Accept-Language": "nb"}


@pytest.fixture
def unions() -> dict[str, Controller]:
    found = publish_examples("union_benefits")
    union_members.found(controller_id=found["lyngheim"].pk)
    return found


def _send(client: Client, path: Path, part: str = "full") -> str:
    file = io.BytesIO(path.read_bytes())
    file.name = path.name
    sent = client.post(PATH, {"for": f"members:lyngheim-{part}", "file": file}, headers=NB)
    assert sent.status_code == 302, sent.text
    return str(sent["Location"])


def _lines(path: Path, *, rows: int, **damage: tuple[str, str]) -> Path:
    lines = path.read_text("utf-8").splitlines(keepends=True)[: rows + 1]
    for name, (what, instead) in damage.items():
        at = int(name[1:])
        lines[at] = lines[at].replace(what, instead)
    other = path.with_name(f"{rows}.csv")
    other.write_text("".join(lines), "utf-8")
    return other


def _members(union: Controller) -> int:
    with Scope(system("test", {union.pk}), "register_import"):
        return Membership.objects.filter(ends=None).count()


def test_b1_a_file_is_looked_through_approved_taken_in_and_its_rows_mended(
    unions: dict[str, Controller], tmp_path: Path
) -> None:
    union = unions["lyngheim"]
    client = at_work(hire(union, "administrator", "Ada Styrer"))
    whole = union_members.write(tmp_path / "all.csv", members=40)
    page = client.get(PATH, headers=NB).text
    assert "hele registeret" in page
    first = _send(client, _lines(whole, rows=40, n4=(";S05;", ";S99;")))
    looked = client.get(first, headers=NB).text
    assert "dates as 01.03.2026" in looked
    assert "Forbundet har ikke den seksjonen." in looked
    assert (_members(union), RegisterFile.objects.count()) == (0, 0), "a dry run stores nothing"
    client.post(first, {"act": "confirm"})
    assert sending.take_in_waiting() == 1
    done: Any = SentFile.objects.get()
    assert (done.state, done.result["counts"]["joins"], done.result["counts"]["quarantined"]) == ("done", 39, 1)
    assert "Rett den ene raden" in client.get(first, headers=NB).text

    rows = f"{PATH}members/lyngheim-full/rows/"
    assert "1 rad venter" in client.get(rows, headers=NB).text
    assert "1 rad" not in client.get(rows.replace("full", "delta"), headers=NB).text
    row = QuarantinedMember.objects.get()
    values = _values(row)
    assert values["street"] not in client.get(f"{rows}{row.pk}/", headers=NB).text
    shown = client.post(f"{rows}{row.pk}/", {"act": "open"}, headers=NB).text
    assert values["street"] in shown
    fields = {f"f-{name}": value for name, value in values.items()}
    number = fields["f-national_number"]
    assert number not in shown
    fields |= {"f-national_number": f"…{number[-4:]}", "f-section": "S05"}
    client.post(f"{rows}{row.pk}/", {"act": "repair", **fields}, headers=NB)
    row.refresh_from_db()
    assert (row.resolution, row.sealed, _members(union)) == ("taken in", None, 40)

    fewer = _send(client, _lines(whole, rows=30))
    asked = client.get(fewer, headers=NB).text
    assert "flere medlemskap enn forbundet har satt som grense" in asked
    refused = client.post(fewer, {"act": "confirm"}, headers=NB)
    assert "Kryss av for at det er riktig" in client.get(refused["Location"], headers=NB).text
    client.post(fewer, {"act": "confirm", "approve": "yes"})
    sending.take_in_waiting()
    done = SentFile.objects.latest("id")
    assert (done.state, done.result["counts"]["ends"], _members(union)) == ("done", 10, 30)
    assert "ved siden av den forrige" in client.get(fewer, headers=NB).text

    again = _send(client, _lines(whole, rows=30))
    client.post(again, {"act": "confirm"})
    sending.take_in_waiting()
    assert "lest inn før" in client.get(again, headers=NB).text


def _values(row: QuarantinedMember) -> dict[str, str]:
    return dict.fromkeys(COLUMNS, "") | {name: text or "" for name, text in register_files.open_row(row).items()}


def test_b1_what_was_approved_is_not_exceeded_and_others_do_not_find_the_files(
    unions: dict[str, Controller], tmp_path: Path
) -> None:
    union = unions["lyngheim"]
    client = at_work(hire(union, "administrator", "Ada Styrer"))
    whole = union_members.write(tmp_path / "all.csv", members=30)
    import_file(path=whole, controller=union, full=True)
    fewer = _send(client, _lines(whole, rows=20))
    client.post(fewer, {"act": "confirm", "approve": "yes"})
    import_file(path=union_members.write(tmp_path / "more.csv", members=40), controller=union, full=True)
    sending.take_in_waiting()
    assert "ville nå avslutte flere" in client.get(fewer, headers=NB).text
    assert (SentFile.objects.get().state, _members(union)) == (FileState.FAILED, 40)
    clerk = at_work(hire(union, "customer_service", "Kim Kunde"))
    other = at_work(hire(unions["tangvik"], "administrator", "Tor Styrer"))
    for path in (PATH, fewer, f"{PATH}members/lyngheim-full/rows/"):
        assert client.get(path).status_code == 200
        assert clerk.get(path).status_code == 404
        assert other.get(path).status_code == 404
