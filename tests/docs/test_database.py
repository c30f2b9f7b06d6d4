"""docs/database.md is true: the python blocks of each section run, and each public name and command of the service stands in it."""

from __future__ import annotations

import ast
import inspect
import re
import types
from pathlib import Path

import pytest

import greedy.database
import greedy.database.sync
import greedy.database.testing
from greedy.cli.database import app
from greedy.database import DBConnector

DOCUMENT = (Path(__file__).parents[2] / "docs" / "database.md").read_text(encoding="utf-8")
BLOCKS = {
    section.partition("\n")[0]: "\n".join(blocks)
    for section in DOCUMENT.split("\n## ")
    if (blocks := re.findall(r"```python\n(.*?)```", section, re.DOTALL))
}
PUBLIC = [*greedy.database.__all__, *greedy.database.testing.__all__]
COMMANDS = [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]


@pytest.mark.parametrize("section", BLOCKS)
async def test_the_blocks_of_a_section_run(section: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = compile(BLOCKS[section], section, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    async with DBConnector(database_url, min_size=1) as db:
        ran = types.FunctionType(code, {"db": db, "url": database_url, "__name__": "block"})()
        if inspect.iscoroutine(ran):
            await ran


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_told(name: str) -> None:
    assert re.search(rf"\b{name}\b", DOCUMENT)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_told(command: str) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"greedy db {command}" in DOCUMENT + readme
