"""Norwegian order in Python; its SQL twin is held equal to it in a database without any Norwegian collation."""

import re
from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tillit.declaration.models import Register
from tillit.kernel.collation import CollationError, Ordered, sort_key, sort_key_sql
from tillit.purchases.models import Source

NAMES = [
    "3 Ess",
    "Ada",
    "Émile",
    "Emilie",
    "Mykland",
    "Müller",
    "O'Hara",
    "Ohlsen",
    "Sara",
    "Sára",
    "Thor",
    "Þorvald",
    "Våge",
    "Zara",
    "Zoë",
    "Ærlig",
    "Ästrup",
    "Ødegård",
    "Österberg",
    "Aadland",
    "Ådne",
    "Aase",
    "Åsen",
]
LETTERS = st.text(
    st.sampled_from("aAbzZåÅæÆøØäÄöÖüÜéÉđÐþÞßẞœŒłŋčšž -'’.,3{|}\u00a0a\u030ao\u0308e\u0301日")
    | st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"], max_codepoint=0x24F),
    max_size=12,
)


def test_names_stand_in_norwegian_order():
    shuffled = NAMES[::-2] + NAMES[-2::-2]
    assert sorted(shuffled, key=sort_key) == NAMES
    assert sorted(shuffled) != NAMES


def test_capitals_and_accents_do_not_move_a_name():
    assert sort_key("ÅSE")[0] == sort_key("åse")[0] == sort_key("A\u030ase")[0] == sort_key("Aase")[0]
    assert sort_key("Ann-Mari")[0] == sort_key("ann mari")[0]


def test_aa_is_two_letters_outside_names():
    assert sorted(["Zoo", "Aas", "Abe"], key=sort_key) == ["Abe", "Zoo", "Aas"]
    assert sorted(["Zoo", "Aas", "Abe"], key=lambda text: sort_key(text, names=False)) == [
        "Aas",
        "Abe",
        "Zoo",
    ]


@pytest.mark.parametrize("column", ["", "name; drop table x", "lower(name)", 'na"me', "a.b.c", "Name", "%s"])
def test_only_a_plain_column_is_put_into_sql(column):
    with pytest.raises(CollationError):
        sort_key_sql(column)


def test_the_expression_is_safe_to_use_with_parameters():
    assert "%" not in sort_key_sql("member.name")


@pytest.mark.django_db
def test_the_database_has_no_norwegian_order_of_its_own_and_gets_ours():
    with connection.cursor() as cursor:
        shuffled = NAMES[::-2] + NAMES[-2::-2]
        cursor.execute('SELECT name FROM unnest(%s::text[]) AS t(name) ORDER BY name COLLATE "C"', [shuffled])
        assert [name for (name,) in cursor.fetchall()] != NAMES
        statement = f'SELECT name FROM unnest(%s::text[]) AS t(name) ORDER BY {sort_key_sql("name")}, name COLLATE "C"'
        cursor.execute(statement, [shuffled])
        assert [name for (name,) in cursor.fetchall()] == NAMES


@pytest.mark.django_db
@pytest.mark.parametrize("names", [True, False])
@given(texts=st.lists(LETTERS, max_size=30))
def test_python_and_sql_make_the_same_key(names, texts):
    key = sort_key_sql("name", names=names)
    statement = f"SELECT {key} FROM unnest(%s::text[]) WITH ORDINALITY AS t(name, n) ORDER BY n"
    with connection.cursor() as cursor:
        cursor.execute(statement, [texts])
        assert [key for (key,) in cursor.fetchall()] == [sort_key(text, names=names)[0] for text in texts]


@pytest.mark.django_db
@pytest.mark.parametrize("around", ["{}", "a{}a{}z", "Å{}"])
def test_every_letter_has_the_same_key_in_both(around):
    texts = [around.replace("{}", chr(code)) for code in range(9, 0x3000) if code not in range(0x7F, 0xA0)]
    statement = f"SELECT name, {sort_key_sql('name')} FROM unnest(%s::text[]) AS t(name)"
    with connection.cursor() as cursor:
        cursor.execute(statement, [texts])
        assert [(name, key) for name, key in cursor.fetchall() if key != sort_key(name)[0]] == []


@pytest.mark.django_db
def test_the_expression_may_be_indexed():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE sorted_names (name text) ON COMMIT DROP")
        cursor.execute(f"CREATE INDEX ON sorted_names (({sort_key_sql('name')}))")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT name FROM sorted_names ORDER BY {sort_key_sql('name')}")
        assert re.search("Index Scan", "".join(line for (line,) in cursor.fetchall()))


def test_lists_that_people_read_are_in_norwegian_order() -> None:
    """Of the tables with names each list is asked for by the key, since the database knows the C collation alone."""
    plain = re.compile(r"""order_by\([^)]*(?<!Ordered\()"-?(?:\w+__)*name["]""")
    found = {str(path) for path in Path("tillit").rglob("*.py") if plain.search(path.read_text(encoding="utf-8"))}
    assert found == {"tillit/cases/queries.py"}, "files of a case, by when they were made"


@pytest.mark.django_db
def test_a_query_is_ordered_as_names_are() -> None:
    register = Register.objects.create(key="orden")
    for number, name in enumerate(NAMES[::-2] + NAMES[-2::-2]):
        Source.objects.create(key=f"s{number}", name=name, register=register, accept_from=date(2026, 1, 1))
    assert list(Source.objects.order_by(Ordered("name"), "name").values_list("name", flat=True)) == NAMES
