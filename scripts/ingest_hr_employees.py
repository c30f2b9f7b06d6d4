"""Bring the employees of an HR system into the database: new and changed ones are kept as they are, those that are gone are marked.

The file is a CSV, JSON or Excel file with all employees, one a row. Columns are found by the names that our workbooks give them, Dutch or
English; HR_COLUMNS says what they are called otherwise. `transform_employees` brings them into the table from there.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from greedy.cli.steps import ScriptSettings, run_script
from greedy.database import DBConnector
from greedy.ingest.records.steps import RunSummary, StepOptions, Tell, ingest
from greedy.ingest.sources.columns import parse_mapping
from greedy.ingest.sources.hr import HrEmployees


class Settings(ScriptSettings):
    """What the script is told."""

    hr_employees_file: Path = Field(description="File with all employees: .csv, .json, .jsonl or .xlsx")
    hr_source_system: str = Field("hr", min_length=1, max_length=100, description="Name of the system that it comes from")
    hr_columns: str = Field("", description="What columns are called there, as 'Persnr=id; Achternaam2='")
    hr_encoding: str | None = Field(None, description="Encoding of a text file that is not UTF-8 and has no mark, as cp1252")
    hr_sheet: str | None = Field(None, description="Sheet of a workbook, if not its first")


async def step(db: DBConnector, settings: Settings, options: StepOptions, tell: Tell) -> RunSummary:
    """Read the file and keep what is new."""
    mapping = parse_mapping(settings.hr_columns)
    source = HrEmployees(
        settings.hr_employees_file, settings.hr_source_system, mapping, encoding=settings.hr_encoding, sheet=settings.hr_sheet
    )
    return await ingest(db, source, options, tell)


if __name__ == "__main__":
    run_script(step, Settings, name="ingest_hr_employees", help="Bring the employees of an HR system into the database.")
