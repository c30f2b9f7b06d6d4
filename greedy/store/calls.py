"""Calls of the versioned functions of the database, whichever way they go, tried again while that does no harm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from greedy.database.errors import (
    ConnectionError,  # noqa: A004  the project's own
    DatabaseError,
    QueryError,
)
from greedy.database.retry import RETRY_SECONDS, retrying
from greedy.model.message import Message
from greedy.store.answers import faults_in
from greedy.store.base import RosterBusyError

Answer = TypeVar("Answer")
Read = TypeVar("Read")


class Functions(Protocol):
    """The functions of a migrated database, which each answer with one jsonb scalar: one call, one round trip, one transaction."""

    @property
    def server(self) -> str:
        """Which server, for messages; without secrets."""
        ...

    async def call(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        """Call a function once.

        Parameters
        ----------
        function
            Its name.
        arguments
            By the names of its parameters. A pydantic model is a jsonb document.
        answer
            What reads the answer; SQL's null reads as None.

        Raises
        ------
        DatabaseError
            The call failed.
        pydantic.ValidationError
            `answer` cannot read what came back.
        """
        ...


class Calls:
    """Functions called again, for RETRY_SECONDS, while they fail with an error that is `retryable`. Then that error is raised."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions

    @property
    def server(self) -> str:
        """Which server, for messages."""
        return self.functions.server

    async def once(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        """Call a function once. An answer that cannot be read is a QueryError."""
        try:
            return await self.functions.call(function, arguments, answer)
        except ValidationError as exc:
            message = f"{self.server} answered {function} with something that this program does not understand"
            raise QueryError(message, details=faults_in(exc), next_step=Message("greedy doctor")) from None

    async def read(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        """Call a function that changes nothing."""
        return await repeated(lambda: self.once(function, arguments, answer))

    async def change(
        self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer], read: Callable[[Answer], Read]
    ) -> Read:
        """Call a function that changes the database, and finds its own work when it is called again. `read` raises what an answer means."""

        async def once() -> Read:
            return read(await self.once(function, arguments, answer))

        return await done_once(once)


async def repeated(once: Callable[[], Awaitable[Answer]]) -> Answer:
    """What `once` gives, however often it takes."""
    async for attempt in retrying(RETRY_SECONDS):
        with attempt:
            answer = await once()
    return answer


async def done_once(once: Callable[[], Awaitable[Answer]]) -> Answer:
    """As `repeated`, for what changes the database. An error after an answer that was lost does not hide that loss."""
    loss: DatabaseError | None = None

    async def attempt() -> Answer:
        nonlocal loss
        try:
            return await once()
        except DatabaseError as exc:
            loss = exc if exc.outcome_unknown else loss
            raise

    try:
        return await repeated(attempt)
    except (DatabaseError, RosterBusyError) as exc:
        if loss is None or exc is loss:
            raise
        details = [f"tried again: {exc.message}"]
        raise ConnectionError(loss.message, next_step=loss.next_step, details=details, retryable=True) from exc
