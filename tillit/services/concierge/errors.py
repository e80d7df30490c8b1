"""What can go wrong with a booking."""

from tillit.kernel.errors import TillitError


class ConciergeError(TillitError):
    """`words`, `amount`, `supplier`, `needs`, `day`, `no-offer`, `standing` (the offer is not where that can be done),
    `too-late`, `ask-abroad` (a yes is needed first), `case-closed`.
    """
