"""Files attached to a case: told from their bytes, painted anew, bounded, sealed, with a retention of their own."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image

from tests.support.world import person, publish_examples
from tillit.cases import attachments, files, operations, queries
from tillit.cases.customers import ENQUIRY
from tillit.cases.errors import CaseError, UnknownCaseError
from tillit.cases.kinds import KINDS, Attachments
from tillit.cases.models import Case, Document
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.actors import member_actor

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def photo(kind: str = "JPEG", size: tuple[int, int] = (40, 20)) -> bytes:
    """A picture that says where it was taken, with a comment and something behind its end."""
    out, exif = BytesIO(), Image.Exif()
    exif[0x010E] = "Kari i stua"
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", size, "red").save(out, kind, exif=exif)
    return out.getvalue() + b"hidden behind the picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_h18_a_picture_is_painted_anew_without_what_it_told_besides(kind: str) -> None:
    before = photo(kind)
    assert b"Kari i stua" in before
    kept = files.clean(before)
    assert kept.media_type == ("image/png" if kind == "PNG" else "image/jpeg")
    assert b"Kari" not in kept.body
    assert b"hidden" not in kept.body
    with Image.open(BytesIO(kept.body)) as after:
        assert after.size == (20, 40), "it stands upright, though it no longer says how it lay"
        assert not after.getexif()
        red = after.convert("RGB").getpixel((5, 5))
        assert isinstance(red, tuple)
        assert red[0] > 240
        assert red[1] < 10


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><script>alert(1)</script></html>",
        b"MZ\x90\x00",
        photo("JPEG")[:40],
        b"\x89PNG\r\n\x1a\n" + b"x" * 100,
        b"%PDF-1.7 without an end",
        b"GIF89a" + b"\0" * 40,
    ],
)
def test_h18_what_is_no_picture_and_no_pdf_is_refused_whatever_its_name(body: bytes) -> None:
    with pytest.raises(CaseError) as refused:
        files.clean(body)
    assert refused.value.code == "file-type"


def test_h18_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    out = BytesIO()
    Image.new("1", (9000, 8000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    with pytest.raises(CaseError) as refused:
        files.clean(out.getvalue())
    assert refused.value.code == "file-pixels"


@pytest.fixture
def trygghavn(db: None) -> Controller:
    clock.travel(NOW)
    return publish_examples("loyalty_services")["trygghavn"]


def _own(controller: Controller, subject: int) -> Scope:
    actor = member_actor(register_id=controller.register_id, subject_id=subject, login_id=1)
    return Scope(actor, "self_service")


def _asked(controller: Controller, subject: int) -> Case:
    with _own(controller, subject) as scope:
        return operations.open_case(
            scope=scope,
            subject_id=subject,
            controller_id=controller.pk,
            kind=ENQUIRY,
            channel="self_service",
            at=NOW,
            fields={"subject": "Kvittering mangler"},
        )


def test_d9_a_member_attaches_and_fetches_files_and_nobody_else_finds_them(trygghavn: Controller) -> None:
    kari, ola = person(trygghavn, "customer"), person(trygghavn, "customer")
    case = _asked(trygghavn, kari)
    with _own(trygghavn, kari) as scope:
        one = attachments.add(scope=scope, case=case, body=photo(), at=NOW)
        two = attachments.add(scope=scope, case=case, body=PDF, at=NOW)
        assert [row.name for row in queries.attached(case=case)] == ["attachment-1.jpg", "attachment-2.pdf"]
        assert attachments.open_file(scope=scope, case=case, document_id=two.id) == (two.name, "application/pdf", PDF)
        assert [entry.step for entry in queries.entries(case=case, shown_only=True)] == ["received", *["attached"] * 2]
        assert PDF not in bytes(Document.objects.get(subject_id=kari, id=two.id).sealed)
        answer = operations.attach(scope=scope, case=case, name="a", media_type="t/p", body=b"made by us", at=NOW)
        with pytest.raises(UnknownCaseError):
            attachments.open_file(scope=scope, case=case, document_id=answer.id)
    with _own(trygghavn, ola) as scope, pytest.raises(UnknownCaseError):
        attachments.open_file(scope=scope, case=case, document_id=one.id)


def test_h18_attachments_are_bounded_and_only_where_the_kind_says(trygghavn: Controller) -> None:
    kari = person(trygghavn, "customer")
    case = _asked(trygghavn, kari)

    def refusal(body: bytes) -> str:
        with _own(trygghavn, kari) as scope, pytest.raises(CaseError) as refused:
            attachments.add(scope=scope, case=case, body=body, at=NOW)
        return refused.value.code

    said = Attachments(most=1, largest=len(PDF), types=frozenset({files.PDF}))
    kind = KINDS[ENQUIRY]
    object.__setattr__(kind, "attachments", said)
    try:
        assert refusal(b"") == "file-empty"
        assert refusal(PDF + b"\n") == "file-large"
        assert refusal(PDF[:-1].replace(b"%PDF", b"%PDX")) == "file-type"
        with _own(trygghavn, kari) as scope:
            attachments.add(scope=scope, case=case, body=PDF, at=NOW)
        assert refusal(PDF) == "file-many"
        object.__setattr__(kind, "attachments", Attachments(person=False))
        assert refusal(PDF) == "file-not-here"
        object.__setattr__(kind, "attachments", None)
        assert refusal(PDF) == "file-not-here"
    finally:
        object.__setattr__(kind, "attachments", Attachments(most=5))
    with Scope(system("test", {trygghavn.pk}), "customer_service", frozenset({kari})) as scope:
        operations.take(scope=scope, case=case, step="closed", at=NOW)
    assert refusal(PDF) == "case-closed"
