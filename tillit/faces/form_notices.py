"""What each of our forms says where it asks (A2), in the reader's language, from the declaration in effect."""

from tillit.declaration.forms import form_on
from tillit.declaration.statement.at_form import AtForm, at_form
from tillit.declaration.statement.wording import Words
from tillit.faces.site import Site
from tillit.faces.templatetags.tillit import language


def said_on(site: Site, page: str) -> AtForm | None:
    """The words on the page; None where the controller has no such form, and then nothing may be asked there."""
    declared = site.declaration
    form = form_on(declared, page)
    if form is None:
        return None
    spoken = language()
    languages = declared.controller.languages
    return at_form(Words(declared, spoken if spoken in languages else languages[0]), form)
