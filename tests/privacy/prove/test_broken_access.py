"""The running system is broken as its owner would break it; each check of access sees it, and sees it mended."""

from typing import LiteralString

import pytest

from tests.privacy.prove.conftest import Installation
from tillit.kernel.sql import load
from tillit.platform import database
from tillit.privacy.prove import privileges

FACT = "parties_fact"


def _policy(live: Installation, name: str) -> str:
    """The statement that makes a policy of the fact table as it stands."""
    row = live.owner.execute(
        "SELECT cmd, array_to_string(roles, ', '), qual, with_check FROM pg_policies"
        " WHERE tablename = %s AND policyname = %s",
        [FACT, name],
    ).fetchone()
    assert row is not None
    using = f" USING ({row[2]})" if row[2] else ""
    check = f" WITH CHECK ({row[3]})" if row[3] else ""
    return f"CREATE POLICY {name} ON {FACT} FOR {row[0]} TO {row[1]}{using}{check}"


@pytest.mark.parametrize("verb", ["select", "insert", "update", "delete"])
def test_a9_h18_a_policy_that_is_gone_is_seen(live: Installation, verb: str) -> None:
    again = _policy(live, f"tillit_{verb}")
    why = live.sees("row_security", "rundtur", None, f"DROP POLICY tillit_{verb} ON {FACT}", again)
    assert why == f"{FACT}: the policy tillit_{verb} is missing"


def test_a9_h18_a_policy_that_lets_more_through_is_seen_and_so_is_what_leaks(live: Installation) -> None:
    again = _policy(live, "tillit_select")
    mend = f"DROP POLICY tillit_select ON {FACT}; {again}"
    live.sees("row_security", "rundtur", None, f"ALTER POLICY tillit_select ON {FACT} USING (true)", mend)
    live.owner.execute(f"ALTER POLICY tillit_select ON {FACT} USING (true)")
    try:
        (proof,) = live.proofs("row_security", controller="rundtur")
        assert f"{FACT}: the policy tillit_select is another one" in proof.finding.faults
        assert any("rows of other controllers are seen" in fault for fault in proof.finding.faults)
        leaks = [p for p in live.proofs("purpose", controller="rundtur") if p.finding.status == "broken"]
        assert "activities.bookkeeping.uses" in {p.promise.path for p in leaks}
    finally:
        live.owner.execute(mend)


@pytest.mark.parametrize(
    ("broken", "mended", "why"),
    [
        (
            f"ALTER TABLE {FACT} DISABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {FACT} ENABLE ROW LEVEL SECURITY",
            "switched off",
        ),
        (f"CREATE POLICY more ON {FACT} TO tillit_app USING (true)", f"DROP POLICY more ON {FACT}", "not compiled"),
        (
            f"ALTER POLICY tillit_backup ON {FACT} TO tillit_backup, tillit_app",
            f"ALTER POLICY tillit_backup ON {FACT} TO tillit_backup",
            "is another one",
        ),
    ],
)
def test_a9_h18_row_security_that_is_not_as_compiled_is_seen(
    live: Installation, broken: str, mended: str, why: str
) -> None:
    assert why in live.sees("row_security", "solvik", None, broken, mended)


