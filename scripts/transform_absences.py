"""Bring absences into the table of absences, and from there into all rosters that are not final.

Open slots under an absence become unavailable, and open again when the absence is gone. Work that the program planned there gives way; work
that a planner pinned stays and is told. Run it after `ingest_absences`, before `greedy run`, and after a new roster was made.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from pydantic import Field

from greedy.cli.steps import ScriptSettings, run_script
from greedy.database import DBConnector
from greedy.ingest.practice.absences import TransformAbsences, is_another_window, window_of
from greedy.ingest.records.steps import RunSummary, StepOptions, Tell, transform


class Settings(ScriptSettings):
    """What the script is told."""

    practice_time_zone: ZoneInfo = Field(ZoneInfo("Europe/Amsterdam"), description="Time zone of the practice")


async def step(db: DBConnector, settings: Settings, options: StepOptions, tell: Tell) -> RunSummary:
    """Bring what has changed into the table, and all of it into the rosters."""
    zone = settings.practice_time_zone
    window = await window_of(db, dt.datetime.now(zone).date())
    if await is_another_window(db, window):
        options = replace(options, full=True)
    return await transform(db, TransformAbsences(zone, window), options, tell)


if __name__ == "__main__":
    run_script(step, Settings, name="transform_absences", help="Bring absences into the rosters.")
