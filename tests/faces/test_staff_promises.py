"""The privacy adviser's page of promises, the nightly proof behind it, and its alarm."""

from pathlib import Path

import pytest
from django.core import mail
from django.test import Client

from tests.conftest import TestDatabase
from tests.faces.conftest import Person
from tests.faces.test_staff import at_work, hire
from tests.support import commands
from tests.support.world import publish_examples
from tillit.declaration.models import Controller, Grant
from tillit.journeys.daily_proof import prove_and_tell
from tillit.privacy import retention
from tillit.privacy.models import ProofResult, ProofRun
from tillit.privacy.prove.kinds import judged, not_provable
from tillit.privacy.prove.run import Promise, Proof
from tillit.privacy.prove.store import keep, last

PAGE = "/staff/rundtur/promises/"


def proof(controller: Controller, path: str, *faults: str, unprovable: bool = False) -> Proof:
    said = {"nb": f"Løftet om {path}", "en": f"The promise of {path}"}
    finding = not_provable("nothing shows it") if unprovable else judged(faults, rows=7)
    return Proof(Promise(controller.pk, controller.key, path, "retention", said), finding)


@pytest.fixture
def adviser(kari: Person) -> Client:
    return at_work(hire(kari.controller, role="privacy_adviser"))


@pytest.mark.django_db
def test_the_adviser_sees_what_is_kept_broken_and_not_provable(adviser: Client, kari: Person) -> None:
    assert "ikke holdt opp mot systemet ennå" in adviser.get(PAGE).text
    keep(
        [
            proof(kari.controller, "retention.a"),
            proof(kari.controller, "retention.b", "3 rows of parties_fact", "subject 4611686018427387903"),
            proof(kari.controller, "security.c", unprovable=True),
        ]
    )
    page = adviser.get(PAGE).text
    assert "1 løfte er brutt" in page
    assert page.index("retention.b") < page.index("retention.a")
    assert "3 rows of parties_fact" in page
    assert "461168601842738790" not in page
    for show, there in (("broken", "retention.b"), ("kept", "retention.a"), ("not_provable", "security.c")):
        found = adviser.get(PAGE, {"show": show}).text
        assert [path for path in ("retention.a", "retention.b", "security.c") if path in found] == [there]
    assert "retention.a" in adviser.get(PAGE, {"text": "LØFTET OM RETENTION.A"}).text
    assert "Ingen løfter passer" in adviser.get(PAGE, {"text": "finnes ikke"}).text


@pytest.mark.django_db
def test_only_roles_that_may_see_the_proof_find_the_page(kari: Person, adviser: Client) -> None:
    assert PAGE in adviser.get("/staff/rundtur/").text
    clerk = at_work(hire(kari.controller, name="Knut Luke"))
    assert PAGE not in clerk.get("/staff/rundtur/").text
    assert clerk.get(PAGE).status_code == 404


@pytest.mark.django_db
def test_the_last_proof_replaces_the_one_before_and_its_sums_stay(kari: Person) -> None:
    keep([proof(kari.controller, "retention.a", "old fault")])
    keep([proof(kari.controller, "retention.a")])
    assert ProofRun.objects.count() == 2
    assert ProofResult.objects.count() == 1
    run = last(controller_id=kari.controller.pk)
    assert run is not None
    assert (run.kept, run.broken) == (1, 0)


def test_h18_the_nightly_proof_tells_the_adviser_what_is_broken(fresh_db: TestDatabase, tmp_path: Path) -> None:
    publish_examples("power")
    retention.run()
    prove_and_tell()
    assert not list(ProofResult.objects.filter(status="broken").values_list("path", "faults"))
    assert mail.outbox == []
    assert Grant.objects.filter(controller__key="fjordlys", rights=1).update(rights=7)
    broken = [run for run in prove_and_tell() if run.broken]
    assert broken
    (letter,) = mail.outbox
    assert str(broken[0].broken) in letter.subject
    assert "Fjordlys" in letter.body
    page = tmp_path / "proof.html"
    done = commands.tillit("prove", "--html", str(page), "--language", "nb", environment=fresh_db.environment)
    assert done.returncode == 1, done.stderr
    assert "Brutt" in page.read_text("utf-8")
    assert "Fjordlys" in page.read_text("utf-8")
