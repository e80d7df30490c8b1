"""What can go wrong with prices."""

from tillit.kernel.errors import TillitError


class PriceError(TillitError):
    """A file of prices, tariffs or temperatures is refused; nothing of it is taken in.

    `rows`: rows cannot be used (the message names line, field and reason of each); `differs`: a row of the same key
    stands already with other values; `file`: it is no such file.
    """

    exit_code = 2


class MissingPriceError(TillitError):
    """A cost cannot be computed: no plan, tariff, levy or calendar counts on the day. The code says which."""
