"""The command line as a user runs it: migrate, verify, log, and what it says when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import facts
from timeline.database import Database
from timeline.handle import Request, handle
from timeline.write.commands import Put


def timeline(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "timeline", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def test_migrate_makes_a_log_that_verifies(tmp_path: Path) -> None:
    assert timeline("migrate", cwd=tmp_path).returncode == 0
    assert (tmp_path / "timeline.db").exists()
    verified = timeline("verify", cwd=tmp_path)
    assert verified.returncode == 0
    assert verified.stdout.startswith("The log is whole")


def test_a_database_that_was_not_migrated_is_refused_with_the_remedy(tmp_path: Path) -> None:
    refused = timeline("verify", cwd=tmp_path)
    assert refused.returncode == 1
    assert "run 'timeline migrate' first" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_database_url_is_named(tmp_path: Path) -> None:
    refused = timeline("verify", "--database", "mysql://x/y", cwd=tmp_path)
    assert refused.returncode == 1
    assert "postgresql://user:password@host/name" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rewrite-history"], "No such command"),
        (["log", "--after", "-5"], "-5 is not in the range x>=0"),
        (["log", "--type", "Nope"], "'Nope' is not one of"),
        (["export", "no/such/folder/log.jsonl"], "Could not open file 'no/such/folder/log.jsonl': No such file"),
    ],
)
def test_wrong_use_exits_2_and_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    timeline("migrate", cwd=tmp_path)
    wrong = timeline(*arguments, cwd=tmp_path)
    assert (wrong.returncode, told in wrong.stderr, "Traceback" in wrong.stderr) == (2, True, False)


@pytest.mark.parametrize("filtered", [(), ("--type", "PlaceRegistered"), ("--record", "place/seoul")])
def test_the_log_is_printed_as_json_lines(database: Database, tmp_path: Path, filtered: tuple[str, ...]) -> None:
    request = Request(append_id="a", actor="test", commands=[Put(id="place/seoul", content=facts.SEOUL)])
    handle(database, request, now_us=1)
    url = database.url.render_as_string(hide_password=False)
    printed = timeline("log", "--database", url, *filtered, cwd=tmp_path)
    assert printed.returncode == 0, printed.stderr
    (line,) = [json.loads(line) for line in printed.stdout.splitlines()]
    assert (line["position"], line["type"], line["stream"]) == (1, "PlaceRegistered", "place/seoul")
    assert line["body"]["content"]["country"] == "KR"


@pytest.mark.parametrize("url", ["sqlite:///no/such/folder/t.db", "postgresql://nobody@127.0.0.1:9/nothing"])
def test_a_database_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, url: str) -> None:
    refused = timeline("migrate", "--database", url, cwd=tmp_path)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert refused.stderr.startswith("the database cannot be used: ")


def test_looking_at_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    assert timeline("verify", cwd=tmp_path).returncode == 1
    assert list(tmp_path.iterdir()) == []
