"""Runs and rosters in a few lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greedy.cli.solving import solver_line
from greedy.report.text.comparison import comparison_head

if TYPE_CHECKING:
    from greedy.pipeline import RunOutcome
    from greedy.report import Report

SHOWN, SHOWN_FAULTS = 5, 50


def print_outcome(outcome: RunOutcome) -> None:
    """The first things that a planner wants to know of a run."""
    document, found = outcome.document, outcome.report
    print_head(found)
    if document.write is None:
        print("dry run: nothing was written")
    else:
        write = document.write
        print(f"written: {write['assignments']['written']} assignments, {write['blocking']['written']} blocked slots, in one transaction")
    if document.verification is not None:
        print_checks(document.verification)
    elif outcome.unverified:
        print(f"not verified: greedy verify {document.roster_id}")
    print_faults(found)
    for line in found.recommendations[:SHOWN]:
        print(f"would help: {line}")
    if len(found.recommendations) > SHOWN:
        print(f"and {len(found.recommendations) - SHOWN} more: greedy report {document.roster_id}")
    print("milliseconds: " + ", ".join(f"{name} {value:.0f}" for name, value in document.phases_ms.items()))


def print_standing(found: Report) -> None:
    """A roster that is in no database, in a few lines."""
    print_head(found)
    print_faults(found)
    for line in found.recommendations[:SHOWN]:
        print(f"would help: {line}")
    if len(found.recommendations) > SHOWN:
        print(f"and {len(found.recommendations) - SHOWN} more: --json lists all")


def print_head(found: Report) -> None:
    """How much is filled, how good that is known to be, and what gave way."""
    coverage = found.coverage
    print(f"{found.name or found.roster_id}   {found.start_date} to {found.end_date}")
    print(f"{found.status}: {coverage.assigned} of {coverage.needed} shifts filled, {coverage.percent} %, {coverage.open} open")
    if found.solver is not None:
        print(solver_line(found.solver))
        if found.solver.incident:
            print(f"attention: {found.solver.incident}")
    if found.changes is not None:
        print(f"against the earlier roster: {found.changes.kept} kept, {found.changes.gone} gone, {found.changes.new} new")
    if found.comparison is not None:
        print(comparison_head(found.comparison))
    if found.gave_way:
        print("gave way: " + ", ".join(f"{line.term} {line.cost} (priority {line.priority})" for line in found.gave_way))


def print_faults(found: Report) -> None:
    """Broken rules, and what stands against each other."""
    for violation in found.violations[:SHOWN_FAULTS]:
        print(f"broken rule {violation.rule}: {violation.message}{' (pinned work alone)' if violation.pinned else ''}")
    if len(found.violations) > SHOWN_FAULTS:
        print(f"and {len(found.violations) - SHOWN_FAULTS} more broken rules: --json lists all")
    if found.working_time:
        print(f"law of working time: {len(found.working_time)} findings, the first: {found.working_time[0].message}")
    for conflict in found.conflicts[:SHOWN_FAULTS]:
        print(f"in conflict: {conflict.message}")
        for part in conflict.parts[:SHOWN_FAULTS]:
            print(f"  {part}")
        if len(conflict.parts) > SHOWN_FAULTS:
            print(f"  and {len(conflict.parts) - SHOWN_FAULTS} more: --json lists all")
    if len(found.conflicts) > SHOWN_FAULTS:
        print(f"and {len(found.conflicts) - SHOWN_FAULTS} more conflicts: --json lists all")


def print_checks(result: dict[str, Any]) -> None:
    """The checks of phase 4C, a line each."""
    if result["error"]:
        print(f"verification: could not be done: {result['error']}")
        return
    checks = result["checks"]
    for name, check in checks.items():
        print(f"verified {name}: {'passed' if check['passed'] else 'FAILED'}: {check['message']}")
