"""A session is of who signed in, and of nobody else."""

from __future__ import annotations

import base64
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import httpx
import itsdangerous
import pytest
from fastapi import FastAPI

from greedy.errors import SettingsError
from greedy.settings import Settings
from greedy.web.app import create_app
from greedy.web.security.access import Access
from greedy.web.security.ended import EndedSessions
from greedy.web.security.passwords import Passwords, hash_password
from greedy.web.security.sessions import session_key
from tests.web.conftest import TOKEN
from tests.web.security.conftest import with_trial
from tests.web.strangers import client_of, csrf_of

COOKIE = "greedy"
HASH = hash_password("a long password")
OTHER_HASH = hash_password("another password")


def is_in(answer: httpx.Response) -> bool:
    """Whether a page was shown to somebody who is signed in: the one that does not exist."""
    assert answer.status_code in (303, 404)
    return answer.status_code == 404


async def test_the_cookie_is_not_for_scripts_or_other_sites(stranger: httpx.AsyncClient) -> None:
    cookie = (await stranger.get("/enter", params={"token": TOKEN})).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN.lower() not in cookie


async def test_behind_https_the_cookie_is_sent_no_other_way(settings: Settings) -> None:
    app = create_app(settings, access=Access(token=TOKEN), https=True)
    async with client_of(app) as client:
        answer = await client.get("/enter", params={"token": TOKEN})
    assert answer.headers["set-cookie"].startswith("__Host-greedy=")
    assert "; secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


async def test_a_cookie_that_was_changed_is_nobodys(planner: httpx.AsyncClient) -> None:
    assert is_in(await planner.get("/x"))
    signed = planner.cookies[COOKIE]
    data, _, signature = signed.partition(".")
    forged = base64.b64encode(json.dumps(json.loads(base64.b64decode(data)) | {"name": "Eve"}).encode()).decode()
    for cookie in (f"{forged}.{signature}", signed[:-1], data, "", "null", "é", "a" * 4000, f"{data}..{signature}"):
        assert not is_in(await planner.get("/x", headers={"Cookie": f"{COOKIE}={cookie}".encode()}))


async def test_a_cookie_that_was_signed_with_another_key_is_nobodys(planner: httpx.AsyncClient) -> None:
    data = planner.cookies[COOKIE].partition(".")[0]
    for key in ("", "secret", "x" * 64):
        forged = itsdangerous.TimestampSigner(key).sign(data.encode()).decode() if key else data
        assert not is_in(await planner.get("/x", headers={"Cookie": f"{COOKIE}={forged}"}))


async def test_a_session_ends(planner: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + 31 * 24 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert not is_in(await planner.get("/x"))


async def test_a_session_of_a_password_ends_with_the_day(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access(passwords=Passwords(f"anna {HASH}"))
    async with client_of(create_app(settings, access=access)) as client:
        await client.post("/sign-in", data={"csrf": await csrf_of(client), "name": "anna", "password": "a long password"})
        begun = time.time()
        for hours, stays in ((11.9, True), (12.1, False)):
            monkeypatch.setattr(time, "time", lambda hours=hours: begun + hours * 3600)
            assert is_in(await client.get("/x")) is stays


async def test_a_copy_of_the_cookie_is_worth_nothing_after_signing_out_nor_after_a_restart(
    planner: httpx.AsyncClient, settings: Settings
) -> None:
    async with client_of(create_app(settings, access=Access(token=TOKEN, host_planner="Bea"))) as other:
        await other.get("/enter", params={"token": TOKEN})
        kept = other.cookies[COOKIE]
    csrf = await csrf_of(planner, "/x")
    copied = planner.cookies[COOKIE]
    assert (await planner.post("/sign-out", data={"csrf": csrf})).status_code == 303
    assert COOKIE not in planner.cookies
    assert not is_in(await planner.get("/x", headers={"Cookie": f"{COOKIE}={copied}"}))
    again = create_app(settings, access=Access(token=TOKEN, host_planner="Anna"))
    for cookie, stays in ((copied, False), (kept, True)):
        async with client_of(again, cookie) as client:
            assert is_in(await client.get("/x")) is stays


async def test_a_restart_signs_nobody_out(planner: httpx.AsyncClient, settings: Settings) -> None:
    again = create_app(settings, access=Access(token=TOKEN[::-1], host_planner="Anna"))
    async with client_of(again, planner.cookies[COOKIE]) as client:
        assert is_in(await client.get("/x"))


async def test_a_session_of_the_token_opens_no_server_with_real_sign_in(planner: httpx.AsyncClient, settings: Settings) -> None:
    app = create_app(settings, access=Access(passwords=Passwords(f"Anna {HASH}")))
    async with client_of(app, planner.cookies[COOKIE]) as client:
        assert not is_in(await client.get("/x"))


async def test_who_is_taken_out_or_gets_another_password_is_out(settings: Settings) -> None:
    access = Access(passwords=Passwords(f"anna {HASH}"))
    async with client_of(create_app(settings, access=access)) as client:
        csrf = await csrf_of(client)
        await client.post("/sign-in", data={"csrf": csrf, "name": "anna", "password": "a long password"})
        cookie = client.cookies[COOKIE]
    for pairs, stays in ((f"anna {HASH}; bert {OTHER_HASH}", True), (f"anna {OTHER_HASH}", False), (f"bert {HASH}", False)):
        changed = replace(access, passwords=Passwords(pairs))
        async with client_of(create_app(settings, access=changed), cookie) as client:
            assert is_in(await client.get("/x")) is stays


async def test_signing_in_again_keeps_the_forms_of_the_same_planner_alone(settings: Settings) -> None:
    access = Access(passwords=Passwords(f"anna {HASH}; bert {OTHER_HASH}"))
    async with client_of(with_trial(create_app(settings, access=access))) as client:
        given = {"anna": "a long password", "bert": "another password"}
        tokens = []
        for name in ("anna", "anna", "bert"):
            client_csrf = await csrf_of(client, "/sign-in") if not tokens else tokens[-1]
            answer = await client.post("/sign-in", data={"csrf": client_csrf, "name": name, "password": given[name]})
            assert answer.status_code == 303
            tokens.append(await csrf_of(client, "/x"))
    assert tokens[0] == tokens[1] != tokens[2]


def test_a_session_that_was_signed_out_is_remembered_as_long_as_it_would_last(tmp_path: Path) -> None:
    ended = EndedSessions(tmp_path / "ended")
    over, lasting, other = ({"number": number, "until": until} for number, until in (("a", 1), ("b", 2**40), ("c", 2**40)))
    ended.add(over)
    ended.add(lasting)
    assert [one in EndedSessions(tmp_path / "ended") for one in (over, lasting, other)] == [False, True, False]


class TestKey:
    """The key that sessions are signed with."""

    def test_only_its_owner_reads_it_and_it_stays(self, tmp_path: Path) -> None:
        key = session_key(tmp_path / "new")
        assert len(key) >= 64
        assert session_key(tmp_path / "new") == key
        assert [path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()] == [0o600]

    def test_one_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        session_key(tmp_path)
        (tmp_path / "session.key").chmod(0o644)
        with pytest.raises(SettingsError, match="others can read"):
            session_key(tmp_path)

    @pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64])
    def test_one_that_is_damaged_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "session.key").write_bytes(content)
        (tmp_path / "session.key").chmod(0o600)
        with pytest.raises(SettingsError):
            session_key(tmp_path)

    def test_a_folder_that_cannot_be_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SettingsError, match="cannot be used"):
            session_key(tmp_path / "file")
        assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208
