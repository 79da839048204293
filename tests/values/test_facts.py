"""What a content names is found, however deep it stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests import facts as examples
from timeline.values.facts import CONTENT, ids_named, references

CONTENTS = [value for value in vars(examples).values() if type(value) in CONTENT.values()]


@pytest.mark.parametrize("content", CONTENTS)
def test_the_ids_without_their_paths_are_those_with_them(content: Any) -> None:
    assert ids_named(content) == {id for _, id in references(content)}


def test_some_example_names_others() -> None:
    assert any(ids_named(content) for content in CONTENTS)
