"""greedy serve, as it is started."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from greedy.errors import SettingsError
from greedy.formats.tables import PracticeTables
from greedy.settings import load_settings
from greedy.web.security.passwords import hash_password
from greedy.web.serving.first_page import NAME, open_page
from greedy.web.serving.server import Offer, url_of
from greedy.web.serving.worker_child import kept_alive
from greedy.web.settings import WebSettings, chosen_access, load_web_settings
from tests.timing import PATIENCE_SECONDS, until

FIRST_URL = re.compile(r"http://127\.0\.0\.1:\d+/enter\?token=[\w-]{43}")
GREEDY = [sys.executable, "-m", "greedy"]


@pytest.fixture
def served(database_url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`greedy serve` without a worker, and its first URL."""
    command = [*GREEDY, "serve", "--port", "0", "--no-open", "--no-worker", "--name", "Anna", "--database", database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = FIRST_URL.search(process.stdout.readline())
        if found is None:
            process.kill()
            pytest.fail(process.communicate()[1])
        yield process, found[0]
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_asked_to_end(served: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    process, first_url = served
    with httpx.Client(timeout=PATIENCE_SECONDS) as client:
        base = first_url.partition("/enter")[0]
        assert client.get(f"{base}/").headers["location"] == "/sign-in"
        assert client.get(f"{base}/health/ready").json() == {"status": "ready"}
        entered = client.get(first_url)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert "server" not in entered.headers
        assert "Anna" in client.get(f"{base}/no-such-page").text
        guesses = [client.get(f"{base}/enter?token=x", headers={"X-Forwarded-For": f"10.0.0.{number}"}) for number in range(6)]
        assert [guess.status_code for guess in guesses] == [403] * 5 + [429]  # where no proxy is, nobody says for whom she asks
    process.send_signal(number)
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert "token" not in output + errors  # after the first line


def test_the_worker_makes_the_plans_and_ends_with_a_server_that_is_killed(sample_url: str, sample: PracticeTables) -> None:
    command = [*GREEDY, "serve", "--port", "0", "--no-open", "--database", sample_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        base, _, token = process.stdout.readline().removeprefix("The page is at ").strip().partition("/enter?token=")
        with httpx.Client(base_url=f"{base}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_SECONDS) as client:
            order = {"id": str(uuid4()), "options": {"solver": "greedy"}}
            client.post(f"/rosters/{sample.roster.id}/plans", json=order).raise_for_status()
            _until(lambda: client.get(f"/plans/{order['id']}").json()["state"] == "done")
            history = client.get(f"/rosters/{sample.roster.id}/changes").json()
        assert [line["kind"] for line in history][:1] == ["plan"]
        workers = psutil.Process(process.pid).children()
        assert len(workers) == 1
        process.kill()
        _until(lambda: not workers[0].is_running() or workers[0].status() == psutil.STATUS_ZOMBIE)


def _until(holds: Callable[[], bool]) -> None:
    async def now() -> bool:
        return holds()

    asyncio.run(until(now))


def run(*arguments: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **settings}
    return subprocess.run(
        [*GREEDY, "serve", *arguments], input=given, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS, env=environment
    )


def test_a_port_that_is_taken_is_told(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("--port", str(taken.getsockname()[1]), "--database", database_url)
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "--port" in done.stderr


def test_a_database_that_is_not_there_is_told() -> None:
    done = run("--port", "0", "--database", "postgresql://planner:hunter2@127.0.0.1:1/practice")
    assert done.returncode == 2
    assert "127.0.0.1:1" in done.stderr
    assert not any(word in done.stderr for word in ("hunter2", "Traceback"))


def test_others_are_not_served_without_sign_in() -> None:
    done = run("--host", "0.0.0.0")  # noqa: S104
    assert done.returncode == 1
    assert "nobody would have to sign in" in done.stderr


def test_a_password_is_hashed() -> None:
    done = run("--hash-password", given="a long password\n")
    assert done.stdout.startswith("$argon2id$")
    access = chosen_access(load_settings(), WebSettings(users=f"anna {done.stdout}"), "0.0.0.0", "")  # noqa: S104
    assert access.passwords is not None
    assert asyncio.run(access.passwords.check("anna", "a long password"))
    assert "a long password" not in run("--hash-password", given="short\n").stderr


class TestAccess:
    """Which ways to sign in a server offers."""

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.3.2.1"])
    def test_a_token_of_its_own_for_this_machine(self, host: str) -> None:
        first, second = (chosen_access(load_settings(), WebSettings(), host, "Anna").token for _ in range(2))
        assert first is not None
        assert len(first) >= 43
        assert first != second

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "roster.example", "", "127.0.0.1.example", "localhost.example"])  # noqa: S104
    def test_none_for_others(self, host: str) -> None:
        with pytest.raises(SettingsError, match="nobody would have to sign in"):
            chosen_access(load_settings(), WebSettings(), host, "Anna")

    @pytest.mark.parametrize("name", ["A" * 2000, "👩" * 200, "Anna\nBea", "\x00"])
    def test_a_name_that_no_history_or_cookie_holds_is_refused(self, name: str) -> None:
        with pytest.raises(SettingsError, match="up to 200 letters"):
            chosen_access(load_settings(), WebSettings(), "127.0.0.1", name)

    def test_with_passwords_there_is_no_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GREEDY_WEB_USERS", f"anna {hash_password('a long password')}")
        for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104
            access = chosen_access(load_settings(), load_web_settings(), host, "Anna")
            assert access.token is None
            assert access.passwords is not None

    def test_accounts_need_a_project_and_planners(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GREEDY_WEB_SUPABASE", "true")
        with pytest.raises(SettingsError, match="SUPABASE_URL"):
            chosen_access(load_settings(), load_web_settings(), "127.0.0.1", "Anna")
        monkeypatch.setenv("SUPABASE_URL", "https://abcdefghijklmnopqrst.supabase.co")
        monkeypatch.setenv("SUPABASE_KEY", "sb_secret_x")
        with pytest.raises(SettingsError, match="GREEDY_WEB_PLANNERS"):
            chosen_access(load_settings(), load_web_settings(), "127.0.0.1", "Anna")
        monkeypatch.setenv("GREEDY_WEB_PLANNERS", "anna@practice.example")
        assert chosen_access(load_settings(), load_web_settings(), "0.0.0.0", "Anna").accounts is not None  # noqa: S104

    def test_a_setting_that_cannot_be_is_told_without_its_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GREEDY_WEB_SUPABASE", "hunter2")
        with pytest.raises(SettingsError) as caught:
            load_web_settings()
        assert "GREEDY_WEB_SUPABASE" in caught.value.details[0]
        assert "hunter2" not in str(caught.value.details)


@pytest.mark.parametrize(
    ("offer", "url"),
    [
        (Offer(), "http://127.0.0.1:8765"),
        (Offer("::1"), "http://[::1]:8765"),
        (Offer("0.0.0.0", host_names=["roster.example"]), "http://roster.example:8765"),  # noqa: S104
        (Offer(host_names=["roster.example"], behind_https=True), "https://roster.example"),
    ],
)
def test_where_the_page_is(offer: Offer, url: str) -> None:
    assert url_of(offer, 8765) == url


def test_the_browser_is_sent_by_a_file_that_nobody_else_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for token in ("first", "second"):
        open_page(f'http://127.0.0.1:8765/enter?token={token}&"x', tmp_path)
    path = tmp_path / NAME
    assert opened == [path.as_uri()] * 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert 'url=http://127.0.0.1:8765/enter?token=second&amp;&quot;x"' in path.read_text()


# Stand-ins for the worker, each in the folder that it is told.
TELLS = "pathlib.Path(folder, 'told').write_text(' '.join([os.environ['DATABASE_URL'], os.environ['DATABASE_SCHEMA'], '\\n', *sys.argv]))"
ENDS = "path = pathlib.Path(folder, 'second' if pathlib.Path(folder, 'first').exists() else 'first'); path.write_text('x')"
STAYS = "pathlib.Path(folder, 'pid').write_text(str(os.getpid())); sys.stdin.read()"


def _command(what: str, folder: Path) -> list[str]:
    return [sys.executable, "-c", f"import os, pathlib, sys; folder = sys.argv[1]; {what}", str(folder)]


class TestWorker:
    """The process beside the server."""

    async def test_it_has_the_database_but_not_on_its_command_line(self, tmp_path: Path) -> None:
        async with kept_alive(load_settings(), "postgresql://u:hunter2@h/d", "practice", command=_command(TELLS, tmp_path)):
            await until(lambda: _exists(tmp_path / "told"))
        said = (tmp_path / "told").read_text()
        assert "postgresql://u:hunter2@h/d practice" in said
        assert "hunter2" not in said.partition("\n")[2]

    async def test_it_is_started_again_when_it_ends(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("greedy.web.serving.worker_child.FIRST_PAUSE_SECONDS", 0.01)
        monkeypatch.setattr("greedy.web.serving.worker_child.LONGEST_PAUSE_SECONDS", 0.01)
        async with kept_alive(load_settings(), command=_command(ENDS, tmp_path)):
            await until(lambda: _exists(tmp_path / "second"))

    async def test_it_ends_with_the_server(self, tmp_path: Path) -> None:
        async with kept_alive(load_settings(), command=_command(STAYS, tmp_path)):
            await until(lambda: _exists(tmp_path / "pid"))
            pid = int((tmp_path / "pid").read_text())
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def _exists(path: Path) -> bool:
    return path.exists() and bool(path.read_text())
