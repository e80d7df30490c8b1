"""What can go wrong with the market hub."""

from tillit.kernel.errors import TillitError


class HubError(TillitError):
    """Nothing that can be used came of a call. `hub-unreachable`, `hub-busy`, `hub-refused`, `hub-garbled`,
    `hub-not-let-in` (the token), `hub-in-clear` (another machine, and not by https).
    """
