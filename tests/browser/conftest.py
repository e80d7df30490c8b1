"""A real site in a process of its own, real Chromium, and people in it.

`site`     the server, its address and who is there; a database of its own, committed
`browser`  Chromium; `new_page` opens a window of a given size, signed in as nobody
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.benefits.conftest import furnish
from tests.bonus.conftest import World, build
from tests.faces.conftest import Person, make_person
from tests.faces.test_consumption import furnish as furnish_home
from tests.outreach.test_campaigns import member
from tests.support import databases, shops
from tests.support.authenticator import app_code
from tests.support.world import publish_examples
from tillit.benefits.models import Kind
from tillit.bonus import offers, rates
from tillit.bonus.misuse import Limits
from tillit.declaration.models import Controller
from tillit.faces.api import keys
from tillit.journeys import misuse
from tillit.journeys.demo import union_members
from tillit.journeys.leave import leave
from tillit.journeys.register.importing import import_file
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import directories, factors
from tillit.parties import staff as staffing
from tillit.parties.digests import Kind as Known
from tillit.parties.digests import digest
from tillit.platform import database, paths
from tillit.purchases.models import Purchase, Store
from tillit.services import covers, invoices, terms
from tillit.services.models import Issuer

expect.set_options(timeout=60_000)
PHONE, DESKTOP = (360, 740), (1280, 800)
SIZES = {"phone": PHONE, "desktop": DESKTOP}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SUPPLIER_KEYS: list[str] = []
"""The key of a supplier of benefits at the site, the latest last."""
AT_HOME: list[Person] = []
FORMER: list[dict[str, str]] = []
"""Both numbers of somebody who has left a union."""
"""Who has a home with meter values at the power retailer, the latest last."""
COLLEAGUES = {
    "customer_service": ("rundtur",),
    "reception": ("rundtur", "fjordlys"),
    "marketing": ("rundtur",),
    "store": ("rundtur",),
    "club_owner": ("rundtur",),
    "id_agent": ("trygghavn",),
    "claims_handler": ("trygghavn",),
    "privacy_adviser": ("rundtur",),
    "it_operations": ("rundtur",),
    "auditor": ("rundtur", "trygghavn"),
}
"""Role → where the colleague who has it, and no other, works."""
_CODE = re.compile(r"\b\d{6}\b")


def colleague(role: str) -> str:
    """The address of the colleague with the role."""
    return f"{role.replace('_', '-')}@arbeid.example"


@dataclass
class Site:
    """The running site."""

    database: str
    address: str
    mail: Path
    kari: Person
    ola: Person
    eva: Person
    berit: Person
    staff: str
    till: str  # the key of a till of rundtur's chain
    secrets: dict[str, str]  # address → secret of their authenticator app; shared by every copy of the site
    requests: list[str] = field(default_factory=list)

    def forget_tries(self) -> None:
        """As a quarter of an hour later: everybody may ask for codes again."""
        with database.connect("owner", name=self.database, autocommit=True) as owner:
            owner.execute("DELETE FROM parties_rate")
            owner.execute("UPDATE parties_time_code SET last_step = 0")

    def code_for(self, email: str, *, since: float) -> str:
        """The one-time code mailed to `email` after the file time `since`; waits for the mail."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            files = [p for p in self.mail.glob("*.log") if p.stat().st_mtime >= since]
            for path in sorted(files, key=lambda p: p.stat().st_mtime, reverse=True):
                text = path.read_text(encoding="utf-8")
                if f"To: {email}" in text and (found := _CODE.search(text.split("\n\n", 1)[-1])):
                    path.unlink()  # used: the next to sign in waits for a mail of their own
                    return found.group()
            time.sleep(0.1)
        raise AssertionError("no mail came")


