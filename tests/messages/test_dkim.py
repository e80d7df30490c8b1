"""DKIM: what leaves by SMTP is signed with the controller's own key, as anybody with DNS can tell (RFC 6376)."""

import base64
import re
from hashlib import sha256
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.outreach.test_campaigns import approved, member
from tests.support.smtp import Sink, serving
from tests.support.world import publish_examples
from tillit.declaration.models import Controller
from tillit.messages import dkim
from tillit.messages.models import DkimKey
from tillit.outreach.campaigns import running

pytestmark = pytest.mark.django_db
RFC_8463 = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
    b"Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
    b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
)
"""The signed mail of RFC 8463, appendix A.3."""


def holds(mail: bytes, dns: dict[str, str]) -> bool:
    """Whether the first signature of a mail is good: RFC 6376 section 6, `relaxed/relaxed`, written for the test."""
    head, _, body = mail.partition(b"\r\n\r\n")
    fields = [field.partition(b":") for field in re.split(rb"\r\n(?![ \t])", head)]
    named = [(name.decode().strip().lower(), value) for name, _, value in fields]
    (own,) = [value for name, value in named if name == "dkim-signature"][:1]
    tags = dict(re.findall(r"(\w+)=([^;]*)", re.sub(r"\s+", "", own.decode())))
    stored = dict(re.findall(r"(\w+)=([^;]*)", dns[f"{tags['s']}._domainkey.{tags['d']}"].replace(" ", "")))
    if base64.b64decode(tags["bh"]) != sha256(dkim.relaxed_body(body)).digest():
        return False
    left = [(name, value) for name, value in named if name != "dkim-signature"]
    lines = []
    for wanted in tags["h"].split(":"):
        place = next((n for n in range(len(left) - 1, -1, -1) if left[n][0] == wanted), None)
        if place is not None:
            lines.append(dkim.relaxed(*left.pop(place)))
    lines.append(dkim.relaxed("dkim-signature", re.sub(rb"b=[^;]*\Z", b"b=", own)))
    said, signature = b"\r\n".join(lines), base64.b64decode(tags["b"])
    raw = base64.b64decode(stored["p"])
    try:
        if tags["a"] == "ed25519-sha256":
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, sha256(said).digest())
        else:
            key = serialization.load_der_public_key(raw)
            assert isinstance(key, RSAPublicKey)
            key.verify(signature, said, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def test_the_way_of_writing_that_is_signed_is_the_standard_s() -> None:
    dns = {
        "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    }
    assert holds(RFC_8463, dns)
    assert not holds(RFC_8463.replace(b"hungry", b"angry"), dns)
    assert not holds(RFC_8463.replace(b"Is dinner", b"Was dinner"), dns)


def test_f3_a_campaign_leaves_signed_with_the_controller_s_own_sealed_key(settings: Any) -> None:
    club: Controller = publish_examples("bonus")["rundtur"]
    member(club, "Kåre")
    first, key = dkim.make(controller=club), dkim.make(controller=club)
    assert DkimKey.objects.get(pk=first.pk).retired_at is not None, "one key signs"
    name, text = dkim.record(key)
    assert b"PRIVATE" not in bytes(key.sealed)
    campaign, sink = approved(club), Sink()
    with serving(sink) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        running.run_everywhere()
    (mail,) = sink.mails
    assert mail.startswith(b"DKIM-Signature: ")
    assert holds(mail, {name: text})
    assert b"list-unsubscribe:list-unsubscribe-post:from" in mail, "RFC 8058 asks it"
    for before, after in ((b"Sommer", b"Vinter"), (b"List-Unsubscribe-Post: ", b"List-Unsubscribe-Post: x")):
        assert not holds(mail.replace(before, after), {name: text}), before
    assert not holds(mail, {name: dkim.record(first)[1]}), "another key"
    assert not holds(mail.replace(b"\r\nTo: ", b"\r\nFrom: x@y.example\r\nTo: "), {name: text}), "no second From"
    campaign.refresh_from_db()
    assert campaign.status == "sent"


def test_f3_the_record_is_printed_in_strings_that_a_zone_takes_and_under_a_name_that_dns_takes() -> None:
    club = Controller(key="et_langt_navn_" * 6)
    selector = dkim.selector_of(club, 12)
    assert re.fullmatch(r"[a-z0-9-]{1,63}", selector)
    assert selector.endswith("-12"), "the number is never cut off"
    line = dkim.zone_line(DkimKey(domain="post.example", selector=selector, public="A" * 392))
    strings = re.findall(r'"([^"]*)"', line)
    assert len(strings) > 1
    assert max(map(len, strings)) <= 255, "RFC 1035: a string has at most 255 octets"
    assert "".join(strings) == "v=DKIM1; k=rsa; p=" + "A" * 392
