"""What can be wrong with power customers' data."""

from tillit.kernel.errors import TillitError


class PowerError(TillitError):
    """A metering point, contract, switch or file of readings that cannot be used as it is."""
