"""What commands that solve have in common: their options, the earlier roster to keep to, and progress on a terminal."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from greedy.formats.planning import read_planning
from greedy.pipeline import DEFAULT_SECONDS, Keep, SolveOptions
from greedy.settings import MOST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from greedy.formats.planning import Planning
    from greedy.model.problem import Problem
    from greedy.model.result import Progress
    from greedy.model.roster import Roster
    from greedy.report.model import SolverSummary

log = structlog.get_logger()

CURRENT = "current"
SECONDS_BETWEEN_LINES = 10.0


class Solver(StrEnum):
    """Solvers to choose from."""

    AUTO = "auto"
    GREEDY = "greedy"
    CPSAT = "cpsat"


SolverOption = Annotated[
    Solver, typer.Option("--solver", help="auto: the best for the size; greedy: the fill alone, milliseconds; cpsat: the exact model.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed for chance; with --workers 1 it gives the same roster again.")]
TimeLimitOption = Annotated[
    float,
    typer.Option(
        "--time-limit", min=0.1, max=MOST_SECONDS, metavar="SECONDS", help="At most this long; sooner when the roster is proven best."
    ),
]
WorkersOption = Annotated[int | None, typer.Option("--workers", min=1, help="Threads of the solver; one a core otherwise.")]
LimitDaysOption = Annotated[bool, typer.Option("--limit-days", help="Nobody works on more days than her aantalwerkdagen.")]
WishesOption = Annotated[
    bool, typer.Option("--wishes", help="After demand, the practice's wishes: fair shares, even weeks, balance, variety.")
]
PlanningOption = Annotated[
    Path | None, typer.Option("--planning", metavar="FILE", help="Wishes, limits and requests as TOML; docs/planning.md tells its keys.")
]
KeepOption = Annotated[
    str | None,
    typer.Option("--keep", metavar="current|FILE", help="Change little of an earlier roster: the one that stands now, or one as JSON."),
]


def solve_options(solver: Solver, time_limit: float = DEFAULT_SECONDS, seed: int = 0, workers: int | None = None) -> SolveOptions:
    """The options of a command for the solver."""
    return SolveOptions(solver.value, time_limit, seed, workers)


def planning_of(path: Path | None) -> Planning | None:
    """The planning file of a command."""
    return None if path is None else read_planning(path)


def keeper(keep: str | None) -> Keep | None:
    """What finds the earlier roster of `--keep`."""
    if keep is None:
        return None

    def find(problem: Problem, standing: Roster) -> Roster:
        from greedy.formats.rosters import read_roster

        return standing if keep == CURRENT else read_roster(Path(keep), problem)

    return find


def solver_progress(tell: Callable[[str], None]) -> Callable[[Progress], None]:
    """Tell the progress of a solver: on a terminal at once, in the log (level INFO) seldom."""
    last_line = time.monotonic()

    def on_progress(progress: Progress) -> None:
        nonlocal last_line
        tell(f"FASE 2 SOLVE  {progress_text(progress)}")
        if time.monotonic() - last_line >= SECONDS_BETWEEN_LINES:
            last_line = time.monotonic()
            log.info("solve.progress", seconds=round(progress.seconds, 1), best=progress.cost, bound=progress.bound, doing=progress.doing)

    return on_progress


def progress_text(progress: Progress) -> str:
    """`best 1312  bound 1297  gap 1.1 %  column generation`."""
    parts = [] if progress.cost is None else [f"best {progress.cost}"]
    if progress.bound is not None:
        parts.append(f"bound {progress.bound}")
    if progress.cost and progress.bound is not None:
        parts.append(f"gap {gap_text((progress.cost - progress.bound) / progress.cost)}")
    return "  ".join([*parts, progress.doing])


def gap_text(gap: float) -> str:
    """A share as percent, never rounded to none."""
    return f"{100 * gap:.1f} %" if gap >= 0.001 or gap <= 0 else "below 0.1 %"


def solver_line(solver: SolverSummary) -> str:
    """How good a roster is known to be, in a line."""
    if solver.status == "over-constrained":
        quality = "rules stand against each other; this roster breaks as few as was found"
    elif solver.status == "optimal":
        quality = "proven: nothing better exists"
    elif solver.proven:
        rest = f"; so are wishes to priority {solver.proven[-1]}, later ones perhaps not" if solver.proven[-1] else ", wishes perhaps not"
        quality = f"open demand proven least{rest}"
    else:
        quality = f"cost {solver.objective}, bound {solver.bound}, gap {gap_text(solver.gap)}"
    return f"solver {solver.name}: {quality}; best after {solver.seconds_to_best:.1f} s of {solver.seconds:.1f} s"
