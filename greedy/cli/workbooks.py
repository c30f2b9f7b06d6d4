"""Commands over Excel workbooks: import, template."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from greedy.ingest.workbook.layout import Language

WORKBOOK_SUFFIX = ".xlsx"


class LanguageName(StrEnum):
    """Language of the sheets of a workbook, as it is asked for."""

    NL = "nl"
    EN = "en"

    @property
    def meant(self) -> Language:
        """The language itself."""
        return Language[self.name]


LanguageOption = Annotated[LanguageName, typer.Option("--language", help="Language of the workbook's sheets and headers.")]
