"""Runs a step in children of its own and kills each one: python -m tests.database.sync.killer dump|restore URL PATH

For each line of its stdin, a number of seconds, it forks a child, kills it after that time, and answers with `killed` or `ended`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from greedy.database.sync import DatabaseSyncManager, programs
from greedy.log import configure_logging


def main(step: str, url: str, path: Path) -> None:
    configure_logging("ERROR")
    programs.found_programs("pg_dump")  # once for all, as it takes longer than the step itself
    programs.found_programs("pg_restore")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            manager = DatabaseSyncManager(url, dumps_dir=path.parent)
            asyncio.run(manager.dump(path, force=True) if step == "dump" else manager.restore(path, drop_old=True))  # type: ignore[arg-type]
            os._exit(0)
        deadline = time.monotonic() + float(line)
        ended = False
        while time.monotonic() < deadline and not ended:
            ended = os.waitpid(child, os.WNOHANG) != (0, 0)
            time.sleep(0.001)
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        print("ended" if ended else "killed", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
