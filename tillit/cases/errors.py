"""What can go wrong with a case."""

from tillit.kernel.errors import TillitError


class CaseError(TillitError):
    """A case that cannot be opened or moved like that; `code` says which rule refused it."""


class UnknownCaseError(CaseError):
    """No such case, or not one the open scope may see."""
