"""Who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Way = Literal["token", "password", "supabase"]


@dataclass(frozen=True)
class SignedIn:
    """A planner who works on the page. `name` stands with each change; `way` is how she signed in."""

    name: str
    way: Way
