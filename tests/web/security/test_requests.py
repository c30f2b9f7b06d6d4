"""What the outermost layers do with requests that no browser of a planner sends, and what every answer says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from fastapi import FastAPI

from greedy.settings import Settings
from greedy.web.app import create_app
from greedy.web.security.access import Access
from greedy.web.security.door import MEGABYTE, MOST_UPLOAD_BYTES
from tests.web.conftest import TOKEN
from tests.web.security.conftest import with_trial
from tests.web.strangers import BASE, client_of, csrf_of


@pytest.mark.parametrize(
    "path", ["/", "/x", "/rosters/x", "/api/v1/rosters", "/api/openapi.json", "/trial/fault", "//x", "/%2e%2e/x", "/ENTER"]
)
async def test_a_stranger_sees_nothing(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.get(path)
    assert answer.status_code in (303, 401)
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/sign-in")


async def test_a_part_of_a_page_is_not_replaced_by_the_form_to_sign_in_with(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/x", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert "Sign in again in another tab" in answer.text


async def test_a_stranger_changes_nothing(stranger: httpx.AsyncClient, app: FastAPI) -> None:
    csrf = await csrf_of(stranger)
    for headers in ({}, {"HX-Request": "true"}):
        answer = await stranger.post("/trial/change", data={"csrf": csrf}, headers=headers)
        assert answer.status_code == 401
        assert "Your session is over" in answer.text
    assert not app.state.changes


@pytest.mark.parametrize("token", ["", "guessed", TOKEN[:-1], TOKEN + "x", TOKEN.swapcase(), "é", "\x00"])
async def test_a_wrong_first_url_lets_nobody_in(stranger: httpx.AsyncClient, token: str) -> None:
    answer = await stranger.get("/enter", params={"token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers or "signed_in" not in answer.text
    assert (await stranger.get("/x")).status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost.evil.example", "", "a b", "[::1"]
)
async def test_a_name_that_is_not_ours_is_refused(planner: httpx.AsyncClient, host: str) -> None:
    """A page elsewhere can have its own name point at this address, and would read all then."""
    answer = await planner.get("/x", headers={"Host": host})
    assert answer.status_code == 400
    assert "another name" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "LOCALHOST", "[::1]:8765", "10.0.0.3"])
async def test_addresses_and_localhost_are_ours(planner: httpx.AsyncClient, host: str) -> None:
    assert (await planner.get("/health/live", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "path", ["/sign-in", "/x", "/health/live", "/static/app.css", "/static/none.css", "/trial/fault", "/enter?token=no"]
)
async def test_every_answer_forbids_what_pages_do_not_need(planner: httpx.AsyncClient, path: str) -> None:
    headers = (await planner.get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path == "/static/app.css" else "no-store")


async def test_no_page_has_inline_scripts_or_styles(planner: httpx.AsyncClient) -> None:
    for path in ("/sign-in", "/x", "/trial/fault"):
        html = (await planner.get(path)).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", html, re.IGNORECASE)


async def test_a_fault_shows_no_trace(planner: httpx.AsyncClient, log_lines: list[structlog.typing.EventDict]) -> None:
    answer = await planner.get("/trial/fault")
    number = re.search(r"number ([0-9a-f]{8})", answer.text)
    assert answer.status_code == 500
    assert number is not None
    for secret in ("hunter2", "RuntimeError", "Traceback", "conftest.py"):
        assert secret not in answer.text
    assert [(line["event"], line["number"]) for line in log_lines] == [("web.fault", number[1])]


@pytest.mark.parametrize(
    "path",
    [
        "../app.py",
        "%2e%2e/app.py",
        "..%2fapp.py",
        "report/../../app.py",
        "report/%2e%2e/%2e%2e/app.py",
        "//etc/passwd",
        "%00",
        "..\\app.py",
        ".",
    ],
)
async def test_no_file_beside_the_static_ones_is_read(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.send(httpx.Request("GET", httpx.URL(BASE).copy_with(raw_path=f"/static/{path}".encode())))
    assert answer.status_code in (303, 404, 405)
    assert "create_app" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["app.css", "app.js", "dialog.js", "vendor/htmx.min.js", "report/tokens.css", "icon.svg"])
async def test_static_files_are_there_for_all(stranger: httpx.AsyncClient, name: str) -> None:
    assert (await stranger.get(f"/static/{name}")).status_code == 200


async def test_an_upload_may_be_large_but_not_larger(planner: httpx.AsyncClient, app: FastAPI) -> None:
    headers = {"X-CSRF-Token": await csrf_of(planner, "/x")}
    fits = await planner.post("/trial/upload", files={"file": ("a.xlsx", b"x" * MOST_UPLOAD_BYTES)}, headers=headers)
    assert fits.json() == {"bytes": MOST_UPLOAD_BYTES}
    too_large = await planner.post("/trial/upload", files={"file": ("a.xlsx", b"x" * (MOST_UPLOAD_BYTES + MEGABYTE))}, headers=headers)
    assert too_large.status_code == 413
    assert "at most 20 MB" in too_large.text
    assert len(app.state.changes) == 1


async def test_an_upload_that_hides_its_size_is_cut_off(planner: httpx.AsyncClient, app: FastAPI) -> None:
    kept = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal kept
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
        for _ in range(40):
            kept += 1
            yield b"x" * MEGABYTE

    headers = {"X-CSRF-Token": await csrf_of(planner, "/x"), "Content-Type": "multipart/form-data; boundary=x"}
    answer = await planner.post("/trial/upload", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert not app.state.changes


async def test_a_form_and_a_stranger_may_send_less(planner: httpx.AsyncClient, app: FastAPI) -> None:
    csrf = await csrf_of(planner, "/x")
    answer = await planner.post("/trial/change", data={"csrf": csrf, "text": "x" * 2 * MEGABYTE})
    assert answer.status_code == 413
    planner.cookies.clear()
    answer = await planner.post("/sign-in", files={"file": b"x" * MEGABYTE})
    assert answer.status_code == 413
    assert not app.state.changes


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 30, "x"])
async def test_a_size_that_cannot_be_is_refused(planner: httpx.AsyncClient, length: str) -> None:
    answer = await planner.post("/trial/change", content=b"", headers={"Content-Length": length})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\tevil",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        "",
        "x",
        "/ /evil",
    ],
)
async def test_nobody_is_sent_elsewhere(planner: httpx.AsyncClient, target: str) -> None:
    answer = await planner.get("/sign-in", params={"next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    csrf = await csrf_of(planner, "/x")
    answer = await planner.post("/settings", data={"csrf": csrf, "language": "nl", "next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("language", ["en", "nl"])
async def test_language_and_colours_are_kept(planner: httpx.AsyncClient, language: str) -> None:
    csrf = await csrf_of(planner, "/x")
    await planner.post("/settings", data={"csrf": csrf, "language": language, "theme": "dark"})
    html = (await planner.get("/x")).text
    assert f'<html lang="{language}" data-theme="dark">' in html


@pytest.mark.parametrize("header", ["nl", "nl-NL,nl;q=0.9,en;q=0.8", "fr, nl;q=0.5, en;q=0.1", "NL-be"])
async def test_the_browsers_language_is_spoken(stranger: httpx.AsyncClient, header: str) -> None:
    assert '<html lang="nl"' in (await stranger.get("/sign-in", headers={"Accept-Language": header})).text


@pytest.mark.parametrize("header", ["", "fr", "en;q=0.9,nl;q=0.1", "nl;q=x", "nl;q=0", ",;,=" * 2000])
async def test_else_english(stranger: httpx.AsyncClient, header: str) -> None:
    assert '<html lang="en"' in (await stranger.get("/sign-in", headers={"Accept-Language": header})).text


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "\u202egnirts", "👩‍⚕️" * 500]
)
async def test_names_are_text_and_nothing_else(planner: httpx.AsyncClient, text: str) -> None:
    await planner.get("/trial/flash", params={"text": text})
    html = (await planner.get("/x")).text
    assert "<script>" not in html
    assert "<img src=x" not in html
    assert "49" not in re.sub(r'value="[^"]*"|content="[^"]*"|[\w-]*Token[^}]*', "", html)


@pytest.mark.parametrize(("name", "shown"), [("Anna", 3), ("é" * 200, 2)])
async def test_whatever_follows_a_flash_the_cookie_stays_small(settings: Settings, name: str, shown: int) -> None:
    async with client_of(with_trial(create_app(settings, access=Access(token=TOKEN, host_planner=name)))) as planner:
        await planner.get("/enter", params={"token": TOKEN})
        await csrf_of(planner, "/x")
        for _ in range(5):
            answer = await planner.get("/trial/flash", params={"text": "é👩" * 1000})
            assert len(answer.headers["set-cookie"]) < 4096
        assert (await planner.get("/x")).text.count('class="flash') == shown
