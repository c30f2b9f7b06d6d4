"""Whoever talks to the application without a browser, in this process: what a browser would never send, too."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

BASE = "http://127.0.0.1:8765"


@asynccontextmanager
async def client_of(app: FastAPI, cookie: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application. What fails in it comes back as a client over the network would see it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies={"greedy": cookie} if cookie else None) as client:
        yield client


async def csrf_of(client: httpx.AsyncClient, path: str = "/sign-in") -> str:
    """The token in the forms of a page."""
    return csrf_in((await client.get(path)).text)


def csrf_in(html: str) -> str:
    """The token in the forms of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found is not None, html
    return found[1]
