"""A real-sized roster with invented people: 14 employees, 5 weeks, 227 shifts."""

from pathlib import Path

SAMPLE_DIR = Path(__file__).parent
