"""Rows of many practices, some at a time, in this process or in several."""
