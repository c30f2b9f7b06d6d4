"""Practices a chunk at a time: as many as fit into memory."""

from __future__ import annotations

from greedy.generate.config import GeneratorConfig
from greedy.generate.people.population import practice_sizes

LARGEST_CHUNK_SLOTS = 150_000  # some 60,000 rows, 20 MB; a practice that is larger comes alone


def chunks_of(config: GeneratorConfig) -> list[range]:
    """Numbers of consecutive practices, all of them in turn.

    Raises
    ------
    InputError
        The practices cannot have these sizes.
    """
    slots_each = config.weeks * 7 * 3
    chunks, start, largest = [], 0, 0
    for number, size in enumerate(practice_sizes(config).tolist()):
        largest = max(largest, size)
        if number > start and (number + 1 - start) * largest * slots_each > LARGEST_CHUNK_SLOTS:
            chunks.append(range(start, number))
            start, largest = number, size
    return [*chunks, range(start, config.practices)]
