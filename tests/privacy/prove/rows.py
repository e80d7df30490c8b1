"""Every row of a declaration, and which check answers for it: its own place, or the one named here."""

from collections.abc import Iterator
from typing import Any

from tillit.declaration.schema import Declaration

SAID = {"schema_version", "effective", "controller", "introduction", "notices", "statement", "topics"}
"""Parts that are words: `statement` shows that what is published says them."""

BY = {
    "rights.answer_within": "rights",
    "rights.contact": "statement",
    "rights.routes": "statement",
    "rights.erasure_warning": "statement",
    "rights.complaint_first": "statement",
    "rights.authority": "statement",
    "rights.authority_address": "statement",
    "rights.authority_web": "statement",
    "rights.other_authorities": "statement",
    "rights.withheld_in_access": "statement",
    "breach.authority_within_hours": "breach",
    "breach.person_notice": "breach",
    "breach.police_report": "breach",
    "breach.supplier_report": "breach",
    "breach.business_notice": "breach",
    "staff_access.reach": "staff",
    "staff_access.text": "statement",
    "children.consent_age": "undeclared",
    "children.text": "statement",
    "changes.notice": "changes",
    "changes.material_by": "changes",
    "changes.waits": "acceptance",
    "changes.text": "statement",
    "visit_statistics.individual": "domains:visit_statistics",
    "visit_statistics.aggregates": "domains:visit_statistics",
    "visit_statistics.address_truncated": "domains:visit_statistics",
    "visit_statistics.text": "statement",
    "partners": "domains:entitlements",
    "sites": "domains:cookie_sites",
    "sign_in_ways": "domains:sign_in_ways",
    "sign_in_providers": "domains:sign_in_providers",
    "programme.key": "ledger",
    "programme.terms": "statement",
    "programme.minimum_age": "minimum_age",
    "programme.rounding": "terms",
    "programme.validity": "terms",
    "programme.available_after_days": "terms",
    "programme.voucher_minutes": "terms",
    "programme.voucher_offline_hours": "terms",
    "programme.voucher_barcode": "terms",
    "programme.stacking": "terms",
    "programme.only_in_earning_chain": "ledger",
    "programme.gift_card_refund": "statement",
    "programme.saldo_sms_price": "statement",
    "programme.warn_before_expiry": "domains:warned",
}
"""Row, or whole part → the check that answers for it at another place. Where no family is served, nobody consents for
another: nothing of a family is held undeclared; else `family` looks at the ages.
"""


def rows(declaration: Declaration) -> Iterator[str]:
    """Every row: `part`, `part.field`, or `part.key` of a list."""
    said: dict[str, Any] = declaration.model_dump(mode="json", exclude_none=True)
    if declaration.first_contact_on_interest:
        del said["first_contact_on_interest"]  # which promises nothing
    for part, name in (("changes", "four_eyes"), ("cookies", "respects_gpc")):
        if not said[part][name]:
            del said[part][name]  # the same
    for part, value in said.items():
        if isinstance(value, list):
            yield from (f"{part}.{one['key']}" for one in value if isinstance(one, dict) and "key" in one)
        elif isinstance(value, dict):
            yield from (f"{part}.{name}" for name in value)
        else:
            yield part


def answering(row: str, promised: dict[str, set[str]]) -> set[str]:
    """The checks that answer for a row, of the places `promised` by the kinds."""
    mine = {kind for path, kinds in promised.items() if path == row or path.startswith(f"{row}.") for kind in kinds}
    known = {kind for kinds in promised.values() for kind in kinds}
    part = row.partition(".")[0]
    named = {"statement"} if part in SAID else {BY.get(row) or BY.get(part) or ""}
    return (mine - {"later"}) | (named & known) | ({"later"} & mine)
