"""Errors of the benefits domain."""

from tillit.kernel.errors import TillitError


class BenefitError(TillitError):
    """The benefits domain refused."""

    exit_code = 2


class CatalogueError(BenefitError):
    """A benefit, supplier or validity cannot be as it was written."""


class OrderError(BenefitError):
    """An order cannot be placed, or cannot become what was asked."""
