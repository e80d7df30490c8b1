"""What can go wrong with an employee's data."""

from tillit.kernel.errors import TillitError


class EmployeeError(TillitError):
    """`name`, `email`, `phone`, `national_number`, `account`, `address`, `title`, `percent`, `salary`, `kind`, `days`,
    `started`, `ended`: missing or malformed; `works-here`, `worked-here`: payroll has that employee already; `over`:
    the employment has ended; `undeclared`: no employees are kept here; `not-you`, `often`, `cannot-join`: an employee's
    confirmation is not taken.
    """

    exit_code = 2
