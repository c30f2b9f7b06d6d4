"""A source, or a list of keys, in batches."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterator
from contextlib import ExitStack
from typing import TypeVar

from greedy.ingest.records.summary import TELL_EVERY, Progress, Tally, Tell
from greedy.ingest.sources.base import FaultyRecord, Source, SourceRecord

Item = TypeVar("Item")


def read_batches(source: Source, size: int, tally: Tally, tell: Tell) -> Iterator[list[SourceRecord | FaultyRecord]]:
    """All that a source gives, counted and told; it is closed when nobody wants more."""
    batch: list[SourceRecord | FaultyRecord] = []
    with ExitStack() as opened:
        records = source.read()
        if isinstance(records, Generator):
            opened.callback(records.close)
        for record in records:
            batch.append(record)
            tally.processed += 1
            if tally.processed % TELL_EVERY == 0:
                tell(Progress(tally.processed))
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch


async def batched(items: AsyncIterable[Item], size: int) -> AsyncIterator[list[Item]]:
    """So many at a time."""
    batch: list[Item] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
