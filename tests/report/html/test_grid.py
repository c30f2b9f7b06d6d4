"""The grid as HTML says what the grid holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.message import Message
from greedy.model.problem import Assignment, Demand, Employee, Slot
from greedy.model.roster import Roster
from greedy.report.grid import Cell, CellChange, CellKind, Grid, build_grid
from greedy.report.html import environment
from greedy.report.html.cells import GridCells
from greedy.wording import Words, words_of
from tests.build import DIO, MSP, OSP, TOT, problem
from tests.report.html.reading import Element, read
from tests.report.views import hostile, large_view, view_of
from tests.timing import cpu_seconds_below

ENGLISH, DUTCH = words_of("en"), words_of("nl")


def drawn(one: Grid, words: Words = ENGLISH, **options: object) -> Element:
    template = environment(words).from_string('{% from "grid.html" import grid %}{{ grid(one, **options) }}')
    return read(template.render(one=one, options=options))


def cells_of(person: Element) -> list[list[Element]]:
    """The cells of an employee, by daypart and day."""
    return [line.all(klass="c") for line in person.all(role="row")]


@pytest.mark.parametrize("interactive", [False, True])
def test_every_cell_stands_where_it_belongs(sample: PracticeTables, interactive: bool) -> None:
    one = view_of(to_problem(sample)).grid
    document = drawn(one, interactive=interactive)
    people = document.all(klass="person")
    assert [person.attributes["data-employee"] for person in people] == [employee.id for employee in one.problem.employees]
    for employee, person in enumerate(people):
        for part, line in enumerate(cells_of(person)):
            assert len(line) == len(one.days)
            for day, element in enumerate(line):
                cell = one.cells[employee][day][part]
                worked = one.problem.services[cell.service].code if cell.kind is CellKind.WORK and cell.service is not None else None
                sign = {CellKind.BLOCKED: "/", CellKind.UNAVAILABLE: "×"}.get(cell.kind, "")
                assert element.text == (worked or sign)
                assert ("pinned" in element.classes) is cell.pinned
                assert element.attributes["role"] == ("gridcell" if interactive else "cell")
                assert element.attributes.get("tabindex") == ("-1" if interactive else None)
    assert [line.attributes["data-part"] for line in people[0].all(role="row")] == ["O", "M", "A"]


@pytest.mark.parametrize(
    ("cell", "english", "dutch", "classes"),
    [
        (Cell(CellKind.WORK, OSP), "OSP", "OSP", {"s3"}),
        (Cell(CellKind.WORK, DIO, pinned=True), "DIO, pinned", "DIO, vastgezet", {"s1", "pinned"}),
        (Cell(CellKind.BLOCKED, DIO), "blocked by DIO", "geblokkeerd door DIO", {"blocked"}),
        (Cell(CellKind.BLOCKED), "blocked", "geblokkeerd", {"blocked"}),
        (Cell(CellKind.UNAVAILABLE), "unavailable", "niet beschikbaar", {"unavailable"}),
        (Cell(CellKind.WORK, OSP, change=CellChange.NEW), "OSP, new", "OSP, nieuw", {"s3", "changed", "new"}),
        (Cell(CellKind.OPEN, change=CellChange.GONE, before=OSP), "was OSP", "was OSP", {"changed", "gone"}),
        (Cell(CellKind.WORK, MSP, change=CellChange.OTHER, before=OSP), "MSP, was OSP", "MSP, was OSP", {"s2", "changed", "other"}),
        (Cell(CellKind.WORK, OSP, broken=True), "OSP, breaks a rule", "OSP, in strijd met een regel", {"s3", "broken"}),
        (Cell(CellKind.OPEN, note='<b>"'), 'note: <b>"', 'notitie: <b>"', {"noted"}),
        (Cell(CellKind.OPEN), None, None, set()),
    ],
)
def test_no_meaning_lies_in_colour_alone(cell: Cell, english: str | None, dutch: str | None, classes: set[str]) -> None:
    empty = build_grid(problem(Demand(0, OSP, TOT, 1), days=1), Roster(()))
    one = replace(empty, cells=(((cell, cell, cell),),))
    for words, name in ((ENGLISH, english), (DUTCH, dutch)):
        element = cells_of(drawn(one, words).all(klass="person")[0])[0][0]
        assert element.attributes.get("aria-label") == name
        assert set(element.classes) == {"c", "monday"} | classes


def test_what_went_is_struck_through_where_it_stood() -> None:
    asked = problem(Demand(0, OSP, TOT, 1))
    one = build_grid(asked, Roster(()), before=Roster.of([Assignment(0, 0, OSP)]))
    element = cells_of(drawn(one).all(klass="person")[0])[0][0]
    assert (element.text, element.classes) == ("OSP", ["c", "monday", "changed", "gone"])


def test_weeks_and_days_are_named_as_dutch_planners_do() -> None:
    asked = problem(Demand(0, OSP, TOT, 2), Demand(3, OSP, TOT, 1), days=9, first_day=dt.date(2025, 12, 27))
    document = drawn(build_grid(asked, Roster(())), DUTCH)
    weeks = document.all(klass="week")
    assert [(week.all("b")[0].text, week.attributes["aria-colspan"]) for week in weeks] == [("Week 52", "2"), ("Week 1", "7")]
    assert weeks[1].attributes["data-week"] == "2026-1"
    days = document.all(klass="day")
    assert days[2].attributes["aria-label"] == "maandag 29 december 2025"
    assert [day.text for day in days[:3]] == ["za27", "zo28", "ma29"]
    assert ["weekend" in day.classes for day in days] == [True, True, *[False] * 5, True, True]
    opened = document.all(klass="open-row")[0].all(klass="c")
    assert [cell.text for cell in opened] == ["2", "", "", "1", *[""] * 5]
    assert opened[0].attributes["aria-label"] == "2 van 2 open"


def test_names_are_text_and_nothing_else() -> None:
    asked = hostile(problem(Demand(0, OSP, TOT, 1), teams=("Groen",) * 12))
    people = drawn(view_of(asked).grid).all(klass="person")
    for person, employee in zip(people, asked.employees, strict=True):
        name = person.all(klass="name")[0]
        assert name.all("bdi")[0].text == (employee.name or employee.id)
        assert [element.tag for element in name.all(klass="who")[0].all()] == ["bdi", "small", "bdi"]


def test_codes_and_ids_are_escaped_too() -> None:
    asked = problem(Demand(0, OSP, TOT, 1))
    services = tuple(replace(service, code=f'"><i>{service.code}') for service in asked.services)
    asked = replace(asked, services=services, employees=(Employee('"><i>', "Anna", '"><i>'),))
    person = drawn(build_grid(asked, Roster.of([Assignment(0, 0, OSP)]))).all(klass="person")[0]
    assert (person.attributes["data-employee"], person.attributes["data-team"]) == ('"><i>', '"><i>')
    assert cells_of(person)[0][0].text == '"><i>OSP'
    assert person.all("i") == []


def test_any_number_of_dayparts_and_days() -> None:
    asked = problem(Demand(0, OSP, TOT, 1), days=1)
    one_part = replace(
        asked,
        dayparts=("D",),
        services=(replace(asked.services[OSP], code="Early", daypart=0),),
        demand=(Demand(0, 0, TOT, 1),),
        capabilities={(0, 0): 1},
        blocking_rules=(),
    )
    document = drawn(build_grid(one_part, Roster.of([Assignment(0, 0, 0)])))
    assert {"parts-1", "code-5"} <= set(document.all(role="table")[0].classes)
    assert [len(line) for line in cells_of(document.all(klass="person")[0])] == [1]
    nobody = problem(teams=())
    assert drawn(build_grid(nobody, Roster(()))).all(klass="person") == []


def test_one_person_can_be_drawn_alone_for_a_swap() -> None:
    one = build_grid(problem(Demand(0, OSP, TOT, 1), teams=("Groen", "Oranje")), Roster.of([Assignment(1, 0, OSP)]))
    template = environment(ENGLISH).from_string(
        '{% from "grid.html" import person, open_row %}{% set cells = grid_cells(one, interactive=true) %}'
        '{{ person(one, 1, cells, "roster", true, swap="true") }}{{ open_row(one, cells, "roster", swap="true") }}'
    )
    alone, opened = [part for part in read(template.render(one=one)).parts if isinstance(part, Element)]
    assert (alone.attributes["id"], alone.attributes["hx-swap-oob"]) == ("roster-e1", "true")
    assert (opened.attributes["id"], opened.attributes["hx-swap-oob"]) == ("roster-open", "true")
    whole = drawn(one, interactive=True).all(id="roster-e1")[0]
    assert cells_of(whole) == cells_of(alone)


def test_notes_are_shown_with_the_cell() -> None:
    one = build_grid(problem(Demand(0, OSP, TOT, 1)), Roster(()), notes={Slot(0, 1, 2): '"><i>asks for this'})
    cell = cells_of(drawn(one).all(klass="person")[0])[2][1]
    assert cell.attributes["title"] == '"><i>asks for this'
    assert cell.all(klass="note-mark")


def test_a_large_roster_is_drawn_at_once() -> None:
    one = large_view().grid
    template = environment(DUTCH).from_string('{% from "grid.html" import grid %}{{ grid(one, interactive=true) }}')
    template.render(one=view_of(problem()).grid)
    with cpu_seconds_below(1.0):  # it takes 0.03 s; cell by cell in the template it would be 2 s
        html = template.render(one=one)
    assert html.count('role="gridcell"') == 140 * 91 * 3
    assert len(GridCells(one, words=DUTCH).row(0, 0)) < 91 * 90  # bytes on the way to the browser


def test_today_is_marked_where_it_is_asked_for(sample: PracticeTables) -> None:
    one = view_of(to_problem(sample)).grid
    today = one.days[3].date
    marked = drawn(one, today=today).all(**{"aria-current": "date"})
    assert [day.attributes["data-date"] for day in marked] == [str(today)]
    assert not drawn(one).all(**{"aria-current": "date"})


@pytest.mark.parametrize("words", [ENGLISH, DUTCH], ids=["en", "nl"])
def test_a_name_in_a_sentence_does_not_turn_it(words: Words) -> None:
    sentence = environment(words).from_string("{{ _(text) }}")
    said = {
        who: sentence.render(text=Message("one {service} more for {who}", service="DIO", who=who)) for who in ("\u202eשרה\u2066", "שרה")
    }
    assert said["\u202eשרה\u2066"] == said["שרה"]
    assert "שרה" in said["שרה"]
