"""The texts that the program says to people: found in its source and in its templates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jinja2
from jinja2 import nodes

GREEDY = Path(__file__).parents[2] / "greedy"
FUNCTIONS = {"Message", "_", "ngettext"}
METHODS = {"say", "count"}
WITH_PLURAL = {"count", "ngettext"}


class Text(NamedTuple):
    """A text and where it stands; `many`: its plural."""

    one: str
    many: str | None
    place: str


class Unreadable(NamedTuple):
    """A call that says something which cannot be read from the source."""

    place: str
    call: str


def texts_of_python(source: str, name: str) -> Iterator[Text | Unreadable]:
    """Every text in a module: the first argument of `Message`, of `_`, and of the methods `say` and `count` where it stands there."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if function not in (FUNCTIONS if isinstance(node.func, ast.Name) else METHODS):
            continue
        first = node.args[0]
        place = f"{name}:{node.lineno}"
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            if function not in WITH_PLURAL:
                yield Text(first.value, None, place)
            elif len(node.args) > 1 and isinstance(second := node.args[1], ast.Constant) and isinstance(second.value, str):
                yield Text(first.value, second.value, place)
        elif function == "Message" or isinstance(first, ast.JoinedStr | ast.BinOp):
            yield Unreadable(place, ast.unparse(node))


def texts_of_template(source: str, name: str) -> Iterator[Text | Unreadable]:
    """Every text in a template."""
    for node in jinja2.Environment(autoescape=True).parse(source).find_all(nodes.Call):
        function = node.node.name if isinstance(node.node, nodes.Name) else node.node.attr if isinstance(node.node, nodes.Getattr) else ""
        if function not in (FUNCTIONS | METHODS) or not node.args:
            continue
        first, place = node.args[0], f"{name}:{node.lineno}"
        if isinstance(first, nodes.Const) and isinstance(first.value, str):
            second = node.args[1] if function in WITH_PLURAL and len(node.args) > 1 else None
            yield Text(first.value, second.value if isinstance(second, nodes.Const) else None, place)
        elif isinstance(first, nodes.Concat | nodes.Add | nodes.Mod):
            yield Unreadable(place, f"{function}({first})")


@cache
def all_texts() -> list[Text | Unreadable]:
    """Every text of the package."""
    found: list[Text | Unreadable] = []
    for path in sorted(GREEDY.rglob("*")):
        name = str(path.relative_to(GREEDY))
        if path.suffix == ".py":
            found += texts_of_python(path.read_text(encoding="utf-8"), name)
        elif path.suffix in (".html", ".jinja", ".j2") and path.is_file():
            found += texts_of_template(path.read_text(encoding="utf-8"), name)
    return found
