"""What the commands of each page find when they are run: an installation in March 2026, and the files they name."""

import io
import re
import shlex
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.shops import card_number, row, shops, source, write
from tests.support.world import person, publish_examples
from tillit.benefits import editing
from tillit.benefits.models import Kind, Supplier
from tillit.declaration.models import Controller
from tillit.disclosure import notices
from tillit.disclosure.models import What
from tillit.disclosure.operations import disclose
from tillit.faces.cli.main import run
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.messages import tokens
from tillit.messages.letters import operations as letters
from tillit.messages.models import LetterBatch
from tillit.messages.operations import send_many
from tillit.parties import operations as parties
from tillit.parties import staff
from tillit.parties.contacts import record_address
from tillit.privacy.handover import planning
from tillit.purchases.models import QuarantinedRow
from tillit.services import partners

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
STAFF = (
    ("vern", "trygghavn", "privacy_adviser"),
    ("kunde", "trygghavn", "customer_service"),
    ("finance", "trygghavn", "finance"),
    ("second", "trygghavn", "finance"),
    ("kunde", "rundtur", "customer_service"),
    ("vern", "fjordlys", "privacy_adviser"),
)


def installation() -> dict[str, int]:
    """The examples published, shops, colleagues, and a customer of the services company and of the power retailer."""
    with clock.travel(NOW):
        controllers = publish_examples("bonus", "loyalty_services", "power", "union_benefits")
        shops(controllers["nordkai"], stores=12)
        source(controllers["nordkai"], key="fjellmat-kasse")
        for who, where, role in STAFF:
            staff.add(
                email=f"{who}@{where}.example",
                name=f"{who.title()} Vakt",
                controller=controllers[where],
                role=role,
                confidentiality=date(2026, 1, 2),
            )
        return {key: customer(controllers[key], "Kari") for key in ("trygghavn", "fjordlys")}


def customer(controller: Controller, given: str) -> int:
    """A customer whom an e-mail address finds."""
    subject = person(controller, "customer", started=date(2026, 2, 2), given=given, family="Fjell")
    with Scope(system("test", {controller.pk}), "customer_administration") as scope:
        record_address(
            scope=scope,
            register_id=controller.register_id,
            subject_id=subject,
            controller_id=controller.pk,
            kind="email",
            text=f"{given.lower()}@post.example",
            source="data_subject",
            at=clock.now(),
        )
    return subject


@dataclass
class Reader:
    """Somebody who follows a page from its first command to its last."""

    people: dict[str, int]
    folder: Path
    capsys: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    settings: Any
    until: ExitStack
    named: dict[str, str] = field(default_factory=dict)  # what the page calls it → what it is called here

    def __call__(self, command: str, given: str = "") -> str:
        """Run it; what it printed. It must end well. Without a file to read, every question is answered with yes."""
        typed = (self.folder / given).read_bytes() if given else b"y\n"
        self.patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8"))
        words = [self.named.get(word, word) for word in shlex.split(command, comments=True)[1:]]
        done = run(words)
        out, err = self.capsys.readouterr()
        assert done == 0, f"{command}: exit code {done}: {out}{err}"
        for started, called in (("rights receive", "$REQUEST"), ("hold place", "$HOLD")):
            if " ".join(words[:2]) == started:
                self.named[called] = out.split()[1].rstrip(":")
        return out + err

    def controller(self, key: str) -> Controller:
        return Controller.objects.get(key=key)

    def file(self, name: str, *lines: str) -> Path:
        """A file beside the reader."""
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def _breach(reader: Reader) -> None:
    reader.file("people.txt", str(reader.people["trygghavn"]))


def _benefit(reader: Reader) -> None:
    lyngheim = reader.controller("lyngheim")
    content = editing.Content(
        kind=Kind.SINGLE_CODE, texts={one: {"title": "Kino", "summary": "", "body": ""} for one in ("nb", "en")}
    )
    draft = editing.write_draft(
        controllers={lyngheim.pk},
        key="kino",
        supplier=Supplier.objects.get(key="fjellduft"),
        category=editing.add_category(key="reise", names={"nb": "Reise", "en": "Travel"}),
        content=content,
    )
    editing.make_valid(controllers={lyngheim.pk}, benefit=draft.benefit, controller=lyngheim, starts=date(2026, 1, 1))
    editing.publish(
        actor=system("test", {lyngheim.pk}), controller_id=lyngheim.pk, benefit=draft.benefit, at=clock.now()
    )
    reader.file("codes.txt", "KINO-1", "KINO-2")


