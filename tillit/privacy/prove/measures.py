"""Measures that a declaration names and other checks look at (H11, H18, D14): each stands in its own place, with what
those found of the running system; and what is promised of backups' files and of writing to people first.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tillit.declaration import registry
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.wording import Words
from tillit.parties.journal_models import JournalEntry
from tillit.privacy.backup import places
from tillit.privacy.prove import backup, people, privileges, reading, records, row_security, sealing
from tillit.privacy.prove.context import Context, seen
from tillit.privacy.prove.kinds import Evidence, Finding, Kind, Said, declared, judged, not_provable, texts

ROWS = (row_security.KIND, privileges.KIND)
ANSWERED: dict[str, Sequence[Kind]] = {
    "row_isolation": ROWS,
    "stored_apart": ROWS,
    "need_to_know": (*ROWS, people.STAFF),
    "assigned_only": (people.STAFF,),
    "confidentiality": (people.STAFF,),
    "sealed_keys": (sealing.KIND,),
    "sealed_numbers": (sealing.KIND,),
    "card_digest": (sealing.DIGESTS,),
    "encryption_at_rest": (sealing.KIND, sealing.DIGESTS),
    "integrity": (records.AUDIT,),
    "availability": (backup.MADE,),
    "monitoring": (reading.KIND,),
}
"""Measure → the checks that show it."""
STORES: tuple[places.Store, ...] = ("dump", "keys", "journal")


def _promised(declaration: Declaration) -> Iterator[Said]:
    for measure in declaration.security:
        if measure.key in ANSWERED:
            said = texts(declaration, "own_words", words=declared(measure.text))
            yield Said(f"security.{measure.key}", said, measure.key)


def _check(context: Context, said: Said) -> Finding:
    """What the checks of the measure found, each asked once a run."""
    faults: list[str] = []
    looked, unknown = 0, ""
    for kind in ANSWERED[said.item]:
        for one in context.found(kind):
            looked += 1
            faults += one.faults
            unknown = unknown or (one.why if one.status == "not_provable" else "")
    if unknown and not faults:
        return not_provable(unknown)
    return judged(faults, checks=looked)


def _first(declaration: Declaration) -> Iterator[Said]:
    if not declaration.first_contact_on_interest:
        yield Said("first_contact_on_interest", texts(declaration, "first_contact"))


def _contacted(context: Context, said: Said) -> Finding:
    """Under each activity that writes to people first, rows held on an interest alone are asked for by key."""
    faults, tried, activities = [], 0, 0
    for activity in context.declaration.activities:
        hidden = context.declaration.out_of_sight(activity)
        if not hidden:
            continue
        activities += 1
        with context.scope(activity.key):
            for (table, category), keys in context.samples.items():
                if category in hidden:
                    tried += len(keys)
                    if reached := seen(registry.PERSONAL[table], keys):
                        faults.append(f"{activity.key} reads {reached} rows of {category} in {table}")
    return judged(faults, activities=activities, rows_tried=tried)


def _backups(declaration: Declaration) -> Iterator[Said]:
    said = declaration.backup
    yield Said("backup.levels", texts(declaration, "own_words", words=declared(said.levels)), "levels")
    yield Said("backup.readers", texts(declaration, "backup_readers", readers=_roles(said.readers)), "readers")


def _roles(keys: Sequence[str]) -> Callable[[Words], str]:
    def said(words: Words) -> str:
        return words.listing(words.words("roles", keys))

    return said


def _apart(context: Context, said: Said) -> Finding:
    """Dumps, keys and journal are three places, each filled; and none can be read by another user of the machine."""
    filled = {store: _files(places.folder(store)) for store in STORES}
    if not filled["dump"]:
        return not_provable("no dump has been due yet")
    evidence: Evidence = {store: len(files) for store, files in filled.items()}
    if said.item == "levels":
        # A journal begins with the first act that a restore must do again.
        due = {"dump", "keys"} | ({"journal"} if JournalEntry.objects.filter(shipped=True).exists() else set())
        faults = [f"there is nothing in the place of the {one}" for one in STORES if one in due and not filled[one]]
        if len({places.folder(store).resolve() for store in STORES}) < len(STORES):
            faults.append("two of dumps, keys and journal are in one place")
        return judged(faults, **evidence)
    open_to = [
        f"{path.name} can be read by other users of the machine"
        for store, files in filled.items()
        for path in (places.folder(store), *files)
        if path.stat().st_mode & 0o077
    ]
    with context.scope():
        open_to += [fault for fault in privileges.faults() if fault.startswith("tillit_backup")]
    return judged(open_to, **evidence)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix) if folder.is_dir() else []


KIND = Kind("measures", _promised, _check)
FIRST = Kind("first_contact", _first, _contacted)
BACKUPS = Kind("backup_apart", _backups, _apart)
