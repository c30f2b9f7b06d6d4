"""That a form was sent by our own page: its secret token, and where the browser says that it comes from."""

from __future__ import annotations

import hmac
import secrets

from starlette.requests import Request

from greedy.model.message import Message
from greedy.web.security.access import CSRF
from greedy.web.security.refusal import RefusedError

FIELD, HEADER = CSRF, "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
EXPIRED = Message("This form is too old, or was not sent by this page. Nothing was changed: load the page again and repeat what you did.")


def csrf_token(request: Request) -> str:
    """The token that the forms of this session carry. Who comes from elsewhere gets none, and so no new session in place of her own."""
    if not is_own(request):
        return ""
    token = request.session.get(FIELD)
    if not isinstance(token, str):
        token = request.session[FIELD] = secrets.token_urlsafe(32)
    return token


async def require_own_form(request: Request) -> None:
    """Refuse what changes something and was not sent by a page of ours. A request with a bearer token needs none: no browser adds one."""
    if request.method in SAFE_METHODS:
        return
    if not is_own(request):
        raise RefusedError(403, EXPIRED)
    if getattr(request.state, "bearer", False):
        return
    given = request.headers.get(HEADER)
    if given is None and request.headers.get("content-type", "").lower().startswith(FORMS):
        field = (await request.form()).get(FIELD)
        given = field if isinstance(field, str) else None
    known = request.session.get(FIELD)
    if not (given and isinstance(known, str) and hmac.compare_digest(given.encode(), known.encode())):
        raise RefusedError(403, EXPIRED)


def is_own(request: Request) -> bool:
    """Whether a page of ours sent a request that may change something, by what the browser says; anything else may come from anywhere."""
    if request.method in SAFE_METHODS:
        return True
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return (origin is None or origin == own) and site in ("same-origin", "none")
