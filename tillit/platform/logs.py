"""Logging: one event a line, JSON unless a person is watching, and no personal data.

Events are a fixed text plus codes and ids. Two nets catch what slips: values under known sensitive keys are dropped,
and of an exception only its type and its places in the code are kept, since a database error's message quotes rows.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# fmt: off
SENSITIVE = frozenset({
    "account", "address", "authorization", "birth_date", "body", "card", "card_number", "city",
    "cookie", "cookies", "csrf", "date_of_birth", "detail", "email", "first_name", "headers", "iban",
    "ip", "ip_address", "kid", "last_name", "license_plate", "meter_id", "mobile", "name",
    "national_id", "national_number", "one_time_code", "otp", "pan", "parameters", "params",
    "passphrase", "password", "payload", "phone", "phone_number", "postcode", "query", "query_string",
    "raw", "request", "row", "secret", "session", "session_key", "sql", "ssn", "statement", "text",
    "token", "url", "user_agent", "username", "vehicle",
})
# fmt: on
DROPPED = "[dropped]"
_OWN = frozenset({"event", "level", "timestamp", "logger"})


def configure(*, level: str = "INFO") -> None:
    """Send structlog's and the standard library's events to standard error. Call once per process."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        keep_only_places,
        drop_sensitive,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(sort_keys=True)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def drop_sensitive(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the values of sensitive keys, however deep in dictionaries and lists they stand."""
    return {key: value if key in _OWN else _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if isinstance(key, str) and key.lower() in SENSITIVE:
        return DROPPED
    if isinstance(value, dict):
        return {inner: _clean(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", item) for item in value]
    return value


def keep_only_places(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn ``exc_info`` into the exception's type and its frames, without message or values."""
    given = event.pop("exc_info", None)
    event.pop("exc_text", None)
    record = event.get("_record")
    if record is not None:
        record.exc_info = record.exc_text = record.stack_info = None
    if given is True:
        given = sys.exc_info()
    if isinstance(given, BaseException):
        given = (type(given), given, given.__traceback__)
    if given and given[0] is not None:
        event["exception"] = given[0].__qualname__
        event["at"] = places(given[2])
    return event


def places(trace: TracebackType | None) -> list[str]:
    """``file:line function`` of each frame, outermost first."""
    frames = traceback.extract_tb(trace)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
