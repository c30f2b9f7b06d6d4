"""Values as logs may show them: short, of few kinds, and without secrets."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

MASK = "***"
SECRET_WORDS = {"password", "passwd", "pwd", "passphrase", "pass", "wachtwoord", "secret", "secrets", "token", "tokens", "authorization"}
SECRET_WORDS |= {"credential", "credentials", "cookie", "dsn", "jwt", "apikey"}
KEYS_TO_BE_SEEN = {"primary", "foreign", "natural", "unique", "public", "sort", "partition", "row", "cache"}  # as in primary_key
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# Each with what the text has to hold for it to be looked for: most texts cost next to nothing
SHAPES = (
    # a URL with a password in it, that may itself hold @ and /
    (("://",), re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/@]{0,100}:)\S{0,1000}@"), rf"\1{MASK}@"),
    # password=..., "api_key": "..."
    (
        ("pass", "pwd", "wachtwoord", "secret", "token", "key", "credential"),
        re.compile(
            r"""(?ix) ((?:password|passwd|pwd|passphrase|wachtwoord|secret|token|api[_-]?key|supabase_key
            |secret_?key|service_key|private_?key|credentials?)
            ["']? \s? [=:] \s? ) ("(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;&"')}\]]+)"""
        ),
        rf"\1{MASK}",
    ),
    (("bearer", "basic"), re.compile(r"(?i)\b(bearer|basic)\s[\w.~+/=-]{8,}"), rf"\1 {MASK}"),
    (("eyj",), re.compile(r"(?<![A-Za-z])eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?"), MASK),  # a JSON web token
    (("sb_",), re.compile(r"sb_(secret|publishable)_[\w-]+"), rf"sb_\1_{MASK}"),
    (("sbp_",), re.compile(r"\bsbp_[\w-]+"), f"sbp_{MASK}"),
    (("apikey",), re.compile(r"(b?[\"']apikey[\"'], b?)[\"'][^\"']*[\"']"), rf"\1{MASK}"),  # a header as a pair
    (("-----begin",), re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?!-----)[\s\S])*"), MASK),
)
# What is read beyond the part that is shown, so that a secret at its end is known for one
BEYOND = 4_000


@dataclasses.dataclass
class Limits:
    """How much of a value is shown: characters of a text, items of a container, containers in each other, and values in all."""

    characters: int = 200
    items: int = 20
    depth: int = 4
    values: int = 1_000


def format_for_log(value: object, *, max_characters: int = 200, max_items: int = 20, max_depth: int = 4) -> str:
    """A value as one line for a log. Never raises, and reads no more of a large value than it shows.

    Parameters
    ----------
    value
        Text stays as it is; dicts, lists, records, dataclasses and pydantic models become compact JSON, dates ISO, bytes their number; of
        anything else the type is shown.
    max_characters, max_items, max_depth
        Length of each text, items of each container, and how deep containers are opened. What is left out is counted.

    Secrets become `***`: values whose key says so (password, token, secret, key, authorization, dsn, cookie ...), passwords within URLs,
    and what looks like one (JSON web tokens, `sb_secret_...`, `Bearer ...`, private keys).
    """
    shown = loggable(value, limits=Limits(max_characters, max_items, max_depth))
    if isinstance(shown, str):
        return shown
    return _cut(json.dumps(shown, ensure_ascii=False, separators=(",", ":")), 20 * max_characters)


def loggable(value: object, key: str = "", *, limits: Limits | None = None) -> Any:  # noqa: ANN401  any of JSON's types
    """A value made of JSON's types alone, without secrets. `key` is the name that it has, if any."""
    limits = limits or Limits()
    try:
        return _loggable(value, key, limits, limits.depth)
    except Exception:  # noqa: BLE001  whatever an object does when it is looked at, a log line must not be what fails
        return f"<{type(value).__name__}>"


def is_secret(key: object) -> bool:
    """Whether values of this name are secrets."""
    if not isinstance(key, str):
        return False
    words = [word.lower() for word in WORDS.findall(key[:200])]
    if not SECRET_WORDS.isdisjoint(words):
        return True
    return words[-1:] in (["key"], ["keys"]) and KEYS_TO_BE_SEEN.isdisjoint(words)


def masked(text: str) -> str:
    """Text without the secrets that are known by their shape."""
    lower = text.lower()
    for hints, shape, instead in SHAPES:
        if any(hint in lower for hint in hints):
            text = shape.sub(instead, text)
    return text


def _loggable(value: Any, key: object, limits: Limits, depth: int) -> Any:  # noqa: ANN401
    limits.values -= 1
    if value is None or isinstance(value, bool):
        return value
    if is_secret(key):
        return MASK
    if isinstance(value, Enum):
        value = value.value
    named = _named(value)
    if named is None and not isinstance(value, (list, tuple, set, frozenset)):
        return _single(value, limits)
    size = len(value if named is None else named)
    if depth <= 0:
        return f"<{type(value).__name__} of {size}>"
    room = max(0, min(limits.items, limits.values))
    if named is None:
        items = [_loggable(item, "", limits, depth - 1) for item in islice(value, room)]
        return [*items, f"... {size - room} more"] if size > room else items
    pairs = {_name(name, limits): _loggable(item, name, limits, depth - 1) for name, item in islice(named.items(), room)}
    return {**pairs, "...": f"{size - room} more"} if size > room else pairs


def _single(value: Any, limits: Limits) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return _text(value, limits)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= 256 else f"<int of {value.bit_length()} bits>"
    if isinstance(value, float):
        return float(value) if abs(value) < float("inf") else str(float(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{memoryview(value).nbytes} bytes>"
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, Decimal, timedelta)):
        return str(value)
    if isinstance(value, PurePath):
        return _text(str(value), limits)
    if isinstance(value, BaseException):
        return _text(f"{type(value).__name__}: {value}", limits)
    return f"<{type(value).__name__}>"


def _named(value: Any) -> Mapping[Any, Any] | None:  # noqa: ANN401
    """What has named parts as a mapping, None for the rest."""
    if isinstance(value, Mapping):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) if field.repr else MASK for field in dataclasses.fields(value)}
    if fields := getattr(type(value), "model_fields", None):  # a pydantic model
        return {name: getattr(value, name) for name in fields}
    if type(value).__name__ == "Record":  # the database driver's, which is a mapping in all but name
        return dict(value.items())
    return None


def _name(name: object, limits: Limits) -> str:
    return _text(name, limits) if isinstance(name, str) else str(_loggable(name, "", limits, 0))


def _text(text: str, limits: Limits) -> str:
    shown = masked(text[: limits.characters + BEYOND].encode(errors="backslashreplace").decode())
    return _cut(shown, limits.characters, len(text)) if len(text) > limits.characters else shown


def _cut(text: str, characters: int, length: int | None = None) -> str:
    length = len(text) if length is None else length
    return text if length <= characters else f"{text[:characters]}... ({length:,} characters)"
