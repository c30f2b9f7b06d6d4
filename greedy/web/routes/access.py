"""Coming in and going out, and how the page looks to a reader."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from greedy.model.message import Message
from greedy.web.context import Page
from greedy.web.language import COOKIE
from greedy.web.security.access import Access, signed_in
from greedy.web.security.limits import Limits
from greedy.web.security.refusal import RefusedError

router = APIRouter(include_in_schema=False)

YEAR_SECONDS = 365 * 24 * 3600
OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f]*")
Text = Annotated[str, Form(max_length=300)]
Secret = Annotated[str, Form(max_length=1100)]
Next = Annotated[str, Form(alias="next", max_length=2000)]


def own_path(path: str) -> str:
    """The path when it is one of this server, else that of the first page."""
    return path if OWN_PATH.fullmatch(path) else "/"


@router.get("/enter")
async def enter(request: Request, token: Annotated[str, Query(max_length=500)] = "") -> Response:
    """Come in with the first URL, which holds the token."""
    access, limits = _access(request)
    person = access.by_token(token)
    if person is None:
        await limits.sign_in(_address(request), "")
        raise RefusedError(403, Message("This address is not, or no longer, the one to enter with. The terminal of the server shows it."))
    access.sign_in(request.session, person)
    return RedirectResponse("/", status_code=303)


@router.get("/sign-in")
async def sign_in_form(request: Request, page: Page, next_path: Annotated[str, Query(alias="next", max_length=2000)] = "/") -> Response:
    """The form to sign in with; whoever is signed in goes on."""
    if signed_in(request):
        return RedirectResponse(own_path(next_path), status_code=303)
    return _form(request, page, next_path)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    page: Page,
    name: Text = "",
    password: Secret = "",
    next_path: Next = "/",
) -> Response:
    """Sign in with a password."""
    access, limits = _access(request)
    await limits.sign_in(_address(request), name)
    person = await access.by_password(name, password)
    if person is None:
        return _form(request, page, next_path, name=name, fault=Message("Name or password is wrong."), status=403)
    access.sign_in(request.session, person)
    return RedirectResponse(own_path(next_path), status_code=303)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Go out: the session is forgotten."""
    _access(request)[0].sign_out(request.session)
    return RedirectResponse("/sign-in", status_code=303)


@router.post("/settings")
async def choose(
    request: Request,
    language: Annotated[Literal["en", "nl"] | None, Form()] = None,
    theme: Annotated[Literal["auto", "light", "dark"] | None, Form()] = None,
    next_path: Next = "/",
) -> Response:
    """Choose language and colours; the browser keeps them."""
    response = RedirectResponse(own_path(next_path), status_code=303)
    for name, value in ((COOKIE, language), ("theme", theme)):
        if value is not None:
            response.set_cookie(name, value, max_age=YEAR_SECONDS, httponly=True, samesite="lax", secure=request.app.state.https)
    return response


def _form(request: Request, page: Page, next_path: str, *, name: str = "", fault: str | None = None, status: int = 200) -> Response:
    access, _ = _access(request)
    by_token = access.token is not None
    return page.render(
        "sign_in.html", status=status, next=own_path(next_path), name=name, fault=fault and page.words.say(fault), by_token=by_token
    )


def _access(request: Request) -> tuple[Access, Limits]:
    return request.app.state.access, request.app.state.limits


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
