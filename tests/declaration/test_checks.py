"""Each check refuses a deliberately wrong declaration with file and line (A2)."""

import re
from pathlib import Path

import pytest

from tests.declaration.wrong import FIXTURE, edited, line_of
from tillit.declaration import checking
from tillit.declaration.checks import check, load_checked, notices
from tillit.declaration.errors import DeclarationRefusedError
from tillit.declaration.loader import load

NO_BASIS_ACTIVITY = """  - key: profiling
    purpose: {nb: Lage profil, en: Make a profile}
    applies_to: [member]
    basis: [{ground: legitimate_interest}]
    uses: [identity]
"""

WRONG: list[tuple[str, list[tuple[str, str]], str, str]] = [
    # words
    ("unknown-category", [("  - key: paid_claim\n    fields", "  - key: paid_clam\n    fields")], "key: paid_clam", ""),
    ("unknown-category", [("records: [purchase]", "records: [purchases]")], "records: [purchases]", ""),
    ("unknown-activity", [("  - key: newsletter\n", "  - key: news\n")], "- key: news\n", ""),
    ("unknown-relationship", [("applies_to: [member, enquirer]", "applies_to: [member, stranger]")], "stranger", ""),
    ("unknown-clock-event", [("clock: sent", "clock: moon_phase")], "clock: moon_phase", ""),
    ("unknown-clock-event", [("clock: year_end(paid)", "clock: year_end(moon_phase)")], "year_end(moon_phase)", ""),
    ("clock-function-unknown", [("clock: year_end(paid)", "clock: month_end(paid)")], "month_end(paid)", ""),
    ("clock-unreadable", [("clock: sent", "clock: sent + P3M")], "clock: sent +", ""),
    ("unknown-ground", [("- ground: consent", "- ground: kindness")], "ground: kindness", ""),
    ("unknown-channel", [("channels: [email, sms]", "channels: [email, pigeon]")], "pigeon", ""),
    ("unknown-source", [("sources: [merchant]", "sources: [rumour]")], "rumour", ""),
    ("unknown-role", [("readers: [it_operations]", "readers: [anybody]")], "anybody", ""),
    # references
    ("duplicate-key", [("  - key: mail\n", "  - key: receipts\n")], "key: receipts", "ground: {nb: Bokføringsplikten"),
    ("duplicate-key", [("  - key: skyhall\n", "  - key: revisor\n")], "key: revisor", "processors:\n"),
    ("undeclared-category", [("uses: [identity, paid_claim]", "uses: [identity, bonus]")], "[identity, bonus]", ""),
    ("undeclared-activity", [("activity: insurer_records", "activity: employment")], "activity: employment", ""),
    (
        "category-unused",
        [("    category: purchase\n", "    category: contact\n")],
        "category: contact",
        "key: receipts",
    ),
    ("undeclared-recipient", [("recipients: [revisor]", "recipients: [nobody]")], "recipients: [nobody]", ""),
    ("undeclared-recipient", [("on_behalf_of: trygg_havn", "on_behalf_of: nobody")], "on_behalf_of: nobody", ""),
    ("undeclared-processor", [("under: drift_og_vel", "under: nobody")], "under: nobody", ""),
    ("undeclared-processor", [("processor: skyhall", "processor: nobody")], "processor: nobody", ""),
    (
        "processor-loop",
        [("    agreement: 2025-01-15", "    agreement: 2025-01-15\n    under: skyhall")],
        "under: skyhall",
        "",
    ),
    ("undeclared-party", [("to: skyhall", "to: nobody")], "to: nobody", ""),
    ("archive-reader", [("readers: [insurer_records]", "readers: [newsletter]")], "readers: [newsletter]", ""),
    ("archive-unseen", [("requires_account: true", "reads_archive: true")], "reads_archive: true", ""),
    ("no-archive", [("categories: [contact, paid_claim]", "categories: [paid_claim]")], "disposal: archive", ""),
    (
        "archive-clock",
        [("clock: relationship_ended\n    period: P1M", "clock: year_end(relationship_ended)\n    period: P1M")],
        "clock: year_end(relationship_ended)",
        "",
    ),
    ("linked-data", [("    kept_with: [paid_claim]\n", "")], "clock: linked_data_gone", ""),
    (
        "linked-data",
        [("    kept_with: [paid_claim]", "    rule: minimum\n    kept_with: [paid_claim]")],
        "clock: linked_data_gone",
        "",
    ),
    ("linked-data", [("clock: linked_data_gone", "clock: paid")], "kept_with:", ""),
    ("linked-data", [("kept_with: [paid_claim]", "kept_with: [identity]")], "kept_with: [identity]", ""),
    (
        "clock-forgotten",
        [
            (
                "    clock: relationship_ended\n    period: P2Y\n    ground: {nb: Vise",
                "    clock: relationship_ended\n    period: P1Y\n    ground: {nb: Vise",
            )
        ],
        "clock: relationship_ended",
        "key: former_contact",
    ),
    ("undeclared-retention", [("retention: calls", "retention: nothing")], "retention: nothing", ""),
    ("recording-category", [("retention: calls", "retention: mail")], "retention: mail", ""),
    ("recording-period", [("kept: P3M", "kept: P4M")], "kept: P4M", ""),
    ("form-collects", [("collects: [identity, contact]", "collects: [identity, purchase]")], "collects:", ""),
    ("undeclared-contact", [("contact: member_centre", "contact: nobody")], "contact: nobody", ""),
    # languages
    (
        "missing-language",
        [("{nb: Sende nyhetsbrev, en: Send a newsletter}", "{nb: Sende nyhetsbrev}")],
        "Sende nyhetsbrev",
        "",
    ),
    ("empty-text", [("en: Send a newsletter", 'en: "  "')], "Sende nyhetsbrev", ""),
    ("unknown-language", [("languages: [nb, en]", "languages: [nb, xx]")], "languages: [nb, xx]", ""),
    ("languages", [("languages: [nb, en]", "languages: [nb, nb]")], "languages: [nb, nb]", ""),
    # bases
    ("missing-activity", [("  - key: proof\n", "  - key: surveys\n")], "activities:\n", ""),
    (
        "engine-activity",
        [('kapittel III\n    uses: ["*"]', "kapittel III\n    uses: [identity]")],
        "uses: [identity]",
        "kapittel III",
    ),
    (
        "category-closed",
        [
            (
                "    uses: [consent_record]\n    records: [consent_record]\n    channels: [web]",
                "    uses: [consent_evidence]\n    records: [consent_record]\n    channels: [web]",
            )
        ],
        "uses: [consent_evidence]\n    records: [consent_record]",
        "",
    ),
    ("missing-interest", [("activities:\n", "activities:\n" + NO_BASIS_ACTIVITY)], "basis: [{ground: legit", ""),
    ("missing-balancing", [("activities:\n", "activities:\n" + NO_BASIS_ACTIVITY)], "basis: [{ground: legit", ""),
    ("missing-law", [("\n        law: bokføringsloven § 13", "")], "ground: legal_obligation", ""),
    ("applies-to-nobody", [("applies_to: [member, customer]", "applies_to: []")], "applies_to: []", ""),
    ("first-contact", [("    first_contact: false\n", "")], "channels: [email, phone]", ""),
    (
        "interest-contact",
        [("first_contact_on_interest: true", "first_contact_on_interest: false")],
        "    uses: [identity, contact, relationship]\n",
        "",
    ),
    ("marketing-consent", [("      - ground: consent", "      - ground: contract")], "basis:", "key: newsletter"),
    (
        "marketing-consent",
        [("  - key: newsletter\n", "  - key: advertising\n"), ("- ground: consent", "- ground: contract")],
        "basis:",
        "key: advertising",
    ),
    # keeping
    ("no-retention", [("category: correspondence\n", "category: contact\n")], "key: correspondence", ""),
    (
        "no-activity",
        [
            ("uses: [identity, paid_claim]", "uses: [identity]"),
            ("records: [paid_claim, disclosure_record]", "records: [disclosure_record]"),
            ("uses: [paid_claim]\n", "uses: []\n"),
        ],
        "key: paid_claim",
        "",
    ),
    (
        "ceiling-below-minimum",
        [
            ("clock: year_end(paid)\n    period: P7Y", "clock: year_end(paid)\n    period: P3Y\n    rule: ceiling"),
            (
                "category: purchase\n    clock: fiscal_year_end(purchased)",
                "category: paid_claim\n    clock: fiscal_year_end(purchased)",
            ),
        ],
        "period: P3Y",
        "key: claims_paid",
    ),
    (
        "never-ends",
        [
            (
                "category: contact\n    clock: relationship_ended\n    period: P2Y",
                "category: identity\n    clock: accepted\n    period: P2Y",
            )
        ],
        "disposal: archive",
        "member_contact",
    ),
    (
        "stage-not-keep",
        [("disposal: pseudonymise\n", "disposal: pseudonymise\n    rule: ceiling\n")],
        "disposal: pseudonymise",
        "",
    ),
    # abroad
    ("missing-transfer", [("    country: US\n    agreement", "    country: IN\n    agreement")], "country: IN", ""),
    ("missing-transfer", [("    country: SE\n", "    country: GB\n")], "country: GB", ""),
    ("missing-transfer", [("      country: US\n      storage", "      country: IN\n      storage")], "country: IN", ""),
    ("cookie-abroad", [("      processor: skyhall\n", "")], "country: US", "name: besok"),
    (
        "not-adequate",
        [("    country: US\n    ground: standard_clauses", "    country: IN\n    ground: adequacy")],
        "ground: adequacy",
        "",
    ),
    ("recipient-transfer", [("to: skyhall", "to: revisor")], "ground: standard_clauses", ""),
    ("not-abroad", [("    country: US\n    ground", "    country: SE\n    ground")], "country: SE\n    ground", ""),
    ("unknown-country", [("    country: SE\n", "    country: QQ\n")], "country: QQ", ""),
    # cookies
    ("cookie-life", [("life: {type: session}", "life: {type: session, period: P1D}")], "life: {type: session, p", ""),
    ("cookie-life", [("life: {type: rolling, period: P2Y}", "life: {type: rolling}")], "life: {type: rolling}", ""),
    ("cookie-purpose", [("      group: analytics", "      group: ads")], "group: ads", ""),
    (
        "cookie-life",
        [("{type: rolling, period: P2Y}", "{type: until_removed, period: P2Y}")],
        "until_removed, period",
        "",
    ),
    ("item-undeclared", [('"/{key}/app/worker.js"', '"/{key}/other.js"')], "  items:", ""),
    ("item-undeclared", [("- key: camera", "- key: offline_copy")], "  items:", ""),
    ("site-address", [("https://butikk.litenforening.example", "http://butikk.example")], "http://butikk.example", ""),
    ("site-address", [("butikk.litenforening.example", "butikk.example/kasse")], "butikk.example/kasse", ""),
    ("cookie-host", [("[maal.skyhall.example]", "[https://skyhall.example]")], "[https://skyhall.example]", ""),
    ("cookie-purpose", [("      group: necessary", "      group: analytics")], "group: analytics", ""),
    # limits
    ("organisation-number", [('"310000019"', '"310000018"')], "310000018", ""),
    ("unknown-currency", [("currency: NOK", "currency: QQQ")], "currency: QQQ", ""),
    ("unknown-time-zone", [("time_zone: Europe/Oslo", "time_zone: Europe/Lilleby")], "time_zone:", ""),
    ("period-too-long", [("clock: sent\n    period: P3Y", "clock: sent\n    period: P9999Y")], "period: P9999Y", ""),
    ("period-too-long", [("choice_lives: P4W", "choice_lives: P9999W")], "choice_lives: P9999W", ""),
    ("no-such-day", [("end_day: 30", "end_day: 31")], "end_day: 31", ""),
    ("unreadable-address", [("email: post@litenforening.example", "email: post")], "email: post", ""),
    ("unreadable-address", [("web: https://tryggstad.example", "web: javascript:alert(1)")], "javascript", ""),
    ("unreadable-address", [('phone: "+47 400 00 014"', "phone: ring oss")], "ring oss", ""),
    ("answer-too-late", [("answer_within: P30D", "answer_within: P31D")], "answer_within", ""),
    ("no-route", [("routes: [self_service, email, phone]", "routes: []")], "routes: []", ""),
    ("breach-too-late", [("authority_within_hours: 72", "authority_within_hours: 73")], "authority_within", ""),
    ("empty-period", [("notice: P30D", "notice: P0D")], "notice: P0D", ""),
    ("age", [("consent_age: 15", "consent_age: 12")], "consent_age: 12", ""),
    (
        "waits-without-acceptance",
        [("  acceptance: active\n", "  acceptance: continued_use\n")],
        "waits: [newsletter]",
        "",
    ),
    (
        "never-waits",
        [("  waits: [newsletter]\n", "  waits: [retention]\n")],
        "waits: [retention]",
        "",
    ),
    ("age", [("  minimum_age: 16\n  consent", "  minimum_age: 100\n  consent")], "minimum_age: 100", ""),
    ("age", [("  minimum_age: 16\n  warn", "  minimum_age: 15\n  warn")], "minimum_age: 15", ""),
    ("backup-too-long", [("  kept: P1Y\n", "  kept: P366D\n")], "kept: P366D", ""),
    (
        "backup-gap",
        [("  kept: P1Y\n  levels", "  kept: P1W\n  levels"), ("every: P1D", "every: P1M")],
        "every: P1M",
        "",
    ),
    ("backup-reader", [("readers: [it_operations]", "readers: [store]")], "readers: [store]", ""),
    ("aggregates-too-short", [("aggregates: unlimited", "aggregates: P1Y")], "aggregates: P1Y", ""),
    ("programme-validity", [("  validity_months: 18\n", "")], "validity: months", ""),
    ("programme-validity", [("validity_months: 18", "validity_months: 0")], "validity_months: 0", ""),
    ("programme-voucher", [("available_after_days: 14", "available_after_days: 91")], "available_after_days: 91", ""),
    ("not-kept", [("address_truncated: true", "address_truncated: false")], "address_truncated: false", ""),
    ("not-kept", [("earning_chain: true", "earning_chain: false")], "only_in_earning_chain: false", ""),
    ("not-kept", [("cash_earns: false", "cash_earns: true")], "cash_earns: true", ""),
    ("programme-voucher", [("voucher_minutes: 90", "voucher_minutes: 0")], "voucher_minutes: 0", ""),
    ("effective-date", [("effective: 2026-09-01", "effective: 2018-07-19")], "effective: 2018", ""),
    ("agreement-date", [("agreement: 2025-01-15", "agreement: 2026-09-02")], "agreement: 2026-09-02", ""),
    # minimising, parties
    (
        "recipient-category",
        [("categories: [paid_claim, identity]", "categories: [paid_claim, contact]")],
        "[paid_claim, contact]",
        "",
    ),
    (
        "disclosure-unlogged",
        [("records: [paid_claim, disclosure_record]", "records: [paid_claim]")],
        "recipients: [trygg_havn]",
        "",
    ),
    ("field-outside-categories", [("only: [name]", "only: [email]")], "only: [email]", ""),
    ("unknown-field", [("only: [name]", "only: [nam]")], "only: [nam]", ""),
    (
        "registration-sms",
        [("  - {key: password, at_least: 14,", "  - {key: registration, at_least: 14,")],
        "- {key: registration",
        "",
    ),
    ("no-operator", [("    operator: drift_og_vel\n", "")], "arrangement:", ""),
    ("operator-agreement", [("operator: drift_og_vel", "operator: somebody")], "operator: somebody", ""),
    ("no-directory", [("kind: processor", "kind: department")], "arrangement:", ""),
    ("not-joint", [("    operator: drift_og_vel", "    operator: drift_og_vel\n    holder: a")], "arrangement:", ""),
    ("joint-parties", [("kind: processor", "kind: joint\n    parties: [liten_forening]")], "parties:", ""),
    (
        "joint-holder",
        [("kind: processor", "kind: joint\n    parties: [liten_forening, b]\n    holder: c")],
        "holder: c",
        "",
    ),
    (
        "no-division",
        [
            ("    division:\n", "    directory: d\n  responsible:\n"),
            ("  responsible:\n    nb: Styret i foreningen\n    en: The board of the association\n", ""),
            ("kind: processor", "kind: joint\n    parties: [liten_forening, b]\n    holder: b"),
        ],
        "arrangement:",
        "",
    ),
]


