"""What can go wrong with the machine beneath. Messages are for operators and hold no personal data."""


class PlatformError(Exception):
    """A fault in the installation or the machine: tell the operator what to do, exit code 1."""


class SettingError(PlatformError):
    """A variable of the environment holds what its setting cannot be."""


class ServerError(PlatformError):
    """The embedded PostgreSQL server could not be prepared, started or stopped."""


class DatabaseError(PlatformError):
    """The database cannot be reached, is too old, or its roles are unsafe."""


class SecretError(PlatformError):
    """A secret is missing, too short, malformed, or readable by others."""


class SealedFileError(PlatformError):
    """A sealed file was made with another key, changed, or cut short."""


class ProgramError(PlatformError):
    """A program of PostgreSQL is missing, too old, or failed."""
