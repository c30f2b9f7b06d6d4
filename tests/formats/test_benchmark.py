from __future__ import annotations

from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.formats.benchmark import is_benchmark, parse_benchmark, read_benchmark
from greedy.model.limits import Limit, Quantity
from greedy.model.objective import costs
from greedy.model.problem import Assignment, Demand, Slot
from greedy.model.roster import Roster
from greedy.model.wishes import Request
from tests.timing import cpu_seconds_below

TEXT = """\
# two weeks of a small ward
SECTION_HORIZON
14
SECTION_SHIFTS
E,480,
L,480,E
SECTION_STAFF
# ID, MaxShifts, MaxTotalMinutes, MinTotalMinutes, MaxConsecutiveShifts, MinConsecutiveShifts, MinConsecutiveDaysOff, MaxWeekends
A,E=14|L=0,4320,3360,5,2,2,1
B,E=14|L=3,4800,3000,6,1,3,2
SECTION_DAYS_OFF
A,0
B,5,12
SECTION_SHIFT_ON_REQUESTS
A,2,E,2
SECTION_SHIFT_OFF_REQUESTS
B,3,L,7
SECTION_COVER
"""
COVER = "".join(f"{day},{shift},{day % 2},100,1\n" for day in range(14) for shift in "EL")


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_benchmark(text, "I.txt", "I")
    return list(caught.value.details)


def test_every_field_has_its_place() -> None:
    problem = parse_benchmark(TEXT + COVER, "I.txt", "I")
    assert (problem.roster_id, problem.day_count, problem.dayparts, problem.timezone) == ("I", 14, ("day",), "UTC")
    assert problem.first_day.weekday() == 0
    assert [(s.code, s.minutes, s.forbidden_successors) for s in problem.services] == [("E", 480, frozenset()), ("L", 480, frozenset({0}))]
    assert [employee.id for employee in problem.employees] == ["A", "B"]
    assert problem.capabilities == {(0, 0): 14, (1, 0): 14, (1, 1): 3}
    assert problem.unavailable == {Slot(0, 0, 0), Slot(1, 5, 0), Slot(1, 12, 0)}
    assert problem.requests == (Request(0, 2, True, 2, service=0), Request(1, 3, False, 7, service=1))
    assert problem.demand[3] == Demand(1, 1, 0, 1, weight_under=100, maximum=2, weight_over=1)
    assert problem.limits[:4] == (
        Limit(Quantity.MINUTES, 0, 3360, 4320, name="minutes"),
        Limit(Quantity.CONSECUTIVE_DAYS, 0, 2, 5, name="consecutive shifts"),
        Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, 2, name="consecutive days off"),
        Limit(Quantity.WEEKENDS, 0, maximum=1, name="weekends"),
    )
    assert all(limit.hard for limit in problem.limits)


def test_blanks_windows_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "I.txt"
    path.write_bytes(b"\xef\xbb\xbf" + (TEXT + COVER).replace("\n", " \r\n").replace(",", " , ").encode())
    assert read_benchmark(path) == parse_benchmark(TEXT + COVER, "I.txt", "I")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("14\n", "fourteen\n", "I.txt:3: the number of days must be a whole number from 0 on, not 'fourteen'"),
        ("14\n", "0\n", "I.txt:3: the horizon has 0 days; 1 to 3660 can be planned"),
        ("14\n", "14\n7\n", "I.txt:4: the horizon stands a second time"),
        ("14\n", "", "I.txt: SECTION_HORIZON has no lines that can be read"),
        ("E,480,\nL,480,E\n", "", "I.txt: SECTION_SHIFTS has no lines that can be read"),
        ("L,480,E\n", "L,480,X\n", "I.txt:6: no shift has the id 'X'"),
        ("L,480,E\n", "E,480,\n", "I.txt:6: shift 'E' stands a second time"),
        ("L,480,E\n", "L,-480,E\n", "I.txt:6: minutes of a shift must be a whole number from 0 on, not '-480'"),
        ("L,480,E\n", "L,480\n", "I.txt:6: 2 values, not 3 (shift, minutes, cannot be followed by): 'L,480'"),
        ("A,E=14|L=0", "B,E=14|L=0", "I.txt:10: employee 'B' stands a second time"),
        ("A,E=14|L=0", ",E=14|L=0", "I.txt:9: employee without an id"),
        ("A,E=14|L=0", "A,E=14", "I.txt:9: the maximum of shift L is missing"),
        ("A,E=14|L=0", "A,E=14|L=0|E=2", "I.txt:9: the maximum of shift E stands a second time"),
        ("A,E=14|L=0", "A,E=14|L=0|X=2", "I.txt:9: no shift has the id 'X'"),
        ("A,E=14|L=0", "A,E=14|L", "I.txt:9: maximum of each shift: 'L' is not such as D=14"),
        ("4320,3360", "3360,4320", "I.txt:9: minimum minutes 4320 is above the maximum 3360"),
        ("3360,5,2", "3360,2,5", "I.txt:9: minimum consecutive shifts 5 is above the maximum 2"),
        ("B,5,12", "B,5,14", "I.txt:13: day 14 lies outside the horizon, 0 to 13"),
        ("B,5,12", "C,5,12", "I.txt:13: no employee has the id 'C'"),
        ("A,2,E,2", "A,2,E,-2", "I.txt:15: weight must be a whole number from 0 on, not '-2'"),
        ("A,2,E,2", "A,2,E,2\nA,2,E,3", "I.txt:16: the request A,2,E stands a second time"),
        ("0,E,0,100,1\n", "0,E,0,100,1\n0,E,1,100,1\n", "I.txt:20: the cover of shift E on day 0 stands a second time"),
        (
            "0,E,0,100,1\n",
            "0,E,0,100\n",
            "I.txt:19: 4 values, not 5 (day, shift, requirement, weight for under, weight for over): '0,E,0,100'",
        ),
        ("SECTION_DAYS_OFF", "SECTION_HOLIDAYS", "I.txt:11: section SECTION_HOLIDAYS is not known"),
        ("SECTION_DAYS_OFF", "SECTION_STAFF", "I.txt:11: SECTION_STAFF stands a second time"),
        ("SECTION_HORIZON", "7\nSECTION_HORIZON", "I.txt:2: '7' stands before the first section"),
    ],
)
def test_every_fault_is_told_with_its_line(old: str, new: str, said: str) -> None:
    whole = TEXT + COVER
    assert old in whole
    assert said in faults(whole.replace(old, new, 1))


