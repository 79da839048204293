"""The way to work, with nothing but Python 3.11+: `python3 dev.py up`, `test`, `load`, `timeline ...`, `ui`, `lock`.

The first call makes .venv, installs the locked dependencies by hash and builds GraphiQL with the Node among them;
later calls only look whether a lock, the build or GraphiQL's sources changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
LOCK = ROOT / "requirements-dev.txt"
RUNTIME_LOCK = ROOT / "requirements.txt"
INSTALLED = VENV / "locked"
BUNDLED = VENV / "bundled"
BUNDLE = ROOT / "timeline" / "web" / "static" / "graphiql" / "main.js"
USE = "use: python3 dev.py up [options] | test [pytest options] | load | timeline VERB [options] | ui | lock"


def main(verb: str = "", *arguments: str) -> None:
    match verb:
        case "up" | "load" | "test" | "timeline" | "ui" | "lock":
            install()
        case _:
            sys.exit(USE)
    match verb:
        case "up":
            bundle()
            run(str(BIN / "timeline"), "up", *arguments)
        case "test":
            bundle()
            test(*arguments)
        case "load":
            for step in ("migrate", "seed", "verify"):
                run(str(BIN / "timeline"), step)
        case "timeline":
            run(str(BIN / "timeline"), *arguments)
        case "ui":
            BUNDLED.unlink(missing_ok=True)
            bundle()
        case "lock":
            lock()


def test(*arguments: str) -> None:
    """Style, types, import rules, then every test on both engines. The last lines are pytest's."""
    run(str(BIN / "ruff"), "check", ".")
    run(str(BIN / "ruff"), "format", "--check", ".")
    run(str(BIN / "mypy"))
    run(str(BIN / "lint-imports"))
    run(str(BIN / "python"), "-m", "pytest", *(arguments or ("-n", "2")))


def lock() -> None:
    """Write both lock files anew from pyproject.toml: pins stay unless it forbids them; `rm` one to renew all."""
    uv = (str(BIN / "uv"), "pip", "compile", "--quiet", "pyproject.toml")
    form = ("--generate-hashes", "--no-header", "--no-annotate", "--universal")
    run(*uv, *form, "--group", "test", "--group", "build", "-o", LOCK.name)
    run(*uv, *form, "--constraint", LOCK.name, "-o", RUNTIME_LOCK.name)


def install() -> None:
    """Make the environment that the lock file describes, with Timeline in it as the checkout."""
    wanted = digest([LOCK, ROOT / "pyproject.toml", ROOT / "hatch_build.py"])
    if says(INSTALLED, wanted):
        return
    if not (BIN / "pip").exists():
        make_environment()
    pip = (str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", str(LOCK))
    if not BUNDLE.exists():
        bundle()  # Here, so that its stamp is written; the build hook would make it, too, and leave none.
    # The build's own requirements are in the lock, too: nothing unpinned is fetched to install the checkout.
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ".")
    INSTALLED.write_text(wanted)


def make_environment() -> None:
    try:
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    except (subprocess.CalledProcessError, ModuleNotFoundError):
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit("Python's venv module cannot install pip here; on Debian or Ubuntu: apt-get install python3-venv")


def bundle() -> None:
    """Build GraphiQL if its sources are not those of the last build."""
    sources = [path for path in sorted((ROOT / "ui" / "graphiql").iterdir()) if path.is_file()]
    wanted = digest(sources)
    if BUNDLE.exists() and says(BUNDLED, wanted):
        return
    run(str(BIN / "python"), "hatch_build.py")
    BUNDLED.write_text(wanted)


def digest(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in paths)).hexdigest()


def says(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


def run(*command: str) -> None:
    """Run a command in the checkout; end with its exit code if it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
