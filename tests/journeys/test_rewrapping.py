"""The key-encryption key is changed: what is sealed stays readable, and the old one is not needed after (H18)."""

import base64
import os
from typing import Any

import pytest

from tests.support.world import person, publish_examples
from tillit.faces.cli.main import run
from tillit.kernel.scope import Scope, system
from tillit.parties import sealing
from tillit.parties.errors import SealedValueLostError
from tillit.platform import database, secret_marks
from tillit.platform.errors import SecretError


def _new() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_h18_the_key_that_wraps_keys_is_changed_and_the_old_one_may_go(
    fresh_db: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = _new(), _new()
    monkeypatch.setenv("TILLIT_SECRET_KEY_ENCRYPTION", first)
    controllers = publish_examples("bonus")
    nordkai = controllers["nordkai"]
    place = {"subject_id": person(nordkai), "controller_id": nordkai.pk, "table": "parties_fact", "column": "sealed"}
    with Scope(system("tests", {nordkai.pk}), "rights_requests"):
        before = sealing.seal(**place, value="sealed with the first")
    secret_marks.remember(database.place(fresh_db.name))

    monkeypatch.setenv("TILLIT_KEY_ENCRYPTION_VERSION", "2")
    monkeypatch.setenv("TILLIT_SECRET_KEY_ENCRYPTION_2", second)

    secret_marks.remember(database.place(fresh_db.name))  # as `tillit migrate` does
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TILLIT_SECRET_KEY_ENCRYPTION_2", _new())
        with pytest.raises(SecretError, match="key_encryption_2"):
            secret_marks.check(database.place(fresh_db.name))

    def opened() -> str:
        with Scope(system("tests", {nordkai.pk}), "rights_requests"):
            return sealing.open_sealed(**place, sealed=before)

    assert opened() == "sealed with the first", "an earlier version opens as long as it is there"
    assert run(["keys", "rewrap"]) == 0
    said = capsys.readouterr().out
    assert "not needed any more" in said
    assert said.rstrip().endswith("key_encryption")
    assert opened() == "sealed with the first"
    late = {**place, "subject_id": person(nordkai)}
    with monkeypatch.context() as not_restarted, Scope(system("tests", {nordkai.pk}), "rights_requests"):
        not_restarted.setenv("TILLIT_KEY_ENCRYPTION_VERSION", "1")
        after = sealing.seal(**late, value="sealed by a process of before")
    for expected in ("1 data keys", "0 data keys"):
        assert run(["keys", "rewrap"]) == 0
        assert f"wrapped anew: {expected}" in capsys.readouterr().out
    monkeypatch.setenv("TILLIT_SECRET_KEY_ENCRYPTION", _new())  # the first is gone
    with Scope(system("tests", {nordkai.pk}), "rights_requests"):
        assert sealing.open_sealed(**late, sealed=after) == "sealed by a process of before"
    assert opened() == "sealed with the first"
    secret_marks.check(database.place(fresh_db.name))
    monkeypatch.setenv("TILLIT_SECRET_KEY_ENCRYPTION_2", _new())
    with pytest.raises(SealedValueLostError):
        opened()
