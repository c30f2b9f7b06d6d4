"""Bounds, fixings and branches against every roster there is."""

from __future__ import annotations

import itertools
from random import Random

import numpy as np
import pytest

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Demand, Problem
from greedy.model.rules import check
from greedy.solve.search.branch import Branching, whole
from greedy.solve.search.columns import ColumnGeneration, Fixing
from greedy.solve.search.dive import STYLES, dive
from greedy.solve.search.instance import EXACT_STATES, Instance, Plans, cost_of, scratch_for, to_instance, to_roster
from greedy.solve.search.kernel import OFF
from greedy.solve.search.kind import supports
from greedy.solve.solve import solve
from tests.solve.search.build import any_problem, is_legal, legal_plans, one_daypart

TOO_MANY = 3000


def small_instances(seeds: range) -> list[tuple[int, Instance, list[Plans]]]:
    """Seed, arrays and every legal roster of random problems that have any."""
    found = []
    for seed in seeds:
        problem = any_problem(seed, most_days=5, most_services=2)
        if not supports(problem):
            continue
        instance = to_instance(problem)
        plans = [legal_plans(instance, e) for e in range(len(problem.employees))]
        if 1 < np.prod([len(of) for of in plans], dtype=np.int64) <= TOO_MANY:
            found.append((seed, instance, [np.array(roster, np.int8) for roster in itertools.product(*plans)]))
    return found


def program_of(instance: Instance, first: Plans | None = None) -> ColumnGeneration:
    program = ColumnGeneration(instance, scratch_for(instance, EXACT_STATES), EXACT_STATES)
    for employee, plan in enumerate(first if first is not None else ()):
        program.add_plan(employee, plan)
    return program


def keeps(plans: Plans, fixings: list[Fixing], staff: tuple[int, int, int, int] | None) -> bool:
    if any((plans[f.employee, f.day] == f.service) is not f.yes for f in fixings):
        return False
    return staff is None or staff[2] <= (plans[:, staff[0]] == staff[1]).sum() <= staff[3]


@pytest.mark.parametrize("seeds", [range(120)], ids=str)
def test_no_roster_costs_less_than_the_bound_whatever_is_fixed(seeds: range) -> None:
    tight = impossible = 0
    for seed, instance, rosters in small_instances(seeds):
        chance = Random(seed)
        employees, days, services = instance.shape
        program = program_of(instance, rosters[chance.randrange(len(rosters))])
        before = (program._cost.copy(), program._must.copy(), program._slack.copy())
        best = min(cost_of(instance, plans) for plans in rosters)
        program.run()
        root = program.bound
        assert root <= best + 1e-9
        for _ in range(3):
            fixings = [
                Fixing(chance.randrange(employees), chance.randrange(days), chance.randrange(-1, services), yes=chance.random() < 0.5)
                for _ in range(chance.randint(0, 2))
            ]
            cell = (chance.randrange(days), chance.randrange(services))
            staff = (*cell, chance.randint(0, 1), chance.randint(1, employees)) if chance.random() < 0.6 else None
            undo = program.fix(fixings)
            if staff:
                program.bound_staff(*staff)
            program.run()
            costs = [cost_of(instance, plans) for plans in rosters if keeps(plans, fixings, staff)]
            assert not costs or program.bound <= min(costs) + 1e-9, (seed, fixings, staff)
            if program.impossible:
                assert not costs
                impossible += 1
            else:
                tight += bool(costs) and whole(program.bound) == min(costs)
            if staff:
                program.bound_staff(*cell, 0, employees)
            program.undo(undo)
            after = (program._cost, program._must, program._slack)
            assert all((one == other).all() for one, other in zip(before[:2], after[:2], strict=True))
            assert not program.master._closed
        program.run()
        assert whole(program.bound) == whole(root)
    assert tight > 20
    assert impossible > 5


@pytest.mark.parametrize("seeds", [range(200, 320)], ids=str)
def test_branches_prove_the_best_roster(seeds: range) -> None:
    for seed, instance, rosters in small_instances(seeds):
        costs = [cost_of(instance, plans) for plans in rosters]
        worst = int(np.argmax(costs))
        program = program_of(instance, rosters[worst])
        program.run()
        branching = Branching(program, rosters[worst], costs[worst])
        while not branching.finished:
            branching.run(deadline=np.inf, nodes=3)
            assert branching.nodes < 2000
        assert cost_of(instance, branching.best) == branching.cost == min(costs) == branching.bound, seed
        assert any((branching.best == plans).all() for plans in rosters)
        assert (program._cost == instance.cost).all()
        assert (program._must == instance.must).all()
        assert not program.master._closed


