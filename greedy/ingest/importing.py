"""A workbook into a database: a roster with all that belongs to it as one whole, or the rows of single sheets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from greedy.database.connector import DBConnector
from greedy.database.schema.migrations import require_migrated
from greedy.database.undoing import look_at_constraints, undone
from greedy.errors import InputError, SettingsError
from greedy.formats.planning import RequestEntry
from greedy.formats.tables import PracticeTables, RosterRow
from greedy.ingest.rows.importing import RowsOutcome, import_rows, known_names, layouts_of
from greedy.ingest.workbook.held import Held, leaves_something_out, with_held
from greedy.ingest.workbook.importer import Tell, read_workbook
from greedy.ingest.workbook.layout import EMPLOYEES, PRACTICE, SERVICE_TYPES, WISHES
from greedy.ingest.workbook.rows import NOTHING, Known, PlacedRow, WorkbookContent
from greedy.ingest.workbook.wishes import requests_of
from greedy.ingest.writing.entities import OURS, EntityTypes
from greedy.ingest.writing.sessions import open_session
from greedy.model.message import Message
from greedy.stopping import Stop
from greedy.store.answers import brings_nothing_new
from greedy.store.base import RosterExistsError, Store, UnknownRosterError
from greedy.store.postgres import PostgresStore

REST_NOTE = Message("over REST a dry run does not compare employees and services with those of other rosters")
SHARED_ROWS = """
select jsonb_build_object(
  'employees', (select coalesce(jsonb_agg(to_jsonb(e)), '[]') from employees as e),
  'service_types', (select coalesce(jsonb_agg(to_jsonb(s)), '[]') from service_types as s),
  'service_blocking_rules', (select coalesce(jsonb_agg(to_jsonb(b)), '[]') from service_blocking_rules as b))::text
"""


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
    actor
        Who imports, for the history of the roster.
    """

    sheets: Sequence[str] = ()
    replace: bool = False
    dry_run: bool = False
    types: EntityTypes | None = None
    actor: str = "greedy"


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
        content = await asyncio.to_thread(read_workbook, path, layouts=layouts, sheets=options.sheets, known=known, tell=tell)
        if content.practice is None:
            return await _import_rows(session, content, content.chosen_rows(), types, options, stop)
        done = await _import_roster(db, content, options, stop)
        if not done.is_new and (rest := _of_no_roster(content)):
            staff = await _import_rows(session, content, rest, types, options, stop)
            done = replace(done, is_new=staff.is_new)
    return done


async def import_over_rest(store: Store, path: Path, options: ImportOptions, stop: Stop, tell: Tell) -> Imported:
    """Import a workbook with a roster through a store.

    Raises
    ------
    SettingsError
        It has no roster, and single sheets need a connection.
    """
    latest = await _latest(store)
    content = await asyncio.to_thread(read_workbook, path, sheets=options.sheets, known=_names_in(latest), tell=tell)
    if content.practice is None:
        raise SettingsError(
            Message(
                "{path} has no roster to import, and rows of single sheets are imported over a connection: only SUPABASE_URL and "
                "SUPABASE_KEY are set",
                path=path,
            ),
            next_step=Message(
                "set DATABASE_URL, or give --database: the project's session pooler address (postgresql://...:5432/postgres)"
            ),
        )
    tables, notes = content.practice, content.notes + await _overlap_notes(store, content.practice.roster)
    if leaves_something_out(content):
        tables, kept = with_held(content, await _held(store, tables.roster.id, latest))
        notes = (*notes, *kept)
    if options.dry_run:
        is_new = await _would_import(store, tables, replace=options.replace)
        notes = (*notes, REST_NOTE)
    else:
        with stop.writing():
            is_new = await store.import_tables(tables, replace=options.replace, actor=options.actor)
    if not is_new and (rest := _of_no_roster(content)):
        notes = (
            *notes,
            Message(
                "rows of employees and services of which the roster says nothing: {count} were not looked at; with DATABASE_URL they are",
                count=len(rest),
            ),
        )
    return Imported(content, is_new, tables, notes=notes)


