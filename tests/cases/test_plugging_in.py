"""A domain adds a kind of its own, with categories of its own, and needs no subsystem."""

import pytest
from psycopg import sql

from tests.cases.test_cases import NOW, scope
from tests.conftest import TestDatabase
from tests.support.world import person, publish_examples
from tillit.cases import operations, queries
from tillit.cases.errors import CaseError
from tillit.cases.kinds import KINDS, Field, Kind, add, step
from tillit.cases.models import Case
from tillit.consent.models import Restriction
from tillit.declaration import registry
from tillit.declaration.enforce import policies
from tillit.declaration.errors import UnregisteredTableError
from tillit.declaration.vocabulary import category_key
from tillit.kernel import clock


def test_another_domain_plugs_in_a_kind_of_its_own(fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.travel(NOW)
    fjordlys = publish_examples("power")["fjordlys"]
    monkeypatch.setattr("tillit.cases.kinds.KINDS", dict(KINDS))
    for table in ("cases_case", "cases_entry"):
        monkeypatch.setitem(registry.PERSONAL, table, registry.PERSONAL[table])  # put back afterwards
    kind = Kind(
        "test_claim",
        category="rights_case",
        activity="rights_requests",
        fields={"amount": Field("text", required=True)},
        steps={"paid": step("received", after="closed", settles=True, closes=True)},
        closes_as={"paid": "rights_copy"},
    )
    add(kind)
    add(kind)
    with pytest.raises(CaseError) as twice:
        add(Kind("test_claim", category="rights_case", activity="rights_requests", steps={}))
    assert twice.value.code == "kind-twice"
    assert "rights_copy" in registry.PERSONAL["cases_entry"].categories
    with pytest.raises(UnregisteredTableError):
        registry.also_holds(Case, category="shoe_size")
    with pytest.raises(UnregisteredTableError):
        registry.also_holds(Restriction, category="rights_copy")
    assert kind.may("received") == ["paid"]
    assert kind.may("closed") == []
    with fresh_db.connect("owner", autocommit=True) as owner:  # what the next `tillit migrate` would do
        for table in ("cases_case", "cases_entry"):
            owner.execute(sql.SQL(f"ALTER TABLE {table} DROP CONSTRAINT {table}_categories"))
            for policy, text in policies(registry.PERSONAL[table]):
                owner.execute(sql.SQL(f"DROP POLICY IF EXISTS {policy} ON {table}"))
                owner.execute(sql.SQL(text))
    subject = person(fjordlys, "customer")
    with scope(fjordlys, subject) as open_scope:
        case = operations.open_case(
            scope=open_scope,
            subject_id=subject,
            controller_id=fjordlys.pk,
            kind="test_claim",
            channel="email",
            at=NOW,
            fields={"amount": "100"},
        )
        assert (case.due_at, queries.standing(case).days_left) == (None, None)
        operations.take(scope=open_scope, case=case, step="paid", at=NOW, outcome="paid")
        assert category_key(case.category) == "rights_copy"
        assert {category_key(entry.category) for entry in queries.entries(case=case)} == {"rights_copy"}
        assert case.settled_at == NOW
