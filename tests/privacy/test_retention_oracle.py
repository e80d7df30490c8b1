"""The compiled retention against a plain reading of the rules, row by row (H10, D10, D11).

Random rules, clocks, kinds, relationships and holds over a joint register: calendar and financial year ends, leap
days, events around midnight, open clocks, statutory minimums against ceilings, data kept only with other data.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import tried
from tests.support.world import publish_examples
from tillit.consent.models import Choice
from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.parts import FinancialYear
from tillit.declaration.queries import current
from tillit.declaration.schema import Retention
from tillit.declaration.vocabulary import category_id
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Fact, Relationship, Subject
from tillit.privacy.compiler import Party, Plan, plans
from tillit.privacy.models import Hold
from tillit.privacy.retention import FreePeople

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Oslo")
NEVER, LONG_AGO = date.max, date.min
TEXT = {"nb": "Grunn", "en": "Ground"}
ACTIVITIES = ("membership_administration", "marketing", "claims_defence")


@dataclass(frozen=True)
class Row:
    """A fact: whose, of which controller (place in the register), kind, and its two events."""

    subject: int
    place: int
    kind: str
    collected: datetime
    superseded: datetime | None


@dataclass
class Case:
    """One example: rules by controller, the facts, and everything the clocks are asked of."""

    rules: list[list[Retention]]
    years: list[int]
    rows: list[Row]
    relations: list[tuple[int, int, str, date, date | None]]  # subject, place, kind, started, ended
    choices: list[tuple[int, int, str, str, bool, datetime]]  # subject, place, activity, channel, consented, since
    contacts: set[tuple[int, int]]  # subject, place
    holds: list[tuple[int, int, str | None, bool]]  # subject, place, category, released
    on: date


def _days(first: date = date(2019, 12, 25), last: date = date(2026, 3, 5)) -> st.SearchStrategy[date]:
    edges = [date(2020, 2, 29), date(2019, 12, 31), date(2020, 1, 1), date(2024, 2, 29), date(2021, 1, 31)]
    edges += [date(2020, 6, 30), date(2020, 7, 1), date(2023, 2, 28)]
    return st.one_of(st.sampled_from(edges), st.dates(first, last))


def _moments() -> st.SearchStrategy[datetime]:
    times = st.sampled_from([(0, 0), (21, 59), (22, 0), (22, 59), (23, 0), (23, 59), (12, 0)])
    return st.builds(lambda day, at: datetime(day.year, day.month, day.day, *at, tzinfo=UTC), _days(), times)


_PERIODS = st.sampled_from(["P0D", "P30D", "P1M", "P3M", "P1Y", "P18M", "P2Y1M", "P5Y", "P4W"])
_EVENTS = ("collected", "superseded", "relationship_ended", "consent_withdrawn")
_CLOCKS = st.builds(
    lambda function, event: function.format(event),
    st.sampled_from(["{}", "{}", "year_end({})", "fiscal_year_end({})"]),
    st.sampled_from(_EVENTS),
)


@st.composite
def _rule(draw: Any) -> Retention:
    kept_with = draw(st.integers(0, 5)) == 0
    return Retention(
        key="r",
        activity=draw(st.sampled_from(ACTIVITIES)),
        category="identity",
        clock="linked_data_gone" if kept_with else draw(_CLOCKS),
        period="P0D" if kept_with else draw(_PERIODS),
        rule="keep" if kept_with else draw(st.sampled_from(["keep", "keep", "minimum", "ceiling"])),
        only_kinds=draw(st.sampled_from([(), (), ("name.given",), ("name.given", "name.family")])),
        kept_with=("contact",) if kept_with else (),
        ground=TEXT,
    )


@st.composite
def _case(draw: Any) -> Case:
    subject, place = st.integers(0, 2), st.integers(0, 2)
    relations, open_ones = [], set()
    for who, where, kind, started, length in draw(
        st.lists(
            st.tuples(subject, place, st.sampled_from(["member", "customer"]), _days(), st.integers(-1, 900)),
            max_size=6,
        )
    ):
        if length < 0 and (who, where, kind) in open_ones:
            continue
        open_ones |= {(who, where, kind)} if length < 0 else set()
        relations.append((who, where, kind, started, None if length < 0 else started + timedelta(days=length)))
    choices = {}
    for who, where, activity, channel, yes, since in draw(
        st.lists(
            st.tuples(
                subject,
                place,
                st.sampled_from(ACTIVITIES),
                st.sampled_from(["", "email"]),
                st.booleans(),
                _moments(),
            ),
            max_size=5,
        )
    ):
        choices[who, where, activity, channel] = (who, where, activity, channel, yes, since)
    rows = {}
    for row in draw(
        st.lists(
            st.builds(
                Row,
                subject,
                place,
                st.sampled_from(["name.given", "name.family", "number"]),
                _moments(),
                st.one_of(st.none(), _moments()),
            ),
            min_size=1,
            max_size=8,
        )
    ):
        rows[row.subject, row.place, row.kind, row.superseded] = row
    return Case(
        [draw(st.lists(_rule(), min_size=1 if n == 0 else 0, max_size=3)) for n in range(3)],
        [draw(st.sampled_from([12, 2, 6, 9])) for _ in range(3)],
        list(rows.values()),
        relations,
        list(choices.values()),
        draw(st.sets(st.tuples(subject, place), max_size=2)),
        draw(
            st.lists(
                st.tuples(subject, place, st.sampled_from([None, "identity", "contact"]), st.booleans()), max_size=2
            )
        ),
        draw(_days(last=date(2033, 1, 1))),
    )


def _parties(case: Case) -> list[Party]:
    """The register's controllers, the holder first, each with the rules drawn for it."""
    found = []
    controllers = list(Controller.objects.filter(register__key__in=_joint()).order_by("-holder", "id"))
    for controller, rules, month in zip(controllers, case.rules, case.years, strict=True):
        said = current(controller_id=controller.pk, on=date(2026, 6, 1))
        year = FinancialYear(end_month=month, end_day=calendar.monthrange(2001, month)[1])
        who = said.controller.model_copy(update={"financial_year": year})
        declaration = said.model_copy(update={"retention": tuple(rules), "controller": who})
        found.append(Party(controller.pk, controllers[0].pk, declaration))
    return found


