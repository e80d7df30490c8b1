"""What can be refused here."""

from tillit.kernel.errors import TillitError


class InsightError(TillitError):
    """`unknown-kind`, `limit`, `zone`, `quiet-hours`, `no-app`: the choice cannot be kept as it was given."""
