"""What a roster costs: every soft term, item by item, by priority. The only place where costs are defined; solvers are measured with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from greedy.model.problem import Problem
from greedy.model.roster import Roster


@dataclass(frozen=True)
class CostItem:
    """One thing that costs: `term` names the wish (`demand`, `request`, a limit's or wish's name), `message` says where, in a planner's words."""

    priority: int
    term: str
    cost: int
    message: str


def cost_items(problem: Problem, roster: Roster) -> list[CostItem]:
    """Every item that costs more than nothing, in the order of priority."""
    raise NotImplementedError


def costs(problem: Problem, roster: Roster) -> Mapping[int, int]:
    """Priority -> cost. Priorities without cost are 0 or absent."""
    totals: dict[int, int] = defaultdict(int)
    for item in cost_items(problem, roster):
        totals[item.priority] += item.cost
    return dict(totals)
