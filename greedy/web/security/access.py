"""The ways to sign in that a server offers, and who a session belongs to."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from greedy.web.security.ended import EndedSessions
from greedy.web.security.passwords import Passwords
from greedy.web.security.people import SignedIn, Way
from greedy.web.security.supabase import SupabaseSignIn

SIGNED_IN, CSRF = "signed_in", "csrf"
HOUR, DAY = 3600, 24 * 3600
SECONDS_OF: dict[Way, int] = {"token": 30 * DAY, "password": 12 * HOUR, "supabase": 12 * HOUR}
COOKIE_SECONDS = max(SECONDS_OF.values())


@dataclass(frozen=True)
class Access:
    """Who may enter.

    Parameters
    ----------
    token
        The secret of the first URL; None where planners sign in.
    host_planner
        Who comes with the token.
    passwords
        Names and hashes; None without.
    accounts
        Accounts of a Supabase project; None without.
    ended
        Sessions that were signed out; an application keeps them in its data directory.
    """

    token: str | None = None
    host_planner: str = "planner"
    passwords: Passwords | None = None
    accounts: SupabaseSignIn | None = None
    ended: EndedSessions | None = None

    def by_token(self, given: str) -> SignedIn | None:
        """Who comes with this token."""
        if self.token is None or not hmac.compare_digest(given.encode(), self.token.encode()):
            return None
        return SignedIn(self.host_planner, "token")

    async def by_password(self, name: str, password: str) -> SignedIn | None:
        """Who signs in with this name and password."""
        if self.passwords is not None and await self.passwords.check(name, password):
            return SignedIn(name, "password")
        return await self.accounts.sign_in(name, password) if self.accounts is not None else None

    async def by_bearer(self, given: str) -> SignedIn | None:
        """Who a program that calls the API works for."""
        return self.by_token(given) or (await self.accounts.bearer(given) if self.accounts is not None else None)

    def of_session(self, session: dict[str, Any]) -> SignedIn | None:
        """Who a session belongs to, while it lasts and she may still enter in the way in which she signed in."""
        kept = session.get(SIGNED_IN)
        if not isinstance(kept, dict) or kept["until"] < time.time() or (self.ended is not None and kept in self.ended):
            return None
        person = SignedIn(kept["name"], kept["way"])
        proof = self._proof(person)
        return person if proof is not None and proof == kept["proof"] else None

    def sign_in(self, session: dict[str, Any], person: SignedIn) -> None:
        """Give the session to this person. What it held before is gone, save that forms which she has open still hold."""
        before = session.get(SIGNED_IN)
        forms = session.get(CSRF) if isinstance(before, dict) and before["name"] == person.name else None
        session.clear()
        session[SIGNED_IN] = {
            "name": person.name,
            "way": person.way,
            "proof": self._proof(person),
            "until": int(time.time()) + SECONDS_OF[person.way],
            "number": secrets.token_hex(8),
        }
        if forms is not None:
            session[CSRF] = forms

    def sign_out(self, session: dict[str, Any]) -> None:
        """End the session, and each copy of its cookie."""
        kept = session.get(SIGNED_IN)
        if isinstance(kept, dict) and self.ended is not None:
            self.ended.add(kept)
        session.clear()

    def _proof(self, person: SignedIn) -> str | None:
        """What a session must hold besides the signature; it changes when the person's way in is closed. None: there is no way in."""
        if person.way == "token":
            return "token" if self.token is not None else None
        if person.way == "password":
            return self.passwords.fingerprint(person.name) if self.passwords else None
        return "supabase" if self.accounts is not None and self.accounts.may_enter(person.name) else None


def signed_in(connection: HTTPConnection) -> SignedIn | None:
    """Who sent a request."""
    found = getattr(connection.state, "signed_in", None)
    return found if isinstance(found, SignedIn) else None
