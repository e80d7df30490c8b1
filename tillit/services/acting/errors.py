"""What can go wrong with acting for somebody."""

from tillit.kernel.errors import TillitError


class ActingError(TillitError):
    """`no-mandate` (none in force), `wording` (another text than was shown), `mandate-stands`, `not-in-scope`,
    `not-theirs`, `no-counterpart`, `no-letter`, `no-address`, `no-words`, `url`, `stage`, `day`, `case-closed`.
    """
