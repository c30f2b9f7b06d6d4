"""The composition root: the five phases of a run in order, and what comes out of them."""

from greedy.pipeline.outcome import RunDocument, RunOutcome, run_document
from greedy.pipeline.run import Keep, run_roster, verify_roster
from greedy.pipeline.solving import DEFAULT_SECONDS, SolveOptions, solve_file

__all__ = [
    "DEFAULT_SECONDS",
    "Keep",
    "RunDocument",
    "RunOutcome",
    "SolveOptions",
    "run_document",
    "run_roster",
    "solve_file",
    "verify_roster",
]
