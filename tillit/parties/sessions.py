"""Browser sessions that know whose they are.

Django's own session table holds the login only inside the signed data, where erasure cannot find it.
"""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from tillit.parties.models import Session

METHOD = "method"  # where a session keeps how it was begun: `email_code`, `passkey`, `email_code_totp` …

TWO_FACTORS = frozenset({"passkey", "email_code_passkey", "email_code_totp", "email_code_recovery_code"})
"""The ways a session of staff may begin (A9)."""


class SessionStore(DatabaseStore):
    """Django's database sessions, with the login in a column."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The table."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row for `data`; its login is the signed-in one, or none; its method how that was done."""
        row = super().create_model_instance(data)
        assert isinstance(row, Session)  # noqa: S101 (held by `get_model_class`)
        row.login_id = data.get(SESSION_KEY)
        row.method = data.get(METHOD, "")
        return row
