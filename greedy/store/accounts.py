"""Accounts of a Supabase project: signing in at its Auth server, and the keys that its access tokens are signed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from greedy.errors import OutsideError
from greedy.model.message import Message
from greedy.store.project_address import check_project

SECONDS = 10.0
REFUSED_STATUSES = (400, 401, 403, 422)


class TooManySignInsError(OutsideError):
    """The project lets nobody sign in for a while."""


class Accounts:
    """The Auth server of a project.

    Parameters
    ----------
    url, key
        SUPABASE_URL and SUPABASE_KEY.

    Raises
    ------
    SettingsError
        One of them cannot be right.
    """

    def __init__(self, url: str | None, key: str | None) -> None:
        project = check_project(url, key)
        self.issuer = f"{project.url}/auth/v1"
        self._key = project.key

    async def sign_in(self, email: str, password: str) -> str | None:
        """The access token of an account; None when the project refuses address or password."""
        answer = await self._ask("POST", "/token?grant_type=password", {"email": email, "password": password})
        token = answer.get("access_token") if answer is not None else None
        return token if isinstance(token, str) else None

    async def signing_keys(self) -> Mapping[str, Any]:
        """The public keys of the project, as a JSON Web Key Set."""
        return await self._ask("GET", "/.well-known/jwks.json") or {}

    async def _ask(self, method: str, path: str, document: Mapping[str, str] | None = None) -> Mapping[str, Any] | None:
        try:
            async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=False) as client:
                response = await client.request(method, self.issuer + path, json=document, headers={"apikey": self._key})
            if response.status_code == 429:
                raise TooManySignInsError(Message("the Supabase project takes no more attempts to sign in for a while"), retryable=True)
            if response.status_code in REFUSED_STATUSES:
                return None
            answer = response.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as exc:
            # Not the exception's own text: it may hold what was sent.
            message = f"the Auth server of the Supabase project does not answer as it should: {type(exc).__name__}"
            raise OutsideError(message, next_step=Message("try again in a little while"), retryable=True) from None
        return answer if isinstance(answer, dict) else None
