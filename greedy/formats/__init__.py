"""Files <-> model: the practice tables, as CSV and as a document; rosters as JSON."""
