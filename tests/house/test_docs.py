"""What the documents say is so: error codes, settings, verbs, links, and the answers in the README."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import parse, validate

from timeline.api.limits import Limits
from timeline.api.schema import SCHEMA
from timeline.app import create_app
from timeline.cli import cli
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import open_database
from timeline.errors import TimelineError
from timeline.importers.yaml_source import SeedFault
from timeline.settings import KNOWN, LIMIT, LIMITS, OPENID, Settings, from_environment
from timeline.values.dates import EdtfError

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not {".venv", "node_modules", ".pytest_cache"} & set(path.relative_to(ROOT).parts)
]
CODE = re.compile(r"[A-Z]+(_[A-Z]+)*")


def codes() -> set[str]:
    """Every error code in the source: what errors are made with, and what stands under "code"."""
    return {
        code
        for path in (ROOT / "timeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for value in named(node)
        for code in (found.value for found in ast.walk(value) if isinstance(found, ast.Constant))
        if isinstance(code, str) and CODE.fullmatch(code)
    }


def named(node: ast.AST) -> Iterator[ast.expr]:
    """Where a code stands in this node."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in {*errors(TimelineError), "fault", "shown", "refusal", "__init__", "_Unfit"}:
            yield from (value for value in node.args[:2] if isinstance(value, ast.Constant))
        if name in {"aside", "SetAside"}:
            yield from (value for value in node.args[2:3] if isinstance(value, ast.Constant))
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "code":
                yield value


def errors(kind: type[Exception]) -> set[str]:
    """The names of an error and of those below it."""
    return {kind.__name__}.union(*map(errors, kind.__subclasses__()))


def rows() -> list[list[str]]:
    """The table of docs/errors.md without its head."""
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    return [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if line.startswith("| `")]


def test_the_kinds_of_error_are_all_looked_for() -> None:
    assert {SeedFault.__name__, EdtfError.__name__, "Conflict"} <= errors(TimelineError)


def test_every_error_code_of_the_source_is_explained_and_no_other() -> None:
    explained = [row[0].strip("`") for row in rows()]
    assert explained == sorted(codes())
    assert [row for row in rows() if len(row) != 3 or not all(row)] == []


def test_every_setting_and_every_verb_is_mentioned() -> None:
    told = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    compose = (ROOT / "docker-compose.yml").read_text() + (ROOT / "tests" / "conftest.py").read_text()
    settings = {*KNOWN, *OPENID, *LIMITS, *re.findall(r"TIMELINE_\w+[A-Z]", compose)}
    assert [name for name in settings if name not in told] == []
    assert [verb for verb in cli.commands if f"| `{verb}" not in README] == []


def table(document: str, first: str) -> list[list[str]]:
    """The rows of a table of a document whose first cells begin so."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if line.startswith(f"| `{first}")]


def test_every_limit_is_documented_with_its_default_and_its_bounds() -> None:
    told = {
        row[0].strip("`"): (row[1].replace(",", ""), row[2].replace(",", ""))
        for row in table("limits.md", "TIMELINE_LIMIT_")
    }
    assert told == {
        name: (f"{getattr(Limits(), limit.field):.0f}", limit.must.replace(",", "")) for name, limit in LIMITS.items()
    }


def test_every_setting_is_documented_with_its_default() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in table("limits.md", "TIMELINE_") if LIMIT not in row[0]}
    assert set(told) == {*KNOWN, *OPENID}
    said = {name: text for name, text in told.items() if text != "unset"}
    assert from_environment(said) == Settings()
    assert [name for name in KNOWN if name not in said and getattr(Settings(), KNOWN[name].field)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if ":" not in link and not (document.parent / link).exists()]
    assert missing == []


def test_the_readme_shows_what_the_server_answers(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "timeline.db")
    url = f"sqlite:///{tmp_path / 'timeline.db'}"
    database = open_database(url)
    load_seeds(database, seed_files(()), None)
    database.dispose()
    shown = re.findall(r"```graphql\n(.+?)```\n+```json\n(.+?)```", README, flags=re.DOTALL)
    assert len(shown) == 2

    async def asked() -> list[Any]:
        transport = httpx.ASGITransport(create_app(Settings(database_url=url)))
        async with httpx.AsyncClient(transport=transport, base_url="http://timeline.test") as client:
            return [(await client.post("/graphql", json={"query": query})).json() for query, _ in shown]

    assert asyncio.run(asked()) == [json.loads(answer) for _, answer in shown]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_query_in_the_documents_fits_the_schema(document: Path) -> None:
    blocks = re.findall(r"```graphql[^\n]*\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    assert [validate(SCHEMA._schema, parse(block)) for block in blocks] == [[] for _ in blocks]
