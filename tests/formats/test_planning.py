"""The planning file: what each key does to a problem, and what is said of keys, names and numbers that do not fit."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from greedy.errors import InputError
from greedy.formats.planned import apply_planning
from greedy.formats.planning import read_planning, sent_planning
from greedy.formats.practice import WISHES, to_problem
from greedy.formats.problems import read_problem
from greedy.formats.roster_json import to_document
from greedy.formats.tables import PracticeTables
from greedy.model.law import ATW
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand, Problem
from greedy.model.roster import Roster
from greedy.model.wishes import Request, Wish, WishKind
from tests.build import DIO, MORNING, MSP, OSP, TOT, problem

# Monday 24 November to Wednesday 10 December 2025: two whole weeks and a part of one. Names: Name 0 (E0, Groen) and Name 1 (E1, Oranje).
PROBLEM = problem(Demand(0, OSP, TOT, 1), teams=("Groen", "Oranje"), days=17)


def planned(tmp_path: Path, text: str, of: Problem = PROBLEM) -> Problem:
    path = tmp_path / "planning.toml"
    path.write_text(text, encoding="utf-8")
    return apply_planning(of, read_planning(path))


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        planned(tmp_path, text)
    assert caught.value.next_step is not None
    return list(caught.value.details)


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert planned(tmp_path, "") == PROBLEM


def test_a_limit_is_hard_without_a_priority_and_holds_for_everybody(tmp_path: Path) -> None:
    limits = planned(tmp_path, '[[limits]]\nname = "w"\nquantity = "weekends"\nmaximum = 3').limits
    assert limits == tuple(Limit(Quantity.WEEKENDS, who, maximum=3, last_day=16, name="w") for who in (0, 1))


def test_a_limit_with_a_priority_is_a_wish_of_some(tmp_path: Path) -> None:
    text = '[[limits]]\nname = "s"\nquantity = "shifts"\nminimum = 1\nservices = ["OSP", "MSP"]\npriority = 3\nweight = 5\n'
    expected = Limit(Quantity.SHIFTS, 1, minimum=1, services=frozenset({OSP, MSP}), last_day=16, weight=5, priority=3, name="s")
    for who in ('employees = ["E1"]', 'employees = ["Name 1"]', 'teams = ["Oranje"]', 'teams = ["Oranje"]\nemployees = ["E1"]'):
        assert planned(tmp_path, text + who).limits == (expected,)


def test_a_limit_of_each_week_asks_its_minimum_of_whole_weeks(tmp_path: Path) -> None:
    text = (
        '[[limits]]\nname = "d"\nquantity = "days"\nevery = "week"\nminimum = 1\nmaximum = 4\nemployees = ["E0"]\nfirst_date = 2025-11-26'
    )
    assert [(one.first_day, one.last_day, one.minimum, one.maximum) for one in planned(tmp_path, text).limits] == [
        (2, 6, None, 4),
        (7, 13, 1, 4),
        (14, 16, None, 4),
    ]
    only_minimum = text.replace("maximum = 4\n", "") + "\nlast_date = 2025-12-07"
    assert [(one.first_day, one.last_day) for one in planned(tmp_path, only_minimum).limits] == [(7, 13)]


def test_requests(tmp_path: Path) -> None:
    text = """
        [[requests]]
        employee = "Name 1"
        dates = [2025-11-24, 2025-11-26]
        wants = "off"
        daypart = "O"
        [[requests]]
        employee = "E0"
        dates = ["2025-11-25"]
        wants = "work"
        service = "OSP"
        priority = 2
        weight = 4
        """
    assert planned(tmp_path, text).requests == (
        Request(1, 0, False, 1, None, MORNING, 6),
        Request(1, 2, False, 1, None, MORNING, 6),
        Request(0, 1, True, 4, OSP, None, 2),
    )


def test_employees_services_and_time_zone(tmp_path: Path) -> None:
    text = """
        timezone = "America/New_York"
        [employees."Name 1"]
        contract = 60
        senior = true
        preferred = ["MSP"]
        [services.MSP]
        begin = "22:00"
        end = 06:30:00
        standby = true
        asks_seniority = true
        forbidden_successors = ["OSP"]
        """
    found = planned(tmp_path, text)
    who, what = found.employees[1], found.services[MSP]
    assert (who.contract, who.senior, who.preferred) == (60, True, frozenset({MSP}))
    assert (what.begin_minute, what.minutes, what.standby, what.asks_seniority) == (22 * 60, 510, True, True)
    assert what.forbidden_successors == frozenset({OSP})
    assert found.timezone == "America/New_York"
    assert found.employees[0] == PROBLEM.employees[0]


def test_wishes_change_disappear_and_are_added(sample: PracticeTables, tmp_path: Path) -> None:
    practice = to_problem(sample, wishes=True)
    assert practice.wishes == WISHES
    text = "[wishes.fair-weekends]\npriority = 2\nweight = 3\n[wishes.variety]\nenabled = false\n[wishes.even-weeks]\ntolerance_percent = 5"
    wishes = {wish.kind: wish for wish in planned(tmp_path, text, practice).wishes}
    assert WishKind.VARIETY not in wishes
    assert wishes[WishKind.FAIR_WEEKENDS] == Wish(WishKind.FAIR_WEEKENDS, 3, 2)
    assert wishes[WishKind.EVEN_WEEKS] == Wish(WishKind.EVEN_WEEKS, 1, 6, 5)
    assert len(wishes) == len(WISHES) - 1
    assert planned(tmp_path, "[wishes.variety]").wishes == (Wish(WishKind.VARIETY),)


def test_a_practice_has_the_wishes_that_are_asked_for(sample: PracticeTables, tmp_path: Path) -> None:
    def wishes(text: str, *, every: bool = False) -> dict[WishKind, Wish]:
        path = tmp_path / "p.toml"
        path.write_text(text)
        return {wish.kind: wish for wish in to_problem(sample, wishes=every, planning=read_planning(path)).wishes}

    assert to_problem(sample).wishes == ()
    assert wishes("[wishes.even-weeks]\nweight = 2") == {WishKind.EVEN_WEEKS: Wish(WishKind.EVEN_WEEKS, 2, 6, 20)}
    assert wishes('[employees.EMP001]\nsenior = true\npreferred = ["OSP"]').keys() == {WishKind.SENIOR_FIRST, WishKind.PREFERRED_SERVICES}
    assert wishes("[employees.EMP001]\nsenior = false\npreferred = []") == {}
    assert wishes("[employees.EMP001]\nsenior = true\n[wishes.senior-first]\nenabled = false") == {}
    assert len(wishes("[wishes.variety]\nenabled = false", every=True)) == len(WISHES) - 1


def test_night_duties_at_home_ask_for_seniority_until_the_file_says_otherwise(sample: PracticeTables, tmp_path: Path) -> None:
    services = to_problem(sample).services
    assert {service.code for service in services if service.standby} == {"DIA", "DDA"}
    assert {service.code for service in services if service.asks_seniority} == {"DIA", "DDA"}
    path = tmp_path / "p.toml"
    path.write_text("[services.DIA]\nstandby = false\nasks_seniority = false\n[services.OSP]\nasks_seniority = true")
    changed = to_problem(sample, planning=read_planning(path)).services
    assert {service.code for service in changed if service.standby} == {"DDA"}
    assert {service.code for service in changed if service.asks_seniority} == {"DDA", "OSP"}


def test_the_law_of_working_time(tmp_path: Path) -> None:
    assert PROBLEM.working_time is None
    law = planned(tmp_path, "[working_time]\nenforce = true\n[working_time.norms]\nshift = 600").working_time
    assert law is not None
    assert (law.enforce, law.norm("shift"), law.norm("daily_rest")) == (True, 600, ATW["daily_rest"].value)
    assert planned(tmp_path, '[working_time]\nrules = "none"').working_time is None


def test_history_comes_from_rows_and_from_rosters_of_before(tmp_path: Path) -> None:
    before = problem(first_day=date(2025, 11, 10), days=16, roster_id="before")
    document = to_document(before, Roster.of([Assignment(0, 0, OSP), Assignment(0, 13, DIO), Assignment(0, 14, OSP)]))
    (tmp_path / "before.json").write_text(document.model_dump_json().replace('"MSP"', '"OLD"'))
    text = '[history]\nrosters = ["before.json"]\n[[history.worked]]\nemployee = "E1"\nservice = "MSP"\ndates = [2025-11-20]'
    found = planned(tmp_path, text)
    assert (found.history, found.history_days) == ((Assignment(0, -14, OSP), Assignment(0, -1, DIO), Assignment(1, -4, MSP)), 14)
    shorter = planned(tmp_path, text.replace("[history]", "[history]\ndays = 7"))
    assert (shorter.history, shorter.history_days) == ((Assignment(0, -1, DIO), Assignment(1, -4, MSP)), 7)


def test_classes_of_demand(sample: PracticeTables, tmp_path: Path) -> None:
    assert {row.weight_under for row in to_problem(sample).demand} == {1000, 10}
    path = tmp_path / "planning.toml"
    path.write_text("[demand]\nsystem_must = 5\nmust = 3")
    assert {row.weight_under for row in to_problem(sample, planning=read_planning(path)).demand} == {5, 3}
    may = sample.model_copy(
        update={
            "roster_period_staffing_dagdelen": [row.model_copy(update={"status": "MAG"}) for row in sample.roster_period_staffing_dagdelen]
        }
    )
    assert {row.weight_under for row in to_problem(may).demand} == {100, 1}
    changed = sample.model_copy(
        update={
            "roster_period_staffing_dagdelen": [
                row.model_copy(update={"status": "AANGEPAST"}) for row in sample.roster_period_staffing_dagdelen if row.required
            ]
        }
    )
    assert {row.weight_under for row in to_problem(changed).demand} == {1000, 10}


def test_a_benchmark_takes_a_planning_file_but_for_demand(tmp_path: Path) -> None:
    benchmark = tmp_path / "I.txt"
    benchmark.write_text(
        "SECTION_HORIZON\n7\nSECTION_SHIFTS\nD,480,\nSECTION_STAFF\nA,D=7,9999,0,5,1,1,1\nSECTION_DAYS_OFF\nSECTION_SHIFT_ON_REQUESTS\n"
        "SECTION_SHIFT_OFF_REQUESTS\nSECTION_COVER\n" + "".join(f"{day},D,1,100,1\n" for day in range(7))
    )
    path = tmp_path / "planning.toml"
    path.write_text('[[requests]]\nemployee = "A"\ndates = [2024-01-03]\nwants = "off"')
    assert read_problem(benchmark, planning=read_planning(path)).problem.requests == (Request(0, 2, False, 1, priority=6),)
    path.write_text("[demand]\nmust = 3")
    with pytest.raises(InputError) as caught:
        read_problem(benchmark, planning=read_planning(path))
    assert caught.value.details == ("demand: a benchmark text has weights of its own, and no classes of demand",)


LIMIT = '[[limits]]\nname = "x"\nquantity = "days"\nmaximum = 3\n'
REQUEST = '[[requests]]\nemployee = "E0"\ndates = [2025-11-24]\nwants = "off"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[wish]", "wish: this key is not known; did you mean wishes?"),
        ("[wishes.fair-weekend]", "wishes.fair-weekend: there is no wish 'fair-weekend'; did you mean fair-weekends?"),
        ("[wishes.fair-weekends]\nwieght = 1", "wishes.fair-weekends.wieght: this key is not known; did you mean weight?"),
        ("[wishes.fair-weekends]\npriority = 0", "wishes.fair-weekends.priority: Input should be greater than or equal to 1"),
        ('[wishes.fair-weekends]\npriority = "4"', "wishes.fair-weekends.priority: Input should be a valid integer"),
        (LIMIT.replace("maximum", "maximun"), "limits[0].maximun: this key is not known; did you mean maximum?"),
        (LIMIT + "minimum = 4", "limits[0]: minimum 4 is above the maximum 3"),
        (LIMIT.replace("maximum = 3\n", ""), "limits[0]: a limit has a minimum, a maximum or both"),
        (LIMIT + "weight = 4", "limits[0]: a weight without a priority: give both for a wish, or neither for a hard limit"),
        (LIMIT + LIMIT + 'employees = ["Name 7"]', "limits[1].employees[0]: there is no employee 'Name 7'; did you mean Name 1?"),
        (LIMIT + 'teams = ["groen"]', "limits[0].teams[0]: there is no team 'groen'; did you mean Groen?"),
        (LIMIT + 'services = ["OSP", "OPS"]', "limits[0].services[1]: there is no service 'OPS'; did you mean OSP?"),
        (LIMIT + "services = []", "limits[0].services: List should have at least 1 item after validation, not 0"),
        (LIMIT.replace('"days"', '"weekend"'), "limits[0].quantity: there is no quantity 'weekend'; did you mean weekends?"),
        (LIMIT.replace('"days"', '"rest minutes"'), "limits[0]: rest has a minimum only"),
        (LIMIT.replace('name = "x"\n', ""), "limits[0].name: this key is missing"),
        (LIMIT + "first_date = 2026-11-24", "limits[0].first_date: 2026-11-24 lies outside the roster, 2025-11-24 to 2025-12-10"),
        (LIMIT + "first_date = 2025-11-26\nlast_date = 2025-11-25", "limits[0].last_date: 2025-11-25 lies before 2025-11-26"),
        (REQUEST.replace("E0", "E9"), "requests[0].employee: there is no employee 'E9'; did you mean E1?"),
        (REQUEST.replace("24]", "23]"), "requests[0].dates[0]: 2025-11-23 lies outside the roster, 2025-11-24 to 2025-12-10"),
        (REQUEST.replace("[2025-11-24]", "[5]"), "requests[0].dates[0]: 5 is not a date such as 2025-12-24"),
        (REQUEST.replace('"off"', '"holiday"'), "requests[0].wants: Input should be 'work' or 'off'"),
        (REQUEST + 'daypart = "N"', "requests[0].daypart: there is no daypart 'N'; there are A, M, O"),
        ("[employees.E7]\ncontract = 1", "employees.E7: there is no employee 'E7'; did you mean E1?"),
        ('[employees.E0]\npreferred = ["DIO", "x"]', "employees.E0.preferred[1]: there is no service 'x'; there are DIA, DIO, MSP, OSP"),
        ("[services.dio]", "services.dio: there is no service 'dio'; did you mean DIO?"),
        ("[services.DIO]\nbegin = 540", 'services.DIO.begin: 540 is not a time such as "09:00"'),
        ("[working_time.norms]\nshifts = 1", "working_time.norms.shifts: there is no norm 'shifts'; did you mean shift?"),
        ('[history]\nrosters = ["none.json"]', "history.rosters[0]: cannot read"),
        (
            '[[history.worked]]\nemployee = "E0"\nservice = "DIO"\ndates = [2025-11-24]',
            "history.worked[0].dates[0]: 2025-11-24 does not lie before the roster, which begins on 2025-11-24",
        ),
        (
            '[[history.worked]]\nemployee = "E0"\nservice = "DIO"\ndates = [2023-11-23, 2023-11-22]',
            "history.worked[0].dates[1]: 2023-11-22 lies more than 732 days before the roster",
        ),
        ('[[history.worked]]\nemploye = "E0"', "history.worked[0].employe: this key is not known; did you mean employee?"),
        ('timezone = "Mars/Phobos"', "timezone: 'Mars/Phobos' is no time zone such as Europe/Amsterdam"),
    ],
)
def test_what_does_not_fit_is_told_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    assert any(fault.startswith(said) for fault in faults(tmp_path, text)), faults(tmp_path, text)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    assert len(faults(tmp_path, LIMIT + 'employees = ["A1", "B2"]\nservices = ["Q"]\n' + REQUEST.replace("E0", "X9"))) == 4


def test_a_name_that_two_people_have_asks_for_an_id(tmp_path: Path) -> None:
    first, second = PROBLEM.employees
    changes: dict[str, Any] = {"employees": (first, type(second)(second.id, first.name, second.team))}
    twins = problem(teams=("Groen", "Oranje"), days=17, **changes)
    (tmp_path / "p.toml").write_text('[employees."Name 0"]\nsenior = true')
    with pytest.raises(InputError) as caught:
        apply_planning(twins, read_planning(tmp_path / "p.toml"))
    assert caught.value.details == ("employees.Name 0: 2 employees are called Name 0; give an id: E0, E1",)


@pytest.mark.parametrize("content", [b"[[", b"a = \xff", b"= 1", b"[wishes]\n" * 2, b"x = " + b"[" * 5000, b"x = " + b"9" * 5000])
def test_what_is_no_toml_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad.toml is not"):
        read_planning(path)
    with pytest.raises(InputError, match="cannot read"):
        read_planning(tmp_path / "none.toml")


def test_a_file_that_was_sent_in_names_no_other_file() -> None:
    with pytest.raises(InputError) as caught:
        apply_planning(PROBLEM, sent_planning('[history]\nrosters = ["/etc/passwd"]'))
    assert caught.value.message == "planning.toml has 1 fault"
    assert caught.value.details[0].startswith("history.rosters[0]: a planning file that is sent in cannot name other files")
    assert sent_planning("\ufefftimezone = 'Europe/Berlin'").file.timezone == "Europe/Berlin"


def test_what_a_file_makes_is_bounded() -> None:
    nobody = ", ".join(f'"nobody {number}"' for number in range(3000))
    for text, last in (
        (f"{LIMIT}employees = [{nobody}]", "and perhaps others: so many faults were enough"),
        ((LIMIT + 'every = "week"\n') * 60, "limits: they are more than 100000"),
    ):
        with pytest.raises(InputError) as caught:
            apply_planning(problem(teams=("Groen",) * 20, days=700), sent_planning(text))
        assert caught.value.details[-1].startswith(last)
        assert len(caught.value.details) <= 201
    with pytest.raises(InputError, match="line 2 of planning.toml has more than 500 dots"):
        sent_planning("# of such a key the reader of TOML would make gigabytes\n" + "a." * 30_000 + "a = 1")
