"""Bring absences into the database, from calendars (an .ics file or a folder of them) or from a list (CSV, JSON or Excel).

An event says who is absent by X-EMPLOYEE-ID, its one attendee, its organizer, or its summary: `Anna Mulder: verlof`. Of a calendar for each
employee, ABSENCES_BY_FILE says that the file is called after her. `transform_absences` brings them into the rosters from there.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from greedy.cli.steps import ScriptSettings, run_script
from greedy.database import DBConnector
from greedy.ingest.records.steps import RunSummary, StepOptions, Tell, ingest
from greedy.ingest.sources.absence_calendar import AbsenceCalendar
from greedy.ingest.sources.absences import AbsenceList
from greedy.ingest.sources.base import Source
from greedy.ingest.sources.columns import parse_mapping


class Settings(ScriptSettings):
    """What the script is told."""

    absences_file: Path = Field(description="Calendar (.ics), folder of calendars, or list (.csv, .json, .jsonl, .xlsx)")
    absences_source_system: str = Field("absences", min_length=1, max_length=100, description="Name of the system that it comes from")
    absences_employee: str | None = Field(None, description="Whose calendar it is, when its events do not say: number, e-mail or name")
    absences_by_file: bool = Field(False, description="yes: each calendar is called after its employee, as E01.ics")
    absences_columns: str = Field("", description="What columns of a list are called there, as 'Persnr=employee; Verlof van=first_date'")
    absences_encoding: str | None = Field(None, description="Encoding of a text file that is not UTF-8 and has no mark, as cp1252")
    absences_sheet: str | None = Field(None, description="Sheet of a workbook, if not its first")


def source_of(settings: Settings) -> Source:
    """The calendars or the list."""
    file, system, encoding = settings.absences_file, settings.absences_source_system, settings.absences_encoding
    if file.is_dir() or file.suffix.lower() == ".ics":
        employee, by_file = settings.absences_employee, settings.absences_by_file
        return AbsenceCalendar(file, system, employee=employee, by_file=by_file, encoding=encoding)
    return AbsenceList(file, system, parse_mapping(settings.absences_columns), encoding=encoding, sheet=settings.absences_sheet)


async def step(db: DBConnector, settings: Settings, options: StepOptions, tell: Tell) -> RunSummary:
    """Read the calendars or the list, and keep what is new."""
    return await ingest(db, source_of(settings), options, tell)


if __name__ == "__main__":
    run_script(step, Settings, name="ingest_absences", help="Bring absences of calendars and lists into the database.")
