"""What the verifier accepts, by published vectors; and everything else that it must refuse."""

from __future__ import annotations

import ast
import base64
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.log.test_log import LEAVES, ROOTS
from tests.log.test_tree import kept, some_leaves
from timeline import verifier
from timeline.log.keys import SigningKey, new_key, signed
from timeline.log.merkle import node_hash
from timeline.verifier import (
    ProofError,
    check_consistency,
    check_inclusion,
    leaf_hash,
    open_checkpoint,
    open_note,
    read_key,
    verify_consistency,
    verify_event,
)

# The reference tree of Certificate Transparency (github.com/transparency-dev/merkle, proof/verify_test.go).
N = {
    prefix: bytes.fromhex(rest)
    for prefix, rest in (
        (each[:4], each)
        for each in (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        )
    )
}
INCLUSIONS = [
    (0, 1, []),
    (0, 8, ["96a2", "5f08", "6b47"]),
    (5, 8, ["bc1a", "ca85", "d37e"]),
    (2, 3, ["fac5"]),
    (1, 5, ["6e34", "5f08", "bc1a"]),
]
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, ["96a2", "5f08", "6b47"]),
    (6, 8, ["0ebc", "ca85", "d37e"]),
    (2, 5, ["5f08", "bc1a"]),
    (6, 7, ["0ebc", "b086", "d37e"]),
]


def root(size: int) -> bytes:
    return bytes.fromhex(ROOTS[size - 1])


def leaf(index: int) -> bytes:
    return leaf_hash(bytes.fromhex(LEAVES[index]))


