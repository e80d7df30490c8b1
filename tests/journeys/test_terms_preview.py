"""Terms tried on past purchases (C6): the preview says what the intake then does, and leaves nothing behind."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.journeys.intake_world import NOW, World, bought, build
from tillit.bonus.models import Offer, OfferShare, Programme, RateRule
from tillit.faces.cli.main import run
from tillit.journeys import terms_preview
from tillit.journeys.programme_file import Setup
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.ledger.models import Transfer


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def tried(**terms: object) -> terms_preview.Preview:
    setup = Setup.model_validate({"chains": [{"key": "mat", **terms}]})
    return terms_preview.simulate(setup=setup, start=date(2026, 3, 1), end=date(2026, 4, 1))


def test_c6_a_preview_is_what_would_have_been_issued_and_posts_nothing(world: World) -> None:
    for card in (1, 2, 3):
        world.member(card)
    world.take_in([bought(n, 1 + n % 3, f"{100 * n}.00", store=str(1 + n % 2)) for n in range(1, 7)])
    before = (RateRule.objects.count(), Offer.objects.count(), Programme.objects.get(chain__key="mat").stacking)
    rate = {"percent": "2", "from": "2026-01-01", "mode": "add", "store": "1"}
    offer = {
        "key": "vaar",
        "name": "Vår",
        "percent": "5",
        "from": "2026-01-01",
        "budget": "50",
        "most_per_member": "30",
    }
    found = tried(rates=[rate], offers=[offer])
    stores = {one.store: (one.before, one.after) for one in found.stores}
    assert found.purchases == 6
    assert stores == {"1": (12_00, 36_00), "2": (9_00, 9_00), "": (0, 50_00)}
    assert found.budgets == (("mat", "vaar", 50_00, 50_00),)
    (members,) = found.members
    assert (members.less, members.same, members.more) == (0, 0, 3)
    with world.scope():
        assert Transfer.objects.count() == 6
        assert not OfferShare.objects.exists()
    after = (RateRule.objects.count(), Offer.objects.count(), Programme.objects.get(chain__key="mat").stacking)
    assert after == before
    world.take_in([bought("7", 1)])
    assert tried().stores[0].before == tried().stores[0].after


def test_c6_c10_a_preview_tells_what_waits_by_the_terms_tried_and_nothing_waits_longer_for_it(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of March: 1 000 bought on the 5th and 2 000 on the 25th, at one per cent and an offer of five per cent more."""
    subject = world.member(1)
    world.take_in(
        [
            bought(1, amount="1000", time="2026-03-05T12:00:00+01:00"),
            bought(2, amount="2000", time="2026-03-25T12:00:00+01:00"),
        ]
    )
    offer = {"key": "vaar", "name": "Vår", "percent": "5", "from": "2026-01-01"}
    setup = Setup.model_validate({"chains": [{"key": "mat", "offers": [offer]}]})
    month = {"setup": setup, "start": date(2026, 3, 1), "end": date(2026, 4, 1)}

    def waits(**more: int) -> tuple[int, int, int, int]:
        (one,) = terms_preview.simulate(**month, **more).waits
        return one.days_before, one.days_after, one.before, one.after

    assert waits() == (0, 0, 0, 0)
    assert waits(available_after=6) == (0, 6, 0, 0), "the 25th and six days are the 31st"
    assert waits(available_after=7) == (0, 7, 0, 120_00)
    assert waits(available_after=27) == (0, 27, 0, 180_00)
    Programme.objects.filter(chain__key="mat").update(available_after_days=14)
    assert waits() == (14, 14, 20_00, 120_00)
    assert waits(available_after=0) == (14, 0, 20_00, 0)
    Programme.objects.filter(chain__key="mat").update(waited_before=0, waits_from=NOW)
    assert waits() == (14, 14, 0, 0), "a longer wait holds for what is bought from then on"
    with pytest.raises(TillitError, match="0 to 90"):
        waits(available_after=91)
    Programme.objects.filter(chain__key="mat").update(available_after_days=14, waits_from=None)
    file = tmp_path / "terms.yaml"
    file.write_text("chains: [{key: mat, offers: [{key: vaar, name: Vår, percent: 5, from: 2026-01-01}]}]\n", "utf-8")
    command = ["bonus", "simulate", "--terms", str(file), "--from", "2026-03-01", "--to", "2026-04-01"]
    assert run([*command, "--available-after", "7", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["waits"] == [{"chain": "mat", "days_before": 14, "days_after": 7, "before": 20_00, "after": 120_00}]
    assert run(command) == 0
    (row,) = [one for one in capsys.readouterr().out.replace("\xa0", " ").splitlines() if "14" in one]
    assert row.split() == ["mat", "14", "14", "NOK", "20.00", "NOK", "120.00"]
    assert run([*command, "--available-after", "91"]) == 2
    assert world.balances(subject) == {"lot": 30_00}
