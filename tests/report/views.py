"""Views of rosters to render."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from zoneinfo import ZoneInfo

from greedy.formats.practice import to_problem
from greedy.generate.config import GeneratorConfig
from greedy.generate.practice import generated
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.report import build_report
from greedy.report.grid import build_grid
from greedy.report.view import PublishedRoster, ReportView
from greedy.solve.fill import fill
from greedy.solve.solve import solve
from greedy.workspace.workspace import Workspace

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOON = dt.datetime(2025, 11, 20, 12, tzinfo=AMSTERDAM)
# Names that mean something to some program: a formula, markup, a calendar's line, a path; and scripts that run the other way.
HOSTILE_NAMES = (
    "=cmd|' /C calc'!A1",
    "<script>alert(1)</script>",
    "Lang " * 60,
    "שרה לוי",
    "\u202eevil\u202c عمر",
    "👩‍⚕️ Émilie",
    "Anna\r\nEND:VEVENT\nBEGIN:VEVENT\x00\x0b",
    "#panic(1) *bold* $x$ `raw` @ref <label> \\",
    "../../etc/passwd;C:\\con.ics",
    "@SUM(1+1)",
    "-1+1_x0041_",
    "",
)


def view_of(
    problem: Problem,
    work: Iterable[Assignment] | None = None,
    *,
    publications: Iterable[Iterable[Assignment]] = (),
    before: Iterable[Assignment] | None = None,
    name: str = "Winter",
    generated_at: dt.datetime = NOON,
) -> ReportView:
    """The view of a roster, solved when no work is given; `publications` is the work of each."""
    result = solve(problem, "greedy") if work is None else None
    roster = Roster.of(work or ()) if result is None else result.roster
    open_demand = () if result is None else result.open_demand
    report = build_report(problem, roster, name=name, open_demand=open_demand, bound=problem.required)
    earlier = None if before is None else Roster.of(before)
    return ReportView(
        report=report,
        grid=build_grid(problem, roster, before=earlier, violations=check(problem, roster)),
        name=name,
        status="draft",
        generated_at=generated_at,
        publications=tuple(
            PublishedRoster(number, NOON - dt.timedelta(days=9 - number), tuple(one)) for number, one in enumerate(publications, start=1)
        ),
    )


def hostile(problem: Problem) -> Problem:
    """The problem with a staff of hostile names, as far as it goes."""
    names = dict(enumerate(HOSTILE_NAMES))
    return replace(problem, employees=tuple(replace(e, name=names.get(n, e.name)) for n, e in enumerate(problem.employees)))


@cache
def large_view() -> ReportView:
    """140 people, 91 days: more than 5,000 shifts, of which some stay open."""
    problem = to_problem(generated(GeneratorConfig(practices=1, employees=140, weeks=13)).tables)
    workspace = Workspace(problem)
    fill(workspace)
    return view_of(problem, workspace.freeze().assignments)
