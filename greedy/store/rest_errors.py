"""What goes wrong over REST, in the project's words: the one place where it is decided what a failure means and who has to act.

A code of PostgREST or PostgreSQL says most, then the HTTP status, then the error of the transport. Whether a write was done is known for
certain when the request never left, or when the database itself refused it; otherwise nobody knows, and the message says so.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx
from postgrest.exceptions import APIError
from pydantic import BaseModel, ValidationError

from greedy.database.errors import (
    FORBIDDEN_SQLSTATE,
    MISSING_OBJECT_SQLSTATES,
    UNKNOWN_OUTCOME,
    AuthenticationError,
    ConnectionError,  # noqa: A004  the project's own
    DatabaseError,
    QueryError,
    SchemaError,
    ServerFacts,
    from_server,
)
from greedy.loggable import masked
from greedy.store.rest_transport import is_json

SHOWN_CHARACTERS = 300
WRITES = re.compile("(write|import|change|publish|reopen|copy|take_over|delete|ask|claim|beat|end|cancel)_")
SQLSTATE = re.compile(r"[0-9A-Z]{5}")
# What raised is PostgreSQL, and the server keeps the code to itself
CODE_WITHHELD = "SUP"
CONNECTION_GONE = re.compile(r"terminating connection|connection terminated|CONNECTION_(CLOSED|ENDED|DESTROYED)|ECONNRESET|EPIPE")
# Their texts hold what was sent or answered: keys, names
TELLTALES = (httpx.LocalProtocolError, UnicodeError, ValidationError)

TRY_AGAIN = "try again"
SET_KEY = "set SUPABASE_KEY to the secret key (sb_secret_...) of this very project: Project Settings > API Keys in the Supabase dashboard"
GRANTS = f"{SET_KEY}; if it is that one, greedy doctor names the grants that are missing"
MIGRATE = (
    "supabase db push --remote URL, or greedy db migrate --database URL; "
    "when that is done already, in the SQL editor: notify pgrst, 'reload schema'"
)
CHECK_URL = "check SUPABASE_URL: https://<project>.supabase.co"
DASHBOARD = "see the project's state in the Supabase dashboard"


class Meaning(NamedTuple):
    """What a failure means. `what` follows the server's name. `undone`: it is certain that nothing was done."""

    error: type[DatabaseError]
    what: str
    next_step: str
    retryable: bool = False
    undone: bool = True


CODES = {
    "PGRST000": Meaning(ConnectionError, "cannot reach its database", f"{TRY_AGAIN}; {DASHBOARD}", retryable=True),
    "PGRST001": Meaning(ConnectionError, "cannot reach its database", f"{TRY_AGAIN}; {DASHBOARD}", retryable=True),
    "PGRST002": Meaning(ConnectionError, "cannot read its database's schema", f"{TRY_AGAIN}; {DASHBOARD}", retryable=True),
    "PGRST003": Meaning(ConnectionError, "had no connection to its database free in time", TRY_AGAIN, retryable=True),
    "PGRST106": Meaning(
        SchemaError,
        "does not serve this schema",
        "expose it: Project Settings > Data API > Exposed schemas; or choose another with --schema",
    ),
    "PGRST125": Meaning(ConnectionError, "knows no such path", CHECK_URL),
    "PGRST202": Meaning(SchemaError, "is not migrated: it lacks a function of this program", MIGRATE),
    "PGRST203": Meaning(SchemaError, "has a function of this program more than once", MIGRATE),
    "PGRST204": Meaning(SchemaError, "is not migrated: it lacks a column", MIGRATE),
    "PGRST205": Meaning(SchemaError, "is not migrated: it lacks a table", MIGRATE),
    "PGRST301": Meaning(AuthenticationError, "does not accept the key", SET_KEY),
    "PGRST302": Meaning(AuthenticationError, "wants a key", SET_KEY),
    "PGRST303": Meaning(AuthenticationError, "does not accept the key any more", f"{SET_KEY}; or check this machine's clock"),
    FORBIDDEN_SQLSTATE: Meaning(AuthenticationError, "refused: the role of this key may not do it", GRANTS),
    **dict.fromkeys(("28000", "28P01", "0P000", "0L000"), Meaning(AuthenticationError, "refused the role of this key", GRANTS)),
    **dict.fromkeys(MISSING_OBJECT_SQLSTATES, Meaning(SchemaError, "has a schema that does not fit", MIGRATE)),
}

