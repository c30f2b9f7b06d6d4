"""The door of the page: what a request must be before anything looks at what it wants."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from urllib.parse import quote, urlsplit

from starlette import types
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from greedy.model.message import Message
from greedy.web.security.access import Access
from greedy.web.security.csrf import is_own
from greedy.web.security.refusal import RefusedError

MEGABYTE = 1024 * 1024
MOST_UPLOAD_BYTES, MOST_BODY_BYTES, MOST_STRANGER_BYTES = 20 * MEGABYTE, MEGABYTE, 64 * 1024
MOST_DRAINED_BYTES = 512 * MEGABYTE
BODY_SECONDS, LEAST_BYTES_PER_SECOND = 30.0, 10_000  # a body that comes more slowly is waited for no longer
PUBLIC = ("/enter", "/sign-in", "/static/", "/health/", "/settings", "/favicon.ico")
OTHER_NAME = Message("This server has another name than the one that was asked for.")
ELSEWHERE = Message("This was sent by another page than one of this server, and was not done.")
HANG_UP = {"Connection": "close"}  # as the rest of the body may never come
TOO_SLOW = Message("What was sent came too slowly, and was waited for no longer. Nothing was changed.")
SIGN_IN = Message("Sign in first.")
SIGN_IN_ELSEWHERE = Message("Your session is over. Sign in again in another tab, then repeat this here: what you filled in is still there.")

Refuse = Callable[[Request, RefusedError], Response]


class Door:
    """Within the session: hosts that are ours, public paths alone for who is not signed in, and nobody sends more than allowed."""

    def __init__(self, app: ASGIApp, *, access: Access, hosts: Collection[str], refuse: Refuse) -> None:
        self._app, self._access, self._refuse = app, access, refuse
        self._hosts = {name.lower() for name in hosts} | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        if not self._is_ours(request.headers.getlist("host")):
            return await self._refuse(request, RefusedError(400, OTHER_NAME))(scope, receive, send)
        person = self._access.of_session(scope["session"])
        authorization = request.headers.get("authorization", "")
        if authorization[:7].lower() == "bearer ":
            person = await self._access.by_bearer(authorization[7:].strip())
            request.state.bearer = True
        request.state.signed_in = person
        if not is_own(request):
            return await self._refuse(request, RefusedError(403, ELSEWHERE))(scope, receive, send)
        if person is None and not _is_public(request.url.path):
            return await self._turned_away(request)(scope, receive, send)
        body = _Body(request, receive, _most_bytes(request) if person else MOST_STRANGER_BYTES)
        answered = False

        async def send_unless_refused(message: types.Message) -> None:
            nonlocal answered
            answered = answered or body.refusal is None
            if answered:
                await send(message)

        if await body.is_announced_short():
            await self._app(scope, body.receive, send_unless_refused)
        if body.refusal is not None and not answered:
            await self._refuse(request, body.refusal)(scope, receive, send)
        return None

    def _is_ours(self, hosts: list[str]) -> bool:
        """Whether the Host header names us. An address always does: a page of somebody else's can point a name at us, not an address."""
        if len(hosts) != 1:
            return False
        try:
            name = urlsplit(f"//{hosts[0]}").hostname or ""
            ipaddress.ip_address(name)
        except ValueError:
            return hosts[0].rpartition(":")[0].lower() in self._hosts or hosts[0].lower() in self._hosts
        return True

    def _turned_away(self, request: Request) -> Response:
        if request.url.path.startswith("/api/"):
            return self._refuse(request, RefusedError(401, SIGN_IN, headers={"WWW-Authenticate": "Bearer"}))
        if request.method != "GET" or request.headers.get("hx-request"):
            return self._refuse(request, RefusedError(401, SIGN_IN_ELSEWHERE))
        where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/sign-in" + (f"?next={quote(where, safe='')}" if where != "/" else ""), status_code=303)


class _Body:
    """The body of a request, as long as it may be. `refusal`: why it was not taken; what reads it sees a sender who has gone."""

    def __init__(self, request: Request, receive: Receive, most: int) -> None:
        self._request, self._receive, self._most = request, receive, most
        self._seen, self._waited, self._is_whole = 0, 0.0, False
        self.refusal: RefusedError | None = None

    async def is_announced_short(self) -> bool:
        """Whether its size, where it is told, is allowed: before anything of it is kept."""
        said = self._request.headers.get("content-length", "0")
        if not (said.isascii() and said.isdecimal() and len(said) < 20 and int(said) <= self._most):
            await self._drain()
        return self.refusal is None

    async def receive(self) -> types.Message:
        if self._is_whole:
            return await self._receive()  # when the sender goes
        try:
            message = await self._in_time()
        except TimeoutError:
            self.refusal = RefusedError(408, TOO_SLOW, headers=HANG_UP)
            return {"type": "http.disconnect"}
        if self._seen > self._most:
            if not self._is_whole:
                await self._drain()
            self.refusal = _too_large(self._most)
            return {"type": "http.disconnect"}
        return message

    async def _in_time(self) -> types.Message:
        """The next part. Raises TimeoutError when all of it takes longer than a slow line would."""
        begun = time.monotonic()
        async with asyncio.timeout(BODY_SECONDS + self._seen / LEAST_BYTES_PER_SECOND - self._waited):
            message = await self._receive()
        self._waited += time.monotonic() - begun
        self._seen += len(message.get("body", b""))
        self._is_whole = not message.get("more_body")
        return message

    async def _drain(self) -> None:
        """Let the sender finish, or a browser shows a broken connection instead of the answer."""
        self.refusal = _too_large(self._most)
        with suppress(TimeoutError):
            while self._seen < MOST_DRAINED_BYTES and not self._is_whole:
                await self._in_time()


def _too_large(most_bytes: int) -> RefusedError:
    most = max(1, most_bytes // MEGABYTE)
    text = Message("This is too large: at most {most} MB can be sent at once. Nothing was changed.", most=most)
    return RefusedError(413, text, headers=HANG_UP)


def _most_bytes(request: Request) -> int:
    multipart = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    return MOST_UPLOAD_BYTES + MOST_STRANGER_BYTES if multipart else MOST_BODY_BYTES


def _is_public(path: str) -> bool:
    return any(path == public or (public.endswith("/") and path.startswith(public)) for public in PUBLIC)
