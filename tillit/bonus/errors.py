"""Errors of the bonus domain."""

from tillit.kernel.errors import TillitError


class BonusError(TillitError):
    """The bonus domain refused."""


class NoProgrammeError(BonusError):
    """The chain has no bonus programme, or its controller declares none."""


class RateRefusedError(BonusError):
    """A rate that is out of range, names another chain's store, or would leave two rules equally right."""

    exit_code = 2


class CorrectionRefusedError(BonusError):
    """A correction of nothing, or a key that was used for another correction."""


class NotYourChainError(BonusError):
    """The chain is another controller's."""


class CodeError(BonusError):
    """What was scanned or keyed is no code."""


class VoucherError(BonusError):
    """A voucher cannot be made, used or ended as asked; `code` says why."""


class OfferRefusedError(BonusError):
    """An offer that gives nothing, names another chain's store, or would change one that stands."""

    exit_code = 2


class SuspendedError(BonusError):
    """Earning or use of bonus is suspended for now."""


class GiftCardError(BonusError):
    """A gift card cannot be sold, used or returned as asked; `code` says why."""
