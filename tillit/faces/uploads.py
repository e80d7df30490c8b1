"""Files that people send with a form: held in memory, bounded while they come in, never on a disk in clear (H18).

A form must put its other fields before its file: what comes behind a file that is too large is not read.
"""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from tillit.cases.errors import CaseError

LARGEST = 10_000_000
"""Bytes of all files of one form."""


class InMemory(FileUploadHandler):
    """Takes files into memory, and stops where they grow too large."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._seen = 0
        self._body = BytesIO()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """The next file begins."""
        super().new_file(*args, **kwargs)
        self._body = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep the next part. Past the bound nothing is kept at all, and the form knows."""
        self._seen += len(raw_data)
        if self._seen > LARGEST:
            self._body = BytesIO()
            if self.request is not None:
                self.request.META["tillit.upload_too_large"] = True
            raise StopUpload(connection_reset=False)
        self._body.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file as a whole."""
        self._body.seek(0)
        return InMemoryUploadedFile(
            self._body,
            self.field_name,
            self.file_name or "",
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )


def uploaded(request: HttpRequest, name: str) -> list[bytes]:
    """The files of a field, those chosen at all. Raises `CaseError` (`file-large`)."""
    sent = [file.read() for file in request.FILES.getlist(name)]
    if request.META.get("tillit.upload_too_large"):
        raise CaseError("file-large", "the files are too large")
    return [body for body in sent if body]
