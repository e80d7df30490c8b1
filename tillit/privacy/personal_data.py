"""What the engine answers for."""

from tillit.cases import kinds
from tillit.declaration.registry import definer, not_personal, outward_way, passing_files, personal
from tillit.parties.models import Fact
from tillit.privacy import copies, holds, prove
from tillit.privacy.breach import kind
from tillit.privacy.handover import leaving
from tillit.privacy.models import (
    BackupRun,
    Handover,
    HandoverArrived,
    HandoverExpected,
    HandoverMoved,
    HandoverSent,
    Hold,
    LooseEnd,
    ProofResult,
    ProofRun,
    RetentionResult,
    RetentionRun,
)

personal(
    Hold,
    category="rights_case",
    clocks={"case_closed": "released"},
    journaled={"reference": ""},
    withheld=("NOT t.told", "an order that forbids telling of it"),
)
not_personal(Handover, because="which controller's people went where on which day: counts, nobody's name or number")
not_personal(HandoverMoved, because="random numbers, one for each who went over, that lead to nobody")
not_personal(HandoverSent, because="on their way to another installation: sealed for it, let go when it has confirmed")
not_personal(HandoverExpected, because="whose people are to come, and by which key: nobody's name or number")
not_personal(HandoverArrived, because="the giver's digests of who came, which say nothing here, and counts")
outward_way(
    leaving.WAY,
    opens=("tillit.disclosure.calling",),
    through="one person at a time, sealed, to the installation of the controller that takes over",
)
not_personal(RetentionRun, because="counts of a run")
not_personal(RetentionResult, because="counts of a run")
not_personal(BackupRun, because="which backups were made, verified and removed", not_backed_up="it is about the dumps")

passing_files(
    "copies",
    folder=copies.folder,
    because="answers to access requests that staff have written to a file, for a week",
    kept=copies.KEPT,
    found_by=(Fact, "value"),
    kinds=("email", "phone"),
)
definer("tillit_proof", prove.__file__, "counts", reads=("parties_directory",))
not_personal(LooseEnd, because="random ids, for the moments between a disposal and the looking-after that follows it")

kinds.when_closed(holds.release_of_case)
kinds.add(kind.KIND)
kinds.add(kind.AFFECTED)
not_personal(ProofRun, because="sums of a proof")
not_personal(ProofResult, because="what a proof found: counts and codes, long numbers struck out")
