"""The command report: a roster as it stands, in every format."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from greedy.cli.console import DatabaseOption, ExitCode, RosterArgument, SchemaOption, parse_roster_id, run_async, write_file
from greedy.cli.solving import PlanningOption, planning_of
from greedy.errors import CallerError, InputError
from greedy.formats.practice import to_problem, to_roster
from greedy.model.roster import Roster
from greedy.opening import open_store
from greedy.report.comparison import in_numbers_of
from greedy.report.rendering import BY_SUFFIX, Format, render
from greedy.reporting import view_roster
from greedy.settings import load_settings
from greedy.wording import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from greedy.model.problem import Problem
    from greedy.report.view import ReportView
    from greedy.wording import Language


class ReportLanguage(StrEnum):
    """Languages of the report."""

    EN = "en"
    NL = "nl"


class Paper(StrEnum):
    """Sheets that a PDF is made for."""

    A3 = "a3"
    A4 = "a4"


BINARY = frozenset({Format.XLSX, Format.PDF})
TEXTS = frozenset({Format.TEXT, Format.JSON, Format.HTML})
SUFFIXES = {f".{suffix}": one for suffix, one in BY_SUFFIX.items()} | {".text": Format.TEXT, ".htm": Format.HTML}


def report(
    roster_id: RosterArgument = None,
    report_format: Annotated[
        Format | None,
        typer.Option("--format", help="text for reading, json for programs, a page, a workbook, a sheet to print, calendars."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write, or for ics a folder for all calendars; otherwise stdout. Its end tells the format."
        ),
    ] = None,
    language: Annotated[ReportLanguage, typer.Option("--language", help="Language of the report.")] = ReportLanguage.EN,
    paper: Annotated[Paper, typer.Option("--paper", help="Paper of a PDF, and to print a workbook on.")] = Paper.A3,
    employee: Annotated[str | None, typer.Option("--employee", metavar="ID", help="Calendar of one employee alone (ics).")] = None,
    before: Annotated[
        str | None,
        typer.Option(
            "--before",
            metavar="ROSTER_ID|PATH",
            help="Roster to compare with: in the database, a folder of CSV files, or a roster as JSON.",
        ),
    ] = None,
    planning: PlanningOption = None,
    json_schema: Annotated[bool, typer.Option("--json-schema", help="Print the schema of the JSON report, and nothing else.")] = False,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
) -> int:
    """Report on a roster as it stands in the database: coverage, open demand and why, rules, fairness, what changed, what would help."""
    if json_schema:
        from greedy.report.schema import report_schema

        _deliver(report_schema(), output)
        return ExitCode.DONE
    chosen = _format_of(report_format, output)
    if employee is not None and chosen is not Format.ICS:
        raise CallerError(f"--employee is for calendars, not for {chosen}", next_step="give --format ics")
    if chosen in BINARY and output is None and sys.stdout.isatty():
        raise CallerError(f"a terminal cannot show {chosen}", next_step=f"give a file: -o roster.{chosen}")
    settings = load_settings()
    roster, told = parse_roster_id(roster_id, settings), planning_of(planning)
    earlier = None if before is None else _earlier(before)

    async def work() -> ReportView:
        async with open_store(settings, database, schema) as store:

            async def find(problem: Problem) -> Roster:
                if isinstance(earlier, UUID):
                    tables = await store.load(earlier)
                    return in_numbers_of(problem, to_problem(tables), to_roster(tables))
                return Roster.of(()) if earlier is None else earlier(problem)

            compared = None if earlier is None else find
            return await view_roster(store, roster, words=words_of(language.value), planning=told, before=compared)

    view = run_async(work())
    if chosen is Format.ICS and output is not None and employee is None and _is_folder(output):
        for path, calendar in _calendars(view, output, language.value).items():
            write_file(path, calendar)
        print(output)
        return ExitCode.DONE
    content = render(view, chosen, words=words_of(language.value), paper=paper.value, employee=employee)
    _deliver(content.decode() if chosen in TEXTS else content, output)
    return ExitCode.DONE


def _format_of(given: Format | None, output: Path | None) -> Format:
    """As asked for; otherwise as the file's name ends, otherwise text."""
    if given is not None:
        return given
    if output is None or not output.suffix:
        return Format.TEXT
    if (ends := output.suffix.lower()) not in SUFFIXES:
        raise CallerError(
            f"no format of a report ends in {output.suffix}: {output}", next_step=f"use one of {', '.join(SUFFIXES)}, or --format"
        )
    return SUFFIXES[ends]


def _earlier(before: str) -> UUID | Callable[[Problem], Roster]:
    """The roster of `--before`: its id in the database, or what reads it from a folder or file."""
    from greedy.formats.practice_sqlite import is_sqlite
    from greedy.formats.problems import read_tables
    from greedy.formats.rosters import read_roster

    path = Path(before)
    if path.is_dir() or is_sqlite(path):
        tables = read_tables(path)
        return lambda problem: in_numbers_of(problem, to_problem(tables), to_roster(tables))
    if path.exists():
        return lambda problem: read_roster(path, problem)
    try:
        return UUID(before)
    except ValueError:
        raise InputError(
            f"--before {before}: there is no such file or folder, and it is no id of a roster", next_step="greedy rosters lists the ids"
        ) from None


def _is_folder(output: Path) -> bool:
    return output.is_dir() or not output.suffix


def _calendars(view: ReportView, folder: Path, language: Language) -> Mapping[Path, bytes]:
    from greedy.report.calendar import render_calendars

    return {folder / name: calendar for name, calendar in render_calendars(view, words_of(language)).items()}


def _deliver(content: str | bytes, output: Path | None) -> None:
    if output is not None:
        write_file(output, content)
        print(output)
    elif isinstance(content, str):
        print(content, end="")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
