"""A form that our own page has not sent changes nothing."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from tests.web.conftest import TOKEN
from tests.web.strangers import BASE, client_of, csrf_of

OWN = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
PAGE = "/no-such-page"  # each page has forms: that of the language


async def test_a_form_of_ours_is_done(planner: httpx.AsyncClient, app: FastAPI) -> None:
    csrf = await csrf_of(planner, PAGE)
    assert (await planner.post("/trial/change", data={"csrf": csrf, "text": "yes"}, headers=OWN)).json() == {"done": "yes"}
    assert (await planner.post("/trial/change", headers=OWN | {"X-CSRF-Token": csrf})).status_code == 200
    assert len(app.state.changes) == 2


@pytest.mark.parametrize("csrf", ["", "x", "é" * 43, "\x00", None])
async def test_a_forged_token_is_refused(planner: httpx.AsyncClient, app: FastAPI, csrf: str | None) -> None:
    await csrf_of(planner, PAGE)
    answer = await planner.post("/trial/change", data={} if csrf is None else {"csrf": csrf}, headers=OWN)
    assert answer.status_code == 403
    assert "load the page again" in answer.text
    assert not app.state.changes


async def test_the_token_of_another_session_is_refused(planner: httpx.AsyncClient, app: FastAPI) -> None:
    async with client_of(app) as other:
        await other.get("/enter", params={"token": TOKEN})
        foreign = await csrf_of(other, PAGE)
    await csrf_of(planner, PAGE)
    assert (await planner.post("/trial/change", data={"csrf": foreign}, headers=OWN)).status_code == 403
    assert not app.state.changes


async def test_a_file_in_place_of_the_token_is_refused(planner: httpx.AsyncClient, app: FastAPI) -> None:
    csrf = await csrf_of(planner, PAGE)
    files = {"csrf": ("x", csrf.encode()), "file": ("a.xlsx", b"")}
    assert (await planner.post("/trial/upload", files=files, headers=OWN)).status_code == 403
    assert not app.state.changes


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": BASE.replace("8765", "8766")},
        {"Origin": BASE.replace("http", "https")},
        {"Origin": f"{BASE}.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
async def test_a_form_from_another_page_is_refused_even_with_the_token(
    planner: httpx.AsyncClient, app: FastAPI, headers: dict[str, str]
) -> None:
    csrf = await csrf_of(planner, PAGE)
    answer = await planner.post("/trial/change", data={"csrf": csrf}, headers=headers)
    assert answer.status_code == 403
    assert not app.state.changes


async def test_a_form_from_another_page_does_not_sign_her_out(stranger: httpx.AsyncClient) -> None:
    """Her cookie does not come along; a new one in the answer would take its place."""
    for path in ("/sign-out", "/sign-in", "/settings", "/trial/change", "/no-such-page"):
        answer = await stranger.post(path, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


async def test_what_only_looks_like_a_program_needs_the_token_too(planner: httpx.AsyncClient, app: FastAPI) -> None:
    """A bearer token that is wrong does not fall back on the cookie."""
    for authorization, status in (("Bearer wrong", 401), ("Basic YTpi", 403)):
        answer = await planner.post("/trial/change", headers={"Authorization": authorization})
        assert answer.status_code == status
    assert not app.state.changes


async def test_a_program_with_the_token_needs_no_form(stranger: httpx.AsyncClient, app: FastAPI) -> None:
    answer = await stranger.post("/trial/change", data={"text": "by a program"}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert app.state.changes == [("Anna", "by a program")]
