"""Where commands print tables: as wide as the terminal, and wide enough not to fold anywhere else."""

from rich.console import Console

_WIDE = 160


def console() -> Console:
    """Standard output."""
    made = Console(highlight=False, soft_wrap=True)
    return made if made.is_terminal else Console(highlight=False, soft_wrap=True, width=_WIDE)
