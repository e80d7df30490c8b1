"""The terms of collective agreements, as dated files: which hold, which held before, which are to come (B6)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from tillit.kernel import clock
from tillit.membership import structure
from tillit.membership.errors import MembershipError
from tillit.membership.models import AgreementTerms, CollectiveAgreement

LARGEST = 10_000_000
_PDF = b"%PDF-"


@dataclass(frozen=True)
class Version:
    """Terms that hold [starts, ends): `ends` is the day the next ones begin."""

    id: int
    starts: date
    ends: date | None

    def holds(self, on: date) -> bool:
        """Whether they hold on the day."""
        return self.starts <= on and (self.ends is None or on < self.ends)


def keep(*, controller_id: int, agreement: str, starts: date, document: bytes) -> bool:
    """The terms of the union's agreement from a day on; whether that is new. The same file again: False.

    Terms that are to come may be replaced. Raises `UnknownStructureError`, and `MembershipError`: `terms-no-pdf`,
    `terms-large`, `terms-hold` for others in place of those that hold or held.
    """
    if not document.startswith(_PDF):
        raise MembershipError("terms-no-pdf", "the file is no PDF")
    if len(document) > LARGEST:
        raise MembershipError("terms-large", f"the file is larger than {LARGEST // 1_000_000} MB")
    found = structure.find(CollectiveAgreement, controller_id=controller_id, key=agreement)
    digest = sha256(document).hexdigest()
    standing = AgreementTerms.objects.filter(agreement_id=found, starts=starts).first()
    if standing is not None and standing.digest == digest:
        return False
    if standing is not None and starts <= clock.today():
        raise MembershipError("terms-hold", "these terms hold already: give others a later day")
    AgreementTerms.objects.update_or_create(
        agreement_id=found, starts=starts, defaults={"document": document, "digest": digest}
    )
    return True


def versions(*, agreement_ids: Collection[int]) -> dict[int, list[Version]]:
    """Agreement → its terms, the latest first."""
    rows = AgreementTerms.objects.filter(agreement_id__in=agreement_ids).order_by("agreement_id", "-starts")
    found: dict[int, list[Version]] = {}
    for one, agreement, starts in rows.values_list("id", "agreement_id", "starts"):
        mine = found.setdefault(agreement, [])
        mine.append(Version(one, starts, mine[-1].starts if mine else None))
    return found


def document(*, version: int, agreement_ids: Collection[int]) -> tuple[str, bytes] | None:
    """(the file's name, its bytes) of terms of one of these agreements; None for any other."""
    row = AgreementTerms.objects.filter(pk=version, agreement_id__in=agreement_ids).select_related("agreement").first()
    return None if row is None else (f"{row.agreement.key}-{row.starts}.pdf".lower(), bytes(row.document))
