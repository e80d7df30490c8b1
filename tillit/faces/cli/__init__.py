"""The ``tillit`` command. Each module beside this one is a sub-application; `COMMANDS` lists them.

A command parses, makes one call and prints. A failure is one clear line: exit code 2 for bad input, 1 for anything
else, and never a traceback, which could show data (``TILLIT_DEBUG=1`` shows it on a machine of one's own).
"""

from tillit.faces.cli.main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
