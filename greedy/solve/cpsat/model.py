"""The roster as variables: one boolean for each assignment that is possible, and the few ways in which rules and costs are put on them.

A literal is a variable, or 0 or 1 where the answer is known: pinned and past work is 1, what nobody may work is 0. What pinned work alone
breaks is tolerated, as `check` marks it: a rule is relaxed by just that much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ortools.sat.python import cp_model

from greedy.model.message import Message
from greedy.model.problem import Assignment, Problem, Slot
from greedy.model.roster import Roster

Lit = cp_model.IntVar | int
Term = tuple[int, Lit]
RELAXED_LIMITS = -1  # the priority of hard limits when they are relaxed: before all others


class Mode(Enum):
    """EXACT: rules hold. RELAXED: hard limits may be broken, at the highest price.

    CONFLICT: every part can be left out, to see what clashes.
    """

    EXACT = "exact"
    RELAXED = "relaxed"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Part:
    """A rule of somebody (`employee`) or a row of the input, that may stand against others. `message` is for planners."""

    rule: str
    message: Message
    employee: int | None = None


class RosterModel:
    """Variables of a roster.

    Parameters
    ----------
    problem
        What is asked.
    mode
        See `Mode`.
    frozen, free
        With `free`, only these (employee, day) are open; elsewhere the work of `frozen` stands.
    """

    def __init__(
        self, problem: Problem, mode: Mode = Mode.EXACT, *, frozen: Roster | None = None, free: Collection[tuple[int, int]] | None = None
    ) -> None:
        self.problem = problem
        self.mode = mode
        self.cp = cp_model.CpModel()
        self.costs: dict[int, list[tuple[int, cp_model.IntVar]]] = defaultdict(list)
        self.constant: dict[int, int] = defaultdict(int)
        self.flows: dict[int, list[Term]] = defaultdict(list)  # demand row -> what serves it, filled by the unit `team`
        self.parts: dict[Part, cp_model.IntVar] = {}
        self._work: dict[tuple[int, int], dict[int, Lit]] = defaultdict(dict)
        self._on: dict[tuple[int, int, frozenset[int] | None], Lit] = {}
        self._pinned: set[int] = set()  # indices of variables that stand for pinned work, in a model of conflicts
        self._false = self.cp.new_constant(0)
        open_days = None if free is None else set(free)
        self.employees: Sequence[int] = (
            range(len(problem.employees)) if open_days is None else sorted({employee for employee, _ in open_days})
        )
        standing = () if open_days is None or frozen is None else (a for a in frozen.assignments if (a.employee, a.day) not in open_days)
        for assignment in {*problem.history, *standing}:
            self._work[assignment.employee, assignment.day][assignment.service] = 1
        for assignment in problem.pinned:
            self._pin(assignment)
        for assignment in self._possible(open_days):
            self._work[assignment.employee, assignment.day][assignment.service] = self.cp.new_bool_var("")

    def at(self, employee: int, day: int) -> Mapping[int, Lit]:
        """Service -> literal, for what is or may be worked on a day."""
        return self._work.get((employee, day), {})

    def lit(self, assignment: Assignment) -> Lit:
        """Whether an assignment is worked."""
        return self.at(assignment.employee, assignment.day).get(assignment.service, 0)

    def slot(self, slot: Slot) -> list[Lit]:
        """What is or may be worked in a slot."""
        services = self.problem.services
        return [lit for service, lit in self.at(slot.employee, slot.day).items() if services[service].daypart == slot.daypart]

    def assignments(self) -> Iterator[tuple[Assignment, Lit]]:
        """All work of the horizon that is done or possible."""
        for (employee, day), work in self._work.items():
            if day >= 0:
                for service, lit in work.items():
                    yield Assignment(employee, day, service), lit

    def on(self, employee: int, day: int, services: frozenset[int] | None) -> Lit:
        """Whether any of these services is worked on a day; None: any at all."""
        key = (employee, day, services)
        if key not in self._on:
            self._on[key] = self.any_of([lit for service, lit in self.at(employee, day).items() if services is None or service in services])
        return self._on[key]

    def any_of(self, lits: Sequence[Lit]) -> Lit:
        """Whether one of the literals is true."""
        if any(isinstance(lit, int) and lit for lit in lits):
            return 1
        variables = variables_of(lits)
        if len(variables) < 2:
            return variables[0] if variables else 0
        either = self.cp.new_bool_var("")
        self.cp.add_max_equality(either, variables)
        if any(self.is_fixed(variable) for variable in variables):
            self._pinned.add(either.index)
        return either

    def both(self, one: Lit, other: Lit) -> Lit:
        """True when both literals are; it may be true otherwise too, so it is for what is limited from above."""
        if isinstance(one, int):
            return other if one else 0
        if isinstance(other, int):
            return one if other else 0
        both = self.cp.new_bool_var("")
        self.cp.add_bool_or([one.negated(), other.negated(), both])
        if self.is_fixed(one) and self.is_fixed(other):
            self._pinned.add(both.index)
        return both

    def is_fixed(self, lit: Lit) -> bool:
        """Whether a literal is true by pinned or frozen work."""
        return bool(lit) if isinstance(lit, int) else lit.index in self._pinned

    def cost(self, priority: int, weight: int, lit: Lit) -> None:
        """What a literal, or a number that the model holds, costs."""
        if isinstance(lit, int):
            self.constant[priority] += weight * lit
        elif weight:
            self.costs[priority].append((weight, lit))

    # Rules. `part` names the rule's instance; without one, it cannot be left out.

    def linear(self, part: Part | None, terms: Iterable[Term], *, least: int | None = None, most: int | None = None) -> None:
        """The sum of terms lies between two bounds; `most` gives way to what pinned work alone reaches."""
        terms = list(terms)
        expression, constant = self.sum(terms)
        reach = [(weight, self._upper(lit)) for weight, lit in terms if not isinstance(lit, int)]
        if most is not None:
            most = max(most, sum(weight for weight, lit in terms if self.is_fixed(lit)))
            if constant + sum(max(0, weight) * upper for weight, upper in reach) > most:
                self._enforce(self.cp.add(expression <= most), part)
        if least is not None and constant + sum(min(0, weight) * upper for weight, upper in reach) < least:
            if variables_of(lit for _, lit in terms):
                self._enforce(self.cp.add(expression >= least), part)
            else:
                self._enforce(self.cp.add_bool_or([self._false]), part)

    def exclusive(self, part: Part | None, lits: Iterable[Lit]) -> None:
        """At most one is true; what is fixed stands, and leaves no room for others."""
        lits = list(lits)
        fixed, free = [lit for lit in lits if self.is_fixed(lit)], [lit for lit in variables_of(lits) if not self.is_fixed(lit)]
        for lit in fixed:
            self._at_most_one(part, [*variables_of([lit]), *free], room=0 if isinstance(lit, int) else 1)
        if not fixed:
            self._at_most_one(part, free, room=1)

    def apart(self, part: Part | None, firsts: Iterable[Lit], seconds: Iterable[Lit]) -> None:
        """None of the first together with any of the second, of whom each are exclusive among themselves; fixed work stands."""
        firsts, seconds = list(firsts), list(seconds)
        if self.mode is not Mode.CONFLICT and not any(map(self.is_fixed, firsts)) and not any(map(self.is_fixed, seconds)):
            self.exclusive(part, [*firsts, *seconds])
            return
        for first in firsts:
            for second in seconds:
                if not (self.is_fixed(first) and self.is_fixed(second)):
                    self.exclusive(part, [first, second])

    def not_all(self, part: Part | None, lits: Sequence[tuple[Lit, bool]], *, tolerant: bool) -> None:
        """Not every literal has the value beside it. `tolerant`: unless fixed work alone makes it so."""
        clause = self._clause(lits)
        if clause is None or (tolerant and all(value and self.is_fixed(lit) for lit, value in lits)):
            return
        self._enforce(self.cp.add_bool_or(clause or [self._false]), part)

    def clause(self, part: Part | None, variables: Sequence[cp_model.IntVar]) -> None:
        """One of the variables is true."""
        self._enforce(self.cp.add_bool_or([*variables] or [self._false]), part)

    # Costs of what may be broken.

    def beyond(self, priority: int, weight: int, terms: Iterable[Term], bound: int, *, above: bool) -> None:
        """Each unit by which a sum lies above (or below) a bound costs `weight`."""
        terms = list(terms)
        sign = 1 if above else -1
        expression, constant = self.sum(terms)
        reach = sign * (constant - bound) + sum(max(0, sign * w) * self._upper(lit) for w, lit in terms if not isinstance(lit, int))
        if reach <= 0 or not weight:
            return
        if not variables_of(lit for _, lit in terms):
            self.cost(priority, weight, max(0, sign * (constant - bound)))
            return
        units = self.cp.new_int_var(0, reach, "")
        self.cp.add(units >= sign * (expression - bound))
        self.cost(priority, weight, units)

    def cost_if_all(self, priority: int, weight: int, lits: Sequence[tuple[Lit, bool]]) -> None:
        """Costs `weight` when every literal has the value beside it."""
        clause = self._clause(lits)
        if clause is None or not weight:
            return
        if not clause:
            self.cost(priority, weight, 1)
            return
        broken = self.cp.new_bool_var("")
        self.cp.add_bool_or([*clause, broken])
        self.cost(priority, weight, broken)

    def sum(self, terms: Iterable[Term]) -> tuple[cp_model.LinearExprT, int]:
        """Terms as one expression, and the constant in it."""
        variables, weights, constant = [], [], 0
        for weight, lit in terms:
            if isinstance(lit, int):
                constant += weight * lit
            else:
                variables.append(lit)
                weights.append(weight)
        return cp_model.LinearExpr.weighted_sum(variables, weights) + constant, constant

    def _upper(self, variable: cp_model.IntVar) -> int:
        return int(variable.domain.max())

    def _clause(self, lits: Sequence[tuple[Lit, bool]]) -> list[cp_model.LiteralT] | None:
        """That one literal differs from its value; None when one does for certain."""
        clause: list[cp_model.LiteralT] = []
        for lit, value in lits:
            if not isinstance(lit, int):
                clause.append(lit.negated() if value else lit)
            elif bool(lit) is not value:
                return None
        return clause

    def _at_most_one(self, part: Part | None, variables: list[cp_model.IntVar], *, room: int) -> None:
        if len(variables) <= room:
            return
        if room and not self._can_be_left_out(part):
            self.cp.add_at_most_one(variables)
        else:
            self._enforce(self.cp.add(cp_model.LinearExpr.sum(variables) <= room), part)

    def _can_be_left_out(self, part: Part | None) -> bool:
        return self.mode is Mode.CONFLICT and part is not None

    def _enforce(self, constraint: cp_model.Constraint, part: Part | None) -> None:
        if part is not None and self.mode is Mode.CONFLICT:
            if part not in self.parts:
                self.parts[part] = self.cp.new_bool_var("")
            constraint.only_enforce_if(self.parts[part])

    def _pin(self, assignment: Assignment) -> None:
        if self.mode is not Mode.CONFLICT:
            self._work[assignment.employee, assignment.day][assignment.service] = 1
            return
        variable = self.cp.new_bool_var("")
        self._pinned.add(variable.index)
        self._work[assignment.employee, assignment.day][assignment.service] = variable
        self._enforce(
            self.cp.add_bool_or([variable]),
            Part("pinned_work", Message("{work} is pinned", work=self.problem.describe(assignment)), assignment.employee),
        )

    def _possible(self, open_days: set[tuple[int, int]] | None) -> Iterator[Assignment]:
        """What may be worked beside the pinned work: rules `horizon`, `qualified` and `open_slots`, and cells that ask for the team."""
        problem, open_to = self.problem, frozenset(self.employees)
        able: dict[int, list[int]] = defaultdict(list)
        for (employee, service), most in sorted(problem.capabilities.items()):
            if (
                employee in open_to
                and (most > 0 or self.mode is Mode.CONFLICT)
                and problem.employees[employee].active
                and problem.services[service].active
            ):
                able[service].append(employee)
        for (day, service), rows in problem.demand_by_cell.items():
            asked = {team for row in rows if problem.demand[row].most for team in problem.demand_teams[problem.demand[row].team].served_by}
            for employee in able[service]:
                assignment = Assignment(employee, day, service)
                slot = problem.slot_of(assignment)
                if (
                    problem.employees[employee].team in asked
                    and (open_days is None or (employee, day) in open_days)
                    and (self.mode is Mode.CONFLICT or not (slot in problem.unavailable or slot in problem.blocked))
                    and service not in self.at(employee, day)
                ):
                    yield assignment


def variables_of(lits: Iterable[Lit]) -> list[cp_model.IntVar]:
    """Literals that are not known."""
    return [lit for lit in lits if not isinstance(lit, int)]
