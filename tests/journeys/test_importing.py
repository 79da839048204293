"""docs/importing.md as a new user follows it: the files it shows are written, its commands run, its output compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from timeline.cli import cli

TEXT = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`\n\n)?^```\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_document_is_enough_to_bring_in_a_table(engine_url: str, tmp_path: Path) -> None:
    files = commands = 0
    for block in BLOCK.finditer(TEXT):
        if block["file"]:
            (tmp_path / block["file"]).write_text(block["body"], encoding="utf-8")
            files += 1
        elif block["body"].startswith("$ "):
            for command, output in steps(block["body"]):
                assert run(command, engine_url, tmp_path) == output
                commands += 1
    assert (files, commands) == (5, 6)


def steps(body: str) -> Iterator[tuple[str, str]]:
    for step in body.split("$ ")[1:]:
        command, _, output = step.partition("\n")
        yield command, output


def run(command: str, url: str, folder: Path) -> str:
    words = [str(folder / word) if (folder / word).exists() else word for word in shlex.split(command)[1:]]
    return CliRunner().invoke(cli, [*words, "--database", url]).output
