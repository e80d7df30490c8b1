"""Partners' lists (D1): matched by digest, exact on repeat, put aside, approved where they end many, expired."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.services.products import NOW, Company, company
from tillit.consent import operations as consent
from tillit.declaration.models import Controller
from tillit.journeys import partner_feeds
from tillit.journeys.files.entitlements import KIND, EntitlementRows
from tillit.kernel import clock
from tillit.kernel.identifiers.national_number import check_digits
from tillit.kernel.scope import Actor
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.privacy import retention
from tillit.privacy.prove.run import prove
from tillit.services.agreement_models import Agreement
from tillit.services.entitlement_models import Entitlement, PartnerFile, QuarantinedEntitlement
from tillit.services.errors import ServiceError
from tillit.services.product_models import Partner, Payer

Send = Callable[..., partner_feeds.Outcome]
HEAD = "fornavn;etternavn;fødselsnummer;kundenummer;produkt;til;e-post"


@pytest.fixture
def trygghavn(fresh_db: object) -> Company:
    clock.travel(NOW)
    return company()


@pytest.fixture
def send(tmp_path: Path, trygghavn: Company) -> Send:
    def sent(*rows: str, of: Partner | None = None, full: bool = True, **more: Any) -> partner_feeds.Outcome:
        path = tmp_path / "list.csv"
        path.write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
        return partner_feeds.take_file(path=path, partner=of or trygghavn.bank, full=full, **more)

    return sent


def national_number(number: int) -> str:
    """A synthetic one (month + 80)."""
    made = (f"0581{90 + number % 9}{individual}" for individual in range(100 + 30 * number, 499))
    return next(nine + checks for nine in made if (checks := check_digits(nine)) is not None)


def row(number: int, given: str = "Kari", ends: str = "", national: str | None = None) -> str:
    said = national_number(number) if national is None else national
    return f"{given};Fjell;{said};K-{number};trygg;{ends};{given.lower()}{number}@post.example"


def facts(of: Company, subject: int) -> dict[str, str]:
    with of.everyone():
        rows = Fact.objects.filter(subject_id=subject, superseded_at__isnull=True)
        return dict(rows.values_list("kind", "value"))


def test_d1_a_list_makes_entitlements_by_digest_and_takes_only_what_the_declaration_says(
    trygghavn: Company, send: Send
) -> None:
    done = send(row(1), row(2, "Ola"))
    assert done.difference.counts()["new"] == 2
    assert done.difference.counts()["not_taken"] == 2, "Fjordbank may not send e-mail addresses"
    first, second = trygghavn.entitled()
    assert (first.number, first.starts, first.ends) == ("K-1", date(2026, 3, 2), None)
    assert facts(trygghavn, first.subject_id) == {"name.given": "Kari", "name.family": "Fjell"}
    with trygghavn.everyone():
        assert SealedFact.objects.filter(subject_id=first.subject_id, kind="national_number").count() == 1
        assert set(Relationship.objects.values_list("kind", flat=True)) == {"prospect"}
    send("Liv;Hav;;M-9;trygg;;liv@post.example", of=trygghavn.union)
    liv = trygghavn.entitled()[-1]
    assert facts(trygghavn, liv.subject_id)["email"] == "liv@post.example", "Havfiskerforbundet may"
    assert second.subject_id != first.subject_id


def test_d1_the_same_list_again_does_nothing_at_all(trygghavn: Company, send: Send) -> None:
    first = send(row(1), row(2, "Ola"))
    before = [(one.id, one.recorded_at, one.listed) for one in trygghavn.entitled()]
    clock.travel(datetime(2026, 3, 9, 9, tzinfo=UTC))
    again = send(row(1), row(2, "Ola"))
    assert again.repeated
    assert again.file == first.file
    assert [(one.id, one.recorded_at, one.listed) for one in trygghavn.entitled()] == before


def test_d1_a_known_customer_is_recognised_by_the_national_number_and_keeps_their_own_words(
    trygghavn: Company, send: Send
) -> None:
    send(row(1))
    (kari,) = trygghavn.entitled()
    done = send("Karianne;Fjell;" + national_number(1) + ";K-1;trygg;;", full=False)
    assert done.difference.counts()["changed"] == 1
    assert facts(trygghavn, kari.subject_id)["name.given"] == "Karianne", "the partner's own word is replaced"
    assert len(trygghavn.entitled()) == 1


def test_d1_conflicts_and_damaged_rows_are_put_aside_and_mended(trygghavn: Company, send: Send) -> None:
    send(row(1), row(2, "Ola"))
    bad = send(
        row(1, national=national_number(2)),  # one's customer number, another's national number
        "Nils;Berg;;K-2;trygg;;",  # Ola's customer number
        "Eva;Li;12345678901;K-3;trygg;;",
        "Per;Li;;K-4;hus;;",
        "Ida;Li;;;trygg;;",
        "Geir;Li;;K-5;trygg;;",
        "Geir;Li;;K-5;trygg;;",
        full=False,
    )
    reasons = {one.line: one.code for one in bad.difference.rejects}
    assert reasons == {
        2: "number-of-another",
        3: "other-person",
        4: "national-number-checksum",
        5: "unknown-product",
        6: "no-identifier",
        8: "row-doubled",
    }
    assert len(trygghavn.entitled()) == 3
    waiting = QuarantinedEntitlement.objects.get(reason="unknown-product")
    assert b"Per" not in bytes(waiting.sealed or b"")
    values = partner_feeds.open_row(waiting) | {"product": "trygg"}
    waiting.sealed = partner_feeds.seal(file=waiting.file, line=waiting.line, values=values)
    waiting.save()
    assert partner_feeds.replay(partner=trygghavn.bank, rows=[waiting])["taken_in"] == 1
    assert len(trygghavn.entitled()) == 4
    waiting.refresh_from_db()
    assert (waiting.resolution, waiting.sealed) == ("taken in", None)


def test_d1_a_list_that_ends_too_many_waits_for_approval(trygghavn: Company, send: Send) -> None:
    everybody = [row(n, "Kari") for n in range(1, 11)]
    send(*everybody)
    short = send(*everybody[:5])
    assert short.waiting
    assert all(one.ends is None for one in trygghavn.entitled())
    tried = send(*everybody[:5], dry_run=True)
    assert tried.difference.counts()["ends"] == 5
    done = send(*everybody[:5], approved={"ends": 5}, approved_by=7)
    assert not done.waiting
    assert sum(one.end_reason == "not_listed" for one in trygghavn.entitled()) == 5
    assert done.file is not None
    assert (done.file.state, done.file.approved_by) == ("applied", 7)


def test_d1_damaged_rows_keep_those_missing_from_ending(trygghavn: Company, send: Send) -> None:
    trygghavn.bank.most_ends = 1000
    trygghavn.bank.save()
    send(row(1), row(2, "Ola"))
    assert send(row(1), ";Fjell;;K-2;trygg;;").difference.withheld == 1
    assert all(one.ends is None for one in trygghavn.entitled())
    send(row(1))
    assert [one.end_reason for one in trygghavn.entitled()] == ["", "not_listed"]


def test_d1_free_access_ends_with_the_entitlement_on_its_own_day(trygghavn: Company, send: Send) -> None:
    send(row(1, ends="2026-03-10"))
    (kari,) = trygghavn.entitled()
    trygghavn.born(kari.subject_id, "1990-05-04")
    trygghavn.agree(kari.subject_id, Payer.PARTNER, partner=trygghavn.bank)
    clock.travel(datetime(2026, 3, 9, 9, tzinfo=UTC))
    assert partner_feeds.expire() == 0
    clock.travel(datetime(2026, 3, 12, 9, tzinfo=UTC))
    assert partner_feeds.expire() == 1
    assert partner_feeds.expire() == 0
    with trygghavn.everyone():
        (ended,) = Agreement.objects.filter(subject_id=kari.subject_id)
    assert (ended.ends, ended.end_reason) == (date(2026, 3, 10), "not_entitled")
    assert not trygghavn.access(kari.subject_id, date(2026, 3, 10))


def test_d1_who_never_used_it_is_gone_three_months_after_the_entitlement(trygghavn: Company, send: Send) -> None:
    send(row(1, ends="2026-03-10"), row(2, "Ola"))
    kari, _ = trygghavn.entitled()
    clock.travel(datetime(2026, 3, 10, 9, tzinfo=UTC))
    partner_feeds.expire()
    clock.travel(datetime(2026, 6, 9, 9, tzinfo=UTC))
    retention.run()
    assert facts(trygghavn, kari.subject_id)
    clock.travel(datetime(2026, 6, 10, 9, tzinfo=UTC))
    retention.run()
    assert facts(trygghavn, kari.subject_id) == {}
    (left,) = trygghavn.entitled()
    assert facts(trygghavn, left.subject_id)["name.given"] == "Ola"


def test_h4_a_restricted_person_is_left_as_they_are(trygghavn: Company, send: Send) -> None:
    trygghavn.bank.most_ends = 1000
    trygghavn.bank.save()
    send(row(1), row(2, "Ola"))
    kari, _ = trygghavn.entitled()
    with trygghavn.scope(kari.subject_id, "rights_requests") as opened:
        consent.restrict(
            scope=opened,
            subject_id=kari.subject_id,
            controller_id=trygghavn.controller.pk,
            ground="accuracy",
            at=clock.now(),
        )
    done = send(row(2, "Ola"))
    assert all(one.ends is None for one in trygghavn.entitled()), done.done


def test_d1_free_access_that_nothing_stands_behind_is_seen(trygghavn: Company, send: Send) -> None:
    def status() -> set[str]:
        found = prove(controllers=["trygghavn"], kinds=["domains"])
        return {one.finding.status for one in found if "entitlement_check" in one.promise.path}

    send(row(1))
    (kari,) = trygghavn.entitled()
    trygghavn.born(kari.subject_id, "1990-05-04")
    trygghavn.agree(kari.subject_id, Payer.PARTNER, partner=trygghavn.bank)
    assert status() == {"kept"}
    with trygghavn.scope(kari.subject_id, "entitlement_check"):
        Entitlement.objects.filter(id=kari.id).update(ends=date(2026, 3, 2), end_reason="withdrawn")
    assert "broken" in status()


def test_d1_rows_of_an_equal_partner_of_another_controller_are_out_of_reach(trygghavn: Company, send: Send) -> None:
    send(";Fjell;;K-2;trygg;;")
    (ours,) = QuarantinedEntitlement.objects.all()
    other = Controller.objects.create(key="annet", name="Annet AS", register_id=trygghavn.controller.register_id)
    theirs = Partner.objects.create(controller=other, key="fjordbank", name="Fjordbank", country="NO")
    file = PartnerFile.objects.create(
        partner=theirs, name="a.csv", way="file", digest="0" * 64, full=True, state="applied", received_at=clock.now()
    )
    sealed = partner_feeds.seal(file=file, line=2, values={"given": "Secret"})
    row = QuarantinedEntitlement.objects.create(file=file, line=2, field="product", reason="missing", sealed=sealed)
    rows, me = EntitlementRows(), Actor("staff", "3", frozenset({trygghavn.controller.pk}), frozenset({"x"}))
    target = next(one.key for one in KIND.targets(trygghavn.controller) if one.key.startswith("fjordbank"))
    shown, count = rows.listed(target=target, reference=None, code="", offset=0, limit=9)
    assert ([one.id for one in shown], count, rows.codes(target=target)) == ([ours.pk], 1, {"missing": 1})
    assert rows.one(target=target, row=row.pk) is None
    assert rows.again(target=target, rows=[], reference=None, actor=me).counts["rows"] == 1
    for act in (
        lambda: rows.opened(row=row.pk, actor=me),
        lambda: rows.discard(rows=[row.pk], because="test", actor=me),
    ):
        with pytest.raises(ServiceError, match="waits no more"):
            act()
    assert rows.opened(row=ours.pk, actor=me)["family"] == "Fjell"


def test_d1_d5_a_customer_number_that_is_a_card_number_is_put_aside_alone(trygghavn: Company, send: Send) -> None:
    done = send(row(1), "Eva;Li;;4111111111111111;trygg;;")
    assert [(one.line, one.code) for one in done.difference.rejects] == [(3, "card-number")]
    assert [one.number for one in trygghavn.entitled()] == ["K-1"]
