"""Plans that a connection keeps: made once, and what a scope may see is looked up each time all the same (H1, H18)."""

import pytest
from django.db import connection

from tests.support.world import person, publish_examples
from tillit.kernel.scope import Scope, UnscopedAccessError, system
from tillit.privacy.outlook import outlook
from tillit.privacy.planned import planned
from tillit.privacy.presence import held

pytestmark = pytest.mark.django_db


def _kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'tillit\\_planned\\_%'")
        return int(cursor.fetchone()[0])


def test_h18_a_kept_plan_shows_each_scope_what_is_its_own() -> None:
    unions = publish_examples("union_benefits")
    mine, other = (system("test", {unions[key].pk}) for key in ("lyngheim", "steinlia"))
    kari = person(unions["lyngheim"], given="Kari", email="kari@eksempel.example")
    with Scope(mine, "rights_requests"):
        seen = held([kari])
        cells = [(cell.table, cell.category, cell.rows) for cell in outlook(subject_id=kari)]
    assert {one.category for one in seen} >= {"identity", "contact", "relationship"}
    kept = _kept()
    assert kept >= 3, "tables together, facts, relationships"
    with Scope(other, "rights_requests"):
        assert held([kari]) == []
    with Scope(mine, "statistics"):
        assert {one.category for one in held([kari])} < {one.category for one in seen}
    with Scope(mine, "rights_requests"):
        assert held([kari]) == seen
        assert [(cell.table, cell.category, cell.rows) for cell in outlook(subject_id=kari)] == cells
    assert _kept() == kept, "planned once"


def test_h18_a_kept_plan_is_no_way_round_the_scope() -> None:
    lyngheim = publish_examples("union_benefits")["lyngheim"]
    kari = person(lyngheim, given="Kari")
    with Scope(system("test", {lyngheim.pk}), "rights_requests"):
        assert held([kari])
    with pytest.raises(UnscopedAccessError):
        held([kari])


def test_a_planned_statement_takes_each_parameter_wherever_it_stands() -> None:
    with Scope(system("test", {1}), "rights_requests"), planned() as asking:
        asked = "SELECT %(a)s::int + 1, %(b)s::text || '%%', %(a)s::int WHERE 5 %% 2 = 1"
        assert asking.ask(asked, {"b": "x'", "a": 1, "unused": None}) == [(2, "x'%", 1)]
        assert asking.ask(asked, {"b": "y", "a": 2}) == [(3, "y%", 2)]
        assert asking.ask("SELECT 7", {}) == [(7,)]
    with connection.cursor() as cursor:
        cursor.execute("SHOW plan_cache_mode")
        assert cursor.fetchone() == ("auto",)
