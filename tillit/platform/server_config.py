"""The settings of the embedded PostgreSQL server, written anew at every start.

Two aims: the log holds no personal data (no statement, no parameter, no "failing row"), and the sizes suit anything
from a small virtual machine to the 2-core, 24 GB machine the benchmarks are stated for. Operators put their own lines
in ``postgresql.local.conf`` in the data directory.
"""

import os

WITHOUT_PERSONAL_DATA = {
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_duration_statement": "-1",
    "log_lock_waits": "off",
    "log_temp_files": "-1",
}
"""What keeps statements, their values and details of rows out of the log of any server, ours or another."""

_LOG = {
    "log_autovacuum_min_duration": "-1",
    "log_checkpoints": "off",
    "log_connections": "",
    "log_disconnections": "off",
    "log_line_prefix": "%m [%p] %e ",
    "log_timezone": "UTC",
    # One file a weekday, overwritten a week later: the log has a retention of its own.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
}

_TIMEOUTS = ("statement", "lock", "transaction", "idle_session", "idle_in_transaction_session")
OF_NO_CONSEQUENCE = frozenset(
    {
        *_LOG,
        *(f"{name}_timeout" for name in _TIMEOUTS),
        *(f"transaction_{name}" for name in ("isolation", "read_only", "deferrable")),  # the open transaction's
        "application_name",
        "client_min_messages",
    }
)
"""Settings beside those that may be anything: no statement means another thing, and nobody's data is logged."""

_FIXED = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "max_connections": "80",
    "checkpoint_timeout": "15min",
    "min_wal_size": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "idle_in_transaction_session_timeout": "30min",
}

_DISPOSABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
    "max_connections": "120",
}


def settings(*, memory: int, socket_dir: str, disposable: bool) -> dict[str, str]:
    """Name → value for a machine with `memory` bytes. `disposable` gives up crash safety: tests only."""
    mebibyte = 1024 * 1024
    sized = {
        "shared_buffers": f"{_between(64, memory // mebibyte // 16, 1024)}MB",
        "effective_cache_size": f"{_between(256, memory // mebibyte // 2, 65536)}MB",
        "maintenance_work_mem": f"{_between(32, memory // mebibyte // 64, 256)}MB",
        "work_mem": f"{_between(4, memory // mebibyte // 512, 32)}MB",
    }
    durable = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
    chosen = _FIXED | _LOG | WITHOUT_PERSONAL_DATA | sized | durable | {"unix_socket_directories": socket_dir}
    return chosen | _DISPOSABLE if disposable else chosen


def render(chosen: dict[str, str]) -> str:
    """The text of ``postgresql.conf``."""
    lines = [f"{name} = '{_quoted(value)}'" for name, value in sorted(chosen.items())]
    header = "# Written by tillit at every start. Put your own settings in postgresql.local.conf beside this file."
    return "\n".join([header, *lines, "include_if_exists = 'postgresql.local.conf'", ""])


def machine_memory() -> int:
    """Bytes of physical memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _between(low: int, wanted: int, high: int) -> int:
    return max(low, min(wanted, high))


def _quoted(value: str) -> str:
    return value.replace("'", "''")