def test_a2_the_fixture_itself_is_accepted():
    declaration, source = load_checked(FIXTURE)
    assert check(declaration, source) == []
    assert notices(declaration, source) == []


@pytest.mark.parametrize(
    ("code", "changes", "snippet", "after"), WRONG, ids=[f"{n}-{row[0]}" for n, row in enumerate(WRONG)]
)
def test_a2_a_wrong_declaration_is_refused_with_file_and_line(tmp_path: Path, code, changes, snippet, after):
    path = edited(tmp_path, *changes)
    expected = (str(path), line_of(path, snippet, after), code)
    with pytest.raises(DeclarationRefusedError) as caught:
        load_checked(path)
    found = [(problem.file, problem.line, problem.code) for problem in caught.value.problems]
    assert expected in found, [str(problem) for problem in caught.value.problems]
    assert f"{path}:{expected[1]}: " in str(caught.value)


def test_a2_every_check_has_a_wrong_declaration():
    folder = Path(checking.__file__).parent
    written = {
        code
        for file in folder.glob("*.py")
        if file.name != "system.py"
        for code in re.findall(r'"([a-z]+(?:-[a-z]+)+|age|languages)", ?(?:message|"|f")', file.read_text())
    }
    tested = {row[0] for row in WRONG} | {row[0] for row in ODD} | {"register-shared"}
    assert len(written) > 50
    assert written - tested == set()


