"""What is read out of a request for a page: no more than is counted (G3). Pure."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

_BOT = re.compile(
    r"bot|crawl|spider|slurp|scrap|preview|monitor|headless|lighthouse|pingdom|uptime|python|curl|wget|java/|go-http|"
    r"okhttp|axios|libwww|httpclient|facebookexternalhit|archiver|validator|feed",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"^(?=.*\d)[A-Za-z0-9_~.=-]{16,}$|^[0-9a-f-]{24,}$|^\d{5,}$")
_PERSONAL = re.compile(r"@|\d{6,}")
_PLAIN = re.compile(r"(?!.*\d{4})[A-Za-z0-9_-]{0,60}(\.[A-Za-z0-9]{1,8})?|sitemap\.xml")
_NUMBERS = re.compile(r"[\d.]+|[0-9a-fx.]*:[0-9a-f:.x]*|0x[0-9a-f]+")
_SEARCH = ("google.", "bing.", "duckduckgo.", "yahoo.", "ecosia.", "qwant.", "kvasir.", "startpage.", "yandex.")
_SOCIAL = (
    "facebook.", "instagram.", "linkedin.", "twitter.", "x.com", "t.co", "tiktok.", "reddit.", "snapchat.", "youtube.",
    "pinterest.", "lnkd.in",
)  # fmt: skip
_BROWSERS = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"OPR/(\d+)")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/(\d+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"(?:Chrome|CriOS)/(\d+)")),
    ("Safari", re.compile(r"Version/(\d+)[^ ]* (?:Mobile/\S+ )?Safari/")),
)
DIRECT = "direct"


def is_bot(agent: str) -> bool:
    """Whether the browser's words for itself are a program's, or there are none."""
    return not agent.startswith("Mozilla/") or _BOT.search(agent) is not None


def page(path: str) -> str:
    """The path of a page, without what could be a token, an address or a number, however it is encoded."""
    plain = path.split("?", 1)[0].split("#", 1)[0]
    for _ in range(3):
        plain = unquote(plain)
    parts = ["*" if _TOKEN.match(part) or not _PLAIN.fullmatch(part) else part for part in plain.split("/")]
    text = "/".join(parts)[:200]
    return text if text.startswith("/") and text.isprintable() else "/"


def source(referrer: str, host: str) -> tuple[str, str]:
    """(where somebody came from, the keyword searched for): `direct`, `search: host`, `social: host`, `link: host`, or
    '' within the site itself.
    """
    try:
        at = urlsplit(referrer)
        name = (at.hostname or "").removeprefix("www.")[:100]
    except ValueError:
        return DIRECT, ""
    if not name or at.scheme not in {"http", "https"}:
        return DIRECT, ""
    if _NUMBERS.fullmatch(name):
        return DIRECT, ""  # a network address, of who knows whom
    if name == host.removeprefix("www."):
        return "", ""
    for kind, hosts in (("search", _SEARCH), ("social", _SOCIAL)):
        if any(name == one or name.startswith(one) or f".{one}" in f".{name}" for one in hosts):
            words = parse_qs(at.query).get("q", [""])[0] if kind == "search" else ""
            return f"{kind}: {name}", word(words)
    return f"link: {name}", ""


def campaign(query: dict[str, list[str]]) -> str:
    """The campaign that an address of ours names (`utm_campaign`, else source and medium)."""
    named = query.get("utm_campaign", [""])[0]
    return word(named or "/".join(query[key][0] for key in ("utm_source", "utm_medium") if query.get(key)))


def word(text: str) -> str:
    """A short text that could be nobody's address or number; '' for any other."""
    clean = " ".join(text.lower().split())[:80]
    return "" if _PERSONAL.search(clean) or not clean.isprintable() else clean


def device(agent: str) -> str:
    """`phone`, `tablet` or `computer`."""
    if "iPad" in agent or ("Android" in agent and "Mobile" not in agent):
        return "tablet"
    return "phone" if "Mobi" in agent or "iPhone" in agent else "computer"


def browser(agent: str) -> str:
    """Name and version of the browser."""
    for name, pattern in _BROWSERS:
        if found := pattern.search(agent):
            return f"{name} {found.group(1)}"
    return "other"
