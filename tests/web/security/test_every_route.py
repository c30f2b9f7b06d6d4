"""What holds for each route that there is, whoever adds one."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from greedy.web.security.csrf import SAFE_METHODS
from tests.web.strangers import BASE, csrf_of

FOR_STRANGERS = {
    ("GET", "/enter"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/settings"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
}
FORGERIES = {
    "no token": {},
    "wrong token": {"X-CSRF-Token": "guessed"},
    "another page": {"Origin": "https://evil.example"},
    "another site": {"Sec-Fetch-Site": "cross-site"},
}


@pytest.fixture
def routes(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of each, with ids in it."""
    found = [route for route in iter_route_contexts(app.routes) if route.methods]
    return {(method, re.sub(r"{\w+}", str(uuid4()), route.path)) for route in found for method in route.methods}


async def test_a_stranger_is_turned_away(stranger: httpx.AsyncClient, routes: set[tuple[str, str]]) -> None:
    assert routes >= FOR_STRANGERS
    for method, path in sorted(routes - FOR_STRANGERS):
        for headers in ({}, {"Authorization": "Bearer guessed"}):
            answer = await stranger.request(method, path, headers=headers)
            turned_away = answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in")
            assert turned_away, (method, path, answer.status_code)


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_what_our_page_has_not_sent_is_refused(planner: httpx.AsyncClient, routes: set[tuple[str, str]], forgery: str) -> None:
    own = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
    if forgery.startswith("another"):
        own["X-CSRF-Token"] = await csrf_of(planner, "/x")
    changing = sorted((method, path) for method, path in routes if method not in SAFE_METHODS)
    assert len(changing) > 20
    for method, path in changing:
        answer = await planner.request(method, path, headers=own | FORGERIES[forgery])
        assert answer.status_code == 403, (method, path, answer.status_code)
