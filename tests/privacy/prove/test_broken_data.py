"""The rows are tampered with as the database's owner could; each check of what is held sees it, and sees it mended."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.privacy.prove.conftest import Installation
from tillit.audit import operations as audit
from tillit.kernel import clock
from tillit.platform import passing_files

AN_OLD_FACT = (
    "INSERT INTO parties_fact (subject_id, controller_id, category, kind, value, source, collected_under,"
    " collected_at, superseded_at) VALUES (%(s)s, %(c)s, %(category)s, 'name.given', 'Karianne', 'data_subject',"
    " 'membership_administration', '2015-01-01', '2015-06-01')"
)


def _put(live: Installation, key: str, given: str = "Kari", category: int = 1) -> None:
    ids = {"s": live.people[key, given], "c": live.controllers[key].pk, "category": category}
    live.owner.execute(AN_OLD_FACT, ids)


def test_h10_a_row_past_its_period_is_seen(live: Installation) -> None:
    path = "retention.identity_superseded"
    assert live.states("retention", "rundtur", path) == {"kept"}
    with live.undone("parties_fact"):
        _put(live, "rundtur")
        broken = [p for p in live.proofs("retention", controller="rundtur") if p.finding.status == "broken"]
        assert path in {p.promise.path for p in broken}
        assert all(p.finding.why == "1 rows of identity are overdue" for p in broken)
        assert live.states("retention", "solvik") == {"kept"}
    assert live.states("retention", "rundtur") == {"kept"}


def test_h10_the_next_day_is_told(live: Installation) -> None:
    with live.undone("parties_relationship"):
        live.owner.execute(
            "UPDATE parties_relationship SET ended = %s WHERE subject_id = %s",
            [clock.today() + timedelta(days=40), live.people["rundtur", "Kari"]],
        )
        (proof,) = [
            p for p in live.proofs("retention", controller="rundtur") if p.promise.path == "retention.identity_member"
        ]
        assert proof.finding.status == "kept"
        assert date.fromisoformat(str(proof.finding.evidence["next_due"])) > clock.today()


def test_h10_a_disposal_that_does_not_run_is_seen(live: Installation) -> None:
    back = "UPDATE privacy_retention_run SET finished_at = finished_at {} interval '2 days'"
    why = live.sees("retention_runs", "rundtur", None, back.format("-"), back.format("+"))
    assert why == "the disposal has not run for more than 26 hours"
    with live.undone("privacy_retention_run"):
        live.owner.execute("UPDATE privacy_retention_run SET finished_at = finished_at + interval '6 years'")
        assert live.states("retention_runs", "solvik") == {"broken"}, "a day to come proves nothing"
        live.owner.execute("DELETE FROM privacy_retention_run")
        assert live.states("retention_runs", "solvik") == {"broken"}


def test_h10_what_only_passes_through_and_stays_is_seen(live: Installation) -> None:
    live.sees(
        "transient",
        "rundtur",
        None,
        "INSERT INTO parties_session (session_key, session_data, expire_date) VALUES ('x', '', '2026-01-01')",
        "DELETE FROM parties_session WHERE session_key = 'x'",
    )


def test_h10_a_mail_file_past_its_life_or_open_to_others_is_seen(
    live: Installation, tmp_path: Path, settings: Any
) -> None:
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    passing_files.write(tmp_path / "mail", b"To: a@b.example", until=clock.now() + timedelta(days=1), suffix=".log")
    assert live.states("transient", "rundtur") == {"kept"}
    (tmp_path / "mail").chmod(0o755)
    assert live.states("transient", "rundtur") == {"broken"}
    (tmp_path / "mail").chmod(0o700)
    assert live.states("transient", "rundtur") == {"kept"}
    passing_files.write(tmp_path / "mail", b"To: a@b.example", until=clock.now() - timedelta(days=2), suffix=".log")
    assert live.states("transient", "rundtur") == {"broken"}


def test_a2_rows_of_a_category_that_is_not_declared_are_seen(live: Installation) -> None:
    """No scope shows such rows, since no declaration grants them: they are counted past the policies."""
    assert live.states("undeclared", "solvik") == {"kept"}
    with live.undone("parties_fact"):
        _put(live, "solvik", category=19)
        (proof,) = live.proofs("undeclared", controller="solvik")
        assert proof.finding.faults == ("parties_fact: 1 rows of profile, which is not declared",)
    with live.undone("parties_fact"):
        live.owner.execute("UPDATE parties_fact SET controller_id = 999")
        found = [p for p in live.proofs("undeclared") if p.finding.status == "broken"]
        assert any("which declares nothing" in fault for p in found for fault in p.finding.faults)
    assert live.states("undeclared", "solvik") == {"kept"}


def test_d10_an_archive_that_others_can_read_is_seen(live: Installation) -> None:
    trygghavn, kari = live.controllers["trygghavn"].pk, live.people["trygghavn", "Kari"]
    archive = "UPDATE parties_fact SET state = {} WHERE subject_id = " + str(kari)
    live.owner.execute(archive.format(2))
    try:
        found = live.proofs("archive", controller="trygghavn")
        assert {p.finding.status for p in found} == {"kept"}
        assert any(int(p.finding.evidence["archived_rows"]) > 0 for p in found)
        assert any(int(p.finding.evidence["seen_by_readers"]) > 0 for p in found)
        with live.undone("declaration_grant"):
            live.owner.execute(
                "UPDATE declaration_grant SET rights = rights | 16"
                " WHERE controller_id = %s AND activity = 'customer_administration'",
                [trygghavn],
            )
            assert "broken" in live.states("archive", "trygghavn")
        assert live.states("archive", "trygghavn") == {"kept"}
    finally:
        live.owner.execute(archive.format(0))


def test_d11_a_hold_that_is_gone_without_having_been_lifted_is_seen(live: Installation) -> None:
    from tillit.kernel.scope import Scope, system
    from tillit.privacy import holds

    controller, kari = live.controllers["rundtur"], live.people["rundtur", "Kari"]
    with Scope(system("test", {controller.pk}), "rights_requests") as scope:
        holds.place(scope=scope, subject_id=kari, controller_id=controller.pk, reason="claim", at=clock.now())
    with live.undone("parties_fact"):
        _put(live, "rundtur")
        (proof,) = live.proofs("hold", controller="rundtur")
        assert (proof.finding.status, proof.finding.evidence["standing"]) == ("kept", 1)
        assert int(proof.finding.evidence["rows_kept_past_due"]) >= 1
        assert live.states("retention", "rundtur") == {"kept"}, "what is on hold is not overdue"
        with live.undone("privacy_hold"):
            live.owner.execute("DELETE FROM privacy_hold")
            assert live.states("hold", "rundtur") == {"broken"}
            assert "broken" in live.states("retention", "rundtur")
    assert live.states("hold", "rundtur") == {"kept"}


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        ("UPDATE consent_choice SET consented = true", "that their acts do not explain"),
        ("UPDATE consent_choice SET objected = false", "that their acts do not explain"),
        ("DELETE FROM consent_choice", "without the choice they led to"),
        ("DELETE FROM consent_event", "that their acts do not explain"),
        ("UPDATE consent_event SET wording = ''", "without route, wording or a known version"),
        ("UPDATE consent_event SET kind = 'withdrawn'", "that their acts do not explain"),
    ],
)
def test_f1_f2_a_choice_its_acts_do_not_explain_is_seen(live: Installation, break_it: str, why: str) -> None:
    path = "activities.marketing.basis"
    (proof,) = [p for p in live.proofs("consent", controller="rundtur") if p.promise.path == path]
    assert (proof.finding.status, proof.finding.evidence["choices"]) == ("kept", 2)
    with live.undone("consent_event", "consent_choice"):
        live.owner.execute(break_it)
        (proof,) = [p for p in live.proofs("consent", controller="rundtur") if p.promise.path == path]
        assert proof.finding.status == "broken"
        assert why in " ".join(proof.finding.faults)
    assert live.states("consent", "rundtur") == {"kept"}


def test_f2_h5_a_set_that_forgets_an_objection_is_seen(live: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The statement every activity runs on is the running system too: one that lets everybody through is seen."""
    monkeypatch.setattr("tillit.privacy.prove.consent.lawful_subjects", lambda **_: frozenset(live.people.values()))
    (proof,) = [
        p for p in live.proofs("consent", controller="rundtur") if p.promise.path == "activities.marketing.basis"
    ]
    assert "would be processed without ground" in proof.finding.faults[0]


