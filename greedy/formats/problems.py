"""Problems as files: practice tables in a folder or in SQLite, or a benchmark text. Which one it is, is seen from the content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from greedy.errors import InputError
from greedy.formats.benchmark import read_benchmark
from greedy.formats.planned import apply_planning
from greedy.formats.planning import Planning, faulty
from greedy.formats.practice import to_problem, to_roster
from greedy.formats.practice_csv import read_practice
from greedy.formats.practice_sqlite import is_sqlite, read_practice_sqlite
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.model.wishes import Wish, WishKind

STABILITY = Wish(WishKind.STABILITY, priority=1)


@dataclass(frozen=True)
class ProblemFile:
    """A problem that was read. `standing`: the work that the file itself holds; None for a format that holds none. `name`: for people."""

    problem: Problem
    name: str
    standing: Roster | None


def read_tables(path: Path, roster: str | None = None) -> PracticeTables:
    """Read the practice tables of one roster.

    Parameters
    ----------
    path
        A folder of CSV files, which holds one roster, or a SQLite file.
    roster
        Id or name of the roster; may be left out where there is one.

    Raises
    ------
    InputError
        With every fault of the file or files, or there is no such roster.
    OutsideError
        Another program writes to the SQLite file.
    """
    if path.is_file():
        if is_sqlite(path):
            return read_practice_sqlite(path, roster)
        raise InputError(f"{path} is not a SQLite file", next_step="give one, or a folder of practice tables as CSV")
    if not path.is_dir():
        raise InputError(f"there is no folder or file {path}", next_step="give a SQLite file, or a folder of practice tables as CSV")
    tables = read_practice(path)
    if roster not in (None, str(tables.roster.id), tables.roster.naam):
        raise InputError(
            f"{path} holds the roster {tables.roster.id}, {tables.roster.naam}, not {roster!r}", next_step="leave --roster out"
        )
    return tables


def read_problem(
    path: Path, *, roster: str | None = None, limit_worked_days: bool = False, wishes: bool = False, planning: Planning | None = None
) -> ProblemFile:
    """Read a folder of practice tables, a SQLite file with them, or a benchmark text.

    Parameters
    ----------
    path
        Folder or file.
    roster
        For practice tables: id or name of the roster, where there are several.
    limit_worked_days
        For practice tables: `aantalwerkdagen` is the most days that an employee may work.
    wishes
        For practice tables: all wishes of the practice, not only those that `planning` names.
    planning
        Wishes, limits and the rest that the file does not hold.

    Raises
    ------
    InputError
        With every fault of the file or files.
    OutsideError
        Another program writes to the SQLite file.
    """
    if path.is_dir() or is_sqlite(path):
        tables = read_tables(path, roster)
        problem = to_problem(tables, limit_worked_days=limit_worked_days, wishes=wishes, planning=planning)
        return ProblemFile(problem, tables.roster.naam or "", to_roster(tables))
    if not path.exists():
        raise InputError(
            f"there is no folder or file {path}",
            next_step="give practice tables as a folder of CSV files or SQLite, or a benchmark text",
        )
    problem = read_benchmark(path)
    if roster is not None:
        raise InputError(f"--roster: {path} is a benchmark text, which holds one roster", next_step="leave --roster out")
    if wishes:
        raise InputError(
            f"--wishes: {path} is a benchmark text, and the usual wishes are a practice's", next_step="name wishes in a --planning file"
        )
    if planning is not None:
        if planning.file.demand is not None:
            raise faulty(planning.path, ["demand: a benchmark text has weights of its own, and no classes of demand"])
        problem = apply_planning(problem, planning)
    return ProblemFile(problem, problem.roster_id, None)


def keep_to(problem: Problem, earlier: Roster) -> Problem:
    """The problem with the wish for few changes of an earlier roster; of those wishes the one that it has, or one of priority 1."""
    wishes = problem.wishes
    if all(wish.kind is not WishKind.STABILITY for wish in wishes):
        wishes = (*wishes, STABILITY)
    return replace(problem, previous=frozenset(earlier.assignments), wishes=wishes)