async def _overlap_notes(store: Store, roster: RosterRow) -> tuple[str, ...]:
    """Of a roster that is new: other rosters of the same days, which it may have been meant to be."""
    rosters = await store.list_rosters()
    if any(other.id == roster.id for other in rosters):
        return ()
    return tuple(
        Message(
            "roster {id} {name} lies in the same days, {first} to {last}; "
            "this one stands beside it, as its id, or without one its name or dates, is another",
            id=other.id,
            name=other.naam,
            first=other.start_date,
            last=other.end_date,
        )
        for other in rosters
        if other.start_date <= roster.end_date and roster.start_date <= other.end_date
    )


async def _latest(store: Store) -> PracticeTables | None:
    """The latest roster: over REST nothing else tells of staff and services."""
    rosters = await store.list_rosters()
    return await store.load(rosters[-1].id) if rosters else None


def _names_in(latest: PracticeTables | None) -> Known:
    """Staff and services of the latest roster: who has no number in the workbook keeps the one that she has there."""
    if latest is None:
        return NOTHING
    employees = [("employees", row.id, (row.id, row.email, row.name)) for row in latest.employees]
    services = [("service_types", row.id, (row.code, str(row.id), row.naam)) for row in latest.service_types]
    return Known.of([*employees, *services])


async def _held(store: Store, roster_id: UUID, shared: PracticeTables | Held | None) -> Held:
    """What the database holds of a roster, with `shared` rows of others; those of the roster itself count."""
    try:
        own = await store.load(roster_id, include_open=True)
    except UnknownRosterError:
        own = None
    rows = {name: getattr(own, name) if own else [] for name in Held.model_fields}
    for name, key in (("employees", "id"), ("service_types", "id"), ("service_blocking_rules", "service_id")):
        known = {getattr(row, key) for row in rows[name]}
        rows[name] = rows[name] + [row for row in getattr(shared, name, ()) if getattr(row, key) not in known]
    return Held.model_construct(**rows)


async def _shared(db: DBConnector) -> Held:
    """All employees, services and blocking rules of the practice."""
    document = await db.execute(SHARED_ROWS, fetch_val=True)
    try:
        return Held.model_validate_json(document)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            Message("the database has a row that cannot be kept: {where}: {why}", where=where, why=first["msg"]),
            next_step=Message("mend that row; or import a workbook with all sheets and columns"),
        ) from exc


def _of_no_roster(content: WorkbookContent) -> list[PlacedRow]:
    """Chosen rows of employees and services that the roster does not speak of: the database does not give them with it."""
    tables = content.tables()
    named = {row.employee_id for rows in (tables.roster_employee_services, tables.roster_assignments) for row in rows}
    services = (tables.roster_employee_services, tables.roster_period_staffing_dagdelen, tables.roster_assignments)
    used = {row.service_id for rows in services for row in rows}
    return [
        row
        for row in content.chosen_rows()
        if (row.entity == EMPLOYEES.entity and row.values.get("id") not in named)
        or (row.entity == SERVICE_TYPES.entity and row.values.get("id") not in used)
    ]


async def _import_roster(db: DBConnector, content: WorkbookContent, options: ImportOptions, stop: Stop) -> Imported:
    tables = content.tables()
    notes = content.notes + await _overlap_notes(PostgresStore(db), tables.roster)
    if leaves_something_out(content):
        tables, kept = with_held(content, await _held(PostgresStore(db), tables.roster.id, await _shared(db)))
        notes = (*notes, *kept)
    if options.dry_run:
        async with undone(db) as connection:
            is_new = await PostgresStore(connection).import_tables(tables, replace=options.replace, actor=options.actor)
            await look_at_constraints(connection, db.schema)
    else:
        with stop.writing():
            is_new = await PostgresStore(db).import_tables(tables, replace=options.replace, actor=options.actor)
    return Imported(content, is_new, tables, notes=notes)


async def _import_rows(
    session: AsyncSession, content: WorkbookContent, rows: Sequence[PlacedRow], types: EntityTypes, options: ImportOptions, stop: Stop
) -> Imported:
    context = [row for rows in content.rows.values() for row in rows]
    with nullcontext() if options.dry_run else stop.writing():
        outcome = await import_rows(
            session, types, rows, replace=options.replace, dry_run=options.dry_run, context=context, path=content.path, actor=options.actor
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
            Message("roster {id} is in the database already, with other content", id=tables.roster.id),
            next_step=Message("the same with --replace, which also throws away what was planned in it"),
        )
    return True
