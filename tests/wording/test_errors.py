"""What a planner is told of an error can be said in her language: rooms that the page reaches raise messages, not plain texts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from greedy.errors import CallerError, SettingsError
from tests.wording.texts import GREEDY

ROOMS = (
    "desk",
    "formats",
    "ingest/rows",
    "ingest/workbook",
    "ingest/importing.py",
    "model",
    "pipeline",
    "report",
    "solve",
    "store",
    "web",
)
# Reached from the command line alone: other formats of files, and what `greedy import --wishes` and `greedy export` write.
COMMANDS = {
    *(
        f"formats/{name}.py"
        for name in ("benchmark", "files", "practice_csv", "practice_sqlite", "problems", "roster_json", "roster_xml", "rosters")
    ),
    *(f"ingest/workbook/{name}.py" for name in ("export", "wishes")),
}


def children_of(root: str, bases: dict[str, set[str]]) -> set[str]:
    """The name of a class and those of all that inherit from it."""
    return {root}.union(*(children_of(name, bases) for name, of in bases.items() if root in of))


def told_to_planners() -> set[str]:
    """Names of the errors that a planner reads: what is outside is told in one sentence, and settings keep the server from starting."""
    bases: dict[str, set[str]] = {}
    sources = (path.read_text("utf-8") for path in GREEDY.rglob("*.py"))
    for source in sources:
        for node in ast.walk(ast.parse(source)) if "Error):" in source else ():
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).rpartition(".")[2] for base in node.bases)
    return children_of(CallerError.__name__, bases) - children_of(SettingsError.__name__, bases)


def plain_texts(source: str, names: set[str]) -> Iterator[str]:
    """The texts that errors of these names are made with, and that are no messages."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in names:
            continue
        advice = [keyword.value for keyword in node.keywords if keyword.arg == "next_step"]
        for text in [*node.args[:1], *advice]:
            if isinstance(text, ast.JoinedStr | ast.BinOp) or (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                yield f"{node.lineno}: {ast.unparse(text)}"


def test_errors_that_a_planner_reads_are_messages() -> None:
    names = told_to_planners()
    assert {"InputError", "UnknownRosterError", "WorkbookError", "PlanUnderWayError"} <= names
    paths = [path for room in ROOMS for path in ([GREEDY / room] if room.endswith(".py") else sorted((GREEDY / room).rglob("*.py")))]
    plain = {name: texts for path in paths if (texts := list(plain_texts(path.read_text("utf-8"), names))) for name in [_name(path)]}
    assert {name: texts for name, texts in plain.items() if name not in COMMANDS} == {}


def test_plain_texts_are_found() -> None:
    source = 'InputError("a")\nerrors.InputError(f"{b}", next_step="c")\nInputError(Message("d"), next_step=Message("e"))\nOther("f")'
    assert list(plain_texts(source, {"InputError"})) == ["1: 'a'", "2: f'{b}'", "2: 'c'"]


def _name(path: Path) -> str:
    return path.relative_to(GREEDY).as_posix()
