"""build_report: a roster and its problem into a Report. Counts, and nothing that is not in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from greedy import __version__
from greedy.model.objective import cost_items
from greedy.model.problem import Problem
from greedy.model.result import Conflict, OpenDemand
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.model.working_time import working_time_findings
from greedy.report.comparison import compare
from greedy.report.counts import NEAR_COMPLETE_PERCENT, PARTIAL_PERCENT, counted
from greedy.report.figures import coverages, loads
from greedy.report.figures.bottlenecks import bottlenecks
from greedy.report.figures.compliance import law_lines, rule_lines, violation_lines, working_time_lines
from greedy.report.figures.costs import by_priority, changes, gave_way
from greedy.report.figures.recommendations import recommendations
from greedy.report.model import ConflictLine, CoverageSummary, Metadata, OpenDemandLine, Report, SolverSummary, SummaryStatus
from greedy.wording import ENGLISH, Words


def build_report(
    problem: Problem,
    roster: Roster,
    *,
    name: str,
    open_demand: Sequence[OpenDemand],
    bound: int,
    conflicts: Sequence[Conflict] = (),
    solver: SolverSummary | None = None,
    words: Words = ENGLISH,
    before: Roster | None = None,
    generated_at: dt.datetime | None = None,
) -> Report:
    """Report on a roster.

    Parameters
    ----------
    problem, roster
        The roster and what it was made for.
    name
        The roster's name.
    open_demand
        Demand that is not met, with reasons (`greedy.solve.explain`).
    bound
        No roster covers more shifts than this.
    conflicts
        What stands against each other, when no roster keeps every rule.
    solver
        What made the roster, when it was made just now.
    words
        Language of the sentences.
    before
        The roster of the run before, in the numbers of `problem`, to compare with.
    generated_at
        When, for the reader; with its time zone.
    """
    assigned = coverages.met(problem, roster)
    total, needed = sum(assigned), problem.required
    items = cost_items(problem, roster)
    violations, findings = check(problem, roster), working_time_findings(problem, roster)
    empty = loads.away(problem, roster)
    employees = loads.employee_loads(problem, roster, empty)
    tight = bottlenecks(problem, assigned, words)
    return Report(
        metadata=_metadata(problem, words, generated_at),
        roster_id=problem.roster_id,
        name=name,
        start_date=problem.date_of(0),
        end_date=problem.date_of(problem.day_count - 1),
        status=_status(total, needed),
        coverage=CoverageSummary(**counted(needed, total), upper_bound=bound),
        services=coverages.by_service(problem, assigned),
        teams=coverages.by_team(problem, assigned),
        weeks=coverages.by_week(problem, assigned),
        days=coverages.by_day(problem, assigned),
        employees=employees,
        open_demand=[_open_line(problem, one, words) for one in open_demand],
        slots=loads.slot_summary(problem, roster, empty),
        blocked=loads.blocked_lines(problem, empty),
        unavailable=loads.unavailable_lines(problem, empty),
        fairness=loads.fairness(problem, employees),
        bottlenecks=tight,
        rules=rule_lines(violations, words),
        violations=violation_lines(violations, words),
        conflicts=[_conflict_line(problem, one, words) for one in conflicts],
        costs=by_priority(items),
        gave_way=gave_way(items, words),
        law=law_lines(problem, findings, words),
        working_time=working_time_lines(findings, words),
        changes=changes(problem, roster),
        comparison=None if before is None else compare(problem, before, roster),
        solver=solver,
        recommendations=recommendations(problem, open_demand, tight, words),
    )


def _metadata(problem: Problem, words: Words, generated_at: dt.datetime | None) -> Metadata:
    return Metadata(
        program_version=__version__,
        generated_at=generated_at,
        language=words.language,
        timezone=problem.timezone,
        days=problem.day_count,
        employees=len(problem.employees),
        active_employees=sum(employee.active for employee in problem.employees),
        services=len(problem.services),
        dagdelen=list(problem.dayparts),
    )


def _status(assigned: int, needed: int) -> SummaryStatus:
    if assigned == needed:
        return "COMPLETE"
    if 100 * assigned >= NEAR_COMPLETE_PERCENT * needed:
        return "NEAR COMPLETE"
    return "PARTIAL" if 100 * assigned >= PARTIAL_PERCENT * needed else "INCOMPLETE"


def _conflict_line(problem: Problem, one: Conflict, words: Words) -> ConflictLine:
    return ConflictLine(
        message=words.say(one.message),
        parts=[words.say(part) for part in one.parts],
        employee_ids=[problem.employees[employee].id for employee in one.employees],
    )


def _open_line(problem: Problem, one: OpenDemand, words: Words) -> OpenDemandLine:
    demand = problem.demand[one.row]
    return OpenDemandLine(
        date=problem.date_of(demand.day),
        dagdeel=problem.dayparts[problem.services[demand.service].daypart],
        team=problem.demand_teams[demand.team].code,
        service_code=problem.services[demand.service].code,
        missing=one.missing,
        reasons={str(obstacle): count for obstacle, count in one.reasons.items()},
        free=[problem.names[employee] for employee in one.free],
        blocked_by=[words.say(duty) for duty in one.blocked_by],
        limits_reached=[words.say(limit) for limit in one.limits_reached],
        one_more_for=[problem.names[employee] for employee in one.one_more_for],
        smallest_change=words.say(one.smallest_change),
    )
