"""Whether a change is one that was asked for before: the same form, sent twice."""

from __future__ import annotations

from greedy.desk.edits import Edit
from greedy.desk.opened import OpenRoster
from greedy.formats.tables import PROGRAM_SOURCE
from greedy.model.problem import SlotStatus
from greedy.store.changes import ChangeDocument


def may_be(opened: OpenRoster, made: ChangeDocument, edit: Edit) -> bool:
    """Whether a change may be what an edit asked for."""
    codes = {service.id: service.code for service in opened.problem.services}
    after = {(one.employee_id, one.date, one.dagdeel): one.after for one in made.slots}
    found = [after[key] for one in edit.slots if (key := (one.employee_id, one.date, one.dagdeel)) in after]
    match edit.action:
        case "assign":
            as_asked = all(codes.get(str(one.service_id)) == edit.service_code for one in found)
        case "clear" | "available":
            as_asked = all(one.status in (SlotStatus.OPEN, SlotStatus.BLOCKED) for one in found)
        case "unavailable":
            as_asked = all(one.status is SlotStatus.UNAVAILABLE for one in found)
        case "pin" | "unpin":
            as_asked = all(one.status is SlotStatus.ACTIVE and (one.source == PROGRAM_SOURCE) is (edit.action == "unpin") for one in found)
        case _:
            as_asked = all((one.notes or "") == (edit.note or "").strip() for one in found)
    return bool(found) and as_asked
