"""Cookies and other stored items: each has its life, and whatever is not necessary a consent purpose (G1, G2)."""

import re
from collections.abc import Iterator

from tillit.declaration import registry
from tillit.declaration.checking.context import Context, Path
from tillit.declaration.errors import Problem

_SITE = re.compile(r"https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1)(:\d+)?")
_HOST = re.compile(r"[^\s/?#@:]+\.[^\s/?#@:]+")


def problems(context: Context) -> Iterator[Problem]:
    """Lives without period, session cookies with one, items without consent purpose; addresses that are none; what our
    own pages keep in a browser and no item names.
    """
    yield from _addresses(context)
    yield from _kept(context)
    policy = context.declaration.cookies
    waiting = {cookie.group for cookie in policy.items if cookie.kind != "necessary"}
    for i, cookie in enumerate(policy.items):
        at: Path = ("cookies", "items", i)
        if cookie.life.type == "session" and cookie.life.period is not None:
            message = f"cookie '{cookie.name}' lives for the session, so it has no period"
            yield context.problem((*at, "life"), "cookie-life", message)
        if cookie.life.type == "until_removed" and (cookie.life.period is not None or cookie.storage == "cookie"):
            message = f"'{cookie.name}' stays until it is removed: so it has no period, and is no cookie"
            yield context.problem((*at, "life"), "cookie-life", message)
        if cookie.life.type in {"fixed", "rolling"} and cookie.life.period is None:
            message = f"cookie '{cookie.name}' lives {cookie.life.type}, so it needs a period"
            yield context.problem((*at, "life"), "cookie-life", message)
        if cookie.kind != "necessary" and cookie.group not in policy.purposes:
            message = f"cookie '{cookie.name}' is not necessary, but '{cookie.group}' is no purpose to consent to"
            yield context.problem((*at, "group"), "cookie-purpose", message)
        if cookie.kind == "necessary" and cookie.group in waiting:
            message = f"cookie '{cookie.name}' is necessary, so it may not wait for consent to '{cookie.group}'"
            yield context.problem((*at, "group"), "cookie-purpose", message)


def _kept(context: Context) -> Iterator[Problem]:
    declaration = context.declaration
    listed = {(one.name, one.storage) for one in declaration.cookies.items}
    for one in registry.BROWSER_ITEMS:
        name = one.name.replace("{key}", declaration.controller.key)
        if one.where(declaration) and (name, one.storage) not in listed:
            message = f"our own pages keep '{name}' ({one.storage}) in the browser, and no item names it"
            yield context.problem(("cookies", "items"), "item-undeclared", message)


def _addresses(context: Context) -> Iterator[Problem]:
    for i, site in enumerate(context.declaration.sites):
        if not _SITE.fullmatch(site.web):
            message = f"the address of a site is https:// and its host, without a path: '{site.web}' is not"
            yield context.problem(("sites", i, "web"), "site-address", message)
    for i, cookie in enumerate(context.declaration.cookies.items):
        for n, host in enumerate(cookie.hosts):
            if not _HOST.fullmatch(host):
                message = f"'{host}' is no host: a name such as pixel.example.com"
                yield context.problem(("cookies", "items", i, "hosts", n), "cookie-host", message)


def notices(context: Context) -> Iterator[Problem]:
    """Consent purposes that no item stands under."""
    used = {cookie.group for cookie in context.declaration.cookies.items}
    for purpose in context.declaration.cookies.purposes:
        if purpose not in used:
            message = f"no cookie stands under the purpose '{purpose}'"
            yield context.problem(("cookies", "purposes", purpose), "unused-purpose", message)
