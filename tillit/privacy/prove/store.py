"""The last proof of each controller, for those who look at it later: counts and codes, nobody's data."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from tillit.kernel import clock
from tillit.privacy.models import ProofResult, ProofRun
from tillit.privacy.prove.run import Proof

EVERY = timedelta(days=1)
KEPT = timedelta(days=365)
_LONG = re.compile(r"\d{9,}")


def keep(proofs: Iterable[Proof]) -> list[ProofRun]:
    """Remember a whole proof; the findings of the one before go, its sums stay for a year. By controller."""
    found: dict[int, list[Proof]] = {}
    for proof in proofs:
        found.setdefault(proof.promise.controller_id, []).append(proof)
    runs = []
    with transaction.atomic():
        ProofRun.objects.filter(at__lt=clock.now() - KEPT).delete()
        for controller, mine in found.items():
            counts = Counter(proof.finding.status for proof in mine)
            ProofResult.objects.filter(run__controller_id=controller).delete()
            run = ProofRun.objects.create(
                controller_id=controller,
                at=clock.now(),
                kept=counts["kept"],
                broken=counts["broken"],
                not_provable=counts["not_provable"],
            )
            ProofResult.objects.bulk_create(_result(run, place, proof) for place, proof in enumerate(mine))
            runs.append(run)
    return runs


def last(*, controller_id: int) -> ProofRun | None:
    """The controller's last proof, None before the first."""
    return ProofRun.objects.filter(controller_id=controller_id).order_by("-at", "-id").first()


def _result(run: ProofRun, place: int, proof: Proof) -> ProofResult:
    promise, finding = proof.promise, proof.finding
    return ProofResult(
        run=run,
        place=place,
        path=promise.path[:200],
        kind=promise.kind,
        status=finding.status,
        said=dict(promise.text),
        why=_struck(finding.why),
        evidence=dict(finding.evidence),
        faults=[_struck(fault) for fault in finding.faults],
        faulty=finding.faulty,
    )


def _struck(text: str) -> str:
    """Long numbers may be somebody's: a fault names tables and rules, and does not need them."""
    return _LONG.sub("…", text)
