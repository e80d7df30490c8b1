"""Reading what mail servers send back: reports of delivery (RFC 3464) and of abuse (RFC 5965). Parses only.

A report names the message by our own reference: in the address it came to, or in the headings of the mail it returns.
Who does not know one can report nothing.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

from tillit.messages.errors import MessageRefusedError
from tillit.messages.tokens import message_of

LARGEST = 5_000_000
_STATUS = re.compile(r"5\.\d{1,3}\.\d{1,3}(?!\d)")
_GONE_CODES = frozenset({550, 551, 553})
_REFERENCE = re.compile(r"[a-z2-7]{60}", re.IGNORECASE)
_ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
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
    """The reports in a mail. Raises `MessageRefusedError`: `no-report` (it is none), `no-reference` (not ours)."""
    if len(raw) > LARGEST:
        raise MessageRefusedError("no-report", "the mail is too large to be a report")
    mail = message_from_bytes(raw, policy=policy.default)
    kind = str(mail.get_param("report-type", "") or "").lower() if mail.get_content_type() == "multipart/report" else ""
    if kind not in {"delivery-status", "feedback-report"}:
        raise MessageRefusedError("no-report", "the mail is no report of a mail server")
    named = _named(mail)
    if named is None:
        raise MessageRefusedError("no-reference", "the report names no message of ours")
    if kind == "feedback-report":
        return [Bounce("complaint", *named)]
    found = [one for part in mail.walk() if part.get_content_type() == "message/delivery-status" for one in _told(part)]
    if not found:
        raise MessageRefusedError("no-report", "the report tells of no recipient")
    return [Bounce(_kind(action, status), *named, status, address) for action, status, address in found]


def is_gone(code: int, text: bytes | str) -> bool:
    """Whether a server's answer to an address says that nobody has it: by its enhanced status, else by its code."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    status = _STATUS.match(words.strip())
    return status[0] in _GONE if status else code in _GONE_CODES


def _named(mail: EmailMessage) -> tuple[int, int, int] | None:
    texts = [str(value) for name in _ADDRESSED for value in mail.get_all(name, [])]
    texts += [str(mail.get(name, "")) for name in ("In-Reply-To", "References")]
    for part in mail.walk():
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            texts.append(_message_id(part))
    for text in texts:
        for token in _REFERENCE.findall(text):
            if (named := message_of(token.lower())) is not None:
                return named
    return None


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


def _kind(action: str, status: str) -> Literal["hard", "soft", "delivered", "complaint"]:
    if action in {"delivered", "relayed", "expanded"}:
        return "delivered"
    return "hard" if action == "failed" and status in _GONE else "soft"
