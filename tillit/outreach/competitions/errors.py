"""What can go wrong with a competition."""

from tillit.kernel.errors import TillitError


class CompetitionError(TillitError):
    """`words`, `closes`, `winners`: what it says is incomplete; `stage`: not now; `over`: entering is over; `name`,
    `email`, `phone`: missing or malformed; `answer`: there is a question and no answer; `mixed`: the announced number
    is missing; `members`: only they may enter.
    """

    exit_code = 2