def test_h4_a_restriction_that_does_not_act_is_seen(live: Installation) -> None:
    from tillit.consent import operations as consent
    from tillit.kernel.scope import Scope, system

    controller, ola = live.controllers["solvik"], live.people["solvik", "Ola"]
    with Scope(system("test", {controller.pk}), "rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=ola, controller_id=controller.pk, ground="accuracy", at=clock.now())
    (proof,) = live.proofs("restriction", controller="solvik")
    assert (proof.finding.status, proof.finding.evidence["restricted_people"]) == ("kept", 1)
    assert int(proof.finding.evidence["restricted_rows"]) >= 3
    live.sees(
        "restriction",
        "solvik",
        None,
        f"UPDATE parties_fact SET state = 0 WHERE subject_id = {ola}",
        f"UPDATE parties_fact SET state = 1 WHERE subject_id = {ola}",
    )
    live.sees(
        "restriction",
        "solvik",
        None,
        f"UPDATE parties_subject SET state = 0 WHERE id = {ola}",
        f"UPDATE parties_subject SET state = 1 WHERE id = {ola}",
    )
    kari = live.people["solvik", "Kari"]
    live.sees(
        "restriction",
        "solvik",
        None,
        f"UPDATE parties_subject SET state = 1 WHERE id = {kari}",
        f"UPDATE parties_subject SET state = 0 WHERE id = {kari}",
    )


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        ("UPDATE parties_sealed_fact SET sealed = '01817012345'::bytea", "are not sealed bytes"),
        ("UPDATE parties_sealed_fact SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)", "does not open"),
        ("DELETE FROM parties_data_key", "does not open"),
        ("UPDATE parties_sealed_fact SET kind = '01817012345'", "long number in clear"),
    ],
)
def test_a6_d2_clear_text_in_a_sealed_column_and_lost_keys_are_seen(
    live: Installation, break_it: str, why: str
) -> None:
    (proof,) = [p for p in live.proofs("sealed", controller="lyngheim") if "national_number" in p.promise.path]
    assert (proof.finding.status, proof.finding.evidence["opened"]) == ("kept", 1)
    with live.undone("parties_sealed_fact", "parties_data_key"):
        live.owner.execute(break_it)
        (proof,) = [p for p in live.proofs("sealed", controller="lyngheim") if "national_number" in p.promise.path]
        assert proof.finding.status == "broken"
        assert why in " ".join(proof.finding.faults)
    assert live.states("sealed", "lyngheim") == {"kept"}


