"""What can go wrong with an application."""

from tillit.kernel.errors import TillitError


class ApplicationError(TillitError):
    """`name`, `email`, `phone`, `position`, `letter`: missing or malformed; `file-large`, `file-many`, `file-type`;
    `decided`: it is decided already; `stage`: no such stage; `undeclared`: none is taken here; `often`: too many.
    """

    exit_code = 2
