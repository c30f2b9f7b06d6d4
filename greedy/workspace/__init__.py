"""The in-memory roster workspace (werkbestanden)."""

from greedy.workspace.workspace import Workspace

__all__ = ["Workspace"]
