"""The record of processing for other tools (H15): JSON-LD in the W3C Data Privacy Vocabulary, YAML for fideslang.

`interchange.yaml` says what our words are called there; a test holds it against the vocabulary. Names that neither
knows keep ours, as narrower concepts of theirs.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tillit.declaration.record import record, touched
from tillit.declaration.schema import Activity, Declaration
from tillit.declaration.statement.wording import Words
from tillit.kernel.documents import read_yaml

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@cache
def names() -> dict[str, dict[str, Any]]:
    """kind → our key → what it is called elsewhere."""
    found: dict[str, dict[str, Any]] = read_yaml(Path(__file__).with_name("interchange.yaml"))
    return found


def as_dpv(declaration: Declaration) -> dict[str, Any]:
    """The record as a JSON-LD document: the controller, its processes, parties, categories and storage conditions.

    Texts carry their language. Ids are URNs of the controller's key and the version's effective day.
    """
    controller = declaration.controller
    base = f"urn:tillit:{controller.key}:{declaration.effective.isoformat()}#"
    adviser = controller.privacy_adviser
    graph: list[dict[str, Any]] = [
        {
            "@id": f"{base}controller",
            "@type": "dpv:DataController",
            "dpv:hasName": controller.name,
            "dct:identifier": controller.organisation_number,
            "dpv:hasContact": [controller.email, controller.phone],
            "dpv:hasDataProtectionOfficer": {
                "@id": f"{base}privacy-adviser",
                "@type": "dpv:DataProtectionOfficer",
                "dpv:hasContact": [way for way in (adviser.email, adviser.phone) if way],
            },
        }
    ]
    graph += [_process(declaration, activity, base) for activity in declaration.activities]
    graph += [
        {
            "@id": f"{base}category-{use.key}",
            "@type": "dpv:PersonalData",
            "skos:broader": {"@id": f"pd:{names()['categories'][use.key][0]}"},
            "skos:prefLabel": _said(declaration, "categories", use.key),
        }
        for use in declaration.categories
    ]
    graph += [
        {
            "@id": f"{base}recipient-{item.key}",
            "@type": "dpv:Recipient",
            "dpv:hasName": Words(declaration, "en").party(item.key),
        }
        for item in declaration.recipients
    ]
    graph += [
        {"@id": f"{base}processor-{item.key}", "@type": "dpv:DataProcessor", "dpv:hasName": item.name}
        for item in declaration.processors
    ]
    graph += [
        {
            "@id": f"{base}measure-{item.key}",
            "@type": "dpv:TechnicalOrganisationalMeasure",
            "dct:description": _localised(item.text),
        }
        for item in declaration.security
    ]
    return {"@context": CONTEXT, "@graph": graph}


def _process(declaration: Declaration, activity: Activity, base: str) -> dict[str, Any]:
    held = touched(declaration, activity)
    processors = [item for item in declaration.processors if set(item.categories) & set(held)]
    outside = {*activity.recipients, *(item.key for item in processors)}
    return {
        "@id": f"{base}activity-{activity.key}",
        "@type": "dpv:Process",
        "skos:prefLabel": _said(declaration, "activities", activity.key),
        "dct:description": _localised(activity.purpose),
        "dpv:hasDataController": {"@id": f"{base}controller"},
        "dpv:hasPurpose": {"@id": f"dpv:{names()['activities'][activity.key][0]}"},
        "dpv:hasLegalBasis": [{"@id": f"eu-gdpr:{names()['grounds'][b.ground][0]}"} for b in activity.basis],
        "dpv:hasDataSubject": [{"@id": f"dpv:{names()['relationships'][k][0]}"} for k in activity.applies_to],
        "dpv:hasPersonalData": [{"@id": f"{base}category-{key}"} for key in held],
        "dpv:hasRecipient": [{"@id": f"{base}recipient-{key}"} for key in activity.recipients],
        "dpv:hasDataProcessor": [{"@id": f"{base}processor-{item.key}"} for item in processors],
        "dpv:hasTechnicalOrganisationalMeasure": [{"@id": f"{base}measure-{m.key}"} for m in declaration.security],
        "dpv:hasStorageCondition": [
            {
                "@type": "dpv:StorageDuration",
                "dct:subject": {"@id": f"{base}category-{rule.category}"},
                "dct:conformsTo": rule.rule,
                "dct:temporal": rule.clock,
                "rdf:value": {"@type": "xsd:duration", "@value": rule.period},
            }
            for rule in declaration.retention
            if rule.activity == activity.key
        ],
        "dpv:hasDataTransferLegalBasis": [
            {"@id": f"eu-gdpr:{names()['transfers'][item.ground]}"}
            for item in declaration.transfers
            if item.to in outside
        ],
    }


def as_fides(declaration: Declaration) -> str:
    """The record as YAML for fideslang 3: an organisation, a system, a privacy declaration an activity and ground."""
    controller, adviser = declaration.controller, declaration.controller.privacy_adviser
    language = "en" if "en" in controller.languages else controller.languages[0]
    entries = {entry.activity: entry for entry in record(declaration, language).entries}
    declared = []
    for activity in declaration.activities:
        entry, held = entries[activity.key], touched(declaration, activity)
        for basis in activity.basis:
            one: dict[str, Any] = {
                "name": f"{entry.name} ({basis.ground})",
                "data_categories": sorted({names()["categories"][key][1] for key in held}),
                "data_use": names()["activities"][activity.key][1],
                "data_subjects": sorted({names()["relationships"][key][1] for key in activity.applies_to}),
                "legal_basis_for_processing": names()["grounds"][basis.ground][1],
                "data_shared_with_third_parties": bool(entry.recipients),
            }
            if entry.limits:
                one["retention_period"] = "; ".join(entry.limits)
            if entry.recipients:
                one["third_parties"] = ", ".join(entry.recipients)
                one["shared_categories"] = one["data_categories"]
            declared.append(one)
    organisation = f"org_{controller.key}"
    system = {
        "fides_key": controller.key,
        "organization_fides_key": organisation,
        "name": controller.name,
        "system_type": "Service",
        "legal_name": controller.name,
        "dpo": ", ".join(way for way in (adviser.email, adviser.phone) if way),
        "processes_personal_data": True,
        "does_international_transfers": bool(declaration.transfers),
        "uses_cookies": bool(declaration.cookies.items),
        "data_security_practices": "; ".join(Words(declaration, language).of(m.text) for m in declaration.security),
        "privacy_declarations": declared,
    }
    document = {"organization": [{"fides_key": organisation, "name": controller.name}], "system": [system]}
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)
    return text


def _said(declaration: Declaration, kind: str, key: str) -> list[dict[str, str]]:
    return [
        {"@language": language, "@value": Words(declaration, language).word(kind, key)}
        for language in declaration.controller.languages
    ]


def _localised(text: Any) -> list[dict[str, str]]:
    return [{"@language": language, "@value": said} for language, said in sorted(dict(text).items())]