def test_a6_c4_a_directory_that_could_hold_numbers_or_has_other_digests_is_seen(live: Installation) -> None:
    (proof,) = live.proofs("digests", controller="rundtur")
    assert proof.finding.evidence["digests_recomputed"] == 6
    live.sees(
        "digests",
        "rundtur",
        None,
        "ALTER TABLE parties_directory ADD clear text",
        "ALTER TABLE parties_directory DROP clear",
    )
    with live.undone("parties_directory"):
        live.owner.execute("UPDATE parties_directory SET digest = md5(digest::text)::uuid")
        assert live.states("digests", "rundtur") == {"broken"}
    assert live.states("digests", "rundtur") == {"kept"}


def test_h18_the_removal_of_the_last_row_of_the_trail_is_seen(live: Installation) -> None:
    audit.link()
    with live.undone("audit_link"):
        assert live.states("audit", "rundtur") == {"kept"}
        rundtur = live.controllers["rundtur"].pk
        done = live.owner.execute(
            "DELETE FROM audit_link WHERE controller_id = %(c)s"
            " AND seq = (SELECT max(seq) FROM audit_link WHERE controller_id = %(c)s)",
            {"c": rundtur},
        )
        assert done.rowcount == 1
        (proof,) = live.proofs("audit", controller="rundtur")
        assert "truncated" in " ".join(proof.finding.faults)
    with live.undone("audit_event"):
        live.owner.execute("UPDATE audit_event SET at = at + interval '1 microsecond' WHERE type = 'person.read'")
        assert live.states("audit", "solvik") == {"broken"}
    assert live.states("audit", "rundtur") == {"kept"}


