"""What a scan saw against the register: by name, kind, state and life (G1)."""

from datetime import date

import pytest

from tests.declaration.wrong import FIXTURE
from tillit.consent import cookies
from tillit.consent.scanned import Asked, State, Stored, Verdict, of_item, of_request
from tillit.declaration.loader import load

DECLARATION, _ = load(FIXTURE)
ON = date(2026, 9, 1)
DAY = 86_400


@pytest.mark.parametrize(
    ("name", "storage", "seconds", "verdicts"),
    [
        ("session_id", "cookie", None, ("declared", "declared", "declared")),
        ("session_id", "cookie", 60, ("too_long", "too_long", "too_long")),
        ("session_id", "local", None, ("undeclared", "undeclared", "undeclared")),
        ("besok", "local", None, ("before_consent", "after_refusal", "declared")),
        ("besok", "cookie", None, ("undeclared", "undeclared", "undeclared")),
        ("besok", "indexed", None, ("undeclared", "undeclared", "undeclared")),
        ("besok", "cache", None, ("undeclared", "undeclared", "undeclared")),
        ("besok", "worker", None, ("undeclared", "undeclared", "undeclared")),
        ("spor", "cookie", None, ("undeclared", "undeclared", "undeclared")),
    ],
)
def test_g1_a_scan_knows_what_is_undeclared_unasked_for_or_too_long(
    name: str, storage: str, seconds: int | None, verdicts: tuple[Verdict, ...]
) -> None:
    item = Stored(name, storage, "litenforening.example", "/", seconds)
    states: tuple[State, ...] = ("before", "reject", "accept")
    assert tuple(of_item(DECLARATION, item, state=state, on=ON) for state in states) == verdicts


def test_g1_a_scan_knows_the_hosts_that_may_be_asked() -> None:
    own = {"litenforening.example"}
    for host, verdicts in (
        ("litenforening.example", ("declared", "declared", "declared")),
        ("maal.skyhall.example", ("before_consent", "after_refusal", "declared")),
        ("skyhall.example", ("undeclared", "undeclared", "undeclared")),
    ):
        asked, states = Asked(host, "image", "/"), ("before", "reject", "accept")
        assert tuple(of_request(DECLARATION, asked, state=state, own=own) for state in states) == verdicts


def test_g1_a_cookie_may_live_exactly_as_long_as_declared() -> None:
    (item,) = (one for one in DECLARATION.cookies.items if one.name == "besok")
    lasting = item.model_copy(update={"storage": "cookie"})
    policy = DECLARATION.cookies.model_copy(update={"items": (lasting,)})
    declared = DECLARATION.model_copy(update={"cookies": policy})
    for seconds, verdict in ((731 * DAY, "declared"), (731 * DAY + 1, "too_long")):
        found = Stored("besok", "cookie", "litenforening.example", "/", seconds)
        assert of_item(declared, found, state="accept", on=ON) == verdict


def test_g2_what_a_name_may_stay_under_another_purpose_is_not_refused() -> None:
    (item,) = (one for one in DECLARATION.cookies.items if one.name == "besok")
    twice = (item, item.model_copy(update={"key": "besok_more", "group": "marketing"}))
    policy = DECLARATION.cookies.model_copy(update={"items": twice})
    declared = DECLARATION.model_copy(update={"cookies": policy})
    assert cookies.refused(declared, ()) == list(twice)
    assert cookies.refused(declared, ("marketing",)) == []


def test_g2_the_origins_of_the_own_sites_are_written_as_browsers_write_them() -> None:
    (site,) = DECLARATION.sites
    others = (site.model_copy(update={"web": web}) for web in ("https://Blåbær.example:443", "www.Eget.example/om"))
    declared = DECLARATION.model_copy(update={"sites": (site, *others)})
    assert cookies.origins(declared) == {
        "https://litenforening.example",
        "https://butikk.litenforening.example",
        "https://xn--blbr-roah.example",
        "https://www.eget.example",
    }
