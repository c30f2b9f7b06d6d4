"""What a source of records is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class SourceRecord:
    """A record as its source gives it.

    Parameters
    ----------
    external_id
        By which the source knows it, unique within source system and entity type.
    key
        By which records of several sources are known to speak of one thing, as the number of an employee; otherwise the external id.
        Should stay with the record: when it changes, what was made of the former key is not marked as gone.
    data
        What goes into `raw_data`: what JSON can hold.
    place
        Where it was found, for messages: `hr.csv:12`.
    modified_at
        When the source says that it was last changed, with its time zone.
    """

    external_id: str
    data: Mapping[str, Any]
    place: str
    key: str | None = None
    modified_at: dt.datetime | None = None


@dataclass(frozen=True)
class FaultyRecord:
    """A record that cannot be used. The others can. `external_id` when that much is known: what is known of it stays then."""

    place: str
    message: str
    external_id: str | None = None


class Source(Protocol):
    """Records of one entity type from one system, each time all that it has.

    `significant` names the fields whose change is a change; None: all of them.
    """

    system: str
    entity_type: str
    significant: tuple[str, ...] | None

    def read(self) -> Iterator[SourceRecord | FaultyRecord]:
        """All records, one after the other, without holding them all.

        Raises
        ------
        InputError
            The source cannot be read, or not to its end.
        """
        ...
