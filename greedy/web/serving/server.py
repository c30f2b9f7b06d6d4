"""Serving the page: a socket, the server, and the worker beside it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import uvicorn

from greedy.errors import SettingsError
from greedy.web.app import create_app
from greedy.web.serving.connections import Connection
from greedy.web.serving.worker_child import kept_alive

if TYPE_CHECKING:
    from greedy.settings import Settings
    from greedy.web.security.access import Access

GOODBYE_SECONDS = 5


@dataclass(frozen=True)
class Offer:
    """How a server is reached.

    Parameters
    ----------
    host, port
        Where it listens; port 0 is a free one.
    host_names
        Names by which browsers may ask for it.
    behind_https
        A proxy on this machine speaks https with the browsers.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    host_names: list[str] = field(default_factory=list)
    behind_https: bool = False


async def serve(
    settings: Settings,
    access: Access,
    offer: Offer,
    *,
    database: str | None = None,
    schema: str | None = None,
    worker: bool = True,
    on_start: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the page until the process is asked to end.

    Parameters
    ----------
    settings, access, database, schema
        See `create_app`.
    worker
        Keep a worker process, which makes the plans that are asked for.
    on_start
        Called with the URL of the page when it can be opened.

    Raises
    ------
    SettingsError
        The address cannot be listened on.
    GreedyError
        The database cannot be used.
    """
    with _listening(offer) as listening:
        port = listening.getsockname()[1]
        app = create_app(
            settings,
            access=access,
            database=database,
            schema=schema,
            hosts=offer.host_names,
            https=offer.behind_https,
            cookie=f"greedy_{port}",
        )
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,  # its lines would show the token of the first URL
            server_header=False,
            proxy_headers=offer.behind_https,
            http=Connection,
            timeout_graceful_shutdown=GOODBYE_SECONDS,
        )
        server = _Server(config)
        async with app.router.lifespan_context(app), _perhaps_worker(settings, database, schema, worker=worker):
            on_start(url_of(offer, port))
            await server.serve(sockets=[listening])


def url_of(offer: Offer, port: int) -> str:
    """Where browsers find the page."""
    if offer.behind_https:
        return f"https://{offer.host_names[0] if offer.host_names else 'localhost'}"
    anywhere = offer.host in ("0.0.0.0", "::")  # noqa: S104  compared, not listened on
    host = (offer.host_names[0] if offer.host_names else socket.gethostname()) if anywhere else offer.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class _Server(uvicorn.Server):
    """A server that a signal asks to end, which is how it is meant to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


@contextlib.contextmanager
def _listening(offer: Offer) -> Iterator[socket.socket]:
    try:
        family, *_, address = socket.getaddrinfo(offer.host, offer.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError) as exc:
        raise SettingsError(
            f"cannot listen on {offer.host}, port {offer.port}: {exc}", next_step="give another --port, or another --host"
        ) from exc
    with listening:
        yield listening


@contextlib.asynccontextmanager
async def _perhaps_worker(settings: Settings, database: str | None, schema: str | None, *, worker: bool) -> AsyncIterator[None]:
    if not worker:
        yield
        return
    async with kept_alive(settings, database, schema):
        yield
