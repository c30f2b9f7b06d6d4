"""Signing in with a password."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext

import httpx
import pytest

from greedy.errors import SettingsError
from greedy.settings import Settings
from greedy.web.app import create_app
from greedy.web.security.access import Access
from greedy.web.security.limits import Limits
from greedy.web.security.passwords import Passwords, hash_password
from greedy.web.security.refusal import RefusedError
from tests.web.strangers import client_of, csrf_of

PASSWORD = "a long password, with ümlauts"  # noqa: S105
HASH = "$argon2id$v=19$m=65536,t=3,p=4$MvbKTt5rOrR3jhKZibg4tg$oNkn0i/nDUVaN/Fc5nP7j3gmXroKFkTNZEv0I7R+NDA"  # of PASSWORD; the same in each process of the tests


@pytest.fixture
async def stranger(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, access=Access(passwords=Passwords(f"anna {HASH}; Bert de Vries {HASH}")))
    async with client_of(app) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, name: str, password: str, **headers: str) -> httpx.Response:
    csrf = await csrf_of(client)
    return await client.post("/sign-in", data={"csrf": csrf, "name": name, "password": password, "next": "/x"}, headers=headers)


@pytest.mark.parametrize("name", ["anna", "Bert de Vries"])
async def test_the_right_password_lets_in(stranger: httpx.AsyncClient, name: str) -> None:
    answer = await sign_in(stranger, name, PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/x")
    assert name in (await stranger.get("/x")).text


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna", "wrong"),
        ("Anna", PASSWORD),
        ("eve", PASSWORD),
        ("eve", "nobody has this password"),
        ("anna", ""),
        ("", ""),
        ("anna", PASSWORD + "x" * 1000),
        ("anna", HASH),
    ],
)
async def test_anything_else_does_not(stranger: httpx.AsyncClient, name: str, password: str) -> None:
    answer = await sign_in(stranger, name, password)
    assert answer.status_code == 403
    assert "Name or password is wrong" in answer.text  # and not which of them
    assert (await stranger.get("/x")).status_code == 303


async def test_a_name_that_nobody_has_takes_as_much_work() -> None:
    """Or whoever guesses would learn from the time of an answer who may sign in."""
    passwords = Passwords(f"anna {HASH}")

    async def seconds(name: str) -> float:
        begun = time.process_time()
        assert not await passwords.check(name, "wrong")
        return time.process_time() - begun

    assert min([await seconds("eve") for _ in range(3)]) > min([await seconds("anna") for _ in range(3)]) / 4


async def test_after_signing_in_she_gets_what_she_asked_for(stranger: httpx.AsyncClient) -> None:
    asked = await stranger.get("/rosters/1?week=2&team=a%20b")
    form = await stranger.get(asked.headers["location"])
    assert 'value="/rosters/1?week=2&amp;team=a%20b"' in form.text


async def test_without_its_form_nobody_signs_in(stranger: httpx.AsyncClient) -> None:
    """Or another page could sign a planner in as somebody else, who would see what she does then."""
    answer = await stranger.post("/sign-in", data={"name": "anna", "password": PASSWORD})
    assert answer.status_code == 403
    assert (await stranger.get("/x")).status_code == 303


async def test_guessing_is_stopped(stranger: httpx.AsyncClient) -> None:
    answers = [await sign_in(stranger, "anna", f"guess {number}") for number in range(8)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 3
    assert answers[-1].headers["retry-after"] == "60"
    assert (await sign_in(stranger, "anna", PASSWORD)).status_code == 429
    assert (await sign_in(stranger, "Bert de Vries", PASSWORD)).status_code == 303


async def test_guessing_names_is_stopped_too() -> None:
    limits = Limits()
    for number in range(20):
        await limits.sign_in("10.0.0.1", f"name {number}")
    with pytest.raises(RefusedError):
        await limits.sign_in("10.0.0.1", "name 21")
    await limits.sign_in("10.0.0.2", "name 21")


@pytest.mark.parametrize(("last", "stopped"), [("2001:db8:0:1:ffff::1", True), ("2001:db8:0:2::1", False), ("::ffff:10.0.0.1", False)])
async def test_who_has_many_addresses_is_one(last: str, stopped: bool) -> None:
    limits = Limits()
    for number in range(20):
        await limits.sign_in(f"2001:db8:0:1::{number}", f"name {number}")
        await limits.sign_in(f"::ffff:10.0.1.{number}", f"name {number}")
    with pytest.raises(RefusedError) if stopped else nullcontext():
        await limits.sign_in(last, "name 21")


async def test_guessing_from_everywhere_is_stopped_too() -> None:
    limits = Limits()
    for number in range(120):
        await limits.sign_in(f"10.0.1.{number}", "anna")
    with pytest.raises(RefusedError):
        await limits.sign_in("10.0.0.1", "bert")


async def test_no_token_opens_a_server_with_passwords(stranger: httpx.AsyncClient) -> None:
    for token in ("", "None", "token"):
        assert (await stranger.get("/enter", params={"token": token})).status_code == 403
        assert (await stranger.get("/api/v1/rosters", headers={"Authorization": f"Bearer {token}"})).status_code == 401


@pytest.mark.parametrize("separator", ["; ", ";", ";\n", " ;  "])
@pytest.mark.parametrize("end", ["", ";", "\n"])
def test_pairs_are_read(separator: str, end: str) -> None:
    passwords = Passwords(f"anna {HASH}{separator}Bert de Vries {HASH}{end}")
    assert passwords.fingerprint("anna")
    assert passwords.fingerprint("Bert de Vries")


@pytest.mark.parametrize(
    "pairs",
    [
        "anna",
        "anna password",
        f"{HASH}",
        f"anna {HASH} bert {HASH}",
        f"anna {HASH}; anna {HASH}",
        f"anna {HASH[:-8]}",
        "anna $argon2id$v=19",
        "anna $argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aaaa",
    ],
)
def test_pairs_that_cannot_be_are_refused_and_not_shown(pairs: str) -> None:
    with pytest.raises(SettingsError, match="GREEDY_WEB_USERS cannot be read") as caught:
        Passwords(pairs)
    told = f"{caught.value.message} {caught.value.next_step}"
    assert not any(word in told for word in itertools.chain(["password "], [HASH]))


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 1001])
def test_a_password_has_a_length(password: str) -> None:
    with pytest.raises(SettingsError, match="12 to 1000"):
        hash_password(password)