def test_h18_events_that_wait_too_long_for_the_chain_are_seen(
    live: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.proofs("sealed", controller="lyngheim")  # opens, which is an event
    assert live.states("audit", "lyngheim") == {"kept"}
    monkeypatch.setattr("tillit.privacy.prove.records.LONGEST_WINDOW", timedelta(0))
    (proof,) = live.proofs("audit", controller="lyngheim")
    assert "have waited too long" in " ".join(proof.finding.faults)


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        ("UPDATE ledger_transfer SET amount = amount + 1", "standing"),
        ("DELETE FROM ledger_transfer", "standing"),
        ("UPDATE ledger_balance SET balance = 0", "standing"),
        ("UPDATE ledger_balance SET balance = -balance", "below zero"),
        ("UPDATE ledger_balance SET balance = balance + 1, carried = 1", "moved"),
    ],
)
def test_c6_c9_h18_books_that_do_not_add_up_are_seen(live: Installation, break_it: str, why: str) -> None:
    (proof,) = live.proofs("ledger", controller="nordkai")
    assert (proof.finding.status, proof.finding.evidence["balances"]) == ("kept", 1)
    with live.undone("ledger_transfer", "ledger_balance"):
        live.owner.execute("ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_holding")
        live.owner.execute(break_it)
        (proof,) = live.proofs("ledger", controller="nordkai")
        assert proof.finding.status == "broken"
        assert why in " ".join(proof.finding.faults)
    live.owner.execute(
        "ALTER TABLE ledger_balance ADD CONSTRAINT ledger_balance_holding CHECK (balance >= 0 OR kind >= 200)"
    )
    assert live.states("ledger", "nordkai") == {"kept"}


def test_h18_a_ledger_that_can_be_written_directly_is_seen(live: Installation) -> None:
    why = live.sees(
        "ledger",
        "nordkai",
        None,
        "GRANT DELETE ON ledger_transfer TO tillit_app",
        "REVOKE DELETE ON ledger_transfer FROM tillit_app",
    )
    assert why == "ledger_transfer: the application may delete"


def test_a3_a_version_changed_after_publishing_is_seen(live: Installation) -> None:
    solvik = live.controllers["solvik"].pk
    with live.undone("declaration_version"):
        live.owner.execute(
            "UPDATE declaration_version SET document = jsonb_set(document, '{retention,0,period}', '\"P99Y\"')"
            " WHERE controller_id = %s",
            [solvik],
        )
        assert live.states("statement", "solvik") == {"broken"}
        assert live.states("statement", "rundtur") == {"kept"}
    assert live.states("statement", "solvik") == {"kept"}


def test_a3_a_statement_that_leaves_something_out_is_seen(live: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tillit.privacy.prove.published.render_text", lambda _: "Vi tar personvern på alvor.")
    assert live.states("statement", "solvik") == {"broken"}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("SESSION_COOKIE_NAME", "sporing", "is set and not declared"),
        ("CSRF_COOKIE_AGE", 3600, "lives longer"),
        ("SESSION_EXPIRE_AT_BROWSER_CLOSE", False, "lives longer"),
    ],
)
def test_g1_a_cookie_that_is_not_as_declared_is_seen(
    live: Installation, settings: object, name: str, value: object, why: str
) -> None:
    assert live.states("cookies", "trygghavn") == {"kept"}
    setattr(settings, name, value)
    (proof,) = live.proofs("cookies", controller="trygghavn")
    assert why in proof.finding.why


def test_c1_d12_somebody_too_young_is_seen(live: Installation) -> None:
    ids = {"s": live.people["rundtur", "Kari"], "c": live.controllers["rundtur"].pk}
    born = (
        "INSERT INTO parties_fact (subject_id, controller_id, category, kind, value, source, collected_under,"
        " collected_at) VALUES (%(s)s, %(c)s, 3, 'birth_date', %(born)s, 'data_subject',"
        " 'membership_administration', now())"
    )
    with live.undone("parties_fact"):
        live.owner.execute(born, {**ids, "born": "2010-01-01"})
        (proof,) = live.proofs("minimum_age", controller="rundtur")
        assert (proof.finding.status, proof.finding.evidence["birth_dates_known"]) == ("kept", 1)
    with live.undone("parties_fact"):
        live.owner.execute(born, {**ids, "born": "2010-01-02"})
        assert live.states("minimum_age", "rundtur") == {"broken"}
    assert live.states("minimum_age", "rundtur") == {"kept"}


def test_a2_rows_that_no_activity_or_rule_speaks_of_are_seen(
    live: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "categories.identity"
    assert live.states("category", "rundtur", path) == {"kept"}
    monkeypatch.setattr("tillit.privacy.prove.context.Context.plans", [])
    assert live.states("category", "rundtur", path) == {"broken"}
