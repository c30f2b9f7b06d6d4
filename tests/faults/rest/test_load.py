"""`greedy load` while a project's REST fails: a named error, the right exit code, and the whole roster or nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from greedy.formats.practice_csv import write_practice
from greedy.formats.tables import PracticeTables
from tests.faults.rest import proxy as faults
from tests.faults.rest.conftest import ROSTER, Eye, Greedy
from tests.faults.rest.proxy import Proxy
from tests.faults.rest.test_faults import CASES, PASSING, SLOW, Case

IMPORT = "import_roster_v1"
COPY = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def folder(tmp_path: Path, week: PracticeTables) -> Path:
    """The roster under another id, which no database has."""
    folder = tmp_path / "copy"
    write_practice(week, folder)
    for file in folder.glob("*.csv"):
        file.write_text(file.read_text(encoding="utf-8").replace(ROSTER, COPY), encoding="utf-8")
    return folder


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_that_stays_is_named_and_leaves_all_or_nothing(greedy: Greedy, proxy: Proxy, eye: Eye, folder: Path, case: Case) -> None:
    _stays(greedy, proxy, eye, folder, case)


@pytest.mark.usefixtures("impatient", "hasty")
def test_silence_after_the_commit_is_named_and_leaves_the_whole_roster(greedy: Greedy, proxy: Proxy, eye: Eye, folder: Path) -> None:
    _stays(greedy, proxy, eye, folder, SLOW[1])


def _stays(greedy: Greedy, proxy: Proxy, eye: Eye, folder: Path, case: Case) -> None:
    proxy.always(IMPORT, case.fault)
    done = greedy("load", str(folder), "--json")
    error = done.document["error"]
    assert (done.code, error["kind"]) == (case.code, case.kind)
    assert case.what in error["message"]
    assert case.next_step in (error["next_step"] or "")
    assert proxy.calls.count(IMPORT) == case.tried
    if case.written:
        assert "nobody knows whether it was done" in error["message"]
    assert eye.slots(COPY) == (eye.slots(ROSTER) if case.written else 0)
    proxy.always(IMPORT, faults.nothing_wrong)
    assert greedy("load", str(folder), "--json").document["imported"] is not case.written
    assert eye.slots(COPY) == eye.slots(ROSTER)


@pytest.mark.parametrize("case", PASSING, ids=str)
def test_a_fault_that_passes_is_outlived(greedy: Greedy, proxy: Proxy, eye: Eye, folder: Path, case: Case) -> None:
    proxy.plan(IMPORT, case.fault)
    done = greedy("load", str(folder), "--json")
    assert (done.code, done.document["imported"]) == (0, True)
    assert proxy.calls.count(IMPORT) == 2
    assert eye.slots(COPY) == eye.slots(ROSTER)
