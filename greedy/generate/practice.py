"""One generated practice in memory, without any sink: for benchmarks, tests, and whoever wants to look at it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

from greedy.errors import InputError
from greedy.formats import tables as practice_tables
from greedy.formats.tables import AssignmentRow, PracticeTables, Row
from greedy.generate import chance
from greedy.generate.config import GeneratorConfig
from greedy.generate.planting import plant, planted_batches
from greedy.generate.population import people_batches, shared_batches, staff_of
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
    batches = [*shared_batches(config), *people_batches(config, staff), *planted_batches(config, staff, plant(config, staff))]
    rows: dict[str, list[Any]] = {name: [] for name in practice_tables.TABLES}
    for batch in batches:
        columns = batch.table.columns
        rows.setdefault(batch.table.name, []).extend(
            batch.table.model.model_validate(dict(zip(columns, values, strict=True))) for values in zip(*batch.columns, strict=True)
        )
    if open_slots:
        rows["roster_assignments"] = _every_slot(config, rows, number)
    return GeneratedPractice(
        tables=PracticeTables.model_construct(**{name: rows[name] for name in practice_tables.TABLES}),
        known=rows["planted_rosters"][0],
        planted=rows.get("planted_assignments", []),
        wishes=rows.get("wishes", []),
    )


def _every_slot(config: GeneratorConfig, rows: dict[str, list[Any]], number: int) -> list[Row]:
    """The rows of slots with those that are missing, by employee, day and dagdeel."""
    roster, employees = rows["rosters"][0], rows["employees"]
    days = config.days
    held = {(row.employee_id, row.date, row.dagdeel): row for row in rows["roster_assignments"]}
    places = list(product((row.id for row in employees), days, DAGDELEN))
    ids = chance.uuids(config.seed, "open", number, range(len(places)))
    return [
        held.get(place) or AssignmentRow.model_validate(
            {"id": id_, "roster_id": roster.id, "employee_id": place[0], "date": place[1], "dagdeel": place[2], "status": SlotStatus.OPEN}
        )
        for place, id_ in zip(places, ids, strict=True)
    ]
