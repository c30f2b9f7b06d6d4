"""Commands over rosters as they stand in a database: verify, rosters."""

from __future__ import annotations

from typing import Any

from greedy.cli.console import (
    DatabaseOption,
    ExitCode,
    JsonOption,
    RosterArgument,
    SchemaOption,
    parse_roster_id,
    print_document,
    run_async,
)
from greedy.cli.printing import print_checks
from greedy.opening import open_store
from greedy.pipeline import verify_roster
from greedy.settings import load_settings


def verify(
    roster_id: RosterArgument = None, database: DatabaseOption = None, schema: SchemaOption = None, as_json: JsonOption = False
) -> int:
    """Verify the triggers and the rows of a roster (phase 4C). Changes nothing. Ends with 4 when a check fails."""
    settings = load_settings()
    roster = parse_roster_id(roster_id, settings)

    async def work() -> dict[str, Any]:
        async with open_store(settings, database, schema) as store:
            return dict(await verify_roster(store, roster))

    result = run_async(work())
    if as_json:
        print_document(result)
    else:
        print_checks(result)
    return ExitCode.DONE if result["all_passed"] else ExitCode.VERIFICATION


def rosters(database: DatabaseOption = None, schema: SchemaOption = None, as_json: JsonOption = False) -> int:
    """List the rosters of the database."""
    settings = load_settings()

    async def work() -> list[dict[str, object]]:
        async with open_store(settings, database, schema) as store:
            return [roster.model_dump(mode="json") for roster in await store.list_rosters()]

    found = run_async(work())
    if as_json:
        print_document({"rosters": found})
    elif not found:
        print("no rosters yet: greedy load DIR brings one in, greedy demo the sample")
    else:
        for roster in found:
            print(f"{roster['id']}  {roster['start_date']} to {roster['end_date']}  {roster['status']:<11}  {roster['naam']}")
    return ExitCode.DONE
