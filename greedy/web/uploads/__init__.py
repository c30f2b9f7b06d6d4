"""Workbooks that planners send in: kept until they are imported."""
