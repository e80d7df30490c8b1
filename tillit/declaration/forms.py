"""Forms of ours that store identifying data, and the declared form that each of them is (A2).

A face says in its `personal_data.py` which page asks with which declared form. The page then says there what the
declaration says of it; a declared form that no page serves is known, and so is a page whose form is not declared.
"""

from dataclasses import dataclass

from tillit.declaration.errors import UnregisteredTableError
from tillit.declaration.schema import Declaration
from tillit.declaration.site_parts import Form


@dataclass(frozen=True)
class ServedForm:
    """A page that asks. page: its name; keys: declared forms it may be, the first declared one is.

    activity, collects: what it serves where the controller declares none of them, which then must be declared itself.
    """

    page: str
    keys: tuple[str, ...]
    activity: str = ""
    collects: tuple[str, ...] = ()


FORMS: dict[str, ServedForm] = {}


def served_form(page: str, *keys: str, activity: str = "", collects: tuple[str, ...] = ()) -> None:
    """Say that the page asks with the first of these forms that a controller declares."""
    made = ServedForm(page, keys, activity, collects)
    if FORMS.setdefault(page, made) != made:
        raise UnregisteredTableError("form-twice", f"the form on '{page}' is registered twice, differently")


def form_on(declaration: Declaration, page: str) -> Form | None:
    """What the page asks with at the controller; None where it has no such form."""
    served = FORMS[page]
    declared = {form.key: form for form in declaration.forms}
    if found := next((declared[key] for key in served.keys if key in declared), None):
        return found
    activity = declaration.activity(served.activity)
    if activity is None:
        return None
    recorded = tuple(key for key in served.collects if key in activity.records)
    return Form(key=page, activity=activity.key, collects=recorded, notice=activity.purpose) if recorded else None


def served(key: str) -> tuple[str, ...]:
    """Pages that ask with the declared form `key`."""
    return tuple(page for page, form in FORMS.items() if key in form.keys)
