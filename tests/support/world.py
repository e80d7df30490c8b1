"""The example controllers, published into the test's database; and people in them."""

from datetime import date
from functools import cache
from pathlib import Path

from tillit.declaration.enforce import enforce_grants
from tillit.declaration.loader import load
from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.publish import publish
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TURID = {
    "name": "Turid Ås",
    "email": "turid.aas@post.example",
    "mobile": "400 00 451",
    "street": "Kaigata 2",
    "postal_code": "9008",
    "city": "Tromsø",
    "terms": "1",
}
"""What somebody types who becomes a customer, without a national number."""


def publish_examples(*folders: str) -> dict[str, Controller]:
    """Publish every controller of the folders (all when none is named); key → controller."""
    standing = dict(
        DeclarationVersion.objects.order_by("controller", "-number")
        .distinct("controller")
        .values_list("controller__key", "source_text")
    )
    made = False
    for folder in folders or sorted(p.name for p in EXAMPLES.iterdir() if p.is_dir()):
        for file in sorted((EXAMPLES / folder).glob("[!_]*.yaml")):
            if file.name != "coverage.yaml":
                declaration, texts = _read(file)
                source = texts[file.name]
                if standing.get(declaration.controller.key) != source:
                    publish(declaration=declaration, source_text=source, files=texts, at=clock.now(), recompile=False)
                    made = True
    if made:
        enforce_grants()
    return {controller.key: controller for controller in Controller.objects.all()}


@cache
def _read(file: Path) -> tuple[Declaration, dict[str, str]]:
    """Reading a file takes a third of a second; the examples do not change while tests run."""
    declaration, source = load(file)
    return declaration, source.texts


def person(
    controller: Controller,
    kind: str = "member",
    *,
    started: date = date(2026, 1, 1),
    account: bool = True,
    **facts: str,
) -> int:
    """A person related to the controller, with identity facts (`given='Kari'`), made through the operations."""
    from tillit.declaration.queries import holder_of

    holder = holder_of(controller_id=controller.pk)
    activity = "membership_administration" if kind == "member" else "customer_administration"
    with Scope(system("test", {controller.pk, holder}), activity) as scope:
        subject = parties.create_subject(scope=scope, register_id=controller.register_id)
        parties.relate(scope=scope, subject_id=subject, controller_id=controller.pk, kind=kind, started=started)
        if account:
            parties.open_account(scope=scope, subject_id=subject, register_id=controller.register_id, at=clock.now())
        for name, value in facts.items():
            parties.record_fact(
                scope=scope,
                subject_id=subject,
                controller_id=holder,
                category="contact" if name in {"email", "phone"} else "identity",
                kind=name if name in {"email", "phone"} else f"name.{name}",
                value=value,
                source="data_subject",
                at=clock.now(),
            )
    return subject
