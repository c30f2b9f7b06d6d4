"""Whoever connects and asks for nothing, or takes for ever to say what, keeps no planner out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from greedy.web.security import door
from greedy.web.serving import connections
from tests.timing import PATIENCE_SECONDS
from tests.web.conftest import PageServer, serving

QUESTION = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Somewhere to connect to."""
    with serving(FastAPI()) as url:
        yield url


def connected(url: str) -> socket.socket:
    """A connection that asks for nothing."""
    return socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=PATIENCE_SECONDS)


def is_hung_up(connection: socket.socket) -> bool:
    """Whether the server closes a connection, and says nothing more; waits until it does."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def answer(connection: socket.socket) -> bytes:
    """The head of an answer, when one comes."""
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(1)):
        head += more
    return head


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: lo"])
def test_who_does_not_ask_is_waited_for_no_longer(url: str, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)
    with connected(url) as connection:
        connection.sendall(said)
        assert is_hung_up(connection)


def test_when_all_places_are_taken_who_has_waited_longest_goes(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    with ExitStack() as stack:
        idle = [stack.enter_context(connected(url)) for _ in range(3)]
        idle[1].sendall(QUESTION)  # not all of it
        assert httpx.get(f"{url}/openapi.json", timeout=PATIENCE_SECONDS).status_code == 200
        assert is_hung_up(idle[0])
        for gone in idle[1:]:
            stack.enter_context(connected(url))
            stack.enter_context(connected(url))
            assert is_hung_up(gone)
        last = stack.enter_context(connected(url))
        last.sendall(QUESTION + b"\r\n")
        assert answer(last).startswith(b"HTTP/1.1 200")


def test_what_comes_too_slowly_is_refused_in_words(page_server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "BODY_SECONDS", 0.05)
    head = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
    for length, status in ((60_000, b"HTTP/1.1 408"), (70_000, b"HTTP/1.1 413")):
        with connected(page_server.url) as connection:
            connection.sendall(head % length + b"name=anna")
            said = answer(connection)
            assert said.startswith(status), said
            while connection.recv(4096):  # and then hangs up
                pass
    assert httpx.get(f"{page_server.url}/health/live", timeout=PATIENCE_SECONDS).status_code == 200


def test_who_names_no_server_is_refused(page_server: PageServer) -> None:
    with connected(page_server.url) as connection:
        connection.sendall(b"GET /sign-in HTTP/1.0\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 400")


def test_the_document_on_safety_says_how_long() -> None:
    said = (Path(__file__).parents[2] / "docs" / "safety.md").read_text(encoding="utf-8")
    assert f"closed after {connections.HEAD_SECONDS:.0f} s; when there are more than {connections.MOST_CONNECTIONS}" in said
    assert f"waited for {door.BODY_SECONDS:.0f} s, and as long as {door.LEAST_BYTES_PER_SECOND // 1000} kB/s take" in said
