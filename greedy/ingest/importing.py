"""A workbook into a database: a roster with all that belongs to it as one whole, or the rows of single sheets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from greedy.database.connector import DBConnector
from greedy.database.schema.migrations import require_migrated
from greedy.database.undoing import look_at_constraints, undone
from greedy.errors import SettingsError
from greedy.formats.planning import RequestEntry
from greedy.formats.tables import PracticeTables
from greedy.ingest.rows.importing import RowsOutcome, import_rows, known_names, layouts_of
from greedy.ingest.workbook.importer import Tell, read_workbook
from greedy.ingest.workbook.layout import PRACTICE, WISHES
from greedy.ingest.workbook.rows import NOTHING, Known, WorkbookContent
from greedy.ingest.workbook.wishes import requests_of
from greedy.ingest.writing.entities import OURS, EntityTypes
from greedy.ingest.writing.sessions import open_session
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
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """By sheet: the rows of a roster; of single sheets, how many were new, changed and the same."""
        tallies = self.rows.entities if self.rows else {}
        return {
            rows[0].sheet: asdict(tallies[entity]) if entity in tallies else {"rows": len(rows)}
            for entity, rows in self.content.rows.items()
            if rows and entity in self.content.chosen - {WISHES.entity}
        }

    @property
    def has_wishes(self) -> bool:
        """Whether a sheet with wishes was chosen; it may be empty."""
        return WISHES.entity in self.content.chosen

    @property
    def wishes(self) -> list[RequestEntry]:
        """Wishes of the workbook, as requests of a planning file."""
        return requests_of(self.content.rows.get(WISHES.entity, [])) if self.has_wishes else []


async def import_over_connection(db: DBConnector, path: Path, options: ImportOptions, stop: Stop, tell: Tell) -> Imported:
    """Import a workbook into a database, which is migrated unless `options.types` say what its tables are.

    Raises
    ------
    WorkbookError
        With every fault; nothing was imported.
    RosterExistsError, SharedDataDiffersError, FinalRosterError, RosterBusyError
        As of a store's import.
    """
    if options.types is None:
        await require_migrated(db)
    async with open_session(db) as session:
        types = options.types or OURS
        layouts = (*PRACTICE, WISHES) if options.types is None else await layouts_of(types, session)
        known = await known_names(session, types)
        content = read_workbook(path, layouts=layouts, sheets=options.sheets, known=known, tell=tell)
        if content.practice is None:
            return await _import_rows(session, content, types, options, stop)
    return await _import_roster(db, content, content.practice, options, stop)


async def import_over_rest(store: Store, path: Path, options: ImportOptions, stop: Stop, tell: Tell) -> Imported:
    """Import a workbook with a roster through a store.

    Raises
    ------
    SettingsError
        It has no roster, and single sheets need a connection.
    """
    content = read_workbook(path, sheets=options.sheets, known=await _known_of_latest(store), tell=tell)
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


async def _known_of_latest(store: Store) -> Known:
    """The staff and services of the latest roster: who has no number in the workbook keeps the one that she has there."""
    rosters = await store.list_rosters()
    if not rosters:
        return NOTHING
    tables = await store.load(rosters[-1].id)
    employees = [("employees", row.id, (row.id, row.email, row.name)) for row in tables.employees]
    services = [("service_types", row.id, (row.code, str(row.id), row.naam)) for row in tables.service_types]
    return Known.of([*employees, *services])


async def _import_roster(db: DBConnector, content: WorkbookContent, tables: PracticeTables, options: ImportOptions, stop: Stop) -> Imported:
    if options.dry_run:
        async with undone(db) as connection:
            is_new = await PostgresStore(connection).import_tables(tables, replace=options.replace)
            await look_at_constraints(connection, db.schema)
    else:
        with stop.writing():
            is_new = await PostgresStore(db).import_tables(tables, replace=options.replace)
    return Imported(content, is_new, tables, notes=content.notes)


async def _import_rows(session: AsyncSession, content: WorkbookContent, types: EntityTypes, options: ImportOptions, stop: Stop) -> Imported:
    context = [row for rows in content.rows.values() for row in rows]
    with nullcontext() if options.dry_run else stop.writing():
        outcome = await import_rows(
            session, types, content.chosen_rows(), replace=options.replace, dry_run=options.dry_run, context=context, path=content.path
        )
    is_new = any(tally.new or tally.changed for tally in outcome.entities.values())
    return Imported(content, is_new, rows=outcome, notes=content.notes)


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
