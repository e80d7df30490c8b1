"""A document as HTML: one `h1`, sections in heading order, a table of contents, every value escaped (WCAG 2.2).

`render_html` gives the article to be placed in a page, `render_sections` the part below its contents, and `render_page`
a whole page that prints and needs nothing else.
"""

from functools import cache
from pathlib import Path

from django.template import Context, Engine
from django.utils.safestring import SafeString

from tillit.declaration.statement.document import Document

FOLDER = Path(__file__).with_name("templates")


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(FOLDER)], autoescape=True)


def render_html(document: Document) -> SafeString:
    """The document as an `article` element, safe to place in a template."""
    sections = [(str(level + 1), section) for level, section in document.walk()]
    context = Context({"document": document, "sections": sections})
    return SafeString(_engine().get_template("statement.html").render(context))


def render_sections(document: Document) -> SafeString:
    """The sections only, from `h2`, to stand inside a page with a heading of its own."""
    sections = [(str(level + 1), section) for level, section in document.walk()]
    return SafeString(_engine().get_template("sections.html").render(Context({"sections": sections})))


def render_page(document: Document) -> str:
    """The document as a page of its own, with a style sheet for screen and paper."""
    context = Context({"document": document, "content": render_html(document)})
    return str(_engine().get_template("page.html").render(context))