def _joint() -> list[str]:
    return [c.register.key for c in Controller.objects.filter(holder=True).select_related("register")]


def _make(case: Case, members: list[Party]) -> tuple[list[int], dict[Any, Row]]:
    register = Controller.objects.get(pk=members[0].controller_id).register_id
    ids = [p.controller_id for p in members]
    subjects = [Subject.objects.create(register_id=register).id for _ in range(3)]
    number = category_id("identity")
    base = {"source": "data_subject", "collected_under": "membership_administration"}
    made = {}
    for row in case.rows:
        fact = Fact.objects.create(
            subject_id=subjects[row.subject],
            controller_id=ids[row.place],
            category=number,
            kind=row.kind,
            value="x",
            collected_at=row.collected,
            superseded_at=row.superseded,
            **base,
        )
        made[fact.id] = row
    for who, where in case.contacts:
        Fact.objects.create(
            subject_id=subjects[who],
            controller_id=ids[where],
            category=category_id("contact"),
            kind="email",
            value="x",
            collected_at=datetime(2026, 1, 1, tzinfo=UTC),
            **base,
        )
    for who, where, kind, started, ended in case.relations:
        Relationship.objects.create(
            subject_id=subjects[who], controller_id=ids[where], kind=kind, started=started, ended=ended
        )
    for who, where, activity, channel, yes, since in case.choices:
        Choice.objects.create(
            subject_id=subjects[who],
            controller_id=ids[where],
            activity=activity,
            channel=channel,
            consented=yes,
            since=since,
        )
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for who, where, category, released in case.holds:
        Hold.objects.create(
            subject_id=subjects[who],
            controller_id=ids[where],
            categories=[category_id(category)] if category else [],
            reason="claim",
            since=moment,
            released=moment if released else None,
        )
    return subjects, made


# The plain reading.


def _later(day: date, period: str) -> date:
    months = days = 0
    digits = ""
    for sign in period[1:]:
        if sign.isdigit():
            digits += sign
            continue
        amount, digits = int(digits), ""
        months += {"Y": 12, "M": 1}.get(sign, 0) * amount
        days += {"D": 1, "W": 7}.get(sign, 0) * amount
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1])) + timedelta(days=days)


def _happened(case: Case, members: list[Party], place: int, rule: Retention, event: str, row: Row) -> date | str | None:
    """The day, None while it has not happened, 'not concerned' when the rule does not speak of the person."""
    if event in {"collected", "superseded"}:
        moment = row.collected if event == "collected" else row.superseded
        return None if moment is None else moment.astimezone(ZONE).date()
    if event == "relationship_ended":
        applies = members[place].declaration.activity(rule.activity).applies_to
        ends = [r[4] for r in case.relations if r[0] == row.subject and r[1] == place and r[2] in applies]
        if not ends:
            return "not concerned"
        return None if None in ends else max(ends)
    said = [c for c in case.choices if c[0] == row.subject and c[2] == rule.activity]
    said = [c for c in said if c[1] == place] or [c for c in said if c[1] == 0]
    if not said:
        return "not concerned"
    return None if any(c[4] for c in said) else max(c[5].astimezone(ZONE).date() for c in said)


