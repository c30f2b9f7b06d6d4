"""One generated practice in memory, without any sink: for benchmarks, tests, and whoever wants to look at it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID

from greedy.errors import InputError
from greedy.formats import tables as practice_tables
from greedy.formats.tables import AssignmentRow, PracticeTables
from greedy.generate import chance
from greedy.generate.config import GeneratorConfig
from greedy.generate.people.population import people_batches, shared_batches, staff_of
from greedy.generate.planting.planting import plant
from greedy.generate.planting.rows import planted_batches
from greedy.generate.staff import DAGDELEN
from greedy.generate.tables import PlantedAssignmentRow, PlantedRosterRow, WishRow
from greedy.model.problem import SlotStatus


@dataclass(frozen=True)
class GeneratedPractice:
    """A roster with all that belongs to it, what is known of it, a solution as good as any can be, and what its people wish for."""

    tables: PracticeTables
    known: PlantedRosterRow
    planted: list[PlantedAssignmentRow]
    wishes: list[WishRow]


def generate_practice(config: GeneratorConfig, number: int = 0, *, open_slots: bool = False) -> PracticeTables:
    """The practice tables of one practice; see `generated`."""
    return generated(config, number, open_slots=open_slots).tables


def generated(config: GeneratorConfig, number: int = 0, *, open_slots: bool = False) -> GeneratedPractice:
    """One practice of those that a configuration gives, the same as in every sink.

    Parameters
    ----------
    config
        What is generated.
    number
        Which practice, from 0 to below `config.practices`.
    open_slots
        A row for every slot, also for those that are OPEN: as in a database in which a planner has worked.

    Raises
    ------
    InputError
        There is no such practice, or the configuration asks for what is impossible.
    """
    if number not in range(config.practices):
        raise InputError(f"there is no practice {number}", next_step=f"give a number from 0 to {config.practices - 1}")
    staff = staff_of(config, range(number, number + 1))
    batches = [*shared_batches(), *people_batches(config, staff), *planted_batches(config, staff, plant(config, staff))]
    rows: dict[str, list[Any]] = {name: [] for name in practice_tables.TABLES}
    for batch in batches:
        columns = batch.table.columns
        rows.setdefault(batch.table.name, []).extend(
            batch.table.model.model_validate(dict(zip(columns, values, strict=True))) for values in zip(*batch.columns, strict=True)
        )
    if open_slots:
        rows["roster_assignments"] = _every_slot(config, rows, number)
    return GeneratedPractice(
        tables=PracticeTables.model_validate({name: rows[name] for name in practice_tables.TABLES}),
        known=rows["planted_rosters"][0],
        planted=rows.get("planted_assignments", []),
        wishes=rows.get("wishes", []),
    )


def _every_slot(config: GeneratorConfig, rows: dict[str, list[Any]], number: int) -> list[AssignmentRow]:
    """A row for each slot of the roster, by employee, day and dagdeel: those that there are, and OPEN ones."""
    roster = rows["rosters"][0]
    held = {(row.employee_id, row.date, row.dagdeel): row for row in rows["roster_assignments"]}
    days = [roster.start_date + dt.timedelta(days=day) for day in range(roster.day_count)]
    slots = list(product((row.id for row in rows["employees"]), days, DAGDELEN))
    ids = chance.uuids(config.seed, "open slots", number, range(len(slots)))
    return [held.get(slot) or _open_slot(id_, roster.id, *slot) for id_, slot in zip(ids, slots, strict=True)]


def _open_slot(id_: str, roster_id: UUID, employee_id: str, day: dt.date, dagdeel: str) -> AssignmentRow:
    values = {"id": id_, "roster_id": roster_id, "employee_id": employee_id, "date": day, "dagdeel": dagdeel, "status": SlotStatus.OPEN}
    return AssignmentRow.model_validate(values)
