"""railway.toml and .railway/railway.ts: they say the same, the second to the types and the checks of Railway's own package."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from greedy.cli import job
from greedy.settings import RAILWAY_JOB_SECONDS, Settings
from tests import node_programs

ROOT = Path(__file__).parents[2]
TOML = tomllib.loads((ROOT / "railway.toml").read_text())
RUN = """
import program from "./.railway/railway.ts";
import { createRailwayContext, project, RAILWAY_GRAPH_VERSION, validateGraph } from "railway/iac";
const context = createRailwayContext({ command: "plan", environment: "production", environmentName: "production", projectName: "greedy" });
const made = await program(context, project);
const graph = { version: RAILWAY_GRAPH_VERSION, project: { name: made.name }, environments: [{ name: "production" }],
                resources: made.resources.flat(), edges: [] };
console.log(JSON.stringify({ name: made.name, resources: graph.resources, faults: validateGraph(graph) }));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file beside the packages that it imports, as in a checkout where `npm install railway` was run."""
    folder = tmp_path_factory.mktemp("railway")
    shutil.copytree(ROOT / ".railway", folder / ".railway")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(node_programs.installed())
    return folder


@pytest.fixture(scope="module")
def made(folder: Path) -> Any:
    (folder / "run.mjs").write_text(RUN)
    command = [node_programs.node(), "run.mjs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=node_programs.environment())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def type_check(folder: Path) -> subprocess.CompletedProcess[str]:
    compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
    options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck"]
    command = [node_programs.node(), compiler, *options, ".railway/railway.ts"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=node_programs.environment())


def test_the_types_of_railways_package_hold(folder: Path) -> None:
    done = type_check(folder)
    assert done.returncode == 0, done.stdout


def test_the_types_are_looked_at(folder: Path) -> None:
    wrong = folder / "wrong"
    shutil.copytree(ROOT / ".railway", wrong / ".railway")
    (wrong / "package.json").write_text('{"type": "module"}')
    (wrong / "node_modules").symlink_to(node_programs.installed())
    text = (wrong / ".railway" / "railway.ts").read_text()
    (wrong / ".railway" / "railway.ts").write_text(text.replace('"NEVER"', '"SOMETIMES"'))
    done = type_check(wrong)
    assert done.returncode != 0
    assert "SOMETIMES" in done.stdout


def test_both_files_say_the_same(made: Any) -> None:
    assert made["faults"] == []
    assert [resource["name"] for resource in made["resources"]] == ["greedy"]
    service = made["resources"][0]
    assert {"build": service["build"], "deploy": service["deploy"]} == TOML


def test_no_value_of_a_variable_stands_in_the_file(made: Any) -> None:
    variables = made["resources"][0]["variables"]
    assert {json.dumps(value) for value in variables.values()} == {'{"type": "preserve"}'}
    settings = {str(info.validation_alias or name.upper()) for name, info in Settings.model_fields.items()}
    # What it does not name would be removed when it is applied.
    assert set(variables) == settings - {"RAILWAY_ENVIRONMENT_ID", "GREEDY_DATA_DIR"}


def test_the_job_is_what_the_image_does_and_ends_in_time() -> None:
    deploy = TOML["deploy"]
    assert deploy["startCommand"] == "greedy run"
    assert f"CMD {json.dumps(deploy['startCommand'].split())}" in (ROOT / "Dockerfile").read_text()
    assert (ROOT / TOML["build"]["dockerfilePath"]).exists()
    # After SIGTERM the job ends by itself before Railway kills it; and a run ends before the next is due.
    assert deploy["drainingSeconds"] > job.STOP_SECONDS
    assert RAILWAY_JOB_SECONDS + job.GRACE_SECONDS < 24 * 3600
    assert len(deploy["cronSchedule"].split()) == 5
