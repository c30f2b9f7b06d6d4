"""A dump under git: that file alone, and only when something has changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from greedy.database.sync import DatabaseSyncManager, ProgramError, RepositoryError, opened_dump
from tests.database.sync.conftest import content, run


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in a new repository with one commit, whoever's settings this machine has."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Noor")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "noor@example.org")
    top = tmp_path / "repository"
    (top / "dumps here").mkdir(parents=True)
    (top / "notes").write_text("one")
    git(top, "init", "-q", "-b", "main")
    git(top, "add", "notes")
    git(top, "commit", "-q", "-m", "Notes")
    return top / "dumps here"


async def test_committed_once_a_change_and_restored_from_there(manager: DatabaseSyncManager, loaded_url: str, repository: Path) -> None:
    top = repository.parent
    (top / "notes").write_text("two")
    (top / "staged").write_text("x")
    git(top, "add", "staged", "notes")
    (top / "notes").write_text("three")
    first = await manager.dump_and_commit(repository)
    assert (first.first, first.commit) == (True, git(top, "rev-parse", "HEAD").strip())
    assert git(top, "show", "--name-only", "--format=%an", "HEAD").split("\n") == ["Noor", "", "dumps here/greedy.dump", ""]
    assert sorted(git(top, "status", "--porcelain").splitlines()) == ["A  staged", "MM notes"]
    assert git(top, "log", "-1", "--format=%s").startswith(f"Dump of {manager.database}: ")

    same = await manager.dump_and_commit(repository)
    assert (same.first, same.commit) == (False, None)
    assert git(top, "rev-list", "--count", "HEAD") == "2\n"
    assert first.path.stat().st_mode & 0o777 == 0o600

    await run(loaded_url, "update rosters set naam = 'other'")
    changed = await content(loaded_url)
    second = await manager.dump_and_commit(repository, message="-x; $(touch y)\n\nlong `text`")
    assert second.commit is not None
    assert git(top, "log", "-1", "--format=%B").strip() == "-x; $(touch y)\n\nlong `text`"
    assert sorted(path.name for path in repository.iterdir()) == ["greedy.dump"]
    await run(loaded_url, "update rosters set naam = 'lost'")
    await manager.restore(first.path)
    assert await content(loaded_url) == changed


async def test_versions_share_their_room(manager: DatabaseSyncManager, loaded_url: str, repository: Path) -> None:
    """What git keeps for a small change is small: the dump is not compressed by itself."""
    await run(
        loaded_url, "insert into employees (id, voornaam, team) select 'M' || n, md5(n::text), 'Groen' from generate_series(1, 20000) n"
    )
    for number in range(3):
        await run(loaded_url, f"update employees set voornaam = 'changed' where id = 'M{number + 1}'")
        await manager.dump_and_commit(repository)
    git(repository, "gc", "-q")
    packed = sum(path.stat().st_size for path in (repository.parent / ".git" / "objects" / "pack").glob("*.pack"))
    assert packed < 1.2 * len(_packed_alone(repository))


def _packed_alone(repository: Path) -> bytes:
    import zlib

    return zlib.compress((repository / "greedy.dump").read_bytes())


async def test_a_commit_that_failed_is_made_the_next_time(manager: DatabaseSyncManager, repository: Path) -> None:
    hook = repository.parent / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no \x1b[31mcommits today'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RepositoryError, match=r"cannot commit greedy\.dump") as caught:
        await manager.dump_and_commit(repository)
    assert "no  [31mcommits today" in caught.value.details
    hook.unlink()
    assert (await manager.dump_and_commit(repository)).commit is not None


async def test_a_damaged_dump_is_replaced(manager: DatabaseSyncManager, repository: Path) -> None:
    (repository / "greedy.dump").write_text("thesis")
    done = await manager.dump_and_commit(repository)
    with opened_dump(done.path) as file:
        file.check()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("rm -rf ../.git", "is not in a git repository"),
        ("cd .. && rm -r 'dumps here'", "there is no folder"),
        ("git checkout -q --detach", "is on no branch"),
        ("git checkout -q -b other && echo a > ../notes && git commit -qam a && git checkout -q main && echo b > ../notes && git commit -qam b && ! git merge -q other", "in the middle of a merge"),
        ("git checkout -q -b other && echo a > ../notes && git commit -qam a && git checkout -q main && echo b > ../notes && git commit -qam b && ! git cherry-pick other", "in the middle of a cherry-pick"),
        ("echo a > ../notes && git commit -qam a && echo b > ../notes && git commit -qam b && ! git revert --no-edit HEAD~1", "in the middle of a revert"),
        ("echo a > ../notes && git stash -q && echo b > ../notes && git commit -qam b && ! git stash pop", "has conflicts"),
        ("echo '*.dump' > ../.gitignore", "cannot add greedy.dump"),
    ],
)  # fmt: skip
async def test_states_that_take_no_commit(manager: DatabaseSyncManager, repository: Path, state: str, said: str) -> None:
    subprocess.run(["sh", "-c", state], cwd=repository, check=True, capture_output=True)
    with pytest.raises(RepositoryError, match=said) as caught:
        await manager.dump_and_commit(repository)
    assert caught.value.next_step


async def test_without_git(manager: DatabaseSyncManager, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ProgramError, match="git is not on this machine"):
        await manager.dump_and_commit(repository)


async def test_a_hook_of_another_repository_does_not_lead_astray(
    manager: DatabaseSyncManager, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    done = await manager.dump_and_commit(repository)
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert git(repository, "rev-parse", "HEAD").strip() == done.commit
