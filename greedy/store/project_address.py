"""SUPABASE_URL and SUPABASE_KEY, looked at before anything is sent: what can be wrong with them is said without showing the key."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

import structlog

from greedy.errors import SettingsError

log = structlog.get_logger()

SECRET_PREFIX, PUBLISHABLE_PREFIX, ACCESS_TOKEN_PREFIX = "sb_secret_", "sb_publishable_", "sbp_"
HOSTED = re.compile(r"(?P<ref>[a-z0-9]+)\.supabase\.(?:co|in|net)")
DATABASE_HOST = re.compile(r"db\.(?P<ref>[a-z0-9]+)\.supabase\.(?:co|in|net)|.*\.pooler\.supabase\.com")
DASHBOARD = re.compile(r"(?:https?://)?(?:app\.supabase\.(?:com|io)|supabase\.com/dashboard)/(?:.*?project/(?P<ref>[a-z0-9]{15,}))?")
REF = re.compile(r"[a-z0-9]{20}")
KEY_LOOKS = re.compile(r"sb[a-z]*_|eyJ")
BARE_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?/?")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")

EXAMPLE = "https://<project>.supabase.co"
SET_URL = f"set SUPABASE_URL to {EXAMPLE}: Project Settings > Data API in the Supabase dashboard"
SET_KEY = "set SUPABASE_KEY to the project's secret key (sb_secret_...): Project Settings > API Keys in the Supabase dashboard"


@dataclass(frozen=True)
class ProjectAddress:
    """A project and the key to it, without the blanks around them. `url` ends with its host or port."""

    url: str
    key: str = field(repr=False)


def check_project(url: str | None, key: str | None, *, now: datetime | None = None) -> ProjectAddress:
    """Refuse an address or a key that cannot work, or that would give the key away.

    Parameters
    ----------
    url, key
        SUPABASE_URL and SUPABASE_KEY; None for one that is not set.
    now
        Moment at which a key must not have expired; the present by default.

    Returns
    -------
    Both as they are to be used.

    Raises
    ------
    SettingsError
        Says which of the two is wrong, in what, and where the right one is found. No part of the key is in it.
    """
    url, key = (url or "").strip(), (key or "").strip()
    if not url:
        _refuse("SUPABASE_KEY is set, and SUPABASE_URL is not" if key else "SUPABASE_URL is not set", SET_URL)
    parts = _check_url(url)
    if not key:
        _refuse("SUPABASE_URL is set, and SUPABASE_KEY is not", SET_KEY)
    _check_key(key, host=parts.hostname or "", now=now or datetime.now(UTC))
    return ProjectAddress(f"{parts.scheme}://{parts.netloc}", key)


def _refuse(what: str, next_step: str) -> NoReturn:
    raise SettingsError(what, next_step=next_step)


def _check_url(url: str) -> SplitResult:
    if KEY_LOOKS.match(url.strip("\"'")):
        _refuse("SUPABASE_URL holds a key instead of an address", SET_URL)
    if re.match(r"[\"']?postgres(ql)?:", url, re.IGNORECASE):
        _refuse("SUPABASE_URL holds a database URL", f"set it as DATABASE_URL instead; or {SET_URL}")
    if re.search(r"[\"'`“”‘’]", url):
        _refuse("SUPABASE_URL has quotation marks in it", "take them away: SUPABASE_URL is the address alone")
    if re.search(r"[\s\x00-\x1f\x7f]", url) or not url.isascii():
        _refuse("SUPABASE_URL has a blank, or a sign that is not ASCII, in it", SET_URL)
    if (dashboard := DASHBOARD.match(url)) is not None:
        ref = dashboard["ref"] or "<project>"
        _refuse("SUPABASE_URL is a page of the dashboard", f"set SUPABASE_URL to https://{ref}.supabase.co")
    if "://" not in url:
        if REF.fullmatch(url):
            url = f"{url}.supabase.co"
        # Shown again only when it looks like a host: it might be the password.
        _refuse("SUPABASE_URL has no https:// before it", f"set SUPABASE_URL to https://{url}" if BARE_HOST.fullmatch(url) else SET_URL)
    return _check_parts(url)


def _check_parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError("SUPABASE_URL has no host, or a port that cannot be", next_step=SET_URL) from None
    if parts.scheme not in ("https", "http"):
        _refuse(f"SUPABASE_URL begins with {parts.scheme}://, and not with https://", SET_URL)
    if "@" in parts.netloc:
        _refuse(
            f"SUPABASE_URL has a user or a password before its host {host}",
            "take away what stands before the @; the key goes into SUPABASE_KEY",
        )
    if not _is_host(host) or port == 0 or parts.netloc.endswith(":"):
        _refuse("SUPABASE_URL has no host, or one that cannot be", SET_URL)
    if (database := DATABASE_HOST.fullmatch(host)) is not None:
        _refuse(
            "SUPABASE_URL is the address of the project's database",
            f"set SUPABASE_URL to https://{database['ref'] or '<project>'}.supabase.co",
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        _refuse("SUPABASE_URL has more behind its host", f"set SUPABASE_URL to {parts.scheme}://{parts.netloc}")
    if parts.scheme == "http" and not _is_loopback(host):
        _refuse(
            f"SUPABASE_URL begins with http://: the key would go to {host} for all to read", f"set SUPABASE_URL to https://{parts.netloc}"
        )
    return parts


def _is_host(host: str) -> bool:
    return bool(HOST.fullmatch(host)) or _address(host) is not None


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _check_key(key: str, *, host: str, now: datetime) -> None:
    if re.search(r"[\"'`“”‘’]", key):
        _refuse("SUPABASE_KEY has quotation marks in it", "take them away: SUPABASE_KEY is the key alone")
    if re.match(r"bearer\s", key, re.IGNORECASE):
        _refuse("SUPABASE_KEY begins with the word Bearer", "take it away: SUPABASE_KEY is the key alone")
    if re.search(r"[\s\x00-\x1f\x7f]", key):
        _refuse("SUPABASE_KEY has a blank or a line break in it", f"copy it again, in one piece; {SET_KEY}")
    if not key.isascii():
        _refuse("SUPABASE_KEY has signs that no key has: perhaps it was copied while hidden", f"show it before you copy it; {SET_KEY}")
    if re.match(r"(https?|postgres(ql)?)://", key, re.IGNORECASE):
        _refuse("SUPABASE_KEY holds an address instead of a key", SET_KEY)
    if key.startswith(PUBLISHABLE_PREFIX):
        _refuse("SUPABASE_KEY is the publishable key (anon), which may neither read nor write rosters", SET_KEY)
    if key.startswith(ACCESS_TOKEN_PREFIX):
        _refuse("SUPABASE_KEY is an access token of an account, which manages projects and reads no rows", SET_KEY)
    if key.startswith(SECRET_PREFIX):
        if not re.fullmatch(r"[\w-]+", key.removeprefix(SECRET_PREFIX), re.ASCII):
            _refuse("SUPABASE_KEY is a secret key that is cut off or hidden", f"show it before you copy it; {SET_KEY}")
        return
    if not key.startswith("eyJ"):
        _refuse("SUPABASE_KEY is no key of a Supabase project: perhaps the database's password", SET_KEY)
    _check_claims(_claims(key), host=host, now=now)
    log.warning("settings.legacy_key", next_step="replace the service_role key by a secret key (sb_secret_...): Supabase retires it")


def _claims(key: str) -> Mapping[str, Any]:
    """What a JSON web token says, without verifying who says it: only the project can."""
    import jwt

    try:
        return jwt.decode(key, options={"verify_signature": False})
    except (jwt.InvalidTokenError, RecursionError):
        # Not from the cause, which may show a part of the key.
        raise SettingsError("SUPABASE_KEY is a JSON web token that is damaged or cut off", next_step=f"copy it again; {SET_KEY}") from None


def _check_claims(claims: Mapping[str, Any], *, host: str, now: datetime) -> None:
    role, ref, expires = claims.get("role"), claims.get("ref"), claims.get("exp")
    if role in ("anon", "authenticated"):
        _refuse(f"SUPABASE_KEY is a key of the role {role}, which may not write rosters", SET_KEY)
    hosted = HOSTED.fullmatch(host)
    if hosted is not None and isinstance(ref, str) and REF.fullmatch(ref) and ref != hosted["ref"]:
        _refuse(f"SUPABASE_KEY belongs to the project {ref}, and SUPABASE_URL to {hosted['ref']}", "take both from one project")
    if isinstance(expires, (int, float)) and expires < now.timestamp():
        day = f" since {datetime.fromtimestamp(expires, UTC):%Y-%m-%d}" if expires > 0 else ""
        _refuse(f"SUPABASE_KEY has expired{day}", f"{SET_KEY}; or check this machine's clock")
