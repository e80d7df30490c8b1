"""What can go wrong with an employee's data."""

from tillit.kernel.errors import TillitError


class EmployeeError(TillitError):
    """`name`, `email`, `phone`, `national_number`, `account`, `address`, `title`, `percent`, `salary`, `kind`, `days`,
    `started`, `ended`: missing or malformed; `taken`: the address is another person's; `over`: the employment has
    ended; `undeclared`: no employees are kept here.
    """

    exit_code = 2
