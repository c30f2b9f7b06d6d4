"""The database functions over a direct connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter

from greedy.database.executor import Executor
from greedy.store.functions import FunctionStore

Answer = TypeVar("Answer")


class PostgresFunctions:
    """Functions of the schema that a connector looks in. Documents cross as JSON text."""

    def __init__(self, db: Executor) -> None:
        self._db = db

    @property
    def server(self) -> str:
        """Which server, without its password."""
        return self._db.server

    async def call(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        """Call a function of ours once; see `Functions`."""
        values = [value.model_dump_json() if isinstance(value, BaseModel) else value for value in arguments.values()]
        given = ", ".join(
            f"{name} => ${number}{'::text::jsonb' if isinstance(value, BaseModel) else ''}"
            for number, (name, value) in enumerate(arguments.items(), start=1)
        )
        text = await self._db.execute(f"select {function}({given})::text", values, fetch_val=True)
        return answer.validate_python(None) if text is None else answer.validate_json(text)


class PostgresStore(FunctionStore):
    """Rosters in a PostgreSQL database that is migrated."""

    def __init__(self, db: Executor) -> None:
        super().__init__(PostgresFunctions(db))
