"""The in-memory roster workspace (werkbestanden): a roster in the making, which never breaks a rule.

It holds what is needed to say at once whether an employee can take a shift: the content of every slot, what is left of every capability,
and which units of demand are open. Work is placed with its pair and its blocked slots in one step, or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import NamedTuple

from greedy.model.changes import Available, Change, HigherLimit, OneMore
from greedy.model.coverage import match_cell
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Problem, Slot, SlotStatus
from greedy.model.result import Obstacle
from greedy.model.roster import BlockedSlot, Roster, blocked_slots
from greedy.workspace.limits import LimitBook

OPEN, ACTIVE, BLOCKED, UNAVAILABLE = SlotStatus  # plain names: attribute look-ups on the enum would dominate the fill
OBSTACLE_OF = {Quantity.DAYS: Obstacle.DAY_LIMIT, Quantity.REST_MINUTES: Obstacle.REST_TOO_SHORT}


class _Step(NamedTuple):
    """A change of what an assignment serves. `stood`: it was worked before, and served row `served`."""

    assignment: Assignment
    served: int | None = None
    stood: bool = False


class Workspace:
    """A roster of `problem` in the making.

    Parameters
    ----------
    problem
        What is asked.
    roster
        Work that stands at the beginning; by default the pinned work alone.

    Attributes
    ----------
    open_units
        Demand row -> employees still missing.
    shifts
        Employee -> shifts worked so far.
    effort
        Questions asked and work placed or taken away so far, twice where limits are looked at: time as every machine measures it alike.
    """

    def __init__(self, problem: Problem, roster: Roster | None = None) -> None:
        standing = Roster.of(problem.pinned) if roster is None else roster
        self.problem = problem
        self.open_units = [row.required for row in problem.demand]
        self._staff = [0] * len(problem.demand)  # who serves each row, those beyond what it requires included
        self.shifts = [0] * len(problem.employees)
        self.effort = 0
        self._pinned = frozenset(problem.pinned)
        self._serving: dict[Assignment, int | None] = {}  # the work that stands -> the demand row that it serves
        self._steps: list[_Step | Callable[[], object]] = []
        self._per_day = len(problem.dayparts)
        self._per_employee = problem.day_count * self._per_day
        self._status = bytearray(len(problem.employees) * self._per_employee)
        self._work: dict[int, list[Assignment]] = defaultdict(list)  # slot index -> what is worked in it
        self._duties: dict[int, list[Assignment]] = defaultdict(list)  # slot index -> the duties that block it
        self._capacity_left = dict(problem.capabilities)
        self._limits = LimitBook(problem)
        self._limited = not self._limits.empty
        for slot in problem.unavailable:
            self._status[self._index(slot)] = UNAVAILABLE
        for slot in problem.blocked:
            self._status[self._index(slot)] = BLOCKED
        self._closed = bytearray(self._status)  # what stands in each slot when nobody works
        for assignment, row in self._served(standing).items():
            self._put(assignment, row)

    @property
    def roster_id(self) -> str:
        """Id of the roster in the making."""
        return self.problem.roster_id

    def freeze(self) -> Roster:
        """The roster as it stands now."""
        return Roster.of(self._serving)

    def planned(self) -> tuple[Assignment, ...]:
        """The program's own work, without what was pinned, in the order of employee, day and service."""
        return tuple(sorted(self._serving.keys() - self._pinned))

    def predicted_blocks(self) -> tuple[BlockedSlot, ...]:
        """FASE 3: the slots that the database's triggers will hold as BLOCKED for this roster."""
        return blocked_slots(self.problem, self.freeze())

    def capacity_left(self, employee: int, service: int) -> int:
        """How often the employee can still work the service."""
        return self._capacity_left.get((employee, service), 0)

    def blocking_duty(self, slot: Slot) -> Assignment | None:
        """The duty for which an otherwise open slot is blocked; the first by day and service when several block it."""
        index = self._index(slot)
        return min(self._duties[index]) if self._status[index] == BLOCKED and self._closed[index] == OPEN else None

    def duties_blocking(self, slot: Slot) -> tuple[Assignment, ...]:
        """All duties that block a slot."""
        return tuple(self._duties.get(self._index(slot), ()))

    def work_in(self, slot: Slot) -> tuple[Assignment, ...]:
        """What is worked in a slot; more than one only where pinned work lies in one slot."""
        return tuple(self._work.get(self._index(slot), ()))

    def work_of(self, employee: int) -> list[Assignment]:
        """What an employee works, by day and daypart."""
        first = employee * self._per_employee
        found = self._status.find(ACTIVE, first, first + self._per_employee)
        work: list[Assignment] = []
        while found != -1:
            work += self._work[found]
            found = self._status.find(ACTIVE, found + 1, first + self._per_employee)
        return work

    def row_of(self, assignment: Assignment) -> int | None:
        """The demand row that an assignment serves, None when it serves none or does not stand."""
        return self._serving.get(assignment)

    def is_absent(self, slot: Slot) -> bool:
        """Whether the employee is unavailable in a slot, and nobody changed that."""
        return self._status[self._index(slot)] == UNAVAILABLE

    def is_pinned(self, assignment: Assignment) -> bool:
        """Whether an assignment is the planner's own."""
        return assignment in self._pinned

    @cached_property
    def qualified(self) -> dict[tuple[int, str], list[int]]:
        """(service, employee team) -> employees who may work the service, by number."""
        found: dict[tuple[int, str], list[int]] = {}
        for employee, service in sorted(self.problem.capabilities):
            found.setdefault((service, self.problem.employees[employee].team), []).append(employee)
        return found

    def candidates(self, row: int, team: str) -> list[int]:
        """Employees of one team who can take a unit of a demand row now."""
        return [e for e in self.qualified.get((self.problem.demand[row].service, team), ()) if self.obstacle(e, row) is None]

    def obstacle(self, employee: int, row: int) -> Obstacle | None:
        """Why the employee cannot take a unit of this demand row; None when she can. Open units of the row are not looked at."""
        self.effort += 1
        problem = self.problem
        demand = problem.demand[row]
        if obstacle := self.obstacle_alone(employee, demand.day, demand.service, demand.team):
            return obstacle
        partner = self._missing_partner(employee, demand.day, demand.service)
        if partner is None:
            return self._obstacle_of_blocks(employee, demand.day, (demand.service,)) or self._obstacle_of_limits(employee, row)
        partner_row = self._open_row_for(employee, demand.day, partner, demand.team)
        if partner_row is None:
            return Obstacle.PAIR_NOT_POSSIBLE
        team = problem.demand[partner_row].team
        if self.obstacle_alone(employee, demand.day, partner, team):
            return Obstacle.PAIR_NOT_POSSIBLE
        return self._obstacle_of_blocks(employee, demand.day, (demand.service, partner)) or self._obstacle_of_limits(employee, row)

    def limit_in_the_way(self, employee: int, row: int) -> Limit | None:
        """The limit that a unit of this demand row would make the employee exceed."""
        return self._limits.holding_back(self.work_for(employee, row)) if self._limited else None

    def neighbour_in_the_way(self, employee: int, row: int) -> Assignment | None:
        """Work of hers, the day before or after, that a unit of this demand row cannot follow or be followed by."""
        return self._limits.cannot_stand_beside(self.work_for(employee, row)) if self._limited else None

    def excess(self, limit: Limit, employee: int, row: int) -> int:
        """By how much a unit of this demand row would make the employee exceed a limit of hers."""
        return self._limits.excess(limit, self.work_for(employee, row))

    def work_for(self, employee: int, row: int) -> tuple[Assignment, ...]:
        """What a unit of a demand row gives the employee to do: with the other half of a pair that she does not work yet."""
        demand = self.problem.demand[row]
        partner = self._missing_partner(employee, demand.day, demand.service)
        own = Assignment(employee, demand.day, demand.service)
        return (own,) if partner is None else (own, Assignment(employee, demand.day, partner))

    def breach(self, employee: int) -> int:
        """By how much her hard limits are broken as the roster stands, the least of something included; in their units, all together."""
        return self._limits.breach(employee, self.work_of(employee)) if self._limited else 0

    def obstacle_alone(self, employee: int, day: int, service: int, team: int) -> Obstacle | None:
        """Why the employee cannot work a shift for a demand team, its pair and its blocked slots left aside."""
        problem = self.problem
        left = self._capacity_left.get((employee, service))
        who = problem.employees[employee]
        if left is None:
            return Obstacle.NOT_QUALIFIED
        if not who.active or not problem.services[service].active:
            return Obstacle.INACTIVE
        if who.team not in problem.demand_teams[team].served_by:
            return Obstacle.OTHER_TEAM
        if left < 1:
            return Obstacle.CAPACITY_USED
        start = employee * self._per_employee + day * self._per_day
        status = self._status[start + problem.services[service].daypart]
        if status != OPEN:
            return {UNAVAILABLE: Obstacle.UNAVAILABLE, BLOCKED: Obstacle.BLOCKED, ACTIVE: Obstacle.WORKS}[SlotStatus(status)]
        return None

    def place(self, employee: int, row: int) -> tuple[Assignment, ...]:
        """Give the employee a unit of a demand row, with the other half of a pair, and block what the duty blocks.

        Raises
        ------
        ValueError
            The employee cannot take it, or no unit is open: asking `obstacle` first is the caller's part.
        """
        obstacle = self.obstacle(employee, row)
        if obstacle is not None or self.open_units[row] < 1:
            raise ValueError(f"employee {employee} cannot take demand row {row}: {obstacle or 'no unit is open'}")
        demand = self.problem.demand[row]
        placed = [(row, Assignment(employee, demand.day, demand.service))]
        partner = self._missing_partner(employee, demand.day, demand.service)
        if partner is not None:
            partner_row = self._open_row_for(employee, demand.day, partner, demand.team)
            if partner_row is None:
                raise ValueError(f"no open demand for the second half of row {row}")
            placed.append((partner_row, Assignment(employee, demand.day, partner)))
        for served_row, assignment in placed:
            self._put(assignment, served_row)
            self._steps.append(_Step(assignment))
        return tuple(assignment for _, assignment in placed)

    def remove(self, assignment: Assignment) -> tuple[Assignment, ...]:
        """Take work away, with the other half of its pair; what it blocked, used and served is free again.

        Raises
        ------
        ValueError
            It does not stand, or it or the other half of its pair is pinned.
        """
        both = self.with_partner(assignment)
        if any(one not in self._serving or one in self._pinned for one in both):
            raise ValueError(f"{self.problem.describe(assignment)} cannot be removed: it does not stand, or it is pinned")
        for one in both:
            self._steps.append(_Step(one, self._serving[one], stood=True))
            self._take(one)
        return both

    def reseat(self, assignment: Assignment, row: int) -> None:
        """Let work that stands serve another demand row of its day and service; the row that it served has a unit open again.

        Raises
        ------
        ValueError
            The row has no open unit, is one of another day or service, or may not be served by the employee's team.
        """
        demand, who = self.problem.demand[row], self.problem.employees[assignment.employee].team
        fits = (demand.day, demand.service) == (assignment.day, assignment.service)
        if not fits or self.open_units[row] < 1 or who not in self.problem.demand_teams[demand.team].served_by:
            raise ValueError(f"{self.problem.describe(assignment)} cannot serve demand row {row}")
        self._steps.append(_Step(assignment, self._serving[assignment], stood=True))
        self._serve(assignment, row)

    def with_partner(self, assignment: Assignment) -> tuple[Assignment, ...]:
        """Work and the other half of its pair, where she works that too: they are moved together."""
        services = self.problem.services
        partner = services[assignment.service].second_half
        if partner is None:
            partner = self.problem.first_half.get(assignment.service)
        other = None if partner is None else Assignment(assignment.employee, assignment.day, partner)
        return (assignment,) if other is None or other not in self._serving else (assignment, other)

    def permit(self, change: Change) -> None:
        """Go on as if a planner had made a change; `undo` takes it back."""
        match change:
            case OneMore(employee, services):
                left = {(employee, service): self._capacity_left.get((employee, service)) for service in services}
                self._capacity_left.update({key: 1 if before is None else before + 1 for key, before in left.items()})
                self._steps.append(partial(self._restore_capacity, left))
            case HigherLimit(limit, by):
                higher = self._limits.raise_most(limit, by)
                self._steps.append(partial(self._limits.raise_most, higher, -by))
            case Available(employee, day, dayparts):
                indexes = [self._index(Slot(employee, day, daypart)) for daypart in dayparts]
                self._close(OPEN, indexes)
                self._steps.append(partial(self._close, UNAVAILABLE, indexes))

    @property
    def step(self) -> int:
        """Number of changes so far, for `undo`."""
        return len(self._steps)

    def undo(self, to: int) -> None:
        """Go back to how the roster stood when `step` was `to`."""
        while len(self._steps) > to:
            done = self._steps.pop()
            if not isinstance(done, _Step):
                done()
            elif not done.stood:
                self._take(done.assignment)
            elif done.assignment in self._serving:
                self._serve(done.assignment, done.served)
            else:
                self._put(done.assignment, done.served)

    def _obstacle_of_blocks(self, employee: int, day: int, services: tuple[int, ...]) -> Obstacle | None:
        """A duty cannot block work that stands, nor the other half of its own pair."""
        problem = self.problem
        rules = problem.rules_of
        if not any(service in rules for service in services):
            return None
        own = {problem.services[service].daypart for service in services}
        start = employee * self._per_employee
        for service in services:
            for rule in rules.get(service, ()):
                blocked_day = day + rule.day_offset
                if not 0 <= blocked_day < problem.day_count:
                    continue
                if self._status[start + blocked_day * self._per_day + rule.daypart] == ACTIVE or (
                    rule.day_offset == 0 and rule.daypart in own
                ):
                    return Obstacle.BLOCKS_WORK
        return None

    def _obstacle_of_limits(self, employee: int, row: int) -> Obstacle | None:
        if not self._limited:
            return None
        self.effort += 1
        work = self.work_for(employee, row)
        if (limit := self._limits.holding_back(work)) is not None:
            return OBSTACLE_OF.get(limit.quantity, Obstacle.LIMIT_REACHED)
        return None if self._limits.cannot_stand_beside(work) is None else Obstacle.CANNOT_FOLLOW

    def _missing_partner(self, employee: int, day: int, service: int) -> int | None:
        """The other half of a pair when the employee does not work it yet that day."""
        partner = self.problem.services[service].second_half
        if partner is None:
            partner = self.problem.first_half.get(service)
        return None if partner is None or Assignment(employee, day, partner) in self._serving else partner

    def _open_row_for(self, employee: int, day: int, service: int, team: int) -> int | None:
        """An open demand row of the day and service that the employee may serve; of demand team `team` if there is one."""
        problem, who = self.problem, self.problem.employees[employee].team
        rows = [
            row
            for row in problem.demand_by_cell.get((day, service), ())
            if self.open_units[row] > 0 and who in problem.demand_teams[problem.demand[row].team].served_by
        ]
        return min(rows, key=lambda row: (problem.demand[row].team != team, problem.demand[row].team), default=None)

    def _served(self, roster: Roster) -> dict[Assignment, int | None]:
        """Work -> the demand row that it serves, pinned work first; as many as possible."""
        cells: dict[tuple[int, int], list[Assignment]] = {}
        for assignment in sorted(roster.assignments, key=lambda a: (a not in self._pinned, a)):
            cells.setdefault((assignment.day, assignment.service), []).append(assignment)
        serving: dict[Assignment, int | None] = {}
        for cell, assignments in cells.items():
            rows = match_cell(self.problem, self.problem.demand_by_cell.get(cell, ()), [a.employee for a in assignments])
            serving.update(zip(assignments, rows, strict=True))
        return serving

    def _put(self, assignment: Assignment, row: int | None) -> None:
        self.effort += 1
        slot = self.problem.slot_of(assignment)
        start = slot.employee * self._per_employee + slot.day * self._per_day
        self._status[start + slot.daypart] = ACTIVE
        self._work[start + slot.daypart].append(assignment)
        self._serving[assignment] = None
        self._serve(assignment, row)
        if self._limited:
            self._limits.add(assignment, 1)
            self.effort += 1
        self.shifts[slot.employee] += 1
        key = (assignment.employee, assignment.service)
        if key in self._capacity_left:
            self._capacity_left[key] -= 1
        for blocked in self.problem.blocked_by(assignment):
            index = self._index(blocked)
            self._duties[index].append(assignment)
            if self._status[index] == OPEN:
                self._status[index] = BLOCKED

    def _take(self, assignment: Assignment) -> None:
        """Undo `_put`."""
        self.effort += 1
        slot = self.problem.slot_of(assignment)
        start = slot.employee * self._per_employee + slot.day * self._per_day
        self._serve(assignment, None)
        if self._limited:
            self._limits.add(assignment, -1)
            self.effort += 1
        del self._serving[assignment]
        self._work[start + slot.daypart].remove(assignment)
        self._reopen(start + slot.daypart)
        self.shifts[slot.employee] -= 1
        key = (assignment.employee, assignment.service)
        if key in self._capacity_left:
            self._capacity_left[key] += 1
        for blocked in self.problem.blocked_by(assignment):
            index = self._index(blocked)
            self._duties[index].remove(assignment)
            self._reopen(index)

    def _reopen(self, index: int) -> None:
        """Set the status of a slot that something went away from."""
        if self._work.get(index):
            return
        closed = self._closed[index]
        self._status[index] = BLOCKED if closed == OPEN and self._duties.get(index) else closed

    def _close(self, status: int, indexes: Sequence[int]) -> None:
        """Let slots hold `status` when nobody works in them."""
        for index in indexes:
            self._closed[index] = status
            self._reopen(index)

    def _restore_capacity(self, left: Mapping[tuple[int, int], int | None]) -> None:
        for key, before in left.items():
            if before is None:
                del self._capacity_left[key]
            else:
                self._capacity_left[key] = before

    def _serve(self, assignment: Assignment, row: int | None) -> None:
        served = self._serving[assignment]
        self._serving[assignment] = row
        for changed, by in ((served, -1), (row, 1)):
            if changed is not None:
                self._staff[changed] += by
                self.open_units[changed] = max(0, self.problem.demand[changed].required - self._staff[changed])

    def _index(self, slot: Slot) -> int:
        return slot.employee * self._per_employee + slot.day * self._per_day + slot.daypart
