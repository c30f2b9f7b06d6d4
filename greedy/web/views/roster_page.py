"""The page of a roster: which part of its grid is shown, and what is drawn anew after a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from greedy.desk.opened import OpenRoster
from greedy.model.result import OpenDemand
from greedy.report.html.cells import GridCells
from greedy.web.context import PageOf
from greedy.web.moments import local_day
from greedy.web.views.change_words import DAYPART_NAMES
from greedy.web.views.grid_changes import GridMemory

GRID_ID = "roster"
Week = Annotated[str, Field(max_length=10)]
_memory = GridMemory()


class Shown(BaseModel):
    """What a page shows of a roster: weeks `2025-48` to `2025-52` and one team; all of them where it says nothing."""

    first_week: Week = ""
    last_week: Week = ""
    team: Annotated[str, Field(max_length=100)] = ""

    def days(self, opened: OpenRoster) -> range:
        """The days that are shown; all where there are none in these weeks."""
        all_days = opened.grid.days
        within = [n for n, day in enumerate(all_days) if self._holds(week_of(day.week_year, day.week))]
        return range(within[0], within[-1] + 1) if within else range(len(all_days))

    def people(self, opened: OpenRoster) -> list[int]:
        """The employees who are shown; all where the team has nobody."""
        employees = opened.problem.employees
        return [n for n, one in enumerate(employees) if one.team == self.team] or list(range(len(employees)))

    def open_demand(self, opened: OpenRoster, explained: Iterable[OpenDemand]) -> list[OpenDemand]:
        """What is open on the days that are shown, and for the team."""
        problem, days = opened.problem, self.days(opened)
        team = self.team if any(one.team == self.team for one in problem.employees) else ""

        def is_shown(one: OpenDemand) -> bool:
            demand = problem.demand[one.row]
            return demand.day in days and (not team or team in problem.demand_teams[demand.team].served_by)

        return [one for one in explained if is_shown(one)]

    def _holds(self, week: str) -> bool:
        return (not self.first_week or self.first_week <= week) and (not self.last_week or week <= self.last_week)


class State(Shown):
    """What a page tells of itself: what it shows, and the state of the roster that it was drawn from."""

    state: Annotated[str, Field(max_length=200)] = ""
    at: Annotated[str, Field(max_length=40)] = ""


def week_of(year: int, number: int) -> str:
    """`2025-48`: weeks in the order of their names."""
    return f"{year}-{number:02d}"


def drawing(opened: OpenRoster, shown: Shown) -> dict[str, Any]:
    """What the templates of a roster's page need. It makes the grid, where no page has asked for it before."""
    _memory.remember(opened)
    return {
        "opened": opened,
        "grid": opened.grid,
        "grid_id": GRID_ID,
        "days": shown.days(opened),
        "people": shown.people(opened),
        "shown": shown,
        "today": local_day(),
        "weeks": [(week_of(*week), week[1]) for week in opened.grid.weeks],
        "teams": sorted({one.team for one in opened.problem.employees}),
        "dayparts": [DAYPART_NAMES[code] for code in opened.problem.dayparts],
    }


def redrawn(page: PageOf, opened: OpenRoster, shown: State, context: Mapping[str, Any]) -> HTMLResponse:
    """What has changed since the page was drawn: employees, open shifts, or the whole grid; `context` for its template."""
    redraw = _memory.redraw(shown.state, opened)
    drawn = drawing(opened, shown)
    people = set(drawn["people"])
    employees = [] if redraw is None else [number for number in redraw.employees if number in people]
    cells = GridCells(opened.grid, words=page.words, interactive=True, days=drawn["days"])
    return page.render("roster_changes.html", redraw=redraw, employees=employees, cells=cells, **{**drawn, **context})
