"""What a generation came to."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SinkSummary(BaseModel):
    """What a sink holds now. `failed` says why it holds nothing of this generation; then `rows` is how far it had come."""

    model_config = ConfigDict(frozen=True)

    name: str
    rows: int
    failed: str | None = None
    next_step: str | None = None


class GenerationSummary(BaseModel):
    """Counts of what was generated. `best` of the `required` shifts can be filled; `shortage` is what nobody can fill."""

    model_config = ConfigDict(frozen=True)

    rows: dict[str, int]
    practices: int
    employees: int
    rosters: int
    required: int
    best: int
    shortage: int
    seconds: float
    sinks: list[SinkSummary]

    @property
    def complete(self) -> bool:
        """Whether no sink failed."""
        return all(sink.failed is None for sink in self.sinks)
