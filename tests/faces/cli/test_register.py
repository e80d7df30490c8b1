"""``tillit register`` and ``tillit import members``: what a file would do, does, and what is put aside (B1)."""

import json
from pathlib import Path

import pytest

from tests.support.world import publish_examples
from tillit.faces.cli.main import run
from tillit.journeys.demo import union_members

SETUP = """
types:
  A: {name: Yrkesaktiv}
layout:
  columns: {kontingent: ""}
"""


@pytest.mark.django_db
def test_b1_a_union_is_set_up_and_its_file_taken_in_by_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    union = publish_examples("union_benefits")["lyngheim"]
    union_members.found(controller_id=union.pk)
    setup = tmp_path / "union.yaml"
    setup.write_text(SETUP, "utf-8")
    assert run(["register", "set-up", str(setup), "--union", "lyngheim"]) == 0
    path = union_members.write(tmp_path / "all.csv", members=12)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[4] = lines[4].replace(";S05;", ";S99;")
    path.write_text("".join(lines), "utf-8")
    command = ["import", "members", str(path), "--union", "lyngheim", "--full", "--no-progress"]
    assert run([*command, "--dry-run"]) == 3
    assert "nothing was stored" in capsys.readouterr().out
    assert run(command) == 3
    assert "unknown-section" in capsys.readouterr().out
    assert run(["register", "quarantine", "list", "--union", "lyngheim", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["line"], row["field"]) == (5, "section")
    assert run(["register", "quarantine", "repair", str(row["row"]), "section=S05"]) == 0
    assert run(["register", "quarantine", "replay", "--union", "lyngheim"]) == 0
    assert "1 taken in" in capsys.readouterr().out
    assert run(["import", "members", str(path), "--union", "lyngheim"]) == 2
    assert run(["register", "files", "--union", "lyngheim"]) == 0
    assert "finished" in capsys.readouterr().out
