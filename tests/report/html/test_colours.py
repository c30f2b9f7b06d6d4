"""Colours can be read, are the same in every picture, and never the only sign."""

from __future__ import annotations

import re

import pytest

from greedy.report.html import ASSETS
from greedy.report.palette import DARK, LIGHT, service_colour, service_colours
from tests.build import problem

TEXT, GRAPHIC = 4.5, 3.0  # WCAG 2.2, AA: 1.4.3 and 1.4.11
READ_ON = [
    *[(ink, ground) for ink in ("ink", "soft", "accent") for ground in ("paper", "surface", "sunken", "weekend")],
    *[(f"{kind}-ink", f"{kind}-soft") for kind in ("danger", "warn", "good")],
    *[(kind, ground) for kind in ("danger", "warn", "good") for ground in ("surface", "sunken")],
    ("accent-ink", "accent"),
    ("accent-deep", "accent-soft"),
    ("away-ink", "away"),
    ("rest-ink", "rest"),
    ("danger", "danger-soft"),
    *[(f"s{number}-ink", f"s{number}") for number in range(12)],
]
SEEN_ON = [
    ("chart", "surface"),
    ("chart-open", "surface"),
    ("field-line", "surface"),
    ("accent", "surface"),
    ("accent", "paper"),
    ("danger", "surface"),
]


def colours(number: int) -> dict[str, str]:
    """The variables in the light (0) or in the dark (1)."""
    css = (ASSETS / "tokens.css").read_text(encoding="utf-8")
    return {name: pair[number] for name, *pair in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", css)}


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("number", [0, 1], ids=["light", "dark"])
def test_everything_can_be_read(number: int) -> None:
    found = colours(number)
    faint = [(a, b, round(contrast(found[a], found[b]), 2)) for a, b in READ_ON if contrast(found[a], found[b]) < TEXT]
    unseen = [(a, b, round(contrast(found[a], found[b]), 2)) for a, b in SEEN_ON if contrast(found[a], found[b]) < GRAPHIC]
    assert (faint, unseen) == ([], [])


def test_the_style_sheet_has_the_palette() -> None:
    for variables, palette in ((colours(0), LIGHT), (colours(1), DARK)):
        assert [(variables[f"s{n}"], variables[f"s{n}-ink"]) for n in range(12)] == [tuple(colour) for colour in palette]
    grid = (ASSETS / "grid.css").read_text(encoding="utf-8")
    assert all(f".c.s{n} {{ background-color: var(--s{n}); color: var(--s{n}-ink)" in grid for n in range(12))


def test_services_have_their_colours_by_their_codes() -> None:
    assert service_colours(problem()) == (1, 0, 3, 2)  # DIO, DIA, OSP, MSP
    assert [service_colour(number) for number in (0, 11, 12)] == [0, 11, 0]


def test_every_variable_that_is_used_is_there() -> None:
    css = "".join(path.read_text(encoding="utf-8") for path in ASSETS.glob("*.css"))
    assert set(re.findall(r"var\(--([\w-]+)", css)) <= set(re.findall(r"--([\w-]+):", css))
