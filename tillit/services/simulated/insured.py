"""Insurance covers and claims: paid, refused in part and in full, withdrawn, never decided."""

import random

from tillit.cases import attachments, queries
from tillit.cases import operations as cases
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person, World
from tillit.kernel import clock
from tillit.services import claims, covers
from tillit.services.insurance_models import Cover, CoverTerms
from tillit.services.simulated.agreed import ALL, PDF, agreed

CLAIM = "insurance_claim"
ACCOUNT = "12345678903"
_NEEDS = {covers.ACTIVITY: ("insurance_cover",), claims.ACTIVITY: ("insurance_claim", "paid_claim", "refused_claim")}


def claim(person: Person, rng: random.Random) -> None:
    """Claim under a cover; it is decided, taken back, or left undecided."""
    outcome, at = person.turn(CLAIM), clock.now()
    cover = _covered(person)
    if cover is None:
        return
    with person.scope(claims.ACTIVITY) as scope:
        case = claims.make(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=person.world.controller_id,
            cover=cover,
            item="x",
            loss_kind="stolen",
            loss_on=cover.starts,
            text="x",
            claimed=90_000,
            channel="phone",
            at=at,
        )
        attachments.add(scope=scope, case=case, body=PDF, at=at)
        claims.tell(scope=scope, case=case, about="claim", of_id=case.id, at=at)
    if outcome == "undecided":
        person.came(CLAIM, outcome)
        return

    def decide() -> None:
        with person.scope(claims.ACTIVITY) as scope:
            mine: Case = queries.case(case_id=case.id, subject_id=case.subject_id)
            if outcome == "withdrawn":
                cases.take(scope=scope, case=mine, step="withdrawn", at=clock.now(), outcome="withdrawn")
            else:
                amount = {"paid": 90_000, "partly paid": 60_000}.get(outcome, 0)
                reasons = "" if outcome == "paid" else "x"
                claims.decide(scope=scope, case=mine, amount=amount, reasons=reasons, at=clock.now())
        if outcome.endswith("paid"):
            person.later(20, pay, after=True)
        else:
            person.came(CLAIM, outcome)

    def pay() -> None:
        with person.scope(claims.ACTIVITY) as scope:
            mine = queries.case(case_id=case.id, subject_id=case.subject_id)
            claims.pay(scope=scope, case=mine, method="bank", to_account=ACCOUNT, at=clock.now())
        person.came(CLAIM, outcome)

    person.later(20, decide, after=True)


def _covered(person: Person) -> Cover | None:
    agreement = agreed(person)
    if agreement is None:
        return None
    terms: CoverTerms = person.world.once("cover", lambda: _terms(person.world))
    with person.scope(covers.ACTIVITY) as scope:
        return covers.insure(
            scope=scope,
            subject_id=person.subject_id,
            terms=terms,
            starts=agreement.starts,
            ends=agreement.ends,
            at=clock.now(),
            agreement_id=agreement.id,
        )


def _terms(world: World) -> CoverTerms:
    return covers.keep_terms(
        controller=Controller.objects.get(pk=world.controller_id),
        product=ALL,
        policy="S-1",
        insures={"nb": "x", "en": "x"},
        most=2_000_000,
        own_share=50_000,
        starts=clock.today(),
    )


ACTS = {CLAIM: Act(claim, _NEEDS, ("paid", "partly paid", "refused", "withdrawn", "undecided"))}
