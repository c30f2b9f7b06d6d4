"""Which employee a text means: her number, her e-mail address or her full name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greedy.database.executor import Executor

# The first way by which anybody is found counts; among several found by it, those who are active.
MATCH = r"""
with asked as (
  select text, btrim(text) as number, lower(regexp_replace(btrim(text), '\s+', ' ', 'g')) as name from unnest($1::text[]) as text
), staff as (
  select id, actief, lower(id) as number, lower(btrim(email)) as email,
         lower(regexp_replace(btrim(voornaam || ' ' || achternaam), '\s+', ' ', 'g')) as full_name,
         lower(regexp_replace(btrim(achternaam || ', ' || voornaam), '\s+', ' ', 'g')) as last_name_first
  from employees
), found as (
  select text, id, actief, 1 as way from asked join employees on id = number
  union all select text, id, actief, 2 from asked join staff on staff.number = name
  union all select text, id, actief, 3 from asked join staff on email = name
  union all select text, id, actief, 4 from asked join staff on full_name = name
  union all select text, id, actief, 4 from asked join staff on last_name_first = name
)
select text, array_agg(distinct id) as ids
from (select *, rank() over (partition by text order by way, actief desc) as place from found) as ranked where place = 1 group by text
"""


@dataclass(frozen=True)
class Unmatched:
    """Why a text means no employee."""

    why: str


async def employees_meant(executor: Executor, texts: Collection[str]) -> dict[str, str | Unmatched]:
    """Each text with the number of the employee whom it means. Case and spaces do not count; the last name may come first, with a comma."""
    rows = await executor.execute(MATCH, [sorted(set(texts))], fetch_all=True)
    found = {row["text"]: row["ids"] for row in rows}
    return {text: _one(text, found.get(text, [])) for text in texts}


def _one(text: str, ids: list[str]) -> str | Unmatched:
    if len(ids) == 1:
        return ids[0]
    if not text.strip():
        return Unmatched("it names no employee")
    if not ids:
        return Unmatched(f"no employee has the number, e-mail address or full name {text[:80]!r}")
    return Unmatched(f"{text[:80]!r} may be any of the employees {', '.join(ids[:10])}: give a number or an e-mail address")
