"""Which column of a file is which: by the names unions use, or as the union's kept layout says."""

from collections.abc import Mapping

from tillit.files.dialect import SHOWABLE, Layout
from tillit.files.errors import FileRefusedError
from tillit.membership.reading.columns import BY_NAME, COLUMNS, REQUIRED

LEFT_OUT = ""


def meaning(columns: Mapping[str, str]) -> dict[str, str]:
    """Name in a file, in lower case → our column, "" for one that is left out. `columns`: what the union's own say."""
    return BY_NAME | {name.strip().lower(): ours for name, ours in columns.items()}


def layout_of(columns: Mapping[str, str]) -> Layout:
    """What a file of the union may have. A column that nobody knows is refused: nothing is dropped in silence."""
    known = meaning(columns)

    def check(names: list[str], where: str) -> None:
        unknown = [n for n, name in enumerate(names, 1) if name not in known]
        if len(unknown) == len(names):
            raise FileRefusedError("columns-missing", f"{where}: this is no header of a file of members")
        if unknown:
            shown = [f"{n} ({names[n - 1]})" if SHOWABLE.match(names[n - 1]) else str(n) for n in unknown[:10]]
            raise FileRefusedError(
                "columns-unknown",
                f"{where}: unknown columns: {', '.join(shown)}; the union's layout can name them or leave them out",
            )
        ours = [known[name] for name in names if known[name] != LEFT_OUT]
        if doubled := sorted(
            {name for name in ours if ours.count(name) > 1} | {n for n in names if names.count(n) > 1}
        ):
            raise FileRefusedError("columns-doubled", f"{where}: columns stand twice: {', '.join(doubled)}")
        if missing := sorted(REQUIRED - set(ours)):
            raise FileRefusedError("columns-missing", f"{where}: columns are missing: {', '.join(missing)}")

    return Layout(frozenset(known), check)


def check_mapping(columns: Mapping[str, str]) -> None:
    """Raises `FileRefusedError` `columns-unknown` for a layout that names a column which is not ours."""
    if unknown := sorted(ours for ours in columns.values() if ours not in COLUMNS and ours != LEFT_OUT):
        raise FileRefusedError("columns-unknown", f"there are no columns {', '.join(unknown)}")
