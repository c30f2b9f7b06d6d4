"""What a roster is planned with besides what the database holds of it. Whoever looks at it later judges it by the same."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from uuid import UUID

from greedy.formats.planning import Planning, sent_planning
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Problem
from greedy.store.changes import UnknownChangeError
from greedy.store.functions import FunctionStore
from greedy.store.plans import PlanDocument, PlanOptions, PlanState

FEW, MANY = 3, 200  # plans that are looked through, the newest first

_read = lru_cache(maxsize=16)(sent_planning)  # asked for with each edit that is looked at


def planning_of(options: PlanOptions) -> Planning | None:
    """The planning file of a plan. Raises InputError when it cannot be read."""
    return None if options.planning is None else _read(options.planning)


def problem_of(tables: PracticeTables, options: PlanOptions) -> Problem:
    """The problem of a roster as a plan with these options takes it.

    Raises
    ------
    InputError
        The planning file cannot be read, or does not fit the roster; every fault is in the details.
    """
    limited, planning = options.limit_worked_days, planning_of(options)
    return to_problem(tables, limit_worked_days=limited, wishes=options.wishes, planning=planning)


async def check_planning(tables: PracticeTables, options: PlanOptions) -> None:
    """See that the planning file of a plan can be read and fits the roster, before it waits for its turn. Raises as `problem_of`."""
    if options.planning is not None:
        await asyncio.to_thread(problem_of, tables, options)


async def was_written(store: FunctionStore, plan: PlanDocument) -> bool:
    """Whether the roster of a plan was written: the write is in the history under the id of the run."""
    try:
        await store.changes.get(plan.roster_id, plan.id)
    except UnknownChangeError:
        return False
    return True


async def planned_with(store: FunctionStore, roster_id: UUID) -> PlanOptions | None:
    """The options of the last plan that was written; of a copy that was not planned itself, those of its original."""
    for most in (FEW, MANY):
        plans = await store.plans.list(roster_id, limit=most)
        for plan in plans:
            if plan.state is PlanState.DONE or await was_written(store, plan):  # a worker may have ended between its write and its word
                return plan.options
        if len(plans) < most:
            break
    original = await store.copies.original_of(roster_id)
    return None if original is None else await planned_with(store, original)
