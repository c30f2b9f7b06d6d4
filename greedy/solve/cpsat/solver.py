"""Solve a roster problem with CP-SAT, priority by priority: what one priority reached is kept while the next is improved."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ortools.sat.python import cp_model

from greedy.model.excess import excess, work_of
from greedy.model.message import Message
from greedy.model.objective import costs
from greedy.model.problem import Problem
from greedy.model.result import Progress
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.cpsat.constraints import CONSTRAINTS
from greedy.solve.cpsat.model import RELAXED_LIMITS, Mode, RosterModel
from greedy.solve.cpsat.wishes import post_costs
from greedy.solve.cpsat.working_time import post_law

SHARE_OF_A_PRIORITY = 0.6  # of the time left, while later priorities wait


class Answer(StrEnum):
    """What CP-SAT said. OPTIMAL: solved and proven. FEASIBLE: solved, the time was up before the proof.

    INFEASIBLE: proven that no roster keeps every rule. TIMED_OUT: nothing was found and nothing proven.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    TIMED_OUT = "timed out"


class ModelFaultError(AssertionError):
    """CP-SAT refuses the model, or answers what cannot be: a fault of this program, never of the input."""


@dataclass(frozen=True)
class CpSatOutcome:
    """`roster`: the best known, the warm start included; None when there is none. `costs`, `bounds`: by priority (see `SolveResult`).

    `proven`: no roster is better at any priority. `bounds` and `proven` of a window speak of the window alone. `broken`: units by which
    hard limits are broken, when they were relaxed. `seconds_to_best`: until CP-SAT found the last better roster.
    """

    answer: Answer
    roster: Roster | None
    costs: Mapping[int, int]
    bounds: Mapping[int, int]
    proven: bool
    broken: int = 0
    seconds_to_best: float = 0.0


def solve_cpsat(
    problem: Problem,
    *,
    deadline: float,
    warm_start: Roster | None = None,
    seed: int = 0,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    free: Collection[tuple[int, int]] | None = None,
    relaxed: bool = False,
) -> CpSatOutcome:
    """The best roster that can be found, and what is proven of it.

    Parameters
    ----------
    problem
        What is asked.
    deadline
        On the clock of `time.monotonic`; the best roster so far is handed back then. Building a model is not interrupted.
    warm_start
        A roster to begin with; when it is legal, the outcome is never worse.
    seed, workers
        One worker and a seed: the same roster each time, as long as time does not run out. None: as many workers as cores.
    on_progress
        Called with each better roster.
    free
        Only these (employee, day) are planned anew; elsewhere `warm_start` stands. Rules are kept for the employees among them.
    relaxed
        Hard limits may be broken, by as few units as can be, before anything else; rest is kept. For problems without a legal roster.

    Raises
    ------
    ModelFaultError
        CP-SAT calls the model invalid.
    """
    started = time.monotonic()
    model = RosterModel(problem, Mode.RELAXED if relaxed else Mode.EXACT, frozen=warm_start, free=free)
    for unit in CONSTRAINTS:
        unit(model)
    post_law(model)
    post_costs(model)
    return _Search(model, warm_start, started, deadline, on_progress, seed, workers).run()


def configure(solver: cp_model.CpSolver, workers: int | None) -> None:
    """Few workers begin with the one that uses the linear relaxation most: staffing has poor bounds without it."""
    workers = workers or os.cpu_count() or 1
    solver.parameters.num_workers = workers
    if workers == 1:
        solver.parameters.linearization_level = 2
    elif workers <= 4:
        solver.parameters.subsolvers.extend(["max_lp", "default_lp"])
    else:
        solver.parameters.extra_subsolvers.append("max_lp")


def answer_of(status: cp_model.CpSolverStatus, solver: cp_model.CpSolver, model: cp_model.CpModel) -> Answer:
    """Translate what CP-SAT answers; every status that it has, and none that it has not."""
    if status == cp_model.MODEL_INVALID:
        raise ModelFaultError(f"CP-SAT refuses the model: {model.validate() or solver.solution_info()}")
    answers = {
        cp_model.OPTIMAL: Answer.OPTIMAL,
        cp_model.FEASIBLE: Answer.FEASIBLE,
        cp_model.INFEASIBLE: Answer.INFEASIBLE,
        cp_model.UNKNOWN: Answer.TIMED_OUT,
    }
    if status not in answers:
        raise ModelFaultError(f"CP-SAT answers with status {status}, which this program does not know")
    return answers[status]


