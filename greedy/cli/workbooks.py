"""Commands over Excel workbooks: import, template."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greedy.cli.console import (
    DatabaseOption,
    ExitCode,
    JsonOption,
    SchemaOption,
    parse_roster_id,
    print_document,
    progress_bar,
    run_async,
)
from greedy.cli.job import Job, StoppedError
from greedy.cli.running import tell_stopped
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.workbook.layout import Language
from greedy.opening import open_database, open_store, over_rest
from greedy.settings import load_settings

if TYPE_CHECKING:
    from greedy.ingest.importing import Imported, ImportOptions
    from greedy.settings import Settings
    from greedy.stopping import Stop

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")  # whoever gives one of them means no folder


class LanguageName(StrEnum):
    """Language of the sheets of a workbook, as it is asked for."""

    NL = "nl"
    EN = "en"

    @property
    def meant(self) -> Language:
        """The language itself."""
        return Language[self.name]


LanguageOption = Annotated[LanguageName, typer.Option("--language", help="Language of the workbook's sheets and headers.")]


def import_workbook(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Excel workbook, as greedy template or greedy export writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all and compare it with the database, and change nothing.")] = False,
    sheet: Annotated[
        list[str] | None, typer.Option("--sheet", metavar="NAME", help="Import this sheet alone; may be given several times.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Overwrite a roster that exists, with what was planned in it, and employees, services and rows that differ."
        ),
    ] = False,
    entities: Annotated[
        Path | None, typer.Option("--entities", metavar="TOML", help="What the sheets hold, when it is not a practice's roster.")
    ] = None,
    mark: Annotated[
        Path | None, typer.Option("--mark", metavar="COPY", help="On faults, write a copy of the workbook in which they are marked.")
    ] = None,
    wishes: Annotated[
        Path | None, typer.Option("--wishes", metavar="TOML", help="Planning file to keep the workbook's wishes in, beside what it holds.")
    ] = None,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
    as_json: JsonOption = False,
) -> int:
    """Import an Excel workbook into the database, all or nothing. The same again changes nothing."""
    from greedy.ingest.importing import ImportOptions
    from greedy.ingest.workbook.wishes import around_wishes, write_wishes
    from greedy.ingest.writing.entities import EntityTypes

    settings = load_settings()
    types = None if entities is None else EntityTypes.from_toml(entities)
    options = ImportOptions(sheets=tuple(sheet or ()), replace=replace, dry_run=dry_run, types=types)
    if mark is not None:
        from greedy.ingest.workbook.marking import check_target

        check_target(file, mark)
    if wishes is not None:
        around_wishes(wishes)  # before anything is imported
    with Job() as job:
        try:
            done = job.run(_import(file, options, settings, database, schema, job.stop, quiet=as_json))
        except StoppedError as exc:
            return tell_stopped(exc, as_json=as_json)
        except WorkbookError as exc:
            exc.next_step = _next_of_faults(exc, file, mark)
            raise
    if wishes is not None and done.has_wishes and not dry_run:
        try:
            write_wishes(done.wishes, wishes)
        except InputError as exc:
            raise InputError(f"the workbook is imported, but not its wishes: {exc.message}", next_step=exc.next_step) from exc
    if as_json:
        print_document(import_document(done, dry_run=dry_run, wishes=wishes if done.has_wishes and not dry_run else None))
    else:
        _print_import(done, dry_run=dry_run, wishes=wishes, schema=schema)
    return ExitCode.DONE


def template(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Workbook to write.")],
    language: LanguageOption = LanguageName.NL,
    of_roster: Annotated[
        str | None, typer.Option("--from", metavar="ROSTER_ID", help="Fill in the staff, services and capabilities of this roster.")
    ] = None,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
) -> int:
    """Write a workbook to fill, with lists to choose from and an explanation. greedy import reads it."""
    from greedy.ingest.workbook.template import write_template

    last: PracticeTables | None = None
    if of_roster is not None:
        settings = load_settings()
        roster = parse_roster_id(of_roster, settings)

        async def loaded() -> PracticeTables:
            async with open_store(settings, database, schema) as store:
                return await store.load(roster)

        last = run_async(loaded())
    write_template(file, language=language.meant, last=last)
    print(file)
    print(f"next: fill it, then greedy import {shlex.quote(str(file))} --dry-run")
    return ExitCode.DONE


async def _import(
    file: Path, options: ImportOptions, settings: Settings, database: str | None, schema: str | None, stop: Stop, *, quiet: bool
) -> Imported:
    from greedy.ingest.importing import import_over_connection, import_over_rest

    with progress_bar(f"reading {file.name}", quiet) as tell:
        if over_rest(settings, database):
            async with open_store(settings, database, schema) as store:
                return await import_over_rest(store, file, options, stop, tell)
        async with open_database(settings, database, schema) as db:
            return await import_over_connection(db, file, options, stop, tell)


def _next_of_faults(error: WorkbookError, file: Path, mark: Path | None) -> str:
    """Write the marked copy that was asked for, or say how to ask for one."""
    from greedy.ingest.workbook.marking import mark_faults

    if mark is None:
        return f"{error.next_step}; --mark faults.xlsx writes a copy with the faults marked"
    try:
        notes = mark_faults(file, error.faults, mark)
    except InputError as exc:  # the faults themselves count for more
        return f"{error.next_step}; the marked copy is missing: {exc.message}"
    return "; ".join((f"{error.next_step}; the faults are marked in {mark}", *notes))


def import_document(done: Imported, *, dry_run: bool, wishes: Path | None) -> dict[str, Any]:
    """What `greedy import --json` prints."""
    return {
        "roster_id": str(done.roster.roster.id) if done.roster else None,
        "imported": done.is_new and not dry_run,
        "dry_run": dry_run,
        "differs": done.is_new,
        "sheets": done.counts,
        "wishes": {"read": len(done.wishes), "file": str(wishes) if wishes else None},
        "notes": list(done.notes),
    }


def _print_import(done: Imported, *, dry_run: bool, wishes: Path | None, schema: str | None) -> None:
    what = "rows of single sheets"
    if done.roster:
        roster = done.roster.roster
        what = f"{roster.naam or 'roster'} {roster.start_date} to {roster.end_date}"
    if done.is_new:
        print(f"{'would import' if dry_run else 'imported'} {what}")
    else:
        print(f"in the database already, nothing {'would change' if dry_run else 'changed'}: {what}")
    for sheet, counts in done.counts.items():
        print(f"  {sheet}: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
    for note in done.notes:
        print(f"note: {note}")
    count = len(done.wishes)
    if wishes is not None:
        kept = f"{count} wishes {'would be' if dry_run else 'are'} kept in {wishes}"
        print(kept if done.has_wishes else f"note: there is no sheet with wishes; {wishes} stays as it is")
    elif count:
        print(f"note: {count} wishes were read and not kept; --wishes planning.toml keeps them")
    if done.roster and not dry_run:
        options = "".join(
            (
                f" --planning {shlex.quote(str(wishes))}" if wishes and done.has_wishes else "",
                f" --schema {shlex.quote(schema)}" if schema else "",
            )
        )
        print(f"next: greedy run {done.roster.roster.id}{options}")
