"""The exact model: a roster problem as CP-SAT sees it, with proof or bound."""
