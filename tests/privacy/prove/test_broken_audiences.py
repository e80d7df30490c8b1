"""People in audiences who did not say yes, addresses in clear, what left without a record: all seen (B10).

So is what is wrong with surveys, draws, competitions and seminars (F7, F8, F10): one furnished database serves all.
"""

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


_FIGURE = (
    "WITH s AS ({survey} RETURNING id), q AS (INSERT INTO surveys_question (survey_id, position, kind, texts, required)"
    " SELECT id, 1, 'number', '{{}}', false FROM s RETURNING id)"
    " INSERT INTO surveys_figure (question_id, position, label, people, answered)"
    " SELECT id, 0, '410…9850', 12, 12 FROM q"
)
_SURVEY = (
    "INSERT INTO surveys_survey (controller_id, texts, anonymous, sample, closes_on, stage, secret, lock, least,"
    " asked, answers, segment, made_at, opened_at) VALUES ({controller}, '{{}}', true, 0, current_date {days}, 'open',"
    " 'x', 'x', 5, {asked}, 0, '{{}}', now(), now())"
)
_DRAW = (
    "INSERT INTO draws_draw (controller_id, names, secret, commitment, committed_at, announced, tickets, entrants,"
    " digest, closed_at, mixed_in, seed, drawn, drawn_at) VALUES ({controller}, '{{}}', 'x', repeat('a', 64), now(),"
    " '', '', 0, repeat('b', 64), now(), '', repeat('c', 64), '{{}}', now())"
)
_SEMINAR = (
    "WITH made AS (INSERT INTO seminars_seminar (controller_id, texts, place, link, material, starts_at, ends_at,"
    " signup_until, capacity, stage, revision) VALUES ({controller}, '{{}}', 'X', '', '', now() + interval '1 day',"
    " now() + interval '2 days', now(), 1, 'open', 0) RETURNING id, ends_at)"
    " INSERT INTO seminars_signup (subject_id, controller_id, seminar_id, standing, digital, language, signed_at,"
    " held_at)"
    " SELECT s.id, {controller}, made.id, '{standing}', false, 'nb', now(), made.ends_at {moved} FROM made,"
    " unnest(ARRAY[{people}]::bigint[]) AS s(id)"
)
_COMPETITION = (
    "INSERT INTO competitions_competition (controller_id, texts, correct, announced, winners, members_only, closes_at,"
    " stage, draw_id) SELECT {controller}, '{{}}', '', '', 1, false, now() - interval '2 months', 'open', max(id)"
    " FROM draws_draw"
)
_UNDRAWN = (
    "INSERT INTO draws_draw (controller_id, names, secret, commitment, committed_at, announced, entrants, digest,"
    " mixed_in, seed, drawn) VALUES ({controller}, '{{}}', 'x', repeat('a', 64), now(), '', 0, '', '', '', '{{}}')"
)


def test_f7_a_survey_that_could_be_linked_is_overdue_or_drawn_otherwise_is_seen(live: Installation) -> None:
    here = live.controllers["fjordlys"].pk
    gone = "DELETE FROM surveys_survey; DELETE FROM draws_draw"
    gone_with_figures = f"DELETE FROM surveys_figure; DELETE FROM surveys_question; {gone}"
    for break_it, mend_it, fault in (
        (_SURVEY.format(controller=here, days="- 61", asked=0), gone, "their day has passed"),
        (_SURVEY.format(controller=here, days="+ 1", asked=7), gone, "not as many as were asked"),
        (_FIGURE.format(survey=_SURVEY.format(controller=here, days="+ 1", asked=0)), gone_with_figures,
         "tell the least"),
        (_DRAW.format(controller=here), gone, "repeated gives something else"),
        ("ALTER TABLE surveys_urn ADD COLUMN put_in_at timestamptz", "ALTER TABLE surveys_urn DROP COLUMN put_in_at",
         "whose or when"),
    ):  # fmt: skip
        assert fault in live.sees("domains", "fjordlys", "activities.surveys", break_it, mend_it)


