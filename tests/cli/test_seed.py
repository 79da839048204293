"""How far a long load is, shown to people only."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from timeline.cli.seed import MANY, load_seeds
from timeline.database import Database


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
