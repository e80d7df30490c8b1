"""Scope: who acts, for which activity, on whose data. Every access to personal rows happens inside one (DESIGN, A9).

A scope opens a transaction (or savepoint) and sets transaction-local settings that the row-security policies read:

- `tillit.actor`        kind:ref, e.g. `staff:17`
- `tillit.activity`     the vocabulary key of the activity
- `tillit.controllers`  `{1,2}`: the controllers the actor acts for
- `tillit.subjects`     `*` for all, or `{…}`: the only subjects whose rows may be seen
- `tillit.closed`       `yes` where a member of staff looks: what is closed to staff is then out of reach (ADR 14)
- `tillit.now`          the clock's time while it travels, else empty (see `tillit_now()`)

They travel to the server with the first statement of the scope, in one message with the beginning of its transaction:
a scope costs one round trip more than the statement alone (its commit), and one in which nothing is asked costs none.
What goes past Django's cursors (COPY) does not carry them.

With the first statement that names a table travels the order to look up what the scope may touch there, and to keep it
in a setting until the scope ends (`tillit.r_…`, declaration/sql/functions.sql): the policies need not ask the grants
with every statement. What is kept names the rights it is about, and is asked anew where they are others; a scope holds
the rights that stood when it first looked.

A database says in its comment that it is open, which no dump brings along: one that was restored by other means than
`tillit restore` does not (`tillit.opened` says it to the session that restores), and no scope opens there before the
journal is replayed (H11). Asked once a connection.

Leaving restores the outer scope's settings: releasing a savepoint does not, so it is done explicitly. A scope belongs
to the connection it was opened on and is open once at a time, and scopes close in the reverse order of their opening
(one held by an unfinished generator does not): anything else raises `ScopeError`. A statement that names a personal
table outside any scope, or on another connection than the scope's, raises `UnscopedAccessError`; zero rows is only the
backstop.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Any, Self
from typing import Literal as OneOf
from weakref import WeakSet

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import ClientCursor
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Literal

from tillit.kernel import clock
from tillit.kernel.errors import TillitError

ActorKind = OneOf["member", "staff", "partner", "system", "visitor"]
ALL = "*"
_NOTHING_SENT = (TransactionStatus.IDLE, TransactionStatus.INTRANS)
_READ, _WRITE, _DELETE = 1, 2, 4  # as in declaration.enforce
_NEEDS = {"SELECT": (_READ,), "INSERT": (_WRITE,), "UPDATE": (_READ, _WRITE), "DELETE": (_READ, _DELETE)}
_MANY_TABLES, _LONG = 4, 20_000  # beyond: the policies ask by themselves
_SET = (
    "SELECT set_config('tillit.actor', %s, true), set_config('tillit.activity', %s, true),"
    " set_config('tillit.controllers', %s, true), set_config('tillit.subjects', %s, true),"
    " set_config('tillit.now', %s, true), set_config('tillit.closed', %s, true)"
)
_NAMES = tuple(f"tillit_{name}" for name in ("actor", "activity", "controllers", "subjects", "now", "closed"))
_SET_NAMED = _SET.replace("%s", "{}").format(*(f"%({name})s" for name in _NAMES))


class ScopeError(TillitError):
    """The scope asked for is not one the actor may have."""


class UnscopedAccessError(TillitError):
    """A personal table was reached outside every scope."""


@dataclass(frozen=True)
class Actor:
    """Who acts. `controllers`: ids the actor may act for. `activities`: keys allowed; None for every one (system)."""

    kind: ActorKind
    ref: str
    controllers: frozenset[int]
    activities: frozenset[str] | None = None
    subjects: frozenset[int] | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.ref}"


def system(ref: str, controllers: Iterable[int]) -> Actor:
    """A part of Tillit acting by itself (intake, retention, proof …) for `controllers`."""
    return Actor("system", ref, frozenset(controllers))


@dataclass(frozen=True)
class Reach:
    """Where a scope keeps what it may touch of a table (a setting's name without the right), and its categories."""

    place: str
    categories: str


_current: ContextVar["Scope | None"] = ContextVar("tillit_scope", default=None)


@dataclass
class Scope:
    """`with Scope(actor, activity, subjects=…) as scope:`. `subjects=None` means every subject the policies allow.

    A member may only name subjects that are the member's own. `controllers` narrows the actor's. `engine`: the engine's
    own work at the actor's order (an erasure), which shows nobody what it touches: nothing is closed to it.
    """

    actor: Actor
    activity: str
    subjects: frozenset[int] | None = None
    controllers: frozenset[int] = field(default_factory=frozenset)
    engine: bool = False
    _opened: BaseDatabaseWrapper | None = field(default=None, init=False, repr=False, compare=False)
    _waiting: list[str] | None = field(default=None, init=False, repr=False, compare=False)
    _looked_up: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        actor = self.actor
        self.controllers = frozenset(self.controllers) or actor.controllers
        if self.subjects is None and actor.subjects is not None:
            self.subjects = actor.subjects
        if self.subjects is not None:
            self.subjects = frozenset(self.subjects)
        if not self.controllers <= actor.controllers:
            raise ScopeError("scope-controller", f"{actor.kind} may not act for that controller")
        if actor.activities is not None and self.activity not in actor.activities:
            raise ScopeError("scope-activity", f"{actor.kind} may not perform {self.activity}")
        if actor.kind in {"member", "visitor"} and self.subjects is None:
            raise ScopeError("scope-subjects", "a member's scope names the member")
        if actor.subjects is not None and not (self.subjects or frozenset()) <= actor.subjects:
            raise ScopeError("scope-subjects", f"{actor.kind} may not see that person")

    @property
    def opened_on(self) -> BaseDatabaseWrapper | None:
        """The connection the scope is open on, None when it is not."""
        return self._opened

    def settings(self) -> list[str]:
        """The settings, in the order of the statement that sets them."""
        subjects = ALL if self.subjects is None else _array(self.subjects)
        moment = clock.now().isoformat() if clock.travelling() else ""
        closed = "yes" if self.actor.kind == "staff" and not self.engine else ""
        return [str(self.actor), self.activity, _array(self.controllers), subjects, moment, closed]

    def __enter__(self) -> Self:
        if self._opened is not None:
            raise ScopeError("scope-open", "this scope is open already")
        _refuse_restored(connections[DEFAULT_DB_ALIAS])
        self._outer = _current.get()
        self._waiting = self.settings()
        self._looked_up.clear()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self._opened = connections[DEFAULT_DB_ALIAS]
        if guard not in self._opened.execute_wrappers:  # a migration: nothing carries them
            settings, self._waiting = self._waiting, None
            try:
                _apply(settings)
            except BaseException as error:
                self._opened = None
                self._atomic.__exit__(type(error), error, error.__traceback__)
                raise
        _current.set(self)
        return self

    def carry(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's signature)
        """Run a statement behind the settings that still wait to be sent and what is to be looked up for it."""
        cursor, raw = context["cursor"].cursor, context["connection"].connection
        plain = not many and isinstance(sql, str) and isinstance(cursor, ClientCursor)
        asked = tuple(one for one in guard.asked(sql) if one not in self._looked_up) if plain else ()
        settings, self._waiting = self._waiting or [], None
        if not plain:
            if settings:
                _apply(settings)
            return execute(sql, params, many, context)
        if not settings and not asked:
            return execute(sql, params, many, context)
        head, params = _sentence(settings, asked, params)
        before = 1
        if raw.info.transaction_status == TransactionStatus.IDLE:
            raw.autocommit = True  # the transaction begins here, not in a message of its own
            head, before = f"BEGIN; {head}", 2
        try:
            done = execute(head + sql, params, many, context)
        except BaseException:
            if settings and raw.info.transaction_status in _NOTHING_SENT:
                self._waiting = settings
            if raw.info.transaction_status == TransactionStatus.IDLE:
                raw.autocommit = False
            raise
        for _ in range(before):
            cursor.nextset()
        self._looked_up.update(asked)
        return done

    @property
    def waiting(self) -> bool:
        """Whether no statement has been sent yet, so that the server still knows nothing of the scope."""
        return self._waiting is not None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if _current.get() is not self:
            # Its settings are not the ones that hold: what was done under them must not stand.
            wrong = ScopeError("scope-order", "scopes close in the reverse order of their opening")
            self._opened = None
            self._atomic.__exit__(ScopeError, wrong, None)
            if connection.in_atomic_block:
                transaction.set_rollback(True)
            raise wrong
        self._opened, unsent, self._waiting = None, self.waiting, None
        outer = self._outer
        while outer is not None and outer._opened is None:
            outer = outer._outer  # closed out of turn
        _current.set(outer)
        self._atomic.__exit__(kind, error, trace)
        if connection.in_atomic_block and not connection.needs_rollback and not unsent:
            _apply(outer.settings() if outer else [""] * 6)
            if outer is not None:
                outer._looked_up.clear()  # the inner one may have kept its own in the same places


_open_ones: WeakSet[Any] = WeakSet()


def _refuse_restored(on: BaseDatabaseWrapper) -> None:
    """Raise `ScopeError` on a database that nobody has opened to the application (`platform.setup`)."""
    if on.connection is not None and on.connection in _open_ones:
        return
    with on.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('tillit.opened', true), '') = 'yes'"
            r" OR coalesce(shobj_description(oid, 'pg_database'), '') ~ '^tillit( \S+)* opened=yes( |$)'"
            " FROM pg_database WHERE datname = current_database()"
        )
        if cursor.fetchone() != (True,):
            raise ScopeError(
                "not-open",
                "this database was restored, and what people have done since has not been replayed: use tillit restore",
            )
    _open_ones.add(on.connection)


