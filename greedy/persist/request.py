"""What a workspace asks a store to write."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from greedy.formats.tables import PROGRAM_SOURCE
from greedy.model.problem import Assignment, Slot, SlotStatus
from greedy.model.roster import BlockedSlot
from greedy.store.base import ActiveSlot, BlockedSlotDocument, ExpectedSlot, Part, RosterWrite

if TYPE_CHECKING:
    from greedy.workspace import Workspace


def write_request(workspace: Workspace, run_id: UUID, part: Part, *, actor: str = PROGRAM_SOURCE) -> RosterWrite:
    """The write of a workspace: what was planned (4A), what that blocks (4B), and what the plan took for given. `actor` asked for it."""
    problem = workspace.problem
    employee_ids = [employee.id for employee in problem.employees]
    service_ids = [UUID(service.id) for service in problem.services]
    dates = [problem.date_of(day) for day in range(problem.day_count)]

    def expected(slot: Slot, status: SlotStatus, service_id: UUID | None = None) -> ExpectedSlot:
        return ExpectedSlot(
            employee_id=employee_ids[slot.employee],
            date=dates[slot.day],
            dagdeel=problem.dayparts[slot.daypart],
            status=status,
            service_id=service_id,
        )

    def active(assignment: Assignment) -> ActiveSlot:
        slot = problem.slot_of(assignment)
        return ActiveSlot(
            employee_id=employee_ids[slot.employee],
            date=dates[slot.day],
            dagdeel=problem.dayparts[slot.daypart],
            service_id=service_ids[assignment.service],
        )

    def blocked(block: BlockedSlot) -> BlockedSlotDocument:
        duty = problem.services[block.duty.service]
        day, daypart = dates[block.duty.day], problem.dayparts[duty.daypart]
        return BlockedSlotDocument(
            employee_id=employee_ids[block.slot.employee],
            date=dates[block.slot.day],
            dagdeel=problem.dayparts[block.slot.daypart],
            blocked_by_date=day,
            blocked_by_dagdeel=daypart,
            blocked_by_service_id=service_ids[block.duty.service],
            notes=f"Blocked by {duty.code} {day} {daypart}",
        )

    return RosterWrite(
        run_id=run_id,
        part=part,
        roster_id=UUID(workspace.roster_id),
        input_digest=problem.revision,
        expected=[
            *(expected(problem.slot_of(pinned), SlotStatus.ACTIVE, service_ids[pinned.service]) for pinned in problem.pinned),
            *(expected(slot, SlotStatus.UNAVAILABLE) for slot in sorted(problem.unavailable)),
            *(expected(slot, SlotStatus.BLOCKED) for slot in sorted(problem.blocked)),
        ],
        active=None if part == "blocking" else [active(assignment) for assignment in workspace.planned()],
        actor=actor,
        blocked=None if part == "assignments" else [blocked(block) for block in workspace.predicted_blocks()],
    )
