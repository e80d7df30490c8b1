"""A mail as bytes says what it was made of, and fits what a server takes (RFC 5321, RFC 5322)."""

from email import message_from_bytes, policy

import pytest
from django.core.mail import BadHeaderError

from tillit.messages import mime

HEADINGS = {
    "Subject": "Nytt på Ås: " + "æøå " * 40,
    "From": "Bjørn & Sønn <post@b.example>",
    "To": "kari@blåbær.example",
    "List-Unsubscribe": f"<https://b.example/u/{'a' * 200}/>",
}


@pytest.mark.parametrize("eight", [True, False])
@pytest.mark.parametrize("text", ["Hei\n\n.\n..\n-- \nFrom B\n", "Å" * 3000, "x" * 998, "=3D\r\n \tæ", "a\rb"])
def test_f3_a_mail_reads_as_it_was_written_within_what_a_server_takes(text: str, *, eight: bool) -> None:
    raw = mime.written(headings=HEADINGS, text=text, html=f"<p>{text}</p>", eight=eight)
    assert eight or raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    read = message_from_bytes(raw, policy=policy.default)
    assert not read.defects
    for kind, said in (("plain", text), ("html", f"<p>{text}</p>")):
        part = read.get_body((kind,))
        assert part is not None
        assert part.get_content().splitlines() == said.splitlines()
    assert read["subject"] == HEADINGS["Subject"]
    assert read["from"].addresses[0].display_name == "Bjørn & Sønn"
    assert read["to"].addresses[0].domain == "xn--blbr-roah.example"
    assert read["list-unsubscribe"].strip() == HEADINGS["List-Unsubscribe"]


def test_f3_nobody_adds_a_heading_by_a_line_break() -> None:
    with pytest.raises(BadHeaderError):
        mime.written(headings={"Subject": "a\r\nBcc: x@y.example"}, text="", html="", eight=True)
