"""What belongs to one roster beside its tables, as files that the other commands read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from greedy.formats.roster_json import AssignmentDocument, RosterDocument
from greedy.generate.services import SERVICE_IDS, SERVICE_TYPES

_CODES = {service_id: service.code for service_id, service in zip(SERVICE_IDS, SERVICE_TYPES, strict=True)}


def planted_document(roster_id: str, employees: Sequence[str], dates: Sequence[dt.date], services: Sequence[str]) -> str:
    """The planted solution of a roster as `greedy check DIR planted.json` reads it.

    Parameters
    ----------
    employees, dates, services
        Columns of its rows in planted_assignments: ids, dates, ids.
    """
    document = RosterDocument(
        roster_id=roster_id,
        assignments=[
            AssignmentDocument(employee_id=employee, date=date, service_code=_CODES[service])
            for employee, date, service in zip(employees, dates, services, strict=True)
        ],
    )
    return document.model_dump_json(indent=2) + "\n"


def planning_document(
    employees: Sequence[str], wants: Sequence[str], dates: Sequence[dt.date | None], services: Sequence[str | None]
) -> str:
    """The wishes of a roster as a planning file: `greedy solve DIR --planning planning.toml`.

    Parameters
    ----------
    employees, wants, dates, services
        Columns of its rows in wishes.
    """
    preferred: dict[str, list[str]] = {}
    requests: dict[tuple[str, str], list[dt.date]] = {}
    for employee, want, date, service in zip(employees, wants, dates, services, strict=True):
        if service is not None:
            preferred.setdefault(employee, []).append(_CODES[service])
        if date is not None:
            requests.setdefault((employee, want), []).append(date)
    parts = ["# Wishes of the employees; a planted solution need not serve them.\n"]
    parts += [f"[employees.{_quoted(employee)}]\npreferred = {_quoted(codes)}\n" for employee, codes in preferred.items()]
    parts += [
        f"[[requests]]\nemployee = {_quoted(employee)}\ndates = [{', '.join(map(str, days))}]\nwants = {_quoted(want)}\n"
        for (employee, want), days in requests.items()
    ]
    return "\n".join(parts)


def _quoted(value: str | list[str]) -> str:
    """A text, or a list of them, as TOML and JSON both write them."""
    return json.dumps(value, ensure_ascii=False)
