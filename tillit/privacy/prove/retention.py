"""Retention: nothing is overdue, when the next row goes, and whether the disposal really runs (H10, C17, D6-D10)."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection

from tillit.declaration import registry
from tillit.declaration.schema import Declaration, Recording, Retention
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Actor, Scope
from tillit.platform import passing_files
from tillit.privacy.compiler import Plan
from tillit.privacy.models import RetentionRun
from tillit.privacy.prove.context import Context, Measured
from tillit.privacy.prove.kinds import Finding, Kind, Said, declared, judged, length, once, texts, word

LATEST_RUN = timedelta(hours=26)


def _promised(declaration: Declaration) -> Iterator[Said]:
    for rule in declaration.retention:
        yield Said(f"retention.{rule.key}", _text(declaration, rule), rule)
    rules = {rule.key: rule for rule in declaration.retention}
    for recording in declaration.recordings:
        yield Said(f"recordings.{recording.key}", _recorded(declaration, recording), rules.get(recording.retention))


def _text(declaration: Declaration, rule: Retention) -> dict[str, str]:
    return texts(
        declaration,
        "retention",
        category=word("categories", rule.category),
        rule=lambda words: words.retention(rule),
    )


def _recorded(declaration: Declaration, recording: Recording) -> dict[str, str]:
    return texts(declaration, "recording", what=declared(recording.what), period=length(recording.kept))


def _check(context: Context, said: Said) -> Finding:
    rule: Retention | None = said.item
    if rule is None:
        return judged(["the recording names no retention rule"])
    measured = [measure(context, actor, plan) for actor, plan in context.plans if rule in plan.rules]
    if not measured:
        held = context.rows(rule.category)
        tables = len(registry.holding(rule.category))
        if held or tables:
            return judged([f"{held} rows of {rule.category} that no plan governs"], rows=held)
        return judged([], rows=0, tables=0)
    rows, overdue = sum(one.rows for one in measured), sum(one.overdue for one in measured)
    coming = [one.next_due for one in measured if one.next_due is not None]
    evidence: dict[str, int | str] = {"rows": rows, "on_hold": sum(one.on_hold for one in measured)}
    if coming:
        evidence["next_due"] = min(coming).isoformat()
    return judged([f"{overdue} rows of {rule.category} are overdue"] if overdue else [], **evidence)


def measure(context: Context, actor: Actor, plan: Plan) -> Measured:
    """What a plan's rows look like on the day of the proof; asked once a plan and run."""
    known = context.shared.measured
    key = (plan.controller_id, plan.table.table, plan.category)
    if key not in known:
        with Scope(actor, "retention"), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*), count(*) FILTER (WHERE due <= %(on)s AND NOT held),"
                f" count(*) FILTER (WHERE due <= %(on)s AND held),"
                f" min(due) FILTER (WHERE due > %(on)s AND due < 'infinity')::date"
                f" FROM (SELECT {plan.due} AS due, {plan.held()} AS held {plan.source()}) x",
                {**plan.params, "on": context.on},
            )
            known[key] = Measured(*cursor.fetchone())
    return known[key]


def _runs(context: Context, said: Said) -> Finding:
    """The disposal ran within the last 26 hours, where there is anything to dispose of."""
    held = sum(h.rows for h in context.shared.held if h.controller_id == context.id)
    # A run on a day to come (a rehearsal that travelled) proves nothing today.
    done = RetentionRun.objects.filter(dry_run=False, finished_at__lte=clock.now())
    last = done.order_by("-finished_at").first()
    if not held:
        return judged([], rows=0)
    if last is None or last.finished_at is None:
        return judged(["the disposal has never run"], rows=held)
    late = clock.now() - last.finished_at > LATEST_RUN
    return judged(
        ["the disposal has not run for more than 26 hours"] if late else [],
        rows=held,
        last_run=last.finished_at.isoformat(timespec="seconds"),
    )


def _transient(context: Context, said: Said) -> Finding:
    """Staging, quarantine, sessions: emptied of what is past its declared life and a day's grace."""
    if "transient" not in context.shared.faults:
        found, tables = [], 0
        timed = [(t.model, t.kept, t.clock_column) for t in registry.TRANSIENT.values()]
        timed += [(o.model, o.kept, o.clock_column) for o in registry.OWNED.values() if o.kept and o.clock_column]
        with context.scope(), connection.cursor() as cursor:
            for model, kept, column in timed:
                tables += 1
                cursor.execute(
                    f"SELECT count(*) FROM {model._meta.db_table} WHERE {column} + %s::interval < %s",
                    [IsoPeriod.parse(kept).interval, clock.now() - LATEST_RUN],
                )
                if late := cursor.fetchone()[0]:
                    found.append(f"{model._meta.db_table}: {late} rows are past their life")
        found += [fault for one in registry.FOLDERS.values() for fault in _folder(one)]
        context.shared.faults["transient"] = (found, {"tables": tables, "folders": len(registry.FOLDERS)})
    found, evidence = context.shared.faults["transient"]
    return judged(found, **evidence)


def _folder(one: registry.Folder) -> Iterator[str]:
    """What is wrong with a folder that data passes through: files past their life and a day's grace, or open to all."""
    late = list(passing_files.overdue(one.folder(), now=clock.now() - LATEST_RUN))
    if late:
        yield f"files of {one.key}: {len(late)} are past their life"
    if passing_files.readable_by_others(one.folder()):
        yield f"files of {one.key}: others than their owner may read them"


KIND = Kind("retention", _promised, _check)
RUNS = Kind("retention_runs", once("retention_runs", "activities.retention"), _runs)
TRANSIENT = Kind("transient", once("transient", "retention"), _transient)
