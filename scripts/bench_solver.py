"""Solve benchmark instances, each beside plain CP-SAT with the same time and cores, and print a JSON line an instance."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

from baseline_cpsat import solve_plainly

from greedy.errors import GreedyError
from greedy.formats.benchmark import read_benchmark
from greedy.model.objective import costs
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.process import solve_apart


def main() -> int:
    """Run the instances that were asked for."""
    options = _options()
    best = _best_known(options.best_known)
    names = options.instances or sorted((path.stem for path in options.folder.glob("*.txt")), key=_by_number)
    for name in names:
        try:
            problem = read_benchmark(options.folder / f"{name}.txt")
        except GreedyError as exc:
            print(f"{exc.message}: {'; '.join(exc.details[:5])}", file=sys.stderr)
            return 1
        runs = [_run(problem, seconds, best.get(name), options) for seconds in options.seconds]
        print(json.dumps({"instance": name, "best_known": best.get(name), "runs": runs}), flush=True)
    return 0


def _run(problem: Problem, seconds: float, best_known: int | None, options: argparse.Namespace) -> dict[str, Any]:
    """One instance with one time limit: the solver, and the baseline under the same conditions."""
    run: dict[str, Any] = {"time_limit": seconds, "workers": options.workers, "seed": options.seed, "solver": options.solver}
    try:
        solved = solve_apart(problem, options.solver, time_limit_seconds=seconds, seed=options.seed, workers=options.workers)
    except GreedyError as exc:
        run |= {"status": "failed", "error": exc.message}
        objective = None
    else:
        result = solved.result
        run |= _quality(problem, result.roster, best_known)
        objective = run["objective"]
        run |= {
            "bound": result.bound,
            "gap_to_bound_percent": _percent(objective, result.bound),
            "seconds_to_best": round(result.seconds_to_best, 2),
            "seconds": round(result.seconds, 2),
            "status": result.status,
            "incident": solved.incident,
        }
    if options.baseline:
        plain = solve_plainly(problem, time_limit_seconds=seconds, seed=options.seed, workers=options.workers)
        quality = {} if plain.roster is None else _quality(problem, plain.roster, best_known)
        run["baseline"] = {
            "solver": "plain CP-SAT",
            **quality,
            "bound": plain.bound,
            "seconds_to_best": None if plain.seconds_to_best is None else round(plain.seconds_to_best, 2),
            "seconds": round(plain.seconds, 2),
            "status": plain.status,
        }
        theirs = quality.get("objective")
        comparable = theirs is not None and objective and not run["violations"] and not quality["violations"]
        run["baseline_to_ours"] = round(theirs / objective, 3) if comparable else None
    return run


def _quality(problem: Problem, roster: Roster, best_known: int | None) -> dict[str, Any]:
    """Cost and legality of a roster, both measured by the model and by no solver. A roster that breaks rules has no gap."""
    objective, violations = costs(problem, roster).get(0, 0), len(check(problem, roster))
    gap = None if best_known is None or violations else _percent(objective, best_known, of=best_known)
    return {"objective": objective, "gap_to_best_known_percent": gap, "violations": violations}


def _percent(cost: int, least: int, *, of: int | None = None) -> float:
    """By how much a cost lies above another, in percent of it or of `of`."""
    base = cost if of is None else of
    return round(100 * (cost - least) / base, 3) if base else 0.0


def _best_known(path: Path | None) -> dict[str, int]:
    """Instance -> best known cost, of a CSV file with the columns instance and best_known."""
    if path is None:
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["instance"]: int(row["best_known"]) for row in csv.DictReader(file)}


def _by_number(name: str) -> tuple[int, str]:
    digits = "".join(letter for letter in name if letter.isdigit())
    return (int(digits or 0), name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with the instances, NAME.txt each")
    parser.add_argument("instances", nargs="*", metavar="NAME", help="instances to run; otherwise all of the folder")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0], help="time limits, a run each (default 10 60)")
    parser.add_argument("--best-known", type=Path, metavar="CSV", help="best known costs: columns instance and best_known")
    parser.add_argument("--solver", choices=("auto", "greedy", "cpsat"), default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, help="threads of either solver; one a core otherwise")
    parser.add_argument("--no-baseline", dest="baseline", action="store_false", help="leave plain CP-SAT out")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
