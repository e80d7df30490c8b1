"""Errors of the consent layer."""

from tillit.kernel.errors import TillitError


class NotLawfulError(TillitError):
    """The activity may not process this person now; `code` says why."""


class UnknownChoiceError(TillitError):
    """The declaration has no such activity or channel to consent or object to."""


class AbsoluteObjectionError(TillitError):
    """An objection to direct marketing is absolute: nobody may refuse it (GDPR 21(3), H5)."""