ODD = [
    ("unpublished-language", [("languages: [nb, en]", "languages: [nb]")], "en: Here you read"),
    ("unused-purpose", [("purposes:\n", "purposes:\n    ads: {nb: Annonser, en: Ads}\n")], "ads: {nb"),
    ("unused-recipient", [("    recipients: [revisor]\n", "")], "- key: revisor"),
]


@pytest.mark.parametrize(("code", "changes", "snippet"), ODD, ids=[row[0] for row in ODD])
def test_a2_what_is_odd_is_noticed_and_not_refused(tmp_path: Path, code, changes, snippet):
    path = edited(tmp_path, *changes)
    declaration, source = load_checked(path)
    found = [(problem.line, problem.code) for problem in notices(declaration, source)]
    assert (line_of(path, snippet), code) in found


def test_a1_a_register_is_shared_jointly_or_not_at_all(tmp_path: Path):
    declaration, source = load_checked(FIXTURE)
    other = declaration.model_copy(update={"controller": declaration.controller.model_copy(update={"key": "other"})})
    assert check(declaration, source, siblings=[declaration]) == []
    found = check(declaration, source, siblings=[declaration, other])
    assert [(p.line, p.code) for p in found] == [(line_of(FIXTURE, "register: liten"), "register-shared")]

    path = edited(
        tmp_path, ("kind: processor", "kind: joint\n    parties: [liten_forening, b]\n    holder: liten_forening")
    )
    joint, source = load(path)
    assert check(joint, source) == []
    arrangement = joint.controller.arrangement.model_copy(update={"holder": "b"})
    other = joint.model_copy(
        update={"controller": joint.controller.model_copy(update={"key": "b", "arrangement": arrangement})}
    )
    found = check(joint, source, siblings=[other])
    assert [(p.line, p.code) for p in found] == [(line_of(path, "holder: liten"), "joint-holder")]
    third = joint.model_copy(update={"controller": joint.controller.model_copy(update={"key": "third"})})
    assert {p.code for p in check(joint, source, siblings=[third])} == {"joint-parties"}


