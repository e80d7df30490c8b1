"""Bonus lives the year it was earned and the next (C7); what is past expires, once; members are told before."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st

from tests.bonus.conftest import Y27, Y28, World
from tests.bonus.test_use import balance, use
from tillit.bonus import operations, programmes, queries
from tillit.bonus.models import Programme
from tillit.bonus.warnings import warn
from tillit.kernel import clock
from tillit.ledger import queries as ledger
from tillit.ledger.kinds import NEVER
from tillit.ledger.models import Transfer
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.privacy.prove.run import prove

NEW_YEAR = datetime(2026, 12, 31, 23, tzinfo=UTC)


def expire(world: World, on: date, *, dry_run: bool = False) -> operations.Expired:
    return operations.expire(programme=world.programmes["nordkai"], on=on, at=clock.now(), dry_run=dry_run)


def test_c7_the_expiry_run_empties_what_is_past_and_a_second_run_finds_nothing(world: World) -> None:
    people = [world.member() for _ in range(3)]
    for subject in people:
        world.earn(subject, 1000, expires=Y27)
        world.earn(subject, 500, expires=Y28)
    use(world, people[0], 400)
    assert (expire(world, Y27 - timedelta(days=1)).lots, balance(world, people[1]).available) == (0, 1500)
    with clock.travel(NEW_YEAR):
        rehearsed = expire(world, Y27, dry_run=True)
        assert (rehearsed.lots, rehearsed.amount) == (3, 2600)
        assert expire(world, Y27) == rehearsed
        assert expire(world, Y27).lots == 0
        assert [balance(world, subject).available for subject in people] == [500] * 3
        with world.scope("proof"):
            assert Transfer.objects.filter(credit_kind=3).count() == 3
            assert ledger.unexplained() == 0


def test_c7_the_run_commits_chunk_by_chunk_and_takes_up_where_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        world.earn(world.member(), 100, expires=Y27)
    monkeypatch.setattr(operations, "CHUNK", 2)
    told: list[tuple[int, int]] = []

    def stop(lots: int, amount: int) -> None:
        told.append((lots, amount))
        if len(told) == 2:
            raise KeyboardInterrupt

    with clock.travel(NEW_YEAR):
        with pytest.raises(KeyboardInterrupt):
            operations.expire(programme=world.programmes["nordkai"], on=Y27, at=clock.now(), progress=stop)
        assert told == [(2, 200), (4, 400)]
        assert (expire(world, Y27).lots, expire(world, Y27).lots) == (1, 0)


def test_c7_members_are_warned_of_what_expires_within_the_declared_time(world: World) -> None:
    soon, later = world.member(), world.member()
    world.earn(soon, 700, expires=Y27)
    world.earn(later, 900, expires=Y28)
    programme = world.programmes["nordkai"]
    with world.scope("important_notices"):
        assert list(queries.to_warn(programme=programme, on=date(2026, 12, 1))) == []
        assert list(queries.to_warn(programme=programme, on=date(2026, 12, 2))) == [(soon, Y27, 700)]
        assert list(queries.to_warn(programme=programme, on=Y27)) == []


@given(day=st.dates(date(2000, 1, 1), date(2100, 12, 31)), months=st.integers(1, 60))
def test_c7_year_and_next_months_and_never(day: date, months: int) -> None:
    def first_day_gone(validity: str) -> date:
        return programmes.expiry(Programme(validity=validity, validity_months=months), day)

    lasts = first_day_gone("year_and_next") - timedelta(days=1)
    assert (lasts.year, lasts.month, lasts.day) == (day.year + 1, 12, 31)
    assert first_day_gone("never") == NEVER
    gone = first_day_gone("months")
    assert (gone.year * 12 + gone.month) - (day.year * 12 + day.month) == months
    assert gone.day <= day.day


def test_the_terms_are_the_declarations(world: World) -> None:
    programme = world.programmes["nordkai"]
    assert (programme.validity, programme.rounding) == ("year_and_next", "half_up")
    Programme.objects.filter(pk=programme.pk).update(rounding="down")
    again = programmes.set_up(chain=world.chains["nordkai"], on=clock.today())
    assert (again.pk, again.book_id, again.rounding) == (programme.pk, programme.book_id, "half_up")


def _proven() -> tuple[str, str]:
    """What the proof finds of warnings before bonus expires."""
    proofs = prove(kinds=["domains"], controllers=["nordkai"])
    (found,) = [one.finding for one in proofs if one.promise.path == "programme.warn_before_expiry"]
    return found.status, found.why


def test_c7_f11_the_warning_reaches_the_member_once_and_is_no_marketing(world: World) -> None:
    kari, ola = world.member(email="kari@eksempel.example"), world.member()
    world.earn(kari, 70_000, expires=Y27)
    world.earn(ola, 100, expires=Y27)
    programme = world.programmes["nordkai"]
    with clock.travel(date(2026, 12, 1)):
        assert warn(programme=programme, on=clock.today()) == 0
    with clock.travel(date(2026, 12, 5)):
        assert _proven() == (
            "broken",
            f"2 people with bonus about to expire in chain {programme.chain_id} were not warned",
        )
    with clock.travel(date(2026, 12, 2)):
        assert warn(programme=programme, on=clock.today()) == 2
        warn(programme=programme, on=clock.today())
        with clock.travel(date(2026, 12, 5)):
            assert _proven() == ("kept", "")
        assert outbox.deliver().sent == 1
    (sent,) = mail.outbox
    assert sent.to == ["kari@eksempel.example"]
    assert "700,00" in sent.subject
    assert "31. desember 2026" in sent.body
    with world.scope("important_notices"):
        told = dict(Message.objects.filter(template="bonus_expiry").values_list("subject_id", "channel"))
    assert told == {kari: "email", ola: "web"}