class _Search:
    def __init__(
        self,
        model: RosterModel,
        warm_start: Roster | None,
        started: float,
        deadline: float,
        on_progress: Callable[[Progress], None] | None,
        seed: int,
        workers: int | None,
    ) -> None:
        self._model, self._deadline, self._started, self._on_progress = model, deadline, started, on_progress
        self._seed, self._workers = seed, workers
        self._bounds: dict[int, int] = {}
        self._reached: dict[int, int] = {}  # priority -> cost that later priorities must keep
        self._best: Roster | None = None
        self._rank: tuple[int, dict[int, int]] | None = None
        self._seconds_to_best = 0.0
        if warm_start is not None:
            self._take(warm_start, legal_only=True)
            self._hint_roster(warm_start)

    def run(self) -> CpSatOutcome:
        model = self._model
        priorities = sorted(priority for priority, terms in model.costs.items() if terms) or [0]
        answer, proven = Answer.TIMED_OUT, True
        for number, priority in enumerate(priorities):
            level = self._improve(priority, last=number == len(priorities) - 1)
            if number == 0:
                answer = level
            if number and level is Answer.INFEASIBLE:
                raise ModelFaultError(f"CP-SAT finds priority {priority} infeasible after a roster was found")
            proven = proven and level is Answer.OPTIMAL
            if level in (Answer.INFEASIBLE, Answer.TIMED_OUT):
                break
        if answer is Answer.OPTIMAL and not proven:
            answer = Answer.FEASIBLE
        bounds = {priority: bound for priority, bound in self._bounds.items() if priority != RELAXED_LIMITS}
        broken, by_priority = self._rank if self._rank else (0, {})
        return CpSatOutcome(answer, self._best, by_priority, bounds, proven, broken, self._seconds_to_best)

    def _improve(self, priority: int, *, last: bool) -> Answer:
        """Solve one priority, and hold what it reached for those after it."""
        model, left = self._model, self._deadline - time.monotonic()
        if left <= 0:
            return Answer.TIMED_OUT
        terms, constant = model.costs[priority], model.constant[priority]
        expression, _ = model.sum(terms)
        model.cp.minimize(expression)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = left if last else left * SHARE_OF_A_PRIORITY
        solver.parameters.random_seed = self._seed
        configure(solver, self._workers)
        answer = answer_of(solver.solve(model.cp, self._callback(priority)), solver, model.cp)
        if answer in (Answer.OPTIMAL, Answer.FEASIBLE):
            self._take(
                Roster.of(a for a, lit in model.assignments() if isinstance(lit, int) or solver.boolean_value(lit)), legal_only=False
            )
            self._reached[priority] = constant + round(solver.objective_value)
            self._bounds[priority] = constant + math.ceil(solver.best_objective_bound - 1e-6)
            model.cp.add(expression <= round(solver.objective_value))
            self._hint_all(solver)
        return answer

    def _take(self, roster: Roster, *, legal_only: bool) -> None:
        """Keep a roster when it is better than the best: fewer units of broken limits, then costs by priority."""
        problem, model = self._model.problem, self._model
        broken = 0
        violations = [violation for violation in check(problem, roster) if not violation.pinned] if legal_only else []
        if violations and model.mode is not Mode.RELAXED:
            return
        if model.mode is Mode.RELAXED:
            broken = units_of_broken_limits(problem, roster)
            if any(not violation.rule.startswith("limit_") or violation.rule == "limit_rest_minutes" for violation in violations):
                return
        by_priority = dict(costs(problem, roster))
        if self._rank is None or better(broken, by_priority, *self._rank):
            self._best, self._rank = roster, (broken, by_priority)
            self._seconds_to_best = time.monotonic() - self._started

    def _callback(self, priority: int) -> cp_model.CpSolverSolutionCallback | None:
        return None if self._on_progress is None else _Reporter(self._tell, self._model.constant[priority], priority)

    def _tell(self, priority: int, cost: int, bound: int) -> None:
        if self._on_progress is not None:
            cost, bound = (cost, bound) if priority == 0 else (self._reached.get(0, 0), self._bounds.get(0, 0))
            told = None if priority == RELAXED_LIMITS else cost
            doing = Message("exact model, priority {priority}", priority=priority)
            if priority == RELAXED_LIMITS:
                doing = Message("breaking as few limits as can be")
            self._on_progress(Progress(time.monotonic() - self._started, told, None if told is None else bound, doing))

    def _hint_roster(self, roster: Roster) -> None:
        worked = set(roster.assignments)
        for assignment, lit in self._model.assignments():
            if not isinstance(lit, int):
                self._model.cp.add_hint(lit, assignment in worked)

    def _hint_all(self, solver: cp_model.CpSolver) -> None:
        cp = self._model.cp
        hint = cp.proto.solution_hint
        hint.vars.clear()
        hint.values.clear()
        hint.vars.extend(range(len(cp.proto.variables)))
        hint.values.extend(solver.response_proto.solution)


class _Reporter(cp_model.CpSolverSolutionCallback):
    def __init__(self, tell: Callable[[int, int, int], None], constant: int, priority: int) -> None:
        super().__init__()
        self._tell, self._constant, self._priority = tell, constant, priority

    def on_solution_callback(self) -> None:
        cost, bound = round(self.objective_value), math.ceil(self.best_objective_bound - 1e-6)
        self._tell(self._priority, self._constant + cost, self._constant + bound)


def better(broken: int, one: Mapping[int, int], other_broken: int, other: Mapping[int, int]) -> bool:
    """Whether costs are less: broken limits first, then the first priority at which they differ."""
    if broken != other_broken:
        return broken < other_broken
    for priority in sorted({*one, *other}):
        if one.get(priority, 0) != other.get(priority, 0):
            return one.get(priority, 0) < other.get(priority, 0)
    return False


def units_of_broken_limits(problem: Problem, roster: Roster) -> int:
    """Units by which hard limits are broken (see `excess`)."""
    work = work_of(problem, roster)
    return sum(beyond.units for limit in problem.limits if limit.hard for beyond in excess(problem, limit, work[limit.employee]))