def test_f8_a_competition_that_is_never_drawn_is_seen(live: Installation) -> None:
    union = live.controllers["lyngheim"].pk
    live.owner.execute(_UNDRAWN.format(controller=union))
    try:
        break_it = _COMPETITION.format(controller=union)
        mend_it = "DELETE FROM competitions_competition"
        assert "not drawn" in live.sees("domains", "lyngheim", "activities.competitions", break_it, mend_it)
    finally:
        live.owner.execute("DELETE FROM draws_draw")


def test_f10_too_many_places_and_periods_from_another_day_are_seen(live: Installation) -> None:
    here = live.controllers["solvik"].pk
    kari, ola = live.people["solvik", "Kari"], live.people["solvik", "Ola"]
    gone = "DELETE FROM seminars_signup; DELETE FROM seminars_seminar"
    for standing, people, moved, fault in (
        ("place", f"{kari}, {ola}", "", "more places than there are"),
        ("waiting", f"{kari}", "", "although one is free"),
        ("place", f"{kari}", "+ interval '1 day'", "another day"),
    ):
        break_it = _SEMINAR.format(controller=here, standing=standing, people=people, moved=moved)
        assert fault in live.sees("domains", "solvik", "activities.seminars", break_it, gone)


def test_f3_f4_a_campaign_sent_twice_after_a_no_or_measured_without_a_yes_is_seen(
    live: Installation,
) -> None:
    club, kari = live.controllers["rundtur"].pk, live.people["rundtur", "Kari"]
    own = live.owner.execute
    own(
        "INSERT INTO campaigns_campaign (controller_id, name, activity, channel, language, segment, subject, body,"
        " short, fallback, status, problem, made_at, made_by, changed_by, approved_by, approved_digest, started_at,"
        " ended_at, recipients, left_out)"
        " VALUES (%s, 'x', 'marketing', 'email', 'nb', '{}', '', '', '', '', 'sent', '', now(), '', '', '', 'x', now(),"
        " now(), 1, '{}')",
        [club],
    )
    own(
        "INSERT INTO campaigns_recipient (subject_id, controller_id, campaign_id, place, put_at)"
        " SELECT %s, %s, id, 1, now() FROM campaigns_campaign",
        [kari, club],
    )
    message = (
        "INSERT INTO messages_message (subject_id, controller_id, category, direction, channel, activity, template,"
        " language, content, key, message_state, reason, queued_at, due_at, settled_at, handed_at, attempts, answering,"
        f" carrier, campaign_id) SELECT {kari}, {club}, 53, 'out', 'email', 'marketing', 'campaign:1', 'nb',"
        " '{}', %s,"
        " 'sent', '', now(), now(), now() + interval '1 hour', now() + interval '1 hour',"
        " 1, false, '', id FROM campaigns_campaign"
    )
    own(message.replace("%s", "'campaign:1'"))
    said = (
        f"INSERT INTO consent_event (subject_id, controller_id, activity, channel, kind, at, route, wording,"
        f" declaration_version, evidence,"
        f" last_marketing_message) SELECT {kari}, {club}, 'marketing', 'email',"
        " 'withdrawn',"
        " now() + interval '30 minutes', 'web', 'broken', 1, '', now()"
    )
    used = (
        "INSERT INTO messages_use (subject_id, controller_id, message_id, campaign_id, target, at)"
        f" SELECT {kari}, {club}, id, campaign_id, '', now() FROM messages_message"
        " WHERE campaign_id IS NOT NULL LIMIT 1"
    )
    path = "activities.newsletter"
    try:
        for break_it, mend_it, fault in (
            (message.replace("%s", "'again'"), "DELETE FROM messages_message WHERE key = 'again'", "twice"),
            (said, "DELETE FROM consent_event WHERE wording = 'broken'", "after a no"),
            (
                "UPDATE campaigns_recipient SET campaign_id = campaign_id + 1",
                "UPDATE campaigns_recipient SET campaign_id = campaign_id - 1",
                "not in the set",
            ),
            (used, "DELETE FROM messages_use", "measured without a yes"),
        ):
            assert fault in live.sees("domains", "rundtur", path, break_it, mend_it)
    finally:
        for table in ("messages_use", "messages_message", "campaigns_recipient", "campaigns_campaign"):
            own(f"DELETE FROM {table}" + (" WHERE campaign_id IS NOT NULL" if table == "messages_message" else ""))


