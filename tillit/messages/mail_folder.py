"""Mail on a machine without a mail server: each one a file that its owner alone may read, and that soon lapses.

A mail that says when it is worth nothing any more (`Expires`, RFC 2156: a one-time code) goes then, another after a
day; with the person, all of them (`personal_data.py`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from tillit.kernel import clock
from tillit.platform import passing_files

KEPT = timedelta(days=1)


def folder() -> Path:
    """Where the files are."""
    return Path(settings.EMAIL_FILE_PATH)


class UnstoredMail(EmailMessage):
    """A mail that may lie nowhere (B8): without a mail server it goes nowhere."""


class EmailBackend(BaseEmailBackend):
    """Django's way of sending, into the folder."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each mail to a file of its own, but those that may lie nowhere; how many. What has lapsed goes."""
        now = clock.now()
        passing_files.lapse(folder(), now=now)
        for message in email_messages:
            if isinstance(message, UnstoredMail):
                continue
            content = message.message().as_bytes()
            passing_files.write(folder(), content, until=_until(message, now), suffix=".log")
        return len(email_messages)


def _until(message: EmailMessage, now: datetime) -> datetime:
    stated = message.extra_headers.get("Expires")
    return min(parsedate_to_datetime(stated), now + KEPT) if stated else now + KEPT
