"""An installation whose secrets are gone does not start anew over people's data with others."""

from typing import Any

import pytest

from tests.support import commands
from tillit.platform import database, secret_marks, secrets
from tillit.platform.errors import SecretError

OTHER = "A" * 43 + "="


def test_a_database_remembers_its_secrets_and_refuses_others(fresh_db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    where = database.place(fresh_db.name)
    secret_marks.check(where)  # it carries no mark yet
    secret_marks.remember(where)
    secret_marks.remember(where)
    secret_marks.check(where)
    with fresh_db.connect("owner") as owner:
        (said,) = owner.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [fresh_db.name]
        ).fetchone()
    assert all(f"{name}=" in said for name in secret_marks.marked())
    assert secrets.secret("digest_root").hex() not in said
    monkeypatch.setenv("TILLIT_SECRET_DIGEST_ROOT", OTHER)
    for refuse in (secret_marks.check, secret_marks.remember):
        with pytest.raises(SecretError, match=r"other secrets: digest_root\. Put back var/secrets\.json") as refused:
            refuse(where)
        assert OTHER not in str(refused.value)
    monkeypatch.delenv("TILLIT_SECRET_DIGEST_ROOT")
    secret_marks.check(where)


def test_commands_that_would_write_with_other_secrets_stop_before(fresh_db: Any) -> None:
    assert commands.tillit("migrate", environment=fresh_db.environment).returncode == 0
    other = {**fresh_db.environment, "TILLIT_SECRET_KEY_ENCRYPTION": OTHER}
    for command in (("migrate",), ("work", "--once"), ("serve", "--port", "8998")):
        done = commands.tillit(*command, environment=other)
        assert done.returncode == 1, command
        assert done.stderr.startswith(f"tillit: the database {fresh_db.name} was filled with other secrets"), command
        assert "Traceback" not in done.stderr
        assert OTHER not in done.stderr