def test_h17_a_visit_that_never_ends_or_tells_more_than_a_name_is_seen(live: Installation) -> None:
    here, kari = live.controllers["fjordlys"].pk, live.people["fjordlys", "Kari"]
    opened = (
        "INSERT INTO reception_visit (subject_id, controller_id, name, badge, arrived_at)"
        f" VALUES ({kari}, {here}, 'Kari', 1, now() - interval '3 days')"
    )
    recent = opened.replace("3 days", "3 minutes")
    for break_it, mend_it, fault in (
        (opened, "DELETE FROM reception_visit", "still open the day after"),
        (f"{recent}; {recent}", "DELETE FROM reception_visit", "have one badge"),
        ("ALTER TABLE reception_visit ADD COLUMN company text", "ALTER TABLE reception_visit DROP COLUMN company",
         "more than the name"),
    ):  # fmt: skip
        assert fault in live.sees("domains", "fjordlys", "activities.reception", break_it, mend_it)


def test_h16_files_that_outlive_their_application_and_forgotten_ones_are_seen(live: Installation) -> None:
    here, kari = live.controllers["solvik"].pk, live.people["solvik", "Kari"]
    row = (
        "WITH made AS (INSERT INTO recruitment_application (subject_id, controller_id, position, letter, assessment,"
        f" stage, language, received_at, decided_at) VALUES ({kari}, {here}, 'x', 'x', '', '{{stage}}', 'nb', now()"
        " - interval '{age}', {decided}) RETURNING id)"
        " INSERT INTO recruitment_file (subject_id, controller_id, application_id,"
        f" media_type, bytes, sealed) SELECT {kari}, {here}, id, 'application/pdf', 1, 'x' FROM made"
    )
    gone = "DELETE FROM recruitment_file; DELETE FROM recruitment_application"
    for stage, age, decided, fault in (
        ("received", "2 years", "NULL", "more than a year"),
        ("declined", "2 days", "now()", "another clock"),
    ):
        break_it = row.format(stage=stage, age=age, decided=decided)
        assert fault in live.sees("domains", "solvik", "activities.recruitment", break_it, gone)


def test_h16_payroll_that_does_not_run_out_and_of_strangers_is_seen(live: Installation) -> None:
    here, kari = live.controllers["solvik"].pk, live.people["solvik", "Kari"]
    row = (
        "INSERT INTO employees_record (subject_id, controller_id, sealed, employment_ended)"
        f" VALUES ({kari}, {here}, 'x', NULL)"
    )
    tie = (
        "INSERT INTO parties_relationship (subject_id, controller_id, kind, started, ended, end_reason)"
        f" VALUES ({kari}, {here}, 'employee', '2024-01-01', {{ended}}, '')"
    )
    gone = "DELETE FROM employees_record; DELETE FROM parties_relationship WHERE kind = 'employee'"
    for break_it, fault in (
        (row, "never employed"),
        (f"{tie.format(ended=repr('2025-01-01'))}; {row}", "do not run out"),
        (f"{tie.format(ended='NULL')}; {row.replace('NULL)', 'current_date)')}", "while the employment goes on"),
    ):
        assert fault in live.sees("domains", "solvik", "activities.employment", break_it, gone)
