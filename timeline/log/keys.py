"""Keys that sign checkpoints: C2SP signed notes with Ed25519, in the text form that Go's note package introduced."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from timeline.errors import Invalid
from timeline.verifier import ED25519, Key, ProofError, key_id, read_key

PREFIX = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the name of the log that it signs for."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> Key:
        """What others check signatures with."""
        public = self.private.public_key()
        return Key(self.name, key_id(self.name, public.public_bytes_raw()), public)

    @property
    def vkey(self) -> str:
        """The public key as text."""
        return f"{self.name}+{self.public.id.hex()}+{_base64(ED25519 + self.private.public_key().public_bytes_raw())}"

    @property
    def text(self) -> str:
        """The private key as text: whoever has it can sign for the log."""
        return f"{PREFIX}{self.name}+{self.public.id.hex()}+{_base64(ED25519 + self.private.private_bytes_raw())}"


def new_key(name: str) -> SigningKey:
    """A new key for the log of this name."""
    if not re.fullmatch(r"[^\s+]{1,200}", name):
        message = f"{name!r} is no name of a log; take an address without scheme, such as 'timeline.example.org/log'"
        raise Invalid("KEY_INVALID", message, ("name",))
    return SigningKey(name, Ed25519PrivateKey.generate())


def read_keys(text: str | None, file: str | None) -> list[SigningKey]:
    """The keys in a text or a file, one a line; none where neither is given.

    Several keys of one name sign side by side, so that a new one can be told to verifiers before the old one goes.
    """
    if text and file:
        raise Invalid("KEY_INVALID", "set TIMELINE_LOG_KEY or TIMELINE_LOG_KEY_FILE, not both", ("TIMELINE_LOG_KEY",))
    if file:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as failed:
            message = f"the key file {file} cannot be read: {failed}"
            raise Invalid("KEY_INVALID", message, ("TIMELINE_LOG_KEY_FILE",)) from None
    keys = [_read(line.strip()) for line in (text or "").splitlines() if line.strip()]
    if len({key.name for key in keys}) > 1:
        raise Invalid("KEY_INVALID", "the keys have different names; a log has one", ("TIMELINE_LOG_KEY",))
    return keys


def read_vkeys(text: str | None) -> list[Key]:
    """Public keys, separated by white space."""
    try:
        return [read_key(each) for each in (text or "").split()]
    except ProofError as fault:
        raise Invalid("KEY_INVALID", str(fault), ("TIMELINE_LOG_VKEYS",)) from None


def signed(text: str, keys: Sequence[SigningKey]) -> str:
    """A text as a note with the signature of each key."""
    assert keys, "a note has a signature"
    assert text.endswith("\n"), "the text of a note ends with a line's end"
    lines = [f"— {key.name} {_base64(key.public.id + key.private.sign(text.encode()))}\n" for key in keys]
    return f"{text}\n{''.join(lines)}"


def _read(line: str) -> SigningKey:
    # The message never repeats the line: it would put the key into a log.
    fault = Invalid("KEY_INVALID", f"a key of the log is not in the form {PREFIX}name+id+base64", ("TIMELINE_LOG_KEY",))
    name, _, rest = line.removeprefix(PREFIX).partition("+")
    id, _, encoded = rest.partition("+")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise fault from None
    if not line.startswith(PREFIX) or not name or secret[:1] != ED25519 or len(secret) != 33:
        raise fault
    key = SigningKey(name, Ed25519PrivateKey.from_private_bytes(secret[1:]))
    if key.public.id.hex() != id:
        raise fault
    return key


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