def _lapse(case: Case, members: list[Party], place: int, rule: Retention, row: Row) -> date | str:
    if rule.only_kinds and row.kind not in rule.only_kinds:
        return "not concerned"
    if rule.clock == "linked_data_gone":
        return NEVER if {(row.subject, place), (row.subject, 0)} & case.contacts else "not concerned"
    function, _, event = rule.clock.rstrip(")").rpartition("(")
    day = _happened(case, members, place, rule, event, row)
    if day is None or isinstance(day, str):
        return day or NEVER
    if function:
        last = case.years[place] if function == "fiscal_year_end" else 12
        year = day.year + (day.month > last)
        day = date(year + (last == 12), last % 12 + 1, 1)
    return _later(day, rule.period)


def _expected(case: Case, members: list[Party], row: Row) -> date | None:
    """The day the row is due; None where no rule of the controller speaks of it at all."""
    speaking = [(row.place, rule) for rule in case.rules[row.place]]
    if row.place == 0:
        speaking += [(n, rule) for n in (1, 2) for rule in case.rules[n] if rule.rule != "ceiling"]
    if not speaking:
        return None
    lapses: dict[str, list[date]] = {"keep": [], "minimum": [], "ceiling": []}
    for place, rule in speaking:
        day = _lapse(case, members, place, rule, row)
        if not isinstance(day, str):
            lapses[rule.rule].append(day)
    kinds = {rule.rule for _, rule in speaking}
    of_kind = {rule.rule for _, rule in speaking if not rule.only_kinds or row.kind in rule.only_kinds}
    alone = "ceiling" in of_kind and "keep" not in of_kind
    keep = max(lapses["keep"], default=LONG_AGO if "keep" in kinds and not alone else NEVER)
    if kinds == {"minimum"}:
        keep = LONG_AGO
    return max([min([keep, *lapses["ceiling"]]), *lapses["minimum"]])


def _held(case: Case, row: Row) -> bool:
    return any(
        who == row.subject
        and not released
        and category in {None, "identity"}
        and (where in {row.place, 0} or row.place == 0)
        for who, where, category, released in case.holds
    )


def _measured(plan: Plan, subjects: list[int], on: date) -> dict[int, tuple[date, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, ({plan.due})::text, {plan.held()} {plan.source(some=True)}",
            {**plan.params, "on": on, "subjects": subjects},
        )
        return {number: (_date(text), on_hold) for number, text, on_hold in cursor.fetchall()}


def _date(text: str) -> date:
    return {"infinity": NEVER, "-infinity": LONG_AGO}.get(text) or date.fromisoformat(text[:10])


def _rows(plan: Plan, text: str, subjects: list[int], on: date) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t.id {text}", {**plan.params, "on": on, "subjects": subjects})
        return {row[0] for row in cursor.fetchall()}


@settings(max_examples=tried(240), deadline=None)
@given(_case())
def test_h10_d10_d11_the_compiled_rule_is_the_rule_as_read(case: Case) -> None:
    if not Controller.objects.exists():
        publish_examples("bonus")
    with pytest.MonkeyPatch.context() as patch:
        # Another table of the category has clocks of its own, of which these made-up rules do not speak.
        patch.delitem(registry.PERSONAL, "registers_check")
        _judged(case)


def _judged(case: Case) -> None:
    with transaction.atomic():
        members = _parties(case)
        with Scope(system("test", [p.controller_id for p in members]), "retention"):
            subjects, made = _make(case, members)
            seen = set()
            for place, party in enumerate(members):
                others = [m for m in members if m is not party] if place == 0 else []
                for plan in plans(party, others):
                    if plan.table.table != "parties_fact":
                        continue
                    measured = _measured(plan, subjects, case.on)
                    seen |= set(measured)
                    expected = {
                        number: (_expected(case, members, made[number]), _held(case, made[number]))
                        for number in measured
                    }
                    assert measured == expected
                    due = {n for n, (day, on_hold) in expected.items() if day <= case.on and not on_hold}
                    exactly = f" AND {plan.due} <= %(on)s AND NOT {plan.held()}"
                    assert _rows(plan, plan.source(some=True) + exactly, subjects, case.on) == due
                    among, free, given = set(), FreePeople(), {**plan.params, "on": case.on}
                    for way in plan.ways():
                        with connection.cursor() as cursor:
                            name = free.table(cursor=cursor, controllers=frozenset(), way=way, params=given)
                        if name or not way.free:
                            among |= _rows(plan, plan.candidates(way, name), subjects, case.on)
                    free.forget()
                    assert among >= due
            assert {n for n, row in made.items() if _expected(case, members, row) is not None} == seen
        transaction.set_rollback(True)
