"""People in audiences who did not say yes, addresses in clear, what left without a record: all seen (B10)."""

from tests.privacy.prove.conftest import Installation

PATH = "activities.advertising"


def test_b10_who_is_in_an_audience_without_a_yes_in_clear_or_unlogged_is_seen(live: Installation) -> None:
    from tillit.outreach.audiences.operations import acknowledged

    digest = acknowledged("x", [("a" * 64, "")])
    union, kari = live.controllers["lyngheim"].pk, live.people["lyngheim", "Kari"]
    own = live.owner.execute
    own(
        "INSERT INTO audiences_audience (controller_id, network, name, outside, held, acknowledged, made_at, failure,"
        " tries) VALUES (%s, 'torgprat', 'x', 'x', 1, %s, now(), '', 0)",
        [union, digest],
    )
    own(
        "INSERT INTO consent_choice (subject_id, controller_id, activity, channel, consented, objected, since)"
        " VALUES (%s, %s, 'advertising', '', true, false, now() - interval '1 day')",
        [kari, union],
    )
    own(
        "INSERT INTO disclosure_disclosure (subject_id, controller_id, reference, recipient, recipient_kind, party,"
        " activity, ground, fields, country, transfer_ground, declaration_version, disclosed_at, route, wording)"
        " VALUES (%s, %s, gen_random_uuid(), 'torgprat', 'processor', '', 'advertising', 'instruction',"
        " '{}', 'IE', '', 1, now(), '', '')",
        [kari, union],
    )
    own(
        "INSERT INTO audiences_member (subject_id, controller_id, audience_id, email, phone, added_at)"
        " SELECT %s, %s, id, repeat('a', 64), '', now() FROM audiences_audience",
        [kari, union],
    )
    own("ALTER TABLE audiences_member DROP CONSTRAINT audiences_member_hashed")
    try:
        for break_it, mend_it, fault in (
            ("UPDATE consent_choice SET consented = false WHERE activity = 'advertising'",
             "UPDATE consent_choice SET consented = true WHERE activity = 'advertising'", "without having said yes"),
            ("UPDATE audiences_member SET email = 'kari@post.example'",
             "UPDATE audiences_member SET email = repeat('a', 64)", "not hashed"),
            ("INSERT INTO consent_restriction (subject_id, controller_id, ground, since)"
             f" VALUES ({kari}, {union}, 'unlawful', now() - interval '1 hour')",
             "DELETE FROM consent_restriction", "restricted or dead"),
            ("INSERT INTO parties_fact (subject_id, controller_id, category, kind, value, source, collected_under,"
             " collected_at, recorded_at) SELECT subject_id, controller_id, category, 'deceased', '2026-01-01', source,"
             " collected_under, collected_at, now() - interval '1 hour' FROM parties_fact"
             f" WHERE subject_id = {kari} AND controller_id = {union} LIMIT 1",
             "DELETE FROM parties_fact WHERE kind = 'deceased'", "restricted or dead"),
            ("UPDATE disclosure_disclosure SET recipient = 'skiltgata' WHERE recipient = 'torgprat'",
             "UPDATE disclosure_disclosure SET recipient = 'torgprat' WHERE recipient = 'skiltgata'", "an entry"),
        ):  # fmt: skip
            assert fault in live.sees("domains", "lyngheim", PATH, break_it, mend_it)
    finally:
        for table in ("audiences_member", "audiences_audience", "disclosure_disclosure"):
            own(f"DELETE FROM {table}")
        own("DELETE FROM consent_choice WHERE activity = 'advertising'")
        own(
            "ALTER TABLE audiences_member ADD CONSTRAINT audiences_member_hashed"
            " CHECK (email ~ '^([0-9a-f]{64})?$' AND phone ~ '^([0-9a-f]{64})?$' AND NOT (email = '' AND phone = ''))"
        )
