"""Cookies, visit statistics, forms and permissions of the app (G1–G3, A2, B6)."""

import re

from tillit.declaration.site_parts import Cookie
from tillit.declaration.statement.document import Block, Bullets, Cell, Facts, Link, Paragraph, Section, Table
from tillit.declaration.statement.wording import Words


def cookies(words: Words, href: str = "") -> Section:
    """The short text of the statement; the list has a page of its own, at `href` where that is known."""
    count = len(words.declaration.cookies.items)
    if not count:
        return Section("cookies", words("cookies.title"), (Paragraph(words("cookies.none")),))
    blocks: list[Block] = [
        Paragraph(words("cookies.intro")),
        Paragraph(words("cookies.count", count=str(count))),
        choice(words),
    ]
    if href:
        blocks.append(Bullets((Link(words("cookies.list"), href),)))
    return Section("cookies", words("cookies.title"), tuple(blocks))


def choice(words: Words) -> Facts:
    """How long the banner's choice lives, and whether the browser's own signal counts."""
    policy = words.declaration.cookies
    return Facts(
        (
            (words("cookies.choice_lives"), (words.period(policy.choice_lives),)),
            (words("cookies.respects_gpc"), (words.yes(policy.respects_gpc),)),
        )
    )


def cookie_groups(words: Words) -> tuple[Section, ...]:
    """Every item, grouped by the purpose one consents to; what is strictly necessary first."""
    policy = words.declaration.cookies
    found = dict.fromkeys(item.group for item in policy.items)
    waiting = {item.group for item in policy.items if item.kind != "necessary"}
    order = sorted({**found, **dict.fromkeys(policy.purposes)}, key=lambda key: key in waiting)
    return tuple(_group(words, key) for key in order)


def _group(words: Words, key: str) -> Section:
    policy = words.declaration.cookies
    declared = policy.purposes.get(key)
    purpose = words.of(declared) if declared else words("cookies.necessary")
    title = heading(purpose)
    rows = tuple(_cookie(words, item) for item in policy.items if item.group == key)
    head = ("name", "purpose", "owner", "life", "kind")
    caption = words("cookies.caption", purpose=title)
    table = Table(caption, tuple(words(f"cookies.{name}") for name in head), rows)
    blocks: tuple[Block, ...] = () if title == purpose else (Paragraph(purpose),)
    return Section(f"cookies-{key}", title, (*blocks, table))


def heading(purpose: str) -> str:
    """The first clause of a purpose, short enough to head its cookies."""
    return re.split(r"[:.;–]\s", purpose, maxsplit=1)[0].rstrip(".")


def _cookie(words: Words, item: Cookie) -> tuple[Cell, ...]:
    life = words.period(item.life.period) if item.life.period else ""
    behind = (words.party(item.processor),) if item.processor else ()
    return (
        (item.name,),
        (words.of(item.purpose),),
        (item.owner, *behind, *item.hosts, words.country(item.country)),
        (words(f"cookies.lives.{item.life.type}", period=life),),
        (words(f"cookies.kinds.{item.kind}"), words(f"cookies.storages.{item.storage}")),
    )


def sites(words: Words) -> Section | None:
    """The controller's other sites, where the same register and choice hold, or None (G1, G2)."""
    if not words.declaration.sites:
        return None
    rows = tuple(((item.name,), (Link(item.web, item.web, external=True),)) for item in words.declaration.sites)
    table = Table(words("sites.caption"), (words("sites.name"), words("sites.web")), rows)
    return Section("sites", words("sites.title"), (Paragraph(words("sites.intro")), table))


def statistics(words: Words) -> Section | None:
    """How visits are counted, or None where they are not."""
    declared = words.declaration.visit_statistics
    if declared is None:
        return None
    aggregates = declared.aggregates
    unlimited = aggregates == "unlimited"
    truncated = "address_truncated" if declared.address_truncated else "address_whole"
    rows: tuple[tuple[str, Cell], ...] = (
        (words("statistics.individual"), (words.period(declared.individual),)),
        (
            words("statistics.aggregates"),
            (words("statistics.unlimited") if unlimited else words.period(aggregates),),
        ),
    )
    blocks = (Paragraph(words.of(declared.text)), Facts(rows), Paragraph(words(f"statistics.{truncated}") + "."))
    return Section("statistics", words("statistics.title"), blocks)


def forms(words: Words) -> Section | None:
    """What each form says where it asks, or None where there are no forms."""
    if not words.declaration.forms:
        return None
    head = tuple(words(f"forms.{name}") for name in ("activity", "collects", "notice"))
    rows = tuple(
        (
            (words.word("activities", item.activity),),
            words.words("categories", item.collects),
            (words.of(item.notice),),
        )
        for item in words.declaration.forms
    )
    table = Table(words("forms.caption"), head, rows)
    return Section("forms", words("forms.title"), (Paragraph(words("forms.intro")), table))


def topics(words: Words) -> Section | None:
    """What one may say one is interested in, or None where nobody is asked."""
    if not words.declaration.topics:
        return None
    rows = tuple(((words.of(item.name),),) for item in words.declaration.topics)
    table = Table(words("topics.caption"), (words("topics.topic"),), rows)
    return Section("topics", words("topics.title"), (Paragraph(words("topics.intro")), table))


def sign_in_providers(words: Words) -> Section | None:
    """Which outside services one may sign in with, or None where there is none."""
    if not words.declaration.sign_in_providers:
        return None
    head = tuple(words(f"sign_in_providers.{name}") for name in ("name", "issuer", "why"))
    rows = tuple(((item.name,), (item.issuer,), (words.of(item.why),)) for item in words.declaration.sign_in_providers)
    table = Table(words("sign_in_providers.caption"), head, rows)
    text = Paragraph(words("sign_in_providers.intro"))
    return Section("sign_in_providers", words("sign_in_providers.title"), (text, table))


def sign_in_ways(words: Words) -> Section | None:
    """The ways to sign in beside code and passkey, or None where there is none."""
    if not words.declaration.sign_in_ways:
        return None
    head = (words("sign_in_ways.way"), words("sign_in_ways.why"))
    rows = tuple(
        ((words(f"sign_in_ways.{way.key}", count=str(way.at_least)),), (words.of(way.why),))
        for way in words.declaration.sign_in_ways
    )
    table = Table(words("sign_in_ways.caption"), head, rows)
    return Section("sign_in_ways", words("sign_in_ways.title"), (Paragraph(words("sign_in_ways.intro")), table))


def permissions(words: Words) -> Section | None:
    """What the app asks of the device, or None where there is no app."""
    if not words.declaration.device_permissions:
        return None
    head = tuple(words(f"permissions.{name}") for name in ("permission", "why", "platforms"))
    rows = tuple(
        ((item.key,), (words.of(item.why),), (", ".join(item.platforms),))
        for item in words.declaration.device_permissions
    )
    table = Table(words("permissions.caption"), head, rows)
    return Section("permissions", words("permissions.title"), (Paragraph(words("permissions.intro")), table))
