"""Keys, scopes, limits and Idempotency-Key: who may call, and every writing call once."""

import hashlib
import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests.faces.api.conftest import PURCHASES, Partner, line, problem
from tests.support.intake import SOURCE
from tillit.audit.models import Event
from tillit.declaration.queries import register_holder
from tillit.faces.api import keys, purchases
from tillit.faces.api.models import ApiCall, ApiClient
from tillit.journeys import purchase_import
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy.sweep import lapsed_elsewhere
from tillit.purchases.batches import source_locked
from tillit.purchases.models import Batch, Source


def key(**changes: Any) -> tuple[ApiClient, str]:
    facts = {"source": Source.objects.get(key=SOURCE), "name": "more", "scopes": list(keys.SCOPES)}
    return keys.add(**{**facts, **changes})


def test_a_key_is_kept_as_a_digest_only_and_no_other_opens(partner: Partner, fresh_db: Any) -> None:
    public, hidden = partner.key.removeprefix("tillit_").split("_", 1)
    client = ApiClient.objects.get()
    assert client.public == public
    with fresh_db.connect("backup") as database:
        stored = str(database.execute("SELECT * FROM api_client").fetchall())
    assert public in stored
    assert hidden not in stored
    one, _ = partner.club.members.values()
    flipped = partner.key[:-1] + ("A" if partner.key[-1] != "A" else "B")
    for text in (flipped, f"tillit_{'0' * 16}_{hidden}", hidden, "x", ""):
        answer = partner.send(line(1, one), Authorization=f"Bearer {text}" if text else "")
        assert problem(answer)["code"] == "key-unknown"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert not Batch.objects.exists()
    assert partner.send(line(1, one)).status_code == 201
    assert ApiClient.objects.get().used_on == clock.today()


def test_a_revoked_key_opens_nothing_and_both_acts_are_on_record(partner: Partner) -> None:
    one, _ = partner.club.members.values()
    client = ApiClient.objects.get()
    assert partner.send(line(1, one)).status_code == 201
    assert keys.revoke(client=client)
    assert not keys.revoke(client=client)
    assert problem(partner.send(line(2, one)))["code"] == "key-unknown"
    with Scope(system("test", {register_holder(register_id=client.source.register_id)}), "security_log"):
        types = list(Event.objects.filter(type__startswith="api_key").order_by("at").values_list("type", flat=True))
    assert sorted(types) == ["api_key.added", "api_key.revoked"]


def test_a_key_may_do_what_its_scopes_say(partner: Partner) -> None:
    one, _ = partner.club.members.values()
    place = partner.send(line(1, one)).headers["Location"]
    reader = Partner(partner.club, key(scopes=["purchases:read"])[1])
    writer = Partner(partner.club, key(scopes=["purchases:write"])[1])
    assert reader.get(place).status_code == 200
    assert problem(reader.send(line(2, one)))["code"] == "scope-missing"
    assert writer.send(line(2, one)).status_code == 201
    assert problem(writer.get(place))["code"] == "scope-missing"
    with pytest.raises(keys.KeyRefusedError):
        key(scopes=["everything"])


def test_calls_are_limited_for_each_key(partner: Partner) -> None:
    slow = Partner(partner.club, key(per_minute=2)[1])
    path = f"{PURCHASES}/batches/1"
    assert [slow.get(path).status_code for _ in range(3)] == [404, 404, 429]
    assert problem(slow.get(path))["code"] == "too-many-calls"
    assert slow.get(path).headers["Retry-After"] == "60"
    assert partner.get(path).status_code == 404
    with clock.travel(clock.now() + timedelta(minutes=1)):
        assert slow.get(path).status_code == 404


def test_the_idempotency_key_is_required_and_well_formed(partner: Partner) -> None:
    one, _ = partner.club.members.values()
    assert problem(partner.send(line(1, one), **{"Idempotency-Key": ""}))["code"] == "idempotency-key-missing"
    for text in ("a b", "æ", "x" * 201):
        assert problem(partner.send(line(1, one), once=text))["code"] == "idempotency-key-malformed"
    assert not ApiCall.objects.exists()


