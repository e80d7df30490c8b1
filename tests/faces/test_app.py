"""The installable app (B6, B2): what it asks of a device is what is declared, and it keeps nothing unasked."""

import json
from io import BytesIO

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from tests.faces.conftest import Person, make_person, sign_in
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.faces.public_web.app import COPY
from tillit.kernel import clock

pytestmark = pytest.mark.django_db


def settings_of(client: Client, key: str) -> dict[str, object]:
    source = client.get(f"/{key}/app/worker.js").text
    return json.loads(source.partition(" = ")[2].partition(";\n")[0])  # type: ignore[no-any-return]


def test_b6_each_controller_with_an_app_has_its_own_manifest_and_icons(
    client: Client, controllers: dict[str, Controller]
) -> None:
    with_app = 0
    for key, controller in controllers.items():
        answer = client.get(f"/{key}/app/manifest.webmanifest")
        if not current(controller_id=controller.pk, on=clock.today()).device_permissions:
            assert answer.status_code == 404
            assert 'rel="manifest"' not in client.get(f"/{key}/").text
            continue
        with_app += 1
        made = answer.json()
        assert answer["Content-Type"] == "application/manifest+json"
        assert (made["name"], made["scope"], made["id"]) == (controller.name, f"/{key}/", f"/{key}/")
        assert made["start_url"].startswith(made["scope"])
        assert f'href="/{key}/app/manifest.webmanifest"' in client.get(f"/{key}/").text
        for icon in made["icons"]:
            picture = Image.open(BytesIO(client.get(icon["src"]).content))
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
            assert len(picture.getcolors(maxcolors=1_000_000) or ()) > 1, "the mark can be seen"
    assert with_app >= 4
    assert client.get("/look/fjord/icon-99999.png").status_code == 404


def test_b6_the_worker_reaches_its_own_controller_s_pages_and_keeps_only_what_is_declared(
    client: Client, controllers: dict[str, Controller]
) -> None:
    for key in ("rundtur", "fjordlys", "lyngheim"):
        answer = client.get(f"/{key}/app/worker.js")
        assert answer["Service-Worker-Allowed"] == f"/{key}/"
        assert answer["Content-Type"] == "text/javascript"
        permissions = {
            item.key for item in current(controller_id=controllers[key].pk, on=clock.today()).device_permissions
        }
        values = settings_of(client, key)
        assert bool(values["kept"]) is (COPY in permissions)
        assert all(str(path).startswith(f"/{key}/min-side/") for path in values["kept"])  # type: ignore[attr-defined]
        for path in values["frame"]:  # type: ignore[attr-defined]
            if path.startswith("/static/"):
                assert finders.find(path.removeprefix("/static/").partition("?")[0]), path
            else:
                assert client.get(path).status_code == 200, path
        assert values["days"] == 30


def test_b6_the_page_of_the_app_names_each_permission_with_why_and_calls_customer_service(
    client: Client, controllers: dict[str, Controller], kari: Person
) -> None:
    eva = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    sign_in(client, eva)
    declared = current(controller_id=eva.controller.pk, on=clock.today())
    page = client.get("/lyngheim/min-side/app/").text
    for permission in declared.device_permissions:
        assert permission.why["nb"] in page
    assert 'href="tel:' in page
    sign_in(client, kari)
    assert 'href="tel:' not in client.get("/rundtur/min-side/app/").text, "not declared there"
