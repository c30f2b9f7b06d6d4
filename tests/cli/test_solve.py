"""solve and check over files: benchmark texts and CSV folders, their documents, earlier rosters, planning files, and signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from greedy.sample import SAMPLE_DIR
from tests.cli.test_cli import Greedy
from tests.timing import PATIENCE_SECONDS

# Two weeks, two people, one shift a day; each may work at most 5 of them in a row. 14 shifts asked, 2 x 5 possible.
ENOUGH = ("--time-limit", "100")  # a solve ends when all is proven
BENCHMARK = """\
SECTION_HORIZON
14
SECTION_SHIFTS
D,480,
SECTION_STAFF
A,D=5,9999,0,5,1,1,2
B,D=5,9999,0,5,1,1,2
SECTION_DAYS_OFF
A,0
SECTION_SHIFT_ON_REQUESTS
A,3,D,2
SECTION_SHIFT_OFF_REQUESTS
B,4,D,3
SECTION_COVER
""" + "".join(f"{day},D,1,100,1\n" for day in range(14))

SOLVE_KEYS = {
    "roster_id", "solver", "status", "objective", "bound", "gap", "seconds_to_best", "seconds", "seed", "costs", "bounds", "proven", "incident",
    "needed", "assigned", "open", "open_demand", "violations", "conflicts", "gave_way", "working_time", "changes", "output",
}  # fmt: skip
CHECK_KEYS = {
    "roster_id", "legal", "objective", "costs", "needed", "assigned", "open", "open_demand", "violations", "conflicts", "gave_way", "working_time", "changes"
}  # fmt: skip


@pytest.fixture
def greedy(tmp_path: Path) -> Greedy:
    (tmp_path / "I1.txt").write_text(BENCHMARK)
    return Greedy(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")


def test_a_benchmark_is_solved_and_checked(greedy: Greedy) -> None:
    solved = greedy.json("solve", "I1.txt", "-o", "roster.json", *ENOUGH)
    assert solved.keys() == SOLVE_KEYS
    assert (solved["roster_id"], solved["needed"], solved["assigned"], solved["violations"]) == ("I1", 14, 10, [])
    assert solved["objective"] == 400
    assert solved["bound"] <= 400
    checked = greedy.json("check", "I1.txt", "roster.json")
    assert checked.keys() == CHECK_KEYS
    assert (checked["legal"], checked["objective"], checked["costs"]) == (True, solved["objective"], solved["costs"])
    shown = greedy("solve", "I1.txt", "--solver", "greedy").stdout
    assert "10 of 14 shifts filled, 71.4 %, 4 open" in shown


def test_the_xml_of_the_benchmarks_is_written_and_read(greedy: Greedy, tmp_path: Path) -> None:
    solved = greedy.json("solve", "I1.txt", "-o", "roster.xml")
    assert '<Employee ID="A">' in (tmp_path / "roster.xml").read_text()
    assert greedy.json("check", "I1.txt", "roster.xml")["objective"] == solved["objective"]
    assert "has no dayparts" in greedy.fails(1, "solve", str(SAMPLE_DIR), "-o", "roster.ros")


def test_what_breaks_a_rule_is_told_and_ends_with_1(greedy: Greedy, tmp_path: Path) -> None:
    greedy.json("solve", "I1.txt", "-o", "roster.json")
    document = json.loads((tmp_path / "roster.json").read_text())
    others = [one for one in document["assignments"] if one["date"] != "2024-01-01"]
    document["assignments"] = [*others, {"employee_id": "A", "date": "2024-01-01", "service_code": "D"}]
    (tmp_path / "roster.json").write_text(json.dumps(document))
    broken = greedy.json("check", "I1.txt", "roster.json", code=1)
    assert (broken["legal"], "open_slots" in {one["rule"] for one in broken["violations"]}) == (False, True)
    assert "broken rule open_slots: A D 2024-01-01: unavailable then" in greedy("check", "I1.txt", "roster.json").stdout


def test_an_earlier_roster_is_kept_to(greedy: Greedy, tmp_path: Path) -> None:
    greedy.json("solve", str(SAMPLE_DIR), "-o", "first.json", *ENOUGH)
    folder = tmp_path / "changed"
    shutil.copytree(SAMPLE_DIR, folder)
    kept = greedy.json("solve", str(folder), *ENOUGH, "--keep", "first.json")
    worked = len(json.loads((tmp_path / "first.json").read_text())["assignments"])
    assert kept["changes"] == {"kept": worked, "gone": 0, "new": kept["assigned"] - worked}
    assert greedy.json("check", str(folder), "first.json", "--keep", "first.json")["changes"]["gone"] == 0
    assert greedy.json("solve", str(folder), "--solver", "greedy", "--keep", "current")["changes"]["kept"] == 6  # the pinned work
    assert "holds no roster" in greedy.fails(1, "solve", "I1.txt", "--keep", "current")


def test_a_warm_start_is_never_lost(greedy: Greedy) -> None:
    first = greedy.json("solve", "I1.txt", "-o", "first.json")
    again = greedy.json("solve", "I1.txt", "--warm-start", "first.json", *ENOUGH)
    assert again["objective"] <= first["objective"]


def test_a_planning_file_changes_the_roster_and_its_costs(greedy: Greedy, tmp_path: Path) -> None:
    planning = tmp_path / "planning.toml"
    planning.write_text('[[limits]]\nname = "short"\nquantity = "shifts"\nmaximum = 2\nemployees = ["A"]\n')
    assert greedy.json("solve", "I1.txt", "--planning", "planning.toml", "-o", "r.json")["assigned"] == 7
    planning.write_text('[[limits]]\nname = "tiny"\nquantity = "shifts"\nmaximum = 1\npriority = 2\n')
    checked = greedy.json("check", "I1.txt", "r.json", "--planning", "planning.toml")
    assert (checked["legal"], checked["costs"]["2"]) == (True, 5)
    assert [(line["priority"], line["cost"]) for line in checked["gave_way"] if line["term"] == "tiny"] == [(2, 5)]
    planning.write_text("[wishes.fair-weekend]")
    said = greedy.fails(1, "solve", "I1.txt", "--planning", "planning.toml")
    assert "wishes.fair-weekend: there is no wish 'fair-weekend'; did you mean fair-weekends?" in said


def test_demand_alone_is_proven_at_once_and_wishes_come_after_it(greedy: Greedy, tmp_path: Path) -> None:
    alone = greedy.json("solve", str(SAMPLE_DIR), *ENOUGH, "-o", "alone.json")
    assert (alone["assigned"], alone["status"], alone["proven"], alone["costs"]) == (227, "optimal", [0], {})
    assert alone["seconds"] < 50  # 0.1 s; what is not proven is searched for until the limit
    (tmp_path / "fair.toml").write_text("[wishes.fair-shifts]\n")
    fair = ("--planning", "fair.toml")
    wished = greedy.json("solve", str(SAMPLE_DIR), *fair, *ENOUGH)
    assert (wished["assigned"], wished["proven"]) == (227, [0, 4])
    assert wished["costs"].get("4", 0) < greedy.json("check", str(SAMPLE_DIR), "alone.json", *fair)["costs"]["4"]
    every = greedy.json("check", str(SAMPLE_DIR), "alone.json", "--wishes")
    assert {"4"} < every["costs"].keys() <= {"4", "6", "10"}
    assert {"4"} < greedy.json("solve", str(SAMPLE_DIR), "--wishes", "--solver", "greedy")["costs"].keys()
    (tmp_path / "planning.toml").write_text("[wishes.fair-weekends]\n")
    assert greedy.json("check", str(SAMPLE_DIR), "alone.json", "--planning", "planning.toml")["costs"].keys() <= {"4"}
    assert "--wishes: I1.txt is a benchmark text" in greedy.fails(1, "solve", "I1.txt", "--wishes")


def test_the_law_of_working_time_is_looked_at_when_asked(greedy: Greedy, tmp_path: Path) -> None:
    greedy.json("solve", str(SAMPLE_DIR), "--solver", "greedy", "-o", "r.json")
    assert greedy.json("check", str(SAMPLE_DIR), "r.json")["working_time"] == []
    (tmp_path / "planning.toml").write_text("[working_time]\n[working_time.norms]\nshift = 200\n")
    checked = greedy.json("check", str(SAMPLE_DIR), "r.json", "--planning", "planning.toml")
    assert (checked["legal"], checked["violations"]) == (True, [])
    shifts = [one for one in checked["working_time"] if one["rule"] == "shift"]
    assert shifts
    assert all(one["source"].startswith("art. 5:") and not one["enforced"] for one in shifts)


def test_one_worker_and_a_seed_give_the_same_roster(greedy: Greedy, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        assert greedy.json("solve", "I1.txt", "--seed", "7", "--workers", "1", "-o", name)["status"] == "optimal"
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


Change = Callable[[Path], None]


def edit(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return change


def only_header(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_text((folder / name).read_text().splitlines()[0] + "\n")

    return change


def without_anybody(folder: Path) -> None:
    for name in ("employees.csv", "roster_employee_services.csv", "roster_assignments.csv"):
        only_header(name)(folder)


def pinned_against_pinned(folder: Path) -> None:
    """Her DIO of 1 December blocks the morning of the next day, where the planner has pinned an OSP."""
    lines = (folder / "roster_assignments.csv").read_text().splitlines()
    header = lines[0].split(",")
    ids = {line.split(",")[1]: line.split(",")[0] for line in (folder / "service_types.csv").read_text().splitlines()[1:]}
    roster = (folder / "rosters.csv").read_text().splitlines()[1].split(",")[0]
    lines = [line for line in lines if "EMP001,2025-12-0" not in line]
    for day, dagdeel, code in (("2025-12-01", "O", "DIO"), ("2025-12-01", "A", "DIA"), ("2025-12-02", "O", "OSP")):
        row = {
            "roster_id": roster,
            "employee_id": "EMP001",
            "date": day,
            "dagdeel": dagdeel,
            "service_id": ids[code],
            "status": "1",
            "source": "manual",
        }
        lines.append(",".join(row.get(column, "") for column in header))
    (folder / "roster_assignments.csv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edit("rosters.csv", "2025-12-28", "2025-11-23"), "rosters.csv:2: end_date 2025-11-23 lies before start_date 2025-11-24"),
        (
            edit("roster_employee_services.csv", "EMP001", "EMP099"),
            "roster_employee_services.csv:2: employee_id: no employee has the id EMP099",
        ),
        (lambda folder: (folder / "employees.csv").unlink(), "employees.csv: the file is missing"),
        (lambda folder: (folder / "employees.csv").write_bytes(b"\xff\xfe"), "employees.csv: not UTF-8 text"),
    ],
)
def test_bad_tables_are_told_by_file_and_line(greedy: Greedy, tmp_path: Path, change: Change, said: str) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(SAMPLE_DIR, folder)
    change(folder)
    assert said in greedy.fails(1, "solve", str(folder))


def solved_after(greedy: Greedy, tmp_path: Path, change: Change, *arguments: str) -> Any:
    folder = tmp_path / "odd"
    shutil.copytree(SAMPLE_DIR, folder)
    change(folder)
    return greedy.json("solve", str(folder), *ENOUGH, "-o", "odd.json", *arguments)


@pytest.mark.parametrize("solver", ["auto", "greedy", "cpsat"])
def test_nobody_at_all_is_a_roster_with_reasons(greedy: Greedy, tmp_path: Path, solver: str) -> None:
    solved = solved_after(greedy, tmp_path, without_anybody, "--solver", solver)
    assert (solved["assigned"], solved["open"], solved["violations"]) == (0, 227, [])
    assert {line["smallest_change"] for line in solved["open_demand"]} == {"there are no employees"}


def test_demand_that_nobody_is_qualified_for_is_open_with_the_reason(greedy: Greedy, tmp_path: Path) -> None:
    solved = solved_after(greedy, tmp_path, only_header("roster_employee_services.csv"))
    assert solved["open"] >= 221
    assert all("not qualified" in line["reasons"] for line in solved["open_demand"])


def test_no_demand_is_a_full_roster(greedy: Greedy, tmp_path: Path) -> None:
    solved = solved_after(greedy, tmp_path, only_header("roster_period_staffing_dagdelen.csv"))
    assert (solved["needed"], solved["open"]) == (0, 0)


@pytest.mark.parametrize("solver", ["auto", "greedy"])
def test_pinned_work_that_contradicts_a_rule_gives_a_roster_and_says_what(greedy: Greedy, tmp_path: Path, solver: str) -> None:
    solved = solved_after(greedy, tmp_path, pinned_against_pinned, "--solver", solver)
    assert solved["status"] == "over-constrained"
    assert solved["assigned"] > 200
    broken = [one for one in solved["violations"] if one["rule"] == "blocking"]
    assert [(one["pinned"], one["message"]) for one in broken] == [(True, "Anna Mulder DIO 2025-12-01 blocks Anna Mulder OSP 2025-12-02")]
    assert greedy("check", str(tmp_path / "odd"), "odd.json").returncode == 0


@pytest.mark.parametrize(
    ("quantity", "minimum", "rule", "proven"),
    [
        ("rest minutes", 999_999, "limit_rest_minutes", [0]),  # it is kept, but for the work that is pinned
        ("consecutive days off", 40, "limit_consecutive_days_off", []),
        ("shifts", 200, "limit_shifts", []),
    ],
)
def test_a_limit_that_nobody_can_keep_is_a_roster_that_says_what_stands_against_it(
    greedy: Greedy, tmp_path: Path, quantity: str, minimum: int, rule: str, proven: list[int]
) -> None:
    (tmp_path / "planning.toml").write_text(
        f'[[limits]]\nname = "steep"\nemployees = ["EMP008"]\nquantity = "{quantity}"\nminimum = {minimum}\n'
    )
    arguments = ("solve", str(SAMPLE_DIR), "--planning", "planning.toml", *ENOUGH)
    solved = greedy.json(*arguments)
    assert (solved["status"], solved["incident"], solved["proven"]) == ("over-constrained", None, proven)
    assert rule in {one["rule"] for one in solved["violations"]}
    assert any("Hanna Hoekstra" in line for conflict in solved["conflicts"] for line in (conflict["message"], *conflict["parts"]))
    if quantity == "shifts":
        shown = greedy(*arguments).stdout
        assert "\nin conflict: Hanna Hoekstra" in shown
        assert "\n  DIO: at most 2 in this roster" in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BENCHMARK[:300], "I2.txt has"),
        ("", "I2.txt is not a benchmark of schedulingbenchmarks.org"),
        ("<html></html>", "I2.txt is not a benchmark of schedulingbenchmarks.org"),
        (BENCHMARK.replace("A,D=5,9999,0", "A,D=5,480,960"), "I2.txt:6: minimum minutes 960 is above the maximum 480"),
        (BENCHMARK.replace("\n14\n", "\n0\n", 1), "I2.txt:2: the horizon has 0 days"),
        (BENCHMARK.replace("A,D=5,9999,0,5,1,1,2\nB,D=5,9999,0,5,1,1,2\n", ""), "I2.txt: SECTION_STAFF has no lines that can be read"),
    ],
)
def test_bad_benchmarks_are_told_by_line(greedy: Greedy, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "I2.txt").write_text(text)
    for command in (["solve", "I2.txt"], ["check", "I2.txt", "roster.json"]):
        assert said in greedy.fails(1, *command)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["solve", "nowhere"], "error: there is no folder or file nowhere"),
        (["check", "I1.txt"], "error: I1.txt holds no work to check"),
        (["check", "I1.txt", "I1.txt"], "error: I1.txt is not a roster document"),
        (["check", "I1.txt", "nowhere.json"], "error: cannot read nowhere.json"),
        (["solve", "I1.txt", "--warm-start", "nowhere.json"], "error: cannot read nowhere.json"),
        (["solve", "I1.txt", "--keep", "nowhere.json"], "error: cannot read nowhere.json"),
        (["solve", "I1.txt", "--planning", "nowhere.toml"], "error: cannot read nowhere.toml"),
        (["solve", "I1.txt", "--time-limit", "0"], "error: "),
        (["solve", "I1.txt", "--workers", "0"], "error: "),
    ],
)
def test_what_the_caller_must_mend(greedy: Greedy, arguments: list[str], said: str) -> None:
    assert greedy.fails(1, *arguments).startswith(said)


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_solve_that_is_interrupted_ends_with_its_solver(greedy: Greedy, tmp_path: Path, ending: signal.Signals, code: int) -> None:
    asked = "import sys, time; sys.stdin.buffer.read(4); open('asked', 'w').close(); time.sleep(300)"  # reads the beginning of its order
    # Whoever started the tests may have asked for interrupts to be ignored, as a shell does for what it starts in the background.
    slow = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from greedy.solve import process; process.PROGRAM = {asked!r}; from greedy.cli.main import main; main({['solve', 'I1.txt', '-o', 'never.json']!r})"
    with subprocess.Popen(
        [sys.executable, "-c", slow], cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={**os.environ, **greedy.environment}
    ) as running:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (tmp_path / "asked").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        children = psutil.Process(running.pid).children(recursive=True)
        assert children
        running.send_signal(ending)
        _, said = running.communicate(timeout=PATIENCE_SECONDS)
    assert (running.returncode, "Traceback" in said, "what was not finished was not written" in said) == (code, False, True)
    assert psutil.wait_procs(children, timeout=PATIENCE_SECONDS)[1] == []
    assert not (tmp_path / "never.json").exists()
