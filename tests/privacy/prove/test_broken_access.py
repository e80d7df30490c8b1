"""The running system is broken as its owner would break it; each check of access sees it, and sees it mended."""

from dataclasses import replace
from typing import LiteralString

import pytest

from tests.privacy.prove.conftest import Installation, as_admin
from tillit.platform import database

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
            "ALTER FUNCTION keys_drop SET search_path = evil, public",
            "ALTER FUNCTION keys_drop SET search_path = public, pg_temp",
            "keys_drop(",
        ),
        (
            "CREATE FUNCTION ledger_post(text) RETURNS SETOF parties_fact LANGUAGE sql SECURITY DEFINER AS"
            " 'SELECT * FROM parties_fact'",
            "DROP FUNCTION ledger_post(text)",
            "the function ledger_post(text) is not registered",
        ),
        (
            "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT $1::text'",
            "DROP FUNCTION public.lower(varchar)",
            "the function lower(character varying) is not registered",
        ),
        (
            "ALTER FUNCTION tillit_now() VOLATILE",
            "ALTER FUNCTION tillit_now() STABLE",
            "tillit_now() is another one",
        ),
        (
            "GRANT CREATE ON SCHEMA public TO tillit_app",
            "REVOKE CREATE ON SCHEMA public FROM tillit_app",
            "tillit_app may CREATE the schema",
        ),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM PUBLIC",
            "PUBLIC may SELECT new r",
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
    assert "tillit_any_subject() is another one" in live.sees("privileges", "solvik", None, wrong, right)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("ALTER ROLE tillit_proof BYPASSRLS", "the role tillit_proof can bypass row security"),
        ("ALTER ROLE tillit_app SUPERUSER", "the role tillit_app can bypass row security"),
        ("ALTER ROLE tillit_backup CREATEROLE", "the role tillit_backup can make roles or databases"),
        ("ALTER ROLE tillit_keys LOGIN", "the role tillit_keys can log in"),
        ("GRANT tillit_ledger TO tillit_app", "the role tillit_app has the rights of tillit_ledger"),
        ("GRANT tillit_ledger TO tillit_backup", "the role tillit_backup has the rights of tillit_ledger"),
        ("GRANT pg_read_all_data TO tillit_backup", "the role tillit_backup has the rights of pg_read_all_data"),
        ("CREATE ROLE tillit_helper", "the role tillit_helper is not known"),
        ("CREATE ROLE spy LOGIN SUPERUSER", "the role spy can bypass row security"),
        ("CREATE ROLE reader LOGIN BYPASSRLS", "the role reader can bypass row security"),
        ("CREATE ROLE copier LOGIN REPLICATION", "the role copier can copy the whole server"),
        (
            "CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader",
            "the role reader has the rights of pg_read_all_data",
        ),
        ("CREATE ROLE friend LOGIN IN ROLE tillit_owner", "the role friend has the rights of tillit_owner"),
        (
            "CREATE ROLE friend LOGIN; GRANT SELECT ON parties_fact TO friend",
            "friend may SELECT parties_fact",
        ),
        (
            "ALTER ROLE tillit_app SET session_replication_role = 'replica'",
            "sessions of the role tillit_app begin with another session_replication_role",
        ),
        ("ALTER ROLE ALL SET row_security = off", "sessions of the database begin with another row_security"),
        (
            "GRANT SET ON PARAMETER session_replication_role TO tillit_app",
            "tillit_app may SET the setting session_replication_role",
        ),
        ("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO tillit_app", "tillit_app may EXECUTE pg_read_file(text)"),
        ("GRANT SELECT ON pg_statistic TO tillit_backup", "tillit_backup may SELECT pg_statistic"),
        ("GRANT CREATE ON SCHEMA public TO tillit_app", "tillit_app may CREATE the schema"),
    ],
)
def test_a9_h18_a_role_that_can_step_around_is_seen(
    live: Installation, monkeypatch: pytest.MonkeyPatch, change: LiteralString, why: str
) -> None:
    """Roles belong to the whole server: changed in a transaction that only the look itself shares, and rolled back."""
    assert live.states("privileges", "solvik") == {"kept"}
    with as_admin(live, monkeypatch) as admin:
        admin.execute(change)
        (proof,) = live.proofs("privileges", controller="solvik")
        assert why in proof.finding.faults


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
        ("CREATE SCHEMA evil", "DROP SCHEMA evil", "schema evil is not registered"),
        (
            "CREATE SCHEMA evil; CREATE FUNCTION evil.now() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "DROP SCHEMA evil CASCADE",
            "function evil.now() is not registered",
        ),
        (
            "CREATE INDEX spy ON parties_fact (lower(value))",
            "DROP INDEX spy",
            "parties_fact: the planner keeps statistics of what the index spy is made of",
        ),
        ("CREATE INDEX more ON parties_session (expire_date)", "DROP INDEX more", "has the index more"),
        (
            "CREATE STATISTICS pairs ON kind, value FROM parties_fact",
            "DROP STATISTICS pairs",
            "has the extended statistics pairs",
        ),
        (
            "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            " CREATE TRIGGER lose BEFORE INSERT ON purchases_seen FOR EACH ROW EXECUTE FUNCTION t()",
            "DROP FUNCTION t() CASCADE",
            "purchases_seen has the trigger lose",
        ),
        (
            "CREATE RULE lose AS ON INSERT TO audit_queue DO INSTEAD NOTHING",
            "DROP RULE lose ON audit_queue",
            "audit_queue has the rewrite rule lose",
        ),
        (
            "ALTER TABLE purchases_seen ALTER source_id SET DEFAULT 1",
            "ALTER TABLE purchases_seen ALTER source_id DROP DEFAULT",
            "purchases_seen.source_id is another one",
        ),
        (
            "ALTER TABLE ledger_transfer ALTER amount DROP NOT NULL",
            "ALTER TABLE ledger_transfer ALTER amount SET NOT NULL",
            "ledger_transfer.amount is another one",
        ),
    ],
)
def test_a2_h18_tables_that_are_not_as_declared_are_seen(
    live: Installation, broken: str, mended: str, why: str
) -> None:
    assert why in live.sees("structure", "solvik", None, broken, mended)


