"""Deliberately wrong declarations: an edited copy of the fixture, and the exact line that must be refused."""

from pathlib import Path

FIXTURE = Path(__file__).parent / "fixtures" / "liten_forening.yaml"


def edited(folder: Path, *changes: tuple[str, str]) -> Path:
    """A copy of the fixture in `folder` with each (old, new) made once; the old text must stand there."""
    text = FIXTURE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / FIXTURE.name
    path.write_text(text, encoding="utf-8")
    return path


def line_of(path: Path, snippet: str, after: str = "") -> int:
    """The 1-based line of the first `snippet` behind the first `after`; both must stand in the file."""
    text = path.read_text(encoding="utf-8")
    start = text.index(after)
    return text.count("\n", 0, text.index(snippet, start)) + 1
