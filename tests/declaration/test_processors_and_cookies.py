"""The register of processors with chains of any depth (A8), and the cookie policy with every item's facts (G1)."""

from datetime import date
from pathlib import Path

from tests.declaration.test_statement_complete import FILES
from tests.declaration.wrong import FIXTURE, edited
from tillit.declaration.checks import check
from tillit.declaration.loader import load
from tillit.declaration.schema import Declaration, Processor
from tillit.declaration.statement.build import cookie_policy, statement
from tillit.declaration.statement.document import Table
from tillit.declaration.statement.wording import Words


def chain(declaration: Declaration, depth: int, *, closed: bool = False) -> Declaration:
    """The declaration with a chain of `depth` processors, the first one under the last where `closed`."""
    links = tuple(
        Processor(
            key=f"link_{n}",
            name=f"Ledd {n}",
            service={"nb": f"Tjeneste {n}", "en": f"Service {n}"},
            agreement=date(2026, 1, 1),
            under=f"link_{n - 1}" if n else (f"link_{depth - 1}" if closed else None),
        )
        for n in range(depth)
    )
    return declaration.model_copy(update={"processors": declaration.processors + links})


def table(document, section: str) -> Table:
    found = next(inner for _, inner in document.walk() if inner.key == section)
    return next(block for block in found.blocks if isinstance(block, Table))


def test_a8_a_chain_of_any_depth_is_accepted_and_published_and_a_loop_refused():
    declaration, source = load(FIXTURE)
    deep = chain(declaration, 40)
    assert check(deep, source) == []
    rows = table(statement(deep, "nb"), "processors").rows
    assert ("Ledd 39", "Underleverandør av Ledd 38") in [row[0] for row in rows]
    assert len(rows) == 42
    assert {problem.code for problem in check(chain(declaration, 40, closed=True), source)} == {"processor-loop"}


def test_a8_the_list_says_service_data_place_and_agreement():
    declaration, _ = load(FIXTURE)
    row = table(statement(declaration, "nb"), "processors").rows[1]
    assert row[0] == ("Skyhall", "Underleverandør av Drift og Vel")
    assert row[1:] == (
        ("Utsending av e-post", "Formidler e-post"),
        ("Kontaktopplysninger (adresse, e-post, telefon)",),
        ("USA",),
        ("16. februar 2025",),
    )


def test_g1_every_item_of_every_example_stands_in_its_cookie_policy_with_all_its_facts():
    counted = 0
    for path in FILES:
        declaration, _ = load(path)
        for language in declaration.controller.languages:
            words = Words(declaration, language)
            document = cookie_policy(declaration, language)
            for item in declaration.cookies.items:
                rows = table(document, f"cookies-{item.group}").rows
                life = words.period(item.life.period) if item.life.period else ""
                wanted = (
                    (item.name,),
                    (words.of(item.purpose),),
                    (
                        item.owner,
                        *((words.party(item.processor),) if item.processor else ()),
                        *item.hosts,
                        words.country(item.country),
                    ),
                    (words(f"cookies.lives.{item.life.type}", period=life),),
                    (words(f"cookies.kinds.{item.kind}"), words(f"cookies.storages.{item.storage}")),
                )
                assert rows.count(wanted) >= 1, (path, item.name)
                counted += 1
    assert counted > 200


def test_g1_a_rolling_life_counts_from_the_last_visit(tmp_path: Path):
    rows = table(cookie_policy(load(FIXTURE)[0], "nb"), "cookies-analytics").rows
    assert rows[0][3] == ("2 år fra ditt siste besøk",)
    path = edited(tmp_path, ("life: {type: rolling, period: P2Y}", "life: {type: fixed, period: P13M}"))
    rows = table(cookie_policy(load(path)[0], "nb"), "cookies-analytics").rows
    assert rows[0][3] == ("13 måneder fra den ble satt",)


def test_g1_what_is_strictly_necessary_comes_first_and_has_no_purpose_to_consent_to():
    document = cookie_policy(load(FIXTURE)[0], "nb")
    assert [section.key for section in document.sections] == ["cookies-necessary", "cookies-analytics", "sites"]
    assert document.sections[0].title == "Strengt nødvendig"
