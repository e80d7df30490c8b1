"""The loyalty-services declaration carries source 1 on periods, sharing, cookies and rights, to day and name."""

from tests.declaration.loyalty import activity, declaration, grounds, named, rules

PERIODS = {
    ("identity", "relationship_ended", "P3M", "keep", "erase"),
    ("identity", "linked_data_gone", "P0D", "keep", "erase"),
    ("contact", "relationship_ended", "P3M", "keep", "erase"),
    ("contact", "linked_data_gone", "P0D", "keep", "erase"),
    ("birth_date", "relationship_ended", "P3M", "keep", "erase"),
    ("national_number", "relationship_ended", "P3M", "keep", "erase"),
    ("national_number", "linked_data_gone", "P0D", "keep", "erase"),
    ("relationship", "relationship_ended", "P3M", "keep", "erase"),
    ("relationship", "linked_data_gone", "P0D", "keep", "erase"),
    ("terms_acceptance", "relationship_ended", "P3M", "keep", "erase"),
    ("login", "relationship_ended", "P3M", "keep", "erase"),
    ("gender", "relationship_ended", "P3M", "keep", "erase"),
    ("entitlement", "relationship_ended", "P3M", "keep", "erase"),
    ("family", "relationship_ended", "P3M", "keep", "erase"),
    ("blocked_instrument", "relationship_ended", "P3M", "keep", "erase"),
    ("blocked_instrument", "removed", "P0D", "ceiling", "erase"),
    ("insurance_cover", "cover_ended", "P18M", "keep", "erase"),
    ("insurance_claim", "access_ended", "P3Y", "keep", "erase"),
    ("insurance_claim", "case_closed", "P0D", "ceiling", "erase"),
    ("paid_claim", "fiscal_year_end(paid)", "P5Y", "minimum", "erase"),
    ("paid_claim", "fiscal_year_end(paid)", "P7Y", "keep", "erase"),
    ("refused_claim", "year_end(refused)", "P3Y", "keep", "erase"),
    ("refused_claim", "year_end(refused)", "P7Y", "keep", "erase"),
    ("one_off_transaction", "fiscal_year_end(paid)", "P5Y", "minimum", "erase"),
    ("service_payment", "fiscal_year_end(paid)", "P5Y", "minimum", "erase"),
    ("service_use", "access_ended", "P3Y", "keep", "erase"),
    ("enquiry", "access_ended", "P3Y", "keep", "erase"),
    ("booking", "access_ended", "P3Y", "keep", "erase"),
    ("web_cleanup_case", "access_ended", "P3Y", "keep", "erase"),
    ("mandate", "access_ended", "P3Y", "keep", "erase"),
    ("mandate", "case_closed", "P3Y", "ceiling", "erase"),
    ("complaint", "access_ended", "P3Y", "keep", "erase"),
    ("complaint", "case_closed", "P0D", "keep", "erase"),
    ("registered_object", "access_ended", "P3M", "keep", "erase"),
    ("registered_object", "removed", "P7D", "ceiling", "erase"),
    ("correspondence", "sent", "P3Y", "ceiling", "erase"),
    ("message", "sent", "P3Y", "ceiling", "erase"),
    ("id_case", "case_closed", "P3Y", "ceiling", "erase"),
    ("call_recording", "recorded", "P3M", "ceiling", "erase"),
    ("marketing_contact", "consent_withdrawn", "P0D", "keep", "erase"),
    ("marketing_contact", "address_failed", "P0D", "ceiling", "erase"),
    ("consent_evidence", "last_marketing_message", "P3Y", "keep", "erase"),
    ("consent_evidence", "relationship_ended", "P3M", "keep", "erase"),
    ("consent_record", "relationship_ended", "P3M", "keep", "erase"),
    ("cookie_choice", "chosen", "P4W", "keep", "erase"),
    ("cookie_choice", "chosen", "P26M", "keep", "erase"),
    ("web_visit", "visited", "P26M", "ceiling", "anonymise"),
    ("disclosure_record", "relationship_ended", "P3M", "keep", "erase"),
    ("disclosure_record", "disclosed", "P3Y", "keep", "erase"),
    ("access_record", "looked", "P3Y", "keep", "erase"),
    ("rights_case", "case_closed", "P3Y", "keep", "erase"),
    ("rights_copy", "answered", "P30D", "keep", "erase"),
    ("breach_record", "case_closed", "P3Y", "keep", "erase"),
}


COOKIES = {
    ("tillit_session", "necessary", "session", None),
    ("tillit_csrf", "necessary", "session", None),
    ("tillit_no_visits", "necessary", "fixed", "P1Y"),
    ("tillit_language", "necessary", "session", None),
    ("tillit_cookie_choice", "necessary", "fixed", "P4W"),
    ("Cookie_notice_accepted", "necessary", "fixed", "P4W"),
    ("_ga", "analytics", "rolling", "P2Y"),
    ("_gat", "analytics", "rolling", "P2Y"),
    ("_gid", "analytics", "rolling", "P2Y"),
    ("__atuvc", "third_party", "fixed", "P13M"),
    ("__atuvs", "third_party", "fixed", "P13M"),
}


def test_h10_every_period():
    found = declaration().retention
    assert {(r.category, r.clock, r.period, r.rule, r.disposal) for r in found} == PERIODS
    # Two end with the consent; three relationships, and six of who is only entitled or family, after three months.
    assert len(found) == len(PERIODS) + 9
    assert {r.category for r in found} == declaration().category_keys()


