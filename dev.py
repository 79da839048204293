"""The way to work, with nothing but Python 3.11+: `python3 dev.py load`, `test`, `timeline ...`, `lock`.

The first call makes .venv and installs the locked dependencies by hash; later calls only look whether the lock changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
LOCK = ROOT / "requirements-dev.txt"
STAMP = VENV / "locked"


def run(*command: str) -> None:
    """Run a command in the checkout; end with its exit code if it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def set_up() -> None:
    """Make the environment that the lock file describes."""
    wanted = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    if not (BIN / "python").exists():
        try:
            venv.create(VENV, with_pip=True)
        except subprocess.CalledProcessError:
            sys.exit("Python's venv module cannot install pip here; on Debian: apt-get install python3-venv")
    pip = (str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", str(LOCK))
    run(*pip, "--no-deps", "--editable", ".")
    STAMP.write_text(wanted)


def test(*arguments: str) -> None:
    """Style, types, import rules, then every test on both engines."""
    run(str(BIN / "ruff"), "check", ".")
    run(str(BIN / "ruff"), "format", "--check", ".")
    run(str(BIN / "mypy"))
    run(str(BIN / "lint-imports"))
    run(str(BIN / "python"), "-m", "pytest", *arguments)


def lock() -> None:
    """Write the lock file anew from pyproject.toml; needs uv on the PATH."""
    wanted = ("--group", "test", "--generate-hashes", "--no-header", "--no-annotate", "--universal")
    run("uv", "pip", "compile", "pyproject.toml", *wanted, "-o", str(LOCK))


def main(verb: str = "", *arguments: str) -> None:
    if verb == "lock":
        lock()
    elif verb == "test":
        set_up()
        test(*arguments)
    elif verb == "load":
        set_up()
        for step in ("migrate", "seed", "verify"):
            run(str(BIN / "timeline"), step)
    elif verb == "timeline":
        set_up()
        run(str(BIN / "timeline"), *arguments)
    else:
        sys.exit("use: python3 dev.py load | test [pytest options] | timeline VERB [options] | lock")


if __name__ == "__main__":
    main(*sys.argv[1:])
