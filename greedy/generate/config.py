"""What is to be generated."""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(ge=0, le=1)]

FIRST_MONDAY = dt.date(2026, 1, 5)
EARLIEST, LATEST = dt.date(2000, 1, 3), dt.date(2100, 12, 27)  # Mondays
LARGEST_PRACTICE = 5_000  # employees; one practice at a time is held in memory
EMPLOYEES_A_PRACTICE = 14


class GeneratorConfig(BaseModel):
    """Sizes, and how hard the rosters are. The same values give the same bytes, wherever and whenever they are generated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    practices: Annotated[int, Field(ge=1, le=100_000, description="Practices (locations); each has one roster.")] = 1
    employees: Annotated[int, Field(ge=1, le=2_000_000, description="Employees of all practices together; otherwise 14 a practice.")] = (
        Field(default_factory=lambda given: EMPLOYEES_A_PRACTICE * given["practices"])
    )
    weeks: Annotated[int, Field(ge=1, le=104, description="Weeks of each roster.")] = 5
    seed: Annotated[int, Field(ge=0, le=2**63 - 1, description="Another seed gives other people and rosters.")] = 0
    first_day: Annotated[dt.date, Field(ge=EARLIEST, le=LATEST, description="First day of the rosters, a Monday.")] = FIRST_MONDAY
    size_spread: Annotated[Share, Field(description="How far the size of a practice may lie from the mean: 0.3 is 30 percent.")] = 0.3
    demand: Annotated[
        float, Field(gt=0, le=10, description="Shifts asked for, as a multiple of what a usual practice of that size asks.")
    ] = 1.0
    tightness: Annotated[
        float, Field(ge=0.1, le=1, description="Share of the staff's capabilities that the planted solution uses; at 1 there is no room.")
    ] = 0.92
    shortage: Annotated[Share, Field(description="Share of the demand that nobody can fill.")] = 0.0
    wishes: Annotated[Share, Field(description="Share of the employees who have wishes.")] = 0.5
    leave: Annotated[Share, Field(description="Share of the employees who are on leave within a period of five weeks.")] = 0.3
    illness: Annotated[Share, Field(description="Share of the employees who fall ill within a period of five weeks.")] = 0.05

    @field_validator("first_day")
    @classmethod
    def _begins_on_a_monday(cls, day: dt.date) -> dt.date:
        if day.weekday():
            raise ValueError(f"{day} is a {day:%A}; the Monday of that week is {day - dt.timedelta(days=day.weekday())}")
        return day

    @model_validator(mode="after")
    def _practices_fit_in_memory(self) -> GeneratorConfig:
        mean = self.employees / self.practices
        largest = max(math.floor(mean * (1 + self.size_spread)), math.ceil(mean))
        if largest > LARGEST_PRACTICE:
            raise ValueError(
                f"{self.employees} employees in {self.practices} practices make practices of up to {largest} employees, "
                f"at most {LARGEST_PRACTICE}; ask for more practices"
            )
        return self