@pytest.mark.parametrize(
    ("broken", "mended", "why"),
    [
        ("GRANT DELETE ON audit_event TO tillit_app", "REVOKE DELETE ON audit_event FROM tillit_app", "may DELETE"),
        ("GRANT SELECT ON parties_data_key TO tillit_app", "REVOKE SELECT ON parties_data_key FROM tillit_app", "key"),
        ("GRANT SELECT ON parties_fact TO PUBLIC", "REVOKE SELECT ON parties_fact FROM PUBLIC", "PUBLIC may SELECT"),
        (
            "GRANT UPDATE (details) ON audit_event TO tillit_app",
            "REVOKE UPDATE (details) ON audit_event FROM tillit_app",
            "audit_event.details",
        ),
        (
            "GRANT SELECT ON parties_data_key TO tillit_backup",
            "REVOKE SELECT ON parties_data_key FROM tillit_backup",
            "tillit_backup",
        ),
        (
            "GRANT EXECUTE ON FUNCTION keys_get TO PUBLIC",
            "REVOKE EXECUTE ON FUNCTION keys_get FROM PUBLIC",
            "called by others",
        ),
        (
            "ALTER FUNCTION keys_drop RESET search_path",
            "ALTER FUNCTION keys_drop SET search_path = public, pg_temp",
            "search",
        ),
        (
            "CREATE FUNCTION peep() RETURNS SETOF parties_fact LANGUAGE sql SECURITY DEFINER AS"
            " 'SELECT * FROM parties_fact'",
            "DROP FUNCTION peep()",
            "not registered",
        ),
        (
            "ALTER FUNCTION tillit_now() SECURITY DEFINER",
            "ALTER FUNCTION tillit_now() SECURITY INVOKER",
            "somebody else",
        ),
    ],
)
def test_a9_h18_rights_and_functions_that_were_not_compiled_are_seen(
    live: Installation, broken: str, mended: str, why: str
) -> None:
    assert why in live.sees("privileges", "solvik", None, broken, mended)


def test_a9_h18_another_body_of_a_guarding_function_is_seen(live: Installation) -> None:
    (right,) = live.owner.execute("SELECT pg_get_functiondef('tillit_any_subject'::regproc)").fetchone() or ("",)
    wrong = right.replace("= '*'", "<> 'x'")
    assert wrong != right
    assert "tillit_any_subject is another one" in live.sees("privileges", "solvik", None, wrong, right)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER ROLE tillit_proof BYPASSRLS",
        "ALTER ROLE tillit_app SUPERUSER",
        "ALTER ROLE tillit_backup CREATEROLE",
        "ALTER ROLE tillit_keys LOGIN",
        "GRANT tillit_ledger TO tillit_app",
        "CREATE ROLE tillit_helper",
    ],
)
def test_a9_h18_a_role_that_can_step_around_is_seen(
    live: Installation, monkeypatch: pytest.MonkeyPatch, change: LiteralString
) -> None:
    """Roles belong to the whole server: changed in a transaction that only the look itself shares, and rolled back."""
    assert live.states("privileges", "solvik") == {"kept"}
    with database.connect("admin", name=live.owner.info.dbname) as admin, monkeypatch.context() as patch:
        patch.setattr(
            privileges, "_rows", lambda name: admin.execute(load(privileges.__file__, "catalog", name)).fetchall()
        )
        assert live.states("privileges", "solvik") == {"kept"}
        admin.execute(change)
        assert live.states("privileges", "solvik") == {"broken"}
        admin.rollback()


