"""greedy doctor: one line a fact, and for each that is not right the next step."""

from greedy.cli.doctor.command import doctor

__all__ = ["doctor"]
