"""The Dutch law of working time (Arbeidstijdenwet) for adults, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from greedy.model.message import Message


class Norm(NamedTuple):
    """A value of the law: how much, of what, and where it stands."""

    value: int
    unit: Message
    source: str


# Arbeidstijdenwet, employees of 18 and older. A collective agreement (CAO) or an agreement with the works council may differ within
# the bounds of articles 5:3 to 5:9 and of the Arbeidstijdenbesluit: such values are set in `WorkingTime.norms`.
ATW = {
    "shift": Norm(12 * 60, Message("minutes of work a shift, at most"), "art. 5:7"),
    "daily_rest": Norm(11 * 60, Message("minutes of rest after a day of work, at least"), "art. 5:3"),
    "short_daily_rest": Norm(8 * 60, Message("minutes of rest once in 7 days, at least"), "art. 5:3"),
    "weekly_rest": Norm(36 * 60, Message("minutes of unbroken rest in 7 days, at least"), "art. 5:5"),
    "two_weekly_rest": Norm(72 * 60, Message("minutes of rest in 14 days, at least"), "art. 5:5"),
    "two_weekly_rest_part": Norm(32 * 60, Message("minutes of each part of that rest, at least"), "art. 5:5"),
    "week": Norm(60 * 60, Message("minutes of work a week, at most"), "art. 5:7"),
    "four_weeks": Norm(4 * 55 * 60, Message("minutes of work in 4 weeks, at most"), "art. 5:7"),
    "sixteen_weeks": Norm(16 * 48 * 60, Message("minutes of work in 16 weeks, at most"), "art. 5:7"),
    "night_shift": Norm(10 * 60, Message("minutes of work a night shift, at most"), "art. 5:8"),
    "rest_after_night": Norm(14 * 60, Message("minutes of rest after a night shift that ends after 02:00, at least"), "art. 5:8"),
    "night_series": Norm(3, Message("night shifts in a row that ask for a long rest"), "art. 5:8"),
    "rest_after_nights": Norm(46 * 60, Message("minutes of rest after such a row, at least"), "art. 5:8"),
    "nights_in_a_row": Norm(7, Message("night shifts in a row, at most"), "art. 5:8"),
    "standby_days": Norm(14, Message("days with standby in 4 weeks, at most"), "art. 5:9"),
    "free_pairs": Norm(2, Message("times two days in a row without work and standby in 4 weeks, at least"), "art. 5:9"),
}


@dataclass(frozen=True)
class WorkingTime:
    """Look at the law of working time. `enforce`: as hard rules; otherwise what breaks it is reported only.

    `norms`: values that an agreement sets in place of those of `ATW`, by the same names and in the same units.
    """

    enforce: bool = False
    norms: tuple[tuple[str, int], ...] = ()

    def norm(self, name: str) -> int:
        """The value that holds here."""
        return dict(self.norms).get(name, ATW[name].value)
