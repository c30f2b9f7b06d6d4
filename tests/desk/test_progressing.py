"""The way of a plan, as a page draws it."""

from __future__ import annotations

from greedy.desk.progressing import MOST_POINTS, Progressing
from greedy.model.result import Progress


def test_a_point_is_kept_when_the_best_or_the_bound_is_new_and_the_moment_stands_last() -> None:
    progress = Progressing()
    assert not progress.news
    progress.begin("FASE 2 SOLVE")
    for seconds, cost, bound in ((0.1, None, None), (0.2, 50, None), (0.5, 50, None), (0.9, 50, 20), (1.4, 30, 20), (2.0, 30, 20)):
        progress.solve(Progress(seconds, cost, bound, "improving"))
    assert progress.news
    told = progress.tell()
    assert (told.phase, told.doing, progress.news) == ("FASE 2 SOLVE", "improving", False)
    assert [(p.seconds, p.cost, p.bound) for p in told.points] == [
        (0.1, None, None), (0.2, 50, None), (0.9, 50, 20), (1.4, 30, 20), (2.0, 30, 20),
    ]  # fmt: skip
    progress.begin("FASE 3 PAIR")
    told = progress.tell()
    assert (told.phase, told.doing) == ("FASE 3 PAIR", "")


def test_a_long_way_is_told_in_few_points_with_its_begin_and_its_end() -> None:
    progress = Progressing()
    for number in range(5000):
        progress.solve(Progress(number / 10, 10_000 - number, 0, "improving"))
        if number % 7 == 0:
            told = progress.tell().points
            assert len(told) <= MOST_POINTS
            assert (told[0].cost, told[-1].cost) == (10_000, 10_000 - number)
            assert [p.seconds for p in told] == sorted({p.seconds for p in told})


def test_of_a_long_way_it_is_still_told_when_the_best_came() -> None:
    progress = Progressing()
    for number in range(MOST_POINTS):
        progress.solve(Progress(number, 1000 - number, 0, "improving"))
    best = 1000 - MOST_POINTS + 1
    progress.solve(Progress(5000, best, 0, "improving"))
    assert [(p.seconds, p.cost) for p in progress.tell().points[-2:]] == [(MOST_POINTS - 1, best), (5000, best)]
