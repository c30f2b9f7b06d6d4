"""Each way in which a call over REST can fail: which error it becomes, who has to act, and whether the same call may be tried again."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from postgrest import AsyncPostgrestClient
from postgrest.exceptions import APIError
from pydantic import TypeAdapter, ValidationError

from greedy.database.errors import AuthenticationError, ColumnMatchError, DatabaseError, QueryError, SchemaError
from greedy.database.errors import ConnectionError as LostError
from greedy.errors import CallerError, OutsideError
from greedy.store.rest_errors import STATUSES, from_rest, translated
from greedy.store.rest_transport import rest_client
from tests.faults.rest import proxy as faults
from tests.faults.rest.certificates import self_signed
from tests.faults.rest.proxy import Fault, Proxy, spoiling
from tests.timing import PATIENCE_SECONDS

KEY = "sb_secret_f3Yk-9qTz_W1mB7xLr0aHc5N"
HERE = "abc.supabase.co"
READ, WRITE = "load_roster_v1", "write_roster_v1"
NOBODY_KNOWS = "nobody knows whether it was done"
SECONDS = 0.3  # for what never answers


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    """Answers as it is told; there is nothing behind it."""
    with spoiling("http://127.0.0.1:9") as spoilt:
        yield spoilt


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with rest_client(httpx.Timeout(PATIENCE_SECONDS)) as session:
        yield session


async def failure(client: httpx.AsyncClient, url: str, function: str = WRITE, *, seconds: float = PATIENCE_SECONDS) -> DatabaseError:
    """What a call over supabase-py, which may take so many seconds, becomes."""
    postgrest = AsyncPostgrestClient(f"{url}/rest/v1", headers={"apikey": KEY, "Authorization": f"Bearer {KEY}"}, http_client=client)
    with pytest.raises(DatabaseError) as failed, translated(HERE, function):
        async with asyncio.timeout(seconds):
            answer = (await postgrest.rpc(function, {"p_request": {"name": "Jansen"}}).execute()).data
        TypeAdapter(dict[str, str]).validate_python(answer)
    return failed.value


async def refusal(
    proxy: Proxy, client: httpx.AsyncClient, fault: Fault, function: str = WRITE, *, seconds: float = PATIENCE_SECONDS
) -> DatabaseError:
    proxy.plan(function, fault)
    return await failure(client, proxy.url, function, seconds=seconds)


CODES = [
    # http status, code, error, retryable, words of the message, words of the next step
    (503, "PGRST000", LostError, True, "cannot reach its database", "dashboard"),
    (503, "PGRST001", LostError, True, "cannot reach its database", "dashboard"),
    (503, "PGRST002", LostError, True, "cannot read its database's schema", "dashboard"),
    (504, "PGRST003", LostError, True, "no connection to its database free", "try again"),
    (406, "PGRST106", SchemaError, False, "does not serve this schema", "Exposed schemas"),
    (404, "PGRST125", LostError, False, "knows no such path", "SUPABASE_URL"),
    (404, "PGRST202", SchemaError, False, "is not migrated", "supabase db push --remote URL, or greedy db migrate"),
    (300, "PGRST203", SchemaError, False, "more than once", "supabase db push"),
    (400, "PGRST204", SchemaError, False, "is not migrated", "supabase db push"),
    (404, "PGRST205", SchemaError, False, "is not migrated", "in the SQL editor: notify pgrst, 'reload schema'"),
    (401, "PGRST301", AuthenticationError, False, "does not accept the key", "sb_secret_..."),
    (401, "PGRST302", AuthenticationError, False, "wants a key", "sb_secret_..."),
    (401, "PGRST303", AuthenticationError, False, "does not accept the key any more", "clock"),
    (400, "PGRST102", QueryError, False, "refused the request", "SUPABASE_URL"),
    (500, "PGRSTX00", LostError, True, "failed inside", "try again"),
    (403, "42501", AuthenticationError, False, "the role of this key may not do it", "grants"),
    (401, "42501", AuthenticationError, False, "the role of this key may not do it", "sb_secret_..."),  # so for anon
    (403, "28000", AuthenticationError, False, "refused the role", "sb_secret_..."),
    (404, "42P01", SchemaError, False, "a schema that does not fit", "supabase db push"),
    (404, "42883", SchemaError, False, "a schema that does not fit", "supabase db push"),
    (400, "42703", SchemaError, False, "a schema that does not fit", "supabase db push"),
    (409, "23503", QueryError, False, "refused a statement", None),
    (409, "23505", QueryError, False, "refused a statement", None),
    (400, "23514", QueryError, False, "refused a statement", None),
    (400, "22P02", QueryError, False, "refused a statement", None),
    (400, "P0001", QueryError, False, "refused a statement", None),
    (405, "25006", QueryError, False, "refused a statement", "readonly"),
    (500, "40001", QueryError, True, "refused a statement", None),
    (500, "40P01", QueryError, True, "refused a statement", None),
    (500, "55P03", QueryError, True, "refused a statement", None),
    (500, "XX000", QueryError, False, "refused a statement", None),
    (503, "53100", QueryError, False, "refused a statement", None),
    (503, "53200", QueryError, True, "refused a statement", None),
    (503, "53300", LostError, True, "lost abc.supabase.co", "try again"),
    (503, "08006", LostError, True, "lost abc.supabase.co", "try again"),
    (500, "57P01", LostError, True, "lost abc.supabase.co", "try again"),
    (500, "57P03", LostError, True, "lost abc.supabase.co", "try again"),
    (500, "SUP", QueryError, False, "refused a statement", "dashboard"),
    (500, "ZZ999", QueryError, False, "refused a statement", None),
]


@pytest.mark.parametrize(("status", "code", "error", "retryable", "what", "next_step"), CODES)
async def test_a_code_says_what_happened(
    proxy: Proxy,
    client: httpx.AsyncClient,
    status: int,
    code: str,
    error: type[DatabaseError],
    retryable: bool,
    what: str,
    next_step: str | None,
) -> None:
    told = await refusal(proxy, client, faults.says(status, code, "no luck"))
    assert (type(told), told.retryable) == (error, retryable)
    assert what in told.message
    assert "no luck" in told.message
    assert (next_step or "") in (told.next_step or "")
    assert (told.http_status, told.sqlstate) == (status, code if len(code) == 5 else None)
    assert (NOBODY_KNOWS in told.message) == (code == "PGRSTX00")


async def test_a_statement_that_took_too_long_may_be_tried_again_and_one_that_was_cancelled_may_not(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    slow = await refusal(proxy, client, faults.says(500, "57014", "canceling statement due to statement timeout"))
    cancelled = await refusal(proxy, client, faults.says(500, "57014", "canceling statement due to user request"))
    assert (type(slow), slow.retryable, cancelled.retryable) == (QueryError, True, False)


@pytest.mark.parametrize("message", ["PostgresError: terminating connection due to administrator command", "Error: write CONNECTION_ENDED"])
async def test_a_connection_that_was_terminated_behind_the_server_is_lost_though_its_code_is_withheld(
    proxy: Proxy, client: httpx.AsyncClient, message: str
) -> None:
    told = await refusal(proxy, client, faults.says(500, "SUP", message))
    assert (type(told), told.retryable, told.http_status) == (LostError, True, 500)
    assert NOBODY_KNOWS in told.message


STATUS_MEANINGS = [
    # http status, error, retryable, unknown outcome, words of the message, words of the next step
    (301, LostError, False, False, "redirect", "SUPABASE_URL"),
    (302, LostError, False, False, "redirect", "SUPABASE_URL"),
    (307, LostError, False, False, "redirect", "SUPABASE_URL"),
    (308, LostError, False, False, "redirect", "SUPABASE_URL"),
    (400, QueryError, False, False, "refused the request", "SUPABASE_URL"),
    (401, AuthenticationError, False, False, "does not accept the key", "sb_secret_..."),
    (402, LostError, False, False, "quota", "dashboard"),
    (403, AuthenticationError, False, False, "refused", "network restrictions"),
    (404, LostError, False, False, "serves no Supabase project", "SUPABASE_URL"),
    (405, LostError, False, False, "serves no Supabase project", "SUPABASE_URL"),
    (408, LostError, True, True, "no answer in time", "try again"),
    (413, QueryError, False, False, "document of this size", "DATABASE_URL"),
    (418, QueryError, False, False, "refused the request", "SUPABASE_URL"),
    (429, LostError, True, False, "asked too often", "later"),
    (500, LostError, True, True, "failed inside", "try again"),
    (501, LostError, True, True, "not reached by the gateway", "try again"),
    (502, LostError, True, True, "not reached by the gateway", "try again"),
    (503, LostError, True, True, "is not available", "try again"),
    (504, LostError, True, True, "no answer in time", "try again"),
    (520, LostError, True, True, "not reached by the gateway", "try again"),
    (521, LostError, True, True, "not reached by the gateway", "try again"),
    (522, LostError, True, True, "no answer in time", "try again"),
    (523, LostError, True, True, "not reached by the gateway", "try again"),
    (524, LostError, True, True, "no answer in time", "try again"),
    (530, LostError, False, False, "paused or deleted", "restore the project"),
    (540, LostError, False, False, "is paused", "restore the project"),
    (544, LostError, True, True, "no answer in time", "try again"),
    (599, LostError, True, True, "not reached by the gateway", "try again"),
]


@pytest.mark.parametrize("kind", ["page", "empty", "json", "cut json"])
@pytest.mark.parametrize(("status", "error", "retryable", "unknown", "what", "next_step"), STATUS_MEANINGS)
async def test_without_a_code_the_status_says_it(
    proxy: Proxy,
    client: httpx.AsyncClient,
    status: int,
    error: type[DatabaseError],
    retryable: bool,
    unknown: bool,
    what: str,
    next_step: str,
    kind: str,
) -> None:
    async def cut(exchange: faults.Exchange) -> None:
        await exchange.answer(status, b'{"message": "no lu')

    spoilt = {"page": faults.page(status), "empty": faults.empty(status), "json": faults.says(status, message="no luck"), "cut json": cut}
    told = await refusal(proxy, client, spoilt[kind])
    assert (type(told), told.retryable, told.http_status) == (error, retryable, status)
    assert what in told.message
    assert f"HTTP {status}" in told.message
    assert next_step in (told.next_step or "")
    assert (NOBODY_KNOWS in told.message) == unknown
    assert {"page": "'Something went wrong'", "empty": "an empty answer", "json": "no luck", "cut json": "application/json"}[
        kind
    ] in told.message
    _is_presentable(told)


async def test_every_status_of_the_table_is_tried_here() -> None:
    assert set(STATUSES) - {407, 525, 526, 527} <= {status for status, *_ in STATUS_MEANINGS}


@pytest.mark.parametrize(
    ("fault", "error", "retryable", "unknown", "what"),
    [
        (faults.dropped, LostError, True, True, "lost in the middle"),
        (faults.closed, LostError, True, True, "lost in the middle"),
        (faults.hangs, LostError, True, True, "no answer in time"),
        (faults.trickles, LostError, True, True, "no answer in time"),
        (faults.not_http, LostError, True, True, "lost in the middle"),
        (faults.not_text, LostError, True, True, "cannot be read, or half of one"),
        (faults.not_compressed, LostError, True, True, "cannot be read, or half of one"),
        (faults.another_shape, SchemaError, False, True, "otherwise than this program expects"),
        (faults.page(200, "Welcome"), LostError, False, True, "a page called 'Welcome'"),
        (faults.page(200, content_type="text/plain"), LostError, False, True, "a page called"),
        (faults.page(200, content_type="application/json"), LostError, True, True, "cannot be read, or half of one"),
        (faults.empty(200), LostError, False, True, "an empty answer"),
        (faults.empty(204), LostError, False, True, "an empty answer"),
        (faults.redirect(301, "https://elsewhere.example/"), LostError, False, False, "redirect"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_answers_that_are_none(
    proxy: Proxy,
    fault: Fault,
    error: type[DatabaseError],
    retryable: bool,
    unknown: bool,
    what: str,
) -> None:
    seconds = SECONDS if fault is faults.trickles else PATIENCE_SECONDS  # for the whole call; each wait is short
    async with rest_client(httpx.Timeout(PATIENCE_SECONDS, read=SECONDS if fault is faults.hangs else PATIENCE_SECONDS)) as client:
        told = await refusal(proxy, client, fault, seconds=seconds)
        read = await refusal(proxy, client, fault, READ, seconds=seconds)
    assert (type(told), told.retryable) == (error, retryable)
    assert what in told.message
    assert (NOBODY_KNOWS in told.message) == unknown
    assert told.next_step
    _is_presentable(told)
    assert NOBODY_KNOWS not in read.message, "reading changes nothing"


async def test_a_port_where_nobody_listens(client: httpx.AsyncClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        told = await failure(client, f"http://127.0.0.1:{free.getsockname()[1]}")
    assert (type(told), told.retryable) == (LostError, True)
    assert "cannot be reached" in told.message
    assert NOBODY_KNOWS not in told.message
    assert "SUPABASE_URL" in (told.next_step or "")


@pytest.mark.parametrize(("number", "retryable"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True), (socket.EAI_FAIL, False)])
async def test_a_host_that_does_not_exist(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, number: int, retryable: bool) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "no address")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    told = await failure(client, "http://no-such-project.invalid")
    assert (type(told), told.retryable) == (LostError, retryable)
    assert "cannot be found" in told.message
    assert NOBODY_KNOWS not in told.message
    assert "SUPABASE_URL" in (told.next_step or "")


async def test_a_server_that_does_not_take_the_connection_on() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        try:
            for one in waiting:  # the queue is full from now on
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            async with rest_client(httpx.Timeout(PATIENCE_SECONDS, connect=SECONDS)) as client:
                told = await failure(client, f"http://127.0.0.1:{full.getsockname()[1]}")
        finally:
            for one in waiting:
                one.close()
    assert (type(told), told.retryable) == (LostError, True)
    assert "no connection in time" in told.message
    assert NOBODY_KNOWS not in told.message


async def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with spoiling("http://127.0.0.1:9", self_signed(tmp_path)) as proxy:
        async with rest_client(httpx.Timeout(PATIENCE_SECONDS)) as client:
            told = await failure(client, proxy.url)
    assert (type(told), told.retryable) == (LostError, False)
    assert "its certificate is not accepted: self-signed certificate" in told.message
    assert NOBODY_KNOWS not in told.message
    assert not proxy.calls, "nothing was sent, and so no key"


async def test_https_where_http_is_spoken(proxy: Proxy) -> None:
    async with rest_client(httpx.Timeout(PATIENCE_SECONDS, connect=SECONDS)) as client:
        told = await failure(client, proxy.url.replace("http://", "https://"))
    assert type(told) is LostError
    assert NOBODY_KNOWS not in told.message


async def test_a_proxy_on_the_way(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    proxy.plan("abc.supabase.co:443", faults.page(407, "Who are you?"))
    async with rest_client(httpx.Timeout(PATIENCE_SECONDS)) as client:
        told = await failure(client, "https://abc.supabase.co")
    assert type(told) is LostError
    assert "a proxy on the way refused" in told.message
    assert "HTTPS_PROXY" in (told.next_step or "")
    assert NOBODY_KNOWS not in told.message


async def test_a_key_that_no_header_can_hold_is_in_no_message(proxy: Proxy, client: httpx.AsyncClient) -> None:
    for key in ("hunter2\nhunter3", "hunter2€"):
        with pytest.raises(QueryError) as failed, translated(HERE, WRITE):
            postgrest = AsyncPostgrestClient(proxy.url, headers={"apikey": key}, http_client=client)
            await postgrest.rpc(WRITE, {}).execute()
        assert "hunter" not in f"{failed.value} {failed.value.__cause__}"
        assert failed.value.__suppress_context__
        assert NOBODY_KNOWS not in failed.value.message


@pytest.mark.parametrize("charset", ["base64", "rot13", "idna", "undefined", "no-such"])
async def test_a_page_in_a_charset_that_is_none(proxy: Proxy, client: httpx.AsyncClient, charset: str) -> None:
    told = await refusal(proxy, client, faults.page(503, "Wartung für alle", content_type=f"text/html; charset={charset}"))
    assert "a page called 'Wartung für alle'" in told.message


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("²", None),
        ("9" * 400, None),
        (f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", None),
    ],
)
async def test_how_long_to_wait_is_kept(proxy: Proxy, client: httpx.AsyncClient, header: str, seconds: float | None) -> None:
    for status in (429, 503):
        told = await refusal(proxy, client, faults.says(status, **{"retry-after": header.encode().decode("latin-1")}))
        assert told.retry_after_seconds == seconds


async def test_how_long_to_wait_may_be_a_moment(proxy: Proxy, client: httpx.AsyncClient) -> None:
    for seconds in (-60, 60):
        moment = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        told = await refusal(proxy, client, faults.page(503))
        told = await refusal(proxy, client, faults.says(503, **{"retry-after": moment}))
        assert told.retry_after_seconds is not None
        assert told.retry_after_seconds == 0 if seconds < 0 else 0 < told.retry_after_seconds <= seconds


async def test_no_redirect_takes_the_key_elsewhere(proxy: Proxy, client: httpx.AsyncClient) -> None:
    with spoiling("http://127.0.0.1:9") as elsewhere:
        for status in (301, 302, 303, 307, 308):
            await refusal(proxy, client, faults.redirect(status, f"{elsewhere.url}/rest/v1/rpc/{WRITE}"))
        assert not elsewhere.calls


async def test_secrets_that_a_server_repeats_are_masked_and_long_answers_are_cut(proxy: Proxy, client: httpx.AsyncClient) -> None:
    told = await refusal(proxy, client, faults.says(400, "P0001", f"apikey={KEY}\n" + "long " * 10_000))
    _is_presentable(told)


@pytest.mark.parametrize(
    ("exc", "error"),
    [
        (APIError({"message": "JSON could not be generated", "code": "503", "details": "<html>"}), LostError),
        (APIError({"message": "no", "code": "PGRST202"}), SchemaError),
        (APIError({"message": "no", "code": None}), QueryError),
        (APIError({}), QueryError),
        (httpx.PoolTimeout(""), LostError),
        (httpx.WriteError(""), LostError),
        (httpx.WriteTimeout(""), LostError),
        (httpx.UnsupportedProtocol("no protocol"), LostError),
        (httpx.InvalidURL("no url"), LostError),
        (httpx.TooManyRedirects("round and round"), QueryError),
        (OSError(24, "Too many open files"), LostError),
        (ssl.SSLError("bad record"), LostError),
        (ValueError("nothing"), LostError),
        (RuntimeError("nobody has foreseen this"), QueryError),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_raised_becomes_an_error_of_ours(exc: Exception, error: type[DatabaseError]) -> None:
    told = from_rest(exc, server=HERE, function=WRITE)
    assert type(told) is error
    assert told.next_step
    _is_presentable(told)


def test_values_of_an_answer_are_in_no_message() -> None:
    with pytest.raises(ValidationError) as faulty:
        TypeAdapter(dict[str, int]).validate_python({"Jansen": "hunter2"})
    told = from_rest(faulty.value, server=HERE, function=READ)
    assert "hunter2" not in told.message


def _is_presentable(error: DatabaseError) -> None:
    """One line, of a length that can be read, with the host, and without key or page."""
    assert isinstance(error, CallerError) != isinstance(error, OutsideError)
    assert not isinstance(error, ColumnMatchError)
    told = "\n".join([error.message, error.next_step or "", *error.details])
    assert HERE in error.message
    assert len(error.message.splitlines()) == 1
    assert len(told) < 1_200
    assert KEY not in told
    assert KEY.removeprefix("sb_secret_") not in told
    assert "<html" not in told
    assert "<p>" not in told
