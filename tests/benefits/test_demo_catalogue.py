"""The demonstration's catalogue is what members of each union see, and a second run changes nothing."""

from tests.benefits.conftest import World
from tillit.benefits import proof
from tillit.benefits.models import Edition, Frame, Validity
from tillit.journeys.demo import benefits
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system


def test_b3_the_demonstration_s_catalogue_stands_and_is_the_same_again(world: World) -> None:
    made = benefits.set_up(on=clock.today(), at=clock.now())
    before = (Edition.objects.count(), Validity.objects.count(), Frame.objects.count())
    assert benefits.set_up(on=clock.today(), at=clock.now()) == made == 6
    assert (Edition.objects.count(), Validity.objects.count(), Frame.objects.count()) == before
    for union in benefits.UNIONS:
        kari = world.member(union)
        assert len(world.sees(kari, union)) == 6
        controller = world.controllers[union].pk
        with Scope(system("test", {controller}), "proof"):
            assert list(proof.catalogue(controller, clock.today())) == []
            assert list(proof.frames(controller, clock.today())) == []
