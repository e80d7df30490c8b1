"""What can go wrong with a registered object."""

from tillit.kernel.errors import TillitError


class ThingError(TillitError):
    """`name`, `kind`, `words` (too long, or a card number), `price`, `day` (to come), `no-thing`, `no-file`,
    `too-many`, `file-many`, `what`, `not-removed`; and the codes of `cases.files` for a file that cannot be kept.
    """
