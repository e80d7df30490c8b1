"""What the engine answers for."""

from tillit.cases import kinds
from tillit.declaration.registry import definer, not_personal, passing_files, personal
from tillit.parties.models import Fact
from tillit.privacy import copies, holds, prove
from tillit.privacy.breach import kind
from tillit.privacy.models import (
    BackupRun,
    Handover,
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
