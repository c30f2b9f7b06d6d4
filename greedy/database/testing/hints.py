"""What a table's checks say of its columns: literals, patterns and bounds, as hints to whoever makes up values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greedy.database.executor import Executor
from greedy.database.identifiers import quoted
from greedy.database.schema.registry import Table

# Types of columns that are domains, with the checks of the domain and of those it stands on.
DOMAINS = """
with recursive step (relname, attname, type, typmod) as (
  select c.relname, a.attname, t.oid, a.atttypmod
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_type t on t.oid = a.atttypid
  where n.nspname = $1 and c.relname = $2 and t.typtype = 'd' and a.attnum > 0 and not a.attisdropped
  union all
  select relname, attname, t.typbasetype, t.typtypmod from step join pg_type t on t.oid = step.type where t.typtype = 'd'
)
select attname::text as column, coalesce(max(format_type(type, typmod)) filter (where typtype <> 'd'), '') as base,
       coalesce(jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid))) filter (where k.oid is not null), '[]')::text as checks
from step join pg_type t on t.oid = step.type left join pg_constraint k on k.contypid = step.type group by attname order by attname
"""
FUNCTIONS = """
select p.proname::text as name, p.prosrc as body from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname not in ('pg_catalog', 'information_schema') and p.proname = any ($1) order by 1, 2
"""
LITERAL = re.compile(r"(?P<similar>similar_to_escape\()?(?P<like>~~\*?\s*)?(?P<match>(?<!!)~\*?\s*)?(?P<cast>E)?'(?P<text>(?:[^']|'')*)'")
NUMBER = re.compile(r"(?<![\w.'$])\(?(-?\d+(?:\.\d+)?)\)?(?![\w.'])")
SUFFIX = re.compile(r"( NO INHERIT| NOT VALID| NOT ENFORCED)+$")


@dataclass
class Hints:
    """Of one column. `words` and `numbers` occur in its checks, `patterns` are regular expressions, `likes` patterns of `like`."""

    words: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    likes: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    deep: list[str] = field(default_factory=list)
    """Words in the bodies of functions that its checks call."""
    measured: bool = False
    """A check looks at its length."""

    def read(self, definition: str) -> None:
        """Take the hints of one check."""
        for found in LITERAL.finditer(definition):
            text = found["text"].replace("''", "'")
            if found["similar"]:
                text = text.replace("%", ".{0,3}").replace("_", ".")
            _add(self.likes if found["like"] else self.patterns if found["match"] or found["similar"] else self.words, text)
        for number in NUMBER.findall(LITERAL.sub("", definition)):
            _add(self.numbers, number)
        self.measured |= "length(" in definition

    def documents(self) -> list[Any]:
        """JSON in its words."""
        found = []
        for word in (*self.words, *self.deep):
            try:
                found.append(json.loads(word))
            except ValueError:
                continue
        return found


@dataclass(frozen=True)
class Checked:
    """A table with what its checks say. `conditions`: name, columns and SQL of each; `types`: of columns, domains resolved."""

    table: Table
    hints: Mapping[str, Hints]
    conditions: Sequence[tuple[str, tuple[str, ...], str]]
    types: Mapping[str, str]


async def checked(db: Executor, table: Table) -> Checked:
    """Read the checks of a table, of the domains of its columns, and the functions that they call."""
    conditions = [(check.name, check.columns, condition(check.definition)) for check in table.checks]
    types = {column.name: column.type for column in table.columns}
    for row in await db.execute(DOMAINS, [table.name.schema, table.name.table], fetch_all=True):
        types[row["column"]] = row["base"]
        for name, definition in json.loads(row["checks"]):
            named = quoted(row["column"]).replace("\\", r"\\")
            conditions.append((name, (row["column"],), re.sub(r"\bVALUE\b", named, condition(definition))))
    hints = {column.name: Hints() for column in table.columns}
    called = sorted({name for _, _, sql in conditions for name in re.findall(r"(\w+)\(", sql)})
    bodies = {row["name"]: row["body"] for row in await db.execute(FUNCTIONS, [called], fetch_all=True)}
    for _, columns, sql in conditions:
        for column in columns:
            hints[column].read(sql)
            for name in re.findall(r"(\w+)\(", sql):
                for found in LITERAL.finditer(bodies.get(name, "")):
                    _add(hints[column].deep, found["text"].replace("''", "'"))
    return Checked(table, hints, conditions, types)


def condition(definition: str) -> str:
    """The expression of `CHECK (...)`."""
    return SUFFIX.sub("", definition).removeprefix("CHECK ")


def _add(known: list[str], text: str) -> None:
    if text not in known:
        known.append(text)
