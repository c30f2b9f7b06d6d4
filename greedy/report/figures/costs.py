"""What a roster costs and what it changes, as the report tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from greedy.model.objective import CostItem
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.report.model import Changes, CostLine, SolverSummary
from greedy.solve.process import Solved
from greedy.wording import ENGLISH, Words


def by_priority(items: Sequence[CostItem]) -> dict[int, int]:
    """Priority -> cost, the strictest first."""
    totals: dict[int, int] = defaultdict(int)
    for item in items:
        totals[item.priority] += item.cost
    return dict(sorted(totals.items()))


def gave_way(items: Sequence[CostItem], words: Words = ENGLISH) -> list[CostLine]:
    """The terms that cost something, in the order of priority; of one priority the dearest first."""
    terms: dict[tuple[int, str], list[CostItem]] = defaultdict(list)
    for item in items:
        terms[item.priority, item.term].append(item)
    lines = [
        CostLine(priority=priority, term=term, cost=sum(item.cost for item in some), where=[words.say(item.message) for item in some])
        for (priority, term), some in terms.items()
    ]
    return sorted(lines, key=lambda line: (line.priority, -line.cost, line.term))


def changes(problem: Problem, roster: Roster) -> Changes | None:
    """How a roster differs from the earlier one that it should keep to."""
    if not problem.previous:
        return None
    worked = frozenset(roster.assignments)
    return Changes(kept=len(worked & problem.previous), gone=len(problem.previous - worked), new=len(worked - problem.previous))


def solver_summary(solved: Solved, words: Words = ENGLISH) -> SolverSummary:
    """What made a roster, and how good it is known to be."""
    result = solved.result
    return SolverSummary(
        name=result.solver,
        status=result.status,
        objective=result.objective,
        bound=result.bound,
        gap=round(result.gap, 6),
        seconds=round(result.seconds, 6),
        seconds_to_best=round(result.seconds_to_best, 6),
        seed=result.seed,
        costs=dict(sorted(result.costs.items())),
        bounds=dict(sorted(result.bounds.items())),
        proven=list(result.proven),
        incident=None if solved.incident is None else words.say(solved.incident),
    )
