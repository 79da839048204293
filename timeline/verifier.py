"""Checks a proof offline: with this file, the log's public key, and `cryptography` for Ed25519. Nothing else.

    python verifier.py FILE --key VKEY [--older CHECKPOINT]

It is copied to whoever must not trust the log's own software, so it imports nothing of Timeline and shares no code
with what makes proofs. FILE is a C2SP tlog-proof of one event, or a proof that a log only grew, in the form in which
C2SP's tlog-witness is asked (`old SIZE`). Hashes and proofs are those of RFC 6962 and RFC 9162, checkpoints C2SP signed
notes with Ed25519.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = b"\x01"
MOST_BYTES = 1 << 20
MOST_SIGNATURES = 64
SALT_BYTES = 16
INCLUSION = "c2sp.org/tlog-proof@v1"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


class ProofError(Exception):
    """The proof does not hold; the message says why."""


@dataclass(frozen=True)
class Key:
    """A public key of a log: its name, which is the log's origin, and its id."""

    name: str
    id: bytes
    public: Ed25519PublicKey


@dataclass(frozen=True)
class Checkpoint:
    """What a log signed: its origin, its size, the root of its tree, and which of the keys at hand signed."""

    origin: str
    size: int
    root: bytes
    signers: tuple[str, ...]


@dataclass(frozen=True)
class Proven:
    """An event that is in the log. `body` is None where the proof holds no content, such as after an erasure."""

    checkpoint: Checkpoint
    envelope: dict[str, Any]
    body: str | None


# Keys and notes -----------------------------------------------------------------------------------------------------


