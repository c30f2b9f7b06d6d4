"""docs/database.md is true: each of its python blocks runs, and each public name and command of the service stands in it."""

from __future__ import annotations

import ast
import inspect
import re
import types
from pathlib import Path

import pytest

import greedy.database
import greedy.database.testing
from greedy.cli.database import app
from greedy.database.connector import DBConnector

DOCUMENT = (Path(__file__).parents[2] / "docs" / "database.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
async def test_every_block_runs(number: int, db: DBConnector, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = compile(BLOCKS[number], f"block {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    ran = types.FunctionType(code, {"db": db, "url": database_url, "__name__": "block"})()
    if inspect.iscoroutine(ran):
        await ran


@pytest.mark.parametrize("name", [*greedy.database.__all__, *greedy.database.testing.__all__])
def test_every_public_name_is_told(name: str) -> None:
    assert re.search(rf"\b{name}\b", DOCUMENT), name


@pytest.mark.parametrize("command", [command.name or command.callback.__name__ for command in app.registered_commands])
def test_every_command_is_told(command: str) -> None:
    assert f"greedy db {command}" in DOCUMENT
