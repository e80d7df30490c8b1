"""Reading what mail servers send back: reports of delivery (RFC 3464) and of abuse (RFC 5965). Parses only.

What takes something away (a dead address, a complaint) counts only at the message's own return path: only whoever
carried the mail knows it. The Message-ID of the mail that a report returns is known to everybody who got a reply or a
copy: it can tell of a delivery or a delay, no more.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

from tillit.messages.errors import MessageRefusedError
from tillit.messages.tokens import message_of, returned_message_of

LARGEST = 5_000_000
_STATUS = re.compile(r"5\.\d{1,3}\.\d{1,3}(?!\d)")
_GONE_CODES = frozenset({550, 551, 553})
_REFERENCE = re.compile(r"(?<![a-z2-7])(?:[a-z2-7]{60}|[a-z2-7]{53})(?![a-z2-7])", re.IGNORECASE)
_ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_Named = tuple[int, int, int]
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""No such mailbox, no such domain, moved, null MX, mailbox disabled (RFC 3463, RFC 7505). Everything else may pass."""


@dataclass(frozen=True)
class Bounce:
    """What a report says. kind: `hard` (the address is dead), `soft`, `delivered`, `complaint`. address: whose it is,
    '' where the report does not say.
    """

    kind: Literal["hard", "soft", "delivered", "complaint"]
    subject_id: int
    controller_id: int
    message_id: int
    status: str = ""
    address: str = ""


def read(raw: bytes) -> list[Bounce]:
    """The reports in a mail. A dead address in a report that did not come to the return path counts as `soft`.

    Raises `MessageRefusedError`: `no-report` (it is none), `no-reference` (of no message of ours, or a complaint that
    did not come to its return path).
    """
    if len(raw) > LARGEST:
        raise MessageRefusedError("no-report", "the mail is too large to be a report")
    mail = message_from_bytes(raw, policy=policy.default)
    kind = str(mail.get_param("report-type", "") or "").lower() if mail.get_content_type() == "multipart/report" else ""
    if kind not in {"delivery-status", "feedback-report"}:
        raise MessageRefusedError("no-report", "the mail is no report of a mail server")
    proven = _returned(mail)
    named = proven or (_copied(mail) if kind == "delivery-status" else None)
    if named is None:
        raise MessageRefusedError("no-reference", "the report names no message of ours")
    if kind == "feedback-report":
        return [Bounce("complaint", *named)]
    found = [one for part in mail.walk() if part.get_content_type() == "message/delivery-status" for one in _told(part)]
    if not found:
        raise MessageRefusedError("no-report", "the report tells of no recipient")
    return [Bounce(_kind(action, status, proven), *named, status, address) for action, status, address in found]


def is_gone(code: int, text: bytes | str) -> bool:
    """Whether a server's answer to an address says that nobody has it: by its enhanced status, else by its code."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    status = _STATUS.match(words.strip())
    return status[0] in _GONE if status else code in _GONE_CODES


def _returned(mail: EmailMessage) -> _Named | None:
    """The message to whose return path the report was delivered."""
    return _first(returned_message_of, [str(value) for name in _ADDRESSED for value in mail.get_all(name, [])])


def _copied(mail: EmailMessage) -> _Named | None:
    """The message that the report returns, or claims to."""
    kinds = {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}
    return _first(message_of, [_message_id(part) for part in mail.walk() if part.get_content_type() in kinds])


def _first(opened: Callable[[str], _Named | None], texts: list[str]) -> _Named | None:
    found = (opened(token.lower()) for text in texts for token in _REFERENCE.findall(text))
    return next((named for named in found if named is not None), None)


def _message_id(part: EmailMessage) -> str:
    inner: Any = part.get_payload()
    if isinstance(inner, list) and inner:
        return str(inner[0].get("Message-ID", ""))
    body = part.get_payload(decode=True)
    heads = message_from_bytes(body if isinstance(body, bytes) else b"", policy=policy.default)
    return str(heads.get("Message-ID", ""))


def _told(part: EmailMessage) -> list[tuple[str, str, str]]:
    """(action, status, address) of each recipient."""
    blocks: Any = part.get_payload()
    found = []
    for block in blocks if isinstance(blocks, list) else []:
        action = str(block.get("Action", "")).strip().lower()
        if action:
            status = str(block.get("Status", "")).split("(")[0].strip()
            given = str(block.get("Original-Recipient") or block.get("Final-Recipient") or "")
            found.append((action, status, given.rpartition(";")[2].strip().strip("<>")))
    return found


def _kind(action: str, status: str, proven: _Named | None) -> Literal["hard", "soft", "delivered", "complaint"]:
    if action in {"delivered", "relayed", "expanded"}:
        return "delivered"
    return "hard" if proven and action == "failed" and status in _GONE else "soft"