@pytest.mark.parametrize(
    ("table", "name", "instead", "why"),
    [
        ("ledger_balance", "ledger_balance_holding", "CHECK (true)", "the rule ledger_balance_holding is another one"),
        ("ledger_transfer", "ledger_transfer_amount", "CHECK (amount > 0) NOT VALID", "is not enforced"),
        ("purchases_seen", "purchases_seen_pkey", None, "the rule purchases_seen_pkey is missing"),
        ("parties_fact", "parties_fact_categories", "CHECK (category > 0)", "parties_fact_categories is another one"),
        ("ledger_book", "ledger_book_key", "UNIQUE (controller_id, key, currency)", "ledger_book_key is another one"),
        (
            "parties_fact",
            "parties_fact_subject_link",
            "FOREIGN KEY (subject_id) REFERENCES parties_subject (id) ON DELETE CASCADE",
            "the link parties_fact_subject_link is another one",
        ),
    ],
)
def test_a2_c9_a_rule_that_has_its_name_and_says_something_else_is_seen(
    live: Installation, table: str, name: str, instead: str | None, why: str
) -> None:
    said = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s"
    row = live.owner.execute(said, [name]).fetchone()
    assert row is not None
    drop, add = f"ALTER TABLE {table} DROP CONSTRAINT {name}", f"ALTER TABLE {table} ADD CONSTRAINT {name}"
    broken, mended = (f"{drop}; {add} {instead}", f"{drop}; {add} {row[0]}") if instead else (drop, f"{add} {row[0]}")
    assert why in live.sees("structure", "solvik", None, broken, mended)


@pytest.mark.parametrize(
    ("kind", "broken", "mended", "why"),
    [
        (
            "structure",
            "ALTER TABLE parties_fact DISABLE TRIGGER ALL",
            "ALTER TABLE parties_fact ENABLE TRIGGER ALL",
            "the link parties_fact_subject_link is not enforced",
        ),
        (
            "privileges",
            "ALTER TABLE jobs_last_run OWNER TO tillit_directory",
            "ALTER TABLE jobs_last_run OWNER TO tillit_owner",
            "jobs_last_run is owned by tillit_directory",
        ),
    ],
)
def test_h18_what_only_an_administrator_can_break_is_seen(
    live: Installation, kind: str, broken: str, mended: str, why: str
) -> None:
    with database.connect("admin", name=live.owner.info.dbname, autocommit=True) as admin:
        assert why in replace(live, owner=admin).sees(kind, "solvik", None, broken, mended)


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


def test_a9_a_session_of_staff_with_one_factor_is_seen(live: Installation) -> None:
    live.sees(
        "second_factor",
        "solvik",
        None,
        "INSERT INTO parties_session (session_key, session_data, expire_date, login_id, method)"
        " SELECT 'weak' || login_id, '', '2099-01-01', login_id, 'email_code' FROM parties_staff_member",
        "DELETE FROM parties_session WHERE session_key LIKE 'weak%'",
    )


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
