"""The picture of a solve shows what was reported, whatever was not."""

from __future__ import annotations

import re

import pytest

from greedy.store.plans import PlanPoint
from greedy.web.views.progress_picture import FLOOR, TOP, draw_progress, look_back, ticks

POINTS = [(0.5, 20, None), (1.0, 18, 4), (2.0, 12, 10), (3.0, 12, 12)]


def points(values: list[tuple[float, int | None, int | None]]) -> list[PlanPoint]:
    return [PlanPoint(seconds=seconds, cost=cost, bound=bound) for seconds, cost, bound in values]


def corners(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def test_best_falls_and_bound_rises_until_they_meet() -> None:
    picture = draw_progress(points(POINTS), 4.0)
    assert picture is not None
    best, bound = corners(picture.best), corners(picture.bound)
    assert [y for _, y in best] == sorted(y for _, y in best)
    assert [y for _, y in bound] == sorted((y for _, y in bound), reverse=True)
    assert best[-1] == bound[-1]
    assert picture.best_end == picture.bound_end == best[-1][1]
    assert best[0][0] == pytest.approx(1000 * 0.5 / 4)
    assert best[-1][0] == 1000  # the last roster is the best one until now
    assert min(x for x, _ in corners(picture.gap)) == bound[0][0]  # no gap is shown before a bound is known


def test_everything_lies_within_the_picture() -> None:
    for values in (POINTS, [(0.0, 0, 0)], [(7.0, 10**9, 1)], [(1.0, 3, None), (2.0, None, 2)], [(0.1, 5, 5), (0.2, 5, 5)], [(0.1, 5, 9)]):
        picture = draw_progress(points(values), 1.5)
        assert picture is not None
        for x, y in corners(picture.best + picture.bound + picture.gap):
            assert 0 <= x <= 1000
            assert TOP <= y <= FLOOR
        assert all(TOP <= tick.at <= FLOOR for tick in picture.costs)
        assert all(0 <= tick.at <= 100 for tick in picture.seconds)


def test_nothing_is_drawn_before_there_is_a_roster() -> None:
    assert draw_progress([], 3.0) is None
    assert draw_progress(points([(1.0, None, 5)]), 3.0) is None


def test_a_solve_that_has_ended_is_drawn_up_to_its_last_news_where_there_was_any() -> None:
    assert look_back(points(POINTS)) == draw_progress(points(POINTS), 3.0)
    assert look_back(points([(0.5, 0, 0), (12.0, 0, 0)])) is None
    assert look_back([]) is None


def test_ticks_are_few_and_round() -> None:
    assert ticks(0, 60) == [0, 20, 40, 60]
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(0, 1, whole=True) == [0, 1]
    assert ticks(8000, 15810) == [8000, 10000, 12000, 14000]
    assert all(2 <= len(ticks(0, most)) <= 6 for most in range(1, 4000))
