"""Names and password hashes of the planners, from the settings."""

from __future__ import annotations

import asyncio
import hashlib
import re

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from greedy.errors import SettingsError

PAIR = re.compile(r"\s*(?P<name>[^\s$;][^$;]{0,199}?)\s+(?P<hash>\$argon2[^\s;]+)\s*(?:;|\Z)")
LEAST_CHARACTERS, MOST_CHARACTERS = 12, 1000
AT_ONCE = 2  # each check of a password takes 64 MB and 50 ms

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash of a password, as it stands in the settings.

    Raises
    ------
    SettingsError
        It is too short or too long.
    """
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise SettingsError(f"a password has {LEAST_CHARACTERS} to {MOST_CHARACTERS} characters", next_step="choose another one")
    return _hasher.hash(password)


class Passwords:
    """Who may sign in with a password.

    Parameters
    ----------
    pairs
        `name hash; name hash`, with hashes as `hash_password` makes them.

    Raises
    ------
    SettingsError
        The pairs cannot be read; the message shows none of them.
    """

    def __init__(self, pairs: str) -> None:
        self._hashes: dict[str, str] = {}
        place = 0
        while place < len(pairs.rstrip("; \n")):
            pair = PAIR.match(pairs, place)
            if pair is None or pair["name"] in self._hashes or not _sound(pair["hash"]):
                raise SettingsError(
                    f"GREEDY_WEB_USERS cannot be read from its {len(self._hashes) + 1}. name on",
                    next_step="give each name once, as in: anna HASH; bert HASH, with hashes from greedy serve --hash-password",
                )
            self._hashes[pair["name"]] = pair["hash"]
            place = pair.end()
        self._nobody = _hasher.hash("nobody has this password")
        self._few = asyncio.Semaphore(AT_ONCE)

    async def check(self, name: str, password: str) -> bool:
        """Whether this is the password of this name. It takes as long for a name that does not exist."""
        known = self._hashes.get(name)
        async with self._few:
            right = await asyncio.to_thread(_verified, known or self._nobody, password[: MOST_CHARACTERS + 1])
        return right and known is not None

    def fingerprint(self, name: str) -> str | None:
        """Changes with the password; None for a name that does not exist."""
        known = self._hashes.get(name)
        return hashlib.sha256(known.encode()).hexdigest()[:16] if known else None


def _sound(text: str) -> bool:
    try:
        found = extract_parameters(text)
    except InvalidHashError:
        return False
    return found.type is Type.ID and (found.hash_len, found.salt_len) == (_hasher.hash_len, _hasher.salt_len)


def _verified(known: str, password: str) -> bool:
    try:
        return _hasher.verify(known, password)
    except VerificationError:
        return False
