"""A workbook into a database: a roster with all that belongs to it as one whole, or the rows of single sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greedy.database.connector import DBConnector
from greedy.database.testing.transactions import undone
from greedy.errors import SettingsError
from greedy.formats.planning import RequestEntry
from greedy.formats.tables import PracticeTables
from greedy.ingest.entities import OURS, EntityTypes
from greedy.ingest.rows import RowsOutcome, import_rows, known_names, layouts_of
from greedy.ingest.sessions import open_session
from greedy.ingest.workbook.importer import Tell, read_workbook
from greedy.ingest.workbook.layout import WISHES
from greedy.ingest.workbook.rows import PlacedRow, WorkbookContent
from greedy.ingest.workbook.wishes import requests_of
from greedy.stopping import Stop
from greedy.store.answers import brings_nothing_new
from greedy.store.base import RosterExistsError, Store, UnknownRosterError
from greedy.store.postgres import PostgresStore

REST_NOTE = "over REST a dry run does not compare employees and services with those of other rosters"


@dataclass(frozen=True)
class ImportOptions:
    """What an import is asked for.

    Parameters
    ----------
    sheets
        Names of the sheets to be imported; none: all.
    replace
        What the database has otherwise is overwritten.
    dry_run
        Nothing is changed.
    types
        What the sheets hold when that is not a practice.
    """

    sheets: Sequence[str] = ()
    replace: bool = False
    dry_run: bool = False
    types: EntityTypes | None = None


@dataclass(frozen=True)
class Imported:
    """What an import did, or in a dry run would do.

    Parameters
    ----------
    roster
        The roster, when one was chosen.
    is_new
        Whether it, or any row, was not in the database as it stands in the workbook.
    rows
        Of single sheets: what became of their rows.
    """

    content: WorkbookContent
    is_new: bool
    roster: PracticeTables | None = None
    rows: RowsOutcome | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def wishes(self) -> list[RequestEntry]:
        """Wishes of the workbook, as requests of a planning file."""
        return requests_of(_wishes(self.content))


async def import_over_connection(db: DBConnector, path: Path, options: ImportOptions, stop: Stop, tell: Tell) -> Imported:
    """Import a workbook into a database that is migrated.

    Raises
    ------
    WorkbookError
        With every fault; nothing was imported.
    RosterExistsError, SharedDataDiffersError, FinalRosterError, RosterBusyError
        As of a store's import.
    """
    async with open_session(db) as session:
        types = options.types or OURS
        layouts = {} if options.types is None else {"layouts": await layouts_of(types, session)}
        content = read_workbook(path, sheets=options.sheets, known=await known_names(session, types), tell=tell, **layouts)
        if content.practice is not None:
            await session.close()
            return await _import_roster(db, content, content.practice, options, stop)
        rows = [row for row in content.chosen_rows() if row.entity != WISHES.entity]
        with stop.writing():
            outcome = await import_rows(session, types, rows, replace=options.replace, dry_run=options.dry_run)
        return Imported(content, is_new=outcome.is_new, rows=outcome, notes=content.notes)


async def import_over_rest(store: Store, path: Path, options: ImportOptions, stop: Stop, tell: Tell) -> Imported:
    """Import a workbook with a roster through a store.

    Raises
    ------
    SettingsError
        It has no roster, and single sheets need a connection.
    """
    content = read_workbook(path, sheets=options.sheets, tell=tell)
    if content.practice is None:
        raise SettingsError(
            f"{path} has no roster to import, and rows of single sheets are imported over a connection: only SUPABASE_URL and SUPABASE_KEY "
            "are set",
            next_step="set DATABASE_URL, or give --database: the project's session pooler address (postgresql://...:5432/postgres)",
        )
    if options.dry_run:
        is_new = await _would_import(store, content.practice, replace=options.replace)
        return Imported(content, is_new, content.practice, notes=(*content.notes, REST_NOTE))
    with stop.writing():
        is_new = await store.import_tables(content.practice, replace=options.replace)
    return Imported(content, is_new, content.practice, notes=content.notes)


async def _import_roster(db: DBConnector, content: WorkbookContent, tables: PracticeTables, options: ImportOptions, stop: Stop) -> Imported:
    if options.dry_run:
        async with undone(db) as connection:
            is_new = await PostgresStore(connection).import_tables(tables, replace=options.replace)
    else:
        with stop.writing():
            is_new = await PostgresStore(db).import_tables(tables, replace=options.replace)
    return Imported(content, is_new, tables, notes=content.notes)


async def _would_import(store: Store, tables: PracticeTables, *, replace: bool) -> bool:
    try:
        existing = await store.load(tables.roster.id, include_open=True)
    except UnknownRosterError:
        return True
    if brings_nothing_new(tables, existing):
        return False
    if not replace:
        raise RosterExistsError(
            f"roster {tables.roster.id} is in the database already, with other content",
            next_step="the same with --replace, which also throws away what was planned in it",
        )
    return True


def _wishes(content: WorkbookContent) -> list[PlacedRow]:
    return content.rows.get(WISHES.entity, []) if WISHES.entity in content.chosen else []
