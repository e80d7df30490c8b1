"""The answer: item by item, in every language, as given (H1–H9). Stored on the case; shown, mailed and set as PDF from
there, so a later declaration does not change what somebody was told.

An item is a mapping of codes with `what`, the key of its text (`texts.yaml`, `item.*`).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from babel.dates import format_date

from tillit.audit.events import REQUEST_ANSWERED
from tillit.audit.operations import append
from tillit.cases import operations
from tillit.cases.models import Case, Entry
from tillit.cases.rights import ALL_MARKETING
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration, Retention
from tillit.declaration.statement.document import Block, Bullets, Document, Paragraph, Section
from tillit.declaration.statement.pdf import render_pdf
from tillit.declaration.statement.wording import Words, sentence
from tillit.declaration.vocabulary import vocabulary
from tillit.journeys.rights import letters
from tillit.journeys.rights.texts import languages, say, say_or
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Scope

Item = dict[str, Any]


def give(
    *,
    scope: Scope,
    case: Case,
    step: str,
    outcome: str,
    items: Sequence[Item],
    at: datetime,
    text: str = "",
    address: str | None = None,
) -> Entry:
    """Answer the request by `step`, on record, and mail the answer to `address` (the copy itself is never mailed)."""
    declared = declarations(case, clock.local_date(at))
    said = {one: lines(items, declared=declared, language=one) for one in languages()}
    entry = operations.take(
        scope=scope,
        case=case,
        step=step,
        at=at,
        text=text,
        outcome=outcome,
        details={
            "items": [dict(item) for item in items],
            "said": said,
            "complaint": {one: complaint(declared[case.controller_id], one) for one in languages()},
        },
    )
    append(
        type=REQUEST_ANSWERED,
        scope=scope,
        controller=case.controller_id,
        subject=case.subject_id,
        details={"case": case.id, "right": case.fields["right"], "outcome": outcome},
    )
    told = [*([text] if text else []), *said[case.language], entry.details["complaint"][case.language]]
    if any(item["what"].startswith("copy") for item in items):
        told.append(say(case.language, "letter.copy"))
    letters.tell(scope=scope, case=case, address=address, about="answered", lines=told)
    return entry


def declarations(case: Case, on: date) -> dict[int, Declaration]:
    """The declarations in effect of every controller of the case's register that has one."""
    register = Controller.objects.values_list("register_id", flat=True).get(pk=case.controller_id)
    members = Controller.objects.filter(register_id=register, versions__isnull=False).distinct()
    return {one: current(controller_id=one, on=on) for one in members.values_list("id", flat=True)}


def lines(items: Sequence[Item], *, declared: Mapping[int, Declaration], language: str) -> list[str]:
    """The items as sentences. Where several controllers answer, each line about rows names whose they are."""
    several = len({item["controller"] for item in items if "controller" in item}) > 1
    names = dict(Controller.objects.filter(pk__in=declared).values_list("id", "name")) if several else {}
    found = []
    for item in items:
        said = _line(item, declared, language)
        found.append(f"{names[item['controller']]}: {said}" if item.get("controller") in names else said)
    return found


def _line(item: Item, declared: Mapping[int, Declaration], language: str) -> str:
    what = item["what"]
    values = {key: value for key, value in item.items() if key not in {"what", "rule", "until", "day"}}
    if "category" in item:
        values["category"] = vocabulary().categories[item["category"]].name(language)
    if "kind" in item:
        values["kind"] = say_or(language, f"fact.{item['kind']}", item["kind"])
    if "activity" in item:
        values["activity"] = activity_name(item["activity"], language)
    if "channel" in item:
        values["channel"] = channel_name(item["channel"], language)
    if "day" in item:
        values["day"] = day(date.fromisoformat(item["day"]), language)
    if "adviser" in item:
        values["adviser"] = _of(declared[item["adviser"]].rights.objection_decided_by, language).rstrip(".")
    if "period" in item:
        values["period"] = IsoPeriod.parse(item["period"]).describe(language)
    if what == "restricted_ground":
        return say(language, f"item.restricted_ground.{item['ground']}")
    if what == "refused":
        return say(language, f"refused.{item['reason']}")
    if what == "kept" and item["rule"] == "hold":
        return say(language, "item.kept_hold", **values)
    if what == "kept":
        return _kept(item, values, declared, language)
    return say(language, f"item.{what}", **values)


