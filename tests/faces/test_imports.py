"""Files of staff in the console: looked through, taken in by the job, mended, on record (C5)."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.conftest import TestDatabase
from tests.faces.test_staff import at_work, hire
from tests.support.intake import NOW, SOURCE, Club, club
from tests.support.jobs import drain
from tests.support.shops import HEADER, card_number, row
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.faces.jobs import tasks
from tillit.journeys.files import sending
from tillit.journeys.models import FileState, SentBody, SentFile
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.models import StaffRole
from tillit.platform import paths
from tillit.purchases.models import Batch, Chain, QuarantinedRow

PATH = "/staff/rundtur/files/"
NB = {"Accept-Language": "nb"}


@pytest.fixture
def ours(db: Any) -> Iterator[Club]:
    with clock.travel(NOW):
        yield club(members=2)


def desk(ours: Club) -> Client:
    rundtur = Controller.objects.get(key="rundtur")
    return at_work(hire(rundtur, "administrator", "Ada Styrer"))


def send(client: Client, *lines: str, name: str = "kjøp.csv", target: str = f"purchases:{SOURCE}") -> Any:
    body = "\n".join([HEADER, *lines]).encode() + b"\n" if lines else b""
    file = io.BytesIO(body)
    file.name = name
    return client.post(PATH, {"for": target, "file": file}, headers=NB)


def records(kind: str) -> list[dict[str, Any]]:
    with Scope(system("test", set(Controller.objects.values_list("pk", flat=True))), "security_log"):
        return [event.details for event in Event.objects.filter(type=kind).order_by("id")]


def test_c5_a_file_is_looked_through_confirmed_taken_in_mended_and_all_is_on_record(ours: Club) -> None:
    one, two = ours.members.values()
    client = desk(ours)
    sent = send(client, row(1, one), row(2, two, chain="nowhere", product="Hemmelig"), "Sum;2")
    assert sent.status_code == 302, sent.text
    page = client.get(sent["Location"], headers=NB).text
    assert "CSV, utf-8, semicolon, 9 columns" in page
    assert "Kjeden er ikke kjent." in page
    assert "Hemmelig" not in page
    assert one not in page
    assert not Batch.objects.exists(), "a dry run stores nothing"
    body = bytes(SentBody.objects.get().sealed)
    assert b"Hemmelig" not in body
    assert client.post(sent["Location"], {"act": "confirm"}).status_code == 302
    moving = client.get(sent["Location"], headers=NB).text
    assert 'hx-trigger="every 2s"' in moving
    assert sending.take_in_waiting() == 1
    file = SentFile.objects.get()
    assert (file.state, file.result["counts"]["posted"], file.result["counts"]["quarantined"]) == ("done", 1, 2)
    assert not SentBody.objects.exists(), "the bytes go when they are used"
    done = client.get(sent["Location"], headers=NB).text
    assert "hx-trigger" not in done
    assert "Rett de 2 radene" in done
    rows = f"{PATH}purchases/{SOURCE}/rows/"
    listed = client.get(rows, headers=NB).text
    assert "2 rader venter" in listed
    assert "Hemmelig" not in listed
    chain_row, sum_row = QuarantinedRow.objects.order_by("line")
    shown = client.post(f"{rows}{chain_row.pk}/", {"act": "open"}, headers=NB).text
    assert "Hemmelig" in shown
    assert two not in shown
    assert f"…{two[-4:]}" in shown
    fields = {f"f-{name}": "" for name in ("event", "authorisation", "account", "email", "mobile", "payment")}
    fields |= {"f-id": "T2", "f-time": "2026-03-02T12:30:00+01:00", "f-chain": "nowhere2", "f-store": "1"}
    fields |= {"f-amount": "100,00", "f-card": f"…{two[-4:]}", "f-product": "Te"}
    again = client.post(f"{rows}{chain_row.pk}/", {"act": "repair", **fields}, headers=NB)
    assert "fortsatt ikke" in client.get(again["Location"], headers=NB).text
    client.post(f"{rows}{chain_row.pk}/", {"act": "repair", **fields, "f-chain": "fjellmat"}, headers=NB)
    chain_row.refresh_from_db()
    assert (chain_row.resolution, chain_row.sealed) == ("replayed", None)
    assert client.post(f"{rows}{sum_row.pk}/", {"act": "discard", "because": "so"}, headers=NB).status_code == 422
    client.post(f"{rows}{sum_row.pk}/", {"act": "discard", "because": "not_a_row"})
    assert "Ingen rader venter" in client.get(rows, headers=NB).text
    assert [one["kind"] for one in records("file.sent")] == ["purchases"]
    assert len(records("file.confirmed")) == len(records("file.ended")) == 1
    assert [one["row"] for one in records("quarantine.opened")] == [chain_row.pk]
    assert [one["because"] for one in records("quarantine.dismissed")] == ["not_a_row"]


def test_c5_rows_are_listed_in_pages_filtered_exported_discarded_and_sent_again_together(ours: Club) -> None:
    (one, _), client = ours.members.values(), desk(ours)
    bad = [row(n, one, chain="nowhere", product="Hemmelig") for n in range(1, 56)]
    sent = send(client, *bad, row(99, one, amount="mye"), name="=1+1.csv")
    client.post(sent["Location"], {"act": "confirm"})
    sending.take_in_waiting()
    rows = f"{PATH}purchases/{SOURCE}/rows/"
    first = client.get(rows, headers=NB).text
    assert first.count('name="row"') == 50
    assert "page=2" in first
    assert client.get(f"{rows}?page=2", headers=NB).text.count('name="row"') == 6
    assert client.get(f"{rows}?reason=amount-unreadable", headers=NB).text.count('name="row"') == 1
    lines = client.get(f"{rows}?form=csv&reason=unknown-chain", headers=NB).text.splitlines()
    assert len(lines) == 56
    assert lines[1].startswith("'=1+1.csv;2;chain;")
    assert "Hemmelig" not in "".join(lines)
    odd = QuarantinedRow.objects.get(reason="amount-unreadable").pk
    none = client.post(rows, {"act": "discard", "because": "test"}, headers=NB)
    assert "Merk radene" in client.get(none["Location"], headers=NB).text
    client.post(rows, {"act": "discard", "because": "test", "row": [odd, 999999]})
    assert QuarantinedRow.objects.filter(resolution="dismissed").count() == 1
    Chain.objects.filter(key="fjellmat").update(key="nowhere")
    again = client.post(rows, {"act": "again"})
    assert sending.take_in_waiting() == 1
    page = client.get(again["Location"], headers=NB).text
    assert "Rader lagt til side, sendt på nytt" in page
    assert SentFile.objects.latest("id").result["counts"] == {"rows": 55, "taken_in": 55, "waiting": 0}


def test_c5_files_that_cannot_be_used_and_ways_round_the_form_are_refused(ours: Club) -> None:
    (one, _), client = ours.members.values(), desk(ours)
    for refused, words in (
        (send(client), "Velg en fil"),
        (send(client, "x", target="purchases:nobody"), "hvem filen er fra"),
        (send(client, "x", target="members:x"), "hvem filen er fra"),
    ):
        assert refused.status_code == 422
        assert words in refused.text
    packed = io.BytesIO(b"PK\x03\x04 zip")
    packed.name = "a.zip"
    assert "pakket" in client.post(PATH, {"for": f"purchases:{SOURCE}", "file": packed}, headers=NB).text
    first, second = (send(client, row(n, one))["Location"] for n in (1, 2))
    client.post(first, {"act": "discard"})
    late = client.post(first, {"act": "confirm"}, headers=NB)
    assert "bestemt dette i mellomtiden" in client.get(late["Location"], headers=NB).text
    assert SentFile.objects.order_by("id").first().state == FileState.DISCARDED
    SentBody.objects.all().delete()  # as when it lapses
    client.post(second, {"act": "confirm"})
    sending.take_in_waiting()
    assert "sju dager" in client.get(second, headers=NB).text
    assert not Batch.objects.exists()
    clerk = at_work(hire(ours.controller, "customer_service", "Kim Kunde"))
    for path in (PATH, first, f"{PATH}purchases/{SOURCE}/rows/", f"{PATH}purchases/{SOURCE}/rows/1/"):
        assert clerk.get(path.replace("rundtur", "nordkai")).status_code == 404
    StaffRole.objects.update(role="administrator")
    assert clerk.get(PATH.replace("rundtur", "nordkai")).status_code == 404, "a club sends for nobody"


def test_c5_the_same_file_again_does_nothing_and_the_one_before_stands_beside_it(ours: Club) -> None:
    (one, _), client = ours.members.values(), desk(ours)
    pages = []
    for lines in ([row(1, one)], [row(1, one)], [row(2, one), row(3, one), row(4, card_number(7))]):
        sent = send(client, *lines)
        client.post(sent["Location"], {"act": "confirm"})
        sending.take_in_waiting()
        pages.append(client.get(sent["Location"], headers=NB).text)
    assert "lest inn før" in pages[1]
    assert "ved siden av den forrige" in pages[2]
    assert SentFile.objects.latest("id").result["before"]["posted"] == 1
    assert Batch.objects.count() == 2
    assert "kjøp.csv" in client.get(PATH, headers=NB).text


def test_c5_a_worker_that_is_killed_leaves_nothing_half_done_and_holds_nobody_up(fresh_db: TestDatabase) -> None:
    with clock.travel(NOW):
        ours = club(members=2)
    one, _ = ours.members.values()
    rundtur = Controller.objects.get(key="rundtur")
    ada = hire(rundtur, "administrator", "Ada Styrer")
    actor = sending.staff_actor(staff=ada, controller=rundtur)
    body = "\n".join([HEADER, *(row(n, one) for n in range(60))]).encode() + b"\n"
    kind = sending.KINDS["purchases"]
    file = sending.send(kind=kind, target=SOURCE, name="f.csv", body=body, actor=actor, controller=rundtur)
    sending.confirm(file_id=file.pk, actor=actor, controller=rundtur)
    assert tasks.start("files_in")
    # The worker stops where the file is begun and nothing is staged: another connection holds the table it needs.
    with fresh_db.connect("owner") as holder:
        holder.execute("LOCK TABLE purchases_batch IN ACCESS EXCLUSIVE MODE")
        program = "import django; django.setup(); from tests.support.jobs import drain; drain()"
        environment = {**fresh_db.environment, "DJANGO_SETTINGS_MODULE": "tillit.settings"}
        worker = subprocess.Popen(
            [sys.executable, "-c", program],
            env=environment,
            cwd=paths.root(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        until = time.monotonic() + 60
        while SentFile.objects.get().state != FileState.RUNNING:
            assert time.monotonic() < until
            assert worker.poll() is None, worker.stderr.read() if worker.stderr else ""
            time.sleep(0.05)
        os.kill(worker.pid, signal.SIGKILL)
        worker.communicate()
    assert SentFile.objects.get().state == FileState.RUNNING
    assert tasks.take_up_again() == 0, "a worker that gave a sign of life a moment ago is not given up"
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '2 minutes'")
    assert tasks.take_up_again() == 1
    drain()
    file.refresh_from_db()
    assert (file.state, file.attempts, file.result["counts"]["posted"]) == ("done", 2, 60)
    assert Batch.objects.count() == 1


def test_c5_a_colleague_has_at_most_five_files_undecided(ours: Club) -> None:
    client, line = desk(ours), next(iter(ours.members.values()))
    for n in range(sending.MOST_UNDECIDED):
        assert send(client, row(n, line), name=f"{n}.csv").status_code == 302
    refused = send(client, row(9, line))
    assert (refused.status_code, "Bestem først" in refused.text) == (422, True)
    client.post(f"{PATH}{SentFile.objects.latest('id').pk}/", {"act": "discard"})
    assert send(client, row(9, line)).status_code == 302
