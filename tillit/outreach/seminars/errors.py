"""What can go wrong with a seminar."""

from tillit.kernel.errors import TillitError


class SeminarError(TillitError):
    """`words`: a text is missing; `times`: it ends after it begins, and sign-up closes before; `place`: on site needs a
    place, digital a link; `capacity`; `stage`: not now; `closed`: sign-up is over; `link`: no such sign-up;
    `name`, `email`: missing or malformed; `unattended`: there is no certificate for who was not there.
    """

    exit_code = 2
