"""Names that are nearly right: `UserId` for `user_id`, `employee` for `employees`."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def likely(wanted: str, names: Iterable[str]) -> list[str]:
    """The names that come nearest to `wanted`, best first, at most three."""
    return get_close_matches(wanted.lower(), list(names), n=3, cutoff=0.6)
