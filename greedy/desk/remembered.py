"""Values that are made once, however many ask for them at the same time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Keeps the `most` values that were asked for last. What could not be made is not kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: OrderedDict[Key, asyncio.Task[Value]] = OrderedDict()

    async def get(self, key: Key, make: Callable[[], Awaitable[Value]]) -> Value:
        """The value of a key, made if need be. Who waits for it may be cut off: it is made for the others all the same."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.ensure_future(_made(make))
            task.add_done_callback(lambda done: self._forget_failure(key, done))
            while len(self._tasks) > self._most:
                self._tasks.popitem(last=False)
        else:
            self._tasks.move_to_end(key)
        return await asyncio.shield(task)

    def forget(self, key: Key) -> None:
        """Make the value of a key anew when it is asked for again."""
        self._tasks.pop(key, None)

    def _forget_failure(self, key: Key, task: asyncio.Task[Value]) -> None:
        if (task.cancelled() or task.exception() is not None) and self._tasks.get(key) is task:
            del self._tasks[key]


async def _made(make: Callable[[], Awaitable[Value]]) -> Value:
    return await make()
