"""Merge what the systems say of employees into the table of employees: those that have changed since the last run.

The first system of EMPLOYEES_SYSTEMS that says anything of a field decides. What nobody says stays as it is in the table. Who is gone from
all systems, or has left, becomes inactive; nobody is deleted.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from pydantic import Field

from greedy.cli.steps import ScriptSettings, run_script
from greedy.database import DBConnector
from greedy.ingest.practice.employees import TransformEmployees
from greedy.ingest.records.steps import RunSummary, StepOptions, Tell, transform


class Settings(ScriptSettings):
    """What the script is told."""

    employees_systems: str = Field(
        "hr", description="Systems that should know every employee, in the order of precedence, as 'hr, contacts'"
    )
    practice_time_zone: ZoneInfo = Field(ZoneInfo("Europe/Amsterdam"), description="Time zone of the practice")


async def step(db: DBConnector, settings: Settings, options: StepOptions, tell: Tell) -> RunSummary:
    """Bring what has changed into the table."""
    systems = [system.strip() for system in settings.employees_systems.split(",") if system.strip()]
    today = dt.datetime.now(settings.practice_time_zone).date()
    return await transform(db, TransformEmployees(systems, today=today), options, tell)


if __name__ == "__main__":
    run_script(step, Settings, name="transform_employees", help="Merge the records of employees into the table of employees.")
