"""What can go wrong in a service."""

from tillit.kernel.errors import TillitError


class ServiceError(TillitError):
    """What was asked of a service cannot be done; the code says why."""

    exit_code = 2


class IssuerError(TillitError):
    """An issuer did not take an order. `permanent`: it never will."""

    def __init__(self, code: str, message: str, *, permanent: bool = False) -> None:
        super().__init__(code, message)
        self.permanent = permanent


class PaymentError(ServiceError):
    """An invoice, order or payment cannot be dealt with as asked; the code says why."""


class AcquirerError(TillitError):
    """What became of a charge is not known: the acquirer did not answer, or not in words we know."""


class InsurerError(TillitError):
    """It is not known that the insurer or broker has what it is to be told."""
