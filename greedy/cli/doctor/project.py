"""Facts of a Supabase project over REST."""

from __future__ import annotations

import datetime as dt
import shlex
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from greedy.cli.doctor.facts import Fact, failed, migrations_fact, right, roster_fact, settings_fact, triggers_fact, wrong
from greedy.database.errors import FORBIDDEN_SQLSTATE, AuthenticationError, SchemaError
from greedy.database.identifiers import quoted
from greedy.database.schema.migrations import status_of
from greedy.database.schema.names import PUBLIC, check_project_schema
from greedy.errors import GreedyError, SettingsError
from greedy.store.base import RosterSummary, TriggerFact
from greedy.store.calls import Functions
from greedy.store.functions import FunctionStore
from greedy.store.project_address import SECRET_PREFIX, check_project
from greedy.store.rest_errors import DASHBOARD, MIGRATE, SET_KEY
from greedy.store.supabase import SupabaseFunctions, open_supabase

if TYPE_CHECKING:
    from greedy.settings import Settings

FACTS = "database_facts_v1"
OLDEST = "list_rosters_v1"  # of the first release: where it is, older migrations are
ROLE = "service_role"
CLOCK_SECONDS = 5.0
LEAST_SECONDS = 5.0  # a large roster is read in less
SHOWN = 5


class AccessFault(BaseModel):
    """What a role may do and should not, or the other way round."""

    role: str
    fault: str


class ProjectFacts(BaseModel):
    """The answer of database_facts_v1."""

    server_version: str
    now: AwareDatetime
    role: str
    bypasses_rls: bool
    statement_timeout_ms: int
    migrations: list[str]
    triggers: list[TriggerFact]
    row_level_security: dict[str, bool]
    access_faults: list[AccessFault]


ANSWER = TypeAdapter(ProjectFacts)


@dataclass(frozen=True)
class Remedies:
    """What mends a schema of a project."""

    schema: str

    @property
    def migrate(self) -> str:
        """For migrations that are pending."""
        return MIGRATE if self.schema == PUBLIC else f"greedy db migrate --schema {shlex.quote(self.schema)} --database URL"

    @property
    def grant(self) -> str:
        """For rights that are missing."""
        return self.in_editor(f"select {self._named('apply_access_v1')}()")

    def secure(self, tables: Collection[str]) -> str:
        """For tables whose rows are not guarded."""
        return self.in_editor("; ".join(f"alter table {self._named(table)} enable row level security" for table in tables))

    @staticmethod
    def in_editor(sql: str) -> str:
        """SQL that the owner of the database runs."""
        return f"in the SQL editor: {sql}"

    def _named(self, thing: str) -> str:
        return thing if self.schema == PUBLIC else f"{quoted(self.schema)}.{thing}"


def project_settings_fact(settings: Settings) -> Fact:
    """Whether address and key can be those of a project, and what kind of key it is."""
    try:
        address = check_project(settings.supabase_url, _key_of(settings))
    except SettingsError as exc:
        return failed("settings", exc)
    legacy = not address.key.startswith(SECRET_PREFIX)
    return settings_fact(
        settings,
        f"Supabase over REST at {urlsplit(address.url).netloc}, with a {'legacy' if legacy else 'secret'} key",
        advice=f"{SET_KEY}; Supabase retires the legacy ones" if legacy else None,
    )


async def project_facts(
    settings: Settings, schema: str | None, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
) -> AsyncIterator[Fact]:
    """The facts in the order in which they build on each other. `now` is our clock."""
    schema = schema or settings.database_schema
    try:
        if schema != PUBLIC:
            check_project_schema(schema)
        async with open_supabase(settings.supabase_url, _key_of(settings), schema) as client:
            async for fact in _facts(SupabaseFunctions(client), Remedies(schema), settings, now):
                yield fact
    except GreedyError as exc:
        yield failed("connection", exc, otherwise=DASHBOARD)


def _key_of(settings: Settings) -> str | None:
    return settings.supabase_key.get_secret_value() if settings.supabase_key else None


