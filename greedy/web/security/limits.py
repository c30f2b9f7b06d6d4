"""How often somebody may try."""

from __future__ import annotations

import ipaddress

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from greedy.model.message import Message
from greedy.web.security.refusal import RefusedError

# Of one address, of one name from one address, and of all: the last keeps checks of passwords from taking all of the machine.
SIGN_IN_OF_ADDRESS, SIGN_IN_OF_NAME, SIGN_IN_OF_ALL = RateLimitItemPerMinute(20), RateLimitItemPerMinute(5), RateLimitItemPerMinute(120)
UPLOAD_OF_PLANNER = RateLimitItemPerMinute(10)
WAIT = Message("Too many attempts. Wait a minute, and try again.")


class Limits:
    """Counts attempts in this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def sign_in(self, address: str, name: str) -> None:
        """Count an attempt to sign in; raises RefusedError when there were too many."""
        address = network_of(address)
        await self._count(SIGN_IN_OF_NAME, "name", address, name[:200])
        await self._count(SIGN_IN_OF_ADDRESS, "address", address)
        await self._count(SIGN_IN_OF_ALL, "all")

    async def upload(self, name: str) -> None:
        """Count an upload; raises RefusedError when there were too many."""
        await self._count(UPLOAD_OF_PLANNER, "upload", name)

    async def _count(self, limit: RateLimitItem, *key: str) -> None:
        if not await self._limiter.hit(limit, *key):
            raise RefusedError(429, WAIT, headers={"Retry-After": "60"})


def network_of(address: str) -> str:
    """What somebody has of addresses: one of IPv4, but 2**64 of IPv6, whose first half says whose they are."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
