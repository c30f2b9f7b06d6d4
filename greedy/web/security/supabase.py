"""Planners with accounts of a Supabase project: their access tokens, and who of them may enter."""

from __future__ import annotations

import asyncio
import time

import jwt

from greedy.errors import SettingsError
from greedy.store.accounts import Accounts
from greedy.web.security.people import SignedIn

PUBLIC_KEY_ALGORITHMS = ("ES256", "RS256", "EdDSA")
AUDIENCE = "authenticated"
KEYS_SECONDS = 600.0
LEAST_SECONDS_BETWEEN = 10.0  # an unknown key asks for the keys again, but nobody can make us ask all the time
LEEWAY_SECONDS = 10
LONGEST_EMAIL = 200  # as the name of whoever made a change


class SupabaseSignIn:
    """Who may enter with an account.

    Parameters
    ----------
    accounts
        The project's Auth server.
    planners
        E-mail addresses of those who may enter, separated by commas. Anybody can have an account where a project lets people sign up.
    secret
        What the project signs with when it has no signing keys.

    Raises
    ------
    SettingsError
        Nobody may enter.
    """

    def __init__(self, accounts: Accounts, planners: str | None, secret: str | None = None) -> None:
        self._accounts, self._secret = accounts, secret
        self._planners = {_same(address.strip()) for address in (planners or "").split(",") if address.strip()}
        if not self._planners:
            raise SettingsError(
                "GREEDY_WEB_SUPABASE is set, and GREEDY_WEB_PLANNERS names nobody who may enter",
                next_step="set GREEDY_WEB_PLANNERS to the e-mail addresses of the planners' accounts, separated by commas",
            )
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked = -float("inf")
        self._asking = asyncio.Lock()

    async def sign_in(self, email: str, password: str) -> SignedIn | None:
        """Who signs in with this address and password; None when she may not enter."""
        token = await self._accounts.sign_in(email, password)
        return None if token is None else await self.bearer(token)

    async def bearer(self, token: str) -> SignedIn | None:
        """Who an access token of the project belongs to; None when it is forged, over, of another project, or of nobody who may enter."""
        try:
            header = jwt.get_unverified_header(token)
            key, algorithm = await self._key_for(header)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "aud", "sub"]},
            )
        except (jwt.PyJWTError, RecursionError):
            return None
        email = claims.get("email")
        if claims.get("iss", self._accounts.issuer) != self._accounts.issuer:
            return None
        if not isinstance(email, str) or claims.get("role") != AUDIENCE or claims.get("is_anonymous"):
            return None
        return SignedIn(email, "supabase") if self.may_enter(email) else None

    def may_enter(self, email: str) -> bool:
        """Whether this is the address of a planner."""
        return len(email) <= LONGEST_EMAIL and _same(email) in self._planners

    async def _key_for(self, header: dict[str, object]) -> tuple[jwt.PyJWK | str | None, str]:
        """The key that a token with this header has to be signed with, and how; a public key never serves as a secret."""
        algorithm, name = str(header.get("alg")), str(header.get("kid"))
        if algorithm == "HS256":
            return self._secret, algorithm
        if algorithm not in PUBLIC_KEY_ALGORITHMS:
            return None, algorithm
        await self._refresh(name)
        key = self._keys.get(name)
        return (key if key is not None and key.algorithm_name == algorithm else None), algorithm

    async def _refresh(self, name: str) -> None:
        async with self._asking:
            age = time.monotonic() - self._asked
            if age > KEYS_SECONDS or (name not in self._keys and age > LEAST_SECONDS_BETWEEN):
                found = await self._accounts.signing_keys()
                self._asked = time.monotonic()
                keys = jwt.PyJWKSet.from_dict(dict(found)).keys if found.get("keys") else []
                self._keys = {key.key_id: key for key in keys if key.key_id is not None}


def _same(email: str) -> str:
    """The address as it is compared. Only ASCII: beyond it, letters that differ can become the same one."""
    return email.lower() if email.isascii() else email
