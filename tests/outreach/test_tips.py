"""Tip a friend: the mail comes out, and nothing of it is anywhere afterwards (B8)."""

from pathlib import Path

import psycopg
import pytest
import structlog
from django.conf import settings
from django.core import mail
from django.test import Client

from tests.outreach.conftest import Furnished
from tests.support.databases import database
from tillit.kernel import clock
from tillit.messages import mail as outgoing
from tillit.messages import mail_folder
from tillit.outreach.tips import proof
from tillit.outreach.tips.errors import TipError
from tillit.outreach.tips.operations import BY_NETWORK, Tip, compose, send
from tillit.platform import programs

FRIEND, SENDER, WORDS = "venninne.unik@post.example", "Tipserunik", "Ordrike hilsenunik"
TYPED = {"to": FRIEND, "name": SENDER, "words": WORDS}
_PAGE = "/lyngheim/tip/"


def held(connection: psycopg.Connection, *texts: str) -> list[str]:
    """Tables of which a row, as text, says one of the texts."""
    tables = connection.execute("SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
                                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')").fetchall()  # fmt: skip
    found = []
    for (table,) in tables:
        rows = connection.execute(f"SELECT count(*) FROM {table} t WHERE t::text ~* %s", ["|".join(texts)]).fetchone()
        found += [table] if rows and rows[0] else []
    return found


@pytest.mark.usefixtures("_there")
def test_b8_a_tip_comes_out_and_neither_address_is_in_database_log_queue_outbox_file_or_dump(
    furnished: Furnished, django_db_blocker: object, caplog: pytest.LogCaptureFixture,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(settings, "EMAIL_FILE_PATH", str(tmp_path / "mail"))
    folder = mail_folder.EmailBackend()
    handed: list[str] = []

    def hand_over(message: mail.EmailMessage) -> None:
        handed.append(f"{message.to} {message.subject} {message.body}")
        folder.send_messages([message])
        folder.send_messages([mail.EmailMessage("Hei", "present-unik", "a@b.example", ["c@d.example"])])

    monkeypatch.setattr(outgoing, "hand_over", hand_over)
    with django_db_blocker.unblock(), structlog.testing.capture_logs() as logged:  # type: ignore[attr-defined]
        page = Client(headers={"accept-language": "en"}, REMOTE_ADDR="203.0.113.77")
        answer = page.post(_PAGE, TYPED)
        with database.connect("owner", name=furnished.name, autocommit=True) as owner:
            assert held(owner, "lyngheim"), "what is there is found"
            assert held(owner, FRIEND, SENDER, WORDS, r"203\.0\.113") == []
            place = database.place(furnished.name)
            dump = b"".join(programs.output("pg_dump", [], where=place, login="owner")).decode(errors="replace")
    assert "Sent." in answer.text
    assert SENDER not in answer.text, "the form is empty again"
    assert len(handed) == 1
    assert all(said in handed[0] for said in (FRIEND, SENDER, WORDS, "/lyngheim/"))
    assert "lyngheim" in dump
    files = "".join(one.read_text(errors="replace") for one in tmp_path.rglob("*") if one.is_file())
    assert "present-unik" in files
    for where in (dump, files, str(logged), caplog.text, str(page.cookies)):
        assert not any(said.lower() in where.lower() for said in (FRIEND, SENDER, WORDS))
    assert logged, "the request was logged, by its route"


def test_b8_only_own_words_that_lead_nowhere_and_only_so_many_from_one_place(forms: Furnished) -> None:
    union = forms.controllers["lyngheim"]
    page = Client(headers={"accept-language": "en"})
    for field, bad in (
        ("to", "x"), ("to", "a@b.example, c@d.example"), ("name", ""), ("name", "www.example.com"), ("name", "X" * 61),
        ("words", "Se https://sted.example"), ("words", "сайт.рф"), ("words", "1.1.1.1/inn"),
        ("words", "sted。example"), ("words", "ｓｔｅｄ．ｅｘａｍｐｌｅ"), ("name", "a.xn--p1ai"),
        ("words", "sted.example/x"), ("words", "ring 400 00 000"),
        ("words", "skriv til a@b.example"), ("words", "<b>"), ("words", "x" * 301),
    ):  # fmt: skip
        assert page.post(_PAGE, TYPED | {field: bad}).status_code in {400, 422}, bad
    assert mail.outbox == []
    made = compose(
        controller=union,
        tip=Tip(FRIEND, "Kari\nBcc: x", "Se her. Fint!\nHilsen", "X", "https://x.example/"),
        language="nb",
    )
    assert (made.to, made.cc, made.bcc) == ([FRIEND], [], [])
    assert "\n" not in made.subject
    assert "en som kaller seg kari" in made.body.lower()
    for _ in range(BY_NETWORK.most):
        assert page.post(_PAGE, TYPED).status_code == 200
    assert "Too many tips" in page.post(_PAGE, TYPED).text
    assert len(mail.outbox) == BY_NETWORK.most
    assert page.get("/solvik/tip/").status_code == 404
    assert repr(Tip(FRIEND, SENDER, WORDS, "X", "Y")) == "Tip()"


def test_b8_what_fails_is_told_and_kept_nowhere(forms: Furnished, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(message: mail.EmailMessage) -> None:
        raise OSError(f"no such mailbox {message.to}")

    monkeypatch.setattr(outgoing, "hand_over", refuse)
    with structlog.testing.capture_logs() as logged:
        answer = Client(headers={"accept-language": "en"}).post(_PAGE, TYPED)
    assert "nothing of it is kept" in answer.text
    assert [one["kind"] for one in logged if one["event"] == "tip not sent"] == ["OSError"]
    assert FRIEND not in str(logged)
    tip = Tip(FRIEND, "Kari", "", "X", "https://x.example/")
    with pytest.raises(TipError) as told:
        send(controller=forms.controllers["lyngheim"], tip=tip, network="", language="en")
    assert FRIEND not in str(told.value)
    assert told.value.__cause__ is None


def test_b8_prove_tries_a_tip_and_sees_one_that_is_stored(forms: Furnished, monkeypatch: pytest.MonkeyPatch) -> None:
    union = forms.controllers["lyngheim"]
    assert list(proof.leaves_nothing(union.pk, clock.today())) == []
    kept = proof.send

    def storing(**given: object) -> None:
        from tillit.parties import rates

        monkeypatch.setattr(rates, "_counted", lambda *a: _look(given["tip"].to))  # type: ignore[attr-defined]
        kept(**given)  # type: ignore[arg-type]

    def _look(text: str) -> int:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT %s", [text])
        return 1

    monkeypatch.setattr(proof, "send", storing)
    assert "names the friend" in "".join(proof.leaves_nothing(union.pk, clock.today()))
