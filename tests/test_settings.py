"""What the environment says, and what it need not say."""

from __future__ import annotations

import os

import pytest

from greedy.errors import SettingsError
from greedy.settings import load_settings


def test_a_job_needs_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The data directory is looked for when somebody wants to use it, as a container may have a user without a home."""
    monkeypatch.delenv("GREEDY_DATA_DIR")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("HOME")
    for asked in ("getuid", "geteuid"):
        monkeypatch.setattr(os, asked, lambda: 3_000_000_001)  # a user whom no file names
    settings = load_settings()
    with pytest.raises(SettingsError, match="the data directory cannot be found") as caught:
        _ = settings.data_dir
    assert caught.value.next_step == "set GREEDY_DATA_DIR to a folder of your own"
