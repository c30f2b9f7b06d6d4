"""The report as text: both languages, tables that stay in line, and names that cannot harm a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Demand, Slot
from greedy.model.roster import Roster
from greedy.report import build_report, render_text
from greedy.report.heading import most_covered
from greedy.report.model import ViolationLine
from greedy.report.text.lines import COLUMNS
from greedy.report.text.table import WIDEST, harmless, table, width_of
from greedy.reporting import under_law
from greedy.solve.solve import solve
from greedy.wording import Language, words_of
from tests.build import EVENING, MIDDAY, MORNING, OSP, TOT, problem

NAMES = {
    "long": "Wilhelmina " * 30,
    "emoji": "Bo 👩🏽‍⚕️🇳🇱",
    "right to left": "\u202eשירה כהן\u202c",
    "terminal": "\x1b[31mred\x1b[0m\x07",
    "markup": "<script>alert(1)</script> {0} %s",
}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_whole_report_in_each_language(sample: PracticeTables, language: Language) -> None:
    one = under_law(to_problem(sample, wishes=True))
    result = solve(one, "greedy")
    report = build_report(one, result.roster, name="", open_demand=result.open_demand, bound=227, words=words_of(language))
    text = render_text(report)
    status, fair, more = {
        "en": ("PARTIAL", "per employee", "wishes that gave way"),
        "nl": ("GEDEELTELIJK", "per medewerker", "wensen die"),
    }[language]
    assert f"{status}: " in text
    assert all(title in text for title in (fair, more, one.roster_id))
    assert text == render_text(report, words=words_of(language))
    others = {"en": ("rooster", "dienst"), "nl": ("shifts", "capability", "unavailable", "works", "checked")}[language]
    assert [word for word in others if word in text.replace(one.roster_id, "")] == []


def test_what_no_roster_covers_is_true_beside_one_that_breaks_rules() -> None:
    report = build_report(problem(Demand(0, OSP, TOT, 1)), Roster.of(()), name="", open_demand=(), bound=1)
    line = ViolationLine(rule="blocking", message="", pinned=False)

    def told(assigned: int, broken: int, language: Language = "en") -> str:
        coverage = report.coverage.model_copy(update={"assigned": assigned})
        return words_of(language).say(most_covered(report.model_copy(update={"coverage": coverage, "violations": [line] * broken})))

    assert told(1, 0) == told(1, 2) == "no roster covers more than 1"
    assert told(2, 1) == "no roster that keeps the rules covers more than 1; this one covers 2 and breaks a rule"
    assert told(3, 2) == "no roster that keeps the rules covers more than 1; this one covers 3 and breaks rules 2 times"
    assert told(3, 2, "nl").endswith("dit rooster vult er 3 en overtreedt 2 keer een regel")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_can_be_printed(name: str) -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 2))
    one = replace(one, employees=(replace(one.employees[0], name=name),))
    result = solve(one, "greedy")
    for language in ("en", "nl"):
        words = words_of(language)
        text = render_text(build_report(one, result.roster, name=name, open_demand=result.open_demand, bound=3, words=words))
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        assert max(width_of(line) for line in text.splitlines() if "OSP" not in line and name[:3] not in line) <= 140


def test_absences_are_told_by_the_week_where_they_come_back_each_week() -> None:
    mondays = {Slot(0, day, part) for day in (0, 7) for part in (MORNING, MIDDAY)}
    one = problem(days=10, unavailable=frozenset({*mondays, Slot(0, 0, EVENING), Slot(0, 8, MORNING), Slot(0, 4, MIDDAY)}))
    report = build_report(one, Roster(()), name="", open_demand=(), bound=0)
    absences = render_text(report).partition("unavailable:\n")[2]
    assert absences == "  Name 0, 7: every Mon OM, Mon 24 Nov A, Fri 28 Nov M, Tue 2 Dec O\n"


def test_sentences_fit_a_terminal_and_dates_are_not_torn() -> None:
    one = problem(days=40, unavailable=frozenset(Slot(0, day, MORNING) for day in range(0, 40, 3)))
    lines = render_text(build_report(one, Roster(()), name="", open_demand=(), bound=0)).partition("unavailable:\n")[2].splitlines()
    assert len(lines) == 3
    assert all(len(line) <= COLUMNS for line in lines)
    assert all(line.removesuffix(",")[-1] == "O" for line in lines)


def test_columns_stand_in_line_whatever_stands_in_them() -> None:
    assert [width_of(text) for text in ("", "Bo", "王小明", "e\u0301a", "👍")] == [0, 2, 6, 2, 2]
    lines = list(table(["name", "n"], [["Bo", "1"], ["王小明", "22"], ["e\u0301a", "333"], ["x" * 100, "4"]]))
    assert {width_of(line) for line in lines} == {WIDEST + 2 + 3}
    assert lines[-1].split()[0].endswith("…")
    assert harmless("a\x1b\nb\u202ec é👍") == "a\ufffd\ufffdb\ufffdc é👍"
