"""What can go wrong with a register outside."""

from tillit.kernel.errors import TillitError


class RegisterError(TillitError):
    """The register gave nothing that can be used. `register-unreachable`, `register-busy`, `register-refused`,
    `register-garbled`, `register-not-named` (the installation names no address).

    after: how many seconds it asks us to wait, 0 where it does not say.
    """

    def __init__(self, code: str, message: str, *, after: float = 0.0) -> None:
        super().__init__(code, message)
        self.after = after
