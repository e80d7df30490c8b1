"""Errors of the benchmarks."""

from tillit.kernel.errors import TillitError


class BenchError(TillitError):
    """A condition does not hold, or the result is wrong: there is nothing to report."""
