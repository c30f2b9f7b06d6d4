"""The command `greedy doctor`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from greedy.cli.console import DatabaseOption, ExitCode, JsonOption, SchemaOption, print_document, run_async
from greedy.cli.doctor.direct import direct_facts
from greedy.cli.doctor.facts import Fact, python_fact, settings_fact, solver_fact
from greedy.opening import over_rest
from greedy.settings import load_settings

if TYPE_CHECKING:
    from greedy.settings import Settings


def doctor(database: DatabaseOption = None, schema: SchemaOption = None, as_json: JsonOption = False) -> int:
    """Look at Python, settings, solver, connection, migrations, rights, triggers and roster; say what is wrong and the next step."""

    async def work() -> list[Fact]:
        found = []
        async for fact in facts(load_settings(), database, schema):
            found.append(fact)
            if not as_json:
                _print(fact)
        return found

    found = run_async(work())
    if as_json:
        print_document({"healthy": all(fact.good for fact in found), "facts": [asdict(fact) for fact in found]})
    return max((fact.exit_code for fact in found), default=ExitCode.DONE)


def _print(fact: Fact) -> None:
    print(f"{'ok    ' if fact.good else 'WRONG '} {fact.name}: {fact.text}")
    if fact.next_step:
        print(f"       next: {fact.next_step}")


async def facts(settings: Settings, database_url: str | None, schema: str | None) -> AsyncIterator[Fact]:
    """The facts in the order in which they build on each other."""
    yield python_fact()
    rest = over_rest(settings, database_url)
    if rest:
        # Here, as the client takes a while to load.
        from greedy.cli.doctor.project import project_facts, project_settings_fact

        described = project_settings_fact(settings)
    else:
        chosen = (
            "--database" if database_url else "DATABASE_URL" if settings.database_url else f"the embedded database in {settings.data_dir}"
        )
        described = settings_fact(settings, chosen)
    yield described
    yield solver_fact()
    if not described.good:
        return
    found = project_facts(settings, schema) if rest else direct_facts(settings, database_url, schema)
    async for fact in found:
        yield fact
