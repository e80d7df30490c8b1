"""What every part of a declaration is made of, and who the controller is (PROMISES A1, A2). The rest is in `schema`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tillit.kernel.periods import IsoPeriod

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Localised = Annotated[dict[str, str], Field(min_length=1)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


def _iso_period(text: str) -> str:
    IsoPeriod.parse(text)
    return text


PeriodText = Annotated[str, AfterValidator(_iso_period)]
"""An ISO 8601 period of years, months, weeks and days, such as `P3M`."""


class Part(BaseModel):
    """Base of every part: unknown keys are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Address(Part):
    street: str
    postal_code: str
    city: str
    country: Country = "NO"


class ContactPoint(Part):
    """Where a person turns for one purpose (A1): rights, support, a department …"""

    key: Key
    title: Localised
    email: str | None = None
    phone: str | None = None
    web: str | None = None


class Officer(Part):
    """A named function: privacy adviser (DPO) or day-to-day delegate; the delegate has the tasks, not the
    responsibility.
    """

    title: Localised
    email: str | None = None
    phone: str | None = None


class Arrangement(Part):
    """How controllership is arranged (A1). `register` groups controllers that share subjects.

    kind: `sole`; `processor` (an operator processes for this controller); `joint` (shared register, `holder` is the
    controller whose rows are held jointly and the single contact point); `department` (own data, found through a
    directory).
    """

    kind: Literal["sole", "processor", "joint", "department"]
    register_key: Key = Field(alias="register")
    operator: str | None = None
    holder: Key | None = None
    parties: tuple[Key, ...] = ()
    division: Localised | None = None
    also_processor: bool = False
    directory: str | None = None


class FinancialYear(Part):
    end_month: int = Field(default=12, ge=1, le=12)
    end_day: int = Field(default=31, ge=1, le=31)


class Controller(Part):
    key: Key
    name: str
    organisation_number: str
    arrangement: Arrangement
    visiting_address: Address
    postal_address: Address
    phone: str
    email: str
    web: str
    responsible: Localised | None = None
    privacy_adviser: Officer
    delegate: Officer | None = None
    contact_points: tuple[ContactPoint, ...] = ()
    languages: tuple[str, ...] = ("nb", "en")
    currency: str = "NOK"
    time_zone: str = "Europe/Oslo"
    financial_year: FinancialYear = FinancialYear()
