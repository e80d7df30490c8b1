"""What a declaration says of the pages: cookies, sites, forms, ways in, visits, notices (G1, G2, G3, B6, A2)."""

from typing import Literal

from pydantic import Field

from tillit.declaration.parts import Country, Key, Localised, Part, PeriodText


class CookieLife(Part):
    """session; fixed (period from when it was set); rolling (period from the last visit); until_removed (what a browser
    keeps until the person, or the page, takes it away: no cookie).
    """

    type: Literal["session", "fixed", "rolling", "until_removed"]
    period: PeriodText | None = None


class Cookie(Part):
    """One cookie or other stored item (G1). `key` where a name stands in two groups: identity is name + group. `hosts`:
    servers elsewhere that the browser asks for its sake, by name. `name` is that of a database (IndexedDB) or a cache
    (Cache Storage), and of a service worker the path of its script. `{key}` in it is the controller's key.
    """

    key: Key | None = None
    name: str
    group: Key
    owner: str
    purpose: Localised
    kind: Literal["necessary", "own", "analytics", "third_party", "ads"]
    life: CookieLife
    processor: Key | None = None
    country: Country = "NO"
    storage: Literal["cookie", "local", "session", "indexed", "cache", "worker", "beacon"] = "cookie"
    hosts: tuple[str, ...] = ()


class CookiePolicy(Part):
    choice_lives: PeriodText = "P4W"
    respects_gpc: bool = True
    purposes: dict[Key, Localised] = {}
    items: tuple[Cookie, ...] = ()


class OwnSite(Part):
    """Another web site of the controller, where the same cookie register and the same choice hold (G1, G2)."""

    key: Key
    name: str
    web: str


class Form(Part):
    """A form that stores identifying data and what it says when it does (A2)."""

    key: Key
    activity: Key
    collects: tuple[Key, ...]
    notice: Localised


class DevicePermission(Part):
    """A permission the app asks of the device and why; permission data never leaves the phone (B6)."""

    key: Key
    why: Localised
    platforms: tuple[str, ...] = ()


class SignInProvider(Part):
    """An outside service that a person may sign in with (BankID, Vipps, ID-porten): an OpenID provider.

    issuer: its address, as its own configuration states it. Of what it answers, only that it is the same person again
    is kept.
    """

    key: Key
    name: str
    issuer: str
    why: Localised


class SignInWay(Part):
    """A way to sign in that not every controller has, beside the one-time code and the passkey (B4, B6).

    password: chosen by the person, of `at_least` characters. member_number: with the birth date a first factor, which a
    code or passkey follows. registration: member number and national number, both verified by digest, with e-mail and
    mobile.
    """

    key: Literal["password", "member_number", "registration"]
    at_least: int = Field(default=12, ge=12, le=64)
    why: Localised


class VisitStatistics(Part):
    individual: PeriodText
    aggregates: PeriodText | Literal["unlimited"]
    address_truncated: bool = True
    text: Localised


class Notice(Part):
    """A published statement that informs rather than rules (external links, definitions, liability, disputes …)."""

    key: Key
    topic: Literal[
        "about",
        "definitions",
        "collection",
        "sharing",
        "security",
        "links",
        "liability",
        "disputes",
        "changes",
        "contact",
        "cookies",
        "rights",
        "children",
        "terms",
        "marketing",
        "app",
        "anonymous",
        "other",
    ]
    text: Localised
