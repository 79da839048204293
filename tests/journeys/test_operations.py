"""docs/operations.md as an operator follows it: its commands run in order, their output compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.served import served
from timeline.cli import cli
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database
from timeline.log.keys import PREFIX

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (?P<name>.+?)\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```\n(?P<body>\$ .*?)^```$", re.MULTILINE | re.DOTALL)
KNOWN = {"<id>": r"[0-9a-f]{8}", "<public key>": r"\S{44}", "<root>": r"\S{44}", "<signature>": r"\S{92}"}
KNOWN |= {"<time>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<digest>": r"[0-9a-f]{64}"}
"""What differs from run to run, and how it looks."""


def steps(section: str) -> Iterator[tuple[str, str]]:
    """Every command of a section and the output that it shows."""
    text = next(found["text"] for found in SECTION.finditer(TEXT) if found["name"] == section)
    for block in BLOCK.finditer(text):
        for step in block["body"].split("$ ")[1:]:
            command, _, output = step.partition("\n")
            yield command, output


def run(command: str, url: str, vkey: str) -> str:
    words = shlex.split(command.replace("<vkey>", shlex.quote(vkey)))[1:]
    into = words[words.index(">") + 1] if ">" in words else None
    words = words[: words.index(">")] if into else words
    takes = any(option.name == "database_url" for option in cli.commands[words[0]].params)
    done = CliRunner().invoke(cli, [*words, "--database", url] if takes else words)
    assert done.exit_code == 0, (command, done.output, done.exception)
    if into is None:
        return done.output
    Path(into).write_text(done.stdout, encoding="utf-8")
    return ""


def pattern(output: str) -> str:
    """An output of the document as a pattern: what differs is held open, `...` stands for anything."""
    parts = re.split(r"(<[a-z ]+>|\.\.\.\n)", output)
    return "".join(KNOWN.get(part) or (r"(?s:.*)" if part == "...\n" else re.escape(part)) for part in parts)


def test_keys_and_checkpoints_and_erasure(
    database: Database, engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_seeds(database, seed_files(()), None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIMELINE_LOG_KEY_FILE", "log.key")
    vkey = ""
    for command, output in (*steps("Keys and checkpoints"), *steps("Erasure")):
        found = run(command, engine_url, vkey)
        assert re.fullmatch(pattern(output), found), (command, found)
        vkey = vkey or found.strip()
    assert Path("log.key").read_text(encoding="utf-8").startswith(PREFIX)
    assert Path("log.key").stat().st_mode & 0o777 == 0o600


SERVICE = "curl http://127.0.0.1:8000"


def test_the_record_is_made_backed_up_restored_upgraded_and_watched(
    engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIMELINE_DATABASE_URL", engine_url)
    for section in ("Where the record lies", "Backup and restore", "Upgrade"):
        for command, output in steps(section):
            done = CliRunner().invoke(cli, shlex.split(command)[1:])
            assert (done.exit_code, command) == (0, command), done.output
            assert re.fullmatch(pattern(output), done.output), (command, done.output)
    watched = list(steps("Monitoring"))
    assert len(watched) == 2
    with served("serve", engine_url, tmp_path) as (client, _):
        for command, output in watched:
            assert client.get(command.removeprefix(SERVICE)).text + "\n" == output
