"""Where a schema is not what the migrations make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, Literal

from greedy.database.catalogue import EVERYBODY, Catalogue, Thing

Kind = Literal["missing", "extra", "different", "off"]

SHOWN_CHARACTERS = 100
# The role that Supabase gives to whoever has no account.
ANYBODY = (f" to {EVERYBODY}", " to anon")


@dataclass(frozen=True)
class Divergence:
    """One thing that is missing, extra, different, or there but switched off.

    `what` is a table, column, constraint, index, trigger, rule, policy, view, sequence, type, function, grant, migration or setting, and
    `name` which one. `attribute` says what of it is different, with what was `expected` and `found`. `harmless`: our tables and functions
    work as they should all the same. So it is with things of others, indexes that are not unique, rights that were given to a named role,
    and comments.
    """

    kind: Kind
    what: str
    name: str
    attribute: str | None = None
    expected: str | None = None
    found: str | None = None
    harmless: bool = False

    def __str__(self) -> str:
        text = f"{self.kind} {self.what} {self.name}"
        if self.attribute is None:
            return text
        if self.expected is None or self.found is None:
            return f"{text}: {self.attribute} {self.found or self.expected}"
        expected, found = _first_difference(self.expected, self.found)
        return f"{text}: {self.attribute} is {found!r} instead of {expected!r}"


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


def _different(want: Thing, have: Thing) -> Iterator[Divergence]:
    for attribute in sorted(want.facts.keys() | have.facts.keys()):
        expected, found = want.facts.get(attribute), have.facts.get(attribute)
        if expected == found:
            continue
        if expected == "on" and found in ("off", "on replicas alone"):
            yield Divergence("off", want.what, want.name, attribute if attribute != "state" or found != "off" else None, None, found)
        else:
            harmless = attribute == "comment"
            yield Divergence("different", want.what, want.name, attribute, expected or "none", found or "none", harmless)


def _grants(thing: Thing, expected: set[str], found: set[str]) -> Iterator[Divergence]:
    if gone := expected - found:
        yield Divergence("missing", "grant", thing.name, "of", expected=", ".join(sorted(gone)))
    if more := found - expected:
        named = not thing.name.endswith(ANYBODY)
        yield Divergence("extra", "grant", thing.name, "of", found=", ".join(sorted(more)), harmless=named)


def _privileges(thing: Thing | None) -> set[str]:
    return set((thing.facts["privileges"] or "").split(", ")) if thing else set()


def _function_name(thing: Thing) -> str:
    return thing.name.partition("(")[0]


def _first_difference(expected: str, found: str) -> tuple[str, str]:
    """Of texts with several lines, the first that differ."""
    pairs = zip_longest(expected.splitlines(), found.splitlines(), fillvalue="")
    one, other = next(((one, other) for one, other in pairs if one != other), (expected, found))
    return one.strip()[:SHOWN_CHARACTERS], other.strip()[:SHOWN_CHARACTERS]
