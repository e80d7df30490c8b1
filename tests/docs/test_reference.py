"""docs/commands.md tells of every command, and of nothing that is gone."""

import re

from tillit.faces.cli.main import COMMANDS
from tillit.faces.cli.reference import every, page
from tillit.platform import paths


def test_the_reference_is_made_of_every_command_with_its_options() -> None:
    made = page()
    assert re.findall(r"^## (.+)$", made, re.MULTILINE) == sorted(COMMANDS)
    assert set(re.findall(r"^### (.+)$", made, re.MULTILINE)) == every().keys()
    assert "`tillit bonus use NUMBER --chain CHAIN --amount AMOUNT --reference REFERENCE --as" in made


def test_what_stands_on_the_page_exists() -> None:
    text = (paths.root() / "docs" / "commands.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert sorted(told - every().keys()) == [], "run: tillit docs commands"
    assert len(told) > 200
