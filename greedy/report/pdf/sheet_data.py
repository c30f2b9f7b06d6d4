"""What stands on the sheets of a roster, for the template that sets them (pdf/sheet.typ)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from greedy.model.message import Message as _
from greedy.report.grid import Cell, CellChange, CellKind, Grid
from greedy.report.heading import about, period
from greedy.report.open_shifts import OpenShift, open_shifts
from greedy.report.palette import LIGHT, service_colours
from greedy.report.paper import Paper
from greedy.report.pdf.sheet_plan import DAY_ROW, TITLE, WEEK_ROW, SheetPlan, plan_sheets
from greedy.report.plain import one_line
from greedy.report.view import ReportView
from greedy.wording import Words

LAST_LATIN = "\u024f"
LONGEST_NAME, LONGEST_CODE, LONGEST_TITLE = 40, 8, 90
INK, AWAY, AWAY_INK = "#1b2430", "#dde1e7", "#4a5666"
UNAVAILABLE_SIGN, BLOCKED_SIGN = "×", "/"
POINTS_A_MILLIMETRE = 72 / 25.4
NAME_SHARE, LARGEST_NAME, SMALLEST_ABOUT = 0.42, 10.5, 7  # of the height of an employee's rows; points


@dataclass(frozen=True)
class _Look:
    """How a cell looks."""

    text: str = ""
    fill: str | None = None
    ink: str = INK
    hatched: bool = False
    pinned: bool = False
    changed: bool = False
    gone: bool = False
    broken: bool = False


class SheetData:
    """What the template needs to know."""

    def __init__(self, view: ReportView, words: Words, paper: Paper) -> None:
        self._view, self._words = view, words
        self._grid: Grid = view.grid
        self._colours = [LIGHT[colour] for colour in service_colours(self._grid.problem)]
        self._codes = [_short(service.code, LONGEST_CODE) for service in self._grid.problem.services]
        self._looks: dict[_Look, int] = {}
        self._legend = list(self._legend_items())
        cells = {(cell.service, cell.broken) for person in self._grid.cells for day in person for cell in day if cell.kind is CellKind.WORK}
        cells |= {(service, False) for units in self._grid.open_units for service in units}
        letters = max((len(self._codes[service]) + broken for service, broken in cells if service is not None), default=0)
        self._plan: SheetPlan = plan_sheets(self._grid, paper, [text for look, text in self._legend], letters)

    def data(self) -> dict[str, Any]:
        """All of it, for JSON."""
        plan = self._plan
        pages = [self._page(days, width, people) for days, width in plan.days for people in plan.people]
        for number, page in enumerate(pages, start=1):
            page["number"] = "" if len(pages) == 1 else self._say(_("sheet {number} of {count}", number=number, count=len(pages)))
        name_size = min(LARGEST_NAME, NAME_SHARE * plan.row * len(self._grid.problem.dayparts) * POINTS_A_MILLIMETRE)
        return {
            "language": self._words.language,
            "title": _short(self._view.name, LONGEST_TITLE),
            "name": _short(self._view.name, LONGEST_TITLE),
            "instead": self._instead(),
            "about": " · ".join(about(self._view, self._words)),
            "employee": self._say(_("Employee")),
            "open": self._say(_("Open shifts")),
            "parts": list(self._grid.problem.dayparts),
            "measures": {
                "width": plan.paper.width,
                "height": plan.paper.height,
                "margin": plan.paper.margin,
                "title": TITLE,
                "week_row": WEEK_ROW,
                "day_row": DAY_ROW,
                "name": plan.paper.name,
                "part": plan.paper.part,
                "row": plan.row,
                "name_size": name_size,
                "about": name_size > SMALLEST_ABOUT,
            },
            "pages": pages,
            "looks": [vars(look) for look in self._looks],
            "legend": [{"look": vars(look), "text": text} for look, text in self._legend],
            "open_list": self._open_list(open_lines) if (open_lines := open_shifts(self._view, self._words)) else None,
        }

    def _page(self, days: range, width: float, people: range) -> dict[str, Any]:
        grid, words = self._grid, self._words
        shown = [grid.days[day] for day in days]
        weeks = Counter((day.week_year, day.week) for day in shown)
        return {
            "day_width": width,
            "period": period(shown[0], shown[-1], words),
            "weeks": [
                {"label": self._say(_("Week {number}", number=week)) if count > 1 else str(week), "days": count}
                for (year, week), count in weeks.items()
            ],
            "days": [
                {"weekday": words.weekday(day.date), "number": str(day.date.day), "weekend": day.weekend, "monday": not day.date.weekday()}
                for day in shown
            ],
            "people": [self._person(number, days) for number in people],
            "open": [[self._open(day, part) for day in days] for part in range(len(grid.problem.dayparts))],
        }

    def _person(self, number: int, days: range) -> dict[str, Any]:
        employee, cells = self._grid.problem.employees[number], self._grid.cells[number]
        shifts = sum(cell.kind is CellKind.WORK for day in cells for cell in day)
        return {
            "name": _short(employee.name, LONGEST_NAME) or _short(employee.id, LONGEST_NAME),
            "about": f"{_short(employee.team, LONGEST_NAME)} · {self._words.count('{number} shift', '{number} shifts', shifts)}",
            "rows": [[self._number(cells[day][part]) for day in days] for part in range(len(self._grid.problem.dayparts))],
        }

    def _instead(self) -> dict[str, str]:
        """What can be set for names whose letters the fonts may lack: their numbers."""
        numbers = {_short(self._view.name, LONGEST_TITLE): self._view.report.roster_id}
        for one in self._grid.problem.employees:
            numbers |= dict.fromkeys((one_line(one.name), _short(one.name, LONGEST_NAME)), one.id)
        return {name: number for name, number in numbers.items() if any(letter > LAST_LATIN for letter in name.replace("…", ""))}

    def _number(self, cell: Cell) -> int:
        return self._looks.setdefault(self._look(cell), len(self._looks))

    def _look(self, cell: Cell) -> _Look:
        look = _Look()
        if cell.kind is CellKind.WORK and cell.service is not None:
            colour = self._colours[cell.service]
            look = _Look(self._codes[cell.service] + ("!" if cell.broken else ""), colour.fill, colour.ink)
        elif cell.change is CellChange.GONE and cell.before is not None:
            look = _Look(self._codes[cell.before], gone=True, hatched=cell.kind is CellKind.BLOCKED)
        elif cell.kind is CellKind.BLOCKED:
            look = _Look(BLOCKED_SIGN, ink=AWAY_INK, hatched=True)
        elif cell.kind is CellKind.UNAVAILABLE:
            look = _Look(UNAVAILABLE_SIGN, AWAY, AWAY_INK)
        return replace(look, pinned=cell.pinned, broken=cell.broken, changed=cell.change is not None)

    def _open(self, day: int, part: int) -> str:
        services = self._grid.problem.services
        units = {service: count for service, count in self._grid.open_units[day].items() if services[service].daypart == part}
        if len(units) == 1:
            ((service, count),) = units.items()
            return self._codes[service] if count == 1 else f"{count} {self._codes[service]}"
        return str(sum(units.values())) if units else ""

    def _legend_items(self) -> Iterator[tuple[_Look, str]]:
        problem, sample = self._grid.problem, _Look(self._say(_("ABC")), "#ffffff")
        for number in sorted((n for n, one in enumerate(problem.services) if one.active), key=lambda n: problem.services[n].code):
            service = problem.services[number]
            begin, end = service.begin_minute, service.begin_minute + service.minutes
            yield self._look(Cell(CellKind.WORK, number)), f"{problem.dayparts[service.daypart]} {_clock(begin)}–{_clock(end)}"
        yield self._look(Cell(CellKind.BLOCKED)), self._say(_("blocked: rest after a duty"))
        yield self._look(Cell(CellKind.UNAVAILABLE)), self._say(_("unavailable"))
        yield replace(sample, pinned=True), self._say(_("pinned by the planner"))
        yield replace(sample, text=sample.text + "!", broken=True), self._say(_("breaks a rule"))
        if self._view.comparison is not None or any(cell.change for person in self._grid.cells for day in person for cell in day):
            yield replace(sample, changed=True), self._say(_("changed"))
            yield replace(sample, changed=True, gone=True), self._say(_("gone"))

    def _open_list(self, lines: list[OpenShift]) -> dict[str, Any]:
        header = (_("Date"), _("Part of the day"), _("Service"), _("Team"), _("Missing"), _("Why"), _("What would help"))
        return {
            "title": self._say(_("Open shifts")),
            "header": [self._say(title) for title in header],
            "rows": [
                [
                    self._words.short_day(one.date),
                    *(one_line(text) for text in (one.dagdeel, one.service, one.team, str(one.missing), one.why, one.help)),
                ]
                for one in lines
            ],
        }

    def _say(self, text: str) -> str:
        return self._words.say(text)


def _short(text: str, most: int) -> str:
    plain = one_line(text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
