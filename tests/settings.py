"""The product's settings on a server of the tests' own: ``var/test``, or the one that ``DATABASE_URL`` names."""

import os

from tillit.platform import paths

if not os.environ.get("DATABASE_URL"):
    os.environ["TILLIT_VAR"] = str(paths.root() / "var" / "test")
os.environ["TILLIT_HTTPS"] = "0"

from tillit.settings import *  # noqa: F403 - the environment above must come first
