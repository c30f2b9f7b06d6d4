"""Addresses and keys that are wrong, through the command line and against a real server: which one, what to do, and nothing given away."""

from __future__ import annotations

import socket

import jwt
import pytest

from tests.faults.rest.conftest import ROSTER, Eye, Greedy
from tests.faults.rest.proxy import Proxy
from tests.supabase_project import Project

MADE_UP = "f3Yk-9qTz_W1mB7xLr0aHc5N"
COMMANDS = (("run", ROSTER), ("rosters",), ("verify", ROSTER), ("report", ROSTER), ("export", ROSTER, "elsewhere"))


def _fails(greedy: Greedy, code: int, what: str, next_step: str, *arguments: str) -> None:
    done = greedy(*arguments)
    assert (done.code, done.out) == (code, "")
    lines = [line for line in done.err.splitlines() if not line.startswith("{")]
    assert lines[0].startswith("error: ")
    assert what in lines[0]
    assert lines[-1].startswith("next: ")
    assert next_step in lines[-1]
    assert MADE_UP not in done.err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_key_of_another_project(greedy: Greedy, eye: Eye, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    before = eye.state()
    monkeypatch.setenv("SUPABASE_KEY", f"sb_secret_{MADE_UP}")
    _fails(greedy, 1, "does not accept the key", "SUPABASE_KEY", *command)
    assert eye.state() == before


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_a_key_that_may_do_nothing_is_not_even_sent(
    greedy: Greedy, proxy: Proxy, project: Project, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setenv("SUPABASE_KEY", jwt.encode({"role": role}, project.jwt_secret))
    _fails(greedy, 1, f"a key of the role {role}", "sb_secret_...", "run", ROSTER)
    monkeypatch.setenv("SUPABASE_KEY", project.publishable_key)
    _fails(greedy, 1, "the publishable key (anon)", "sb_secret_...", "run", ROSTER)
    assert not proxy.calls


def test_a_token_signed_by_somebody_else(greedy: Greedy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_KEY", jwt.encode({"role": "service_role"}, MADE_UP * 2))
    _fails(greedy, 1, "does not accept the key", "SUPABASE_KEY", "run", ROSTER)


def test_a_port_where_nobody_listens(greedy: Greedy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greedy.store.calls.RETRY_SECONDS", 0.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("SUPABASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        _fails(greedy, 2, "cannot be reached", "SUPABASE_URL", "run", ROSTER)


def test_a_host_that_does_not_exist(greedy: Greedy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greedy.store.calls.RETRY_SECONDS", 0.0)
    monkeypatch.setenv("SUPABASE_URL", "https://no-such-project.invalid")
    _fails(greedy, 2, "no-such-project.invalid cannot be found", "SUPABASE_URL", "run", ROSTER)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("SUPABASE_URL", f"postgresql://postgres:{MADE_UP}@db.abcdefghijklmnopqrst.supabase.co:5432/postgres", "holds a database URL"),
        ("SUPABASE_URL", "https://supabase.com/dashboard/project/abcdefghijklmnopqrst", "a page of the dashboard"),
        ("SUPABASE_URL", "", "SUPABASE_URL is not"),
        ("SUPABASE_URL", "http://abcdefghijklmnopqrst.supabase.co", "for all to read"),
        ("SUPABASE_KEY", "", "SUPABASE_KEY is not"),
        ("SUPABASE_KEY", f"'sb_secret_{MADE_UP}'", "quotation marks"),
        ("SUPABASE_KEY", MADE_UP, "no key of a Supabase project"),
    ],
)
def test_settings_that_cannot_work(greedy: Greedy, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str) -> None:
    monkeypatch.setenv(name, value)
    for command in COMMANDS:
        _fails(greedy, 1, what, "SUPABASE", *command)
    assert not proxy.calls
