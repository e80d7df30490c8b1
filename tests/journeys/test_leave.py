"""Leaving: earning stops, unused bonus falls away, data follows retention (C13, C17)."""

from datetime import UTC, date, datetime, timedelta

from tests.bonus.conftest import NOW, Y27, Y28, World, world  # noqa: F401 (a fixture)
from tests.bonus.test_corrections import correct
from tests.bonus.test_use import balance, use
from tests.support.shops import card_number
from tillit.audit.models import Event
from tillit.bonus import queries
from tillit.journeys.leave import Left, leave
from tillit.kernel import clock
from tillit.ledger.models import Transfer
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Fact, Relationship
from tillit.privacy import retention
from tillit.purchases.models import PaymentInstrument
from tillit.purchases.operations import register_instrument


def member(world: World, *clubs: str) -> int:  # noqa: F811
    """A member of the clubs and the coalition, with a card."""
    subject = world.member(*clubs, "rundtur", given="Kari", family="Bjørkelund", email="kari@post.example")
    with world.scope("bonus_earning", subject) as scope:
        register_instrument(
            scope=scope,
            subject_id=subject,
            controller_id=world.controllers["rundtur"].pk,
            number=card_number(1),
            at=NOW,
        )
    return subject


def memberships(world: World, subject: int) -> set[str]:  # noqa: F811
    keys = {controller.pk: key for key, controller in world.controllers.items()}
    with world.scope("membership_administration", subject):
        open_ones = Relationship.objects.filter(subject_id=subject, ended=None)
        return {keys[one] for one in open_ones.values_list("controller_id", flat=True)}


def holder(world: World, number: str) -> int | None:  # noqa: F811
    register = world.controllers["rundtur"].register_id
    return directories.resolve(register_id=register, kind=Kind.CARD, digest=digest(register, Kind.CARD, number))


def go(world: World, subject: int, club: str) -> Left:  # noqa: F811
    return leave(subject_id=subject, controller_id=world.controllers[club].pk, at=clock.now())


def test_c13_leaving_the_last_club_forfeits_what_is_unused_and_releases_the_cards(world: World) -> None:  # noqa: F811
    subject = member(world, "nordkai")
    world.earn(subject, 1000, expires=Y27)
    world.earn(subject, 500, expires=Y28)
    use(world, subject, 200)
    assert holder(world, card_number(1)) == subject
    left = go(world, subject, "nordkai")
    assert left.forfeited[world.chains["nordkai"].pk] == 1300
    assert left.instruments == 1
    assert memberships(world, subject) == set()
    assert holder(world, card_number(1)) is None
    with world.scope("proof", subject):
        assert balance_in_books(subject) == 0
        assert PaymentInstrument.objects.get(subject_id=subject).removed_at == clock.now()
        assert sum(Transfer.objects.filter(credit_kind=4).values_list("amount", flat=True)) == 1300
        assert Event.objects.filter(subject_id=subject, type="membership.left").count() == 2
    assert go(world, subject, "nordkai") == Left((), {}, 0)


def balance_in_books(subject: int) -> int:
    return sum(one.available for one in queries.overview(subject_id=subject, on=clock.today()))


def test_c13_leaving_one_club_of_two_leaves_the_other_and_the_coalition(world: World) -> None:  # noqa: F811
    subject = member(world, "nordkai", "skogheim")
    for club in ("nordkai", "skogheim", "rundtur"):
        world.earn(subject, 700, club=club)
    left = go(world, subject, "nordkai")
    assert {chain: amount for chain, amount in left.forfeited.items() if amount} == {world.chains["nordkai"].pk: 700}
    assert memberships(world, subject) == {"skogheim", "rundtur"}
    assert holder(world, card_number(1)) == subject
    assert balance(world, subject, "skogheim").available == balance(world, subject, "rundtur").available == 700
    assert len(go(world, subject, "rundtur").controllers) == 2
    assert memberships(world, subject) == set()


def test_c13_debt_remains_as_a_claim_and_what_had_expired_is_not_forfeited(world: World) -> None:  # noqa: F811
    owing, late = member(world, "nordkai"), world.member("skogheim", "rundtur")
    world.earn(owing, 1000)
    use(world, owing, 900)
    correct(world, owing, -1000)
    assert go(world, owing, "nordkai").forfeited == {world.chains["nordkai"].pk: 0, world.chains["rundtur"].pk: 0}
    assert balance(world, owing).debt == 900
    world.earn(late, 300, club="skogheim", expires=Y27)
    with clock.travel(datetime(2027, 1, 5, tzinfo=UTC)):
        assert go(world, late, "skogheim").forfeited[world.chains["skogheim"].pk] == 0
    with world.scope("proof", late):
        assert list(Transfer.objects.filter(debit_kind=100).values_list("credit_kind", "amount")) == [(3, 300)]


def _retain(on: date) -> None:
    with clock.travel(on):
        retention.run()


def test_c17_after_leaving_identity_goes_and_the_books_stay_their_statutory_time(world: World) -> None:  # noqa: F811
    subject = member(world, "nordkai")
    world.earn(subject, 1000)
    go(world, subject, "nordkai")
    with world.scope("proof", subject):
        assert Fact.objects.filter(subject_id=subject).count() == 3
        kept = Transfer.objects.filter(subject_id=subject).count()
    assert kept == 2
    _retain(clock.today() + timedelta(days=1))
    with world.scope("proof"):
        assert not Fact.objects.filter(subject_id=subject).exists()
        assert not PaymentInstrument.objects.filter(subject_id=subject).exists()
        assert Transfer.objects.filter(subject_id=subject).count() == kept
    _retain(date(2031, 12, 31))
    with world.scope("proof"):
        assert Transfer.objects.filter(subject_id=subject).count() == kept
    _retain(date(2032, 1, 1))
    with world.scope("proof"):
        assert not Transfer.objects.filter(subject_id=subject).exists()
