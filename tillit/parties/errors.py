"""Errors of the parties layer. Messages never hold the value that was refused."""

from tillit.kernel.errors import TillitError


class SealedValueLostError(TillitError):
    """The data key is gone: the value was shredded and cannot be opened."""


class AlreadyClaimedError(TillitError):
    """The identifier belongs to another person in this register."""


class NotStaffError(TillitError):
    """No active member of staff with that sign-in, or the duty of confidentiality is not on record."""


class NotAssignedError(TillitError):
    """The member of staff has nothing to do with that person."""


class ProtectionStandsError(TillitError):
    """The address is protected by the population register, which alone changes that."""


class RestrictedPersonError(TillitError):
    """Processing of the person is restricted (GDPR 18), and the activity is none that may go on all the same (H4)."""


class UnknownSubjectError(TillitError):
    """No such person: the id was never given, or everything about them is erased."""


class NotRememberedError(TillitError):
    """The journal could not copy what was written, so a restore would lose it."""


class FactorError(TillitError):
    """A way of signing in cannot be added, used or removed as asked."""


class PasswordRefusedError(TillitError):
    """A password breaks rules; `rules` are their codes, never the password."""

    def __init__(self, rules: tuple[str, ...]) -> None:
        super().__init__("password-refused", f"the password breaks {len(rules)} rule(s): {', '.join(rules)}")
        self.rules = rules


class MergeRefusedError(TillitError):
    """Two subjects cannot be merged, or parted; `code` says why."""

    exit_code = 2


class ProtectedAddressError(TillitError):
    """`protected-address`: a part of a protected address was to be written in clear."""


class NewAccessRefusedError(TillitError):
    """New addresses cannot be asked for now (`recovery`)."""
