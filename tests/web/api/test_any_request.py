"""Whatever the API is sent, it answers as its description says, and never with a fault of the server."""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from greedy.formats.tables import PracticeTables
from tests.timing import PATIENCE_SECONDS
from tests.web.conftest import PageServer

if TYPE_CHECKING:
    from schemathesis.specs.openapi.schemas import OpenApiSchema

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 8
OPERATIONS = 8  # at the least


@pytest.fixture
def from_openapi() -> Callable[[dict[str, Any]], OpenApiSchema]:
    """What reads descriptions, loaded in whole, which takes a moment. Python 3.11 may fail at parsing it (`AST constructor recursion
    depth mismatch`) while another thread parses something, as the server does with its templates: so this comes before the server.
    """
    importlib.import_module("schemathesis.specs.openapi.schemas")
    return schemathesis.openapi.from_dict


def test_no_request_is_a_fault_of_the_server(
    from_openapi: Callable[[dict[str, Any]], OpenApiSchema], page_server: PageServer, sample: PracticeTables
) -> None:
    described = from_openapi(page_server.app.openapi())
    answered = {}
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {page_server.token}"
    for found in described.get_all_operations():
        operation = found.ok()
        answered[operation.label] = {
            status
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            for status in _try(operation, mode, page_server, session, sample)
        }
    assert len(answered) >= OPERATIONS
    print(answered)


def _try(operation: Any, mode: GenerationMode, server: PageServer, session: requests.Session, sample: PracticeTables) -> set[int]:
    """Make requests of an operation, and say with which statuses they were answered."""
    statuses = set()

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), of_what_is_there=st.booleans())
    def one(case: schemathesis.Case, of_what_is_there: bool) -> None:
        if of_what_is_there and mode is GenerationMode.POSITIVE:
            _name_what_is_there(case, sample)
        response = case.call(base_url=server.url, session=session, timeout=PATIENCE_SECONDS)
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    try:
        one()
    except Unsatisfiable:  # what takes nothing can be given nothing wrong
        assert mode is GenerationMode.NEGATIVE
    return statuses


def _name_what_is_there(case: schemathesis.Case, sample: PracticeTables) -> None:
    """Ids and dates that the database knows, so that not all that is asked for is unknown."""
    there: dict[str, Any] = {
        "roster_id": str(sample.roster.id),
        "before": str(sample.roster.id),
        "employee_id": sample.employees[0].id,
        "date": (sample.roster.start_date + dt.timedelta(days=1)).isoformat(),
        "service_code": sample.service_types[0].code,
    }

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: there.get(key, named(one)) if one is not None else None for key, one in value.items()}
        return [named(one) for one in value] if isinstance(value, list) else value

    case.path_parameters = named(case.path_parameters)
    case.query = {key: value for key, value in named(case.query or {}).items() if key != "before" or case.path.endswith("comparison")}
    if isinstance(case.body, dict):
        case.body = named(case.body)
        edit = case.body.get("edit", case.body)
        if isinstance(edit, dict) and edit.get("slots") and edit.get("seen"):
            edit["slots"], edit["seen"] = edit["slots"][:1], edit["seen"][:1]
            edit["service_code"] = sample.service_types[0].code if edit.get("action") == "assign" else None
