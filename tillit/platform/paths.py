"""Where this installation keeps its files."""

import os
from pathlib import Path


def root() -> Path:
    """The project directory: the checkout, or the working directory when the package is installed without one."""
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def var() -> Path:
    """The directory of everything that is generated and never committed. ``TILLIT_VAR`` overrides; may not exist."""
    override = os.environ.get("TILLIT_VAR")
    return Path(override).expanduser().resolve() if override else root() / "var"


def ensure_var() -> Path:
    """`var()`, created if missing. Readable by its owner alone; as root others may pass through, not look in
    (the database server then runs as another user)."""
    path = var()
    path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    return path
