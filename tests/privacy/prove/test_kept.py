"""Every promise of every example controller: kept, or not provable with a reason; and the command that says so."""

import json
import os
from collections import Counter
from typing import Any

import pytest

from tests.privacy.prove.conftest import Installation
from tests.privacy.prove.rows import answering, rows
from tests.support import commands
from tillit.audit.models import Event
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy.backup.run import backup
from tillit.privacy.prove.later import WHY
from tillit.privacy.prove.run import KINDS, prove


def test_h10_a2_every_example_keeps_what_it_promises(live: Installation) -> None:
    backup()
    proofs = prove()
    assert [
        (p.promise.controller, p.promise.path, p.finding.faults) for p in proofs if p.finding.status == "broken"
    ] == []
    counts = Counter((p.promise.controller, p.finding.status) for p in proofs)
    assert all(counts[key, "kept"] >= 90 for key in live.controllers)
    assert {p.finding.why for p in proofs if p.finding.status == "not_provable"} <= set(WHY.values())
    assert {p.promise.kind for p in proofs} == {kind.key for kind in KINDS}
    rundtur = live.controllers["rundtur"]
    with Scope(system("test", {rundtur.pk}), "security_log"):
        details = Event.objects.filter(type="proof.run", controller_id=rundtur.pk).latest("recorded_at").details
    assert details["kept"] == counts["rundtur", "kept"]


def test_a2_every_row_of_every_example_has_a_check_that_answers_for_it(live: Installation) -> None:
    """None is left out, and what nothing can show is not many: what organisations do, and what devices keep."""
    for key, controller in live.controllers.items():
        declaration = current(controller_id=controller.pk, on=clock.today())
        promised: dict[str, set[str]] = {}
        for kind in KINDS:
            for said in kind.promised(declaration):
                name = f"domains:{said.item.key}" if kind.key == "domains" else kind.key
                promised.setdefault(said.path, set()).add(name)
        found = {row: answering(row, promised) for row in rows(declaration)}
        assert [row for row, checks in found.items() if not checks] == [], key
        unproven = {row.partition(".")[0] for row, checks in found.items() if checks == {"later"}}
        assert unproven <= {"security", "device_permissions"}
        purposes = {f"activities.{one.key}" for one in declaration.activities}
        assert all("purpose" in found[row] for row in purposes), key


def test_a3_every_promise_is_said_in_each_language_and_once(live: Installation) -> None:
    proofs = prove(kinds=[kind.key for kind in KINDS if kind.key != "audit"], controllers=["rundtur", "solvik"])
    for proof in proofs:
        assert set(proof.promise.text) >= {"nb", "en"}, proof.promise.path
        assert all(text.strip() for text in proof.promise.text.values()), proof.promise.path
    places = Counter((p.promise.controller, p.promise.path, p.promise.kind) for p in proofs)
    assert places.most_common(1)[0][1] == 1


def test_h10_the_evidence_counts_what_is_held(live: Installation) -> None:
    (proof,) = [
        p for p in live.proofs("retention", controller="nordkai") if p.promise.path == "retention.purchase_books"
    ]
    assert proof.finding.evidence["rows"] == 1
    (held,) = [
        p for p in live.proofs("category", controller="lyngheim") if p.promise.path == "categories.national_number"
    ]
    assert held.finding.evidence == {"rows": 1, "tables": 1}


def _run(live: Installation, *arguments: str) -> tuple[int, str]:
    here = {"TILLIT_DATABASE_NAME": live.owner.info.dbname, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = commands.tillit("prove", *arguments, environment={**os.environ, **here})
    return done.returncode, done.stdout


def test_prove_on_the_command_line_says_what_is_broken_and_exits_1(live: Installation) -> None:
    code, text = _run(live, "--json", "--controller", "solvik")
    assert code == 0
    told: dict[str, Any] = json.loads(text)
    assert told["broken"] == 0
    assert {one["controller"] for one in told["promises"]} == {"solvik"}
    live.owner.execute("ALTER TABLE parties_fact DISABLE ROW LEVEL SECURITY")
    try:
        code, text = _run(live, "--controller", "solvik")
        assert code == 1
        assert "BROKEN" in text
        assert "row security is switched off" in text
    finally:
        live.owner.execute("ALTER TABLE parties_fact ENABLE ROW LEVEL SECURITY")


@pytest.mark.parametrize("key", ["nobody"])
def test_prove_refuses_an_unknown_controller(live: Installation, key: str) -> None:
    assert _run(live, "--controller", key)[0] == 2
