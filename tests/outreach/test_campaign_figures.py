"""What is told of a campaign's numbers: nobody below the minimum group, also not by subtraction (A15, F3)."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.outreach.test_campaigns import actor, club, draft, member, rows, says
from tests.support.world import person
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, system
from tillit.outreach.campaigns import figures, operations, preview, queries, running
from tillit.outreach.campaigns.errors import CampaignError
from tillit.outreach.campaigns.queries import Progress, Size
from tillit.parties import merging

__all__ = ["club"]
LEAST = 10
_COUNTS = st.dictionaries(
    st.sampled_from(["no-consent", "objected", "no-address", "too-soon"]), st.integers(1, 40), max_size=4
)


def found(known: dict[str, int | None], whole: int | None) -> list[int]:
    """Every small group whose size follows from what is told: one number, or several that are few together."""
    hidden = [key for key, number in known.items() if number is None]
    if whole is None or not hidden:
        return []
    rest = whole - sum(number for number in known.values() if number is not None)
    return [rest] if len(hidden) == 1 or rest < LEAST else []


@given(left_out=_COUNTS, reached=st.integers(0, 60), outside=st.integers(0, 60))
@settings(max_examples=150)
def test_f3_no_small_number_of_a_set_follows_from_the_others(
    left_out: dict[str, int], reached: int, outside: int
) -> None:
    picked = reached + sum(left_out.values())
    told = figures.of_size(Size(picked, reached, outside, left_out, LEAST))
    parts = {**told.left_out, "": told.reached}
    everybody = {**parts, "outside": told.outside}
    assert all(number is None or number == 0 or number >= LEAST for number in everybody.values())
    assert found(parts, told.picked) == []
    if picked + outside >= LEAST:
        several = sum(n > 0 for n in (*left_out.values(), reached, outside)) > 1
        assert found(everybody, picked + outside) == [] or not several, "how many there are is known from elsewhere"
        assert found({"picked": told.picked, "outside": told.outside}, picked + outside) == [] or not several
    if all(number >= LEAST or not number for number in (*left_out.values(), reached, outside)):
        assert told.left_out == left_out, "nothing is withheld without a reason"


@given(states=st.dictionaries(st.sampled_from(["withheld", "failed", "sent", "queued"]), st.integers(1, 40)))
@settings(max_examples=150)
def test_f3_no_small_number_of_a_running_campaign_follows_from_the_others(states: dict[str, int]) -> None:
    told = figures.of_progress(Progress(sum(states.values()), 0, states, {}), {}, least=LEAST)
    ended = [key for key in ("withheld", "failed") if key in states]
    for some in (one for size in (1, 2) for one in combinations(ended, size)):
        hidden = [key for key, number in told.states.items() if number is None]
        if any(0 < states[key] < LEAST for key in some):
            assert set(some) & set(hidden)
    hidden_sum = sum(states[key] for key, number in told.states.items() if number is None)
    hidden_keys = [key for key, number in told.states.items() if number is None]
    going = [key for key in ("sent", "queued") if key in states]
    if hidden_keys and (going or len(ended) > 1):
        assert len(hidden_keys) > 1
        assert hidden_sum >= LEAST or set(hidden_keys) == set(states)


def test_f3_a_preview_of_a_person_is_refused_where_so_few_would_get_it(
    club: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(club, "Kari")
    campaign = draft(club)
    with pytest.raises(CampaignError) as refused:
        preview.for_somebody(actor=system("staff", {club.pk}), campaign=campaign)
    assert refused.value.code == "few"
    for n in range(9):
        member(club, f"P{n}")
    assert preview.for_somebody(actor=system("staff", {club.pk}), campaign=campaign).subject


def test_f3_c3_a_merged_person_whose_only_address_was_the_alias_s_gets_the_campaign(club: Controller) -> None:
    known, other = person(club, given="Kari"), member(club, "Karianne", yes=False)
    says(club, known, EventKind.GIVEN)
    segment: dict[str, object] = {}
    size = queries.size(controller=club, activity="marketing", channel="email", segment=segment)
    assert size.left_out.get("no-address") == 1
    with Scope(system("test", {club.pk}), "membership_administration") as scope:
        merging.merge(scope=scope, subject_id=other, into=known)
    size = queries.size(controller=club, activity="marketing", channel="email", segment=segment)
    assert (size.reached, size.left_out) == (1, {})
    operations.approve(actor=actor(club, "8"), campaign=draft(club))
    running.run_everywhere()
    (row,) = rows(club)
    assert (row.subject_id, row.message_state) == (known, "sent")
