"""Who could take an open shift: the best first, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from greedy.desk.opened import OpenRoster
from greedy.model.changes import Change, describe_limit, in_words
from greedy.model.clock import is_night
from greedy.model.message import Message
from greedy.model.problem import Assignment, Demand, Slot
from greedy.model.result import Obstacle
from greedy.model.roster import Roster
from greedy.model.working_time import Finding, working_time_findings
from greedy.solve.remedy import changes_for
from greedy.workspace import Workspace

SATURDAY = 5
LEAST_LIKELY = (Obstacle.OTHER_TEAM, Obstacle.NOT_QUALIFIED, Obstacle.INACTIVE)


@dataclass(frozen=True)
class Candidate:
    """An employee for a shift.

    `obstacle`: what stands in her way, and `detail` more of it; None and empty when nothing does. `changes`: what a planner would have to
    change, all of it, before she can take the shift at once, in `remedy` in words; empty when nothing has to, or no such change is known.
    `reasons`: what speaks for and against her. `cautions`: what the law of working time would not allow then.
    """

    employee: int
    obstacle: Obstacle | None
    detail: str = ""
    changes: tuple[Change, ...] = ()
    remedy: tuple[str, ...] = ()
    reasons: tuple[Message, ...] = ()
    cautions: tuple[Finding, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether she can take it as the roster stands."""
        return self.obstacle is None


def candidates(opened: OpenRoster, row: int) -> list[Candidate]:
    """All employees for one more shift of a demand row.

    First those who can take it, in the order of the greedy fill: the team that goes first, the most capacity left, the fewest shifts so
    far, the name. Then the others, by how little it would take: few changes before many, none known last.
    """
    return _Search(opened, row).candidates()


class _Search:
    """A look for candidates, in a workspace of its own."""

    def __init__(self, opened: OpenRoster, row: int) -> None:
        self._opened, self._row = opened, row
        self._problem = opened.problem
        self._demand: Demand = opened.problem.demand[row]
        self._service = opened.problem.services[self._demand.service]
        self._teams = opened.problem.demand_teams[self._demand.team].served_by
        self._workspace = Workspace(opened.problem, opened.roster)

    def candidates(self) -> list[Candidate]:
        return sorted(map(self._candidate, range(len(self._problem.employees))), key=self._order)

    def _candidate(self, employee: int) -> Candidate:
        obstacle = self._workspace.obstacle(employee, self._row)
        changes = changes_for(self._workspace, employee, self._row, obstacle) or ()
        return Candidate(
            employee,
            obstacle,
            detail="" if obstacle is None else self._detail(employee, obstacle),
            changes=changes,
            remedy=tuple(in_words(self._problem, change) for change in changes),
            reasons=tuple(self._reasons(employee)),
            cautions=self._cautions(employee) if obstacle is None else (),
        )

    def _order(self, one: Candidate) -> tuple[object, ...]:
        who = self._problem.employees[one.employee]
        place = self._teams.index(who.team) if who.team in self._teams else len(self._teams)
        like_the_fill = (
            place,
            -self._workspace.capacity_left(one.employee, self._demand.service),
            self._workspace.shifts[one.employee],
            who.name,
            who.id,
        )
        return (not one.fits, one.obstacle in LEAST_LIKELY, not one.changes, len(one.changes), *like_the_fill)

    def _detail(self, employee: int, obstacle: Obstacle) -> str:
        problem, workspace = self._problem, self._workspace
        slot = Slot(employee, self._demand.day, self._service.daypart)
        match obstacle:
            case Obstacle.CAPACITY_USED:
                most = problem.capabilities[employee, self._demand.service]
                return Message("all {count} {service} are planned", count=most, service=self._service.code)
            case Obstacle.BLOCKED if (duty := workspace.blocking_duty(slot)) is not None:
                return Message("rest for {work}", work=problem.describe(duty))
            case Obstacle.WORKS:
                return Message("works {service} then", service=" ".join(problem.services[a.service].code for a in workspace.work_in(slot)))
            case Obstacle.UNAVAILABLE if slot in self._opened.structural:
                return Message("a fixed weekly absence")
            case Obstacle.BLOCKS_WORK:
                return " ".join(self._blocked_work(employee))
            case Obstacle.CANNOT_FOLLOW if (other := workspace.neighbour_in_the_way(employee, self._row)) is not None:
                return problem.describe(other)
        limit = workspace.limit_in_the_way(employee, self._row)
        return "" if limit is None else describe_limit(problem, limit)

    def _blocked_work(self, employee: int) -> list[str]:
        """Work that stands where the shift would block."""
        slots = [slot for one in self._workspace.work_for(employee, self._row) for slot in self._problem.blocked_by(one)]
        return [Message("would block {work}", work=self._problem.describe(a)) for slot in slots for a in self._workspace.work_in(slot)]

    def _reasons(self, employee: int) -> list[Message]:
        problem, who = self._problem, self._problem.employees[employee]
        said = []
        if who.team in self._teams:
            first = self._teams[0]
            said.append(
                Message("team {team}, which goes first", team=who.team)
                if who.team == first
                else Message("team {team}, which comes after {first}", team=who.team, first=first)
            )
        if (most := problem.capabilities.get((employee, self._demand.service))) is not None:
            left = max(0, self._workspace.capacity_left(employee, self._demand.service))
            said.append(Message("{left} of {most} {service} left", left=left, most=most, service=self._service.code))
        said.append(Message("{count} shifts so far, {mean} on average", **self._load(self._shifts, employee)))
        if problem.date_of(self._demand.day).weekday() >= SATURDAY:
            said.append(Message("{count} weekend shifts so far, {mean} on average", **self._load(self._weekends, employee)))
        if is_night(self._service):
            said.append(Message("{count} nights so far, {mean} on average", **self._load(self._nights, employee)))
        if self._demand.service in who.preferred:
            said.append(Message("would rather work {service} than others", service=self._service.code))
        for request in problem.requests:
            fits = request.service in (None, self._demand.service) and request.daypart in (None, self._service.daypart)
            if (request.employee, request.day) == (employee, self._demand.day) and fits:
                said.append(Message("asked to work then") if request.wanted else Message("asked not to work then"))
        return said

    def _load(self, counts: Mapping[int, int], employee: int) -> dict[str, float]:
        active = [number for number, one in enumerate(self._problem.employees) if one.active]
        mean = fmean(counts.get(number, 0) for number in active) if active else 0.0
        return {"count": counts.get(employee, 0), "mean": round(mean, 1)}

    @cached_property
    def _shifts(self) -> Counter[int]:
        return Counter(a.employee for a in self._opened.roster.assignments)

    @cached_property
    def _weekends(self) -> Counter[int]:
        first = self._problem.first_day.weekday()
        return Counter(a.employee for a in self._opened.roster.assignments if (first + a.day) % 7 >= SATURDAY)

    @cached_property
    def _nights(self) -> Counter[int]:
        nights = {number for number, one in enumerate(self._problem.services) if is_night(one)}
        return Counter(a.employee for a in self._opened.roster.assignments if a.service in nights)

    def _cautions(self, employee: int) -> tuple[Finding, ...]:
        work = self._workspace.work_of(employee)
        stood = {(one.rule, one.message) for one in self._findings(employee, work)}
        came = self._findings(employee, [*work, *self._workspace.work_for(employee, self._row)])
        return tuple({one.rule: one for one in reversed(came) if (one.rule, one.message) not in stood}.values())

    def _findings(self, employee: int, work: list[Assignment]) -> list[Finding]:
        return working_time_findings(self._opened.under_law, Roster.of(work), {employee})
