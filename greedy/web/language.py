"""The language of a reader: what she chose, else what her browser asks for, else English."""

from __future__ import annotations

from starlette.requests import Request

from greedy.wording import LANGUAGES, Language

COOKIE = "language"


def language_of(request: Request) -> Language:
    """The language of a request's sender."""
    wanted = [request.cookies.get(COOKIE, ""), *_accepted(request.headers.get("accept-language", ""))]
    return next((language for want in wanted for language in LANGUAGES if want.lower().split("-")[0] == language), "en")


def _accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, best first."""
    ranked: list[tuple[float, str]] = []
    for part in header[:1000].split(","):
        name, _, weight = part.partition(";")
        try:
            rank = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            rank = 0.0
        ranked.append((-rank, name.strip()))
    return [name for rank, name in sorted(ranked, key=lambda entry: entry[0]) if rank < 0]
