"""The report for a terminal: plain text, no colours, 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from greedy.report.model import CoverageCount, Report


def render_text(report: Report) -> str:
    """The whole report as text, ending in a line break."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from _head(report)
    yield from _faults(report)
    yield ""
    yield from _coverage_table("service", [(one.code, one) for one in report.services])
    yield from _coverage_table("team", [(one.code, one) for one in report.teams])
    if incomplete := [(str(one.date), one) for one in report.days if one.open]:
        yield from _coverage_table("day", incomplete)
    width = max((len(one.name) for one in report.employees), default=4)
    yield f"{'employee':<{width}}  team    shifts  days  weekend  hours  blocked  unavailable"
    for one in report.employees:
        yield (
            f"{one.name:<{width}}  {one.team:<6}  {one.shifts:>6}  {one.days:>4}  {one.weekend_days:>7}  {one.hours:>5.0f}"
            f"  {one.blocked_slots:>7}  {one.unavailable_slots:>11}"
        )
    yield ""
    for fair in report.fairness:
        yield f"{fair.kind} an employee: mean {fair.mean}, deviation {fair.deviation}, {fair.least} to {fair.most}"
    yield from _open_demand(report)
    yield from _wishes(report)
    if report.recommendations:
        yield ""
        yield "what would help:"
        yield from (f"  {line}" for line in report.recommendations)


def _head(report: Report) -> Iterator[str]:
    coverage, slots, solver = report.coverage, report.slots, report.solver
    yield f"{report.name or report.roster_id}   {report.start_date} to {report.end_date}"
    yield f"{report.status}: {coverage.assigned} of {coverage.needed} shifts, {coverage.percent} %, {coverage.open} open"
    yield f"no roster covers more than {coverage.upper_bound}"
    if solver:
        yield f"solver {solver.name}: {solver.status}, cost {solver.objective}, bound {solver.bound}, {solver.seconds:.1f} s"
        if solver.incident:
            yield f"attention: {solver.incident}"
    if report.changes:
        yield f"against the earlier roster: {report.changes.kept} kept, {report.changes.gone} gone, {report.changes.new} new"
    yield ""
    yield (
        f"slots: {slots.total} = {slots.active} worked ({slots.pinned} pinned) + {slots.blocked} blocked"
        f" + {slots.unavailable} unavailable + {slots.open} open"
    )


def _faults(report: Report) -> Iterator[str]:
    if report.violations:
        yield ""
        yield f"broken rules: {len(report.violations)}"
        yield from (f"  {v.rule}: {v.message}{' (pinned work alone)' if v.pinned else ''}" for v in report.violations)
    if report.working_time:
        yield ""
        yield f"law of working time: {len(report.working_time)} findings"
        yield from (f"  {one.rule} ({one.source}): {one.message}" for one in report.working_time)
    if report.conflicts:
        yield ""
        yield "what stands against each other:"
        for conflict in report.conflicts:
            yield f"  {conflict.message}"
            yield from (f"    {part}" for part in conflict.parts)


def _open_demand(report: Report) -> Iterator[str]:
    if not report.open_demand:
        return
    yield ""
    yield f"open demand: {report.coverage.open} shifts"
    for line in report.open_demand:
        yield f"  {line.date} {line.dagdeel} {line.team} {line.service_code}: {line.missing} missing"
        yield "    " + ", ".join(f"{count} {reason}" for reason, count in line.reasons.items())
        if line.blocked_by:
            yield "    blocked by " + ", ".join(line.blocked_by)
        if line.limits_reached:
            yield "    limits reached: " + ", ".join(line.limits_reached)


def _wishes(report: Report) -> Iterator[str]:
    wishes = [line for line in report.gave_way if line.priority]
    if not wishes:
        return
    yield ""
    yield "wishes that gave way:"
    for wish in wishes:
        yield f"  priority {wish.priority}, {wish.term}: cost {wish.cost}"
        yield from (f"    {place}" for place in wish.where)


def _coverage_table(title: str, rows: Sequence[tuple[str, CoverageCount]]) -> Iterator[str]:
    yield f"{title:<10}  needed  assigned  open       %"
    for name, one in rows:
        yield f"{name:<10}  {one.needed:>6}  {one.assigned:>8}  {one.open:>4}  {one.percent:>6}"
    yield ""
