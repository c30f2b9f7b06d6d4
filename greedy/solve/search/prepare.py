"""Compile the kernels ahead, so that no planner waits for it: `python -m greedy.solve.search.prepare`.

They are compiled once for each installation and processor, and kept beside the modules, or in the
user's cache where that cannot be written.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from greedy.model.problem import Demand, DemandTeam, Employee, Problem, Service
from greedy.solve.search.columns import ColumnGeneration
from greedy.solve.search.coordinate import Coordinator
from greedy.solve.search.instance import EXACT_STATES, scratch_for, to_instance


def prepare() -> None:
    """Run every kernel once, on a roster of one employee and a week."""
    problem = Problem(
        roster_id="prepare",
        first_day=date(2024, 1, 1),
        day_count=7,
        dayparts=("day",),
        employees=(Employee("1", "one", "all"),),
        services=(Service("D", "D", 0, 480),),
        demand_teams=(DemandTeam("all", ("all",)),),
        demand=tuple(Demand(day, 0, 0, 1, maximum=1) for day in range(7)),
        capabilities={(0, 0): 7},
    )
    instance = to_instance(problem)
    Coordinator(instance, np.random.default_rng(0)).start()
    ColumnGeneration(instance, scratch_for(instance, EXACT_STATES), EXACT_STATES).run()


if __name__ == "__main__":
    prepare()
