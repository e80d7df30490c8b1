"""Identifiers of people, companies, accounts and things, one module a scheme.

Every module has `normalise(text)`, which returns the one stored form or raises IdentifierError, and
`is_valid(text)`. Invariants: normalising twice changes nothing; no error, mask or fact holds the value;
nothing is guessed from a number that does not tell it.
"""

from tillit.kernel.identifiers.errors import IdentifierError

__all__ = ["IdentifierError"]
