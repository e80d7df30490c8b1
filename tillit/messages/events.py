"""The types of event that the messages layer alone records."""

from tillit.audit.types import COUNT, EventType, event_type

__all__ = ["LETTERS_FETCHED", "LETTERS_SENT", "EventType"]

LETTERS_FETCHED = event_type("letters.fetched", subject="none", letters=COUNT)
LETTERS_SENT = event_type("letters.sent", subject="none", letters=COUNT)