def _array(ids: Iterable[int]) -> str:
    return "{" + ",".join(str(int(i)) for i in sorted(ids)) + "}"


def _sentence(settings: list[str], asked: tuple[str, ...], params: Any) -> tuple[str, Any]:
    """The statement that sets them and looks up what is asked, to stand before another one; and the parameters of both.

    Its values are parameters of the same kind as the other's, so that its text is one of a few and known to the driver;
    quoted where the other one has none.
    """
    if params is None:
        known = SQL(_SET.replace("%s", "{}")).format(*map(Literal, settings)).as_string() if settings else ""
        return _joined(known, asked, escaped=False), None
    if not settings:
        return _joined("", asked), params
    if isinstance(params, Mapping):
        return _joined(_SET_NAMED, asked), {**params, **dict(zip(_NAMES, settings, strict=True))}
    return _joined(_SET, asked), [*settings, *params]


@lru_cache(maxsize=2048)
def _joined(known: str, asked: tuple[str, ...], *, escaped: bool = True) -> str:
    looked_up = ", ".join(asked)
    if escaped:
        looked_up = looked_up.replace("%", "%%")
    return (known or "SELECT ") + (", " if known and asked else "") + looked_up + "; "


def _apply(settings: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET, settings)


def current() -> Scope | None:
    """The innermost open scope, or None."""
    return _current.get()


