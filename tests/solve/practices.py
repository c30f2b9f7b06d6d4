"""Rosters of the kind of the sample: its own with other capabilities and more absences, and generated ones of its size."""

from __future__ import annotations

import random
from dataclasses import replace

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.generate.config import GeneratorConfig
from greedy.generate.practice import generate_practice
from greedy.model.problem import Problem, Slot


def practices_of_that_kind(sample: PracticeTables, *, each: int = 6) -> list[Problem]:
    """First `each` generated practices of 14 employees and 5 weeks, then as many changed samples."""
    generated = [to_problem(generate_practice(GeneratorConfig(seed=seed))) for seed in range(each)]
    return generated + [perturbed(to_problem(sample), seed) for seed in range(each)]


def perturbed(problem: Problem, seed: int) -> Problem:
    """The same practice in another month: every capability one more or fewer, a week of leave for two employees, no pinned work."""
    chance = random.Random(seed)
    capabilities = {key: max(0, most + chance.randint(-1, 1)) for key, most in problem.capabilities.items()}
    absent = set(problem.unavailable)
    for employee in chance.sample(range(len(problem.employees)), 2):
        first = chance.randrange(problem.day_count)
        days = range(first, min(first + 7, problem.day_count))
        absent |= {Slot(employee, day, daypart) for day in days for daypart in range(len(problem.dayparts))}
    return replace(problem, capabilities=capabilities, unavailable=frozenset(absent), pinned=())
