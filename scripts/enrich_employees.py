"""Fill the records of employees with what a second file says of them, such as contacts or contracts.

The file is a CSV, JSON or Excel file; each row names its employee by number, or else by the e-mail address that the first system gives.
Run it after `ingest_hr_employees`; `transform_employees` merges what both say.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from greedy.cli.steps import ScriptSettings, run_script
from greedy.database import DBConnector
from greedy.ingest.practice.employee_contacts import EmployeeContacts, EnrichEmployees, numbers_by_address
from greedy.ingest.records.steps import RunSummary, StepOptions, Tell, enrich
from greedy.ingest.sources.columns import parse_mapping


class Settings(ScriptSettings):
    """What the script is told."""

    enrich_employees_file: Path = Field(description="File that says more of employees: .csv, .json, .jsonl or .xlsx")
    enrich_source_system: str = Field("contacts", min_length=1, max_length=64, description="Name of the system that it comes from")
    enrich_columns: str = Field("", description="What columns are called there, as 'Persnr=id; Mailadres=email'")
    enrich_encoding: str | None = Field(None, description="Encoding of a text file that is not UTF-8 and has no mark, as cp1252")
    enrich_sheet: str | None = Field(None, description="Sheet of a workbook, if not its first")


async def step(db: DBConnector, settings: Settings, options: StepOptions, tell: Tell) -> RunSummary:
    """Read the file, and fill the records that it speaks of."""
    source = EmployeeContacts(
        settings.enrich_employees_file,
        settings.enrich_source_system,
        await numbers_by_address(db),
        parse_mapping(settings.enrich_columns),
        encoding=settings.enrich_encoding,
        sheet=settings.enrich_sheet,
    )
    return await enrich(db, EnrichEmployees(source), options, tell)


if __name__ == "__main__":
    run_script(step, Settings, name="enrich_employees", help="Fill the records of employees from a second file.")
