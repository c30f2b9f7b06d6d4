"""Attempts: only what may succeed later is repeated, and not for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from greedy.database import retry
from greedy.database.errors import ConnectionError, QueryError, ServerFacts
from greedy.database.retry import retrying
from tests.timing import PATIENCE_SECONDS


async def attempts(failures: list[Exception], seconds: float = 10) -> int:
    number = 0
    async for attempt in retrying(seconds):
        with attempt:
            number += 1
            if failures:
                raise failures.pop(0)
    return number


async def test_what_may_succeed_later_is_repeated() -> None:
    assert await attempts([ConnectionError("lost", retryable=True), QueryError("deadlock", retryable=True)]) == 3


@pytest.mark.parametrize("failure", [QueryError("syntax"), RuntimeError("hers"), OSError("hers")])
async def test_anything_else_is_not(failure: Exception) -> None:
    failures = [failure, failure]
    with pytest.raises(type(failure)) as caught:
        await attempts(failures)
    assert caught.value is failure
    assert len(failures) == 1


async def test_it_ends_with_the_last_error() -> None:
    failures: list[Exception] = [ConnectionError("lost", retryable=True) for _ in range(1000)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(ConnectionError, match="lost"):
            await attempts(failures, seconds=0.2)
    assert len(failures) > 500


async def test_what_took_all_the_time_is_tried_once_more() -> None:
    assert await attempts([ConnectionError("lost", retryable=True)], seconds=0) == 2


async def test_a_server_that_asks_to_wait_is_given_the_time_though_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def asking(seconds: float) -> ConnectionError:
        return ConnectionError("too often", retryable=True, said=ServerFacts(retry_after_seconds=seconds))

    begin = time.monotonic()
    assert await attempts([asking(0.4)], seconds=0) == 2
    assert time.monotonic() - begin >= 0.4
    monkeypatch.setattr(retry, "LONGEST_WAIT_SECONDS", 0.1)
    async with asyncio.timeout(PATIENCE_SECONDS):  # not the hour that was asked for
        assert await attempts([asking(3600)], seconds=0) == 2