def test_a_repeat_is_given_the_first_answer_and_another_payload_is_refused(partner: Partner) -> None:
    one, two = partner.club.members.values()
    first = partner.send(line(1, one), once="k1")
    again = partner.send(line(1, one), once="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]) == ("false", "true")
    assert problem(partner.send(line(1, two), once="k1"))["code"] == "idempotency-key-reused"
    assert Batch.objects.count() == 1
    other = Partner(partner.club, key()[1])
    assert other.send(line(5, two), once="k1").status_code == 201


def test_a_refused_call_leaves_its_key_free(partner: Partner) -> None:
    one, _ = partner.club.members.values()
    assert problem(partner.send(line(1, one, store="77"), once="k"))["code"] == "rows-refused"
    assert partner.send(line(1, one), once="k").status_code == 201


def test_a_call_that_was_cut_off_is_done_by_its_repeat(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = partner.club.members.values()

    def cut(**_: Any) -> None:
        raise RuntimeError(one)

    with monkeypatch.context() as broken:
        broken.setattr(purchase_import, "take_in", cut)
        answer = partner.send(line(1, one), once="k")
        assert (answer.status_code, problem(answer)["code"]) == (500, "internal-error")
        assert one not in answer.content.decode()
    assert ApiCall.objects.get().status is None
    assert problem(partner.send(line(1, two), once="k"))["code"] == "idempotency-key-reused"
    assert partner.send(line(1, one), once="k").status_code == 201


def test_a_call_under_way_is_told_so_and_a_busy_source_is_waited_for(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = partner.club.members.values()
    monkeypatch.setattr(purchases, "_PATIENCE", 60)
    answers: list[Any] = []
    source = Source.objects.get(key=SOURCE)

    def call() -> None:
        try:
            answers.append(partner.send(line(1, one), once="k"))
        finally:
            connection.close()

    with source_locked(source_id=source.pk):
        working = threading.Thread(target=call)
        working.start()
        until = time.monotonic() + 60
        while not ApiCall.objects.exists():
            assert time.monotonic() < until, "the call never began"
            time.sleep(0.02)
        assert problem(partner.send(line(1, one), once="k"))["code"] == "idempotency-key-in-use"
    working.join(60)
    assert [answer.status_code for answer in answers] == [201]
    assert partner.send(line(1, one), once="k").headers["Idempotent-Replayed"] == "true"


def test_a_source_that_stays_busy_is_told(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = partner.club.members.values()
    monkeypatch.setattr(purchases, "_PATIENCE", 1)
    answers = []

    def call() -> None:
        try:
            answers.append(partner.send(line(1, one), once="k"))
        finally:
            connection.close()

    with source_locked(source_id=Source.objects.get(key=SOURCE).pk):
        working = threading.Thread(target=call)
        working.start()
        working.join(60)
    (answer,) = answers
    assert (problem(answer)["code"], answer.headers["Retry-After"]) == ("source-busy", "5")
    assert partner.send(line(1, one), once="k").status_code == 201


def test_calls_are_forgotten_after_a_week(partner: Partner) -> None:
    one, _ = partner.club.members.values()
    partner.send(line(1, one), once="k")
    assert lapsed_elsewhere(on=(clock.now() + timedelta(days=6)).date())["api_call"] == 0
    assert lapsed_elsewhere(on=(clock.now() + timedelta(days=8)).date())["api_call"] == 1


def test_card_numbers_cannot_be_tried_against_what_is_kept_of_a_call(partner: Partner, fresh_db: Any) -> None:
    """A plain hash of one row could be: all its other fields may be known."""
    one, _ = partner.club.members.values()
    row = line(1, one)
    partner.send(row, once="k")
    with fresh_db.connect("backup") as database:
        kept = str(database.execute("SELECT digest FROM purchases_batch").fetchall())
        kept += str(database.execute("SELECT * FROM api_call").fetchall())
    for form in ([row], [{name: row[name] for name in sorted(row)}], {"purchases": [row]}):
        for separators in ((", ", ": "), (",", ":")):
            text = json.dumps(form, ensure_ascii=False, separators=separators)
            assert hashlib.sha256(text.encode()).hexdigest() not in kept
            assert hashlib.md5(text.encode()).hexdigest() not in kept.replace("-", "")  # noqa: S324
    assert one not in kept