def test_several_faults_are_told_at_once() -> None:
    assert len(faults((TEXT + COVER).replace("A,2,E,2", "Z,99,Q,x"))) == 4


def test_a_file_that_was_cut_off_anywhere_is_no_problem_and_no_traceback() -> None:
    whole = TEXT + COVER
    for end in range(len(TEXT), len(whole) - len("L,1,100,1\n"), 7):
        assert faults(whole[:end]), end
    for end in range(0, len(TEXT), 7):
        with pytest.raises(InputError):
            parse_benchmark(whole[:end], "I.txt", "I")
    lines = whole.splitlines(keepends=True)
    assert faults("".join(lines[:-2])) == [
        "I.txt: the cover ends with day 12, the horizon with day 13; a file that was cut off looks like this"
    ]
    assert "the cover of the last day 13 has 1 shifts, that of the other days at least 2" in faults("".join(lines[:-1]))[0]


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"{}", b"rosters,employees\n1,2\n", "Schönes Wetter".encode("latin-1")])
def test_a_foreign_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match="foreign.txt is not"):
        read_benchmark(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError, match="cannot read"):
            read_benchmark(path)


def test_a_format_is_known_by_its_sections() -> None:
    assert is_benchmark("# x\n\nSECTION_HORIZON\n14\n")
    assert not is_benchmark("roster with SECTION_HORIZON in a sentence")


def test_a_year_of_fifty_people_is_read_in_no_time() -> None:
    shifts = [f"S{n}" for n in range(10)]
    most = "|".join(f"{shift}=364" for shift in shifts)
    text = "\n".join(
        [
            "SECTION_HORIZON\n364\nSECTION_SHIFTS",
            *(f"{shift},480," for shift in shifts),
            "SECTION_STAFF",
            *(f"E{n},{most},99999,0,5,2,2,20" for n in range(50)),
            "SECTION_DAYS_OFF\nSECTION_SHIFT_ON_REQUESTS",
            *(f"E{n},{day},S{day % 10},1" for n in range(50) for day in range(0, 364, 4)),
            "SECTION_SHIFT_OFF_REQUESTS\nSECTION_COVER",
            *(f"{day},{shift},2,100,1" for day in range(364) for shift in shifts),
        ]
    )
    with cpu_seconds_below(3):  # 0.1 s; with a look at all lines for each line it is minutes
        problem = parse_benchmark(text, "I.txt", "I")
    assert (len(problem.demand), len(problem.requests)) == (3640, 4550)


def test_the_objective_is_what_is_counted_by_hand() -> None:
    problem = parse_benchmark(TEXT + COVER, "I.txt", "I")
    # Asked: one E and one L on each odd day, so 14 units. B's L on day 3 is refused to her (7), A's E on day 2 is not granted (2).
    # E of day 1 and L of days 1 and 3 are covered: 11 units are missing (100 each). E of day 2 is one over (1).
    roster = Roster.of([Assignment(0, 1, 0), Assignment(1, 1, 1), Assignment(1, 3, 1), Assignment(1, 2, 0)])
    assert costs(problem, roster) == {0: 11 * 100 + 1 + 7 + 2}
