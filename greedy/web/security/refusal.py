"""A request that is refused, whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping


class RefusedError(Exception):
    """A request that is not done, for a reason that its sender is told.

    Parameters
    ----------
    status
        HTTP status, 400 to 499.
    reason
        One or two sentences for a person.
    headers
        Of the answer.
    """

    def __init__(self, status: int, reason: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, dict(headers or {})