GATEWAY = Meaning(ConnectionError, "was not reached by the gateway before it", f"{TRY_AGAIN}; {DASHBOARD}", retryable=True, undone=False)
TOO_SLOW = Meaning(
    ConnectionError, "gave the gateway before it no answer in time", f"{TRY_AGAIN}; {DASHBOARD}", retryable=True, undone=False
)
BUSY = Meaning(ConnectionError, "is not available", f"{TRY_AGAIN}; {DASHBOARD}", retryable=True, undone=False)
REDIRECT = Meaning(ConnectionError, "answers with a redirect, which a project's address never does", CHECK_URL)
PAUSED = Meaning(ConnectionError, "is paused", "restore the project in the Supabase dashboard, then run again")
NO_PROJECT = Meaning(ConnectionError, "answers, and serves no Supabase project at this address", CHECK_URL)

STATUSES = {
    401: Meaning(AuthenticationError, "does not accept the key", SET_KEY),
    402: Meaning(ConnectionError, "is restricted: its quota is used up or a bill is open", DASHBOARD),
    403: Meaning(
        AuthenticationError, "refused", f"{SET_KEY}; if it is that one, look at the network restrictions and at proxies on the way"
    ),
    404: NO_PROJECT,
    405: NO_PROJECT,
    407: Meaning(ConnectionError, "was not reached: a proxy on the way wants a password", "check HTTPS_PROXY"),
    408: TOO_SLOW,
    413: Meaning(
        QueryError, "does not take a document of this size", "use the direct connection for this roster: DATABASE_URL, the session pooler"
    ),
    429: Meaning(ConnectionError, "was asked too often", f"{TRY_AGAIN} later", retryable=True),
    500: Meaning(ConnectionError, "failed inside", f"{TRY_AGAIN}; {DASHBOARD}", retryable=True, undone=False),
    502: GATEWAY,
    503: BUSY,
    504: TOO_SLOW,
    **dict.fromkeys((520, 521, 523, 525, 526, 527), GATEWAY),
    **dict.fromkeys((522, 524, 544), TOO_SLOW),
    530: Meaning(ConnectionError, "is not there: the project is paused or deleted", PAUSED.next_step),
    540: PAUSED,
}

NOT_SENT = "check SUPABASE_URL, and the network of this machine"
LOST = Meaning(ConnectionError, "was lost in the middle of a call", TRY_AGAIN, retryable=True, undone=False)
SILENT = Meaning(ConnectionError, "gave no answer in time", f"{TRY_AGAIN}; {DASHBOARD}", retryable=True, undone=False)
GARBLED = Meaning(ConnectionError, "gave an answer that cannot be read, or half of one", TRY_AGAIN, retryable=True, undone=False)
OTHER_SHAPE = Meaning(
    SchemaError, "answers otherwise than this program expects", f"{MIGRATE}; or use the version of this program that fits", undone=False
)
NOT_SENDABLE = Meaning(QueryError, "was not asked: the request cannot be sent", "check SUPABASE_URL and SUPABASE_KEY")

# In this order: the first class that an error is of
TRANSPORT: tuple[tuple[type[Exception], Meaning], ...] = (
    (httpx.ProxyError, Meaning(ConnectionError, "was not reached: a proxy on the way refused", "check HTTPS_PROXY", retryable=True)),
    (httpx.UnsupportedProtocol, Meaning(ConnectionError, "cannot be asked", CHECK_URL)),
    (httpx.InvalidURL, Meaning(ConnectionError, "cannot be asked", CHECK_URL)),
    (httpx.ConnectTimeout, Meaning(ConnectionError, "cannot be reached: no connection in time", NOT_SENT, retryable=True)),
    (httpx.ConnectError, Meaning(ConnectionError, "cannot be reached", NOT_SENT, retryable=True)),
    (httpx.PoolTimeout, Meaning(ConnectionError, "was not asked: no connection came free in time", TRY_AGAIN, retryable=True)),
    (httpx.TimeoutException, SILENT),
    (TimeoutError, SILENT),
    (httpx.LocalProtocolError, NOT_SENDABLE),
    (UnicodeEncodeError, NOT_SENDABLE),
    (httpx.DecodingError, GARBLED),
    (httpx.TransportError, LOST),
    (OSError, LOST),
    (ValidationError, OTHER_SHAPE),
    (ValueError, GARBLED),
)
CERTIFICATE = Meaning(
    ConnectionError,
    "cannot be trusted: its certificate is not accepted",
    "check SUPABASE_URL, this machine's clock and its root certificates",
)
NO_SUCH_HOST = Meaning(
    ConnectionError, "cannot be found: its name has no address", f"{NOT_SENT}; a project that was deleted loses its name"
)
WITHHELD = Meaning(QueryError, "refused a statement", "see the logs of the server and its database: Logs in the Supabase dashboard")
REFUSED = Meaning(QueryError, "refused the request", f"{CHECK_URL}; {DASHBOARD}")
UNKNOWN = Meaning(QueryError, "failed", DASHBOARD, undone=False)
REST_ERRORS = (APIError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)


