"""What can go wrong with a tip."""

from tillit.kernel.errors import TillitError


class TipError(TillitError):
    """`email`: no e-mail address; `name`, `words`: too long, or with a link or an address; `often`: too many from here;
    `failed`: the mail could not be handed over, and is kept nowhere.
    """

    exit_code = 2
