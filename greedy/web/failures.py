"""What a request that fails is answered with: a page, a message beside the open page, or a problem document (RFC 9457)."""

from __future__ import annotations

import secrets
from http import HTTPStatus

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from greedy.database.errors import DatabaseError
from greedy.errors import CallerError, GreedyError, InputError, OutsideError, SettingsError
from greedy.formats.validation import in_words
from greedy.model.message import Message
from greedy.store.base import RosterBusyError, UnknownRosterError
from greedy.store.changes import UnknownChangeError
from greedy.store.copies import UnknownCopyError
from greedy.store.plans import UnknownPlanError
from greedy.web import pages
from greedy.web.security.refusal import RefusedError

log = structlog.get_logger()

# Of the classes of an error, the first that stands here decides. The database refuses nothing that a planner could mend: routes look first.
STATUSES: dict[type[GreedyError], int] = {
    UnknownRosterError: 404,
    UnknownChangeError: 404,
    UnknownPlanError: 404,
    UnknownCopyError: 404,
    InputError: 422,
    DatabaseError: 503,
    SettingsError: 503,
    OutsideError: 503,
    CallerError: 409,
}
TITLES = {
    400: Message("This cannot be done"),
    401: Message("Sign in first"),
    403: Message("Refused"),
    404: Message("Not found"),
    405: Message("This cannot be done here"),
    408: Message("Too slow"),
    409: Message("This was not done"),
    413: Message("Too large"),
    422: Message("Something has to be mended"),
    429: Message("Too many attempts"),
    500: Message("A fault of this program"),
    503: Message("Not available at the moment"),
}
MOST_FAULTS = 100  # of a request that is malformed throughout
UNAVAILABLE = Message("The database does not answer at the moment. Nothing of what you see is lost: try again in a little while.")


def is_api(request: Request) -> bool:
    """Whether a program asks, which is answered in JSON."""
    return request.url.path.startswith(("/api/", "/health/"))


def respond(request: Request, status: int, text: str, *, details: tuple[str, ...] = (), next_step: str | None = None) -> Response:
    """The answer to a request that fails."""
    title = TITLES.get(status, Message("This cannot be done"))
    if not is_api(request):
        return pages.tell(request, status, title, text, details=details, next_step=next_step)
    document: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": text}
    document |= {"details": list(details)} if details else {}
    document |= {"next_step": next_step} if next_step else {}
    return JSONResponse(document, status_code=status, media_type="application/problem+json")


def refused(request: Request, exc: RefusedError) -> Response:
    """A request that somebody may not make."""
    response = respond(request, exc.status, exc.reason)
    response.headers.update(exc.headers)
    return response


def failed(request: Request, exc: Exception) -> Response:
    """An error: what the planner can do about it. A fault of this program: the browser gets a number, the log what happened."""
    if isinstance(exc, GreedyError):
        return _error(request, exc)
    number = secrets.token_hex(4)
    log.error("web.fault", number=number, method=request.method, path=request.url.path, exc_info=exc)
    text = Message("The server made a mistake, and has noted it under number {number}. Nothing half-done is left.", number=number)
    return respond(request, 500, text)


def status_of(error: GreedyError) -> int:
    """The HTTP status of an error."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def _error(request: Request, error: GreedyError) -> Response:
    status = status_of(error)
    if status == 503 and not isinstance(error, RosterBusyError):
        log.warning("web.unavailable", path=request.url.path, error=error.message, details=error.details)
        return respond(request, status, UNAVAILABLE)
    if status == 404 and not is_api(request):
        return respond(request, status, error.message)  # ids of what is there instead help programs alone: the page leads to its list
    return respond(request, status, error.message, details=error.details, next_step=error.next_step)


def answer_failures(app: FastAPI) -> None:
    """Have all errors of the routes answered."""

    async def greedy_error(request: Request, exc: Exception) -> Response:
        return failed(request, exc)

    async def http_error(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)  # noqa: S101  for the type checker
        response = respond(request, exc.status_code, _plain(exc.status_code))
        response.headers.update(exc.headers or {})
        return response

    async def malformed(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RequestValidationError)  # noqa: S101  for the type checker
        if not is_api(request) and any(error["loc"][0] == "path" for error in exc.errors()):
            return respond(request, 404, _plain(404))
        details = tuple(_malformed(error) for error in exc.errors()[:MOST_FAULTS])
        return respond(request, 422, Message("What was sent cannot be used."), details=details)

    async def refusal(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RefusedError)  # noqa: S101  for the type checker
        return refused(request, exc)

    app.add_exception_handler(GreedyError, greedy_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(RefusedError, refusal)


def _malformed(error: ErrorDetails) -> Message:
    """`time_limit_seconds: Input should be less than or equal to 3600`"""
    return Message("{where}: {what}", where=".".join(str(part) for part in error["loc"][1:]), what=in_words(error))


def _plain(status: int) -> str:
    if status == 400:
        return Message("What was sent cannot be read. Nothing was changed.")
    if status == 404:
        return Message("There is nothing here. Perhaps it was deleted, or the address is wrong.")
    if status == 405:
        return Message("This address takes no such request.")
    return HTTPStatus(status).phrase
