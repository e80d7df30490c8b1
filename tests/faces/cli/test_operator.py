"""``tillit programme``, ``members``, ``bonus use``, ``import takeover``: what is wrong is told, and twice is once."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.intake import NOW
from tests.support.shops import card_number
from tests.support.world import person, publish_examples
from tillit.bonus.models import RateRule
from tillit.declaration.models import Controller
from tillit.faces.cli.main import run
from tillit.journeys.programme_file import Setup
from tillit.journeys.programme_setup import apply
from tillit.kernel import clock
from tillit.parties import staff
from tillit.platform import paths
from tillit.purchases.models import Chain, Store

Captured = pytest.CaptureFixture[str]
CHAIN = ["programme", "chain", "fjellmat", "--name", "Fjellmat", "--controller", "nordkai"]
RATE = ["programme", "rate", "add", "fjellmat", "--percent", "2", "--from", "2026-01-01"]


@pytest.fixture
def ours(db: None) -> Iterator[dict[str, Controller]]:
    with clock.travel(NOW):
        controllers = publish_examples("bonus")
        for role in ("reception", "administrator", "store", "customer_service"):
            for club in ("nordkai", "skogheim"):
                address, signed = f"{role}@{club}.example", clock.today()
                staff.add(email=address, name="Kaja", controller=controllers[club], role=role, confidentiality=signed)
        yield controllers


def test_c6_a_setup_given_twice_changes_nothing_and_a_rehearsal_neither(
    ours: dict[str, Controller], capsys: Captured
) -> None:
    assert run([*CHAIN, "--dry-run"]) == 0
    assert "2 changes would be made" in capsys.readouterr().out
    assert not Chain.objects.exists()
    for command in (CHAIN, RATE):
        assert run(command) == 0
        assert capsys.readouterr().out.startswith("+ ")
        assert run(command) == 0
        assert "nothing to change" in capsys.readouterr().out
    assert run([*RATE, "--until", "2026-09-01"]) == 0
    assert capsys.readouterr().out.startswith("~ rate")
    assert run(RATE) == 2
    assert "has ended" in capsys.readouterr().err
    rule = RateRule.objects.get()
    assert run(["programme", "rate", "change", str(rule.pk), "--percent", "3", "--at", "2026-07-01"]) == 0
    assert sorted(RateRule.objects.values_list("basis_points", flat=True)) == [200, 300]


HEAD = "chains:\n  - key: a\n    name: A\n    controller: nordkai\n"
ONE = "      - {percent: 1, from: 2026-01-01}\n"


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("chains:\n  - {key: fjellmat}\n", 2, "unknown-chain"),
        ("chains:\n  - {key: a, name: A, controller: nobody}\n", 2, "unknown-controller"),
        ("chains:\n  - key: a\n    colour: red\n", 3, "extra_forbidden"),
        (HEAD + "    rates:\n" + ONE.replace("1,", "1.555,"), 6, "decimal_max_places"),
        (HEAD + "    rates:\n" + ONE + ONE.replace("}", ", store: 9}"), 7, "rate-place"),
        (HEAD + "    rates:\n" + ONE + ONE.replace("1,", "2,"), 7, "rate-ambiguous"),
        ("enterprise_ranges: ['12']\n", 1, "card-range"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line_and_nothing_is_kept(
    ours: dict[str, Controller], capsys: Captured, tmp_path: Path, text: str, line: int, code: str
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(text, encoding="utf-8")
    assert run(["programme", "load", str(file)]) == 2
    told = capsys.readouterr().err
    assert f"p.yaml:{line}:" in told
    assert f"[{code}]" in told
    assert not Chain.objects.exists()


def test_stores_come_as_csv(ours: dict[str, Controller], capsys: Captured, tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text("number;name;place\n1;Bodø sentrum;Bodø\n2;;Mo\n", encoding="utf-8")
    assert run(CHAIN) == 0
    assert run(["programme", "load", str(file), "--chain", "fjellmat"]) == 2
    assert "s.csv:3:" in capsys.readouterr().err
    assert not Store.objects.exists()
    file.write_text("number;name;place\n1;Bodø sentrum;Bodø\n", encoding="utf-8")
    assert run(["programme", "load", str(file), "--chain", "fjellmat"]) == 0
    assert Store.objects.get().name == "Bodø sentrum"
    assert run(["programme", "load", str(file)]) == 2


def test_a9_who_lacks_the_role_or_knows_another_clubs_members_only_does_nothing(
    ours: dict[str, Controller], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(
        setup=Setup.model_validate({"chains": [{"key": "k", "name": "K", "controller": "nordkai"}]}), on=clock.today()
    )
    subject = str(person(ours["nordkai"]))
    at = ["--controller", "nordkai", "--as"]

    def card(*more: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(card_number(5)))
        return run(["members", "card", "add", subject, *more])

    use = ["bonus", "use", subject, "--chain", "k", "--amount", "1", "--reference", "r", "--as"]
    assert card(*at, "reception@nordkai.example") != 0
    assert card("--controller", "skogheim", "--as", "administrator@skogheim.example") != 0
    assert card(*at, "administrator@skogheim.example") != 0
    assert card(*at, "nobody@nordkai.example") != 0
    assert run(["members", "leave", subject, *at, "store@nordkai.example", "--yes"]) != 0
    skogheim = ["--controller", "skogheim", "--as", "reception@skogheim.example", "--yes"]
    assert run(["members", "leave", subject, *skogheim]) != 0
    assert run([*use, "reception@nordkai.example"]) != 0
    capsys.readouterr()
    assert run([*use, "store@nordkai.example"]) != 0
    assert "internal" not in capsys.readouterr().err
    assert card(*at, "administrator@nordkai.example") == 0
    assert card_number(5) not in capsys.readouterr().out
    assert run(["members", "leave", subject, *at, "reception@nordkai.example", "--yes"]) == 0
    assert "1 cards released" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["", "[]", "{}", '{"given": "Kari"}'])
def test_c1_join_refuses_what_is_no_person(
    ours: dict[str, Controller], capsys: Captured, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    assert run(["members", "join", "--controller", "nordkai", "--as", "reception@nordkai.example"]) == 2
    assert "Kari" not in capsys.readouterr().err


def test_c1_c4_members_come_from_another_system_and_refused_rows_are_told_by_line(
    ours: dict[str, Controller], capsys: Captured, tmp_path: Path
) -> None:
    page = (paths.root() / "docs" / "formats.md").read_text(encoding="utf-8").partition("\n## A club taken over\n")[2]
    (example,) = re.findall(r"```csv\n(.*?)```", page, flags=re.S)
    head, liv = example.splitlines()
    rows = [liv, liv.replace("1988", "2015"), liv.replace("nordkai", "nobody"), "Kari", liv.replace("17", "77")]
    rows[1] = rows[1].replace("liv.", "per.").replace("001;", "002;")
    file = tmp_path / "m.csv"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    assert run(["import", "takeover", str(file), "--controller", "rundtur"]) == 3
    told = capsys.readouterr().out
    assert "1 new, 0 known before, 1 cards and accounts" in told
    assert [line.strip() for line in told.splitlines()[1:]] == [
        "line 3: too-young",
        "line 4: unknown-club",
        "line 5: columns",
        "line 6: date-unreadable",
    ]
    assert "Fjellheim" not in json.dumps(told)
    file.write_text(example, encoding="utf-8")
    assert run(["import", "takeover", str(file), "--controller", "rundtur"]) == 0
    assert "0 new, 1 known before" in capsys.readouterr().out
    file.write_text("name\nx\n", encoding="utf-8")
    assert run(["import", "takeover", str(file), "--controller", "rundtur"]) == 2
