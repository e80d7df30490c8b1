"""What every personal table must be, now and when another is added (DESIGN: "The data subject is the key")."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import isolate_apps
from psycopg import sql

from tests.support import databases
from tillit.declaration import registry
from tillit.declaration.enforce import links
from tillit.declaration.errors import UnregisteredTableError
from tillit.declaration.personal import PersonalModel, SubjectForeignKey
from tillit.declaration.registry import PersonalTable
from tillit.kernel.scope import Scope, system
from tillit.platform import database
from tillit.privacy.prove import privileges, row_security, structure

TABLES = sorted(registry.PERSONAL)
# Rows whose id follows from what they are, so that the same one twice is seen. This list may only shrink.
IDS_OF_THEIR_OWN = {
    "purchases_purchase": "the digest of source and external id",
    "bonus_correction": "the natural key of the transfers it explains",
}
GUARDED = ["audit_link", "audit_queue", "ledger_closing", "parties_directory", "parties_data_key"]


@pytest.fixture
def catalog(owner_connection: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    return owner_connection


def _model(table: str) -> type[models.Model]:
    return registry.PERSONAL[table].model


@pytest.mark.django_db
def test_a2_the_database_is_what_registry_and_models_say() -> None:
    with Scope(system("test", {1}), "proof"):
        assert list(structure.faults()) == []
        assert list(row_security.faults()) == []
        assert list(privileges.faults()) == []


@pytest.mark.parametrize("table", TABLES)
def test_the_key_is_the_person_and_a_random_id(table: str, catalog: psycopg.Connection[Any]) -> None:
    assert _model(table)._meta.pk_fields == [
        _model(table)._meta.get_field("subject_id"),
        _model(table)._meta.get_field("id"),
    ]
    row = catalog.execute(
        "SELECT column_default, data_type FROM information_schema.columns WHERE table_name = %s AND column_name = 'id'",
        [table],
    ).fetchone()
    assert row is not None
    default, kind = row
    if table in IDS_OF_THEIR_OWN:
        assert (default, kind) == (None, "uuid")
    else:
        assert default is not None, f"{table}: the id has no default in the database"
        assert "nextval" not in default


def test_every_exception_is_still_one() -> None:
    assert set(IDS_OF_THEIR_OWN) <= set(TABLES)
    assert len(IDS_OF_THEIR_OWN) <= 2


@pytest.mark.parametrize("table", TABLES)
def test_unique_rules_name_the_person(table: str) -> None:
    model = _model(table)
    for rule in model._meta.constraints:
        if isinstance(rule, models.UniqueConstraint):
            assert "subject_id" in rule.fields, rule.name
    assert not [f.name for f in model._meta.concrete_fields if f.unique]


@pytest.mark.parametrize("table", TABLES)
def test_no_link_leaves_the_person(table: str) -> None:
    for field in _model(table)._meta.get_fields():
        related = getattr(field, "related_model", None)
        name = related._meta.db_table if related is not None and related != "self" else ""
        if name in registry.PERSONAL and field.concrete:
            assert isinstance(field, SubjectForeignKey), f"{table}.{field.name}"
        assert type(field).__name__ not in {"GenericForeignKey", "GenericRelation", "ManyToManyField"}, field


@pytest.mark.parametrize("table", TABLES)
def test_text_leaves_no_trace_in_the_planners_statistics(table: str, catalog: psycopg.Connection[Any]) -> None:
    rows = catalog.execute(
        "SELECT attname, attstattarget FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND typname IN ('text', 'varchar', 'bpchar', 'jsonb', 'bytea')",
        [table],
    ).fetchall()
    told = registry.PERSONAL[table]
    counted = {name for name, target in rows if target != 0}
    assert counted <= told.counted
    assert {*told.codes, told.kind_column} - {None} <= counted
    # What is counted are words of ours: never the values that retention empties or that stand sealed.
    texts = {field.column for field in told.model._meta.concrete_fields if isinstance(field, models.CharField)}
    assert counted <= texts - {"value", *told.sealed, *told.pseudonymise}


@pytest.fixture
def copy(django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    """The owner on a copy of its own."""
    name = databases.clone(databases.template())
    try:
        with database.connect("owner", name=name, autocommit=True) as owner:
            yield owner
    finally:
        databases.drop(name)


@isolate_apps("tillit.parties")
def test_a_row_cannot_point_at_another_persons_row(copy: psycopg.Connection[Any]) -> None:
    class Parent(PersonalModel):
        class Meta:
            app_label = "parties"
            db_table = "test_parent"

    class Child(PersonalModel):
        parent_id = models.BigIntegerField()
        parent = SubjectForeignKey(Parent, "parent_id", cascade=True)

        class Meta:
            app_label = "parties"
            db_table = "test_child"

    for model in (Parent, Child):
        copy.execute(sql.SQL(_created(model)))
    (name, definition), *_ = [one for one in links(_registered(Child)) if one[0] == "parent_link"]
    assert name == "parent_link"
    copy.execute(sql.SQL(f"ALTER TABLE test_child ADD CONSTRAINT link {definition}"))
    insert = "INSERT INTO {} (subject_id, id, controller_id{}) VALUES ({})"
    copy.execute(insert.format("test_parent", "", "1, 10, 1"))
    copy.execute(insert.format("test_child", ", parent_id", "1, 20, 1, 10"))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        copy.execute(insert.format("test_child", ", parent_id", "2, 21, 1, 10"))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        copy.execute("UPDATE test_child SET subject_id = 2")
    copy.execute("DELETE FROM test_parent")
    assert copy.execute("SELECT count(*) FROM test_child").fetchone() == (0,)


def _created(model: type[models.Model]) -> str:
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        text, params = editor.table_sql(model)
    return str(text) % tuple(map(editor.quote_value, params or ()))


def _registered(model: type[models.Model]) -> PersonalTable:
    return PersonalTable(model, "identity", None, {}, categories=("identity",))


def test_a2_a_model_without_an_answer_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.load()
    monkeypatch.delitem(registry.PERSONAL, "parties_fact")
    with pytest.raises(UnregisteredTableError, match="no personal-data answer for: parties_fact"):
        registry.load()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"category": "shoe_size", "clocks": {}}, "unknown category shoe_size"),
        ({"category": "identity", "clocks": {"someday": "collected_at"}}, "unknown clock event someday"),
        ({"category": "identity", "clocks": {"collected": "gathered_at"}}, "no column gathered_at"),
        ({"clocks": {}}, "name either a category or a category column"),
        ({"category_column": "category", "clocks": {}}, "comes with the categories"),
        ({"category": "identity", "clocks": {}, "sealed": ("secret",)}, "no column secret"),
    ],
)
def test_a2_an_answer_that_does_not_fit_its_model_is_refused(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(UnregisteredTableError, match=fault):
        registry.personal(_model("parties_fact"), **given)


def test_a2_a_table_without_the_key_columns_is_no_personal_table() -> None:
    with pytest.raises(UnregisteredTableError, match="lacks subject_id"):
        registry.personal(apps.get_model("declaration", "Controller"), category="identity", clocks={})


@pytest.mark.parametrize("table", GUARDED)
def test_h18_the_application_writes_no_guarded_table_directly(table: str, django_db_setup: None) -> None:
    from django.db import connections

    with database.connect("app", name=connections.settings["default"]["NAME"], autocommit=True) as app:
        for statement in (
            "DELETE FROM {0}",
            "INSERT INTO {0} SELECT * FROM {0}",
            "TRUNCATE {0}",
            "UPDATE {0} SET {1} = {1}",
        ):
            row = app.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [table]
            ).fetchone()
            assert row is not None
            with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
                app.execute(sql.SQL(statement).format(sql.Identifier(table), sql.Identifier(row[0])))
            assert refused.value.sqlstate == "42501"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(sql.Identifier(table)))


def test_a3_a_published_version_cannot_be_changed(django_db_setup: None) -> None:
    from django.db import connections

    with database.connect("app", name=connections.settings["default"]["NAME"], autocommit=True) as app:
        for statement in ("UPDATE declaration_version SET number = 2", "DELETE FROM declaration_version"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)


def test_h18_functions_that_run_as_others_are_pinned_and_their_owners_cannot_log_in(
    catalog: psycopg.Connection[Any],
) -> None:
    rows = catalog.execute(
        "SELECT p.proname, r.rolname, r.rolcanlogin, r.rolsuper, r.rolbypassrls, p.proconfig FROM pg_proc p"
        " JOIN pg_roles r ON r.oid = p.proowner"
        " WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"
    ).fetchall()
    assert len(rows) > 20
    for name, owner, logs_in, superuser, bypasses, settings in rows:
        assert owner in database.KEEPERS, name
        assert (logs_in, superuser, bypasses) == (False, False, False), owner
        path = next(one for one in settings if one.startswith("search_path="))
        assert path.endswith("pg_temp"), f"{name}: a temporary table could stand before {path}"