def _disclosed(reader: Reader) -> None:
    kari, at = reader.people["trygghavn"], reader.controller("trygghavn").pk
    with Scope(system("test", {at}), "card_blocking") as scope:
        disclose(
            scope=scope,
            subject_id=kari,
            controller_id=at,
            recipient="card_issuer",
            fields={"name": "Kari"},
            party="kortbank",
            at=clock.now(),
        )
    with Scope(system("test", {at}), "rights_requests") as scope:
        (notice,) = notices.owe(scope=scope, subject_id=kari, what=What.RECTIFIED, at=clock.now())
    reader.named |= {"4001639368106001567": str(kari), "17": str(notice.id)}


def _the_day(reader: Reader) -> None:
    clock.travel(datetime(2026, 7, 1, 9, tzinfo=UTC))


def _another_plan(reader: Reader) -> None:
    giver, receiver = reader.controller("trygghavn"), reader.controller("fjordlys")
    actor = system("test", {giver.pk, receiver.pk})
    planning.plan(actor=actor, giver=giver, receiver=receiver, day=date(2026, 9, 1), consents=False, at=clock.now())


def _fingerprint(reader: Reader) -> None:
    shown = re.search(r"[0-9a-f]{4}( [0-9a-f]{4}){7}", reader("tillit handover fingerprint"))
    assert shown is not None
    reader.named["3f1c 09ab …"] = shown[0]


def _twice(reader: Reader) -> None:
    one, other = (person(reader.controller("trygghavn"), "customer", given=name) for name in ("Ola", "Ole"))
    reader.named |= {"1295501391059831223": str(one), "4379277108442579244": str(other)}


def _letter(reader: Reader) -> None:
    rundtur = reader.controller("rundtur")
    ola = person(rundtur, given="Ola", family="Nes")
    lives = {"address.street": "Havnegata 4", "address.postal_code": "8006", "address.city": "Bodø"}
    with Scope(system("test", {rundtur.pk}), "membership_administration") as scope:
        parties.record_facts(
            scope=scope,
            subject_id=ola,
            controller_id=rundtur.pk,
            facts=[parties.NewFact("contact", kind, value) for kind, value in lives.items()],
            source="data_subject",
            at=clock.now(),
        )
    with Scope(system("test", {rundtur.pk}), "important_notices") as scope:
        send_many(
            scope=scope,
            controller_id=rundtur.pk,
            template="free_text",
            people={ola: {"subject": "Nye vilkår", "text": "Fra mai."}},
            at=clock.now(),
        )
    assert letters.collect() == 1
    reader.named["7"] = str(LetterBatch.objects.get().pk)
    sent = tokens.reference(ola, rundtur.pk, 17)
    reader.file(
        "report.eml",
        "From: MAILER-DAEMON@post.example\nTo: bounces@fjordlys.example\nMIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "\n--b\nContent-Type: text/plain\n\nUndelivered.\n--b\nContent-Type: message/delivery-status\n",
        "Reporting-MTA: dns; post.example\n",
        "Final-Recipient: rfc822; kari@post.example\nAction: failed\nStatus: 5.1.1\n",
        f"--b\nContent-Type: message/rfc822\n\nMessage-ID: <{sent}@fjordlys.example>\n\n--b--",
    )
    reader.file(
        "mail.eml",
        "From: Kari Fjell <kari@post.example>\nTo: kunde@fjordlys.example\nSubject: Faktura",
        "Message-ID: <1@post.example>\nDate: Mon, 02 Mar 2026 08:00:00 +0000\n\nJeg har et spørsmål.",
    )