@pytest.fixture(scope="session")
def site(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`tillit serve` on a database of its own, with members, purchases and a member of staff."""
    name = databases.clone(databases.template())
    before = databases.repoint(name)
    port = _free_port()
    with django_db_blocker.unblock():
        made = _people()
    databases.repoint(before)
    mail = paths.var() / "mail"
    environment = {
        **os.environ,
        "TILLIT_DATABASE_NAME": name,
        "DJANGO_SETTINGS_MODULE": "tillit.settings",
        "TILLIT_MAIL_FROM": "Tillit <no-reply@tillit.example>",
    }
    said = tmp_path_factory.mktemp("site") / "server.log"
    with said.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tillit.faces.cli", "serve", "--port", str(port)],
            cwd=paths.root(),
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, server, said)
        yield Site(name, address, mail, *made)
    finally:
        server.terminate()
        server.wait(timeout=60)
        shutil.rmtree(mail, ignore_errors=True)
        databases.drop(name)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the machine has it."""
    program = os.environ.get("TILLIT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.fail("the browser tests need Chromium: apt-get install chromium")
    # Playwright runs a loop in this thread; Django would then refuse every test its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


@dataclass
class Window:
    """A browser window at the site, and everything it asked for."""

    site: Site
    context: BrowserContext
    page: Page
    asked: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page of the site."""
        self.page.goto(self.site.address + path)
        return self.page

    def click(self, what: str) -> None:
        """Click something that leads to a page, and wait until that page is there: a form, a link."""
        with self.page.expect_navigation():
            self.page.click(what)

    def sign_in(self, someone: Person) -> Page:
        """Sign in as a member."""
        self.site.forget_tries()
        key, since = someone.controller.key, time.time() - 1
        page = self.go(f"/{key}/sign-in/")
        page.fill("#address", someone.email)
        self.click("main form button")
        page.fill("#code", self.site.code_for(someone.email, since=since))
        self.click("main form button")
        return page

    def sign_in_staff(self, role: str = "") -> Page:
        """Sign in as the member of staff, or as the colleague who has this role and no other (`COLLEAGUES`)."""
        self.site.forget_tries()
        since, address = time.time() - 1, colleague(role) if role else self.site.staff
        page = self.go("/staff/sign-in/")
        page.fill("#address", address)
        self.click("main form button")
        page.fill("#code", self.site.code_for(address, since=since))
        self.click("main form button")
        if page.url.endswith("/set-up/"):
            self.site.secrets[address] = page.inner_text(".t-secret")
        page.fill("#code", app_code(self.site.secrets[address], clock.now()))
        self.click("main form:has(#code) button")
        if page.locator(".t-codes").count():
            self.click("main a.ds-button")
        return page


@pytest.fixture
def window(site: Site, browser: Browser) -> Iterator[Callable[..., Window]]:
    """Opens windows: `window()`, `window(size=PHONE, locale="en-GB", java_script_enabled=False)`."""
    opened: list[BrowserContext] = []

    def open_window(size: tuple[int, int] = DESKTOP, locale: str = "nb-NO", **options: Any) -> Window:
        width, height = size
        context = browser.new_context(viewport={"width": width, "height": height}, locale=locale, **options)
        context.set_default_timeout(60_000)
        opened.append(context)
        made = Window(site, context, context.new_page())
        made.page.on("request", lambda request: made.asked.append(request.url))
        made.page.on("console", lambda message: _hear(made, message))
        made.page.on("pageerror", lambda error: made.trouble.append(str(error)))
        return made

    yield open_window
    for context in opened:
        context.close()


def _hear(window: Window, message: Any) -> None:
    if message.type in {"error", "warning"}:
        window.trouble.append(f"{message.text} {message.location.get('url', '')}".strip())


def _people() -> tuple[Person, Person, Person, Person, str, str, dict[str, str]]:
    controllers = publish_examples()
    world = build()
    kari = make_person(controllers["rundtur"], "Kari", "Nordseth", "+47 400 00 111")
    ola = make_person(controllers["rundtur"], "Ola", "Vestli", "+47 400 00 112")
    eva = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    union = furnish(controllers)
    union.benefit("fly", kind=Kind.LINK, title="Flyreiser", url="https://fly.example/", member_price=129_900)
    union.benefit("rom", kind=Kind.ORDER, title="Rom i fjellet", needs=("order_name", "order_phone"))
    _, key = keys.add(supplier=union.suppliers["hotell"], name="till", scopes=list(keys.SUPPLIER_SCOPES))
    SUPPLIER_KEYS.append(key)
    FORMER.append(_former(controllers["lyngheim"]))
    member(controllers["rundtur"], "Mia")  # the one whom campaigns may reach: the others have no account
    berit = make_person(controllers["trygghavn"], "Berit", "Havn", "+47 400 00 114", "customer")
    AT_HOME.append(make_person(controllers["fjordlys"], "Per", "Tveit", "+47 400 00 115", "customer"))
    furnish_home(AT_HOME[-1].subject_id)
    _owes_and_is_insured(berit)
    Issuer.objects.create(
        controller=controllers["trygghavn"], key="nordbank", name="Nordbank", kind="card", phone="+4740000099"
    )
    shops.source(controllers["rundtur"], key="butikk-fil")
    rates.add(
        chain_id=world.chains["rundtur"].pk,
        basis_points=200,
        when=rates.When(clock.now() - timedelta(days=365)),
    )
    for someone in (kari, ola):
        world.earn(someone.subject_id, 12550, club="rundtur", expires=date(clock.today().year + 1, 1, 1))
        for number in range(22):
            _buy(world, someone.subject_id, number)
    misuse.raise_signs(
        controller=controllers["rundtur"],
        start=clock.now() - timedelta(days=40),
        end=clock.now(),
        limits=Limits(volume=1),
    )
    offers.make(
        chain_id=world.chains["rundtur"].pk,
        key="takk",
        name="Takk",
        gift=offers.Gift("rate", basis_points=100),
        when=rates.When(clock.now()),
        reach=offers.Reach(targeted=True),
    )
    roles = ("customer_service", "privacy_adviser", "club_owner", "administrator", "marketing")
    for key, role in (
        *(("rundtur", role) for role in roles),
        ("fjordlys", "customer_service"),
        ("fjordlys", "reception"),
        ("fjordlys", "marketing"),
        ("solvik", "administrator"),
        ("solvik", "recruiter"),
        ("solvik", "payroll"),
        ("lyngheim", "marketing"),
        ("lyngheim", "administrator"),
        ("trygghavn", "blocking_agent"),
        ("trygghavn", "id_agent"),
        ("trygghavn", "claims_handler"),
        ("trygghavn", "service_agent"),
        ("trygghavn", "auditor"),
    ):
        staff = staffing.add(
            email="siv@arbeid.example",
            name="Siv Vakt",
            controller=controllers[key],
            role=role,
            confidentiality=date(2026, 1, 1),
        )
    _, till = keys.add(chain=world.chains["rundtur"], name="till", scopes=list(keys.TILL_SCOPES))
    return kari, ola, eva, berit, staff.email, till, _colleagues(controllers)


def _colleagues(controllers: dict[str, Controller]) -> dict[str, str]:
    """Hire one for each role, their authenticator app set up; address → its secret."""
    secrets = {}
    for role, places in COLLEAGUES.items():
        for key in places:
            hired = staffing.add(
                email=colleague(role),
                name=f"Liv {role.replace('_', ' ').title()}",
                controller=controllers[key],
                role=role,
                confidentiality=date(2026, 1, 1),
            )
        secrets[hired.email] = factors.begin_time_code(login=hired.login)
        assert factors.confirm_time_code(login_id=hired.login_id, typed=app_code(secrets[hired.email], clock.now()))
    return secrets


def _former(union: Controller) -> dict[str, str]:
    """Somebody whom the union's file had, and who has left since."""
    union_members.found(controller_id=union.pk)
    with tempfile.TemporaryDirectory() as folder:
        path = union_members.write(Path(folder) / "members.csv", members=1)
        import_file(path=path, controller=union, full=True)
        number, national = path.read_text("utf-8").splitlines()[1].split(";")[:2]
    known = digest(union.register_id, Known.MEMBER_NUMBER, number)
    subject = directories.resolve(register_id=union.register_id, kind=Known.MEMBER_NUMBER, digest=known)
    assert subject is not None
    leave(subject_id=subject, controller_id=union.pk, at=clock.now())
    return {"member_number": number, "national_number": national}


def _owes_and_is_insured(person: Person) -> None:
    """An invoice and a cover, for Min side and the desks."""
    insured = covers.keep_terms(
        controller=person.controller,
        product="trygg",
        policy="TH-1",
        insures={"nb": "Sykkel", "en": "Bicycle"},
        most=2_000_000,
        own_share=50_000,
        starts=date(2020, 1, 1),
    )
    terms.keep_terms(controller=person.controller, starts=date(2020, 1, 1), account="12345678903")
    mine = {"subject_id": person.subject_id, "at": clock.now()}
    actor, subjects = system("test", {person.controller.pk}), frozenset({person.subject_id})
    with Scope(actor, "service_payments", subjects) as scope:
        invoices.issue(scope=scope, controller_id=person.controller.pk, lines=[("Trygghet", 49_900)], **mine)
    with Scope(actor, covers.ACTIVITY, subjects) as scope:
        covers.insure(scope=scope, terms=insured, starts=date(2024, 1, 1), ends=None, **mine)


def _buy(world: World, subject: int, number: int) -> None:
    chain = world.chains["rundtur"]
    with world.scope("bonus_earning", subject):
        for product in ("Rugbrød", "Kaffe, filtermalt"):
            Purchase.objects.create(
                subject_id=subject,
                id=uuid4(),
                controller_id=chain.controller_id,
                source_id=1,
                chain_id=chain.pk,
                store_id=Store.objects.filter(chain=chain).earliest("number").pk,
                event_at=clock.now() - timedelta(days=number, hours=1),
                amount=1990 + number,
                currency="NOK",
                receipt=f"K{number}",
                product=product,
                last_four="4242",
                batch_id=1,
            )


def _free_port() -> int:
    """A port below those that outgoing connections are given: nobody is given it before the server listens there."""
    for port in range(20_000 + 7 * os.getpid() % 10_000, 32_000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def _wait_for(address: str, server: subprocess.Popen[bytes], said: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if server.poll() is not None:
            raise AssertionError(f"the server did not start: {said.read_text(encoding='utf-8')}")
        try:
            with urlopen(f"{address}/health", timeout=2):  # noqa: S310 (our own server)
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError("the server did not answer within a minute")
