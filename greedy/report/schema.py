"""The JSON schema of the report, as it is published."""

from __future__ import annotations

import json

from greedy.report.model import Report


def report_schema() -> str:
    """The schema of what `Report.model_dump_json` gives, ending in a line break."""
    schema = Report.model_json_schema(mode="serialization")
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2, ensure_ascii=False) + "\n"
