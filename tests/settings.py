"""The product's settings on a server of the tests' own, or on the one that ``DATABASE_URL`` names.

Each parallel worker has a server to itself, ``var/test/<worker>`` (`tests.support.place`): which transactions are still
running, and which roles there are, is known to a whole server, so workers on one server would disturb each other.
"""

import os

from tests.support.place import of_tests
from tillit.platform import paths

if not os.environ.get("DATABASE_URL"):
    os.environ["TILLIT_VAR"] = str(of_tests(paths.root()) / os.environ.get("PYTEST_XDIST_WORKER", "main"))
os.environ["TILLIT_HTTPS"] = "0"

from tillit.settings import *  # noqa: F403 - the environment above must come first
