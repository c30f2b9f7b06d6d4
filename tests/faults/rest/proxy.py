"""A server that stands before the REST server and spoils the answers that it is told to spoil, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from tests.timing import PATIENCE_SECONDS

FOREVER = 1_000


@dataclass
class Exchange:
    """One request that arrived, and the wire back to who sent it."""

    function: str
    head: str
    body: bytes
    writer: asyncio.StreamWriter
    forward: Callable[[], Awaitable[httpx.Response]]
    falls_silent: Callable[[], None]

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, length: int | None = None) -> None:
        """A whole answer; with `length` it says so many bytes, whatever it holds."""
        try:
            reason = HTTPStatus(status).phrase
        except ValueError:
            reason = ""
        lines = {"content-type": "application/json", "content-length": str(len(body) if length is None else length), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        await self.send(f"HTTP/1.1 {status} {reason}\r\n{head}\r\n".encode() + body)

    def reset(self) -> None:
        """Tear the connection down, as a crash does."""
        self.writer.transport.abort()


Fault = Callable[[Exchange], Awaitable[None]]


async def nothing_wrong(exchange: Exchange) -> None:
    response = await exchange.forward()
    await exchange.answer(response.status_code, response.content, {"content-type": response.headers.get("content-type", "")})


@dataclass
class Proxy:
    """Spoils the calls of a function one after the other as `plan` says; what is not planned goes through unchanged."""

    upstream: str
    url: str = ""
    calls: list[str] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    on_silence: Callable[[], None] = lambda: None
    _plans: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _always: dict[str, Fault] = field(default_factory=dict)

    def plan(self, function: str, *faults: Fault) -> None:
        """The next calls of `function` are spoilt so, one fault a call."""
        self._plans[function].extend(faults)

    def always(self, function: str, fault: Fault) -> None:
        """Every call of `function` is spoilt so."""
        self._always[function] = fault

    def fault_of(self, function: str) -> Fault:
        self.calls.append(function)
        if self._plans[function]:
            return self._plans[function].popleft()
        return self._always.get(function, nothing_wrong)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
                while await self._serve_one(client, reader, writer):
                    pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the program has gone, or the test is over
        except Exception as exc:  # noqa: BLE001  a fault of the test, told at its end
            self.faults.append(exc)
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _serve_one(self, client: httpx.AsyncClient, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *lines = head.split("\r\n")
        method, path, _ = request_line.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        passed = {name: value for name, value in headers.items() if name not in ("host", "content-length", "connection", "accept-encoding")}

        async def forward() -> httpx.Response:
            return await client.request(method, self.upstream + path, headers=passed, content=body)

        function = path.partition("?")[0].rpartition("/")[2]
        exchange = Exchange(function, head, body, writer, forward, self.on_silence)
        try:
            await self.fault_of(function)(exchange)
        except httpx.TransportError:  # what stands behind is gone: a gateway says so
            await page(502, "Bad gateway")(exchange)
        return not writer.is_closing()


@contextmanager
def spoiling(upstream: str, certificate: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """A proxy before `upstream`, while the block runs."""
    proxy = Proxy(upstream)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=certificate, limit=1 << 26)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        server = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE_SECONDS)
        proxy.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield proxy
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(PATIENCE_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()
    assert not proxy.faults, proxy.faults


def says(status: int, code: str | None = None, message: str = "made up by the test", **headers: str) -> Fault:
    """Refused in JSON, as PostgREST and the gateways do; nothing was done."""

    async def fault(exchange: Exchange) -> None:
        body = {"message": message, "code": code, "details": None, "hint": None}
        await exchange.answer(status, json.dumps(body).encode(), headers)

    return fault


def page(status: int, title: str = "Something went wrong", *, content_type: str = "text/html") -> Fault:
    """A page of HTML, with the request's own key in it: nobody wants to read all of it."""

    async def fault(exchange: Exchange) -> None:
        html = (
            f"<!DOCTYPE html><html><head><title>{title}</title></head><body><pre>{exchange.head}</pre>{'<p>long</p>' * 5_000}</body></html>"
        )
        await exchange.answer(status, html.encode(), {"content-type": content_type})

    return fault


def empty(status: int) -> Fault:
    """No body at all."""

    async def fault(exchange: Exchange) -> None:
        await exchange.answer(status, b"")

    return fault


def redirect(status: int, location: str) -> Fault:
    """Elsewhere, please."""

    async def fault(exchange: Exchange) -> None:
        await exchange.answer(status, b"", {"location": location})

    return fault


def after_commit(fault: Fault) -> Fault:
    """First done, then spoilt."""

    async def both(exchange: Exchange) -> None:
        await exchange.forward()
        await fault(exchange)

    return both


async def dropped(exchange: Exchange) -> None:
    """The connection is torn down without an answer."""
    exchange.reset()


async def closed(exchange: Exchange) -> None:
    """The connection is closed politely, without an answer."""
    exchange.writer.close()


async def hangs(exchange: Exchange) -> None:
    """Nothing, for longer than anybody waits."""
    exchange.falls_silent()
    await asyncio.sleep(FOREVER)


async def trickles(exchange: Exchange) -> None:
    """An answer of which a byte comes now and then, so that each wait is short."""
    await exchange.answer(200, b"{", length=1_000_000)
    exchange.falls_silent()
    while True:
        await exchange.send(b" ")
        await asyncio.sleep(0.05)


async def half(exchange: Exchange) -> None:
    """Done, and half of the answer, which says its length."""
    body = (await exchange.forward()).content
    await exchange.answer(200, body[: len(body) // 2], length=len(body))
    exchange.writer.close()


async def half_in_chunks(exchange: Exchange) -> None:
    """Done, and the first of several chunks of the answer."""
    body = (await exchange.forward()).content
    part = body[: len(body) // 2]
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    await exchange.send(f"{head}{len(part):x}\r\n".encode() + part + b"\r\n")
    exchange.writer.close()


async def half_unmarked(exchange: Exchange) -> None:
    """Done, and half of the answer, which ends where the connection does."""
    body = (await exchange.forward()).content
    await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n" + body[: len(body) // 2])
    exchange.writer.close()


async def not_http(exchange: Exchange) -> None:
    """Something that speaks another language."""
    await exchange.send(b"SSH-2.0-OpenSSH_9.6\r\n")
    exchange.writer.close()


async def not_text(exchange: Exchange) -> None:
    """Said to be JSON, and not even text."""
    await exchange.answer(200, b'"\xff\xfe\xfd"')


async def not_compressed(exchange: Exchange) -> None:
    """Said to be compressed, and not so."""
    await exchange.answer(200, b'{"outcome": "written"}', {"content-encoding": "gzip"})


async def another_shape(exchange: Exchange) -> None:
    """JSON, and not what the function answers."""
    await exchange.answer(200, b'{"hello": ["world"]}')
