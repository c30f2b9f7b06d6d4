"""Programs of the operating system that some tests need."""

from __future__ import annotations

import os
import shutil

import pytest


def required_program(name: str, package: str) -> str:
    """Path of a program. Without it the test is skipped on a developer's machine, and fails in CI, which installs it."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        missing = f"{name} is not on this machine (Debian package {package})"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path
