"""The wheel holds all it needs: installed elsewhere, it migrates, loads, answers and serves GraphiQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.served import served

ROOT = Path(__file__).parents[2]
BUNDLE = ("main.js", "main.css", "graphql.worker.js", "json.worker.js", "editor.worker.js", "licenses.txt")


def run(*arguments: str, cwd: Path = ROOT, **environment: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shipped() -> set[str]:
    """The files beside the package that must come along, under their names in the wheel."""
    folders = ("migrations", "seeds", "schema", "docs/queries")
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {f"timeline/_shipped/{path.relative_to(ROOT)}" for path in found if "__pycache__" not in path.parts}


def test_the_wheel_holds_what_it_needs_and_serves_it_from_wherever_it_is_installed(tmp_path: Path) -> None:
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert shipped() - held == set()
    assert {f"timeline/web/static/graphiql/{name}" for name in BUNDLE} - held == set()
    assert [name for name in held if name.startswith(("tests/", "ui/")) or "__pycache__" in name] == []

    target = tmp_path / "installed"
    run("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(target), str(wheel))
    environment = {**os.environ, "PYTHONPATH": str(target)}
    where = run("-c", "import timeline; print(timeline.__file__)", cwd=tmp_path, PYTHONPATH=str(target))
    assert Path(where.strip()).is_relative_to(target)
    example = ROOT / "docs" / "queries" / "05-foreign-minister"
    asked = {
        "query": example.with_suffix(".graphql").read_text(encoding="utf-8"),
        "variables": json.loads(example.with_suffix(".variables.json").read_text(encoding="utf-8")),
    }
    with served("up", f"sqlite:///{tmp_path / 'timeline.db'}", tmp_path, environment) as (client, _):
        post = client.post("/graphql", json=asked).json()["data"]["post"]
        assert post["holder"]["known"] == "UNKNOWN"
        assert [each["nominee"]["name"] for each in post["holder"]["pending"]] == ["Cho Hyun"]
        page = client.get("/graphiql")
        assert (page.status_code, "/static/graphiql/" in page.text) == (200, True)
        assert len(client.get("/graphiql/examples.json").json()) == len(list(example.parent.glob("*.graphql")))
