"""What the documents show: their commands, in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tillit.platform import paths

DOCS = [*sorted((paths.root() / "docs").rglob("*.md")), paths.root() / "README.md"]
_BLOCK = re.compile(r"^```(?:console|sh)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """A whole command, such as `tillit api-key list`; the file it reads from standard input; where a page shows two
    installations, whose it is.
    """

    page: str
    command: str
    given: str = ""
    side: str = ""

    @property
    def called(self) -> str:
        """The command, with `receiver $` before it where it has a side."""
        return f"{self.side} $ {self.command}" if self.side else self.command


def commands(path: Path) -> Iterator[Shown]:
    """Of each console block, the lines that call `tillit`; joined where they go on, without prompt and environment."""
    for block in _BLOCK.findall(path.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            side, _, rest = line.strip().rpartition("$ ")
            command = re.sub(r"^([A-Z_]+=\S+ )*", "", rest).removeprefix(".venv/bin/")
            if command.startswith("tillit "):
                command, _, given = re.sub(" {2,}", " ", command).partition(" < ")
                yield Shown(path.name, command.strip(), given.strip(), side.strip())


def everything() -> list[Shown]:
    """Every command of every document."""
    return [one for path in DOCS for one in commands(path)]
