"""A membership from the first visit to the last: joined, a card, bonus from a file, choices, a copy, and out."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SIZES, Site, Window
from tests.browser.looking import check, declared  # noqa: F401 (a fixture)
from tests.support import commands, shops

pytestmark = pytest.mark.browser
WORDS = {
    "nb-NO": {
        "phone": "+4740000621",
        "bonus": "10,00",
        "rest": "6,00",
        "off": "Det stanser fra nå",
        "left": "Du er meldt ut",
    },
    "en-GB": {
        "phone": "+4740000622",
        "bonus": "10.00",
        "rest": "6.00",
        "off": "It stops from now",
        "left": "You have left",
    },
}


def redeem(site: Site, code: str, amount: str) -> str:
    """A till uses the voucher; what became of it."""
    code = "".join(code.split())
    headers = {
        "Authorization": f"Bearer {site.till}",
        "Idempotency-Key": f"till-{code}",
        "Content-Type": "application/json",
    }
    body = json.dumps({"code": code, "amount": amount, "receipt": "3-0117"}).encode()
    call = Request(f"{site.address}/api/v1/till/vouchers/redeem", body, headers, method="POST")  # noqa: S310
    with urlopen(call, timeout=60) as answer:  # noqa: S310 (our own server)
        return str(json.load(answer)["status"])


def take_in(site: Site, folder: Path, card: str, number: int) -> None:
    """A file of one purchase with the card, taken in by the command."""
    bought = datetime.now(UTC).isoformat(timespec="seconds")
    line = shops.row(number, card, amount="500,00", time=bought, chain="rundtur-kjede", group="")
    file = shops.write(folder / "kjop.csv", [line])
    here = {"TILLIT_DATABASE_NAME": site.database, "DJANGO_SETTINGS_MODULE": "tillit.settings"}
    done = commands.tillit(
        "import", "purchases", str(file), "--source", "butikk-fil", environment={**os.environ, **here}
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("size", "locale"), [("phone", "nb-NO"), ("desktop", "en-GB")])
def test_c1_c4_c9_c12_f1_a_member_joins_earns_uses_a_voucher_takes_a_copy_and_leaves(
    window: Callable[..., Window],
    declared: dict[str, dict[str, object]],  # noqa: F811
    site: Site,
    tmp_path: Path,
    size: str,
    locale: str,
) -> None:
    words, opened = WORDS[locale], window(SIZES[size], locale)
    email, since = f"turid-{size}@post.example", time.time() - 1
    site.forget_tries()
    page = opened.go("/rundtur/")
    opened.click("a[href='/rundtur/join/']")
    for box in page.locator("input[type=checkbox]").all():
        assert not box.is_checked()
    typed = {
        "given": "Turid",
        "family": "Ås",
        "street": "Kaigata 2",
        "postal_code": "9008",
        "city": "Tromsø",
        "birth_date": "1980-02-29",
        "email": email,
        "mobile": words["phone"],
    }
    for field, value in typed.items():
        page.fill(f"#{field}", value)
    page.check("input[value='newsletter:email']")
    page.check("input[value=dining]")
    page.check("input[name=terms]")
    opened.click("main form button")
    check(opened, declared)
    page.fill("#email_code", site.code_for(email, since=since))
    page.fill("#mobile_code", site.code_for(words["phone"], since=since))
    opened.click("main form button")
    check(opened, declared)

    opened.click("a[href='/rundtur/min-side/cards/']")
    card = shops.card_number(620 + len(size), "411111")
    page.fill("#number", f"{card[:4]} {card[4:]}")
    page.check("input[name=own]")
    opened.click("form:has(#number) button")
    expect(page.locator("main")).to_contain_text(f"•••• {card[-4:]}")
    check(opened, declared)
    time.sleep(1.1)  # a file tells whole seconds, and a card counts from the moment it was registered
    take_in(site, tmp_path, card, len(size))
    opened.go("/rundtur/min-side/")
    expect(page.locator("main")).to_contain_text(words["bonus"])

    opened.go("/rundtur/min-side/vouchers/")
    page.fill("#amount", "4")
    opened.click("form:has(#amount) button")
    check(opened, declared)
    assert redeem(site, page.inner_text(".t-digits"), "4.00") == "used"
    opened.go("/rundtur/min-side/")
    expect(page.locator("main")).to_contain_text(words["rest"])

    opened.go("/rundtur/min-side/interests/")
    assert page.is_checked("input[value=dining]")
    opened.go("/rundtur/min-side/choices/")
    with page.expect_navigation():
        page.locator("form:has(input[name=activity][value=newsletter]) button").click()
    expect(page.get_by_role("status")).to_contain_text(words["off"])

    opened.go("/rundtur/min-side/complaints/new/")
    page.select_option("#chain", "rundtur-kjede")
    page.fill("#text", "There should be more.")
    page.set_input_files("#receipt_file", {"name": "r.pdf", "mimeType": "application/pdf", "buffer": PDF})
    opened.click("form:has(#chain) button:last-of-type")
    check(opened, declared)
    expect(page.locator("main")).to_contain_text("attachment-1.pdf")

    opened.go("/rundtur/min-side/your-data/download/")
    with page.expect_download() as copy:
        page.click("button[value=json]")
    told = copy.value.path().read_text(encoding="utf-8")
    assert email in told
    assert card not in told
    opened.go("/rundtur/min-side/leave/")
    page.check("input[name=sure]")
    opened.click("main form:has([name=sure]) button")
    expect(page.locator("main")).to_contain_text(words["left"])


PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
