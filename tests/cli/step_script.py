"""A script over source records, as those of scripts/ are: things from lines of a file, one a line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from greedy.cli.steps import ScriptSettings, run_script
from greedy.database import DBConnector
from greedy.errors import InputError
from greedy.ingest.records.steps import RunSummary, StepOptions, Tell, ingest
from greedy.ingest.sources.base import FaultyRecord, SourceRecord


class Settings(ScriptSettings):
    """What it reads."""

    things_file: Path = Field(description="File with a thing on each line")
    things_count: int = Field(description="How many there should be")
    things_system: str = Field("lines", description="Name of the source system")
    things_slow: float = Field(0.0, description="Seconds that a line takes")


class Lines:
    """Lines of a file; one that begins with a question mark is faulty."""

    entity_type = "things"
    significant = None

    def __init__(self, settings: Settings) -> None:
        self.system = settings.things_system
        self._settings = settings

    def read(self) -> Iterator[SourceRecord | FaultyRecord]:
        """One after the other."""
        try:
            lines = self._settings.things_file.read_text(encoding="utf-8").splitlines()
        except OSError as exc:
            raise InputError(f"cannot read {self._settings.things_file}: {exc.strerror}", next_step="check the path") from exc
        for number, line in enumerate(lines, start=1):
            time.sleep(self._settings.things_slow)
            place = f"{self._settings.things_file.name}:{number}"
            yield FaultyRecord(place, "it is a question", line) if line.startswith("?") else SourceRecord(line, {"line": line}, place)


async def step(db: DBConnector, settings: Settings, options: StepOptions, tell: Tell) -> RunSummary:
    """The whole of it."""
    return await ingest(db, Lines(settings), options, tell)


if __name__ == "__main__":
    run_script(step, Settings, name="things", help="Things of a file into the database.")
