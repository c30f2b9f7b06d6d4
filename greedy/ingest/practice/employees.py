"""Employees as other systems know them -> our table of employees."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from greedy.formats.tables import EmployeeRow
from greedy.ingest.practice.employee_values import COLUMNS, LEAVES, WEEKLY, Said, understood
from greedy.ingest.records.quality import Quality, SourceFields, assess
from greedy.ingest.records.transforms import BronzeRecord, Outcome, Transformed
from greedy.ingest.sources.base import FaultyRecord

if TYPE_CHECKING:
    from greedy.database.connection import DBConnection

KEY_FIELDS = ("voornaam", "achternaam", "email", "team")
COMPARED_FIELDS = ("voornaam", "achternaam", "email", "team", "dienstverband", "aantalwerkdagen", "actief", LEAVES)
# Flags that cost nothing: why the program made somebody inactive, so that it knows whom to make active again.
GONE, LEFT = "gone", "left"

STANDING = """
select id, voornaam, achternaam, email, team, dienstverband, aantalwerkdagen, structureel_nbh, actief
from employees where id = any($1) order by id for no key update
"""
AWAY = """
select entity_key from meta.entity_quality
where practice = $1 and entity_type = $2 and entity_key = any($3) and flags && $4
"""
UPSERT = """
insert into employees (id, voornaam, achternaam, email, team, dienstverband, aantalwerkdagen, structureel_nbh, actief)
select id, voornaam, achternaam, email, team, dienstverband, aantalwerkdagen, structureel_nbh::jsonb, actief
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[], $9::boolean[])
  as t(id, voornaam, achternaam, email, team, dienstverband, aantalwerkdagen, structureel_nbh, actief)
on conflict (id) do update set voornaam = excluded.voornaam, achternaam = excluded.achternaam, email = excluded.email,
  team = excluded.team, dienstverband = excluded.dienstverband, aantalwerkdagen = excluded.aantalwerkdagen,
  structureel_nbh = excluded.structureel_nbh, actief = excluded.actief
"""

# Active ones of whom some source says that they have left; which of the sources decides is for the transform to say.
LEAVING = """
select source_system, external_id, entity_key, raw_data::text, enriched_data::text, change_no, gone_at is not null as gone
from bronze.raw_entities
where practice = $1 and entity_type = $2 and entity_key in (
  select entity_key from bronze.raw_entities join employees on employees.id = entity_key and employees.actief
  where practice = $1 and entity_type = $2 and gone_at is null
    and (raw_data ->> 'uit_dienst' < $3
         or exists (select from jsonb_each(enriched_data) as second where second.value ->> 'uit_dienst' < $3)))
"""
LEFT_NOW = """
with flagged as (
  update meta.entity_quality set flags = array_append(array_remove(flags, $4), $4), assessed_at = now()
  where practice = $1 and entity_type = $2 and entity_key = any($3) returning entity_key)
