"""Bank accounts that people give for what is paid out to them: checked, and sealed with the row that pays."""

from tillit.declaration.personal import PersonalModel
from tillit.kernel.identifiers import IdentifierError, account_number
from tillit.parties import sealing
from tillit.services.errors import PaymentError


def number_of(typed: str) -> str:
    """The account number in its one form. Raises `PaymentError` `account`."""
    try:
        return account_number.normalise(typed)
    except IdentifierError:
        raise PaymentError("account", "that is no bank account number") from None


def taken(typed: str, *, whose: PersonalModel, of: type[PersonalModel], column: str) -> tuple[str, bytes]:
    """(number, the number sealed for a column of the person's rows of that table). whose: a row of the person and
    controller. Raises as `number_of`.
    """
    number = number_of(typed)
    sealed = sealing.seal(
        subject_id=whose.subject_id,
        controller_id=whose.controller_id,
        table=of._meta.db_table,
        column=column,
        value=number,
    )
    return number, sealed
