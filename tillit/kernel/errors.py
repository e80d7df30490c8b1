"""The base of every error Tillit raises on purpose."""


class TillitError(Exception):
    """A refusal with a stable `code` (kebab-case, for APIs and tests) and a message without personal data."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)