async def _facts(functions: Functions, remedies: Remedies, settings: Settings, now: Callable[[], dt.datetime]) -> AsyncIterator[Fact]:
    try:
        await functions.call(FACTS, {}, ANSWER)  # the first call connects, which is no part of a round trip
        started, asked = time.perf_counter(), now()  # in this order a pause between the two is part of the round trip
        found = await functions.call(FACTS, {}, ANSWER)
        seconds = time.perf_counter() - started
    except (AuthenticationError, SchemaError, ValidationError) as exc:
        yield right("connection", f"{functions.server} answers")
        yield await _refusal_fact(functions, remedies, exc)
        return
    text = f"{functions.server}, PostgreSQL {found.server_version}, over REST; a round trip takes {seconds * 1000:.0f} ms"
    yield right("connection", text)
    yield key_fact(found, remedies)
    migrations = migrations_fact(status_of(found.migrations), remedies.migrate)
    yield migrations
    if not migrations.good:
        return
    yield _grants_fact(found.access_faults, remedies)
    yield _row_security_fact(found.row_level_security, remedies)
    yield triggers_fact(found.triggers)
    yield _clock_fact(found.now - asked - dt.timedelta(seconds=seconds / 2), seconds)
    yield _time_limit_fact(found.statement_timeout_ms / 1000, remedies)
    if settings.rooster_id:
        yield await roster_fact(FunctionStore(functions), settings)


async def _refusal_fact(functions: Functions, remedies: Remedies, error: Exception) -> Fact:
    """Why a server answers, and not with the facts."""
    if isinstance(error, AuthenticationError):
        if error.sqlstate == FORBIDDEN_SQLSTATE:
            return wrong("grants", error.message, f"{SET_KEY}; if it is that one, {remedies.grant}")
        return failed("key", error)
    try:
        await functions.call(OLDEST, {}, TypeAdapter(list[RosterSummary]))
    except (GreedyError, ValidationError):
        if isinstance(error, GreedyError):
            return wrong("migrations", error.message, error.next_step)
        return wrong("migrations", f"{functions.server} has another {FACTS} than this program", remedies.migrate)
    return wrong("migrations", f"{functions.server} has older functions of this program, and lacks those of this version", MIGRATE)


def key_fact(found: ProjectFacts, remedies: Remedies) -> Fact:
    """Who the key makes us."""
    if found.role != ROLE:
        return wrong("key", f"accepted, but it makes us {found.role}, and the program needs {ROLE}", SET_KEY)
    if not found.bypasses_rls:
        text = f"accepted, but row level security hides every row from {ROLE}"
        return wrong("key", text, remedies.in_editor(f"alter role {ROLE} bypassrls"))
    return right("key", f"accepted; it makes us {ROLE}")


def _grants_fact(faults: Collection[AccessFault], remedies: Remedies) -> Fact:
    if not faults:
        return right("grants", f"{ROLE} may do all that the program does, anon nothing")
    return wrong("grants", _listed([f"{one.role} {one.fault}" for one in faults]), remedies.grant)


def _row_security_fact(tables: Mapping[str, bool], remedies: Remedies) -> Fact:
    bare = [table for table, on in tables.items() if not on]
    if not bare:
        return right("row level security", f"on for all {len(tables)} tables")
    text = f"off for {_listed(bare)}: whoever has rights on them reads and writes every row"
    return wrong("row level security", text, remedies.secure(bare))


def _clock_fact(ahead: dt.timedelta, seconds: float) -> Fact:
    """`ahead`: the server's clock of ours. `seconds` of the round trip are what the comparison cannot see."""
    difference = ahead.total_seconds()
    if abs(difference) <= CLOCK_SECONDS + seconds:
        return right("clock", "that of the server and that of this machine agree")
    side = "ahead of" if difference > 0 else "behind"
    text = f"the server's is {abs(difference):.0f} s {side} that of this machine"
    return wrong("clock", text, "set the clock of this machine: it should keep to NTP")


def _time_limit_fact(seconds: float, remedies: Remedies) -> Fact:
    if not seconds:
        return right("time limit", "none for a statement")
    text = f"{seconds:g} s for a statement; functions that read, write and verify a roster set one of their own"
    if seconds >= LEAST_SECONDS:
        return right("time limit", text)
    return wrong("time limit", text, remedies.in_editor(f"alter role {ROLE} set statement_timeout = '8s'; notify pgrst, 'reload config'"))


def _listed(things: Collection[str]) -> str:
    names = sorted(things)
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
