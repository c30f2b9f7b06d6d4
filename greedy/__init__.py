"""Greedy: a roster optimizer. Load a roster, fill it, check it, write it in one transaction, verify it, report."""

__version__ = "0.1.0"