def test_d14_a_legitimate_interest_alone_gives_no_first_contact_but_an_answer(tmp_path: Path):
    assert check(*load(FIXTURE)) == []  # customer_service says first_contact: false
    path = edited(tmp_path, ("channels: [email, phone]\n    first_contact: false", "channels: [web]"))
    assert check(*load(path)) == []  # the person's own page reaches nobody


def test_f9_marketing_on_legitimate_interest_needs_an_existing_customer(tmp_path: Path):
    basis = (
        "      - ground: consent\n",
        "      - ground: legitimate_interest\n"
        "        interest: {nb: Holde på medlemmene, en: Keep the members}\n"
        "        balancing: {nb: Lett å si nei, en: Easy to decline}\n",
    )
    calm = ("requires_account: true", "first_contact: false")
    assert check(*load(edited(tmp_path, basis, calm))) == []
    newsletter = "    en: Send a newsletter}\n    applies_to: [member]"
    path = edited(
        tmp_path,
        basis,
        calm,
        (newsletter.lstrip(), newsletter.lstrip().replace("[member]", "[member, prospect]")),
    )
    assert {p.code for p in check(*load(path))} == {"marketing-consent"}
    path = edited(tmp_path, basis)
    assert {p.code for p in check(*load(path))} == {"first-contact"}
