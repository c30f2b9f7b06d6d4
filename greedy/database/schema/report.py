"""Where a schema is not what the migrations make."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import Any, Literal

from greedy.database.schema.catalogue import EVERYBODY, Catalogue, Thing

Kind = Literal["missing", "extra", "different", "off"]

SHOWN_CHARACTERS = 80
# The roles that Supabase gives to whoever has no account, and to whoever has signed in.
ANYBODY = (f" to {EVERYBODY}", " to anon", " to authenticated")
# In the comment of a table that was there before the first migration: what its practice has otherwise.
ADOPTED = re.compile(r"^Adopted with its own: (\[.*\])$", re.MULTILINE)
CAST = re.compile(r"::[a-z]+( varying)?")


@dataclass(frozen=True)
class Divergence:
    """One thing that is missing, extra, different, or there but switched off.

    `what` is a table, column, constraint, index, trigger, rule, policy, view, sequence, type, function, grant, migration or setting, and
    `name` which one. `attribute` says what of it is different or off, with what was `expected` and `found`. `harmless`: our tables and
    functions work as they should all the same. So it is with things of others, indexes that are not unique, rights that were given to a
    named role, and comments.
    """

    kind: Kind
    what: str
    name: str
    attribute: str | None = None
    expected: str | None = None
    found: str | None = None
    harmless: bool = False

    def __str__(self) -> str:
        if self.what == "grant":
            return f"{self.kind} grant {self.expected or self.found} on {self.name}"
        text = f"{self.kind} {self.what} {self.name}"
        if self.attribute is None:
            return text
        if self.kind == "off":
            return f"{text}: {self.attribute} is {self.found}"
        expected, found = first_difference(self.expected or "none", self.found or "none")
        return f"{text}: {self.attribute} is {found} instead of {expected}"


@dataclass(frozen=True)
class SchemaReport:
    """What `SchemaSetup.verify_schema` found. `milliseconds`: how long it took."""

    server: str
    schema: str
    divergences: tuple[Divergence, ...]
    milliseconds: float

    @property
    def ok(self) -> bool:
        """Whether everything of ours is there and as it should be."""
        return not self.faults

    @property
    def faults(self) -> tuple[Divergence, ...]:
        """The divergences that are not harmless."""
        return tuple(one for one in self.divergences if not one.harmless)

    def document(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return {
            "server": self.server,
            "schema": self.schema,
            "ok": self.ok,
            "divergences": [{**asdict(one), "text": str(one)} for one in self.divergences],
            "milliseconds": self.milliseconds,
        }


def compare(expected: Catalogue, found: Catalogue) -> Iterator[Divergence]:
    """Every divergence of `found`, in the order of names. What belongs to something that is missing or extra is not told again."""
    unmatched = expected.keys() ^ found.keys()
    functions = {_function_name(thing) for thing in expected.values() if thing.what == "function"}
    for key in sorted(expected.keys() | found.keys(), key=lambda key: (key[1], key[0])):
        want, have = expected.get(key), found.get(key)
        thing = want or have
        assert thing is not None  # noqa: S101  of one of both
        if thing.parent in unmatched:
            continue
        if thing.what == "grant":
            yield from _grants(thing, _privileges(want), _privileges(have))
        elif have is None:
            yield Divergence("missing", thing.what, thing.name)
        elif want is None:
            of_others = thing.parent is None and not (thing.what == "function" and _function_name(thing) in functions)
            yield Divergence("extra", thing.what, thing.name, harmless=of_others or thing.facts.get("unique") == "no")
        else:
            yield from _different(want, have)


def adopted_parts(found: Catalogue) -> set[str]:
    """What practices had of their own in tables that were adopted, as `column rosters.kleur`."""
    comments = [thing.facts.get("comment") or "" for thing in found.values() if thing.what == "table"]
    return {part for comment in comments for parts in ADOPTED.findall(comment) for part in json.loads(parts)}


def accepting(parts: set[str], divergences: Iterator[Divergence]) -> Iterator[Divergence]:
    """The same divergences; those that are a practice's own are harmless, and so are views that differ in the types of its columns."""
    for one in divergences:
        own = f"{one.what} {one.name}" in parts
        cast = parts and one.what == "view" and CAST.sub("", one.expected or "") == CAST.sub("", one.found or "")
        yield replace(one, harmless=True) if own or cast else one


def _different(want: Thing, have: Thing) -> Iterator[Divergence]:
    for attribute in sorted(want.facts.keys() | have.facts.keys()):
        expected, found = want.facts.get(attribute), have.facts.get(attribute)
        if expected == found:
            continue
        kind: Kind = "off" if expected == "on" and found in ("off", "on replicas alone") else "different"
        yield Divergence(kind, want.what, want.name, attribute, expected, found, harmless=attribute == "comment")


def _grants(thing: Thing, expected: set[str], found: set[str]) -> Iterator[Divergence]:
    if gone := expected - found:
        yield Divergence("missing", "grant", thing.name, "privileges", expected=", ".join(sorted(gone)))
    if more := found - expected:
        named = not thing.name.endswith(ANYBODY)
        yield Divergence("extra", "grant", thing.name, "privileges", found=", ".join(sorted(more)), harmless=named)


def _privileges(thing: Thing | None) -> set[str]:
    return set((thing.facts["privileges"] or "").split(", ")) if thing else set()


def _function_name(thing: Thing) -> str:
    return thing.name.partition("(")[0]


def first_difference(one: str, other: str) -> tuple[str, str]:
    """Where two texts begin to differ, with a little before it: of several lines the first such pair, of long lines a part."""
    lines = ([line.strip() for line in text.splitlines() if line.strip()] for text in (one, other))
    pair = next((pair for pair in zip_longest(*lines, fillvalue="") if pair[0] != pair[1]), (one, other))
    same = next((place for place, (a, b) in enumerate(zip_longest(*pair)) if a != b), 0)
    begin = max(0, same - SHOWN_CHARACTERS // 2) if max(map(len, pair)) > SHOWN_CHARACTERS else 0
    first, second = (
        repr(("..." if begin else "") + text[begin : begin + SHOWN_CHARACTERS] + ("..." if len(text) > begin + SHOWN_CHARACTERS else ""))
        for text in pair
    )
    return first, second
