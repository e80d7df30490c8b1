"""What the site serves from a file, read to its end by Django's test client."""

from typing import Any


def body(answer: Any) -> bytes:
    """The bytes of an answer, and its file closed: one left open would fail whichever test comes next. Not by
    `answer.close()`, which ends the test's own connection to the database, too.
    """
    read = b"".join(answer.streaming_content) if answer.streaming else answer.content
    for close in answer._resource_closers:
        close()
    return bytes(read)
