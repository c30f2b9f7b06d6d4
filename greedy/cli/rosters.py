"""Commands over rosters as they stand in a database: verify, report, rosters."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from greedy.cli.console import (
    DatabaseOption,
    ExitCode,
    JsonOption,
    RosterArgument,
    SchemaOption,
    parse_roster_id,
    print_document,
    run_async,
    write_file,
)
from greedy.cli.printing import print_checks
from greedy.opening import open_store
from greedy.pipeline import report_roster, verify_roster
from greedy.report import Report, render_text
from greedy.settings import load_settings


class ReportFormat(StrEnum):
    """Formats of the report."""

    TEXT = "text"
    JSON = "json"


def verify(
    roster_id: RosterArgument = None, database: DatabaseOption = None, schema: SchemaOption = None, as_json: JsonOption = False
) -> int:
    """Verify the triggers and the rows of a roster (phase 4C). Changes nothing. Ends with 4 when a check fails."""
    settings = load_settings()
    roster = parse_roster_id(roster_id, settings)

    async def work() -> dict[str, Any]:
        async with open_store(settings, database, schema) as store:
            return dict(await verify_roster(store, roster))

    result = run_async(work())
    if as_json:
        print_document(result)
    else:
        print_checks(result)
    return ExitCode.DONE if result["all_passed"] else ExitCode.VERIFICATION


def report(
    roster_id: RosterArgument = None,
    report_format: Annotated[ReportFormat, typer.Option("--format", help="text for reading, json for programs.")] = ReportFormat.TEXT,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; otherwise stdout.")] = None,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
) -> int:
    """Report on a roster as it stands in the database: coverage, open demand and why, load of each employee."""
    settings = load_settings()
    roster = parse_roster_id(roster_id, settings)

    async def work() -> Report:
        async with open_store(settings, database, schema) as store:
            return await report_roster(store, roster)

    found = run_async(work())
    text = render_text(found) if report_format is ReportFormat.TEXT else found.model_dump_json(indent=2) + "\n"
    if output is None:
        print(text, end="")
    else:
        write_file(output, text)
        print(output)
    return ExitCode.DONE


def rosters(database: DatabaseOption = None, schema: SchemaOption = None, as_json: JsonOption = False) -> int:
    """List the rosters of the database."""
    settings = load_settings()

    async def work() -> list[dict[str, object]]:
        async with open_store(settings, database, schema) as store:
            return [roster.model_dump(mode="json") for roster in await store.list_rosters()]

    found = run_async(work())
    if as_json:
        print_document({"rosters": found})
    elif not found:
        print("no rosters yet: greedy load DIR brings one in, greedy demo the sample")
    else:
        for roster in found:
            print(f"{roster['id']}  {roster['start_date']} to {roster['end_date']}  {roster['status']:<11}  {roster['naam']}")
    return ExitCode.DONE
