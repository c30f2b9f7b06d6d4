"""Make the project's environment in .venv. Standard library only, since nothing is installed yet.

    python3 scripts/environment.py            what the program needs
    python3 scripts/environment.py --dev      and what its tests need

It installs once for each state of the requirement files. Several callers wait for each other; one that was killed leaves nothing that the
next would take for finished.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MADE_FOR = VENV / "made-for"


def main() -> None:
    """Make or complete the environment; end with 1 and the reason when it cannot be made."""
    parser = argparse.ArgumentParser(description="Make the project's environment in .venv.")
    parser.add_argument("--dev", action="store_true", help="also install what the tests need")
    files = ["requirements.txt", *(["requirements-dev.txt"] if parser.parse_args().dev else [])]
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_venv()
        for name in files:
            install(name)


def make_venv() -> None:
    """Make .venv, or make it anew when its Python does not run any more or it was made for another folder."""
    runs = PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False, capture_output=True).returncode == 0
    if runs and MADE_FOR.exists() and MADE_FOR.read_text() == str(ROOT):
        return  # an environment names its folder in every command, so that one in a moved or copied checkout runs the old code
    print(f"making the environment in {VENV} (once, about a minute)", file=sys.stderr)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False, capture_output=True, text=True)
    if made.returncode != 0:
        sys.exit(f"error: cannot make {VENV}\n{made.stdout}{made.stderr}\nnext: on Debian or Ubuntu, apt-get install python3-venv")
    MADE_FOR.write_text(str(ROOT))


def install(name: str) -> None:
    """Install the packages of one requirement file, and the project itself with the first."""
    wanted = hashlib.sha256(b"".join((ROOT / file).read_bytes() for file in (name, "pyproject.toml"))).hexdigest()
    stamp = VENV / f"{name}.installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"installing {name}", file=sys.stderr)
    pip(["-r", ROOT / name])
    if name == "requirements.txt":
        pip(["--no-deps", "--editable", ROOT])
        print("compiling the kernels of the search (once)", file=sys.stderr)
        subprocess.run([PYTHON, "-m", "greedy.solve.search.prepare"], check=True)
    stamp.write_text(wanted)


def pip(arguments: list[str | Path]) -> None:
    """Run pip install in the environment."""
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit("error: pip could not install what is needed; its own message stands above\nnext: check the network, then run this again")


if __name__ == "__main__":
    main()
