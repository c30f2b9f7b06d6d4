"""Connections that ask for nothing, or take for ever to do so: they make room for planners, who do."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEAD_SECONDS = 20.0  # for the head of a request, on a new connection or after an answer
MOST_CONNECTIONS = 400  # of the 1024 files that a process mostly may have open


class Connection(H11Protocol):
    """A connection that is closed when it is idle for long; and when there are too many, the one that has been so for longest."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._waiting_since = 0.0
        self._until: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether we wait for the other side: for a request, or for the rest of one. Not while it still has to take an answer."""
        is_answered = self.cycle is None or self.cycle.response_complete or self.cycle.more_body
        return is_answered and not self.transport.is_closing() and self.transport.get_write_buffer_size() == 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request; without a place for it, the oldest one that waits has to go."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > MOST_CONNECTIONS:
            others = [one for one in self.connections if isinstance(one, Connection) and one is not self and one.is_waiting]
            min(others, key=lambda one: one._waiting_since, default=self).transport.abort()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._wait()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        if self._until is not None:
            self._until.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._until is not None:
            self._until.cancel()
        self._waiting_since = self.loop.time()
        self._until = self.loop.call_later(HEAD_SECONDS, self._end_of_patience)

    def _end_of_patience(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()  # what is on its way still arrives
