"""Refusals of the disclosure layer."""

from tillit.kernel.errors import TillitError


class DisclosureRefusedError(TillitError):
    """Nothing left. `undeclared-recipient`, `undeclared-activity`, `undeclared-category`, `undeclared-field`,
    `activity-lacks-category`, `only-aggregated`, `no-agreement`, `no-transfer-ground`, `ask-first`, `nothing-left`,
    the code of a condition (`conditions`: `no-mandate`), or a reason of `consent.queries.Decision`.
    """


class UndeclaredCallError(TillitError):
    """This process tried to open a connection that no registered way out declares."""


class OverlappingReleaseError(TillitError):
    """`release-overlaps`: a release of these days is out, and another cut of them would show what is between.
    `not-over`: the period has not ended.
    """


class UnreachableError(TillitError):
    """A service outside did not answer: what became of what was sent is not known."""
