"""Modules whose `ACTS` people carry out in `tillit simulate` (`declaration.simulated`)."""

SIMULATED: list[str] = []


def simulated(module: str) -> None:
    """Register a module by its dotted name; it is imported when a simulation begins."""
    if module not in SIMULATED:
        SIMULATED.append(module)
