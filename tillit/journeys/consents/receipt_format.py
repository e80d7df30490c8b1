"""Receipts of choices as ISO/IEC TS 27560:2023 structures them: header, processing, parties, events.

The field names are the standard's; the schema is `docs/formats/consent-receipt.schema.json`. Each act is a receipt of
its own, so that a later no never changes what a yes was given on.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tillit.declaration.models import Controller
from tillit.declaration.queries import declared
from tillit.declaration.schema import Activity, Declaration
from tillit.declaration.vocabulary import vocabulary
from tillit.journeys.consents.receipts import Receipt

VERSION = "ISO-27560:2023"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Information(_Part):
    """A category of data the purpose uses."""

    pii_type: str
    pii_optional: bool


class Purpose(_Part):
    """What was agreed to or refused: the purpose, its ground, the data, for how long, and how to take it back."""

    purpose: str
    purpose_type: str
    lawful_basis: Literal["consent", "legitimate_interest", "other"]
    pii_information: list[Information]
    pii_controllers: list[str]
    collection_method: str
    processing_method: str
    retention_period: list[str]
    recipient_third_parties: list[str]
    withdrawal_method: str
    privacy_rights: str


class Processing(_Part):
    """The notice it was given on. notice_text: '' where only its digest was kept."""

    privacy_notice: str
    notice_digest: str
    notice_text: str
    language: str
    purposes: list[Purpose]


class Party(_Part):
    """The controller, or the authority that complaints go to."""

    party_id: str
    party_name: str
    party_role: Literal["pii_controller", "authority"]
    party_address: str
    party_email: str
    party_url: str
    party_phone: str


class Event(_Part):
    """The act. event_state: `consent_given`, `consent_withdrawn`, `objected`, `objection_lifted`."""

    event_time: str
    event_type: Literal["explicit", "implicit"]
    event_state: str
    entity_id: Literal["pii_principal"]
    validity_duration: str


class ConsentReceipt(_Part):
    """One receipt. pii_principal_id: none, since the person who fetches it is signed in, and a number would only tell
    others who they are.
    """

    schema_version: str
    receipt_id: str
    record_id: str
    pii_principal_id: str
    pii_processing: Processing
    party_identification: list[Party]
    event: list[Event]


class Receipts(_Part):
    """The file."""

    format: Literal["tillit-consent-receipts-1"]
    receipts: list[ConsentReceipt]


def schema() -> dict[str, Any]:
    """The JSON Schema of the file, as published."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Receipts.model_json_schema()}


_STATES = {
    "given": "consent_given",
    "withdrawn": "consent_withdrawn",
    "objected": "objected",
    "objection_lifted": "objection_lifted",
}


def as_receipts(*, controller: Controller, found: list[Receipt], language: str) -> Receipts:
    """The person's receipts, each against the version of the declaration it was given on."""
    return Receipts(format="tillit-consent-receipts-1", receipts=[_one(controller, one, language) for one in found])


def _one(controller: Controller, one: Receipt, language: str) -> ConsentReceipt:
    standing = declared(controller_id=controller.pk, number=one.version)
    who = standing.controller
    spoken = language if language in who.languages else who.languages[0]
    activity = standing.activity(one.activity)
    return ConsentReceipt(
        schema_version=VERSION,
        receipt_id=f"{controller.key}-{one.id}",
        record_id=str(one.id),
        pii_principal_id="",
        pii_processing=Processing(
            privacy_notice=f"{who.web}, {controller.key}/statement/versions/{one.version}/",
            notice_digest=f"sha256:{one.wording}" if one.wording else "",
            notice_text=one.text,
            language=spoken,
            purposes=[] if activity is None else [_purpose(standing, activity, one, spoken)],
        ),
        party_identification=_parties(controller, standing),
        event=[
            Event(
                event_time=one.at.isoformat(),
                event_type="explicit",
                event_state=_STATES.get(one.kind, one.kind),
                entity_id="pii_principal",
                validity_duration="until withdrawn" if one.kind in {"given", "objected"} else "",
            )
        ],
    )


def _purpose(standing: Declaration, activity: Activity, one: Receipt, language: str) -> Purpose:
    grounds = {basis.ground for basis in activity.basis}
    used = sorted(standing.named(activity) & standing.category_keys())
    words = vocabulary()
    return Purpose(
        purpose=activity.purpose.get(language) or next(iter(activity.purpose.values())),
        purpose_type=activity.key,
        lawful_basis="consent"
        if "consent" in grounds
        else "legitimate_interest"
        if "legitimate_interest" in grounds
        else "other",
        pii_information=[
            Information(pii_type=words.categories[key].name(language), pii_optional="consent" in grounds)
            for key in used
        ],
        pii_controllers=[standing.controller.key],
        collection_method=one.route,
        processing_method=one.channel or "every channel",
        retention_period=[
            f"{rule.category}: {rule.period} after {rule.clock}"
            for rule in standing.retention
            if rule.activity == activity.key and rule.category in used
        ],
        recipient_third_parties=[r.name for r in standing.recipients if r.key in activity.recipients],
        withdrawal_method=f"{standing.controller.web}: Min side; every message; {standing.controller.email}",
        privacy_rights=standing.rights.complaint_first.get(language) or "",
    )


def _parties(controller: Controller, standing: Declaration) -> list[Party]:
    who, rights = standing.controller, standing.rights
    place = who.postal_address
    return [
        Party(
            party_id=who.organisation_number,
            party_name=who.name,
            party_role="pii_controller",
            party_address=f"{place.street}, {place.postal_code} {place.city}" if place else "",
            party_email=who.email,
            party_url=who.web,
            party_phone=who.phone,
        ),
        Party(
            party_id=rights.authority,
            party_name=rights.authority,
            party_role="authority",
            party_address=rights.authority_address,
            party_email="",
            party_url=rights.authority_web,
            party_phone="",
        ),
    ]
