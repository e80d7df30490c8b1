"""Whoever receives data receives it for an activity that has it, and each time goes on record (H13)."""

from collections.abc import Iterator

from tillit.declaration.checking.context import Context
from tillit.declaration.errors import Problem

LOG = "disclosure_record"


def problems(context: Context) -> Iterator[Problem]:
    """Recipients of categories that no activity naming them uses."""
    for i, recipient in enumerate(context.declaration.recipients):
        having = [a for a in context.declaration.activities if recipient.key in a.recipients]
        seen = {category for activity in having for category in context.touches(activity)}
        for n, category in enumerate(recipient.categories):
            if having and category in context.categories and category not in seen:
                message = f"no activity that discloses to '{recipient.key}' uses '{category}'"
                yield context.problem(("recipients", i, "categories", n), "recipient-category", message)

    for i, activity in enumerate(context.declaration.activities):
        known = [context.recipients[key] for key in activity.recipients if key in context.recipients]
        if not all(one.only_aggregated for one in known) and not {LOG, "*"} & set(activity.records):
            message = f"'{activity.key}' discloses, so it must record '{LOG}'"
            yield context.problem(("activities", i, "recipients"), "disclosure-unlogged", message)
    for i, recipient in enumerate(context.declaration.recipients):
        for n, name in enumerate(recipient.only):
            field = context.words.fields.get(name)
            if field is not None and field.category not in recipient.categories:
                message = f"'{name}' belongs to '{field.category}', which '{recipient.key}' does not receive"
                yield context.problem(("recipients", i, "only", n), "field-outside-categories", message)


def notices(context: Context) -> Iterator[Problem]:
    """Recipients that no activity discloses to."""
    used = {key for activity in context.declaration.activities for key in activity.recipients}
    for i, recipient in enumerate(context.declaration.recipients):
        if recipient.key not in used:
            message = f"no activity discloses to '{recipient.key}', so it can receive nothing"
            yield context.problem(("recipients", i), "unused-recipient", message)
