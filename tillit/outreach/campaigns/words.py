"""What a campaign says: from the marketer's words to the parts of a mail, an SMS, a letter (F3).

The body is plain text: paragraphs apart by an empty line; `# ` begins a heading; `[words](https://…)` alone is a
button; an address in a paragraph becomes a link. `{given_name}` and the like are filled in for each person. The HTML
part is laid out by MJML (`layout.mjml`) once a campaign; the text part says the same. Nothing in it fetches anything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Formatter

import mrml

from tillit.declaration.models import Controller
from tillit.declaration.queries import current, once
from tillit.kernel import clock
from tillit.messages.gsm import LONGEST, Sized, sized
from tillit.messages.templates import LEAVE_MARK, WAY_OUT_MARK, Template
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.models import Campaign

KIND = "campaign"
FIELDS: dict[str, tuple[str, str]] = {
    "given_name": ("identity", "name.given"),
    "postal_place": ("contact", "address.city"),
}
"""What can be filled in: name → (category, kind of fact)."""
_BUTTON = re.compile(r"\[([^\]\n]{1,80})\]\((https?://[^\s()<>\"]{1,250})\)")
_ANY_LINK = re.compile(r"(?:https?:|mailto:|tel:|www\.)[^\s<>\"']*|\]\([^\n)]*", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_LAYOUT = Path(__file__).with_name("layout.mjml")
_LINK = "color:#1a4a7a"
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff⟦⟧]")
"""Characters no text of XML may hold (XML 1.0 2.2), other controls, and the marks of our own."""


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, or a button with where it leads."""

    kind: str
    text: str
    target: str = ""


def blocks(body: str) -> list[Block]:
    """The parts of a body, in order."""
    found = []
    for part in re.split(r"\n\s*\n", body.replace("\r\n", "\n").strip()):
        text = part.strip()
        if not text:
            continue
        if button := _BUTTON.fullmatch(text):
            found.append(Block("button", button[1], button[2]))
        elif text.startswith("# "):
            found.append(Block("heading", " ".join(text[2:].split())))
        else:
            found.append(Block("paragraph", text))
    return found


def fields_of(campaign: Campaign) -> set[str]:
    """The fields its words name. Raises `CampaignError` (`braces`) where they are not well written."""
    found: set[str] = set()
    for text in (campaign.subject, campaign.body, campaign.short):
        try:
            parsed = [(name, form or turn) for _, name, form, turn in Formatter().parse(text) if name is not None]
        except ValueError:
            parsed = [("", "{")]
        if any(more for _, more in parsed):
            raise CampaignError("braces", "{ and } stand around the name of a field only")
        found |= {name for name, _ in parsed}
    return found


def plain(campaign: Campaign) -> None:
    """Raise `CampaignError` for words that cannot be stored: `characters` that no mail can hold, a `field-in-link` (a
    link would tell its owner who follows it).
    """
    for text in (campaign.name, campaign.subject, campaign.body, campaign.short, campaign.fallback):
        if _UNSAYABLE.search(text):
            raise CampaignError("characters", "a text holds characters that cannot be sent")
    for text in (campaign.subject, campaign.body, campaign.short):
        if any("{" in link or "}" in link for link in _ANY_LINK.findall(text)):
            raise CampaignError("field-in-link", "a link is the same for everybody: no field in it")


def check(*, campaign: Campaign) -> None:
    """Raise `CampaignError` for words that cannot be sent: those of `plain`, `words-missing`, `braces`,
    `field-unknown`, `field-not-allowed` (the activity may not use its category), `sms-too-long`, `layout`.
    """
    plain(campaign)
    if campaign.channel in {"sms", "phone"}:
        if not campaign.short.strip():
            raise CampaignError("words-missing", "there is nothing to say")
    elif not campaign.subject.strip() or not campaign.body.strip():
        raise CampaignError("words-missing", "a message has a subject and a text")
    declared = current(controller_id=campaign.controller_id, on=clock.today())
    activity = declared.activity(campaign.activity)
    may = declared.named(activity) if activity else frozenset()
    for name in fields_of(campaign):
        if name not in FIELDS:
            raise CampaignError("field-unknown", f"there is no field '{name[:30]}'")
        if FIELDS[name][0] not in may:
            raise CampaignError("field-not-allowed", f"{campaign.activity} may not use {name}")
    if campaign.channel == "sms" and as_sms(campaign).segments > LONGEST:
        raise CampaignError("sms-too-long", f"an SMS has at most {LONGEST} segments")
    made(campaign)