@pytest.mark.parametrize(("index", "size", "path"), INCLUSIONS)
def test_published_inclusion_proofs_hold_and_nothing_like_them(index: int, size: int, path: list[str]) -> None:
    proof = [N[each] for each in path]
    check_inclusion(leaf(index), index, size, proof, root(size))
    other = bytes.fromhex("abacaba000000000000000000000000000000000000000000060061e00123456")
    wrong = [
        *((leaf(index), at, size, proof, root(size)) for at in {index - 1, index + 1, index ^ 2} - {index}),
        *((leaf(index), index, most, proof, root(size)) for most in (size * 2, size // 2, 0, -1)),
        (other, index, size, proof, root(size)),
        (b"", index, size, proof, root(size)),
        *((leaf(index), index, size, proof, end) for end in (other, b"", leaf_hash(b"?"))),
        *((leaf(index), index, size, [*proof, more], root(size)) for more in (b"", root(size), other)),
        *((leaf(index), index, size, [more, *proof], root(size)) for more in (b"", root(size), other)),
    ]
    for at in range(len(proof)):
        flipped = bytes([proof[at][0] ^ 8]) + proof[at][1:]
        wrong.append((leaf(index), index, size, [*proof[:at], flipped, *proof[at + 1 :]], root(size)))
        wrong.append((leaf(index), index, size, proof[:at], root(size)))
        wrong.append((leaf(index), index, size, proof[at + 1 :], root(size)))
        if at:
            wrong.append((leaf(index), index, size, [*proof[: at - 1], proof[at], proof[at - 1]], root(size)))
    for case in wrong:
        with pytest.raises(ProofError):
            check_inclusion(*case)


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCIES)
def test_published_consistency_proofs_hold_and_nothing_like_them(old: int, new: int, path: list[str]) -> None:
    proof = [N[each] for each in path]
    check_consistency(old, new, root(old), root(new), proof)
    other = leaf_hash(b"?")
    wrong = [
        (old, new, other, root(new), proof),
        (old, new, root(old), other, proof),
        *((old, new, root(old), root(new), [*proof, more]) for more in (b"", root(old), root(new))),
        *((old, new, root(old), root(new), [more, *proof]) for more in (b"", root(old), root(new))),
        (new + 1, new, root(old), root(new), proof),
        (-1, new, root(old), root(new), proof),
    ]
    if proof:
        wrong += [(size, new, root(old), root(new), proof) for size in {old - 1, old + 1, old ^ 2} - {old}]
        wrong += [(old, size, root(old), root(new), proof) for size in (new * 2, new // 2)]
        wrong += [(old, new, root(new), root(old), proof), (old, new, root(old), root(new), [])]
    for at in range(len(proof)):
        flipped = bytes([proof[at][0] ^ 16]) + proof[at][1:]
        wrong.append((old, new, root(old), root(new), [*proof[:at], flipped, *proof[at + 1 :]]))
        wrong.append((old, new, root(old), root(new), proof[:at]))
    for case in wrong:
        with pytest.raises(ProofError):
            check_consistency(*case)


def test_the_empty_log_is_the_beginning_of_any_and_proves_nothing_else() -> None:
    empty = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    check_consistency(0, 8, empty, root(8), [])
    for was, path in ((root(8), []), (empty, [empty])):
        with pytest.raises(ProofError):
            check_consistency(0, 8, was, root(8), path)


def test_a_leaf_is_never_taken_for_a_node() -> None:
    """The second preimage that RFC 6962's prefixes are against: an entry made of two hashes is not their parent."""
    left, right = leaf(0), leaf(1)
    assert node_hash(left, right) == root(2)
    with pytest.raises(ProofError):
        check_inclusion(leaf_hash(left + right), 0, 1, [], root(2))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_proof_of_the_log_is_accepted_for_its_own_leaf_and_sizes_only(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 700))
    old, index = data.draw(st.integers(1, new)), data.draw(st.integers(0, new - 1))
    leaves = some_leaves(new)
    tree = kept(leaves)
    path = tree.inclusion(index, new)
    check_inclusion(leaves[index], index, new, path, tree.root(new))
    check_consistency(old, new, tree.root(old), tree.root(new), tree.consistency(old, new))
    with pytest.raises(ProofError):
        check_inclusion(leaves[index], (index + 1) % new, new, path, tree.root(new))
    with pytest.raises(ProofError):
        check_consistency(old, new, tree.root(old - 1), tree.root(new), tree.consistency(old, new))


# Notes --------------------------------------------------------------------------------------------------------------

# From the documentation and tests of golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"  # pragma: allowlist secret
NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_of_another_implementation_is_read() -> None:
    text, signers = open_note(NOTE, [read_key(PETER)])
    assert (text.splitlines()[1], signers) == ("then you don't know what your problem is.", ("PeterNeumann",))


@pytest.mark.parametrize(
    "vkey",
    [
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("Peter", "Peter "),
        PETER.replace("+AR", "+BR"),
        PETER[:-4],
        PETER + "=",
        PETER.rpartition("+")[0],
        "PeterNeumann",
        "",
    ],
)
def test_a_malformed_public_key_is_refused(vkey: str) -> None:
    with pytest.raises(ProofError):
        read_key(vkey)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return new_key("timeline.test/log")


def checkpoint(key: SigningKey, size: int = 8, origin: str = "timeline.test/log") -> str:
    return signed(f"{origin}\n{size}\n{base64.b64encode(root(size)).decode()}\n", [key])


def test_a_checkpoint_says_its_origin_size_and_root(key: SigningKey) -> None:
    found = open_checkpoint(checkpoint(key), [key.public])
    assert (found.origin, found.size, found.root) == ("timeline.test/log", 8, root(8))


def test_a_key_that_came_or_went_does_not_matter_as_long_as_one_holds(key: SigningKey) -> None:
    other = new_key(key.name)
    text = checkpoint(key).partition("\n\n")[0] + "\n"
    both = signed(text, [other, key])
    for known in ([key.public], [other.public], [key.public, other.public]):
        assert open_checkpoint(both, known).size == 8


COSMETIC: dict[str, Callable[[str], str]] = {
    "a space at the end": lambda note: note.replace("\n8\n", "\n8 \n"),
    "a leading zero": lambda note: note.replace("\n8\n", "\n08\n"),
    "a plus sign": lambda note: note.replace("\n8\n", "\n+8\n"),
    "other line ends": lambda note: note.replace("\n", "\r\n"),
    "one more empty line": lambda note: note.replace("\n\n", "\n\n\n"),
    "no end of the last line": lambda note: note[:-1],
    "text behind the signatures": lambda note: note + "more\n",
    "an empty line at the end": lambda note: note + "\n",
    "a hyphen for the dash": lambda note: note.replace("— ", "- "),
    "two spaces": lambda note: note.replace("— ", "—  "),
    "an extension line": lambda note: note.replace("\n\n", "\nmore\n\n"),
    "a tab": lambda note: note.replace("\n8\n", "\n8\t\n"),
    "a no-break space": lambda note: note.replace("\n8\n", "\n8\u00a0\n"),
    "a byte order mark": lambda note: "\ufeff" + note,
    "another origin": lambda note: note.replace("timeline.test/log\n", "timeline.test/other\n", 1),
    "another size": lambda note: note.replace("\n8\n", "\n7\n"),
    "another root": lambda note: note.replace(base64.b64encode(root(8)).decode(), base64.b64encode(root(7)).decode()),
    "no signature": lambda note: note.partition("\n\n")[0] + "\n\n",
    "no text": lambda note: "\n\n" + note.rpartition("\n\n")[2],
    "a signature cut short": lambda note: note[:-6] + "==\n",
    "nothing": lambda note: "",
}


@pytest.mark.parametrize("name", COSMETIC)
def test_any_change_of_a_checkpoint_is_refused(key: SigningKey, name: str) -> None:
    changed = COSMETIC[name](checkpoint(key))
    assert changed != checkpoint(key)
    with pytest.raises(ProofError):
        open_checkpoint(changed, [key.public])


def test_bits_that_base64_leaves_over_are_not_free(key: SigningKey) -> None:
    note = checkpoint(key)
    sloppy = note[:-3] + chr(ord(note[-3]) + 1) + note[-2:]
    with pytest.raises(ProofError):
        open_checkpoint(sloppy, [key.public])


def test_another_key_and_another_log_are_refused(key: SigningKey) -> None:
    with pytest.raises(ProofError, match="no key at hand signed"):
        open_checkpoint(checkpoint(new_key(key.name)), [key.public])
    with pytest.raises(ProofError, match="no key at hand signed"):
        open_checkpoint(checkpoint(key), [])
    with pytest.raises(ProofError, match=r"of the log timeline\.test/other"):
        open_checkpoint(checkpoint(key, origin="timeline.test/other"), [key.public])


def test_a_broken_signature_of_a_known_key_is_not_outvoted(key: SigningKey) -> None:
    other = new_key(key.name)
    text, _, signature = checkpoint(key).partition("\n\n")
    foreign = signed("something else\n", [other]).partition("\n\n")[2]
    with pytest.raises(ProofError, match="not over this"):
        open_checkpoint(f"{text}\n\n{signature}{foreign}", [key.public, other.public])


# Files --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n\n", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n1\n"])
def test_what_is_no_proof_is_told_so(key: SigningKey, text: str) -> None:
    with pytest.raises(ProofError):
        verify_event(text, [key.public])
    with pytest.raises(ProofError):
        verify_consistency(text, checkpoint(key), [key.public])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_text_whatever_brings_the_verifier_down(text: str) -> None:
    key = read_key(PETER)
    for attempt in (text, f"c2sp.org/tlog-proof@v1\nextra {text}\nindex 0\n\n{NOTE}", f"old 1\n{text}\n\n{NOTE}"):
        with pytest.raises(ProofError):
            verify_event(attempt, [key])
        with pytest.raises(ProofError):
            verify_consistency(attempt, NOTE, [key])


def test_a_proof_that_the_log_only_grew(key: SigningKey) -> None:
    hashes = "\n".join(base64.b64encode(N[each]).decode() for each in CONSISTENCIES[2][2])
    file = f"old 6\n{hashes}\n\n{checkpoint(key, 8)}"
    before, after = verify_consistency(file, checkpoint(key, 6), [key.public])
    assert (before.size, after.size) == (6, 8)
    for older in (5, 7):
        with pytest.raises(ProofError):
            verify_consistency(file, checkpoint(key, older), [key.public])
        with pytest.raises(ProofError):
            verify_consistency(file.replace("old 6", f"old {older}"), checkpoint(key, older), [key.public])


def test_the_verifier_needs_one_file_and_a_signature_library(tmp_path: Path, key: SigningKey) -> None:
    source = Path(verifier.__file__)
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}
    alone = shutil.copy(source, tmp_path / "alone.py")
    (tmp_path / "old").write_text(checkpoint(key, 8), encoding="utf-8")
    (tmp_path / "proof").write_text(f"old 8\n\n{checkpoint(key, 8)}", encoding="utf-8")
    command = [sys.executable, "-I", str(alone), "proof", "--older", "old", "--key"]
    for vkey, code, told in ((key.vkey, 0, "begins with"), (PETER, 1, "NOT PROVEN: no key at hand")):
        done = subprocess.run([*command, vkey], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, told in done.stdout + done.stderr) == (code, True)