def _kept(item: Item, values: dict[str, Any], declared: Mapping[int, Declaration], language: str) -> str:
    """Why rows stay, and until when: the rule as the declaration puts it, and its ground (GDPR 17(3))."""
    declaration, rule = _rule(item, declared)
    if rule is None or declaration is None:
        return say(language, "item.kept_hold", **values)
    words = Words(declaration, language)
    said = say(
        language,
        "item.kept",
        **values,
        rule=words.retention(rule),
        ground=sentence(_of(rule.ground, language)),
    )
    until = item.get("until")
    tail = (
        say(language, "item.kept_until", day=day(date.fromisoformat(until), language))
        if until
        else say(language, "item.kept_open")
    )
    return f"{said} {tail}"


def _rule(item: Item, declared: Mapping[int, Declaration]) -> tuple[Declaration | None, Retention | None]:
    """The rule, of the controller whose row it is or, in a joint register, of another that needs it."""
    mine = declared.get(item["controller"])
    for declaration in [*([mine] if mine else []), *declared.values()]:
        for rule in declaration.retention:
            if rule.key == item["rule"]:
                return declaration, rule
    return None, None


def complaint(declaration: Declaration, language: str) -> str:
    """To whom one complains: the privacy adviser first, then the authority, or another in the EEA (H9, GDPR 77)."""
    rights = declaration.rights
    said = say(
        language,
        "answer.complaint",
        first=sentence(_of(rights.complaint_first, language)),
        authority=rights.authority,
        address=rights.authority_address,
    )
    return f"{said} {_of(rights.other_authorities, language)}".strip()


def activity_name(key: str, language: str) -> str:
    """The name of an activity, or of all marketing."""
    if key == ALL_MARKETING:
        return say(language, "all_marketing")
    return vocabulary().activities[key].name(language)


def channel_name(key: str, language: str) -> str:
    """The name of a channel; everything where there is none."""
    return vocabulary().channels[key].name(language) if key else say(language, "everything")


def day(value: date, language: str) -> str:
    """A date in words."""
    return str(format_date(value, format="long", locale=language))


def _of(text: Mapping[str, str] | None, language: str) -> str:
    """A declared text in the language, else in the first it has."""
    return "" if not text else (text.get(language) or next(iter(text.values()))).strip()


def spoken(entry: Entry, language: str) -> tuple[list[str], str]:
    """(lines, where to complain) of an entry that answers, as they were given."""
    said = entry.details.get("said", {})
    return list(said.get(language, ())), str(entry.details.get("complaint", {}).get(language, ""))


def as_pdf(*, case: Case, entries: Collection[Entry], language: str, made: datetime) -> bytes:
    """Every answer given in the case, to read and keep."""
    controller = Controller.objects.get(pk=case.controller_id)
    zone = current(controller_id=controller.pk, on=clock.local_date(made)).controller.time_zone
    right = say(language, f"right.{case.fields['right']}")
    sections = []
    for number, entry in enumerate([one for one in entries if one.details.get("said")], 1):
        told, where = spoken(entry, language)
        title = say(language, "answer.sent", day=day(clock.local_date(entry.at, zone), language))
        blocks: list[Block] = [Paragraph(entry.text)] if entry.text else []
        blocks += [Bullets(tuple(told))] if told else []
        complain = Section(f"complaint-{number}", say(language, "answer.complaint_title"), (Paragraph(where),))
        sections.append(Section(f"answer-{number}", title, tuple(blocks), (complain,)))
    received = say(language, "answer.received", day=day(clock.local_date(case.received_at, zone), language))
    document = Document(
        title=say(language, "answer.title", right=right),
        language=language,
        publisher=controller.name,
        contents=say(language, "answer.contents"),
        page=say(language, "answer.page"),
        lead=(Paragraph(f"{controller.name}. {received}"),),
        sections=tuple(sections),
    )
    return render_pdf(document, made=made)