def as_sms(campaign: Campaign) -> Sized:
    """How its words travel as SMS, with longest usual fields and the way out."""
    from tillit.messages.templates import LEAVE, template  # noqa: PLC0415 (the words of messages are read late)

    text = campaign.short
    for name in FIELDS:
        text = text.replace(f"{{{name}}}", "x" * 12)
    return sized(f"{text}\n{template(LEAVE, campaign.language).short}")


def template_of(number: str, language: str) -> Template | None:
    """The template `campaign:NUMBER`."""
    return once(lambda: _template_of(number), "campaign_template", number) if number.isdigit() else None


def _template_of(number: str) -> Template | None:
    """Looked up once for the messages that leave together: the words of what is under way do not change."""
    found = Campaign.objects.filter(pk=int(number)).select_related("controller").first()
    return made(found) if found else None


def made(campaign: Campaign) -> Template:
    """A campaign's template."""
    accent = campaign.controller
    return _made(campaign.subject, campaign.body, campaign.short, campaign.language, _foot(accent))


def _foot(controller: Controller) -> tuple[str, ...]:
    said = current(controller_id=controller.pk, on=clock.today()).controller
    return tuple(part for part in (said.name, said.email, said.phone, said.web) if part)


@lru_cache(maxsize=64)
def _made(subject: str, body: str, short: str, language: str, foot: tuple[str, ...]) -> Template:
    parts = blocks(body) if body.strip() else [Block("paragraph", short)]
    paragraphs = tuple(f"{one.text}: {one.target}" if one.kind == "button" else one.text for one in parts)
    html = laid_out(subject, parts, language, foot) if body.strip() else ""
    return Template(subject or " ".join(short.split())[:78], paragraphs, short, html)


def laid_out(subject: str, parts: list[Block], language: str, foot: tuple[str, ...]) -> str:
    """The HTML part, with fields and the way out as `⟦name⟧`."""
    layout = _LAYOUT.read_text(encoding="utf-8")
    said = {
        "title": escape(_marked(subject)),
        "sender": escape(foot[0] if foot else ""),
        "body": "\n".join(_mjml(one) for one in parts),
        "foot": "<br />".join(escape(part) for part in foot),
        "way_out": f"{escape(WAY_OUT_MARK)}",
    }
    for name, text in said.items():
        layout = layout.replace(f"<!--{name}-->", text)
    try:
        html = mrml.to_html(layout).content
    except (OSError, ValueError):  # what MJML cannot read; its words would repeat the text
        raise CampaignError("layout", "the mail cannot be laid out") from None
    html = html.replace(' lang="und"', f' lang="{escape(language)}"')  # what MJML writes where nothing is said
    if "<html lang=" not in html:
        html = html.replace("<html ", f'<html lang="{escape(language)}" ', 1)
    return html.replace("⟦leave⟧", LEAVE_MARK)


def _mjml(block: Block) -> str:
    text = escape(_marked(block.text))
    match block.kind:
        case "heading":
            return f'<mj-text mj-class="heading"><h2 style="margin:0;font-size:20px">{text}</h2></mj-text>'
        case "button":
            return f'<mj-button href="{escape(block.target)}">{text}</mj-button>'
    linked = _ADDRESS.sub(lambda found: f'<a href="{found[0]}" style="{_LINK}">{found[0]}</a>', text)
    return f"<mj-text>{linked.replace(chr(10), '<br />')}</mj-text>"


def _marked(text: str) -> str:
    return re.sub(r"\{([a-z_]+)\}", r"⟦\1⟧", text).replace("{{", "{").replace("}}", "}")


def values_for(campaign: Campaign, facts: Mapping[str, str]) -> dict[str, str]:
    """The values of one person: facts by kind → fields by name, the fallback for what is not known."""
    return {name: facts.get(FIELDS[name][1], "") or campaign.fallback for name in fields_of(campaign)}
