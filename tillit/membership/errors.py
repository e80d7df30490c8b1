"""Errors of membership."""

from tillit.kernel.errors import TillitError


class MembershipError(TillitError):
    """What was asked cannot be done with the membership as it stands."""

    exit_code = 2


class UnknownStructureError(MembershipError):
    """The union has no such type, section, workplace, agreement or payer."""


class CardRefusedError(MembershipError):
    """A membership card cannot be issued."""
