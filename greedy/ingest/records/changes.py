"""Whether a record has changed: a hash of what counts of it.

Equal are: fields in another order, 1 and 1.0, and an accent as part of its letter or as a character of its own. Different are: a field
that is empty (null) and one that is missing, the number 1 and the text "1", text with other spaces or capitals.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
EXACT_INTEGERS = 2.0**53  # up to here a float is that very integer


def content_hash(data: Mapping[str, Any], significant: Sequence[str] | None = None) -> bytes:
    """32 bytes that differ when the significant fields differ; None: all fields.

    Raises
    ------
    ValueError
        It holds what JSON or PostgreSQL cannot: NaN, infinity, a NUL, half a character, objects that JSON has not; or is nested too deep.
    """
    chosen = dict(data) if significant is None else {name: data[name] for name in significant if name in data}
    text = _text(chosen)
    if ".0" in text or not unicodedata.is_normalized("NFC", text):  # seldom, and slow
        try:
            text = _text(_canonical(chosen))
        except RecursionError:
            raise ValueError("it is nested too deep") from None
    return hashlib.sha256(text.encode()).digest()


def json_text(data: Mapping[str, Any]) -> str:
    """The data as they are, as JSON text that PostgreSQL takes. Raises ValueError as `content_hash`."""
    return _text(dict(data))


def _text(value: object) -> str:
    try:
        text = ENCODER.encode(value)
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has half a character (a lone surrogate) in it") from None
    except TypeError as exc:
        raise ValueError(str(exc)) from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if "\\u0000" in text and _has_nul(value):
        raise ValueError("it has a NUL character in it")
    return text


def _canonical(value: Any) -> Any:  # noqa: ANN401  JSON
    kind = type(value)
    if kind is str:
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if kind is float and value.is_integer() and abs(value) < EXACT_INTEGERS:
        return int(value)
    if isinstance(value, Mapping):
        return {_canonical(key): _canonical(part) for key, part in value.items()}
    if kind is list or kind is tuple:
        return [_canonical(part) for part in value]
    return value


def require_text(text: str) -> str:
    """`text`, when PostgreSQL can store it. Raises ValueError as `content_hash`."""
    if "\0" in text:
        raise ValueError("it has a NUL character in it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has half a character (a lone surrogate) in it") from None
    return text


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, (list, tuple)) and any(map(_has_nul, value))
