"""The pages: one module for each part of a planner's work, each with its `router`."""
