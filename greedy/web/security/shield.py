"""What every answer tells the browser to refuse, and no fault of ours shown to it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
HTTPS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}

Fail = Callable[[Request, Exception], Response]


class Shield:
    """Outermost layer: headers on every answer, and no exception to the browser."""

    def __init__(self, app: ASGIApp, *, https: bool, fail: Fail) -> None:
        self._app, self._https, self._fail = app, https, fail
        self._headers = HEADERS | (HTTPS_HEADERS if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith("/static/") and message["status"] in (200, 304):
                    headers.setdefault("Cache-Control", "no-cache")  # asked for again, and sent again only when it has changed
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if self._https:
            scope["scheme"] = "https"
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as exc:
            if begun:
                raise
            await self._fail(Request(scope), exc)(scope, receive, send_with_headers)
