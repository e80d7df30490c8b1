"""Refusals of campaigns."""

from tillit.kernel.errors import TillitError


class CampaignError(TillitError):
    """A campaign cannot be made, changed, approved or moved on as asked; `code` says why."""

    exit_code = 2
