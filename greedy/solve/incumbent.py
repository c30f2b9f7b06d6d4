"""The best roster so far, and what is known of how good any can be. Nothing that a solver finds is lost here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from greedy.model.law import ATW
from greedy.model.objective import costs
from greedy.model.problem import Problem
from greedy.model.result import Progress, proven_priorities
from greedy.model.roster import Roster
from greedy.model.rules import Violation, check


def may_give_way(violation: Violation) -> bool:
    """Whether a rule is one that a roster may have to break, or that the fill does not look at: a limit, and the law of working time."""
    return violation.rule.startswith("limit_") or violation.rule in ATW


class Incumbent:
    """The best roster of a solve: fewest broken rules first, then the least cost, an earlier priority first.

    Parameters
    ----------
    problem
        What is asked.
    bounds
        Priority -> no roster costs less there.
    time_limit_seconds
        From now on; None for no limit.
    on_progress
        Told of each better roster and each better bound.
    """

    def __init__(
        self,
        problem: Problem,
        bounds: Mapping[int, int],
        *,
        time_limit_seconds: float | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.problem = problem
        self.bounds = dict(bounds)
        self.roster: Roster = Roster.of(problem.pinned)
        self.costs: Mapping[int, int] = {}
        self.violations: tuple[Violation, ...] = ()
        self.solver = ""
        self.seconds_to_best = 0.0
        self._started = time.perf_counter()
        self._deadline = float("inf") if time_limit_seconds is None else self._started + time_limit_seconds
        self._on_progress = on_progress
        self._rank: tuple[int, int, tuple[int, ...]] | None = None

    @property
    def seconds(self) -> float:
        """Since the solve began."""
        return time.perf_counter() - self._started

    @property
    def seconds_left(self) -> float:
        """Until the deadline, infinite without one; negative when it has passed."""
        return self._deadline - time.perf_counter()

    @property
    def offered(self) -> bool:
        """Whether any roster was found yet."""
        return self._rank is not None

    @property
    def legal(self) -> bool:
        """Whether the best roster breaks no rule, but for what pinned work breaks by itself."""
        return self._rank is not None and self._rank[1] == 0

    @property
    def proven(self) -> bool:
        """Whether nothing better exists: the best roster is legal and costs at each priority what any must."""
        return self.proven_at == self.problem.priorities

    @property
    def proven_at(self) -> tuple[int, ...]:
        """The priorities, from the first on, at which the best roster costs what any must; none while it is not legal."""
        return proven_priorities(self.problem.priorities, self.costs, self.bounds) if self.legal else ()

    def offer(self, roster: Roster, solver: str) -> bool:
        """Keep a roster if it is better than the best; whether it was."""
        violations = tuple(check(self.problem, roster))
        cost = costs(self.problem, roster)
        broken = [one for one in violations if not one.pinned]
        never = sum(not may_give_way(one) for one in broken)
        rank = (never, len(broken), tuple(cost.get(priority, 0) for priority in self.problem.priorities))
        if self._rank is not None and rank >= self._rank:
            return False
        self._rank, self.roster, self.costs, self.violations, self.solver = rank, roster, cost, violations, solver
        self.seconds_to_best = self.seconds
        self.tell(solver, roster)
        return True

    def raise_bounds(self, bounds: Iterable[tuple[int, int]], solver: str) -> None:
        """Take bounds that are better than those known; of a later priority, of rosters as good as the best at the earlier ones."""
        better = {priority: bound for priority, bound in bounds if bound > self.bounds.get(priority, 0)}
        if better:
            self.bounds |= better
            self.tell(solver)

    def tell(self, doing: str, roster: Roster | None = None) -> None:
        """Report progress to whoever asked for it; `roster` when it is new."""
        if self._on_progress is not None:
            self._on_progress(Progress(self.seconds, self.costs.get(0, 0), self.bounds.get(0), doing, roster))
