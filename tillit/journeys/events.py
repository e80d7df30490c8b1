"""Types of event that only journeys record."""

from tillit.audit.types import AMOUNT, CODE, CODES, COUNT, DATE, DIGEST, ID, event_type

RELATIONSHIP_ENDED = event_type("relationship.ended", subject="required", kind=CODE, reason=CODE)
RELATIONSHIP_BEGUN = event_type("relationship.begun", subject="required", kind=CODE, route=CODE)
PERSON_BROUGHT_IN = event_type("person.brought_in", subject="required", sender=DIGEST, rows=COUNT)
PROGRAMME_CHANGED = event_type("programme.changed", subject="none", changes=COUNT)
ALONE_LIMIT_SET = event_type(
    "programme.alone_limit_set", subject="none", chain=ID, before=AMOUNT, amount=AMOUNT, currency=CODE
)
ALONE_LIMIT_ASKED = event_type(
    "programme.alone_limit_asked", subject="none", chain=ID, before=AMOUNT, amount=AMOUNT, currency=CODE
)
BONUS_BY_ONE = event_type("bonus.given_by_one", subject="required", chain=ID, counts=AMOUNT)
DEATH_RECORDED = event_type("person.died", subject="required", source=CODE, relationships=COUNT)
DEATH_UNDONE = event_type("person.not_dead", subject="required")
ADDRESS_PROTECTED = event_type("address.protected", subject="required", source=CODE, level=CODE)
PROTECTION_LIFTED = event_type("address.unprotected", subject="required", source=CODE)
REGISTER_CHECKED = event_type("register.checked", subject="none", source=CODE, people=COUNT, changed=COUNT)
APP_STARTED = event_type("app.started", subject="required")
APP_DELETED = event_type("app.deleted", subject="required", how=CODE, rows=COUNT)
SUPPLY_CHANGED = event_type("supply.changed", subject="required", act=CODE, what=CODES)
SWITCH_REQUESTED = event_type("switch.requested", subject="required", way=CODE)
SWITCH_DECIDED = event_type("switch.decided", subject="required", way=CODE, status=CODE, identity=CODE)
BOOKS_EXPORTED = event_type("books.exported", subject="none", starts=DATE, ends=DATE, lines=COUNT)
BILLS_EXPORTED = event_type("power.bills_exported", subject="none", month=DATE, points=COUNT, bills=COUNT)
