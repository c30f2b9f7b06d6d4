"""A folder of CSV files: a few tables of all practices, and a folder for each roster, as `greedy load` reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from greedy.errors import InputError
from greedy.generate.config import GeneratorConfig
from greedy.generate.sinks.base import Write, Wrote
from greedy.generate.sinks.csv_text import CsvPart, csv_part
from greedy.generate.sinks.ending import to_its_end
from greedy.generate.sinks.faults import findings
from greedy.generate.sinks.places import refuse_missing_folder, replacing_folder

CONFIG_FILE = "generate.toml"  # tells what was generated, and that it was


class CsvFolder:
    """A folder that is made beside `path` and renamed at the end.

    It holds generate.toml, which makes the same rows again; tables of all practices (`regions.csv` and others); and for the roster of each
    practice `rosters/00000/` and on, with its seven tables, `planted.json` (a solution that fills the most) and `planning.toml` (wishes).

    Parameters
    ----------
    path
        Must not exist, or be empty.
    replace
        It may be a folder that the generator made before; that is replaced with all that is in it.
    """

    prepared = staticmethod(csv_part)

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        self.path, self._replace = path, replace
        self.name = f"CSV folder {path}"

    @asynccontextmanager
    async def opened(self, config: GeneratorConfig, wrote: Wrote) -> AsyncIterator[Write]:
        """See `Sink`."""
        shared: dict[str, str] = {}

        async def write(part: CsvPart) -> None:
            shared.update(part.shared)
            with findings(self.name):
                await to_its_end(asyncio.to_thread(_write, unfinished, part, shared))
            for table, rows in part.rows.items():
                wrote(table, rows)

        with findings(self.name):
            self._refuse_unfit()
            with replacing_folder(self.path) as unfinished:
                (unfinished / CONFIG_FILE).write_text(config_text(config), encoding="utf-8", newline="")
                yield write
                self._refuse_unfit()

    def _refuse_unfit(self) -> None:
        refuse_missing_folder(self.path, self.name)
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise InputError(f"{self.path} is a file, and a folder is to be made there", next_step="give another folder")
        if not any(self.path.iterdir()):
            return
        if not self._replace:
            raise InputError(
                f"the folder {self.path} is not empty", next_step="give another folder; --force replaces one that the generator made"
            )
        if not (self.path / CONFIG_FILE).is_file():
            raise InputError(f"the folder {self.path} was not made by the generator, and is not replaced", next_step="give another folder")


def config_text(config: GeneratorConfig) -> str:
    """A configuration as TOML."""
    return "".join(f"{name} = {value}\n" for name, value in config)


def roster_folder(folder: Path, practice: int) -> Path:
    """Where the roster of a practice lies."""
    return folder / "rosters" / f"{practice:05}"


def _write(folder: Path, part: CsvPart, shared: dict[str, str]) -> None:
    for path, text, mode in _files(folder, part, shared):
        with path.open(mode, encoding="utf-8", newline="") as file:
            file.write(text)


def _files(folder: Path, part: CsvPart, shared: dict[str, str]) -> Iterator[tuple[Path, str, str]]:
    """Path, text and mode of each file; a folder is made before its files."""
    for table, text in part.of_all.items():
        yield folder / f"{table}.csv", text, "a"
    for number, files in part.of_rosters.items():
        own = roster_folder(folder, number)
        own.mkdir(parents=True)
        for name, text in (shared | files).items():
            yield own / name, text, "x"
