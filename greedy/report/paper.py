"""Paper that rosters are printed on."""

from __future__ import annotations

from typing import Literal, NamedTuple

Paper = Literal["a3", "a4"]


class Limits(NamedTuple):
    """A kind of paper, on its side: its size, and how small and large a grid on it may be. In millimetres.

    In the lowest rows codes are 6 points high on A4 and 6.8 on A3, which hangs further away.
    """

    width: float
    height: float
    margin: float
    most_weeks: int
    name: float
    part: float
    least_row: float
    most_row: float
    most_day: float


PAPERS: dict[Paper, Limits] = {
    "a3": Limits(420, 297, 10, most_weeks=7, name=48, part=5, least_row=3.0, most_row=6.4, most_day=24),
    "a4": Limits(297, 210, 8, most_weeks=6, name=31, part=4, least_row=2.65, most_row=4.6, most_day=18),
}
