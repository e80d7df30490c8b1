"""What is material and what is not, as data (A4): purposes, grounds, categories, recipients, transfers, longer
retention and weaker rights are; wording, contact details and shorter retention are not.
"""

from pathlib import Path

import pytest

from tests.declaration.leaves import changed, leaves, other
from tests.declaration.test_statement_complete import JOINT
from tests.declaration.wrong import FIXTURE, edited
from tillit.declaration.difference import COMPARISONS, diff, material, rules
from tillit.declaration.loader import load
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.texts import languages, texts

NEW_ACTIVITY = """activities:
  - key: surveys
    purpose: {nb: Spørre deg, en: Ask you}
    applies_to: [member]
    basis: [{ground: consent}]
    uses: [identity]
"""
CEILING = """retention:
  - key: fast
    activity: customer_service
    category: contact
    clock: collected
    period: P1Y
    rule: ceiling
    ground: {nb: a, en: a}
"""

CHANGES: list[tuple[str, str, str, str, bool, str]] = [
    # old, new, path, kind, material, because
    ("activities:\n", NEW_ACTIVITY, "activities.surveys", "added", True, "purpose"),
    ("nb: Sende nyhetsbrev", "nb: Sende reklame", "activities.newsletter.purpose.nb", "changed", True, "purpose"),
    ("nb: Sende nyhetsbrev", "nb: Sende  Nyhetsbrev.", "activities.newsletter.purpose.nb", "changed", False, "wording"),
    (
        "      - ground: consent",
        "      - ground: contract",
        "activities.newsletter.basis.consent",
        "removed",
        True,
        "ground",
    ),
    (
        "Å kunne hjelpe den som spør",
        "Å selge mer",
        "activities.customer_service.basis.legitimate_interest.interest.nb",
        "changed",
        True,
        "ground",
    ),
    (
        "applies_to: [member, customer]",
        "applies_to: [member, customer, visitor]",
        "activities.bookkeeping.applies_to",
        "added",
        True,
        "purpose",
    ),
    ("uses: [identity, purchase]", "uses: [purchase]", "activities.bookkeeping.uses", "removed", False, "less_data"),
    (
        "channels: [email, sms]",
        "channels: [email, sms, push]",
        "activities.newsletter.channels",
        "added",
        True,
        "purpose",
    ),
    ("at_most_every: P1W", "at_most_every: P1D", "activities.newsletter.at_most_every", "changed", True, "weaker"),
    ("at_most_every: P1W", "at_most_every: P1M", "activities.newsletter.at_most_every", "changed", False, "less_data"),
    (
        'fields: {nb: "Adresse, e-post og telefon"',
        'fields: {nb: "Adresse, e-post, telefon og bilde"',
        "categories.contact.fields.nb",
        "changed",
        True,
        "more_data",
    ),
    (
        "clock: relationship_ended\n    period: P3M",
        "clock: relationship_ended\n    period: P4M",
        "retention.member_identity.period",
        "changed",
        True,
        "longer",
    ),
    (
        "clock: relationship_ended\n    period: P3M",
        "clock: relationship_ended\n    period: P2M",
        "retention.member_identity.period",
        "changed",
        False,
        "shorter",
    ),
    (
        "clock: relationship_ended\n    period: P3M",
        "clock: relationship_ended\n    period: P92D",
        "retention.member_identity.period",
        "changed",
        True,
        "longer",
    ),
    (
        "clock: relationship_ended\n    period: P3M",
        "clock: relationship_ended\n    period: P89D",
        "retention.member_identity.period",
        "changed",
        False,
        "shorter",
    ),
    ("clock: fiscal_year_end(purchased)", "clock: purchased", "retention.receipts.clock", "changed", False, "shorter"),
    (
        "clock: fiscal_year_end(purchased)",
        "clock: year_end(paid)",
        "retention.receipts.clock",
        "changed",
        True,
        "longer",
    ),
    ("clock: sent", "clock: case_closed", "retention.mail.clock", "changed", True, "longer"),
    ("rule: minimum", "rule: keep", "retention.receipts.rule", "changed", False, "shorter"),
    ("rule: ceiling", "rule: keep", "retention.mail.rule", "changed", True, "longer"),
    ("    disposal: anonymise\n", "", "retention.receipts.disposal", "changed", False, "shorter"),
    ("retention:\n", CEILING, "retention.fast", "added", False, "shorter"),
    ("nb: Foreldelsesfristen", "nb: Frist for krav", "retention.mail.ground.nb", "changed", False, "wording"),
    (
        "categories: [paid_claim, identity]",
        "categories: [paid_claim]",
        "recipients.trygg_havn.categories",
        "removed",
        False,
        "less_data",
    ),
    (
        "categories: [purchase]\n    fields",
        "categories: [purchase, identity]\n    fields",
        "recipients.revisor.categories",
        "added",
        True,
        "recipient",
    ),
    (
        "only_aggregated: true",
        "only_aggregated: false",
        "recipients.revisor.only_aggregated",
        "changed",
        True,
        "recipient",
    ),
    ("name: Revisjon og Regning", "name: Ny Revisor", "recipients.revisor.name", "changed", True, "recipient"),
    ("name: Skyhall", "name: Skyhøyt", "processors.skyhall.name", "changed", False, "processor"),
    ("ground: standard_clauses", "ground: adequacy", "transfers.mail_abroad.ground", "changed", True, "transfer"),
    ("period: P2Y}", "period: P3Y}", "cookies.items.besok (analytics).life.period", "changed", True, "longer"),
    ("period: P2Y}", "period: P1Y}", "cookies.items.besok (analytics).life.period", "changed", False, "shorter"),
    ("kind: analytics", "kind: ads", "cookies.items.besok (analytics).kind", "changed", True, "purpose"),
    ("answer_within: P30D", "answer_within: P20D", "rights.answer_within", "changed", False, "stronger"),
    ("answer_within: P30D", "answer_within: P1M", "rights.answer_within", "changed", True, "weaker"),
    (
        "routes: [self_service, email, phone]",
        "routes: [self_service, email]",
        "rights.routes",
        "removed",
        True,
        "weaker",
    ),
    ("nb: Snakk gjerne", "nb: Ta gjerne en prat", "rights.complaint_first.nb", "changed", False, "wording"),
    ("kept: P1Y\n  levels", "kept: P6M\n  levels", "backup.kept", "changed", False, "stronger"),
    ("reach: assigned", "reach: controller", "staff_access.reach", "changed", True, "weaker"),
    ("consent_age: 15", "consent_age: 14", "children.consent_age", "changed", True, "terms"),
    ("notice: P30D\n  material", "notice: P14D\n  material", "changes.notice", "changed", True, "weaker"),
    ("acceptance: active", "acceptance: continued_use", "changes.acceptance", "changed", True, "weaker"),
    ("waits: [newsletter]", "waits: [newsletter, surveys]", "changes.waits", "added", False, "stronger"),
    ("waits: [newsletter]", "waits: []", "changes.waits", "removed", True, "weaker"),
    ("validity_months: 18", "validity_months: 24", "programme.validity_months", "changed", True, "terms"),
    ("minimum_group: 12", "minimum_group: 11", "minimum_group", "changed", True, "weaker"),
    (
        "address_truncated: true",
        "address_truncated: false",
        "visit_statistics.address_truncated",
        "changed",
        True,
        "weaker",
    ),
    ('phone: "+47 400 00 011"', 'phone: "+47 400 00 019"', "controller.phone", "changed", False, "contact"),
    ("email: personvern@", "email: dpo@", "controller.privacy_adviser.email", "changed", False, "contact"),
    ("name: Liten Forening", "name: Stor Forening", "controller.name", "changed", True, "controller"),
    (
        "end_month: 6, end_day: 30",
        "end_month: 12, end_day: 31",
        "controller.financial_year.end_month",
        "changed",
        True,
        "longer",
    ),
    ("nb: Her leser du", "nb: Her kan du lese", "introduction.nb", "changed", False, "wording"),
    ("effective: 2026-09-01", "effective: 2026-10-01", "effective", "changed", False, "effective"),
]


