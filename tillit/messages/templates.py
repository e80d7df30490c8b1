"""The wording of messages: `mail.<language>.yaml` in the package that sends them, one entry a template (F11).

    bonus_expiry:
      subject: "{amount} bonus går ut {day}"
      paragraphs: ["…", "…"]
      short: "{amount} bonus går ut {day}"        # for SMS; the paragraphs where there is none

Values come as `{name}`. A text and an HTML part are made of the same paragraphs; nothing in a value is markup.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from string import Formatter
from typing import Any

from django.apps import apps

from tillit.kernel.documents import read_yaml
from tillit.messages.errors import MessageRefusedError

REFERENCE = "en"
FREE = "free_text"
LEAVE = "leave"
"""The template whose values are its words: `subject` and `text`."""


@dataclass(frozen=True)
class Sender:
    """Who it is from, as the message says it."""

    name: str
    email: str
    phone: str
    web: str


@dataclass(frozen=True)
class Rendered:
    """A message as it leaves. short: its words for SMS, without the foot."""

    subject: str
    text: str
    html: str
    short: str = ""


@dataclass(frozen=True)
class Template:
    """One template in one language. short: its words for SMS where they are others than its paragraphs. html: its HTML
    part where that is laid out by itself, with values and the way out as `⟦name⟧`.
    """

    subject: str
    paragraphs: tuple[str, ...]
    short: str = ""
    html: str = ""

    def names(self) -> frozenset[str]:
        """The values it needs."""
        parts = (self.subject, *self.paragraphs, self.short)
        return frozenset(name for part in parts for _, name, _, _ in Formatter().parse(part) if name)


Stored = Callable[[str, str], Template | None]
_STORED: dict[str, Stored] = {}
LEAVE_MARK, WAY_OUT_MARK = "⟦leave:url⟧", "⟦leave:words⟧"


def stored(kind: str, find: Stored) -> None:
    """Register where templates `KIND:NAME` are kept: (name, language) → the template."""
    _STORED[kind] = find


@cache
def templates(language: str) -> dict[str, Template]:
    """Every template in a language, from every package of ours."""
    found: dict[str, Template] = {}
    for config in apps.get_app_configs():
        path = Path(config.path) / f"mail.{language}.yaml"
        if config.name.startswith("tillit.") and path.exists():
            for key, said in read_yaml(path).items():
                paragraphs = tuple(part.strip() for part in said["paragraphs"])
                found[key] = Template(said["subject"].strip(), paragraphs, said.get("short", ""))
    return found


def template(key: str, language: str) -> Template:
    """The template, in English where the language lacks it. Raises `MessageRefusedError` (`no-template`)."""
    kind, _, name = key.partition(":")
    if name and kind in _STORED:
        found = _STORED[kind](name, language)
    else:
        found = templates(language).get(key) or templates(REFERENCE).get(key)
    if found is None:
        raise MessageRefusedError("no-template", f"there is no template '{key}'")
    return found


MADE: dict[str, Callable[[int, Mapping[str, Any]], str]] = {}
"""Values that no message keeps: name → what makes it of the person and the message's other values."""


def made_when_it_leaves(name: str, maker: Callable[[int, Mapping[str, Any]], str]) -> None:
    """Templates may use `{name}`: it is made when the message leaves or is read, and stands in no row (F7)."""
    MADE[name] = maker


def filled(key: str, language: str, subject_id: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a message, with those that it does not keep."""
    needed = template(key, language).names() & MADE.keys() - content.keys()
    return {**content, **{name: MADE[name](subject_id, content) for name in needed}}


def render(key: str, language: str, values: Mapping[str, Any], sender: Sender, *, leave: str = "") -> Rendered:
    """The message with its parts. `leave`: the address to unsubscribe at, where there is something to leave (F2).

    Raises `MessageRefusedError` for a template or value that is not there.
    """
    made = template(key, language)
    if missing := made.names() - set(values):
        raise MessageRefusedError("missing-value", f"'{key}' needs {', '.join(sorted(missing))}")
    words = {name: str(value) for name, value in values.items()}
    subject = " ".join(made.subject.format_map(words).split())
    paragraphs = [line.strip() for part in made.paragraphs for line in part.format_map(words).split("\n\n")]
    short = " ".join(made.short.format_map(words).split()) or "\n".join(paragraphs)
    marks = dict(words)
    if leave:
        way_out = template(LEAVE, language)
        paragraphs.append(way_out.paragraphs[0].format_map({"name": sender.name, "url": leave}))
        short = f"{short}\n{way_out.short}"
        marks |= {LEAVE_MARK[1:-1]: leave, WAY_OUT_MARK[1:-1]: paragraphs[-1]}
    foot = [part for part in (sender.name, sender.email, sender.phone, sender.web) if part]
    text = "\n\n".join([*paragraphs, "-- \n" + "\n".join(foot)]) + "\n"
    html = _filled(made.html, marks) if made.html else _html(language, subject, paragraphs, foot)
    return Rendered(subject, text, html, short)


def _filled(html: str, values: Mapping[str, str]) -> str:
    return _MARK.sub(lambda found: escape(values.get(found[1], "")), html)


_MARK = re.compile(r"⟦([a-z_:]+)⟧")
_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_BODY = "font-family:Inter,Arial,sans-serif;font-size:16px;line-height:1.5;color:#1e2b3c;max-width:38em;margin:0 auto"
_FOOT = "border-top:1px solid #b8c0cc;padding-top:12px;font-size:14px;color:#4a5769"


def _html(language: str, subject: str, paragraphs: list[str], foot: list[str]) -> str:
    """No picture, no script, no link that is not in the text: nothing in it tells that it was opened (F4)."""
    inner = "".join(f"<p>{_linked(escape(part)).replace(chr(10), '<br>')}</p>" for part in paragraphs)
    end = "<br>".join(escape(part) for part in foot)
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(subject)}</title>'
        f'</head><body><div style="{_BODY}">{inner}<p style="{_FOOT}">{end}</p></div></body></html>'
    )


def _linked(text: str) -> str:
    return _ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', text)
