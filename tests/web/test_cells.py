"""Cells without JavaScript, forms that are sent twice, damaged or for what is not there, and what a grid costs."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from greedy.desk.opened import lay_open
from greedy.formats.tables import PracticeTables
from greedy.generate.config import GeneratorConfig
from greedy.generate.practice import generate_practice
from greedy.model.result import OpenDemand
from greedy.report.html import environment
from greedy.web.pages import TEMPLATES
from greedy.web.views.roster_page import Shown, drawing
from greedy.wording import ENGLISH
from tests.timing import PATIENCE_SECONDS, cpu_seconds_below
from tests.web.conftest import PageServer

CELL = {"employee": "EMP001", "date": "2025-11-29", "dagdeel": "M"}


@pytest.fixture
async def planner(page_server: PageServer) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without JavaScript, signed in."""
    base = f"{page_server.url}/rosters/{page_server.roster}"
    async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_SECONDS, follow_redirects=True) as client:
        await client.get(page_server.first_url)
        yield client


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of the form of a cell, and what breaks when it says so."""
    form = page[page.index('class="stack cell-form"') :]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form) + re.findall(r'name="(although)" value="(\w+)"', form)
    return {name: html.unescape(value) for name, value in found}


async def form_of(client: httpx.AsyncClient, **more: str) -> dict[str, str]:
    answer = await client.get("/cell", params=CELL)
    assert answer.status_code == 200
    return fields_of(answer.text) | more


async def test_a_form_alone_is_enough(planner: httpx.AsyncClient) -> None:
    form = await form_of(planner, choice="assign:MSP")
    answer = await planner.post("/cell", data=form)
    assert answer.status_code == 422
    assert "This would break" in answer.text, "nobody asks for an MSP on that Saturday"

    again = fields_of(answer.text) | {"choice": "assign:MSP"}
    saved = await planner.post("/cell", data=again)
    assert saved.status_code == 200
    assert "Saved: Anna Mulder, Sat 29 Nov, afternoon: nothing → MSP, pinned" in html.unescape(saved.text)


async def test_a_form_that_is_sent_twice_is_one_change(planner: httpx.AsyncClient) -> None:
    form = await form_of(planner, choice="unavailable")
    for _ in range(2):
        answer = await planner.post("/cell", data=form)
        assert "Saved: Anna Mulder, Sat 29 Nov, afternoon: nothing → unavailable" in html.unescape(answer.text)
    history = await planner.get("/cell/history", params=CELL)
    assert history.text.count("<li>") == 1


async def test_agreeing_to_one_broken_rule_is_not_agreeing_to_another(planner: httpx.AsyncClient) -> None:
    form = await form_of(planner, choice="assign:MSP", although="0" * 32)
    answer = await planner.post("/cell", data=form)
    assert answer.status_code == 422
    assert (await planner.get("/cell/history", params=CELL)).text.count("<li>") == 0


REFUSED: list[tuple[dict[str, str], int]] = [
    ({"seen": "x"}, 422),
    ({"seen": "9:DIO:"}, 422),
    ({"seen": "0:: 0::"}, 422),
    ({"choice": ""}, 422),
    ({"choice": "assign:<b>"}, 422),
    ({"employee": "nobody"}, 422),
    ({"date": "2031-01-01"}, 422),
    ({"dagdeel": "X"}, 422),
    ({"until": "9999-12-31"}, 422),
    ({"id": "x"}, 422),
    ({"csrf": "x"}, 403),
]


async def test_what_cannot_be_is_refused_with_a_page(planner: httpx.AsyncClient) -> None:
    form = await form_of(planner, choice="unavailable")
    for more, status in REFUSED:
        answer = await planner.post("/cell", data=form | more)
        assert answer.status_code == status, more
        assert re.search("<h[12]", answer.text), more
        assert "Traceback" not in answer.text


def drawn(tables: PracticeTables) -> str:
    opened = lay_open(tables)
    context: dict[str, Any] = drawing(opened, Shown()) | {"is_part": False}
    return environment(ENGLISH, TEMPLATES).get_template("roster_grid.html").render(context)


def test_the_list_of_open_shifts_has_the_weeks_and_the_team_of_the_grid(sample: PracticeTables) -> None:
    opened = lay_open(sample)
    everything = [OpenDemand(row, missing, {}) for row, missing in opened.missing.items()]
    assert Shown(team="nobody's").open_demand(opened, everything) == everything
    rows = [
        opened.problem.demand[one.row]
        for one in Shown(first_week="2025-49", last_week="2025-49", team="Oranje").open_demand(opened, everything)
    ]
    assert {row.day for row in rows} == set(range(7, 14))
    assert {opened.problem.demand_teams[row.team].code for row in rows} == {"ORA", "TOT"}


def test_a_grid_costs_little(sample: PracticeTables) -> None:
    drawn(sample)
    with cpu_seconds_below(1):  # 0.03 s here
        assert drawn(sample).count('role="gridcell"') == 14 * 35 * 3
    large = generate_practice(GeneratorConfig(employees=140, weeks=13))
    with cpu_seconds_below(6):  # 0.5 s here, opening included
        assert drawn(large).count('role="gridcell"') == 140 * 91 * 3
