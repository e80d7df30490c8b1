"""The refusal of an identifier. It never holds the value: errors reach logs, pages and problem documents."""

from __future__ import annotations

from tillit.kernel.errors import TillitError


class IdentifierError(TillitError, ValueError):
    """An identifier that breaks a rule of its scheme; `code` is `<scheme>-<rule>`."""
