"""What is too large is refused while it comes in, and nothing of it is kept (H18)."""

import pytest
from django.core.files.uploadhandler import StopUpload
from django.test import Client, RequestFactory

from tillit.cases.errors import CaseError
from tillit.faces import uploads


def test_h18_what_is_too_large_is_refused_while_it_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST", 10)
    request = RequestFactory().post("/")
    handler = uploads.InMemory(request)
    handler.new_file("file", "x.txt", "text/plain", None)
    handler.receive_data_chunk(b"12345", 0)
    assert handler.file_complete(5).read() == b"12345"
    handler.new_file("file", "y.txt", "text/plain", None)
    with pytest.raises(StopUpload):  # all files of a form count together
        handler.receive_data_chunk(b"678901", 0)
    assert handler.file_complete(6).read() == b""
    with pytest.raises(CaseError, match="too large"):
        uploads.uploaded(request, "file")


@pytest.mark.django_db
def test_h18_a_form_of_five_megabytes_or_a_thousand_fields_is_refused() -> None:
    client = Client(raise_request_exception=False)
    assert client.post("/language/", {"next": "/", "language": "en"}).status_code == 302
    assert client.post("/language/", {"next": "x" * (6 << 20)}).status_code == 400
    assert client.post("/language/", {f"field{n}": "x" for n in range(1001)}).status_code == 400
