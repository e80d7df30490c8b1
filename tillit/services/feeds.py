"""A partner's list becomes entitlements (D1): matched by digest, compared, approved where it ends many, applied.

1. *Match.* National and customer number are looked up by keyed digest; both together must be one person's, and a
   customer number known under another name altogether is nobody's. A row whose digest stands already is unchanged: the
   same list again does nothing at all.
2. *Compare.* New, changed, ended by their row; and of a full list those it no longer holds. A list that would end more
   than the partner's share waits for a colleague; rows that could not be used keep those missing from ending.
3. *Apply*, some hundred rows a transaction: a killed run is completed by the same list. Endings come last, and with
   them access.

Restricted people are left as they are. What the person or somebody else said of them is not replaced.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from tillit.declaration.schema import PayingPartner
from tillit.files.chunks import Reject
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import directories
from tillit.parties import operations as parties
from tillit.parties.digests import Kind
from tillit.parties.merging import same_people
from tillit.parties.models import Fact
from tillit.services import entitled, feed_rows, partners
from tillit.services.entitlement_models import Entitlement
from tillit.services.feed_rows import Row, RowError
from tillit.services.product_models import Partner, Payer, ServiceProduct

ACTIVITY = "entitlement_check"
_AT_ONCE = 500
Raw = tuple[int, Mapping[str, str | None]]


@dataclass
class Difference:
    """What a list would do. new: (row, subject or None); changed: (row, entitlement); ended: likewise, by their row.
    gone: entitlements a full list no longer holds; withheld: how many of them go on, since damaged rows may be theirs.
    """

    rows: int = 0
    unchanged: int = 0
    listed: int = 0
    dropped: int = 0
    nameless: int = 0
    withheld: int = 0
    past: int = 0
    new: list[tuple[Row, int | None]] = field(default_factory=list, repr=False)
    changed: list[tuple[Row, Entitlement]] = field(default_factory=list, repr=False)
    ended: list[tuple[Row, Entitlement]] = field(default_factory=list, repr=False)
    gone: list[Entitlement] = field(default_factory=list, repr=False)
    rejects: list[Reject] = field(default_factory=list, repr=False)

    @property
    def nothing(self) -> bool:
        """Whether it would change nothing."""
        return not (self.new or self.changed or self.ended or self.gone)

    def too_many(self, most: int) -> bool:
        """Whether more than `most` in a thousand of what is listed would end."""
        return (len(self.ended) + len(self.gone)) * 1000 > most * self.listed

    def counts(self) -> dict[str, int]:
        """By name, for whoever looks."""
        return {
            "rows_read": self.rows,
            "unchanged": self.unchanged,
            "new": len(self.new),
            "changed": len(self.changed),
            "ends": len(self.ended) + len(self.gone),
            "withheld": self.withheld,
            "past": self.past,
            "not_taken": self.dropped,
            "quarantined": len(self.rejects),
        }


def compare(*, partner: Partner, rows: Iterable[Raw], full: bool, rejects: Iterable[Reject] = ()) -> Difference:
    """What the list would do; nothing is written. Outside every scope. Raises `ServiceError` `partner-undeclared`."""
    said = partners.declared(partner=partner, on=clock.today())
    with Scope(system("partner_feed", {partner.controller_id}), ACTIVITY):
        comparing = _Comparing(partner, said, Difference(rejects=list(rejects)))
        for some in parts(rows):
            comparing.take(some)
        if full:
            comparing.miss()
    return comparing.found


class _Comparing:
    """One list being compared with what stands: `seen` is what of that is in the list."""

    def __init__(self, partner: Partner, declared: PayingPartner, found: Difference) -> None:
        self.partner, self.declared, self.found = partner, declared, found
        self.register, self.today = partner.controller.register_id, clock.today()
        found.rows = found.nameless = len(found.rejects)
        payable = ServiceProduct.objects.filter(controller_id=partner.controller_id, payers__contains=[Payer.PARTNER])
        self.products = {one.key: one for one in payable}
        standing = Entitlement.objects.filter(controller_id=partner.controller_id, partner=partner, end_reason="")
        self.standing = {
            (one.subject_id, one.product_id): one for one in standing.select_related("partner__controller")
        }
        self.listed = {one.listed: key for key, one in self.standing.items() if one.listed is not None}
        found.listed = len(self.standing)
        self.seen: set[tuple[int, int]] = set()
        self.met: set[tuple[UUID, str]] = set()

    def take(self, some: Sequence[Raw]) -> None:
        """Some rows: read, and put where each belongs."""
        found, values, fresh = self.found, dict(some), []
        for line, said in some:
            found.rows += 1
            try:
                row = self._read(line, said)
            except RowError as error:
                self._reject(line, error, said)
                found.nameless += 1
                continue
            found.dropped += row.dropped
            if (again := self.listed.get(row.listed)) is not None:
                found.unchanged += 1
                self.seen.add(again)
            else:
                fresh.append(row)
        whose = _whose(fresh, self.register)
        strangers = _other_people(fresh, whose)
        for row in fresh:
            national, customer = whose[row.line]
            if national and customer and national != customer:
                self._reject(row.line, RowError("customer_number", "number-of-another"), values[row.line])
                self._present({national, customer})
            elif row.line in strangers and customer:
                self._reject(row.line, RowError("customer_number", "other-person"), values[row.line])
                self._present({customer})
            else:
                self._place(row, national or customer)

    def _read(self, line: int, said: Mapping[str, str | None]) -> Row:
        row = feed_rows.read(
            line=line, values=said, declared=self.declared, register_id=self.register, partner=self.partner.key
        )
        if row.product not in self.products:
            raise RowError("product", "unknown-product")
        mine = {(one, row.product) for one in (row.national, row.customer) if one is not None}
        if mine & self.met:
            raise RowError("customer_number", "row-doubled")
        self.met |= mine
        return row

    def _reject(self, line: int, why: RowError, said: Mapping[str, str | None]) -> None:
        self.found.rejects.append(Reject(line, why.field, why.code, dict(said)))

    def _present(self, subjects: Collection[int]) -> None:
        """Whom a damaged row names is not missing from the list."""
        self.seen |= {key for key in self.standing if key[0] in subjects}

    def _place(self, row: Row, subject: int | None) -> None:
        over = row.ends is not None and row.ends <= self.today
        key = (subject or 0, self.products[row.product].pk)
        standing = self.standing.get(key)
        if standing is not None:
            self.seen.add(key)
            (self.found.ended if over else self.found.changed).append((row, standing))
        elif over:
            self.found.past += 1
        else:
            self.found.new.append((row, subject))

    def miss(self) -> None:
        """What a full list no longer holds; while rows of it are nobody's, nobody is missing for certain."""
        found = self.found
        found.gone = [one for key, one in self.standing.items() if key not in self.seen]
        if found.nameless and found.gone:
            found.withheld, found.gone = len(found.gone), []


