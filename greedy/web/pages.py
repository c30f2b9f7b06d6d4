"""Pages: templates, language, messages that the next page shows, and pages that tell what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from greedy.report.html import environment
from greedy.web.language import language_of
from greedy.web.moments import local_moment
from greedy.web.security.access import signed_in
from greedy.web.security.csrf import FIELD, csrf_token
from greedy.wording import LANGUAGES, Words, words_of

FLASH = "flash"
MOST_DETAILS = 20
MOST_FLASHES, MOST_FLASH_BYTES, MOST_SESSION_BYTES = 3, 700, 2900  # a session lives in a cookie, of 4096 bytes in base64
TEMPLATES = Path(__file__).parent / "templates"


def compile_templates() -> None:
    """Compile all templates in every language; they are kept."""
    for language in LANGUAGES:
        templates = environment(words_of(language), TEMPLATES)
        for name in templates.list_templates(extensions=["html"]):
            templates.get_template(name)


def words_for(request: Request) -> Words:
    """The words of the language that the sender of a request reads."""
    return words_of(language_of(request))


def render(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: object
) -> HTMLResponse:
    """A page, or a part of one, of a template.

    The template has besides `context`: what `greedy.report.html.environment` gives it, in the reader's language; `planner` (None when
    nobody is signed in), `hidden_fields()` for within each form that posts, `csrf`, `flashes()`, `moment(when)`, `path`, `again` (the
    address of the page, None after a form), `theme`, and `is_part`: whether htmx asks for a part.
    """
    html = environment(words_for(request), TEMPLATES).get_template(template).render(_always(request) | context)
    return HTMLResponse(html, status_code=status, headers={"Vary": "HX-Request", **(headers or {})})


def flash(request: Request, text: str, kind: str = "done") -> None:
    """Show a text on the next page. `kind`: done, note or fault."""
    said = words_for(request).say(text)
    while len(json.dumps(said)) > MOST_FLASH_BYTES:
        said = f"{said[: len(said) * 3 // 4]}…"
    kept = [*request.session.get(FLASH, []), [kind, said]][-MOST_FLASHES:]
    while len(kept) > 1 and len(json.dumps({**request.session, FLASH: kept})) > MOST_SESSION_BYTES:
        del kept[0]
    request.session[FLASH] = kept


def is_part(request: Request) -> bool:
    """Whether htmx asks, for a part of a page."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"


def theme_of(request: Request) -> str:
    """`light`, `dark`, or `auto`: as the system says."""
    chosen = request.cookies.get("theme", "auto")
    return chosen if chosen in ("light", "dark") else "auto"


def tell(request: Request, status: int, title: str, text: str, *, details: tuple[str, ...] = (), next_step: str | None = None) -> Response:
    """A page that tells what went wrong; for htmx a message that is put beside what is open, so that nothing typed is lost."""
    say = words_for(request).say
    lines = [say(line) for line in details[:MOST_DETAILS]]
    told: dict[str, Any] = {"title": say(title), "text": say(text), "details": lines, "next_step": say(next_step) if next_step else None}
    if is_part(request):
        return render(request, "toast.html", status=status, headers={"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}, **told)
    return render(request, "error.html", status=status, is_gone=status == 404, **told)


def _always(request: Request) -> dict[str, Any]:
    has_session = "session" in request.scope

    def hidden_fields() -> Markup:
        return Markup('<input type="hidden" name="{}" value="{}"><input type="hidden" name="id" value="{}">').format(
            FIELD, csrf_token(request), uuid4()
        )

    return {
        "planner": signed_in(request),
        "csrf": csrf_token(request) if has_session and signed_in(request) else "",
        "hidden_fields": hidden_fields,
        "flashes": lambda: request.session.pop(FLASH, []) if has_session else [],
        "path": request.url.path,
        "again": _again(request),
        "moment": partial(local_moment, words_for(request)),
        "theme": theme_of(request),
        "is_part": is_part(request),
    }


def _again(request: Request) -> str | None:
    """The address of a page that can be asked for once more; None after a form."""
    if request.method != "GET":
        return None
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