def _values(reader: Reader) -> None:
    from tests.support.power import number, point_of

    fjordlys, kari = reader.controller("fjordlys"), reader.people["fjordlys"]
    point_of(fjordlys, kari, 1, starts=date(2026, 2, 2))
    hours = (
        f"{number(1)};2026-03-01T{hour:02d}:00:00+01:00;2026-03-01T{hour + 1:02d}:00:00+01:00;consumption;1.5;kWh;;"
        for hour in range(23)
    )
    reader.file("values.csv", "point;start;end;direction;volume;unit;quality;registered", *hours)


def _registers(reader: Reader) -> None:
    from threading import Thread

    from tillit.faces.simulators.population import AddressRegister

    outside = AddressRegister(0, token="of-the-page")
    Thread(target=outside.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    reader.until.callback(outside.server_close)
    reader.until.callback(outside.shutdown)
    reader.settings.REGISTERS = {**reader.settings.REGISTERS, "address_register": outside.address}


def _payout(reader: Reader) -> None:
    from tests.bonus.test_camt import entry, statement
    from tests.services.paying import Payer
    from tillit.journeys import payment_desk, payments, payments_in

    payer = Payer(reader.controller("trygghavn"), reader.people["trygghavn"])
    made = payer.invoice(50_000)
    file = statement(entry(made.kid, "500.00", bank="I1"))
    payments_in.take_in(actor=payer.actor, controller=payer.controller, body=file)
    here = {"actor": payer.actor, "controller": payer.controller, "subject_id": payer.subject}
    payment_desk.change_invoice(**here, invoice_id=made.id, act="credit", amount=50_000)
    came = next(one for one in payer.payments() if one.invoice_id == made.id and one.amount == 50_000)
    payments.give_back(**here, payment_id=came.id, amount=50_000, to_account="15032080119")


def _bank_says(reader: Reader) -> None:
    from tests.services.test_payouts import report

    sent = (reader.folder / "payouts.xml").read_text(encoding="utf-8")
    number, payment = (re.findall(rf"<{name}>(.*?)</{name}>", sent)[0] for name in ("MsgId", "EndToEndId"))
    (reader.folder / "report.xml").write_bytes(report(number, (payment, "ACSC", "")))


def _partners_list(reader: Reader) -> None:
    from tests.services.test_partner_feeds import HEAD
    from tests.services.test_partner_feeds import row as entitled

    reader.file("liste.csv", HEAD, entitled(1))


def _a_month_later(reader: Reader) -> None:
    clock.travel(datetime(2026, 4, 1, 9, tzinfo=UTC))


def _put_aside(reader: Reader) -> None:
    good = row(1, card_number(1))
    write(reader.folder / "f.csv", [good, row(2, card_number(1)).replace("fjellmat", "nowhere")])
    assert run(["import", "purchases", str(reader.folder / "f.csv"), "--source", "fjellmat-kasse"]) in {0, 3}
    with Scope(Actor("system", "test", frozenset(Controller.objects.values_list("id", flat=True))), "bonus_earning"):
        reader.named["17"] = str(QuarantinedRow.objects.get().pk)
    reader.capsys.readouterr()


def _partner(reader: Reader) -> None:
    partners.keep(controller=reader.controller("trygghavn"), key="havforbund")


# Page → the beginning of a command → what must be so before it ("" is before the first).
BEFORE: dict[str, dict[str, Callable[[Reader], None]]] = {
    "benefits.md": {"tillit benefits export": _benefit},
    "breach.md": {"": _breach},
    "disclosure.md": {"": _disclosed},
    "handover.md": {
        "tillit handover carry-out": _the_day,
        "tillit handover cancel": _another_plan,
        "tillit handover expect": _fingerprint,
        "tillit members merge": _twice,
    },
    "messages.md": {"": _letter},
    "meter-values.md": {"": _values},
    "registers.md": {"": _registers},
    "services.md": {
        "tillit payments payouts list": _payout,
        "tillit payments payouts status": _bank_says,
        "tillit services take": _partners_list,
        "tillit services report": _a_month_later,
    },
    "staff-files.md": {"": _put_aside},
    "systems.md": {"": _partner},
}
