"""What can go wrong with an audience."""

from tillit.kernel.errors import TillitError


class AudienceError(TillitError):
    """`not-approved`: the controller's declaration has no advertising, or not at that network; `no-address`: the
    installation names no address of the network; `name`: there is one of that name, or none was given.
    """

    exit_code = 2


class NetworkError(TillitError):
    """`network-unreachable`, `network-busy`, `network-refused`, `network-garbled`."""
