"""The colours of services, the same in every picture. The code always stands on it: colour alone says nothing."""

from __future__ import annotations

from typing import NamedTuple

from greedy.model.problem import Problem


class Colour(NamedTuple):
    """A background and the text on it, as `#rrggbb`; their contrast is 7 to 1 or more, where WCAG AA asks for 4.5."""

    fill: str
    ink: str


# Neighbours differ in hue and in lightness, so that they stay apart in grey and for colour-blind eyes. tokens.css has the same.
LIGHT = (
    Colour("#c0dcff", "#012d5d"),
    Colour("#ffb8ab", "#55120b"),
    Colour("#b1eabc", "#013916"),
    Colour("#ddbdf6", "#3d1b52"),
    Colour("#f3d598", "#3c2b02"),
    Colour("#85dde2", "#023538"),
    Colour("#ffc7e0", "#501135"),
    Colour("#c5d596", "#2a3201"),
    Colour("#d4d5fe", "#2b235d"),
    Colour("#f8be97", "#492200"),
    Colour("#9cecd6", "#01372c"),
    Colour("#91d7f9", "#003346"),
)
DARK = (
    Colour("#1d406b", "#e4f0ff"),
    Colour("#743930", "#fee9e5"),
    Colour("#164c26", "#dcf7e1"),
    Colour("#5b3f70", "#f5e9fe"),
    Colour("#523c01", "#fbedd1"),
    Colour("#01585c", "#d0f7f9"),
    Colour("#602b46", "#fee7f1"),
    Colour("#475417", "#ebf3d5"),
    Colour("#3c386a", "#ecedff"),
    Colour("#703f19", "#feeadd"),
    Colour("#024b3e", "#d4f8ed"),
    Colour("#025571", "#dcf3fe"),
)


def service_colour(number: int) -> int:
    """Which colour a service has: 0 to 11, by its `number` in the sorted list of codes. The thirteenth begins again at the first."""
    return number % len(LIGHT)


def service_colours(problem: Problem) -> tuple[int, ...]:
    """Colour of each service of a problem, in the order of its services."""
    codes = sorted({service.code for service in problem.services})
    return tuple(service_colour(codes.index(service.code)) for service in problem.services)