def parts(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """The rows, some hundred at a time."""
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        yield some


def _whose(rows: Sequence[Row], register: int) -> dict[int, tuple[int | None, int | None]]:
    """Line → whose its national number is, and whose its customer number."""
    by_national = directories.resolve_set(
        register_id=register, kind=Kind.NATIONAL_NUMBER, digests=[r.national for r in rows if r.national]
    )
    by_customer = directories.resolve_set(
        register_id=register, kind=Kind.CUSTOMER_NUMBER, digests=[r.customer for r in rows if r.customer]
    )
    own = same_people({*by_national.values(), *by_customer.values()})
    return {
        row.line: (
            own.get(by_national[row.national]) if row.national in by_national else None,
            own.get(by_customer[row.customer]) if row.customer in by_customer else None,
        )
        for row in rows
    }


def _other_people(rows: Sequence[Row], whose: Mapping[int, tuple[int | None, int | None]]) -> set[int]:
    """Lines whose customer number alone leads to somebody with another given name and another family name."""
    wanted = {row.line: who for row in rows if (who := whose[row.line][1]) is not None and whose[row.line][0] is None}
    said: dict[int, dict[str, str]] = {}
    for subject, kind, value in Fact.objects.filter(
        subject_id__in=set(wanted.values()), kind__in=["name.given", "name.family"], superseded_at__isnull=True
    ).values_list("subject_id", "kind", "value"):
        said.setdefault(subject, {})[kind] = value.casefold()
    return {
        row.line
        for row in rows
        if (names := said.get(wanted.get(row.line, 0)))
        and names.get("name.given") != row.given.casefold()
        and names.get("name.family") != row.family.casefold()
    }


def apply(
    *, partner: Partner, found: Difference, at: datetime, tell: Callable[[int], None] = lambda done: None
) -> Counter[str]:
    """Do what `compare` found; what was done, by name. Outside every scope: it commits some rows at a time."""
    products = {one.key: one for one in ServiceProduct.objects.filter(controller_id=partner.controller_id)}
    done: Counter[str] = Counter()
    steps: list[tuple[str, list[Any]]] = [
        ("new", found.new),
        ("changed", found.changed),
        ("ends", [*found.ended, *((None, one) for one in found.gone)]),
    ]
    total = 0
    for name, all_of in steps:
        for some in parts(all_of):
            with Scope(system("partner_feed", {partner.controller_id}), ACTIVITY) as scope:
                states = parties.lock_subjects(scope=scope, subject_ids=_subjects(some))
                for row, of in some:
                    if of is not None and states.get(_subject(of), -1) != 0:
                        done["restricted"] += 1
                        continue
                    if isinstance(of, Entitlement):
                        act = entitled.end if name == "ends" else entitled.change
                        act(scope=scope, entitlement=of, row=row, at=at)
                    else:
                        product = products[row.product]
                        entitled.make(scope=scope, partner=partner, product=product, row=row, subject_id=of, at=at)
                    done[name] += 1
            total += len(some)
            tell(total)
    return done


def _subjects(some: Iterable[tuple[Row | None, Entitlement | int | None]]) -> set[int]:
    return {_subject(of) for _, of in some if of is not None}


def _subject(of: Entitlement | int) -> int:
    return of.subject_id if isinstance(of, Entitlement) else of
