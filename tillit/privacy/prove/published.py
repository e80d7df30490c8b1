"""What is published is what runs: the version is untouched, each language says it, no undeclared cookie (A3, G1)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.conf import settings

from tillit.audit.events import DECLARATION_PUBLISHED
from tillit.audit.models import Event
from tillit.declaration.held_to import FOLLOWING
from tillit.declaration.models import DeclarationVersion
from tillit.declaration.publish import digest_of, digest_of_source, facts_of
from tillit.declaration.queries import current_version
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.build import cookie_policy, statement
from tillit.declaration.statement.text import render_text
from tillit.declaration.statement.texts import languages
from tillit.kernel.iso_period import IsoPeriod
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once, texts


def _promised(declaration: Declaration) -> Iterator[Said]:
    for language in declaration.controller.languages:
        if language in languages():
            yield Said(f"statement.{language}", texts(declaration, "statement"), language)


def _check(context: Context, said: Said) -> Finding:
    """The version's document still has its digest, and every declared text stands in the statement rendered now."""
    version = current_version(controller_id=context.id, on=context.on)
    document = Declaration.model_validate(version.document)
    faults = list(_rewritten(context))
    language: str = said.item
    pages = (statement(document, language), cookie_policy(document, language))
    shown = "".join(_plain(render_text(page)) for page in pages)
    said_by_it = document.model_dump(mode="json")
    said_by_it["security"] = [one for one in said_by_it["security"] if one["disclosed"]]
    declared = list(_localised(said_by_it, language))
    missing = [text for text in declared if _plain(text) not in shown]
    if missing:
        faults.append(f"{len(missing)} declared texts are not in the statement")
    return judged(faults, version=version.number, texts=len(declared))


def _rewritten(context: Context) -> Iterator[str]:
    """Versions that are not what was published: neither by their own digest nor by those on record in the audit trail,
    which nobody can rewrite unseen; and a controller's row that says another thing than its latest version.
    """
    with context.scope():
        published = Event.objects.filter(controller_id=context.id, type=DECLARATION_PUBLISHED.key)
        on_record = {details["version"]: details for details in published.values_list("details", flat=True) if details}
    versions = list(DeclarationVersion.objects.filter(controller_id=context.id).order_by("number"))
    for version in versions:
        record = on_record.get(version.number, {})
        if not version.digest == digest_of(version.document) == record.get("digest", version.digest):
            yield f"version {version.number} was changed after it was published"
        if (source := digest_of_source(version.source_text)) != record.get("source", source):
            yield f"the file of version {version.number} was changed after it was published"
    for name, value in facts_of(Declaration.model_validate(versions[-1].document)).items():
        if getattr(context.controller, name) != value:
            yield f"declaration_controller: another {name} than declared"


def _programme(declaration: Declaration) -> Iterator[Said]:
    if declaration.programme:
        yield Said("programme", texts(declaration, "terms"))


def _terms(context: Context, said: Said) -> Finding:
    """What repeats the declaration for set statements still says the same."""
    with context.scope():
        faults = [fault for look in FOLLOWING.values() for fault in look(context.id, context.on)]
    return judged(faults, tables=len(FOLLOWING))


def _plain(text: str) -> str:
    """Letters and digits only: line breaks, bullets and indentation are form."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _localised(node: Any, language: str) -> Iterator[str]:
    if isinstance(node, dict):
        if language in node and all(isinstance(v, str) for v in node.values()):
            yield node[language]
        else:
            for value in node.values():
                yield from _localised(value, language)
    elif isinstance(node, list):
        for value in node:
            yield from _localised(value, language)


def _cookies(context: Context, said: Said) -> Finding:
    """Every cookie of the site's own frame is declared, needs no consent, and lives no longer than declared."""
    declared = {item.name: item for item in context.declaration.cookies.items}
    browser = settings.SESSION_EXPIRE_AT_BROWSER_CLOSE
    ages: dict[str, int | None] = {  # seconds; None is until the browser is closed
        settings.SESSION_COOKIE_NAME: None if browser else settings.SESSION_COOKIE_AGE,
        settings.CSRF_COOKIE_NAME: settings.CSRF_COOKIE_AGE,
        settings.LANGUAGE_COOKIE_NAME: settings.LANGUAGE_COOKIE_AGE,
    }
    faults = []
    for name, age in ages.items():
        item = declared.get(name)
        if item is None:
            faults.append(f"the cookie {name} is set and not declared")
        elif item.kind not in {"necessary", "own"}:
            faults.append(f"the cookie {name} is set without consent and declared as {item.kind}")
        elif age is not None and not (item.life.period and _seconds(item.life.period, context.on) >= age):
            faults.append(f"the cookie {name} lives longer than declared")
    return judged(faults, declared=len(declared), set_by_the_frame=len(ages))


def _seconds(period: str, on: date) -> int:
    return (IsoPeriod.parse(period).add_to(on) - on).days * 86_400


STATEMENT = Kind("statement", _promised, _check)
TERMS = Kind("terms", _programme, _terms)
COOKIES = Kind("cookies", once("cookies", "cookies.items"), _cookies)
