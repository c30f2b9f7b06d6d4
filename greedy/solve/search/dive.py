"""Dives: round the fractions of a linear program to a roster, a few cells at a time, making new columns on the way."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from greedy.solve.search.columns import ColumnGeneration, Fixing
from greedy.solve.search.instance import Plans
from greedy.solve.search.kernel import OFF
from greedy.solve.search.master import plans_of_shares

INTEGRAL = 1 - 1e-6
_NOISE = 0.05  # of the shares, so that two dives differ


class DiveStyle(NamedTuple):
    """How boldly a dive rounds: cells above `threshold` and a `share` of all fractional ones each time, then `rounds` of columns."""

    threshold: float
    share: float
    rounds: int


STYLES = (
    DiveStyle(0.95, 0.05, 5),
    DiveStyle(0.95, 0.10, 5),
    DiveStyle(0.95, 0.02, 5),
    DiveStyle(0.95, 0.10, 10),
)


def dive(
    program: ColumnGeneration, style: DiveStyle, rng: np.random.Generator, *, cutoff: float = np.inf, deadline: float = np.inf
) -> Plans | None:
    """Plans of the free employees (by position) with a cost below `cutoff` as far as bounds can tell; None: none was found.

    `program` has been run, and is left with the fixings that it came with.
    """
    undone = []
    found = None
    while program.bound <= cutoff and not program.impossible and time.monotonic() < deadline:
        shares = program.shares()
        greatest = shares.max(axis=2)
        fractional = greatest < INTEGRAL
        if not fractional.any():
            found = plans_of_shares(shares)
            break
        score = np.where(fractional, greatest + _NOISE * rng.random(greatest.shape), -1.0)
        count = max(1, int(style.share * fractional.sum()))
        cells = set(np.argpartition(score.ravel(), -count)[-count:].tolist())
        cells.update(np.nonzero((fractional & (greatest > style.threshold)).ravel())[0].tolist())
        undone.append(program.fix([_to_fixing(program, shares, cell) for cell in sorted(cells)]))
        program.run(rounds=style.rounds, deadline=deadline, tolerance=0.2, cutoff=cutoff)
    for undo in reversed(undone):
        program.undo(undo)
    return found


def _to_fixing(program: ColumnGeneration, shares: np.ndarray, cell: int) -> Fixing:
    position, day = divmod(cell, shares.shape[1])
    service = int(shares[position, day].argmax())
    return Fixing(program.free[position], day, int(OFF) if service == shares.shape[2] - 1 else service, yes=True)
