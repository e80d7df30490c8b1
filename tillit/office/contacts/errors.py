"""What can go wrong with a contact."""

from tillit.kernel.errors import TillitError


class ContactError(TillitError):
    """`name`, `company`, `email`, `phone`, `kind`: missing or malformed; `over`: the contact is none any more;
    `undeclared`: no contacts are kept here.
    """

    exit_code = 2
