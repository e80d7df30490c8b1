"""The types of event that more than one layer records. A type of one layer alone stands in that layer's `events.py`."""

from tillit.audit.types import (
    AMOUNT,
    CODE,
    CODES,
    COUNT,
    DATE,
    DIGEST,
    FLAG,
    ID,
    IDS,
    MOMENT,
    event_type,
)

# Who looked, and why (A9). `purpose` is a code of the controller's list; the activity is a column of every event.
PERSON_READ = event_type("person.read", subject="required", purpose=CODE, categories=CODES, case=ID)
PERSON_SEARCHED = event_type("person.searched", subject="none", purpose=CODE, by=CODE, hits=COUNT)
KEY_OPENED = event_type("key.opened", subject="required", purpose=CODE, category=CODE, case=ID)

# Rights (H).
PERSON_EXPORTED = event_type("person.exported", subject="required", case=ID, formats=CODES, rows=COUNT)
PERSON_CORRECTED = event_type("person.corrected", subject="required", case=ID, category=CODE, kind=CODE, source=CODE)
PERSON_ERASED = event_type("person.erased", case=ID, ground=CODE, tables=COUNT, rows=COUNT, kept=CODES)
PERSON_RESTRICTED = event_type("person.restricted", subject="required", case=ID, ground=CODE, rows=COUNT)
RESTRICTION_LIFTED = event_type("person.unrestricted", subject="required", case=ID, rows=COUNT)
REQUEST_RECEIVED = event_type("request.received", subject="required", case=ID, right=CODE, due=DATE)
REQUEST_ANSWERED = event_type("request.answered", subject="required", case=ID, right=CODE, outcome=CODE)

# Consent and objection.
CONSENT_CHANGED = event_type("consent.changed", subject="required", purpose=CODE, channel=CODE, given=FLAG, proof=ID)
OBJECTION_MADE = event_type("objection.made", subject="required", purpose=CODE, channel=CODE)
OBJECTION_LIFTED = event_type("objection.lifted", subject="required", purpose=CODE, channel=CODE)
OBJECTION_REFUSED = event_type("objection.refused", subject="required", purpose=CODE, channel=CODE)

# Declarations, retention, proof.
DECLARATION_PUBLISHED = event_type(
    "declaration.published", subject="none", version=COUNT, material=FLAG, digest=DIGEST, source=DIGEST
)
RETENTION_RUN = event_type(
    "retention.run",
    subject="none",
    table=CODE,
    category=CODE,
    rule=CODE,
    rows=COUNT,
    disposal=CODE,
    on=DATE,
    at=MOMENT,
    dry=FLAG,
)
RETENTION_RUN_FINISHED = event_type("retention.finished", subject="none", rows=COUNT, on=DATE, dry=FLAG)
PROOF_RUN = event_type("proof.run", subject="none", kept=COUNT, broken=COUNT, unprovable=COUNT)
DRAFT_BEGUN = event_type("draft.begun", subject="none", draft=ID, revision=COUNT)
DRAFT_SAVED = event_type("draft.saved", subject="none", draft=ID, revision=COUNT)
DRAFT_APPROVED = event_type("draft.approved", subject="none", draft=ID, revision=COUNT)
DRAFT_DISCARDED = event_type("draft.discarded", subject="none", draft=ID, revision=COUNT)

# Sets: one event with its batch, never one a row.
IMPORT_BATCH = event_type(
    "import.batch", subject="none", source=CODE, kind=CODE, rows=COUNT, accepted=COUNT, quarantined=COUNT, digest=DIGEST
)
# A sealed row may show a person, but nobody knows whom until it is played again.
QUARANTINE_OPENED = event_type("quarantine.opened", subject="none", batch=ID, row=ID)
QUARANTINE_REPAIRED = event_type("quarantine.repaired", subject="none", batch=ID, row=ID)
QUARANTINE_DISMISSED = event_type("quarantine.dismissed", subject="none", batch=ID, rows=COUNT, because=CODE)
QUARANTINE_REPLAYED = event_type("quarantine.replayed", subject="none", source=CODE, rows=COUNT, accepted=COUNT)
LEDGER_BATCH = event_type(
    "ledger.batch", subject="none", kind=CODE, transfers=COUNT, amount=AMOUNT, currency=CODE, digest=DIGEST
)
MESSAGE_BATCH = event_type("message.batch", subject="none", campaign=ID, channel=CODE, sent=COUNT, withheld=COUNT)

# Bonus and vouchers.
BONUS_CORRECTED = event_type(
    "bonus.corrected", subject="required", case=ID, reason=CODE, amount=AMOUNT, currency=CODE, transfer=ID
)
VOUCHER_ISSUED = event_type("voucher.issued", subject="required", voucher=ID, amount=AMOUNT, currency=CODE, until=DATE)
VOUCHER_REDEEMED = event_type("voucher.redeemed", subject="required", voucher=ID, store=ID)
VOUCHER_CANCELLED = event_type("voucher.cancelled", subject="required", voucher=DIGEST, reason=CODE)

# Sign-in and staff.
LOGIN_SUCCEEDED = event_type("login.succeeded", login=ID, method=CODE)
LOGIN_FAILED = event_type("login.failed", login=ID, method=CODE, reason=CODE, attempts=COUNT)
LOGIN_CLOSED = event_type("login.closed", login=ID, reason=CODE)
FACTOR_ADDED = event_type("factor.added", login=ID, kind=CODE)
FACTOR_REMOVED = event_type("factor.removed", login=ID, kind=CODE)
ACCESS_ASKED = event_type("access.asked", subject="required", identity=CODE)
ACCESS_STOPPED = event_type("access.stopped", subject="required")
ACCESS_GIVEN = event_type("access.given", subject="required", identity=CODE)
REGISTRATION_GUESSED = event_type("registration.guessed", subject="none", attempts=COUNT)
FACTORS_RESET = event_type("factor.reset", subject="none", staff=ID, by=ID, kinds=CODES)
ROLE_GRANTED = event_type("role.granted", subject="none", staff=ID, role=CODE)
ROLE_REVOKED = event_type("role.revoked", subject="none", staff=ID, role=CODE)
CONFIDENTIALITY_SIGNED = event_type("confidentiality.signed", subject="none", staff=ID, on=DATE)

# Out of the house, and mishaps.
DISCLOSURE_MADE = event_type(
    "disclosure.made", recipient=CODE, recipient_kind=CODE, ground=CODE, fields=CODES, case=ID, persons=COUNT
)
RECIPIENT_TOLD = event_type("recipient.told", subject="required", recipient=CODE, what=CODE, how=CODE, case=ID)
BREACH_REGISTERED = event_type("breach.registered", subject="none", case=ID, risk=CODE, persons=COUNT, due=MOMENT)
BREACH_NOTIFIED = event_type("breach.notified", case=ID, to=CODE, late=FLAG)
PERSON_ASSIGNED = event_type("person.assigned", subject="required", staff=ID, change=CODE)
PEOPLE_MERGED = event_type("person.merged", subject="required", into=ID, ground=CODE)
PEOPLE_PARTED = event_type("person.parted", subject="required", ground=CODE)

# Machine.
BACKUP_MADE = event_type("backup.made", subject="none", digest=DIGEST, bytes=COUNT, tables=COUNT, keys=FLAG)
RESTORE_MADE = event_type("restore.made", subject="none", digest=DIGEST, replayed=COUNT, controllers=IDS)
SECRET_ROTATED = event_type("secret.rotated", subject="none", secret=CODE, version=COUNT)
AUDIT_DISPOSED = event_type("audit.disposed", subject="none", count=COUNT, links=DIGEST)