@pytest.mark.parametrize(
    ("broken", "mended", "why"),
    [
        ("ALTER TABLE parties_fact ADD nickname text", "ALTER TABLE parties_fact DROP nickname", "is not declared"),
        ("CREATE TABLE leads (email text)", "DROP TABLE leads", "table leads is not registered"),
        ("CREATE VIEW v AS SELECT * FROM parties_fact", "DROP VIEW v", "view v is not registered"),
        ("CREATE SCHEMA s CREATE TABLE t (a int)", "DROP SCHEMA s CASCADE", "table s.t is not registered"),
        (
            "ALTER TABLE consent_choice DROP CONSTRAINT consent_choice_once",
            "ALTER TABLE consent_choice ADD CONSTRAINT consent_choice_once"
            " UNIQUE (subject_id, controller_id, activity, channel)",
            "consent_choice_once is missing",
        ),
        (
            "ALTER TABLE parties_fact DROP CONSTRAINT parties_fact_subject_link",
            "ALTER TABLE parties_fact ADD CONSTRAINT parties_fact_subject_link FOREIGN KEY (subject_id)"
            " REFERENCES parties_subject (id)",
            "the link parties_fact_subject_link is missing",
        ),
        (
            "ALTER TABLE parties_fact DROP CONSTRAINT parties_fact_categories",
            "ALTER TABLE parties_fact ADD CONSTRAINT parties_fact_categories CHECK (category > 0)",
            "parties_fact_categories is missing",
        ),
        (
            "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            " CREATE TRIGGER copied AFTER INSERT ON parties_fact FOR EACH ROW EXECUTE FUNCTION t()",
            "DROP FUNCTION t() CASCADE",
            "has the trigger copied",
        ),
        (
            "ALTER TABLE parties_fact ALTER COLUMN value SET STATISTICS 100",
            "ALTER TABLE parties_fact ALTER COLUMN value SET STATISTICS 0",
            "keeps statistics",
        ),
        (
            "CREATE UNIQUE INDEX one_name ON parties_fact (id)",
            "DROP INDEX one_name",
            "leaves out the subject",
        ),
        ("CREATE PUBLICATION p FOR TABLE parties_fact", "DROP PUBLICATION p", "publication p is not registered"),
    ],
)
def test_a2_h18_tables_that_are_not_as_declared_are_seen(
    live: Installation, broken: str, mended: str, why: str
) -> None:
    assert why in live.sees("structure", "solvik", None, broken, mended)


def test_a2_a_grant_nobody_declared_is_seen_and_so_is_one_that_is_gone(live: Installation) -> None:
    rundtur = live.controllers["rundtur"].pk
    with live.undone("declaration_grant"):
        live.owner.execute(
            "INSERT INTO declaration_grant (controller_id, row_controller_id, activity, category, rights)"
            " VALUES (%(c)s, %(c)s, 'bookkeeping', 1, 1)",
            {"c": rundtur},
        )
        assert live.states("grants", "rundtur") == {"broken"}
        assert live.states("purpose", "rundtur", "activities.bookkeeping.uses") == {"broken"}
        assert live.states("grants", "solvik") == {"kept"}
    assert live.states("grants", "rundtur") == {"kept"}
    assert live.states("purpose", "rundtur") == {"kept"}
    with live.undone("declaration_grant"):
        live.owner.execute("DELETE FROM declaration_grant WHERE controller_id = %s AND activity = 'proof'", [rundtur])
        assert live.states("grants", "rundtur") == {"broken"}


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("confidentiality_signed = NULL", "confidentiality_signed = '2026-01-01'"),
        ("confidentiality_signed = '2099-01-01'", "confidentiality_signed = '2026-01-01'"),
        ("\"left\" = '2026-02-01'", '"left" = NULL'),
    ],
)
def test_a9_staff_without_confidentiality_and_those_who_left_are_seen(
    live: Installation, broken: str, mended: str
) -> None:
    update = "UPDATE parties_staff_member SET"
    live.sees("staff", "solvik", None, f"{update} {broken}", f"{update} {mended}")


def test_a9_staff_reach_only_the_assigned_where_that_is_declared(
    live: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (proof,) = live.proofs("staff", controller="solvik")
    assert proof.finding.evidence["look_ups_tried"] == 2
    live.owner.execute("UPDATE parties_staff_role SET assigned_only = true")
    try:
        (proof,) = live.proofs("staff", controller="rundtur")
        assert (proof.finding.status, proof.finding.evidence["look_ups_tried"]) == ("kept", 2)
        monkeypatch.setattr("tillit.parties.actors._assigned", lambda _actor, _controller, people: set(people))
        assert live.states("staff", "rundtur") == {"broken"}
    finally:
        live.owner.execute("UPDATE parties_staff_role SET assigned_only = false")
    assert live.states("staff", "solvik") == {"broken"}
    assert live.states("staff", "rundtur") == {"kept"}, "there everybody may be looked up"