def key_id(name: str, public: bytes) -> bytes:
    """The id of an Ed25519 key in signed notes."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def read_key(text: str) -> Key:
    """A public key from its text, 'name+id+base64'."""
    name, _, rest = text.strip().partition("+")
    id, _, encoded = rest.partition("+")
    public = _base64(encoded, "the public key")
    if not name or re.search(r"\s", name) or public[:1] != ED25519 or len(public) != 33:
        raise ProofError("the public key is no Ed25519 key in the form name+id+base64")
    if id != key_id(name, public[1:]).hex():
        raise ProofError(f"the public key's id is {id}; that of its name and bytes is another")
    return Key(name, key_id(name, public[1:]), Ed25519PublicKey.from_public_bytes(public[1:]))


def open_note(note: str, keys: Sequence[Key]) -> tuple[str, tuple[str, ...]]:
    """The text of a signed note and the names of the keys at hand that signed it, of which there is one at least."""
    if len(note.encode()) > MOST_BYTES or any(ord(letter) < 32 and letter != "\n" for letter in note):
        raise ProofError("no signed note: it is too long or has control characters")
    text, blank, signatures = note.rpartition("\n\n")
    lines = signatures.removesuffix("\n").split("\n")
    if not blank or not signatures.endswith("\n") or not 1 <= len(lines) <= MOST_SIGNATURES:
        raise ProofError("no signed note: that is a text, an empty line and signatures, each line with its end")
    return text + "\n", _signers(text + "\n", lines, keys)


def open_checkpoint(note: str, keys: Sequence[Key]) -> Checkpoint:
    """What a signed checkpoint says, once one of the keys is seen to have signed it."""
    text, signers = open_note(note, keys)
    said = text.removesuffix("\n").split("\n")
    if len(said) < 3 or not all(said):
        raise ProofError("the checkpoint does not say origin, size and root in its first three lines")
    root = _base64(said[2], "the root")
    if len(root) != 32:
        raise ProofError("the root in the checkpoint is no SHA-256 hash")
    if said[0] not in signers:
        raise ProofError(f"the checkpoint is of the log {said[0]}, the key is that of {', '.join(signers)}")
    return Checkpoint(said[0], _number(said[1], "the checkpoint's size"), root, signers)


def _signers(text: str, lines: list[str], keys: Sequence[Key]) -> tuple[str, ...]:
    """The names of the keys at hand that signed; a signature of a key at hand that does not hold refuses all."""
    known = {(key.name, key.id): key for key in keys}
    found = []
    for line in lines:
        parts = _SIGNATURE.fullmatch(line)
        if parts is None:
            raise ProofError(f"no signature: {line[:80]!r}")
        signature = _base64(parts[2], "a signature")
        key = known.get((parts[1], signature[:4]))
        if key is None:
            continue  # As the specification of signed notes asks: keys rotate, witnesses sign, too.
        try:
            key.public.verify(signature[4:], text.encode())
        except InvalidSignature:
            raise ProofError(f"the signature of {key.name} is not over this checkpoint") from None
        found.append(key.name)
    if not found:
        raise ProofError("no key at hand signed the checkpoint")
    return tuple(found)


# The tree -----------------------------------------------------------------------------------------------------------


def leaf_hash(entry: bytes) -> bytes:
    """Hash of an entry of the log."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162, section 2.1.3.2: the leaf with this hash is at `index` of the tree with this size and root."""
    if not 0 <= index < size:
        raise ProofError(f"a log of {size} events has none at index {index}")
    first, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("the path has more hashes than the tree has levels")
        if first & 1 or first == last:
            found = _node(sibling, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = _node(found, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofError("the path ends below the root")
    if found != root:
        raise ProofError("the path does not lead from the event to the root that was signed")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """RFC 9162, section 2.1.4.2: the tree with the new size and root begins with the old one."""
    if not 0 <= old <= new:
        raise ProofError(f"a log of {old} events is no earlier state of one of {new}")
    if old in (0, new):
        begins = hashlib.sha256(b"").digest() if old == 0 else new_root
        if path or old_root != begins:
            raise ProofError("the two checkpoints are of different logs, or hashes are given that prove nothing")
        return
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not hashes:
        raise ProofError("the proof holds no hash")
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    was = now = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofError("the proof has more hashes than the tree has levels")
        if first & 1 or first == last:
            was, now = _node(sibling, was), _node(sibling, now)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            now = _node(now, sibling)
        first, last = first >> 1, last >> 1
    if last or was != old_root or now != new_root:
        raise ProofError("the log of the newer checkpoint does not begin with that of the older one")


# Files --------------------------------------------------------------------------------------------------------------


def verify_event(proof: str, keys: Sequence[Key]) -> Proven:
    """The event that a tlog-proof proves to be in the log. Raises `ProofError` when it does not."""
    lines, note = _parts(proof)
    if not lines or lines.pop(0) != INCLUSION:
        raise ProofError(f"the file does not begin with {INCLUSION}")
    if not lines or not lines[0].startswith("extra "):
        raise ProofError("the proof holds no event (no line 'extra')")
    event = _object(_base64(lines.pop(0)[6:], "the event"), {"envelope", "salt", "body"})
    if not lines or not lines[0].startswith("index "):
        raise ProofError("the proof does not say at which index the event is")
    index = _number(lines.pop(0)[6:], "the index")
    checkpoint = open_checkpoint(note, keys)
    if not isinstance(event["envelope"], str):
        raise ProofError("the envelope is no text")
    entry = event["envelope"].encode()
    check_inclusion(leaf_hash(entry), index, checkpoint.size, _hashes(lines), checkpoint.root)
    envelope = _object(entry, {"position", "commitment"})
    if envelope["position"] != index + 1:
        raise ProofError(f"the event says that it is at position {envelope['position']}; it is at {index + 1}")
    return Proven(checkpoint, envelope, _content(event, envelope["commitment"]))


def _content(event: dict[str, Any], commitment: object) -> str | None:
    """The body, if it is there, once salt and body are seen to be those that the envelope commits to."""
    salt, body = event["salt"], event["body"]
    if salt is None and body is None:
        return None
    if not isinstance(salt, str) or not isinstance(body, str):
        raise ProofError("salt and body are both there as texts, or neither is")
    try:
        salted = bytes.fromhex(salt)
    except ValueError:
        raise ProofError("the salt is not hexadecimal") from None
    # Of another length, a byte could have moved from the one to the other under the same hash.
    if len(salted) != SALT_BYTES or hashlib.sha256(salted + body.encode()).hexdigest() != commitment:
        raise ProofError("the body is not the one that the event's envelope commits to")
    return body


def verify_consistency(proof: str, older: str, keys: Sequence[Key]) -> tuple[Checkpoint, Checkpoint]:
    """The older and the newer checkpoint, of which the newer log begins with the older one."""
    lines, note = _parts(proof)
    if not lines or not lines[0].startswith("old "):
        raise ProofError("the file does not begin with 'old' and the size of the older log")
    size = _number(lines.pop(0)[4:], "the older size")
    before, after = open_checkpoint(older, keys), open_checkpoint(note, keys)
    if before.size != size or before.origin != after.origin:
        raise ProofError(f"the proof begins at {size} events of {after.origin}; the older checkpoint is another one")
    check_consistency(before.size, after.size, before.root, after.root, _hashes(lines))
    return before, after


def _parts(proof: str) -> tuple[list[str], str]:
    """The lines before the first empty line, and the checkpoint behind it."""
    if len(proof.encode()) > MOST_BYTES:
        raise ProofError("the file is too long for a proof")
    head, blank, note = proof.partition("\n\n")
    if not blank:
        raise ProofError("the file holds no checkpoint behind an empty line")
    return head.split("\n"), note


def _hashes(lines: list[str]) -> list[bytes]:
    hashes = [_base64(line, "a hash") for line in lines]
    if any(len(each) != 32 for each in hashes):
        raise ProofError("a hash of the proof has not 32 bytes")
    return hashes


def _object(text: bytes, needed: set[str]) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not needed <= found.keys():
        raise ProofError(f"the event is no JSON object with {', '.join(sorted(needed))}")
    return found


def _number(text: str, what: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ProofError(f"{what} is {text[:40]!r} and no number")
    return int(text)


def _base64(text: str, what: str) -> bytes:
    """Base64 as its standard writes it, in no other of the ways in which it can be read."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not found or base64.b64encode(found).decode() != text:
        raise ProofError(f"{what} is not well-formed base64")
    return found


# The command --------------------------------------------------------------------------------------------------------


def told(proven: Proven) -> str:
    """What a proof shows, for people."""
    envelope, signed = proven.envelope, proven.checkpoint
    lines = [
        f"The event at position {envelope['position']} is in the log {signed.origin}, signed at {signed.size} events.",
        *(f"{name:12} {envelope[name]}" for name in sorted(envelope) if envelope[name] is not None),
        "The proof holds no content: the log shows that the event is there, not what it said."
        if proven.body is None
        else f"{'body':12} {proven.body}",
    ]
    return "\n".join(lines)


def check(proof: str, vkeys: Sequence[str], older: str | None = None) -> str:
    """Check a proof of either kind and tell what it shows. Raises `ProofError`."""
    keys = [read_key(each) for each in vkeys]
    if older is None:
        return told(verify_event(proof, keys))
    before, after = verify_consistency(proof, older, keys)
    return f"The log {after.origin} of {after.size} events begins with the one of {before.size} events."


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when the proof holds, 1 when it does not."""
    parser = argparse.ArgumentParser(description="Check a proof of a Timeline log, offline.")
    parser.add_argument("file", help="the proof")
    parser.add_argument("--key", action="append", required=True, help="a public key of the log, name+id+base64")
    parser.add_argument("--older", help="for a proof that a log only grew: the older checkpoint")
    given = parser.parse_args(arguments)
    try:
        texts = [path and Path(path).read_bytes().decode() for path in (given.file, given.older)]
        assert texts[0] is not None
        print(check(texts[0], given.key, texts[1]))
    except (OSError, UnicodeDecodeError, ProofError) as failed:
        print(f"NOT PROVEN: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
