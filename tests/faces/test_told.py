"""Min side shows who has received something and what has been written, their own and nobody else's (H1, H13, F11)."""

import pytest
from django.test import Client

from tests.faces.conftest import Person, sign_in
from tillit.disclosure.operations import disclose
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.messages.operations import send

pytestmark = pytest.mark.django_db
MIN = "/rundtur/min-side/"


def _disclosed(kari: Person) -> None:
    with Scope(system("test", {kari.controller.pk}), "claims_defence") as scope:
        disclose(
            scope=scope,
            subject_id=kari.subject_id,
            controller_id=kari.controller.pk,
            recipient="legal_adviser",
            fields={"name": "x", "purchase": "y"},
            at=clock.now(),
        )


def test_h1_h13_the_person_sees_who_received_what_and_why(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    assert "Ingen har fått opplysninger om deg" in client.get(f"{MIN}your-data/received/").text
    _disclosed(kari)
    page = client.get(f"{MIN}your-data/received/").text
    for words in (
        "Advokatfirmaet Tyttebær",
        "navn",
        "Kjøp og kvitteringer",
        "Behandling av klager",
        "berettiget interesse",
    ):
        assert words in page, words
    assert "Hvem har fått dem?" in client.get(f"{MIN}your-data/").text


def test_f11_the_person_reads_what_was_written_also_what_could_not_be_sent(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    assert "Ingen meldinger ennå" in client.get(f"{MIN}messages/").text
    with Scope(system("test", {kari.controller.pk}), "important_notices") as scope:
        send(
            scope=scope,
            subject_id=kari.subject_id,
            controller_id=kari.controller.pk,
            template="free_text",
            values={"subject": "Åpningstider", "text": "Vi har <b>stengt</b> fredag."},
            at=clock.now(),
        )
    assert "Åpningstider" not in client.get(f"{MIN}messages/").text, "what waits is not shown as sent"
    outbox.deliver()
    page = client.get(f"{MIN}messages/").text
    assert "Åpningstider" in page
    assert "&lt;b&gt;stengt&lt;/b&gt;" in page
    with Scope(system("test", {kari.controller.pk}), "rights_requests"):
        assert Message.objects.get(subject_id=kari.subject_id).read_at is not None


def test_h18_nobody_sees_anothers(client: Client, kari: Person, ola: Person) -> None:
    _disclosed(kari)
    sign_in(client, ola)
    assert "Tyttebær" not in client.get(f"{MIN}your-data/received/").text