@contextmanager
def translated(server: str, function: str) -> Iterator[None]:
    """Within this block, a call of `function`, what supabase-py and httpx raise leaves as errors of this project."""
    try:
        yield
    except REST_ERRORS as exc:
        raise from_rest(exc, server=server, function=function) from (None if isinstance(exc, TELLTALES) else exc)


def from_rest(exc: Exception, *, server: str, function: str) -> DatabaseError:
    """Translate whatever leaves supabase-py or httpx. Total: what nobody has foreseen is a QueryError.

    Parameters
    ----------
    exc
        What was raised.
    server
        Which project, for the message.
    function
        The database function that was called. Its name tells whether it writes.
    """
    call = _Call(server, function)
    if isinstance(exc, httpx.HTTPStatusError):
        return _of_answer(exc.response, call)
    if isinstance(exc, APIError):
        code = str(exc.code or "")
        facts = ServerFacts(http_status=int(code) if re.fullmatch(r"[1-5]\d\d", code) else None)
        return _of_refusal(_Refusal(message=exc.message, code=code, details=exc.details, hint=exc.hint), facts, call)
    for cause in _chain(exc):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return call.error(CERTIFICATE, cause.verify_message)
        if isinstance(cause, socket.gaierror):
            return call.error(NO_SUCH_HOST._replace(retryable=cause.errno == socket.EAI_AGAIN), cause.strerror or "")
    meaning = next((meaning for kind, meaning in TRANSPORT if isinstance(exc, kind)), UNKNOWN)
    return call.error(meaning, type(exc).__name__ if isinstance(exc, TELLTALES) else str(exc) or type(exc).__name__)


class _Refusal(BaseModel):
    """The body of a refusal by PostgREST or by Supabase's gateway."""

    message: str | None = None
    error: str | None = None
    code: str | int | None = None
    details: object = None
    hint: str | None = None


class _Call(NamedTuple):
    """The call that failed."""

    server: str
    function: str

    def error(self, meaning: Meaning, reason: str = "", facts: ServerFacts | None = None) -> DatabaseError:
        outcome = f", {UNKNOWN_OUTCOME}" if WRITES.match(self.function) and not meaning.undone else ""
        text = f"{self.server} {meaning.what}{outcome}: {_line(reason) or 'no reason given'} ({self.function})"
        return meaning.error(text, next_step=meaning.next_step, retryable=meaning.retryable, said=facts)


def _of_answer(response: httpx.Response, call: _Call) -> DatabaseError:
    status = response.status_code
    facts = ServerFacts(http_status=status, retry_after_seconds=_retry_after(response.headers.get("retry-after", "")))
    if is_json(response):
        try:
            return _of_refusal(_Refusal.model_validate_json(response.content), facts, call)
        except ValidationError:
            pass  # JSON of another kind, or half of it: the status says what is known
    return call.error(_meaning_of(status), f"HTTP {status}{_page(response)}", facts)


def _of_refusal(refusal: _Refusal, facts: ServerFacts, call: _Call) -> DatabaseError:
    code, message = str(refusal.code or ""), _line(refusal.message or refusal.error or "")
    facts = facts._replace(
        sqlstate=code if SQLSTATE.fullmatch(code) else None,
        detail=_line(str(refusal.details)) if refusal.details and not str(refusal.details).lstrip().startswith("<") else None,
        hint=_line(refusal.hint) if refusal.hint else None,
    )
    if (meaning := CODES.get(code)) is not None:
        return call.error(meaning, message, facts)
    if code == CODE_WITHHELD:
        return call.error(LOST if CONNECTION_GONE.search(message) else WITHHELD, message, facts)
    if facts.sqlstate:
        return from_server(f"{message or code} ({call.function})", facts, server=call.server)
    if facts.http_status is None:
        return call.error(UNKNOWN, message, facts)
    return call.error(_meaning_of(facts.http_status), f"HTTP {facts.http_status} {message}", facts)


def _meaning_of(status: int) -> Meaning:
    if status in STATUSES:
        return STATUSES[status]
    if status < 300:
        return NO_PROJECT._replace(undone=False)
    if status < 400:
        return REDIRECT
    return REFUSED if status < 500 else GATEWAY


def _page(response: httpx.Response) -> str:
    """What a page says of itself; never the page."""
    if not response.content:
        return ", an empty answer"
    text = response.content[:20_000].decode(errors="replace")  # whatever charset it names, which may be none that is one
    title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
    if title is None:
        return f", {response.headers.get('content-type', 'something')[:60]} instead of JSON"
    return f", a page called {_line(title[1])!r} instead of JSON"


def _retry_after(header: str) -> float | None:
    """Seconds that the server asks to wait: it gives them, or the moment when they end."""
    if re.fullmatch(r"[0-9]{1,9}", header):
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None


def _chain(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _line(text: str) -> str:
    """A text of unknown origin as one short line, without secrets."""
    line = " ".join(masked(text[:10_000]).split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:SHOWN_CHARACTERS]}..."
