"""What can go wrong at the reception."""

from tillit.kernel.errors import TillitError


class ReceptionError(TillitError):
    """`name`: missing or malformed; `undeclared`: no reception is declared; `nobody`: nobody is in the house under that
    name and number; `host`: no such colleague; `often`: too many from one screen.
    """

    exit_code = 2
