"""What the routes ask for: who works, the desk, and the page to answer with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from greedy.desk import Desk
from greedy.model.message import Message
from greedy.store.functions import FunctionStore
from greedy.web import pages
from greedy.web.security.access import signed_in
from greedy.web.security.limits import Limits
from greedy.web.security.people import SignedIn
from greedy.web.security.refusal import RefusedError
from greedy.wording import Words

LAST_NUMBER = 2**63 - 1  # of a line of the history
NO_NUL = r"^[^\x00]*$"  # which no database keeps in a text


class PageOf:
    """The page of a request: its language, and ways to answer."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @property
    def words(self) -> Words:
        """The reader's language."""
        return pages.words_for(self.request)

    @property
    def is_part(self) -> bool:
        """Whether htmx asks, for a part of a page; else a whole page is wanted, as without JavaScript."""
        return pages.is_part(self.request)

    def render(self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: object) -> HTMLResponse:
        """A page, or a part of one, of a template; see `greedy.web.pages.render`."""
        return pages.render(self.request, template, status=status, headers=headers, **context)

    def flash(self, text: str, kind: str = "done") -> None:
        """Show a text on the next page. `kind`: done, note or fault."""
        pages.flash(self.request, text, kind)

    def go(self, path: str) -> Response:
        """Have the browser load another page of ours, after a form was posted."""
        if self.is_part:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)


def _planner(request: Request) -> SignedIn:
    person = signed_in(request)
    if person is None:
        raise RefusedError(401, Message("Sign in first."))
    return person


def _desk(request: Request) -> Desk:
    return cast("Desk", request.app.state.desk)


def _store(request: Request) -> FunctionStore:
    return cast("FunctionStore", request.app.state.store)


Planner = Annotated[SignedIn, Depends(_planner)]
DeskOf = Annotated[Desk, Depends(_desk)]
StoreOf = Annotated[FunctionStore, Depends(_store)]
Page = Annotated[PageOf, Depends(PageOf)]
FormId = Annotated[UUID, Form(alias="id")]  # of `hidden_fields()`: the same form sent twice is the same change


async def limit_uploads(request: Request, planner: Planner) -> None:
    """Refuse a planner's upload when she has sent in too many."""
    await cast("Limits", request.app.state.limits).upload(planner.name)
