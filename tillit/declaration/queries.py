"""Which declaration holds: the latest published version in effect at a moment (A4)."""

from datetime import date
from functools import lru_cache

from tillit.declaration.errors import NotDeclaredError
from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.schema import Declaration


@lru_cache(maxsize=256)
def _parsed(version_id: int, digest: str) -> Declaration:
    return Declaration.model_validate(DeclarationVersion.objects.values_list("document", flat=True).get(pk=version_id))


def current_version(*, controller_id: int, on: date) -> DeclarationVersion:
    """The version in effect on a date; before the first effective date, the first version published.

    Raises `NotDeclaredError` when the controller has published none.
    """
    versions = DeclarationVersion.objects.filter(controller_id=controller_id).defer("document", "source_text")
    found = versions.filter(effective__lte=on).order_by("-number").first() or versions.order_by("number").first()
    if found is None:
        raise NotDeclaredError("not-declared", "this controller has not published a declaration")
    return found


def current(*, controller_id: int, on: date) -> Declaration:
    """The typed declaration in effect on a date (parsed once per version)."""
    version = current_version(controller_id=controller_id, on=on)
    return _parsed(version.pk, version.digest)


def version_declaration(version: DeclarationVersion) -> Declaration:
    """The typed declaration of a published version (parsed once per version)."""
    return _parsed(version.pk, version.digest)


def holder_of(*, controller_id: int) -> int:
    """The controller whose rows are held jointly in this controller's register; itself where there is none (A1)."""
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    holder = Controller.objects.filter(register_id=register, holder=True).values_list("id", flat=True).first()
    return controller_id if holder is None else holder
