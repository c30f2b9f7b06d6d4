"""Made-up values by type, name and hints. Nothing here knows whether the database will take them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
from rstr import Rstr

from greedy.database.schema.registry import Column
from greedy.database.testing.hints import Hints

FIRST_DAY = date(2026, 1, 5)
WORDS = (
    "noord",
    "zuid",
    "oost",
    "west",
    "linde",
    "eik",
    "beuk",
    "berk",
    "vroeg",
    "laat",
    "rood",
    "blauw",
    "klein",
    "groot",
    "nieuw",
    "oud",
)
FIRST_NAMES = ("Anna", "Bente", "Carlijn", "Daan", "Eva", "Fleur", "Hanna", "Iris", "Jasmijn", "Karin", "Lotte", "Maaike", "Noor", "Sanne")
LAST_NAMES = ("de Vries", "Jansen", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "Bos", "Vos", "Peters", "Hendriks", "Dekker", "Brouwer")
PLACES = ("Utrecht", "Zwolle", "Breda", "Leiden", "Assen", "Tilburg", "Arnhem", "Gouda", "Delft", "Hoorn")
# Words in the name of a column -> what it holds, the first that fits.
NAMED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("voornaam|first_?name|given", FIRST_NAMES),
    ("achternaam|last_?name|surname|family", LAST_NAMES),
    ("city|plaats|place|town", PLACES),
    ("name|naam", tuple(f"{first} {last}" for first, last in zip(FIRST_NAMES, LAST_NAMES, strict=False))),
)
CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": " ", "blank": " ", "punct": "!-/:-@",
    "xdigit": "0-9a-fA-F", "word": "a-zA-Z0-9_", "cntrl": "\\x00-\\x1f\\x7f",
}  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,@/"
INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
RANGES = {
    "int4range": "integer", "int8range": "bigint", "numrange": "numeric", "daterange": "date",
    "tsrange": "timestamp without time zone", "tstzrange": "timestamp with time zone",
}  # fmt: skip
MODEST = 1_000_000  # a number that is taken for an amount, and not for an id
LONGEST = 100  # letters that are added to a text for the length that a check names
SIZE = re.compile(r"\((\d+)(?:,(\d+))?\)")


@dataclass(frozen=True)
class Surroundings:
    """What else is known when a value is made: the row so far, and the rows that it refers to."""

    row: Mapping[str, object]
    parents: Sequence[Mapping[str, object]]


class NoValueError(ValueError):
    """There is no way to make up a value of this type."""


def make_value(chance: Random, column: Column, type_name: str, hints: Hints, around: Surroundings, *, unique: bool) -> object:
    """A value that is not null, for a column whose type, domains resolved, is `type_name`."""
    size = [int(part) for part in (SIZE.search(type_name) or [""])[0].strip("()").split(",") if part]
    bare = SIZE.sub("", type_name).replace('"', "")
    if column.labels and not bare.endswith("[]"):
        return chance.choice(column.labels)
    if bare.endswith("[]"):
        element = type_name.removesuffix("[]")
        return [make_value(chance, column, element, hints, around, unique=False) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    if bare in INTEGERS:
        return _integer(chance, column.name, INTEGERS[bare], hints, around, unique=unique)
    if bare in ("numeric", "real", "double precision", "money"):
        return _number(chance, bare, size, hints, around)
    if bare in RANGES:
        ends: list[Any] = sorted({_end(chance, column, RANGES[bare], hints, around) for _ in range(2)})
        return asyncpg.Range(ends[0], ends[-1], upper_inc=len(ends) == 1)
    if bare in ("text", "character varying", "character", "citext", "bpchar", "name", "xml"):
        return _text(chance, column.name, size[0] if size else None, hints, around, unique=unique)
    return _other(chance, bare, hints, around)


def _end(chance: Random, column: Column, type_name: str, hints: Hints, around: Surroundings) -> Any:  # noqa: ANN401  numbers or moments
    return make_value(chance, column, type_name, hints, around, unique=False)


def _other(chance: Random, bare: str, hints: Hints, around: Surroundings) -> object:
    made: dict[str, Callable[[], object]] = {
        "uuid": lambda: UUID(int=chance.getrandbits(128), version=4),
        "boolean": lambda: chance.random() < 0.5,
        "date": lambda: _moment(chance, hints, around).date(),
        "timestamp without time zone": lambda: _moment(chance, hints, around),
        "timestamp with time zone": lambda: _moment(chance, hints, around).replace(tzinfo=UTC),
        "time without time zone": lambda: time(chance.randrange(24), chance.choice((0, 15, 30, 45))),
        "time with time zone": lambda: time(chance.randrange(24), chance.choice((0, 15, 30, 45)), tzinfo=UTC),
        "interval": lambda: timedelta(minutes=15 * chance.randint(1, 96)),
        "json": lambda: _document(chance, hints),
        "jsonb": lambda: _document(chance, hints),
        "bytea": lambda: chance.randbytes(chance.randint(1, 16)),
        "inet": lambda: f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}",
        "cidr": lambda: f"10.{chance.randrange(256)}.0.0/16",
        "macaddr": lambda: ":".join(f"{chance.randrange(256):02x}" for _ in range(6)),
        "tsvector": lambda: chance.choice(WORDS),
        "tsquery": lambda: chance.choice(WORDS),
    }
    if bare not in made:
        raise NoValueError(bare)
    return made[bare]()


def _text(chance: Random, name: str, longest: int | None, hints: Hints, around: Surroundings, *, unique: bool) -> str:
    kinds = [kind for kind in (hints.patterns, hints.likes, hints.words) if kind]
    kind = chance.choice(kinds) if kinds and chance.random() < (0.9 if hints.words else 0.5) else None
    if kind is hints.patterns and kind:
        text = _matching(chance, chance.choice(kind))
    elif kind is hints.likes and kind:
        parts = re.split(r"(\\.|%|_)", chance.choice(kind))
        text = "".join(
            chance.choice(WORDS) if part == "%" else chance.choice("abcxyz") if part == "_" else part.removeprefix("\\") for part in parts
        )
    elif kind:
        text = chance.choice(kind)
    else:
        text = _worded(chance, name.lower(), around)
        if unique:
            text = f"{text} {chance.randrange(10_000)}"
    lengths = [int(number) for number in hints.numbers if number.isdigit()] if hints.measured else []
    short = [length for length in lengths if length <= LONGEST]
    if short and chance.random() < 0.3:
        wanted = max(0, chance.choice(short) + chance.choice((-1, 0, 0, 1)))
        text = (text + "".join(chance.choice("abcdefgh ") for _ in range(wanted - len(text))))[:wanted]
    if kinds != [hints.words] and chance.random() < 0.2:
        text = chance.choice((text.lower(), text.upper(), text.strip()))
    return text if longest is None else text[:longest] if len(text) <= longest + 5 or not unique else text[-longest:]


def _worded(chance: Random, name: str, around: Surroundings) -> str:
    if "mail" in name:
        known = next((value for key, value in around.row.items() if isinstance(value, str) and "voornaam" in key), "")
        return f"{re.sub(r'[^a-z]', '', known.lower()) or chance.choice(WORDS)}{chance.randrange(1000)}@example.org"
    if re.search("phone|telefoon|mobile", name):
        return f"06-{chance.randrange(10**8):08d}"
    if re.search("postcode|zip", name):
        return f"{chance.randrange(1000, 9999)} {''.join(chance.choice('ABCDEGHJ') for _ in range(2))}"
    if re.search("url|link|website", name):
        return f"https://example.org/{chance.choice(WORDS)}"
    for words, values in NAMED:
        if re.search(words, name):
            return chance.choice(values)
    if re.search("code|key|slug|sku|^id$|_id$|number|nummer", name):
        return f"{chance.choice(WORDS)}-{chance.randrange(100_000)}"
    return " ".join(chance.choice(WORDS) for _ in range(chance.randint(1, 4)))


def _matching(chance: Random, pattern: str) -> str:
    """A text that a regular expression of PostgreSQL fits, as far as it means the same in Python."""
    pattern = re.sub(r"\[:(\w+):\]", lambda found: CLASSES.get(found[1], "a-z"), pattern)
    pattern = re.sub(r"\\[mMyAZ]|^\(\?[a-z]+\)", "", pattern)
    try:
        # The library takes what a negated class leaves in the order of a set, which is another one in each process.
        pattern = re.sub(r"\[\^(?:\\.|[^\]\\])+\]", lambda found: f"[{''.join(re.findall(found[0], LETTERS)) or 'a'}]", pattern)
        pattern = pattern.replace(r"\D", "[a-z]").replace(r"\W", "[ .]").replace(r"\S", "[a-z0-9]")
        return Rstr(chance).xeger(pattern)
    except (re.error, LookupError, ValueError, OverflowError):
        return chance.choice(WORDS)


def _integer(chance: Random, name: str, limit: int, hints: Hints, around: Surroundings, *, unique: bool) -> int:
    if unique and not hints.numbers:
        return chance.randrange(limit // 2, limit) if name.endswith("id") else chance.randrange(min(limit, 10_000))
    if not hints.numbers and re.search("year|jaar", name.lower()):
        return chance.randint(2020, 2030)
    value = round(_figure(chance, hints, around))
    return max(-limit, min(limit - 1, value))


def _number(chance: Random, bare: str, size: Sequence[int], hints: Hints, around: Surroundings) -> object:
    value = _figure(chance, hints, around)
    if bare in ("real", "double precision"):
        return round(float(value), 2)
    places = (size[1] if len(size) > 1 else 0) if size else 2
    amount = round(value + Decimal(chance.randrange(100)) / 100 * (places > 0 and chance.random() < 0.5), places)
    most = Decimal(10) ** (size[0] - places) - Decimal(1).scaleb(-places) if size else Decimal(10) ** 9
    return max(-most, min(most, amount))


def _figure(chance: Random, hints: Hints, around: Surroundings) -> Decimal:
    """A number near those of the checks; or made of the other numbers in the row, which a check may compare it with."""
    bounds = sorted(Decimal(number) for number in hints.numbers)
    numbers: list[Any] = [
        value for value in around.row.values() if isinstance(value, (int, Decimal, float)) and not isinstance(value, bool)
    ]
    others = [Decimal(str(value)) for value in numbers if abs(value) <= MODEST]
    if others and chance.random() < 0.3:
        first, second = chance.choice(others), chance.choice(others)
        return chance.choice((first, first + second, first - second, first * second, first + chance.randint(0, 10)))
    if len(bounds) > 1 and chance.random() < 0.7:
        low, high = (bounds[0], bounds[-1]) if chance.random() < 0.7 else sorted((chance.choice(bounds), chance.choice(bounds)))
        return Decimal(chance.randint(int(low), max(int(low), int(high))))
    if bounds and chance.random() < 0.8:
        return chance.choice(bounds) + chance.choice((-1, 0, 0, 1, chance.randint(0, 10), chance.randint(-10, 100)))
    return Decimal(chance.randint(0, 100))


def _moment(chance: Random, hints: Hints, around: Surroundings) -> datetime:
    """Within the dates of what the row belongs to, or near its other dates."""
    of_parents = [_as_moment(value) for parent in around.parents for value in parent.values() if isinstance(value, date)]
    of_row = [_as_moment(value) for value in around.row.values() if isinstance(value, date)]
    named = [_as_moment(when) for word in hints.words if (when := _parsed(word)) is not None]
    kind = chance.random()
    steps = timedelta(days=chance.randint(0, 30), minutes=15 * chance.randrange(96))
    if of_parents and kind < 0.95:
        first, last = min(of_parents), max(of_parents)
        days = (last.date() - first.date()).days or 14
        return _as_moment(first.date() + timedelta(days=chance.randint(0, days))) + timedelta(minutes=15 * chance.randrange(96))
    if of_row and kind < 0.8:
        return chance.choice(of_row) + chance.choice((1, 1, 1, -1)) * steps
    if named and chance.random() < 0.7:
        return chance.choice(named) + chance.choice((-1, 1)) * steps
    return _as_moment(FIRST_DAY) + timedelta(days=chance.randrange(364), minutes=15 * chance.randrange(96))


def _as_moment(value: date) -> datetime:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else datetime.combine(value, time())


def _parsed(word: str) -> date | None:
    try:
        return datetime.fromisoformat(word)
    except ValueError:
        return None


def _document(chance: Random, hints: Hints) -> object:
    """JSON with the words and documents of the checks in it: objects and arrays, not deep."""
    documents = hints.documents()
    lists = [found for found in documents if isinstance(found, list) and found]
    words = [word for word in (*hints.words, *hints.deep) if re.fullmatch(r"[\w .-]{1,40}", word)] or ["a", "b"]

    def leaf() -> Any:  # noqa: ANN401  any JSON
        kind = chance.random()
        if lists and kind < 0.5:
            known = chance.choice(lists)
            return [one for one in known if chance.random() < 0.5]
        if kind < 0.7:
            return chance.choice(words)
        return chance.choice((chance.randint(0, 10), chance.random() < 0.5, chance.randint(0, 10), [chance.choice(words)], {}))

    kind = chance.random()
    if documents and kind < 0.2:
        return json.loads(json.dumps(chance.choice([found for found in documents if not isinstance(found, str)] or [{}])))
    if kind < 0.75:
        keys = chance.sample(words, min(len(words), chance.choice((0, 1, 1, 2, 2, 3))))
        return {key: leaf() for key in dict.fromkeys(keys)}
    return [leaf() for _ in range(chance.choice((0, 1, 2, 3)))]
