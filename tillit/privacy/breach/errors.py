"""Refusals of the breach desk."""

from tillit.kernel.errors import TillitError


class BreachError(TillitError):
    """`no-breach`, `breach-closed`, `still-suspected`, `say-why-late`, `not-done` (something is owed before it may be
    closed), `unknown-word`, `known-early` or `not-affected`.
    """
