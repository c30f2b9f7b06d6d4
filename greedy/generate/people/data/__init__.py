"""Lists that the generator draws from: a file each, UTF-8, one entry a line."""

import csv
from pathlib import Path

_FOLDER = Path(__file__).parent


def lines_of(name: str) -> list[str]:
    """The lines of a text file."""
    return (_FOLDER / name).read_text(encoding="utf-8").splitlines()


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file, by the names in its first line."""
    return list(csv.DictReader(lines_of(name), strict=True))
