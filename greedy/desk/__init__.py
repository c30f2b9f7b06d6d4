"""What planners do with a roster by hand: change cells, ask who could take a shift, copy, compare, publish, have it planned."""

from greedy.desk.desk import Desk

__all__ = ["Desk"]
