"""Rows of workbooks into tables: new ones inserted, equal ones passed over, differing ones refused or replaced; all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from greedy.errors import GreedyError
from greedy.ingest.rows.declared import known_names, layouts_of
from greedy.ingest.rows.entity_import import RowImport, Tally
from greedy.ingest.rows.roster_rules import keep_imports
from greedy.ingest.workbook.faults import CellFault, WorkbookError
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.writing.entities import EntityTypes
from greedy.ingest.writing.violations import Violation
from greedy.ingest.writing.writer import DatabaseWriter
from greedy.model.message import Message

__all__ = ["RowsOutcome", "Tally", "import_rows", "known_names", "layouts_of"]


BATCH_SIZE = 1000


@dataclass(frozen=True)
class RowsOutcome:
    """What an import did, or with `dry_run` would do.

    `replaced`: each cell that took the place of something else, as the fault that it would have been.
    """

    entities: Mapping[str, Tally]
    replaced: tuple[CellFault, ...] = ()


async def import_rows(
    session: AsyncSession,
    types: EntityTypes,
    rows: Sequence[PlacedRow],
    *,
    replace: bool = False,
    dry_run: bool = False,
    context: Iterable[PlacedRow] = (),
    path: Path = Path("the workbook"),
    actor: str = "greedy",
) -> RowsOutcome:
    """Bring rows in, in one transaction that is committed at the end.

    A row is the same as one in the database when it has its id, or the values of its key. An empty cell of a column that the sheet has
    means the column's default; what the sheet has no column for stays as it is.

    Parameters
    ----------
    rows
        What is to be imported.
    replace
        Rows that say something else go before what the database says; otherwise they are refused.
    dry_run
        Do all of it, and roll back.
    context
        Further rows of the workbook, which `rows` may refer to: they are looked up and not imported. `rows` may be among them.
    path
        What messages call the workbook.
    actor
        Who imports, for the history of rosters of which rows were brought.

    Raises
    ------
    WorkbookError
        With the faults of all rows. Nothing was imported.
    ConnectionError, SchemaError
        As from DatabaseWriter.
    """
    job = RowImport(DatabaseWriter(session, types, batch_size=BATCH_SIZE), rows, context, replace=replace)
    try:
        await job.run()
        if not job.faults:
            await job.writer.check_constraints()
            await keep_imports(job.writer, job.rosters, actor)
    except Violation as exc:
        job.faults.append(CellFault("", 0, "", "", Message("{message}", message=exc.message)))
    except GreedyError:
        await job.writer.rollback_transaction()
        raise
    if job.faults:
        await job.writer.rollback_transaction()
        raise WorkbookError(path, job.faults, next_step=job.next_step)
    if dry_run:
        await job.writer.rollback_transaction()
    else:
        await job.writer.commit_transaction()
    return RowsOutcome(job.tallies, tuple(job.replaced))
