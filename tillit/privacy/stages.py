"""What happens to rows before they end: archived, pseudonymised (D10, B7). One plan a table and category; its `due` is
the day a row enters the stage.
"""

from collections.abc import Collection, Iterable, Iterator

from tillit.declaration import registry
from tillit.declaration.registry import PersonalTable
from tillit.declaration.schema import Archive, Retention
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel.iso_period import IsoPeriod
from tillit.privacy.compiler import Builder, Party, Plan, governs


def archive_plans(party: Party, others: Iterable[Party] = (), *, only: Collection[str] | None = None) -> Iterator[Plan]:
    """One plan per archive (of those whose keys are in `only`), category and table: `due` is the day a row enters (D10,
    B7): by the archive's clock, or because a rule that says `archive` has lapsed. What is held jointly enters when the
    clock of no controller of the arrangement runs any more.
    """
    for archive in party.declaration.archives:
        if only is not None and archive.key not in only:
            continue
        for category in archive.categories:
            for table in registry.holding(category):
                plan = Plan(party.controller_id, table, category, (), party.holder_id)
                builder = Builder(plan, party.declaration.controller.time_zone)
                entries = [
                    one
                    for one in (
                        _by_clock(builder, archive, [party, *others]),
                        _by_rules(builder, table, category, "archive", [party, *others]),
                    )
                    if one
                ]
                if entries:
                    plan.due = _when_finished(party, f"coalesce(least({', '.join(entries)}), 'infinity')")
                    yield plan


def _when_finished(party: Party, entered: str) -> str:
    """That day; none while something of the person's is under way that nobody could finish in the archive (D2)."""
    known = party.declaration.category_keys()
    waits = [condition for category, condition in sorted(registry.ARCHIVE_WAITS.items()) if category in known]
    return f"CASE WHEN {' OR '.join(waits)} THEN 'infinity' ELSE {entered} END" if waits else entered


def pseudonymise_plans(party: Party, others: Iterable[Party] = ()) -> Iterator[Plan]:
    """One plan per category and table that a rule says to pseudonymise: `due` is the day what says who it is goes."""
    for category in sorted({r.category for r in party.declaration.retention if r.disposal == "pseudonymise"}):
        for table in registry.holding(category):
            plan = Plan(party.controller_id, table, category, (), party.holder_id)
            builder = Builder(plan, party.declaration.controller.time_zone)
            entered = _by_rules(builder, table, category, "pseudonymise", [party, *others])
            if entered and table.pseudonymise:
                plan.due = f"coalesce({entered}, 'infinity')"
                yield plan


def _by_clock(builder: Builder, archive: Archive, parties: list[Party]) -> str | None:
    everyone = list(vocabulary().relationships)
    length = IsoPeriod.parse(archive.period).interval
    days = [builder.clock(archive.clock, "", everyone, party) for party in parties]
    entered = ", ".join(f"{found[0]} + {builder.parameter(length)}::interval" for found in days if found)
    return f"greatest({entered})" if entered else None


def _by_rules(builder: Builder, table: PersonalTable, category: str, disposal: str, parties: list[Party]) -> str | None:
    """The day the last of the rules with that disposal lapses; NULL where none concerns the person."""

    def chosen(rule: Retention) -> bool:
        return rule.category == category and rule.disposal == disposal and governs(rule, table)

    terms = [
        f"nullif({builder.term(rule, party)}, '-infinity')"
        for party in parties
        for rule in party.declaration.retention
        if chosen(rule)
    ]
    return f"greatest({', '.join(terms)})" if terms else None
