"""The three kinds of step over source records, all a script needs:

`ingest`
    A source to bronze: new and changed records are kept as they are, those that the source has no longer are marked.
`enrich`
    A second source to records that are there.
`transform`
    Bronze to the tables of the practice: what has changed since the last completed run, merged from all systems.

Each is a run: two of one source at a time exclude each other, one that was ended at any moment is completed by the next, one bad record
does not stop the others. Batches are transactions; the same again changes nothing.
"""

from __future__ import annotations

from greedy.ingest.records.enriching import enrich
from greedy.ingest.records.ingesting import ingest
from greedy.ingest.records.runs import RunUnderWayError
from greedy.ingest.records.summary import Fault, Progress, RunSummary, StepOptions, Tell, tell_nobody
from greedy.ingest.records.transforming import transform
from greedy.ingest.records.transforms import BronzeRecord, Enrichment, Outcome, Transform, Transformed

__all__ = [
    "BronzeRecord",
    "Enrichment",
    "Fault",
    "Outcome",
    "Progress",
    "RunSummary",
    "RunUnderWayError",
    "StepOptions",
    "Tell",
    "Transform",
    "Transformed",
    "enrich",
    "ingest",
    "tell_nobody",
    "transform",
]