def test_a1_sole_controller_with_privacy_adviser():
    controller = declaration().controller
    assert (controller.arrangement.kind, controller.arrangement.register_key) == ("sole", "trygghavn")
    assert controller.privacy_adviser.email == "personvern@trygghavn.example"
    assert declaration().rights.contact in {point.key for point in controller.contact_points}


def test_a2_every_category_is_recorded_by_an_activity_with_a_purpose():
    recorded = {category for item in declaration().activities for category in item.records}
    assert recorded == declaration().category_keys()
    assert all(set(item.purpose) >= {"nb", "en"} for item in declaration().activities)


def test_a2_every_legitimate_interest_states_interest_and_balancing():
    bases = [b for a in declaration().activities for b in a.basis if b.ground == "legitimate_interest"]
    assert len(bases) == 11
    assert all(basis.interest and basis.balancing for basis in bases)


def test_a2_every_form_collects_only_what_its_activity_may_record():
    assert len(declaration().forms) == 15
    for form in declaration().forms:
        assert set(form.collects) <= set(activity(form.activity).records), form.key


def test_a4_material_changes_are_told_ahead():
    changes = declaration().changes
    assert (changes.acceptance, changes.notice, changes.material_by) == (
        "continued_use",
        "P30D",
        ("email", "notice"),
    )


def test_a8_processors_and_the_chain():
    processors = {p.key: (p.country, p.under) for p in declaration().processors}
    assert processors == {
        "owner_company": ("IE", None),
        "hosting": ("NO", None),
        "backup_store": ("NO", "hosting"),
        "telephony": ("NO", None),
        "mail_sender": ("SE", None),
        "ringesvar": ("NO", None),
        "analytics": ("US", None),
        "sharing_tool": ("IE", None),
    }


def test_f1_marketing_rests_on_consent_also_through_a_partner():
    assert grounds("newsletter") == grounds("marketing") == {"consent"}
    assert "partner" in activity("newsletter").sources
    assert "partner" in activity("consent_management").sources


def test_f6_proof_of_consent_is_read_only_to_prove():
    assert ("last_marketing_message", "P3Y", "keep", None) in rules("consent_evidence")
    archive = named(declaration().archives, "consent_evidence")
    assert (archive.categories, archive.clock) == (("consent_record", "consent_evidence"), "relationship_ended")
    assert archive.readers == ("consent_proof",)


def test_f9_no_marketing_but_newsletters_without_an_account():
    assert activity("marketing").requires_account
    assert not activity("newsletter").requires_account


def test_g1_every_cookie_with_its_life():
    items = declaration().cookies.items
    assert {(c.name, c.kind, c.life.type, c.life.period) for c in items} == COOKIES
    assert len(items) == len(COOKIES)
    assert declaration().cookies.choice_lives == "P4W"


def test_g2_whatever_is_not_necessary_belongs_to_a_purpose_one_can_refuse():
    cookies = declaration().cookies
    assert {c.group for c in cookies.items if c.kind != "necessary"} == {"analytics", "sharing"}
    assert {c.group for c in cookies.items} <= set(cookies.purposes)
    assert grounds("cookies") == grounds("visit_statistics") == {"consent"}


def test_g3_visits_26_months_and_totals_without_limit():
    visits = declaration().visit_statistics
    assert visits is not None
    assert (visits.individual, visits.aggregates, visits.address_truncated) == ("P26M", "unlimited", True)


def test_h8_thirty_days_and_h9_the_authority():
    rights = declaration().rights
    assert (rights.answer_within, rights.authority) == ("P30D", "Datatilsynet")
    assert rights.other_authorities
    assert {"self_service", "email", "phone", "post"} <= set(rights.routes)


def test_h11_backup_daily_one_year_it_staff():
    backup = declaration().backup
    assert (backup.every, backup.kept, backup.readers) == ("P1D", "P1Y", ("it_operations",))


def test_h12_breach_within_72_hours():
    assert declaration().breach.authority_within_hours == 72
    assert declaration().breach.police_report


def test_h13_recipients_by_ground():
    found: dict[str, set[str]] = {}
    for recipient in declaration().recipients:
        found.setdefault(recipient.ground, set()).add(recipient.key)
    assert {ground: len(keys) for ground, keys in found.items()} == {
        "contract": 12,
        "legitimate_interest": 4,
        "legal_obligation": 1,
    }
    used = {key for item in declaration().activities for key in item.recipients}
    assert used == {recipient.key for recipient in declaration().recipients}


def test_h13_only_the_named_exception_is_processed_outside_the_eea():
    abroad = {p.key for p in declaration().processors if p.country not in {"NO", "SE", "IE"}}
    assert abroad == {"analytics"}
    assert {(t.to, t.country, t.ground) for t in declaration().transfers} == {
        ("analytics", "US", "standard_clauses"),
        ("concierge_supplier", "*", "contract_necessity"),
        ("service_supplier", "*", "contract_necessity"),
        ("creditor", "*", "contract_necessity"),
        ("web_site", "*", "contract_necessity"),
        ("claim_parties", "*", "legal_claims"),
        ("public_authority", "*", "legal_duty"),
    }


def test_h14_minimum_group_for_shared_figures():
    assert declaration().minimum_group == 10


def test_every_text_is_in_bokmal_and_english():
    def texts(node):
        if isinstance(node, dict):
            if "nb" in node or "en" in node:
                yield node
            else:
                for value in node.values():
                    yield from texts(value)
        elif isinstance(node, list):
            for value in node:
                yield from texts(value)

    found = list(texts(declaration().model_dump(mode="json")))
    assert len(found) > 200
    assert all(set(text) == {"nb", "en"} and all(v.strip() for v in text.values()) for text in found)
