"""The open pages and a member's, in real Chromium: readable by all, no wider than the screen, nothing asked of others,
nothing stored that is not declared."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import SIZES, Site, Window
from tests.browser.looking import check, declared
from tests.browser.test_pages import MEMBER, VISITOR, path_of

__all__ = ["declared"]  # a fixture
pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("size", "locale"), [pytest.param("phone", "nb-NO", marks=pytest.mark.soak), ("desktop", "en-GB")]
)
def test_g1_h18_public_pages(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], size: str, locale: str
) -> None:
    opened = window(SIZES[size], locale)
    for name in VISITOR:
        opened.go(path_of(name))
        check(opened, declared)


@pytest.mark.parametrize(
    ("size", "locale"), [("phone", "en-GB"), pytest.param("desktop", "nb-NO", marks=pytest.mark.soak)]
)
def test_g1_h18_pages_of_a_member(
    window: Callable[..., Window], declared: dict[str, dict[str, object]], site: Site, size: str, locale: str
) -> None:
    opened = window(SIZES[size], locale)
    opened.go("/rundtur/sign-in/")
    opened.page.fill("#address", "nobody@post.example")
    opened.click("main form button")
    check(opened, declared)
    opened.sign_in(site.kari)
    for name in MEMBER:
        opened.go(path_of(name))
        check(opened, declared)
