"""What can go wrong with a competition."""

from tillit.kernel.errors import TillitError


class CompetitionError(TillitError):
    """`words`, `closes`, `winners`: what it says is incomplete; `stage`: not now; `over`: entering is over; `name`,
    `email`, `phone`: missing or malformed; `answer`: there is a question and no answer; `mixed`: the announced number
    is missing; `announced`: one without its moment, or for a moment before the list stands; `list`: it does not
    stand yet; `early`: the number is not known yet; `late`: the list stood too late for it; `members`: only they may
    enter.
    """

    exit_code = 2
