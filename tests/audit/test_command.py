"""`tillit audit`: what docs/audit.md shows runs, a broken trail is exit code 1, and what is printed names no person."""

import io
import json
import re
import shlex
from typing import Any

import pytest

from tests.audit.trail import CLUB, KARI, append, lay
from tillit.audit.verify import Fault
from tillit.faces.cli.main import run
from tillit.platform import paths

TEXT = (paths.root() / "docs" / "audit.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\$ tillit (.+)$", TEXT, re.MULTILINE)


def test_every_example_of_the_documentation_runs(fresh_db: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(EXAMPLES) == 4
    append()
    for example in EXAMPLES:
        assert run(shlex.split(example)) == 0, example
    printed = capsys.readouterr().out
    assert f"controller {CLUB}: 1 linked" in printed
    assert f"controller {CLUB}: whole, 1 links, 1 published heads" in printed


def test_every_fault_is_explained_in_the_documentation() -> None:
    table = TEXT.split("## What `verify` finds")[1].split("## ")[0]
    assert set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))) == set(
        Fault.__args__  # type: ignore[attr-defined]
    )


def test_verify_tells_where_and_exits_1(
    fresh_db: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = lay(4)[-1]
    append()
    assert run(["audit", "verify", "--controller", str(CLUB)]) == 0
    assert "1 events wait to be linked" in capsys.readouterr().out
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("DELETE FROM audit_event WHERE id = %s", [event])
        owner.execute("DELETE FROM audit_link WHERE event_id = %s", [event])
    assert run(["audit", "verify"]) == 1
    printed = capsys.readouterr().out
    assert "NOT WHOLE" in printed
    assert "truncated at link 4" in printed
    assert run(["audit", "verify", "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["whole"] is False
    [broken] = [one for one in facts["controllers"] if not one["whole"]]
    assert (broken["controller"], broken["faults"]) == (CLUB, {"truncated": 1})
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(["audit", "accept-restore", "--controller", str(CLUB)]) == 130, "it asks first"
    assert "truncated" in capsys.readouterr().out, "and shows what is missing"
    assert run(["audit", "verify"]) == 1
    assert run(["audit", "accept-restore", "--controller", str(CLUB), "--yes"]) == 0
    assert f"controller {CLUB}: the chain ends at 3" in capsys.readouterr().out
    assert run(["audit", "verify"]) == 0


def test_show_lists_events_with_their_place(fresh_db: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lay(2)
    append(details={"purpose": "complaint"})
    assert run(["audit", "show", "--controller", str(CLUB)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "person.read" in line]
    assert len(lines) == 3
    assert "link=waits" in lines[2]
    assert str(KARI) in lines[2]
    assert "complaint" in lines[2]
    assert run(["audit", "show", "--controller", str(CLUB), "--limit", "1"]) == 0
    assert capsys.readouterr().out.count("person.read") == 1
    assert run(["audit", "show", "--controller", str(CLUB), "--since", "2999-01-01"]) == 0
    assert "person.read" not in capsys.readouterr().out