@pytest.mark.parametrize(
    ("old", "new", "path", "kind", "told", "because"), CHANGES, ids=[f"{row[2]}-{row[5]}" for row in CHANGES]
)
def test_a4_each_change_is_classified(tmp_path: Path, old, new, path, kind, told, because):
    before, _ = load(FIXTURE)
    after, _ = load(edited(tmp_path, (old, new)))
    found = {change.path: change for change in diff(before, after)}
    assert path in found
    assert (found[path].kind, found[path].material, found[path].because) == (kind, told, because)
    if len(found) == 1:
        assert material(list(found.values())) is told


def test_a4_reordering_is_no_change_and_nothing_is_lost(tmp_path: Path):
    before, _ = load(FIXTURE)
    assert diff(before, before) == []
    shuffled = before.model_copy(
        update={
            "activities": before.activities[::-1],
            "retention": before.retention[::-1],
            "cookies": before.cookies.model_copy(update={"items": before.cookies.items[::-1]}),
            "recipients": before.recipients[::-1],
        }
    )
    assert shuffled != before
    assert diff(before, shuffled) == []


def test_a4_no_leaf_can_change_unseen_or_unclassified(tmp_path: Path):
    before, _ = load(edited(tmp_path, *JOINT))
    data = before.model_dump(mode="json", by_alias=True)
    tried = 0
    for leaf, value, annotation in leaves(before):
        instead = other(before, leaf, value, annotation)
        if instead is None:
            continue
        plain = instead if isinstance(instead, (str, int, bool)) else instead.isoformat()
        after = Declaration.model_validate(changed(data, leaf, plain))
        assert diff(before, after), leaf
        assert diff(after, before), leaf
        tried += 1
    assert tried > 350


def test_a4_whole_parts_come_and_go_classified(tmp_path: Path):
    before, _ = load(FIXTURE)
    for name in ("staff_access", "visit_statistics", "programme"):
        after = before.model_copy(update={name: None})
        assert [c.material for c in diff(before, after)] == [name != "visit_statistics"], name
        assert [c.kind for c in diff(after, before)] == ["added"]
    for name in ("archives", "holds", "recordings", "forms", "device_permissions", "notices", "transfers"):
        after = before.model_copy(update={name: ()})
        assert {c.kind for c in diff(before, after)} == {"removed"}
        assert {c.kind for c in diff(after, before)} == {"added"}


def test_a4_a_ceiling_that_goes_with_its_category_is_no_loss(tmp_path: Path):
    before, _ = load(FIXTURE)
    gone = [rule for rule in before.retention if rule.key == "mail"]
    kept = tuple(rule for rule in before.retention if rule.key != "mail")
    without = before.model_copy(update={"retention": kept})
    assert [c.because for c in diff(before, without)] == ["longer"]
    fewer = tuple(item for item in before.categories if item.key != gone[0].category)
    emptied = without.model_copy(update={"categories": fewer})
    assert {c.because for c in diff(before, emptied)} == {"less_data"}


def test_a4_every_rule_names_a_known_comparison_and_a_worded_reason():
    assert len(rules()) > 100
    assert {rule.when for rule in rules() if rule.when} == set(COMPARISONS)
    reasons = {rule.because for rule in rules()}
    for language in languages():
        assert {reason for reason in reasons if f"difference.because.{reason}" not in texts(language)} == set()
