"""Examples of the database service: each a short program on real tables, in a schema of its own that is dropped afterwards.

`greedy db examples list` names them, `greedy db examples run NAME` runs one. The first line of an example's docstring says what it shows.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

from greedy.database.connector import DBConnector
from greedy.database.identifiers import quoted
from greedy.database.schema.setup import SchemaSetup

Say: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Example:
    """One example: its name, what it shows, where its text is, and the program itself."""

    name: str
    shows: str
    path: Path
    main: Callable[[DBConnector, str, Say], Awaitable[None]]


def examples() -> dict[str, Example]:
    """All examples by name."""
    return {info.name: _example(info.name) for info in pkgutil.iter_modules(__path__)}


def _example(name: str) -> Example:
    module = importlib.import_module(f"{__name__}.{name}")
    return Example(name, (module.__doc__ or "").partition("\n")[0], Path(module.__file__ or ""), module.main)


async def run_example(example: Example, url: str, say: Say) -> None:
    """Run an example in a new project schema of the database at `url`; the schema is dropped whatever happens.

    Parameters
    ----------
    example
        One of `examples()`.
    url
        PostgreSQL database in which schemas may be made.
    say
        Gets the lines that the example prints.
    """
    schema = f"example_{uuid4().hex[:8]}"
    async with DBConnector(url, min_size=1) as owner:
        await SchemaSetup(owner).ensure_project_schema(schema)
        try:
            async with DBConnector(url, min_size=1, schema=schema) as db:
                await example.main(db, url, say)
        finally:
            await owner.execute(f"drop schema {quoted(schema)} cascade")
