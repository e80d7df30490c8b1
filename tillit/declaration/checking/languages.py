"""Every text stands in every language of the controller, and the statement can be rendered in it (A3)."""

from collections.abc import Iterator

from tillit.declaration.checking.context import Context, localised
from tillit.declaration.errors import Problem
from tillit.declaration.statement.texts import languages


def problems(context: Context) -> Iterator[Problem]:
    """Languages without statement texts, and texts missing or blank in a language."""
    wanted = context.declaration.controller.languages
    known = languages()
    for n, language in enumerate(wanted):
        if language not in known:
            message = f"there are no statement texts in '{language}'; there are {', '.join(known)}"
            yield context.problem(("controller", "languages", n), "unknown-language", message)
    if len(set(wanted)) != len(wanted) or not wanted:
        message = "languages lists each language once, and at least one"
        yield context.problem(("controller", "languages"), "languages", message)
    for path, texts in localised(context.declaration):
        place = ".".join(str(step) for step in path)
        for language in wanted:
            if language not in texts:
                yield context.problem(path, "missing-language", f"{place} has no text in '{language}'")
            elif not texts[language].strip():
                yield context.problem((*path, language), "empty-text", f"{place} is empty in '{language}'")


def notices(context: Context) -> Iterator[Problem]:
    """Texts in a language the controller does not publish in."""
    wanted = set(context.declaration.controller.languages)
    for path, texts in localised(context.declaration):
        for language in texts.keys() - wanted:
            place = ".".join(str(step) for step in path)
            message = f"{place} has a text in '{language}', in which nothing is published"
            yield context.problem((*path, language), "unpublished-language", message)
