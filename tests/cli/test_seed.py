"""Loading seeds: how far it is, shown to people only, and where the faults are that only the record can show."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click
import pytest

from timeline.cli.seed import MANY, load_seeds, seed_files
from timeline.database import Database
from timeline.errors import Several
from timeline.handle import Request, handle
from timeline.write.commands import Retract


class Screen(io.StringIO):
    """What is written to a terminal, or to a file."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.mark.parametrize(
    ("records", "is_terminal", "is_shown"), [(MANY, True, True), (MANY, False, False), (MANY - 1, True, False)]
)
def test_a_bar_is_shown_for_many_records_on_a_terminal_and_nothing_otherwise(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    records: int,
    is_terminal: bool,
    is_shown: bool,
) -> None:
    file = tmp_path / "people.yaml"
    people = (f"  p{number}: {{names: [{{text: Person {number}}}]}}" for number in range(records))
    file.write_text("people:\n" + "\n".join(people))
    screen = Screen(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    outcome = load_seeds(database, [file], None)
    assert outcome is not None
    assert outcome.new == records
    shown = screen.getvalue()
    assert ("Comparing" in shown, "100%" in shown, "writing" in shown) == (is_shown,) * 3
    assert (shown != "") is is_shown


def load(database: Database, folder: Path, text: str) -> list[str]:
    """The faults of a file that is loaded over the shipped record."""
    load_seeds(database, seed_files(()), None)
    file = folder / "mine.yaml"
    file.write_text(text)
    with pytest.raises(Several) as caught:
        load_seeds(database, [file], None)
    return [str(fault).removeprefix(f"{file}:") for fault in caught.value.faults]


def test_a_nominee_of_the_record_is_told_with_file_and_line(database: Database, tmp_path: Path) -> None:
    post = "person: person/cho-hyun, post: post/kr-foreign-minister"
    text = (
        f"meetings:\n  talks: {{title: Talks, parties: [{{party: KR, {post}}}]}}\n"
        f"tenures:\n  cho: {{{post}, holding: SUBSTANTIVE, when: {{edtf: 2025-07-11/}}}}\n"
    )
    found = sorted(load(database, tmp_path, text))
    assert [each.partition(" (")[0] for each in found] == [
        "2:72: meetings.talks.parties.0.post: person/cho-hyun is a nominee for post/kr-foreign-minister",
        "4:66: tenures.cho.holding: person/cho-hyun is a nominee for post/kr-foreign-minister",
    ]


def test_a_record_that_may_not_be_changed_is_told_with_file_and_line(database: Database, tmp_path: Path) -> None:
    load_seeds(database, seed_files(()), None)
    retract = Retract(id="person/kevin-kim", reason="r")
    handle(database, Request(append_id="a", actor="desk", commands=[retract]), now_us=1)
    (told,) = load(database, tmp_path, "people:\n  kevin-kim: {names: [{text: K. Kim}]}\n")
    assert told.startswith("2:3: people.kevin-kim: person/kevin-kim was retracted")


def test_a_folder_without_a_seed_file_is_no_seed(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(click.UsageError, match="holds no seed file"):
        seed_files([tmp_path])
    (tmp_path / "mine.yml").touch()
    assert seed_files([tmp_path]) == [tmp_path / "mine.yml"]