@pytest.mark.parametrize("seeds", [range(400, 520)], ids=str)
def test_dives_end_in_legal_rosters_below_their_cutoff_and_take_everything_back(seeds: range) -> None:
    found = 0
    for seed, instance, rosters in small_instances(seeds):
        costs = [cost_of(instance, plans) for plans in rosters]
        program = program_of(instance, rosters[int(np.argmax(costs))])
        program.run()
        plans = dive(program, STYLES[seed % len(STYLES)], np.random.default_rng(seed), cutoff=max(costs))
        if plans is not None:
            assert any((plans == roster).all() for roster in rosters)
            assert cost_of(instance, plans) <= max(costs)
            found += 1
        assert (program._cost == instance.cost).all()
        assert (program._must == instance.must).all()
        assert not program.master._closed
    assert found > 10


def test_the_bound_of_some_employees_holds_beside_the_work_of_the_others() -> None:
    for _, instance, rosters in small_instances(range(600, 680)):
        if instance.shape[0] < 2:
            continue
        given = rosters[len(rosters) // 2]
        free = list(range(1, instance.shape[0]))
        program = ColumnGeneration(instance, scratch_for(instance, EXACT_STATES), EXACT_STATES, free, given)
        program.run()
        costs = [cost_of(instance, plans) for plans in rosters if (plans[0] == given[0]).all()]
        assert whole(program.bound) <= min(costs)
        assert program.bound <= program.value + 1e-6


def hard_week(seed: int) -> Problem:
    """Four employees who can do less than is asked, so that a linear program leaves fractions."""
    chance = Random(seed)
    staff, days = 4, 8
    rows = [Demand(d, s, 0, chance.randint(0, 2), chance.choice((5, 8, 10)), 9, 1) for d in range(days) for s in range(2)]
    limits = []
    for e in range(staff):
        limits += [
            Limit(Quantity.CONSECUTIVE_DAYS, e, 2, chance.choice((2, 3))),
            Limit(Quantity.CONSECUTIVE_DAYS_OFF, e, 2),
            Limit(Quantity.MINUTES, e, 3 * 480, chance.choice((4, 5)) * 480),
            Limit(Quantity.SHIFTS, e, maximum=2, services=frozenset({1})),
        ]
    return one_daypart(*rows, staff=staff, days=days, minutes=(480, 600), limits=tuple(limits))


def test_branches_prove_what_the_exact_model_proves() -> None:
    nodes = 0
    for seed in range(8):
        problem = hard_week(seed)
        expected = solve(problem, "cpsat", workers=1)
        assert expected.bounds[0] == expected.objective
        instance = to_instance(problem)
        program = program_of(instance)
        program.run()
        assert program.bound <= expected.objective + 1e-9
        nothing = np.full(instance.shape[:2], OFF, np.int8)
        branching = Branching(program, nothing, cost_of(instance, nothing) + 1000)
        branching.run(deadline=np.inf, nodes=5000)
        assert branching.finished
        assert (branching.bound, branching.cost) == (expected.objective, expected.objective)
        assert check(problem, to_roster(branching.best)) == []
        nodes += branching.nodes
    assert nodes > 30


def test_prices_of_bounded_staff_do_not_leave_32_bits() -> None:
    limits = (Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=2), Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, 2))
    rows = [Demand(d, 0, 0, 1, 2000, 9, 1) for d in range(200)]
    instance = to_instance(one_daypart(*rows, staff=1, days=200, minutes=(480,), limits=limits))
    program = program_of(instance)
    for day in range(200):
        program.bound_staff(day, 0, 2, 9)
    for worth in (1e12, -1e12):
        bound, used = program._price(np.full((200, 1), worth))
        assert is_legal(instance, 0, program._plans[0].tolist())
        assert np.isfinite(bound)
        worked = int((program._plans[0] != OFF).sum())
        assert worked == (100 if worth > 0 else 0)
        assert program._floors[0] == -worked * round(used[0, 0] * instance.scale)
        assert used[0, 0] * worth > 0
    assert bound <= 400_000  # nobody works, as long as nothing is asked
    assert not program.impossible


def test_a_dive_through_fractions_takes_everything_back() -> None:
    for seed in range(4):
        instance = to_instance(hard_week(seed))
        program = program_of(instance)
        program.run()
        before = program.bound
        dive(program, STYLES[1], np.random.default_rng(seed), cutoff=before + 8)
        assert (program._cost == instance.cost).all()
        assert (program._must == instance.must).all()
        assert not program.master._closed
        program.run()
        assert abs(program.bound - before) < 0.01
