"""A report of misuse to the police (C13): a declared disclosure, and the document that goes with it, kept in the case.

What leaves is cut down to what the declaration lets the police have, is in the person's log of recipients, and stands
in the letter; who hands the letter over sends nothing else.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path

from babel.dates import format_date

from tillit.cases import operations, queries
from tillit.cases.models import Case, Document
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.statement.document import Document as Letter
from tillit.declaration.statement.document import Facts, Paragraph, Section
from tillit.declaration.statement.pdf import render_pdf
from tillit.disclosure.operations import Disclosed, disclose
from tillit.kernel import clock
from tillit.kernel.documents import read_yaml
from tillit.kernel.scope import Scope, system
from tillit.parties.queries import facts

ACTIVITY = "claims_defence"  # whoever was excluded has left: the claim against them goes on
RECIPIENT, NAME = "police", "police-report.pdf"
_FIELDS = {
    "name": ("name.given", "name.middle", "name.family"),
    "address": ("address.street", "address.postal_code", "address.city"),
    "email": ("email",),
    "phone": ("phone",),
}


def hand_over(*, scope: Scope, case: Case, controller: Controller, text: str, at: datetime) -> Document:
    """Put on record that the case goes to the police, and make the report of it, kept with the case.

    Raises `DisclosureRefusedError` where the controller declares no such recipient, or the person may not be disclosed.
    """
    evidence = {str(sign): str(found) for sign, found in case.fields.get("evidence", {}).items()}
    acting = system("misuse", {controller.pk, holder_of(controller_id=controller.pk)})
    with Scope(acting, ACTIVITY, frozenset({case.subject_id})) as claims:
        known = facts(subject_id=case.subject_id)
        fields = {name: " ".join(known[kind] for kind in kinds if kind in known) for name, kinds in _FIELDS.items()}
        sent = disclose(
            scope=claims,
            subject_id=case.subject_id,
            controller_id=controller.pk,
            recipient=RECIPIENT,
            fields={**{name: value for name, value in fields.items() if value}, "misuse_case": evidence},
            at=at,
            case_id=case.id,
        )
    language = current(controller_id=controller.pk, on=clock.today()).controller.languages[0]
    reasons = [one.text for one in queries.entries(case=case) if one.step in {"decided", "appeal_decided"}]
    letter = report(
        sent=sent,
        controller=controller,
        number=case.id,
        reasons=[*reasons, text],
        day=clock.local_date(at),
        language=language,
    )
    body = render_pdf(letter, made=at)
    return operations.attach(scope=scope, case=case, name=NAME, media_type="application/pdf", body=body, at=at)


def report(
    *, sent: Disclosed, controller: Controller, number: int, reasons: list[str], day: date, language: str
) -> Letter:
    """The letter: who reports whom, for what, with which evidence. Nothing but what was disclosed and staff wrote."""
    say = _texts()[language]
    person = Facts(tuple((say[name], (str(sent.payload[name]),)) for name in _FIELDS if name in sent.payload))
    evidence: Mapping[str, str] = sent.payload.get("misuse_case", {})
    signs = Facts(tuple((say[f"sign_{sign}"], (found,)) for sign, found in evidence.items()))
    values = {"name": controller.name, "number": str(number), "day": format_date(day, "long", locale=language)}
    sections = (
        Section("person", say["person"], (person,)),
        Section("evidence", say["evidence"], (signs,)),
        Section("reasons", say["reasons"], tuple(Paragraph(reason) for reason in reasons if reason.strip())),
        Section("record", say["record"], (Paragraph(say["record_text"].format(reference=sent.reference)),)),
    )
    return Letter(
        title=say["title"].format(**values),
        language=language,
        publisher=controller.name,
        contents=say["contents"],
        page=say["page"],
        lead=(Paragraph(say["lead"].format(**values)),),
        sections=sections,
    )


@cache
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = read_yaml(Path(__file__).with_name("police_report.yaml"))
    return loaded