update employees set actief = false from flagged where id = entity_key returning id
"""


@dataclass(frozen=True)
class Layer:
    """What one system says of an employee."""

    system: str
    said: Said

    @property
    def fields(self) -> SourceFields:
        """The same for the assessment: what was not understood counts as it was written."""
        return SourceFields(self.system, {**self.said.unclear, **self.said.values})


class TransformEmployees:
    """Merges what the systems say of an employee into one row.

    The first system in the order of precedence that says anything of a field decides; second sources come after all first ones. A field
    that nobody gives keeps what stands in the table, and so what a planner put there. Who is gone from all systems, or has left, becomes
    inactive, and active again on return; nobody is ever deleted.

    Parameters
    ----------
    systems
        All that should know an employee, those that go before others first.
    today
        Whose last day of employment lies before it has left.
    """

    entity_type = "employees"

    def __init__(self, systems: Sequence[str], *, today: dt.date) -> None:
        self.systems = tuple(systems)
        self.today = today

    async def write(self, connection: DBConnection, entities: Mapping[str, Sequence[BronzeRecord]]) -> dict[str, Transformed]:
        """Bring one batch into the table: by employee number what became of it."""
        keys = sorted(entities)
        rows = await connection.execute(STANDING, [keys], fetch_all=True)
        standing = {row["id"]: {**row, WEEKLY: json.loads(row[WEEKLY])} for row in rows}
        away = await connection.execute(AWAY, [connection.schema, self.entity_type, keys, [GONE, LEFT]], fetch_all=True)
        were_away = {row["entity_key"] for row in away}
        done: dict[str, Transformed] = {}
        changed: list[dict[str, object]] = []
        for key in keys:
            layers = self.layers_of(entities[key])
            row = self._merged(key, layers, standing.get(key), came_back=key in were_away)
            if isinstance(row, FaultyRecord):
                done[key] = Transformed(row, None)
                continue
            outcome = Outcome.UNCHANGED if row == standing.get(key) else Outcome.UPDATED if key in standing else Outcome.CREATED
            if row is not None and outcome is not Outcome.UNCHANGED:
                changed.append(row)
            by_program = key not in standing or bool(standing[key]["actief"]) or key in were_away
            done[key] = Transformed(outcome, self._quality(layers, away_by_program=by_program))
        if changed:
            columns = [[_stored(row[column]) for row in changed] for column in COLUMNS]
            await connection.execute(UPSERT, columns)
        return done

    async def finish(self, connection: DBConnection) -> dict[str, Any]:
        """Make inactive whose last day has passed since her records last changed; how many that were, if any."""
        rows = await connection.execute(LEAVING, [connection.schema, self.entity_type, str(self.today)], fetch_all=True)
        entities: dict[str, list[BronzeRecord]] = defaultdict(list)
        for row in rows:
            said = {column: json.loads(row[column]) for column in ("raw_data", "enriched_data")}
            entities[row["entity_key"]].append(BronzeRecord(**{**row, **said}))
        keys = sorted(key for key, records in entities.items() if self._has_left(self.layers_of(records)))
        left = await connection.execute(LEFT_NOW, [connection.schema, self.entity_type, keys, LEFT], fetch_all=True)
        return {"left_since_the_last_run": len(left)} if left else {}

    def layers_of(self, records: Sequence[BronzeRecord]) -> list[Layer]:
        """What each system says, the one that decides first; nothing of records that are gone."""

        def rank(system: str) -> tuple[int, str]:
            return (self.systems.index(system) if system in self.systems else len(self.systems), system)

        live = sorted(
            (record for record in records if not record.gone), key=lambda record: (rank(record.source_system), record.external_id)
        )
        first = [Layer(record.source_system, understood(record.raw_data)) for record in live]
        second = [(system, data) for record in live for system, data in record.enriched_data.items()]
        return first + [Layer(system, understood(data)) for system, data in sorted(second, key=lambda layer: rank(layer[0]))]

    def _merged(
        self, key: str, layers: Sequence[Layer], standing: dict[str, object] | None, *, came_back: bool
    ) -> dict[str, object] | FaultyRecord | None:
        """The row as it should be; None when there is none and none is needed."""
        if not layers:
            return standing and {**standing, "actief": False}
        given: dict[str, object] = {}
        unclear: dict[str, str] = {}
        for layer in layers:
            for column in (layer.said.values.keys() | layer.said.unclear.keys()) - given.keys() - unclear.keys():
                if column in layer.said.values:
                    given[column] = layer.said.values[column]
                else:
                    unclear[column] = f"{layer.said.unclear[column]} ({layer.system})"
        if unclear:
            return FaultyRecord(f"employee {key}", "; ".join(unclear[column] for column in sorted(unclear)), key)
        if self._has_left(layers):
            given["actief"] = False
        elif came_back:
            given.setdefault("actief", True)
        try:
            row = EmployeeRow.model_validate({**(standing or {}), **given, "id": key})
        except ValidationError as exc:
            return FaultyRecord(
                f"employee {key}", "; ".join(_fault(error["loc"], error["type"], error["msg"]) for error in exc.errors()), key
            )
        return {**row.model_dump(), "achternaam": row.achternaam or ""}

    def _quality(self, layers: Sequence[Layer], *, away_by_program: bool) -> Quality:
        quality = assess(
            [layer.fields for layer in layers], expected_systems=self.systems, key_fields=KEY_FIELDS, compared_fields=COMPARED_FIELDS
        )
        why = [GONE] if not layers else [LEFT] if self._has_left(layers) else []
        return Quality(quality.score, (*quality.flags, *(why if away_by_program else ())))

    def _has_left(self, layers: Sequence[Layer]) -> bool:
        said = (layer.said for layer in layers)
        last_day = next((one.values.get(LEAVES) for one in said if LEAVES in one.values or LEAVES in one.unclear), None)
        return isinstance(last_day, dt.date) and last_day < self.today


def _fault(where: tuple[int | str, ...], kind: str, message: str) -> str:
    column = ".".join(str(part) for part in where)
    return f"no source says what {column} is" if kind == "missing" else f"{column}: {message.removeprefix('Value error, ')}"


def _stored(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict) else value
