from __future__ import annotations

import asyncio
import threading

import pytest

from greedy.generate.sinks.ending import to_its_end
from tests.timing import PATIENCE_SECONDS


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("fails", [False, True])
async def test_what_is_under_way_ends_before_the_cancellation_is_heard(times: int, fails: bool) -> None:
    go_on, ended = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(PATIENCE_SECONDS)
        ended.set()
        if fails:
            raise OSError

    task = asyncio.ensure_future(to_its_end(asyncio.to_thread(work)))
    for _ in range(times):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_its_result_and_its_failure_are_told() -> None:
    assert await to_its_end(asyncio.to_thread(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        await to_its_end(asyncio.to_thread(lambda: 1 // 0))
