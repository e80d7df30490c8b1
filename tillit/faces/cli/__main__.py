"""``python -m tillit.faces.cli``: the ``tillit`` command of this very interpreter."""

from tillit.faces.cli import main

main()
