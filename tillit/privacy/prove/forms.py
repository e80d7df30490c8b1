"""Forms that store identifying data (A2): a page of ours asks with it, its activity may record what it collects, and
nothing was collected under that activity that no version of the declaration said.
"""

from collections.abc import Callable, Iterator

from django.db import connection

from tillit.declaration import forms
from tillit.declaration.queries import version_declaration, versions
from tillit.declaration.schema import Declaration
from tillit.declaration.site_parts import Form
from tillit.declaration.statement.wording import Words
from tillit.declaration.vocabulary import category_id, category_key, vocabulary
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, not_provable, texts
from tillit.privacy.prove.later import WHY


def _promised(declaration: Declaration) -> Iterator[Said]:
    for form in declaration.forms:
        yield Said(f"forms.{form.key}", texts(declaration, "own_words", words=_notice(form)), form)


def _notice(form: Form) -> Callable[[Words], str]:
    def said(words: Words) -> str:
        return words.of(form.notice)

    return said


def _check(context: Context, said: Said) -> Finding:
    form: Form = said.item
    pages = forms.served(form.key)
    if not pages:
        return not_provable(WHY["forms"])
    recorded = _recorded(context, form.activity)
    faults = [f"'{form.activity}' may not record '{key}'" for key in sorted(set(form.collects) - recorded)]
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "forms", "collected"),
            {
                "controller": context.id,
                "activity": form.activity,
                "allowed": [category_id(key) for key in sorted(recorded)],
            },
        )
        facts, astray, categories = cursor.fetchone()
    if astray:
        named = ", ".join(category_key(number) for number in categories)
        faults.append(f"{astray} facts were collected under '{form.activity}' that it may not record: {named}")
    return judged(faults, pages=len(pages), facts=facts)


def _recorded(context: Context, activity: str) -> frozenset[str]:
    """What the activity may record by any published version: what was collected under an earlier one was said then."""
    said = [context.declaration, *(version_declaration(one) for one in versions(controller_id=context.id))]
    found: set[str] = set()
    for declared in said:
        one = declared.activity(activity)
        records = set(one.records) if one else set()
        found |= set(declared.category_keys()) if "*" in records else records
    return frozenset(found & set(vocabulary().categories))


KIND = Kind("forms", _promised, _check)
