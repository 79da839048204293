"""Keys that sign for the log: read, written, told to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from timeline.errors import Invalid
from timeline.log.keys import new_key, read_keys, read_vkeys, signed

# Published in the tests of golang.org/x/mod/sumdb/note: whoever reads them has the key.
EXAMPLE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # pragma: allowlist secret
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"  # pragma: allowlist secret
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def test_a_key_of_another_implementation_signs_as_it_does_there() -> None:
    (key,) = read_keys(EXAMPLE, None)
    assert key.vkey == PUBLIC
    assert key.text == EXAMPLE
    assert signed(TEXT, [key]) == f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"


def test_a_new_key_reads_back_from_a_file_and_hides_itself(tmp_path: Path) -> None:
    key = new_key("timeline.test/log")
    (tmp_path / "key").write_text(f"{key.text}\n\n", encoding="utf-8")
    (found,) = read_keys(None, str(tmp_path / "key"))
    assert (found.text, read_vkeys(f" {key.vkey}\n")) == (key.text, [key.public])
    assert key.text.split("+", 4)[4] not in repr(key)  # The last part may hold a plus itself.


def test_nothing_is_set_is_no_key() -> None:
    assert read_keys(None, None) == []
    assert read_vkeys(None) == []


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.replace("c74f20a3", "c74f20a4"),
        EXAMPLE.replace("+AY", "+BY"),
        EXAMPLE[:-4],
        EXAMPLE.removeprefix("PRIVATE+KEY+"),
        PUBLIC,
        f"{EXAMPLE}\n{new_key('another.test/log').text}",
    ],
)
def test_a_key_that_cannot_be_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_keys(text, None)
    assert refused.value.code == "KEY_INVALID"
    assert "AYEKF" not in refused.value.message


@pytest.mark.parametrize("name", ["", "two words", "a+b", "x" * 201, "new\nline"])
def test_a_name_that_no_note_can_hold_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="no name of a log"):
        new_key(name)


def test_a_key_in_two_places_or_in_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="not both"):
        read_keys(EXAMPLE, str(tmp_path))
    with pytest.raises(Invalid, match="cannot be read"):
        read_keys(None, str(tmp_path / "none"))
    with pytest.raises(Invalid, match="public key"):
        read_vkeys("nonsense")
