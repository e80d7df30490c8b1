"""The statement as web page and PDF: structure, escaping, accessibility, bounds (A3)."""

import io
import time
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest

from tests.declaration.wrong import FIXTURE, edited
from tillit.declaration.loader import load
from tillit.declaration.statement.build import cookie_policy, statement
from tillit.declaration.statement.document import Document, Paragraph, Section
from tillit.declaration.statement.html import render_html, render_page
from tillit.declaration.statement.pdf import TypesettingError, render_pdf
from tillit.declaration.statement.text import render_text

HOSTILE = """<script>alert(1)</script> #panic("x") $x$ \\ *b* _i_ `c` @ref [[ {{ 7|add:1 }} {% now %} &amp; </main>"""


class Outline(HTMLParser):
    """Headings in order, ids, links and the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.anchors: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "a" and (given.get("href") or "").startswith("#"):
            self.anchors.append((given["href"] or "")[1:])
        if tag == "th":
            assert given.get("scope") in {"row", "col"}


def outline(html: str) -> Outline:
    found = Outline()
    found.feed(html)
    return found


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a3_the_web_page_has_heading_order_contents_and_language(language: str):
    document = statement(load(FIXTURE)[0], language, cookies_at="/informasjonskapsler")
    html = render_html(document)
    found = outline(html)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(high - low <= 1 for low, high in zip(found.headings, found.headings[1:], strict=False))
    assert len(found.ids) == len(set(found.ids)) > 30
    assert len(found.anchors) > 15
    assert set(found.anchors) <= set(found.ids)
    assert f'lang="{language}"' in html
    assert 'href="/informasjonskapsler"' in html
    assert "style" not in found.tags
    assert "script" not in found.tags
    page = render_page(document)
    assert page.startswith("<!doctype html>")
    assert f'<html lang="{language}">' in page
    assert "@media print" in page


def test_g4_links_to_other_sites_are_marked_and_own_ones_are_not():
    html = render_html(statement(load(FIXTURE)[0], "nb"))
    assert '<a href="https://tryggstad.example" rel="external noopener">' in html
    assert '<a href="mailto:post@litenforening.example">' in html
    assert '<a href="tel:+4740000011">' in html


def test_a3_what_is_declared_is_text_and_never_markup(tmp_path: Path):
    wrong = "Her leser du hvordan vi tar vare på opplysningene dine."
    quoted = "'" + HOSTILE.replace("'", "''") + "'"
    declaration, _ = load(
        edited(tmp_path, (f"nb: {wrong}", f"nb: {quoted}"), ("name: Drift og Vel", f"name: {quoted}"))
    )
    document = statement(declaration, "nb")
    assert HOSTILE in render_text(document).replace("\n", " ")
    html = render_html(document)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "script" not in outline(html).tags
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render_pdf(document))).pages)
    assert '#panic("x")' in text
    assert "{{ 7|add:1 }}" in text


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a3_the_pdf_is_tagged_titled_and_says_the_same(language: str):
    declaration, _ = load(FIXTURE)
    for document in (statement(declaration, language), cookie_policy(declaration, language)):
        pdf = render_pdf(document)
        reader = pypdf.PdfReader(io.BytesIO(pdf))
        root = reader.trailer["/Root"]
        assert bool(root["/MarkInfo"]["/Marked"])
        assert root["/Lang"].startswith(language)
        assert reader.metadata.title == document.title
        text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
        for _, section in document.walk():
            assert section.title in text, section.title
        assert pdf == render_pdf(document)


def test_a3_a_pdf_has_bounded_time_and_size():
    document = statement(load(FIXTURE)[0], "nb")
    started = time.monotonic()
    with pytest.raises(TypesettingError) as slow:
        render_pdf(document, seconds=0.01)
    assert slow.value.code == "typesetting-slow"
    assert time.monotonic() - started < 60
    huge = Document("t", "nb", "p", "c", "s", (Paragraph("x" * 9_000_000),), (Section("a", "b"),))
    with pytest.raises(TypesettingError) as large:
        render_pdf(huge)
    assert large.value.code == "document-too-large"


def test_a3_text_is_readable_on_eighty_columns():
    text = render_text(statement(load(FIXTURE)[0], "nb"))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "Hvem vi er\n----------\n" in text
    assert "Besøksadresse: Lillegata 1; 0150 Lilleby; Sverige" in text
