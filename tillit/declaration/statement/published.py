"""The documents of what a controller has published: any version, its history, and the step between two (A3, A4)."""

from tillit.declaration import queries
from tillit.declaration.models import Controller
from tillit.declaration.statement import build
from tillit.declaration.statement.compare import comparison
from tillit.declaration.statement.document import Document
from tillit.declaration.statement.parts.rights import VersionLine


def statement(
    *, controller: Controller, number: int, language: str, cookies_at: str = "", version_at: str = ""
) -> Document:
    """The statement as version `number`. `version_at`: address of a version's text, with `{number}` in it.

    Raises `NotDeclaredError` when there is no such version.
    """
    lines = [
        VersionLine(
            number=version.number,
            published=version.published_at,
            effective=version.effective,
            material=version.material,
            href=version_at.replace("{number}", str(version.number)),
        )
        for version in queries.versions(controller_id=controller.pk)
    ]
    return build.statement(
        queries.declared(controller_id=controller.pk, number=number),
        language,
        versions=lines,
        number=number,
        names=names(controller),
        cookies_at=cookies_at,
    )


def cookie_policy(*, controller: Controller, number: int, language: str) -> Document:
    """The cookie policy as version `number`; raises `NotDeclaredError`."""
    declaration = queries.declared(controller_id=controller.pk, number=number)
    return build.cookie_policy(declaration, language, names=names(controller))


def difference(*, controller: Controller, old: int, new: int, language: str) -> Document:
    """What changed from version `old` to version `new`; raises `NotDeclaredError`."""
    before = queries.declared(controller_id=controller.pk, number=old)
    after = queries.declared(controller_id=controller.pk, number=new)
    changes = queries.difference(controller_id=controller.pk, old=old, new=new)
    return comparison(before, after, changes, language, numbers=(str(old), str(new)))


def names(controller: Controller) -> dict[str, str]:
    """The names of the controllers of the same register, by key."""
    return dict(Controller.objects.filter(register=controller.register_id).values_list("key", "name"))
