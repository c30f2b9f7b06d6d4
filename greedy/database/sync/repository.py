"""A dump under git: one file of a repository committed, whatever else is going on in it."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

from greedy.database.sync.errors import ProgramError, RepositoryError
from greedy.database.sync.programs import printable_lines

TIMEOUT_SECONDS = 120.0
# While one of these is there, git is in the middle of something and would not commit a single file, or in a place where it gets lost.
UNFINISHED_WORK = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "BISECT_LOG": "a bisection",
}


class Repository:
    """The git repository that a folder lies in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    async def check(self) -> None:
        """Raise RepositoryError unless a commit can be made here."""
        if not self.folder.is_dir():
            raise RepositoryError(f"there is no folder {self.folder}", next_step="make it, or give another one with --repository")
        code, said = await self._git("rev-parse", "--is-inside-work-tree")
        if code or said != ["true"]:
            raise RepositoryError(
                f"{self.folder} is not in a git repository", details=said if code else [], next_step=f"git init {self.folder}"
            )
        code, _ = await self._git("symbolic-ref", "--quiet", "HEAD")
        if code:
            raise RepositoryError(
                f"the repository of {self.folder} is on no branch, so a commit would get lost", next_step="git switch to a branch"
            )
        for name, what in UNFINISHED_WORK.items():
            _, said = await self._git("rev-parse", "--git-path", name)
            if said and (self.folder / said[0]).exists():
                raise RepositoryError(f"the repository of {self.folder} is in the middle of {what}", next_step="finish or abort it first")
        _, said = await self._git("diff", "--name-only", "--diff-filter=U")
        if said:
            raise RepositoryError(f"the repository of {self.folder} has conflicts", next_step="resolve them first")

    async def knows(self, name: str) -> bool:
        """Whether a file of the folder is under git already."""
        code, _ = await self._git("ls-files", "--error-unmatch", "--", name)
        return code == 0

    async def commit(self, name: str, message: str) -> str | None:
        """Commit one file of the folder, and nothing else that is changed or staged. None when it is as it was committed.

        Returns
        -------
        str
            The commit's id.
        """
        self._refuse(*await self._git("add", "--", name), what=f"cannot add {name}", next_step="see what .gitignore says of it")
        code, said = await self._git("status", "--porcelain", "--", name)
        self._refuse(code, said, what="cannot read its state", next_step="git status")
        if not said:
            return None
        code, said = await self._git("commit", "--quiet", "--only", "--file=-", "--", name, text=message)
        self._refuse(code, said, what=f"cannot commit {name}", next_step="mend what git says, and repeat; the file itself is written")
        code, said = await self._git("rev-parse", "HEAD")
        self._refuse(code, said, what="cannot read its head", next_step="git status")
        return said[0]

    def _refuse(self, code: int, said: list[str], *, what: str, next_step: str) -> None:
        if code:
            raise RepositoryError(f"git in {self.folder}: {what}", details=said[-8:], next_step=next_step)

    async def _git(self, *arguments: str, text: str = "") -> tuple[int, list[str]]:
        # A hook sets GIT_DIR and GIT_INDEX_FILE, which would lead to its own repository. Who commits may be set in the environment.
        outside = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GIT_") or name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))
        }
        environment = {**outside, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1", "GIT_EDITOR": "true"}
        # In a thread: git answers in milliseconds, and its output is small.
        try:
            done = await asyncio.to_thread(
                subprocess.run,
                ["git", *arguments],
                cwd=self.folder,
                env=environment,
                input=text.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except FileNotFoundError as exc:
            raise ProgramError("git is not on this machine", next_step="install git, as with: apt-get install git") from exc
        except subprocess.TimeoutExpired:
            raise ProgramError(
                f"git {arguments[0]} did not end in {TIMEOUT_SECONDS:.0f} seconds", next_step="see what its hooks do"
            ) from None
        return done.returncode, printable_lines(done.stdout)