def require(*, activity: str | None = None) -> Scope:
    """The open scope; raises `UnscopedAccessError` when there is none, `ScopeError` when it is for another activity."""
    scope = _current.get()
    if scope is None:
        raise UnscopedAccessError("unscoped", "this needs an open scope")
    if activity is not None and scope.activity != activity:
        raise ScopeError("scope-activity", f"this belongs to {activity}, not {scope.activity}")
    return scope


class Guard:
    """Refuses statements on personal tables outside a scope. Installed on each connection as it is made."""

    def __init__(self) -> None:
        self._tables: dict[str, Callable[[], Reach | None]] = {}
        self._routines: dict[str, dict[str, tuple[int, ...]]] = {}
        self._pattern: re.Pattern[str] | None = None
        self._asked = lru_cache(maxsize=2048)(self._ask)

    def protect(self, table: str, reach: Callable[[], Reach | None]) -> None:
        """Name a personal table to be guarded. `reach`: what to look up before it is used, None for nothing."""
        self._tables[table] = reach
        self._forget()

    def cover(self, routine: str, needs: dict[str, tuple[int, ...]]) -> None:
        """Name a function of the database that touches personal tables with its caller's rights: guarded as they are.
        `needs`: table → the rights it uses there, looked up before it is called.
        """
        self._routines[routine] = needs
        self._forget()

    def _forget(self) -> None:
        self._pattern = None
        self._asked.cache_clear()

    def asked(self, sql: str) -> tuple[str, ...]:
        """What a scope looks up before the statement: expressions that each keep a right in a table's categories."""
        return self._asked(sql) if len(sql) < _LONG else ()

    def _ask(self, sql: str) -> tuple[str, ...]:
        verb = sql.split(maxsplit=1)[0].upper() if sql.strip() else ""
        named = sorted({hit.lower() for hit in self._personal().findall(sql)}) if self._tables else []
        if len(named) > _MANY_TABLES:
            return ()
        wanted = [(name, _NEEDS.get(verb, (_READ,))) for name in named if name in self._tables]
        wanted += [one for name in named for one in self._routines.get(name, {}).items()]
        reaches = {(reach, need): None for table, needs in wanted if (reach := self._tables[table]()) for need in needs}
        return tuple(
            f"set_config('{reach.place}_{need}', tillit_reached('{reach.categories}', {need}), true)"
            for reach, need in reaches
        )

    def _personal(self) -> re.Pattern[str]:
        if self._pattern is None:
            # PostgreSQL folds case.
            self._pattern = re.compile(
                r"\b(" + "|".join(sorted({*self._tables, *self._routines})) + r")\b", re.IGNORECASE
            )
        return self._pattern

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's signature)
        scope = _current.get()
        outside = self._tables and (scope is None or scope.opened_on is not context["connection"])
        if outside and (hit := self._personal().search(str(sql))):
            where = "outside every scope" if scope is None else "on another connection than the scope's"
            raise UnscopedAccessError("unscoped", f"{hit.group(1).lower()} was reached {where}")
        if scope is not None and scope.opened_on is context["connection"]:
            return scope.carry(execute, sql, params, many, context)
        return execute(sql, params, many, context)


guard = Guard()
