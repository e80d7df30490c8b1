"""What acting under a mandate answers for."""

from collections.abc import Callable

from tillit.cases import kinds, unfinished
from tillit.declaration.registry import domain_check, only_when, personal
from tillit.declaration.schema import Declaration
from tillit.disclosure import conditions
from tillit.disclosure.models import Disclosure
from tillit.services.acting import mandates
from tillit.services.acting.kinds import KINDS
from tillit.services.acting.models import ID_PROTECTION, PURPOSES, WEB_CLEANUP, Counterpart, Letter, Mandate

CATEGORIES = ("id_case", "web_cleanup_case")
_STANDS = (
    "m.signed_at <= {at} AND {at} < m.expires_at AND (m.withdrawn_at IS NULL OR {at} < m.withdrawn_at)"
    " AND m.subject_id = {table}.subject_id AND m.case_id = {table}.case_id"
)
_PARENT = (
    "SELECT FROM services_family_member f WHERE f.subject_id = m.subject_id AND f.consent_by = 'parent'"
    " AND f.starts <= acting_letter.posted_at"
)
_CONSENTS = f"EXISTS ({_PARENT} AND (f.ends IS NULL OR acting_letter.posted_at < f.ends)) OR NOT EXISTS ({_PARENT})"
"""A parent's consent stands as a letter is posted; or none is held any more, since ties lapse before letters do."""

personal(
    Mandate,
    category="mandate",
    clocks={"case_closed": "closed_at", "collected": "signed_at"},
    kind_column="purpose",
    not_exported={"wording": "a digest of the text that was signed, which is shown"},
    figures="nobody counts mandates",
)
personal(
    Counterpart,
    category_column="category",
    categories=CATEGORIES,
    clocks={"case_closed": "closed_at", "collected": "added_at"},
    figures="they stand in their cases",
)
personal(
    Letter,
    category_column="category",
    categories=CATEGORIES,
    clocks={"case_closed": "closed_at", "collected": "at"},
    figures="they stand in their cases",
)
for _kind in KINDS.values():
    kinds.add(_kind)
unfinished.finished_first("web_cleanup_case", WEB_CLEANUP)
for _purpose in PURPOSES:
    conditions.only_when(_purpose, mandates.standing, "no-mandate")
only_when(
    Mandate,
    f"NOT acting_mandate.by_guardian OR acting_mandate.purpose = '{WEB_CLEANUP}' AND EXISTS ("
    "SELECT FROM services_family_member f WHERE f.subject_id = acting_mandate.subject_id AND f.consent_by = 'parent'"
    " AND f.starts <= acting_mandate.signed_at AND (f.ends IS NULL OR acting_mandate.signed_at < f.ends))",
)
only_when(
    Letter,
    "EXISTS (SELECT FROM acting_mandate m WHERE m.id = acting_letter.mandate_id AND "
    + _STANDS.format(at="acting_letter.at", table="acting_letter")
    + ")",
)
only_when(
    Letter,
    "acting_letter.posted_at IS NULL OR acting_letter.direction = 'in' OR EXISTS (SELECT FROM acting_mandate m"
    " WHERE m.id = acting_letter.mandate_id AND "
    + _STANDS.format(at="acting_letter.posted_at", table="acting_letter")
    + f" AND (NOT m.by_guardian OR {_CONSENTS}))",
    kept=True,
)
only_when(
    Disclosure,
    "disclosure_disclosure.activity NOT IN ('id_protection', 'web_cleanup') OR EXISTS (SELECT FROM acting_mandate m"
    " WHERE m.purpose = disclosure_disclosure.activity AND "
    + _STANDS.format(at="disclosure_disclosure.disclosed_at", table="disclosure_disclosure")
    + ")",
)


def _where(activity: str) -> Callable[[Declaration], str]:
    return lambda declaration: f"activities.{activity}" if declaration.activity(activity) else ""


domain_check("acting", __file__, "promises", "acting", promised=_where(ID_PROTECTION))
domain_check("clean_up", __file__, "promises", "clean_up", promised=_where(WEB_CLEANUP))
