"""The end of processes that a program has started."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import PIPE

import pytest

from greedy.stopping import end_process


async def test_a_process_that_has_just_ended_keeps_its_exit_code(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(60):
        process = await asyncio.create_subprocess_exec("sh", "-c", "exit 3", stdout=PIPE)
        assert process.stdout is not None
        assert await process.stdout.read() == b""  # which is when it ends
        end_process(process)
        assert await process.wait() in (3, -signal.SIGKILL)
    assert [record.message for record in caplog.records if record.name == "asyncio" and record.levelname == "WARNING"] == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_process_that_goes_on_is_ended(how: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec("sleep", "infinity")
    end_process(process, how)
    assert await process.wait() == -how
