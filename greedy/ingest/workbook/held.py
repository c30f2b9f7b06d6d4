"""What a workbook with a roster leaves out, and the database holds: a sheet or column that is not there changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from greedy.errors import InputError
from greedy.formats.between_rows import faults_between_rows
from greedy.formats.tables import (
    AssignmentRow,
    BlockingRuleRow,
    CapabilityRow,
    EmployeeRow,
    PracticeTables,
    RosterRow,
    ServiceTypeRow,
    StaffingRow,
)
from greedy.ingest.workbook.layout import BLOCKING_RULES, EMPLOYEES, PRACTICE, SERVICE_TYPES, Language
from greedy.ingest.workbook.rows import WorkbookContent
from greedy.model.message import Message, joined

OF_ROSTER = ("roster_employee_services", "roster_period_staffing_dagdelen", "roster_assignments")
# By what a row is the same as one in the database. Of a slot the columns belong together (status, service, source), and none is kept.
KEPT_BY: dict[str, tuple[str, ...]] = {
    "rosters": ("id",),
    "employees": ("id",),
    "service_types": ("code",),
    "roster_employee_services": ("employee_id", "service_id"),
}
ABSENCE = "structureel_nbh"


class Held(BaseModel):
    """Rows of the database: those of the roster of a workbook, and the employees, services and rules that it may speak of."""

    rosters: list[RosterRow] = []
    employees: list[EmployeeRow] = []
    service_types: list[ServiceTypeRow] = []
    service_blocking_rules: list[BlockingRuleRow] = []
    roster_employee_services: list[CapabilityRow] = []
    roster_period_staffing_dagdelen: list[StaffingRow] = []
    roster_assignments: list[AssignmentRow] = []


def leaves_something_out(content: WorkbookContent) -> bool:
    """Whether a workbook with a roster lacks a sheet or a column."""
    return bool(_absent_sheets(content)) or any(_absent_columns(content, entity) for entity in KEPT_BY)


def with_held(content: WorkbookContent, held: Held) -> tuple[PracticeTables, tuple[str, ...]]:
    """The roster of a workbook with what the database holds of the sheets and columns that it has not; and notes that say so.

    Raises
    ------
    InputError
        What is kept of the roster does not fit what the workbook says.
    """
    tables = _with_service_ids(content.tables(), {row.code: row.id for row in held.service_types})
    update: dict[str, list[Any]] = {}
    notes: list[str] = []
    for entity, key in KEPT_BY.items():
        update[entity], kept = _with_columns(getattr(tables, entity), getattr(held, entity), key, _absent_columns(content, entity))
        if kept:
            notes.append(
                Message(
                    "{sheet} has no column {names}; what the database holds there stays",
                    sheet=content.rows[entity][0].sheet,
                    names=", ".join(kept),
                )
            )
    services = {row.id for row in tables.service_types}
    absent = [
        entity
        for entity in _absent_sheets(content)
        if any(entity in OF_ROSTER or row.service_id in services for row in getattr(held, entity))
    ]
    update |= {entity: getattr(held, entity) for entity in absent if entity in OF_ROSTER}
    _add_those_named(update, tables, held, rules_absent=BLOCKING_RULES.entity in absent)
    merged = tables.model_copy(update=update)
    if absent:
        labels = [layout.label(Language.NL) for layout in PRACTICE if layout.entity in absent]
        notes.append(Message("no sheet {names} was read; what the database holds of it stays", names=", ".join(labels)))
        if faults := [Message("{table}: {message}", table=fault.table, message=fault.message) for fault in faults_between_rows(merged)]:
            raise InputError(
                Message(
                    "{path} leaves out {names}, and what the database holds of that does not fit it; nothing was imported",
                    path=content.path,
                    names=", ".join(labels),
                ),
                next_step=Message("give the sheet {names} too; an empty one throws away what the database holds", names=joined(labels)),
                details=faults,
            )
    return merged, tuple(notes)


def _absent_sheets(content: WorkbookContent) -> list[str]:
    """Of what belongs to a roster or to services. Employees and services are never taken away, so theirs do not count."""
    tables = content.tables()
    return [entity for entity in (BLOCKING_RULES.entity, *OF_ROSTER) if entity not in content.chosen and not getattr(tables, entity)]


def _absent_columns(content: WorkbookContent, entity: str) -> dict[str, str]:
    """Field to label of the columns that a sheet with rows has not."""
    rows, tables = content.rows.get(entity), content.tables()
    if not rows or not getattr(tables, entity):
        return {}
    layout = next(layout for layout in PRACTICE if layout.entity == entity)
    return {
        column.field: column.label(Language.NL)
        for column in layout.columns
        if column.field not in rows[0].columns and column.field not in (*KEPT_BY[entity], "id")
    }


def _with_columns(
    rows: list[BaseModel], there: list[BaseModel], key: tuple[str, ...], absent: Mapping[str, str]
) -> tuple[list[BaseModel], list[str]]:
    """The rows with what the database holds in absent columns, and the labels of those in which it holds something else than empty."""
    stored = {tuple(getattr(row, field) for field in key): row for row in there} if absent else {}
    merged = []
    kept: dict[str, None] = {}
    for row in rows:
        same = stored.get(tuple(getattr(row, field) for field in key))
        update: dict[str, Any] = {}
        for field, label in absent.items() if same is not None else ():
            whole, _, part = field.partition(".")
            now = getattr(row, whole)
            value = getattr(same, whole)
            if part:
                now = update.get(whole, now)
                value = {**now, part: value[part]} if part in value else now
            if value != now:
                update[whole] = value
                kept[label] = None
        merged.append(row.model_copy(update=update) if update else row)
    return merged, list(kept)


def _with_service_ids(tables: PracticeTables, ids: Mapping[str, UUID]) -> PracticeTables:
    """The tables with the ids that services have in the database, where they are known by their codes."""
    moved = {row.id: ids[row.code] for row in tables.service_types if ids.get(row.code, row.id) != row.id}
    if not moved:
        return tables

    def follow(row: BaseModel, fields: Collection[str]) -> BaseModel:
        return row.model_copy(update={field: moved[getattr(row, field)] for field in fields if getattr(row, field, None) in moved})

    return tables.model_copy(
        update={
            "service_types": [follow(row, ("id",)) for row in tables.service_types],
            **{
                entity: [follow(row, ("service_id", "blocked_by_service_id")) for row in getattr(tables, entity)]
                for entity in (BLOCKING_RULES.entity, *OF_ROSTER)
            },
        }
    )


def _add_those_named(update: dict[str, list[Any]], tables: PracticeTables, held: Held, *, rules_absent: bool) -> None:
    """Add the employees and services that kept rows name, and the rules of those services; and, without their sheet, all rules."""
    kept = [row for entity in OF_ROSTER for row in update.get(entity, ())]
    people = {row.id for row in update[EMPLOYEES.entity]}
    named = {getattr(row, "employee_id", None) for row in kept}
    update[EMPLOYEES.entity] += [row for row in held.employees if row.id in named and row.id not in people]
    services = {row.id for row in update[SERVICE_TYPES.entity]}
    named_services = {getattr(row, field, None) for row in kept for field in ("service_id", "blocked_by_service_id")}
    added = [row for row in held.service_types if row.id not in services] if named_services - services - {None} else []
    update[SERVICE_TYPES.entity] += added
    ruled = {row.id for row in added} | (services if rules_absent else set())
    update[BLOCKING_RULES.entity] = tables.service_blocking_rules + [row for row in held.service_blocking_rules if row.service_id in ruled]
