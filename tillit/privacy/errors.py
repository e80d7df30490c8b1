"""Errors of the privacy engine."""

from tillit.kernel.errors import TillitError


class HoldRefusedError(TillitError):
    """A hold that may not be placed or is not there."""

    exit_code = 2


class CannotKeepError(TillitError):
    """A declaration promises what the running system cannot do."""


class BackupError(TillitError):
    """A backup cannot be made, read or restored; nothing was changed, or what was begun is gone again."""


class PackageError(TillitError):
    """A package or invitation that cannot be used; nothing was taken in. `package-unreadable`, `not-signed`,
    `not-for-us`, `no-invitation`, `invitation-expired`, `unknown-sender`, `outside-eea`, `nothing-portable`.
    """

    exit_code = 2


class HandoverError(TillitError):
    """A hand-over of people to another controller cannot be done as asked; `code` says why (A10)."""

    exit_code = 2
