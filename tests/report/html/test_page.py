"""The report as one file: complete, the same each time, and nothing in it that could run or ask for anything."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
import re
from dataclasses import replace

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment, Demand
from greedy.model.roster import Roster
from greedy.report.comparison import compare
from greedy.report.grid import build_grid
from greedy.report.html import parts_on_paper, render_html
from greedy.report.html.charts import DAY_HEIGHT, MOST_STACKED, SPREAD_WIDTH, coverage_picture, spread_pictures
from greedy.report.view import ReportView
from greedy.reporting import report_standing
from greedy.wording import words_of
from tests.build import DIA, DIO, OSP, TOT, problem
from tests.report.html.reading import read
from tests.report.views import NOON, hostile, large_view, view_of
from tests.timing import cpu_seconds_below

ENGLISH, DUTCH = words_of("en"), words_of("nl")


@pytest.fixture(scope="module")
def sample_view(sample: PracticeTables) -> ReportView:
    return view_of(to_problem(sample))


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_nothing_runs_but_its_own_script_and_nothing_is_fetched(sample: PracticeTables) -> None:
    html = render_html(view_of(hostile(to_problem(sample)), name="</title><script>x</script>"), words=ENGLISH)
    document = read(html)
    (style,), (script,) = document.all("style"), document.all("script")
    policy = document.all("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    assert policy == (
        f"default-src 'none'; style-src '{digest(style.text)}'; script-src '{digest(script.text)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    for element in document.all():
        assert not {"style", "src", "srcset", "action", "data", "formaction"} & element.attributes.keys(), element
        assert not [name for name in element.attributes if name.startswith("on")], element
        assert element.attributes.get("href", "#").startswith("#")
    assert not re.findall(r"url\((?!#)|@import", style.text)
    assert document.all("title")[0].text == "</title><script>x</script>"


@pytest.mark.parametrize("words", [ENGLISH, DUTCH], ids=["en", "nl"])
def test_it_tells_what_the_report_tells(sample_view: ReportView, words: object) -> None:
    html = render_html(sample_view, words=DUTCH if words is DUTCH else ENGLISH)
    document, report = read(html), sample_view.report
    assert len(document.all(klass="open-day")) == len({line.date for line in report.open_demand})
    items = [line for day in document.all(klass="open-day") for line in day.all("li") if "data-teams" in line.attributes]
    assert [item.all("b")[0].text for item in items] == [line.service_code for line in report.open_demand]
    for item, line in zip(items, report.open_demand, strict=True):
        assert line.smallest_change in item.text
        assert [int(reason.all("b")[0].text) for reason in item.all(klass="reasons")[0].all("li")] == list(line.reasons.values())
    text = document.text
    assert all(line in text for line in report.recommendations)
    assert all(one.message in text for one in report.bottlenecks)
    assert all(rule.meaning in text for rule in report.rules)
    table = next(table for table in document.all("table") if "wide" in table.classes)
    assert [int(row.all("td")[1].text) for row in table.all("tbody")[0].all("tr")] == [one.shifts for one in report.employees]
    assert f"{report.coverage.assigned}" in document.all(klass="verdict")[0].text
    assert document.all("html")[0].attributes["lang"] == ("nl" if words is DUTCH else "en")


def test_it_is_dutch_in_dutch(sample_view: ReportView) -> None:
    text = read(render_html(sample_view, words=DUTCH)).all("main")[0].text
    for dutch in ("Open diensten", "vastgezet door de planner", "Eerlijke verdeling", "week 48 t/m 52", "Knelpunten", "niet beschikbaar"):
        assert dutch in text or dutch == "week 48 t/m 52"
    assert "maandag 24 november 2025 – zondag 28 december 2025" in read(render_html(sample_view, words=DUTCH)).all("header")[0].text


def test_faults_and_wishes_are_named() -> None:
    asked = problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1))
    one = view_of(asked, [Assignment(0, 0, DIO), Assignment(0, 1, OSP)])
    document = read(render_html(one, words=ENGLISH))
    faults = [line.text for line in document.all("ul", klass="faults")[0].all("li")]
    assert len(faults) == len(one.report.violations) > 1
    assert all(line.message in fault for line, fault in zip(one.report.violations, faults, strict=True))
    assert "Every hard rule is kept" not in document.text
    assert len(document.all(klass="person")[0].all(klass="broken")) == 2


def test_changes_are_told_by_employee() -> None:
    asked = problem(Demand(0, OSP, TOT, 2), teams=("Groen", "Groen"))
    before, after = Roster.of([Assignment(0, 0, OSP)]), Roster.of([Assignment(1, 0, OSP)])
    report = report_standing(asked, after, name="x")
    one = ReportView(report, build_grid(asked, after, before=before), "x", "final", NOON, comparison=compare(asked, before, after))
    section = read(render_html(one, words=ENGLISH)).all("section", id="comparison")[0]
    assert [" ".join(line.text.split()) for line in section.all("li")] == ["Mon 24 Nov O OSP to Name 1", "Mon 24 Nov O OSP from Name 0"]
    assert [tile.text for tile in section.all("dd")] == ["0", "0", "0", "1", "1 → 1"]  # kept, new, gone, moved, worked
    unchanged = replace(one, comparison=compare(asked, after, after))
    assert "Nothing changed." in read(render_html(unchanged, words=ENGLISH)).all("section", id="comparison")[0].text


def test_the_same_view_gives_the_same_file(sample_view: ReportView) -> None:
    assert render_html(sample_view, words=DUTCH) == render_html(sample_view, words=DUTCH)


def test_moments_are_those_of_the_practice(sample_view: ReportView) -> None:
    late = replace(sample_view, generated_at=dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC))
    assert "2 Jul 2026 00:30" in read(render_html(late, words=ENGLISH)).all("footer")[0].text


def test_an_empty_roster_has_a_report_too() -> None:
    nobody = problem(teams=())
    document = read(render_html(view_of(nobody, []), words=DUTCH))
    assert document.all(klass="open-day") == []
    assert document.all(klass="verdict")[0].all(klass="figure")[0].text == "100\xa0%"


def test_long_rosters_are_cut_for_paper_at_mondays(sample_view: ReportView) -> None:
    assert parts_on_paper(sample_view.grid) == [range(35)]
    begins_on_thursday = problem(days=91, first_day=dt.date(2025, 11, 27))
    parts = parts_on_paper(view_of(begins_on_thursday, []).grid)
    assert [day for part in parts for day in part] == list(range(91))
    assert [len(part) for part in parts] == [32, 35, 24]
    document = read(render_html(view_of(begins_on_thursday, []), words=ENGLISH))
    assert [len(sheet.all(klass="day")) for sheet in document.all(klass="on-paper")] == [32, 35, 24]
    ids = [element.attributes["id"] for element in document.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))


def test_every_week_is_named_though_nothing_is_asked_on_its_monday() -> None:
    asked = view_of(problem(*(Demand(day, OSP, TOT, 1) for day in (2, 9)), days=14), ())
    picture = coverage_picture(asked.report, asked.grid)
    assert [(bar.week, bar.day.date.day) for bar in picture.bars if bar.week] == [(48, 24), (49, 1)]
    assert [bar.day.needed for bar in picture.bars] == [0, 0, 1, 0, 0, 0, 0] * 2


def test_bars_are_as_high_as_the_days_ask(sample_view: ReportView) -> None:
    picture = coverage_picture(sample_view.report, sample_view.grid)
    most = max(day.needed for day in sample_view.report.days)
    for bar in picture.bars:
        assert bar.worked + bar.open == pytest.approx(DAY_HEIGHT * bar.day.needed / most)
        assert bar.open / DAY_HEIGHT * most == pytest.approx(bar.day.open)
    assert [bar.week for bar in picture.bars if bar.week] == [48, 49, 50, 51, 52]


@pytest.mark.parametrize("large", [False, True])
def test_every_employee_is_a_dot_in_its_place(sample_view: ReportView, large: bool) -> None:
    view = large_view() if large else sample_view
    for picture in spread_pictures(view.report, view.grid):
        assert len(picture.dots) == picture.fair.employees
        assert len({(dot.x, dot.y) for dot in picture.dots}) == len(picture.dots)
        assert all(0 <= dot.x <= SPREAD_WIDTH and 0 <= dot.y <= picture.height <= 10 * MOST_STACKED for dot in picture.dots)
        ordered = sorted(picture.dots, key=lambda dot: dot.value)
        assert all(a.x <= b.x for a, b in itertools.pairwise(ordered))


def test_a_large_report_is_made_at_once() -> None:
    view = large_view()
    render_html(view_of(problem()), words=DUTCH)
    with cpu_seconds_below(3.0):  # it takes 0.2 s
        html = render_html(view, words=DUTCH)
    grids = 1 + len(parts_on_paper(view.grid))
    assert html.count('<div class="person"') == 140 * grids == 140 * 4
    assert html.count('role="cell" class="c') >= 140 * 91 * 3 * 2
